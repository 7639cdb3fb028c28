/**
 * The reflector in virtual time, against a server that keeps the promises of a real one: its life
 * without troubles, and its end. Troubles are in `reflector-faults.test.ts`, and all of them by chance
 * in `reflector-property.test.ts`; `tests/cluster/reflector.test.ts` has a real server.
 */

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

const createBench = (options?: Parameters<typeof createReflectorBench>[1]) =>
  createReflectorBench(createVirtualTime(millis(0), 1), options);

const createFollowing = (names?: ReadonlyArray<string>) => startFollowing(createBench(), names);

const forbidden: ApiError = { kind: "Forbidden", message: "cannot watch configmaps" };

test("everything that exists is there at once, and not a part of it before", async () => {
  const bench = createBench();
  for (const name of ["a", "b", "c"]) bench.server.write(name, "first");
  bench.start();
  let wasHeard = false;
  void bench.reflector.untilSynced(new AbortController().signal).then(() => (wasHeard = true));
  while (!bench.reflector.synced()) {
    expect(bench.reflector.store.size()).toBe(0);
    expect(wasHeard).toBe(false);
    await bench.pass(1);
  }
  await bench.pass(0);
  expect(wasHeard).toBe(true);
  expect(wrongIn(bench)).toEqual([]);
  expect(bench.server.watches).toEqual([
    { namespace: "trading", sendInitialEvents: true, timeoutSeconds: expect.any(Number) },
  ]);
});

test("every write that follows is told once, in its order, on the same stream", async () => {
  const bench = await createFollowing([]);
  bench.server.write("a", "1");
  bench.server.write("a", "2");
  bench.server.write("b", "1");
  bench.server.remove("a");
  bench.server.write("a", "3");
  await bench.pass(SECOND);
  expect(told(bench)).toEqual([
    [undefined, "uid-101@101"],
    ["uid-101@101", "uid-101@102"],
    [undefined, "uid-103@103"],
    ["uid-101@102", undefined],
    [undefined, "uid-105@105"],
  ]);
  expect(bench.server.watches).toHaveLength(1);
  expect(wrongIn(bench)).toEqual([]);
});

test("objects are found by index", async () => {
  const bench = await createFollowing();
  expect(bench.reflector.store.by("namespace", "trading")).toHaveLength(3);
  expect(bench.reflector.store.by("namespace", "elsewhere")).toEqual([]);
});

test("while all is quiet nothing is asked but a new stream when the old one's time is over", async () => {
  const bench = await createFollowing();
  await bench.pass(160 * SECOND);
  expect(bench.server.watches).toHaveLength(1);
  await bench.pass(2 * 60 * MINUTE);
  const lifetimes = bench.server.watches.map(({ timeoutSeconds }) => timeoutSeconds);
  expect(lifetimes.every((seconds) => seconds >= 300 && seconds < 600)).toBe(true);
  expect(new Set(lifetimes).size).toBeGreaterThan(5);
  const lived = lifetimes.slice(0, -1).reduce((sum, seconds) => sum + seconds, 0);
  expect(lived).toBeGreaterThan(2 * 60 * 60 - 600);
  expect(fullSyncs(bench)).toBe(1);
  expect(bench.logged).toEqual([]);
});

test("a broken connection costs no full sync, and nothing that happened meanwhile is lost", async () => {
  const bench = await createFollowing();
  bench.server.cut();
  bench.server.write("a", "second");
  bench.server.remove("b");
  await bench.pass(5 * SECOND);
  expect(wrongIn(bench)).toEqual([]);
  expect(bench.server.watches[1]).toMatchObject({ resourceVersion: "103" });
  expect(fullSyncs(bench)).toBe(1);
});

test("bookmarks move the version on, so that a quiet resource is not too old to go on from", async () => {
  const bench = await createFollowing();
  bench.server.writeElsewhere(1_000);
  await bench.pass(61 * SECOND);
  const version = `${bench.server.version()}`;
  bench.server.compact();
  bench.server.cut();
  bench.server.write("a", "second");
  await bench.pass(5 * SECOND);
  expect(wrongIn(bench)).toEqual([]);
  expect(bench.server.watches[1]).toMatchObject({ resourceVersion: version });
  expect(fullSyncs(bench)).toBe(1);
});

test("a trim that throws ends the reflector: a copy that leaves objects out is worse than none", async () => {
  const bench = createBench({
    trim: () => {
      throw new Error("unheard-of object");
    },
  });
  bench.server.write("a", "first");
  bench.start();
  await bench.pass(SECOND);
  expect(bench.ended()).toBe("Rejected");
  expect(bench.server.openStreams()).toBe(0);
});

test("it runs once", async () => {
  const bench = await createFollowing();
  await expect(bench.reflector.run(new AbortController().signal)).rejects.toThrow("runs once");
  expect(bench.server.openStreamsMax()).toBe(1);
});

test("who waits for the first sync is released by its signal, too", async () => {
  const bench = createBench();
  bench.server.swallow(true);
  bench.start();
  const waiting = new AbortController();
  let isReleased = false;
  void bench.reflector.untilSynced(waiting.signal).then(() => (isReleased = true));
  await bench.pass(SECOND);
  expect(isReleased).toBe(false);
  waiting.abort();
  await bench.pass(0);
  expect(isReleased).toBe(true);
  await bench.reflector.untilSynced(waiting.signal);
  expect(bench.reflector.synced()).toBe(false);
});

test("it tells how old its news is, what it did and what it holds", async () => {
  const bench = await createFollowing();
  await bench.pass(40 * SECOND);
  const { lastEventAgeMs, ...stats } = bench.reflector.stats();
  expect(stats).toEqual({ synced: true, resourceVersion: "103", relists: 0, restarts: 0 });
  expect(lastEventAgeMs).toBeGreaterThan(39 * SECOND);
  await loseHistory(bench, () => bench.server.write("d", "first"));
  const lines = (await bench.registry.metrics()).split("\n");
  expect(lines).toContain('reflector_lists_total{resource="configmaps"} 2');
  expect(lines).toContain('reflector_watches_total{resource="configmaps"} 3');
  expect(lines).toContain('reflector_items{resource="configmaps"} 4');
  expect(lines).toContain('reflector_synced{resource="configmaps"} 1');
});

test.each([
  ["follows", async () => {}],
  [
    "waits for an answer",
    async ({ server, pass }: ReflectorBench) => (
      server.swallow(true),
      server.cut(),
      pass(5 * SECOND)
    ),
  ],
  [
    "waits for better times",
    async ({ server, pass }: ReflectorBench) => (
      server.refuse(forbidden, 9),
      server.cut(),
      pass(5 * SECOND)
    ),
  ],
  [
    "hears nothing",
    async ({ server, pass }: ReflectorBench) => (server.silence(), pass(60 * SECOND)),
  ],
] as const)("stopped while it %s, it ends at once and leaves no stream", async (_name, arrange) => {
  const bench = await createFollowing();
  await arrange(bench);
  bench.stop();
  await bench.pass(0);
  expect(bench.ended()).toBe("Resolved");
  expect(bench.server.openStreams()).toBe(0);
  const asked = bench.server.watches.length;
  const heard = bench.changes.length;
  bench.server.heal();
  bench.server.write("a", "too late");
  await bench.pass(20 * MINUTE);
  expect(bench.server.watches).toHaveLength(asked);
  expect(bench.changes).toHaveLength(heard);
});
