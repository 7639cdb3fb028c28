import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { createBudget, type Lane } from "./budget.ts";
import { createManualClock } from "./scripted-bitget.ts";

const options = { requestsPerSecond: 10, capacity: 100, longestWaitMs: 60_000 };

/** Lets promises settle that were resolved while the clock stood still. */
const settle = () => new Promise((resolve) => setImmediate(resolve));

const setUp = (overrides: Partial<typeof options> = {}) => {
  const clock = createManualClock();
  const budget = createBudget(clock, { ...options, ...overrides });
  const entered: Array<{ readonly label: string; readonly at: number }> = [];
  const refused: Array<readonly [label: string, why: string]> = [];
  const ask = (lane: Lane, label: string = lane) => {
    void budget
      .enter(lane)
      .then((result) =>
        result.ok
          ? entered.push({ label, at: clock.elapsed() })
          : refused.push([label, result.error]),
      );
  };
  /** In small steps, so that each request is seen at the instant at which it left. */
  const pass = async (ms: number) => {
    for (let gone = 0; gone < ms; gone += 5) {
      clock.pass(5);
      await settle();
    }
  };
  return { budget, entered, refused, ask, pass };
};

test("no second sees more requests than the budget allows, however they come", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 30 }),
      fc.array(fc.integer({ min: 0, max: 300 }), { minLength: 1, maxLength: 40 }),
      async (requestsPerSecond, gaps) => {
        const { entered, ask, pass } = setUp({ requestsPerSecond });
        for (const gap of gaps) {
          ask("reads");
          await pass(gap);
        }
        await pass(3_000);
        for (const { at } of entered) {
          // The instants are seen to five milliseconds.
          const within = entered.filter((other) => other.at >= at && other.at <= at + 990);
          expect(within.length).toBeLessThanOrEqual(requestsPerSecond);
        }
      },
    ),
    { numRuns: 20 },
  );
});

test("a budget that is used to the full serves close to its rate", async () => {
  const { entered, ask, pass } = setUp();
  for (let index = 0; index < 50; index += 1) ask("reads");
  await pass(4_000);
  expect(entered.length).toBeGreaterThanOrEqual(36);
});

test("what protects goes before what asks, and that before what opens", async () => {
  const { entered, ask, pass } = setUp();
  ask("reads", "first");
  ask("reads", "second");
  for (const lane of ["entries", "reads", "settle", "stop", "emergency"] as const) ask(lane);
  ask("stop", "another stop");
  await pass(2_000);
  expect(entered.map(({ label }) => label)).toEqual([
    "first",
    "second",
    "emergency",
    "stop",
    "another stop",
    "settle",
    "reads",
    "entries",
  ]);
});

test("a full queue turns the newcomer away, unless the newcomer is more urgent", async () => {
  const { entered, refused, ask, pass } = setUp({ capacity: 2 });
  ask("reads", "sent");
  ask("reads", "sent");
  ask("entries", "entry 1");
  ask("entries", "entry 2");
  ask("entries", "entry 3");
  ask("emergency");
  await pass(2_000);
  expect(refused).toEqual([
    ["entry 3", "the queue of the rate budget is full"],
    ["entry 2", "gave way to a more urgent request"],
  ]);
  expect(entered.map(({ label }) => label)).toEqual(["sent", "sent", "emergency", "entry 1"]);
});

test("whoever waits too long is told so, also while nothing leaves", async () => {
  const { budget, refused, ask, pass } = setUp({ longestWaitMs: 500 });
  budget.tooMany(10_000);
  ask("emergency");
  await pass(600);
  expect(refused).toEqual([["emergency", "waited too long for the rate budget"]]);
});

test("a refusal for rate stops every lane, longer each time, until an answer comes", async () => {
  const { budget, entered, ask, pass } = setUp();
  budget.tooMany(undefined);
  ask("emergency", "after one second");
  await pass(1_100);
  budget.tooMany(undefined);
  ask("emergency", "after two more");
  await pass(2_100);
  budget.answered();
  budget.tooMany(undefined);
  ask("emergency", "after one again");
  await pass(1_100);
  expect(entered.map(({ at }) => Math.round(at / 100))).toEqual([10, 31, 42]);
});

test("the exchange's own word on how long to wait is obeyed", async () => {
  const { budget, entered, ask, pass } = setUp();
  budget.tooMany(5_000);
  ask("reads");
  await pass(4_900);
  expect(entered).toEqual([]);
  await pass(200);
  expect(entered).toHaveLength(1);
});

test("closing turns away what waits and what still comes", async () => {
  const { budget, refused, ask, pass } = setUp();
  for (let index = 0; index < 3; index += 1) ask("entries");
  budget.close();
  ask("stop");
  await pass(10);
  expect(refused).toEqual([
    ["entries", "the exchange is closed"],
    ["stop", "the exchange is closed"],
  ]);
});
