/** Servers that know less than the reflector does: it must never travel back in time by them. */

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
  wrongIn,
} from "./testing/reflector-bench.ts";

const createBench = () => createReflectorBench(createVirtualTime(millis(0), 1));

const createFollowing = (names?: ReadonlyArray<string>) => startFollowing(createBench(), names);

const expired: ApiError = { kind: "Expired", message: "too old resource version" };

test("a server that is behind is waited for: the copy never travels back", async () => {
  const bench = await createFollowing();
  bench.server.write("a", "second");
  await bench.pass(SECOND);
  bench.server.fallBehind(2);
  bench.server.sendError(expired);
  await bench.pass(8 * SECOND);
  expect(wrongIn(bench)).toEqual([]);
  bench.server.catchUp();
  await bench.pass(20 * SECOND);
  expect(wrongIn(bench)).toEqual([]);
  const asked = bench.server.watches.slice(1);
  expect(asked.length).toBeGreaterThanOrEqual(2);
  expect(asked.every(({ resourceVersion }) => resourceVersion === "104")).toBe(true);
});

test("a stream goes on from a server that is behind without showing an older state", async () => {
  const bench = await createFollowing();
  bench.server.write("a", "second");
  await bench.pass(SECOND);
  bench.server.fallBehind(3);
  bench.server.cut();
  await bench.pass(MINUTE);
  expect(wrongIn(bench)).toEqual([]);
  bench.server.write("b", "second");
  bench.server.catchUp();
  await bench.pass(SECOND);
  expect(wrongIn(bench)).toEqual([]);
  expect(fullSyncs(bench)).toBe(1);
});

test("one that does not catch up in some seconds is asked for its newest state, never for any", async () => {
  const bench = await createFollowing();
  bench.server.fallBehind(2);
  bench.server.sendError(expired);
  await bench.pass(40 * SECOND);
  const asked = bench.server.watches.slice(1).map(({ resourceVersion }) => resourceVersion);
  expect(asked.slice(0, 2)).toEqual(["103", "103"]);
  expect(asked).toContain(undefined);
  expect(asked).not.toContain("0");
  expect(bench.server.lists.every(({ resourceVersion }) => resourceVersion === undefined)).toBe(
    true,
  );
  expect(wrongIn(bench)).toEqual([]);
  bench.server.catchUp();
  await bench.pass(3 * MINUTE);
  expect(wrongIn(bench)).toEqual([]);
});

test("after the restore of a backup the older state is followed", async () => {
  const bench = await createFollowing(["a", "b"]);
  bench.server.write("c", "lost by the restore");
  bench.server.remove("a");
  await bench.pass(SECOND);
  bench.server.writeElsewhere(1_000);
  await bench.pass(MINUTE);
  bench.server.restore(1_008);
  // The stream goes on from a version that will not be for hours, so it is silent.
  await bench.pass(6 * MINUTE);
  expect(bench.reflector.store.keys().toSorted()).toEqual(["trading/a", "trading/b"]);
  expect(wrongIn(bench)).toEqual([]);
  bench.server.write("b", "second");
  await bench.pass(SECOND);
  expect(wrongIn(bench)).toEqual([]);
});
