import { expect, test } from "@jest/globals";
import { millis, sleep } from "#base/clock.ts";
import { err } from "#base/result.ts";
import { createVirtualTime } from "#simulation/time.ts";
import type { ApiError } from "./api.ts";
import type { EventWords, Regarding } from "./event-object.ts";
import { createEventRecorder, type EventRecorderOptions } from "./event-recorder.ts";
import type { KubeObject } from "./object.ts";
import { events } from "./resource.ts";
import { createMemoryApi } from "./testing/memory-api.ts";

const START = 1_795_262_400_000;

const strategy: Regarding = {
  apiVersion: "scalpradar.io/v1alpha1",
  kind: "LiveStrategy",
  metadata: { namespace: "trading", name: "grid", uid: "8f2c1a7b-0000-4000-8000-000000000001" },
};

const words: EventWords = {
  type: "Warning",
  reason: "Unprotected",
  action: "CloseAtMarket",
  note: "A stop is missing.",
};

type Script = (
  call: "create" | "patch",
  count: number,
) => Partial<ApiError & { retryAfterMs: number }> | undefined;

/** The recorder over a server in memory; a scripted error is given instead of, `Unknown` after. */
const newWorld = (
  script: Script = () => undefined,
  options: Partial<EventRecorderOptions> = {},
  answerMs = 1,
) => {
  const time = createVirtualTime(millis(START), 1);
  const server = createMemoryApi({ clock: time, timers: time });
  const calls: string[] = [];
  const lines: object[] = [];
  let running = 0;
  let most = 0;
  const through = async <T>(call: "create" | "patch", ask: () => Promise<T>) => {
    calls.push(`${time.elapsed()} ${call}`);
    const error = script(call, calls.length);
    running += 1;
    most = Math.max(most, running);
    await sleep(time, answerMs);
    running -= 1;
    if (error === undefined) return ask();
    if (error.kind === "Unknown") await ask();
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- scripts name a kind
    return err({ message: "as scripted", ...error } as ApiError);
  };
  const recorder = createEventRecorder(
    {
      api: {
        create: (...args) => through("create", () => server.create(...args)),
        patchMerge: (...args) => through("patch", () => server.patchMerge(...args)),
      },
      clock: time,
      timers: time,
      random: () => 0,
      log: { warn: (data: object, message?: string) => void lines.push({ ...data, message }) },
    },
    { controller: "scalpradar.io/operator", instance: "operator-0", ...options },
  );
  const stop = new AbortController();
  let hasEnded = false;
  const ended = recorder.run(stop.signal).then(() => (hasEnded = true));
  return {
    time,
    server,
    recorder,
    calls,
    lines,
    stop,
    ended,
    most: () => most,
    hasEnded: () => hasEnded,
    pass: (ms: number) => time.runUntil(millis(time.now() + ms)),
    stored: async (): Promise<ReadonlyArray<KubeObject>> => {
      const page = await server.list(events, {});
      return page.ok ? page.value.items : [];
    },
  };
};

const countOf = (event: KubeObject | undefined): unknown => {
  const series = event?.["series"];
  return typeof series === "object" && series !== null && "count" in series ? series.count : 1;
};

test("an event is written in the namespace of what it is about", async () => {
  const world = newWorld();
  world.recorder.record(strategy, words);
  await world.pass(10);
  const [event, ...others] = await world.stored();
  expect(others).toEqual([]);
  expect(event).toMatchObject({
    metadata: { namespace: "trading", name: `grid.8f2c1a7b-${START.toString(16)}-1` },
    eventTime: "2026-11-21T12:00:00.000000Z",
    reason: "Unprotected",
    note: "A stop is missing.",
    regarding: { name: "grid", uid: strategy.metadata.uid },
  });
  expect(event).not.toHaveProperty("series");
});

test("recording waits for nothing, and writes two at a time", async () => {
  const world = newWorld(undefined, {}, 1_000);
  for (let index = 0; index < 6; index += 1) {
    world.recorder.record(strategy, { ...words, note: `note ${index}` });
  }
  expect(world.calls).toEqual([]);
  await world.pass(3_500);
  expect(world.calls).toHaveLength(6);
  expect(world.most()).toBe(2);
});

test("the first repeat makes a series at once, further ones are written every half minute", async () => {
  const world = newWorld();
  world.recorder.record(strategy, words);
  await world.pass(1_000);
  for (let second = 1; second <= 70; second += 1) {
    world.recorder.record(strategy, words);
    await world.pass(1_000);
  }
  expect(world.calls).toEqual(["0 create", "1000 patch", "31000 patch", "61000 patch"]);
  await world.pass(60_000);
  expect(world.calls.slice(4)).toEqual(["91000 patch"]);
  const [event, ...others] = await world.stored();
  expect(others).toEqual([]);
  expect(countOf(event)).toBe(71);
  expect(event).toMatchObject({
    eventTime: "2026-11-21T12:00:00.000000Z",
    series: { lastObservedTime: "2026-11-21T12:01:10.000000Z" },
  });
});

test("a repeat before the first is written is counted with it", async () => {
  const world = newWorld();
  world.recorder.record(strategy, words);
  world.recorder.record(strategy, words);
  await world.pass(60_000);
  expect(world.calls).toEqual(["0 create"]);
  expect(countOf((await world.stored())[0])).toBe(2);
});

test("a repeat while the first is on its way is written after it", async () => {
  const world = newWorld(undefined, {}, 100);
  world.recorder.record(strategy, words);
  await world.pass(50);
  world.recorder.record(strategy, words);
  await world.pass(1_000);
  expect(world.calls).toEqual(["0 create", "100 patch"]);
  expect(countOf((await world.stored())[0])).toBe(2);
});

test.each<[string, Regarding, Partial<EventWords>]>([
  ["another object", { ...strategy, metadata: { ...strategy.metadata, uid: "99" } }, {}],
  ["another reason", strategy, { reason: "Protected" }],
  ["another note", strategy, { note: "Two stops are missing." }],
  ["another type", strategy, { type: "Normal" }],
])("%s is another event", async (_what, regarding, change) => {
  const world = newWorld();
  world.recorder.record(strategy, words);
  world.recorder.record(regarding, { ...words, ...change });
  await world.pass(10);
  expect(await world.stored()).toHaveLength(2);
});

test("what comes again after six quiet minutes is a new event, and within them the old one", async () => {
  const world = newWorld();
  world.recorder.record(strategy, words);
  await world.pass(359_000);
  world.recorder.record(strategy, words);
  await world.pass(359_000);
  world.recorder.record(strategy, words);
  await world.pass(361_000);
  world.recorder.record(strategy, words);
  await world.pass(10);
  expect((await world.stored()).map(countOf)).toEqual([3, 1]);
});

test("what no longer repeats takes no room", async () => {
  const world = newWorld(undefined, { capacity: 2 });
  for (let round = 0; round < 5; round += 1) {
    world.recorder.record(strategy, { ...words, note: `a ${round}` });
    world.recorder.record(strategy, { ...words, note: `b ${round}` });
    await world.pass(361_000);
  }
  expect(await world.stored()).toHaveLength(10);
  expect(world.lines).toEqual([]);
});

test("too many different events are dropped, which is said once, and never thrown", async () => {
  const world = newWorld(undefined, { capacity: 3 });
  for (let index = 0; index < 10; index += 1) {
    world.recorder.record(strategy, { ...words, note: `note ${index}` });
  }
  await world.pass(10);
  expect(await world.stored()).toHaveLength(3);
  expect(world.lines).toEqual([
    { capacity: 3, message: "too many different events, some are dropped" },
  ]);
});

test.each<[string, Partial<ApiError & { retryAfterMs: number }>, ReadonlyArray<number>]>([
  ["is unavailable", { kind: "Unavailable" }, [0, 251, 752]],
  [
    "is overloaded and says for how long",
    { kind: "TooManyRequests", retryAfterMs: 4_000 },
    [0, 4_001, 8_002],
  ],
])("a server that %s is asked again later", async (_what, error, times) => {
  const world = newWorld((_call, count) => (count < 3 ? error : undefined));
  world.recorder.record(strategy, words);
  await world.pass(60_000);
  expect(world.calls).toEqual(times.map((ms) => `${ms} create`));
  expect(await world.stored()).toHaveLength(1);
  expect(world.lines).toEqual([]);
});

test("an event that was made though nobody answered is there once, and its repeats are counted", async () => {
  const world = newWorld((_call, count) => (count === 1 ? { kind: "Unknown" } : undefined));
  world.recorder.record(strategy, words);
  await world.pass(10_000);
  world.recorder.record(strategy, words);
  await world.pass(10_000);
  expect(world.calls.map((call) => call.split(" ")[1])).toEqual(["create", "create", "patch"]);
  expect((await world.stored()).map(countOf)).toEqual([2]);
});

test("what cannot be written is given up in the end", async () => {
  const world = newWorld(() => ({ kind: "Unavailable" }));
  world.recorder.record(strategy, words);
  await world.pass(3_600_000);
  expect(world.calls).toHaveLength(12);
  expect(world.lines).toEqual([
    {
      name: "grid",
      reason: "Unprotected",
      error: { kind: "Unavailable", message: "as scripted" },
      message: "an event could not be written",
    },
  ]);
});

test("what was overcome does not count against later attempts", async () => {
  const world = newWorld((_call, count) => (count % 2 === 0 ? { kind: "Unavailable" } : undefined));
  for (let round = 0; round < 20; round += 1) {
    world.recorder.record(strategy, words);
    await world.pass(60_000);
  }
  expect((await world.stored()).map(countOf)).toEqual([20]);
  expect(world.lines).toEqual([]);
});

test("what the server refuses is not tried again, and others are written", async () => {
  const world = newWorld((_call, count) => (count === 1 ? { kind: "Invalid" } : undefined));
  world.recorder.record(strategy, words);
  await world.pass(1_000);
  world.recorder.record(strategy, { ...words, note: "other" });
  await world.pass(1_000);
  expect(world.calls).toHaveLength(2);
  expect(world.lines).toHaveLength(1);
  expect(await world.stored()).toHaveLength(1);
});

test("an event that has expired on the server is made again with its series", async () => {
  const world = newWorld();
  world.recorder.record(strategy, words);
  await world.pass(1_000);
  const [event] = await world.stored();
  const key = { namespace: "trading", name: event?.metadata.name ?? "" };
  await world.server.remove(events, key, { uid: event?.metadata.uid ?? "" });
  world.recorder.record(strategy, words);
  await world.pass(1_000);
  expect((await world.stored()).map(countOf)).toEqual([2]);
});

test("without a namespace there is nobody to read it", async () => {
  const world = newWorld(() => ({ kind: "NotFound" }));
  world.recorder.record(strategy, words);
  await world.pass(60_000);
  expect(world.calls).toHaveLength(1);
  expect(world.lines).toEqual([]);
});

test("who may not write events says so once and tries no more", async () => {
  const world = newWorld(() => ({ kind: "Forbidden" }), { capacity: 5 });
  for (let index = 0; index < 5; index += 1) {
    world.recorder.record(strategy, { ...words, note: `note ${index}` });
  }
  await world.pass(60_000);
  for (let index = 0; index < 10; index += 1) {
    world.recorder.record(strategy, { ...words, note: `later ${index}` });
  }
  await world.pass(60_000);
  expect(world.calls.length).toBeLessThanOrEqual(2);
  expect(world.lines).toEqual([
    {
      error: { kind: "Forbidden", message: "as scripted" },
      message: "events may not be written here and are not recorded",
    },
  ]);
});

test("a namespace that is being deleted takes no events, which turns nothing off", async () => {
  const message =
    'events.events.k8s.io "x" is forbidden: unable to create new content in namespace trading because it is being terminated';
  const world = newWorld((_call, count) =>
    count === 1 ? { kind: "Forbidden", message } : undefined,
  );
  world.recorder.record(strategy, words);
  await world.pass(10);
  world.recorder.record(strategy, { ...words, note: "other" });
  await world.pass(10);
  expect(world.calls).toHaveLength(2);
  expect(world.lines).toEqual([]);
});

test("stopping writes what is due and then ends", async () => {
  const world = newWorld(undefined, {}, 100);
  for (let index = 0; index < 4; index += 1) {
    world.recorder.record(strategy, { ...words, note: `note ${index}` });
  }
  world.stop.abort();
  await world.pass(250);
  await world.ended;
  expect(await world.stored()).toHaveLength(4);
  world.recorder.record(strategy, words);
  await world.pass(1_000);
  expect(await world.stored()).toHaveLength(4);
});

test("stopping does not wait for a server that takes too long", async () => {
  const world = newWorld(undefined, {}, 3_000);
  for (let index = 0; index < 20; index += 1) {
    world.recorder.record(strategy, { ...words, note: `note ${index}` });
  }
  world.stop.abort();
  await world.pass(6_100);
  expect(world.hasEnded()).toBe(true);
  expect(world.calls).toHaveLength(4);
});

test.each([
  ["events are reported by a qualified name", { controller: "not qualified" }],
  ["events are reported by a qualified name", { controller: `example.com/${"x".repeat(64)}` }],
  ["events are reported by an instance", { instance: "" }],
])("%s", (sentence, options) => {
  expect(() => newWorld(undefined, options)).toThrow(sentence);
});
