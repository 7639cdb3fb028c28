import { expect, test } from "@jest/globals";
import { err, ok, type Result } from "#base/result.ts";
import type { ExecutorStatus } from "#crds/executor-status.ts";
import { silentLogger } from "#runtime/log.ts";
import type { FleetList, FleetMember } from "./fleet.ts";
import { startPolling, type PollOutcome } from "./poll.ts";
import { aMember, anOrder, aStatus, NOW } from "./testing/fixtures.ts";
import { createHandClock } from "./testing/hand-clock.ts";
import type { Strategy } from "./view.ts";

type Answer = Result<ExecutorStatus, string> | "never";

/** The real loop over a fleet and executors that say what the test lets them. */
const setUp = (members: ReadonlyArray<FleetMember> = [aMember()]) => {
  const clock = createHandClock();
  const world = {
    list: ok({ members, problems: [] }) as Result<FleetList, string>,
    answer: ((_url: string) => ok(aStatus({ at: clock.now() }))) as (url: string) => Answer,
    orders: ok([anOrder()]) as Result<ReadonlyArray<ReturnType<typeof anOrder>>, string>,
  };
  const asked: string[] = [];
  const outcomes: PollOutcome[] = [];
  const poller = startPolling({
    fleet: { list: () => world.list },
    executors: {
      status: (url, signal) => {
        asked.push(url);
        const answer = world.answer(url);
        if (answer !== "never") return Promise.resolve(answer);
        return new Promise((resolve) => {
          signal.addEventListener("abort", () => resolve(err("no answer in time")));
        });
      },
      orders: () => Promise.resolve(world.orders),
    },
    clock: { now: clock.now, speed: 60 },
    machine: clock,
    log: silentLogger,
    onPoll: (outcome) => outcomes.push(outcome),
  });
  const only = (): Strategy => {
    const [strategy] = poller.view().strategies;
    if (strategy === undefined) throw new Error("the fleet is empty");
    return strategy;
  };
  return { clock, world, asked, outcomes, poller, only };
};

test("every executor is asked at once, and again every two seconds", async () => {
  const { clock, asked, only } = setUp();
  await clock.advance(0);
  expect(only()).toMatchObject({
    freshness: "Live",
    problem: undefined,
    heard: { receivedAt: NOW, ageMs: 0, orders: [anOrder()] },
  });
  await clock.advance(2_000);
  expect(asked).toHaveLength(2);
  expect(only().heard?.receivedAt).toBe(NOW + 2_000);
});

test("an executor that fails keeps its last word, flagged stale at once with its age", async () => {
  const { clock, world, only } = setUp();
  await clock.advance(0);
  world.answer = () => err("the executor answers 503");
  await clock.advance(2_500);
  expect(only()).toMatchObject({
    freshness: "Stale",
    problem: "the executor answers 503",
    heard: { status: { at: NOW }, receivedAt: NOW, ageMs: 2_500 },
  });
  await clock.advance(60_000);
  expect(only()).toMatchObject({ freshness: "Offline", heard: { ageMs: 62_500 } });
});

test("it is live again with its next answer", async () => {
  const { clock, world, outcomes, only } = setUp();
  const good = world.answer;
  world.answer = () => err("refused");
  await clock.advance(2_000);
  world.answer = good;
  await clock.advance(2_000);
  expect(only().freshness).toBe("Live");
  expect(outcomes).toEqual(["failed", "failed", "answered"]);
});

test("one that was never heard is offline and has nothing to show", async () => {
  const { clock, world, only } = setUp();
  world.answer = () => err("refused");
  await clock.advance(2_000);
  expect(only()).toMatchObject({ freshness: "Offline", problem: "refused", heard: undefined });
  expect(only().knownForMs).toBe(2_000);
});

test("one that hangs is asked once at a time, given up, and does not hold up the others", async () => {
  const slow = aMember({ executorUrl: "http://slow" });
  const quick = aMember({ name: "quick", executorUrl: "http://quick" });
  const { clock, world, asked, poller } = setUp([slow, quick]);
  world.answer = (url) =>
    url === "http://slow" ? "never" : ok(aStatus({ strategy: "quick", at: clock.now() }));
  await clock.advance(3_900);
  expect(asked.filter((url) => url === "http://slow")).toHaveLength(1);
  expect(poller.view().strategies.map(({ freshness }) => freshness)).toEqual(["Offline", "Live"]);
  await clock.advance(200);
  expect(poller.view().strategies[0]?.problem).toBe("no answer in time");
});

test("an answer that is about another strategy is not taken: ports are reused", async () => {
  const { clock, world, only } = setUp();
  world.answer = () => ok(aStatus({ strategy: "grid-multi-tf" }));
  await clock.advance(0);
  expect(only()).toMatchObject({
    heard: undefined,
    problem: "the executor of trading/grid-multi-tf answers in its place",
  });
  world.answer = () => ok(aStatus({ strategyUid: "an earlier life" }));
  await clock.advance(2_000);
  expect(only().heard).toBeUndefined();
});

test("an executor that repeats one instant is stuck, however promptly it does so", async () => {
  const { clock, world, only } = setUp();
  world.answer = () => ok(aStatus({ at: NOW }));
  await clock.advance(20_000);
  expect(only().freshness).toBe("Live");
  await clock.advance(14_000);
  expect(only()).toMatchObject({
    freshness: "Stale",
    problem: "the executor repeats an old answer",
  });
});

test("orders that cannot be had are the last ones, and the status is fresh all the same", async () => {
  const { clock, world, only } = setUp();
  await clock.advance(0);
  world.orders = err("the executor answers 500");
  await clock.advance(2_000);
  expect(only()).toMatchObject({
    freshness: "Live",
    heard: { orders: [anOrder()], ordersProblem: "the executor answers 500" },
  });
});

test("a strategy that disappears disappears, and its late answer with it", async () => {
  const { clock, world, poller } = setUp();
  world.answer = () => "never";
  await clock.advance(0);
  world.list = ok({ members: [], problems: [] });
  await clock.advance(5_000);
  expect(poller.view().strategies).toEqual([]);
});

test("one that was deleted and made anew starts from nothing", async () => {
  const { clock, world, only } = setUp();
  await clock.advance(0);
  world.list = ok({ members: [aMember({ uid: "second life" })], problems: [] });
  await clock.advance(2_000);
  expect(only().heard).toBeUndefined();
});

test("an executor that has ended leaves its last word, offline", async () => {
  const { clock, world, only } = setUp();
  await clock.advance(0);
  world.list = ok({ members: [aMember({ executorUrl: undefined })], problems: [] });
  await clock.advance(2_000);
  expect(only()).toMatchObject({
    freshness: "Offline",
    problem: "no executor runs",
    heard: { status: { at: NOW } },
  });
});

test("an executor that has moved is stale until it answers at its new address", async () => {
  const { clock, world, only } = setUp();
  await clock.advance(0);
  world.answer = () => "never";
  world.list = ok({ members: [aMember({ executorUrl: "http://new" })], problems: [] });
  await clock.advance(2_000);
  expect(only()).toMatchObject({ freshness: "Stale", problem: "the executor has moved or ended" });
});

test("a fleet that cannot be read is the last one known, with the problem beside it", async () => {
  const { clock, world, poller } = setUp();
  await clock.advance(0);
  world.list = err("cannot read the strategies: EIO");
  await clock.advance(2_000);
  expect(poller.view()).toMatchObject({
    problems: ["cannot read the strategies: EIO"],
    strategies: [{ freshness: "Live" }],
  });
});

test("it is ready once the fleet is known and everybody has answered or failed", async () => {
  const { clock, world, poller } = setUp();
  world.answer = () => "never";
  await clock.advance(3_000);
  expect(poller.isReady()).toBe(false);
  await clock.advance(2_000);
  expect(poller.isReady()).toBe(true);
});

test("a fleet that is known a moment after the start is asked at once, then every two seconds", async () => {
  const { clock, world, asked, poller } = setUp();
  const list = world.list;
  world.list = err("not yet");
  await clock.advance(900);
  expect(poller.view().problems).toEqual(["not yet"]);
  world.list = list;
  await clock.advance(250);
  expect([poller.isReady(), asked.length]).toEqual([true, 1]);
  world.list = err("gone");
  await clock.advance(2_000);
  expect(asked).toHaveLength(2);
  await clock.advance(2_000);
  expect(asked).toHaveLength(3);
});

test("it is not ready on a fleet that it could not read", async () => {
  const { clock, world, poller } = setUp([]);
  world.list = err("EIO");
  await clock.advance(4_000);
  expect(poller.isReady()).toBe(false);
  world.list = ok({ members: [], problems: [] });
  await clock.advance(2_000);
  expect(poller.isReady()).toBe(true);
});

test("a refresh asks now and answers when everybody has", async () => {
  const { clock, asked, poller } = setUp();
  await clock.advance(100);
  await poller.refresh();
  expect(asked).toHaveLength(2);
});

test("ages are the machine's, instants the session's", async () => {
  const { clock, poller } = setUp();
  await clock.advance(0);
  expect(poller.view()).toMatchObject({ at: NOW, speed: 60 });
});

test("more strategies than are followed is said", async () => {
  const many = Array.from({ length: 501 }, (_, index) =>
    aMember({ name: `s${index}`, executorUrl: undefined }),
  );
  const { clock, poller } = setUp(many);
  await clock.advance(0);
  expect(poller.view().strategies).toHaveLength(500);
  expect(poller.view().problems).toEqual(["501 strategies are declared and only 500 are followed"]);
});

test("after the end nobody is asked any more", async () => {
  const { clock, asked, poller } = setUp();
  await clock.advance(0);
  poller.close();
  await clock.advance(60_000);
  expect(asked).toHaveLength(1);
  expect(clock.waiting()).toBe(0);
});
