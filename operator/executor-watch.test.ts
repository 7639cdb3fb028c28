import { expect, test } from "@jest/globals";
import { millis, sleep } from "#base/clock.ts";
import { unknown } from "#base/fact.ts";
import { err, ok, type Result } from "#base/result.ts";
import type { ExecutorStatus } from "#crds/executor-status.ts";
import { createVirtualTime } from "#simulation/time.ts";
import { createExecutorWatch } from "./executor-watch.ts";
import type { ExecutorWord } from "./observed.ts";
import { answering, openCycleOf, restingOf, specOf, symbolOf } from "./testing/samples.ts";

const KEY = "trading/grid-atr";
const URL = "http://10.0.0.1:8080";
const silent = unknown("it does not answer");

type Behavior = {
  readonly answersAfterMs?: (url: string) => number;
  readonly refusal?: string;
};

/** A watch over executors that answer, each after its time, what `says` makes of the address. */
const watchOver = (
  says: (url: string) => ExecutorWord,
  { answersAfterMs = () => 1, refusal }: Behavior = {},
) => {
  const time = createVirtualTime(millis(0), 1);
  const news: string[] = [];
  const asked: string[] = [];
  const told: string[] = [];
  let underWay = 0;
  let mostUnderWay = 0;
  const watch = createExecutorWatch({
    clock: time,
    timers: time,
    onNews: (key) => void news.push(key),
    executors: {
      status: async (url) => {
        asked.push(url);
        underWay += 1;
        mostUnderWay = Math.max(mostUnderWay, underWay);
        // What it answers is what it is when it is asked.
        const word = says(url);
        await sleep(time, answersAfterMs(url));
        underWay -= 1;
        return word;
      },
      control: (url): Promise<Result<undefined, string>> => {
        told.push(url);
        return Promise.resolve(refusal === undefined ? ok(undefined) : err(refusal));
      },
    },
  });
  const stopping = new AbortController();
  const running = watch.run(stopping.signal);
  const pass = (ms: number) => time.runUntil(millis(time.now() + ms));
  return {
    watch,
    news,
    asked,
    told,
    pass,
    mostUnderWay: () => mostUnderWay,
    stop: async () => {
      stopping.abort();
      await running;
    },
  };
};

test("the first word comes as news, and the next ones only where they differ in substance", async () => {
  let status: Partial<ExecutorStatus> = {};
  const { watch, news, asked, pass } = watchOver(() => answering(status));
  expect(watch.word(KEY, URL)).toBeUndefined();
  await pass(10);
  expect(news).toEqual([KEY]);
  expect(watch.word(KEY, URL)).toEqual(answering());

  await pass(10_000);
  expect(asked).toHaveLength(6);
  status = { at: 5, balance: null, journalSequence: 7, symbols: [symbolOf({ price: "101" })] };
  await pass(2_100);
  expect(news).toHaveLength(1);
  status = { ...status, desiredState: "Reducing" };
  await pass(2_100);
  expect(news).toHaveLength(2);
  expect(watch.word(KEY, URL)).toEqual(answering(status));
});

const steady = answering().value;
test.each<readonly [string, Partial<ExecutorStatus>]>([
  ["its generation", { generation: 4 }],
  ["its connection", { connected: false }],
  ["its recovery", { reconciled: false }],
  ["a stop that is missing", { protected: false }],
  ["its account", { account: { ...steady.account, uid: "1002" } }],
  ["orders in doubt", { unsettledOrders: 1 }],
  ["a trip", { killSwitch: { ...steady.killSwitch, engaged: true } }],
  ["a reset", { killSwitch: { ...steady.killSwitch, lastResetAt: 1 } }],
  ["a position", { symbols: [symbolOf({ cycle: openCycleOf() })] }],
  ["an entry", { symbols: [symbolOf({ resting: restingOf() })] }],
  ["parameters that wait", { symbols: [symbolOf({ settingsPending: true })] }],
])("%s is news", async (_what, change) => {
  let status: Partial<ExecutorStatus> = {};
  const { watch, news, pass } = watchOver(() => answering(status));
  watch.word(KEY, URL);
  await pass(10);
  status = change;
  await pass(2_100);
  expect(news).toHaveLength(2);
});

test("one answer that is missed is excused, two in a row are not", async () => {
  let word: ExecutorWord = answering();
  const { watch, news, pass } = watchOver(() => word);
  watch.word(KEY, URL);
  await pass(10);
  word = silent;
  await pass(2_000);
  expect(watch.word(KEY, URL)).toEqual(answering());
  word = answering();
  await pass(2_000);
  word = silent;
  await pass(2_000);
  expect(news).toHaveLength(1);
  await pass(2_000);
  expect(watch.word(KEY, URL)).toEqual(silent);
  expect(news).toHaveLength(2);
});

test("of one that has never answered the first miss is said, and that it waits is said at once", async () => {
  let word: ExecutorWord = silent;
  const { watch, news, pass } = watchOver(() => word);
  watch.word(KEY, URL);
  await pass(10);
  expect(watch.word(KEY, URL)).toEqual(silent);
  word = { kind: "Waiting", reason: "no keys" };
  await pass(2_000);
  expect(watch.word(KEY, URL)).toEqual(word);
  expect(news).toHaveLength(2);
});

test("after it was told, the next word is of what it made of it", async () => {
  let status: Partial<ExecutorStatus> = {};
  const { watch, pass, told } = watchOver(() => answering(status), { answersAfterMs: () => 500 });
  watch.word(KEY, URL);
  await pass(600);
  await pass(1_500);
  // A question is under way, whose answer is from before.
  status = { desiredState: "Flat" };
  const taken = watch.control(URL, specOf({ desiredState: "Flat" }));
  await pass(1_100);
  expect(await taken).toEqual(ok(undefined));
  expect(told).toEqual([URL]);
  expect(watch.word(KEY, URL)).toEqual(answering(status));
});

test("a refusal is handed on", async () => {
  const { watch, pass } = watchOver(() => answering(), { refusal: "another uid" });
  watch.word(KEY, URL);
  await pass(10);
  const taken = watch.control(URL, specOf());
  await pass(10);
  expect(await taken).toEqual(err("another uid"));
});

test("what was said at another address is not the word of the one that is there now", async () => {
  const { watch, asked, pass } = watchOver(() => answering());
  watch.word(KEY, URL);
  await pass(10);
  const next = "http://10.0.0.2:8080";
  expect(watch.word(KEY, next)).toBeUndefined();
  await pass(2_000);
  expect(asked.slice(1)).not.toContain(URL);
  expect(watch.size()).toBe(1);
});

test("one that nobody wants to hear of is asked no more", async () => {
  const { watch, asked, pass } = watchOver(() => answering());
  watch.word(KEY, URL);
  await pass(185_000);
  expect(watch.size()).toBe(0);
  const count = asked.length;
  await pass(10_000);
  expect(asked).toHaveLength(count);
});

const many = Array.from({ length: 300 }, (_, index) => `http://10.0.1.${index}:8080`);

test("however many there are, few are asked at once, and all in the end", async () => {
  const { watch, news, pass, mostUnderWay } = watchOver(() => answering());
  for (const url of many) watch.word(url, url);
  await pass(1_000);
  expect(mostUnderWay()).toBe(64);
  expect(new Set(news).size).toBe(many.length);
});

test("those that do not answer keep nobody else from being asked", async () => {
  const isLost = (url: string) => many.indexOf(url) < 100;
  const { watch, news, pass } = watchOver((url) => (isLost(url) ? silent : answering()), {
    answersAfterMs: (url) => (isLost(url) ? 2_000 : 1),
  });
  for (const url of many) watch.word(url, url);
  await pass(12_000);
  expect(new Set(news).size).toBe(many.length);
});

test("nobody is asked once it has ended", async () => {
  const { watch, asked, pass, stop } = watchOver(() => answering());
  watch.word(KEY, URL);
  await pass(10);
  await stop();
  await pass(10_000);
  expect(asked).toHaveLength(1);
});
