/** What breaks, one thing at a time, and what the reflector makes of it. */

import { expect, test } from "@jest/globals";
import { millis } from "#base/clock.ts";
import { createVirtualTime } from "#simulation/time.ts";
import type { ApiError } from "./api.ts";
import {
  createReflectorBench,
  fullSyncs,
  MINUTE,
  SECOND,
  startFollowing,
  told,
  wrongIn,
  type ReflectorBench,
  loseHistory,
} from "./testing/reflector-bench.ts";

const createBench = () => createReflectorBench(createVirtualTime(millis(0), 1));

const createFollowing = (names?: ReadonlyArray<string>) => startFollowing(createBench(), names);

const unavailable: ApiError = { kind: "Unavailable", message: "503" };
const forbidden: ApiError = { kind: "Forbidden", message: "cannot watch configmaps" };
const expired: ApiError = { kind: "Expired", message: "too old resource version" };
const slowDown: ApiError = { kind: "TooManyRequests", message: "429", retryAfterMs: 45 * SECOND };

test("a deletion that nobody saw is told when the history is gone", async () => {
  const bench = await createFollowing(["a", "b"]);
  await loseHistory(bench, () => bench.server.remove("a"));
  expect(told(bench).slice(2)).toEqual([["uid-101@101", undefined]]);
  expect(wrongIn(bench)).toEqual([]);
  expect(fullSyncs(bench)).toBe(2);
});

test("one that was deleted and made again unseen has ended, and another has begun", async () => {
  const bench = await createFollowing(["a", "b"]);
  await loseHistory(bench, () => {
    bench.server.remove("a");
    bench.server.write("a", "reborn");
  });
  expect(told(bench).slice(2)).toEqual([
    ["uid-101@101", undefined],
    [undefined, "uid-104@104"],
  ]);
  expect(wrongIn(bench)).toEqual([]);
});

test("a full sync tells only of what differs, and asks for nothing older than was seen", async () => {
  const bench = await createFollowing(["a", "b"]);
  await loseHistory(bench, () => bench.server.write("b", "second"));
  expect(told(bench).slice(2)).toEqual([["uid-102@102", "uid-102@103"]]);
  expect(bench.server.watches.at(-1)).toMatchObject({
    sendInitialEvents: true,
    resourceVersion: "102",
  });
  expect(bench.reflector.stats()).toMatchObject({ relists: 1, restarts: 2 });
});

test("a connection that stands in silence is given up after 150 s", async () => {
  const bench = await createFollowing();
  bench.server.silence();
  bench.server.write("a", "second");
  await bench.pass(145 * SECOND);
  expect(bench.server.watches).toHaveLength(1);
  await bench.pass(10 * SECOND);
  expect(bench.server.watches).toHaveLength(2);
  expect(wrongIn(bench)).toEqual([]);
});

test("a request that is swallowed is given up after 30 s, and tried again", async () => {
  const bench = await createFollowing();
  bench.server.swallow(true);
  bench.server.cut();
  await bench.pass(20 * SECOND);
  expect(bench.server.watches).toHaveLength(2);
  await bench.pass(15 * SECOND);
  expect(bench.server.watches).toHaveLength(3);
  expect(bench.reflector.problem()).toMatchObject({ kind: "Unavailable" });
  bench.server.write("a", "second");
  bench.server.heal();
  await bench.pass(MINUTE);
  expect(wrongIn(bench)).toEqual([]);
  expect(bench.reflector.problem()).toBeUndefined();
});

/** The instants of the watches asked for from now on. */

const askedAt = async (bench: ReflectorBench, ms: number): Promise<ReadonlyArray<number>> => {
  const instants: number[] = [];
  const start = bench.time.elapsed();
  let seen = bench.server.watches.length;
  while (bench.time.elapsed() < start + ms) {
    await bench.pass(100);
    for (; seen < bench.server.watches.length; seen += 1) instants.push(bench.time.elapsed());
  }
  return instants;
};

const gaps = (instants: ReadonlyArray<number>): ReadonlyArray<number> =>
  instants.slice(1).map((at, index) => at - (instants[index] ?? 0));

test("a server in trouble is asked less and less often, and the trouble is one line in the log", async () => {
  const bench = await createFollowing();
  bench.server.refuse(unavailable, 100);
  bench.server.cut();
  const waits = gaps(await askedAt(bench, 10 * MINUTE));
  const bounds = [1_600, 3_200, 6_400, 8_000, 8_000, 8_000];
  for (const [index, bound] of bounds.entries()) {
    expect(waits[index]).toBeGreaterThanOrEqual(bound - 100);
    expect(waits[index]).toBeLessThanOrEqual(2 * bound + 200);
  }
  expect(bench.logged).toEqual(["warn: the server is not followed"]);
  bench.server.heal();
  await bench.pass(3 * MINUTE);
  expect(bench.logged).toEqual([
    "warn: the server is not followed",
    "info: the server is heard again",
  ]);
  expect(wrongIn(bench)).toEqual([]);
});

test("a stream that ends at once is a failure, not a reason to ask at once", async () => {
  const bench = await createFollowing();
  const ending = async () => {
    for (let index = 0; index < 600; index += 1) {
      bench.server.end();
      await bench.pass(100);
    }
  };
  await ending();
  // The first one had lived; of the others each waits longer.
  expect(bench.server.watches.length).toBeLessThan(10);
  await bench.pass(2 * MINUTE);
  expect(wrongIn(bench)).toEqual([]);
});

test("Retry-After is obeyed", async () => {
  const bench = await createFollowing();
  bench.server.refuse(slowDown, 1);
  bench.server.cut();
  const [first = 0, second = 0] = await askedAt(bench, 2 * MINUTE);
  expect(second - first).toBeGreaterThanOrEqual(45 * SECOND);
  expect(second - first).toBeLessThan(47 * SECOND);
});

test("a refusal is said once as an error, kept as the problem, and after a minute tried again slowly", async () => {
  const bench = await createFollowing();
  bench.server.refuse(forbidden, 1_000);
  bench.server.cut();
  const waits = gaps(await askedAt(bench, 10 * MINUTE));
  let elapsed = 0;
  const early = waits.filter((ms) => (elapsed += ms) < MINUTE);
  expect(early.length).toBeGreaterThan(4);
  expect(waits.slice(early.length + 1).every((ms) => ms >= 29_900)).toBe(true);
  expect(bench.reflector.problem()).toEqual(forbidden);
  // First it is the broken connection, then the refusal.
  expect(bench.logged).toEqual([
    "warn: the server is not followed",
    "error: the server refuses to be followed",
  ]);
  bench.server.write("a", "second");
  bench.server.heal();
  await bench.pass(MINUTE + SECOND);
  expect(bench.reflector.problem()).toBeUndefined();
  expect(wrongIn(bench)).toEqual([]);
  expect(fullSyncs(bench)).toBe(1);
});

test.each([
  ["500", unavailable],
  ["410", expired],
  ["something unheard of", { kind: "Unknown", message: "418" }],
  ["400", { kind: "Invalid", message: "400" }],
] satisfies ReadonlyArray<readonly [string, ApiError]>)(
  "an error in the stream (%s) leads to a full sync that is not older",
  async (_name, error) => {
    const bench = await createFollowing();
    bench.server.sendError(error);
    bench.server.write("a", "second");
    await bench.pass(5 * SECOND);
    expect(bench.server.watches[1]).toMatchObject({
      sendInitialEvents: true,
      resourceVersion: "103",
    });
    expect(wrongIn(bench)).toEqual([]);
  },
);

test("events that come twice are levels: what is told still fits together", async () => {
  const bench = await createFollowing();
  bench.server.write("a", "second");
  bench.server.remove("b");
  bench.server.write("b", "reborn");
  await bench.pass(SECOND);
  bench.server.repeat(6);
  await bench.pass(SECOND);
  // It does go back in time, as the server did, and then forward again.
  const isOfTime = (line: string) => line.includes("is told after");
  expect(wrongIn(bench).filter((line) => !isOfTime(line))).toEqual([]);
  expect(wrongIn(bench).some(isOfTime)).toBe(true);
});
