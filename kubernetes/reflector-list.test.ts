/** Servers without watch-list, whatever the reason: pages, and streams from their version. */

import { expect, test } from "@jest/globals";
import { millis } from "#base/clock.ts";
import { createVirtualTime } from "#simulation/time.ts";
import type { ApiError } from "./api.ts";
import {
  createReflectorBench,
  MINUTE,
  SECOND,
  wrongIn,
  type ReflectorBench,
  loseHistory,
} from "./testing/reflector-bench.ts";

const createBench = () => createReflectorBench(createVirtualTime(millis(0), 1));

const unavailable: ApiError = { kind: "Unavailable", message: "503" };

test.each(["Refused", "Broken"] as const)(
  "without watch-list (%s) the copy is filled page by page, and followed from there",
  async (support) => {
    const bench = createBench();
    bench.server.supportWatchList(support);
    for (let index = 0; index < 1_201; index += 1) bench.server.write(`a${index}`, "first");
    bench.start();
    await bench.pass(SECOND);
    expect(bench.server.lists).toEqual([
      { namespace: "trading", limit: 500 },
      { namespace: "trading", limit: 500, continue: "1301/500" },
      { namespace: "trading", limit: 500, continue: "1301/1000" },
    ]);
    expect(wrongIn(bench)).toEqual([]);
    expect(bench.logged).toEqual(["info: no watch-list is to be had"]);
    expect(bench.reflector.problem()).toBeUndefined();
    bench.server.write("a7", "second");
    await bench.pass(SECOND);
    expect(bench.server.watches.at(-1)).toMatchObject({ resourceVersion: "1301" });
    expect(wrongIn(bench)).toEqual([]);
  },
);

test("that there is no watch-list is remembered for ten minutes", async () => {
  const bench = createBench();
  bench.server.supportWatchList("Refused");
  bench.start();
  await bench.pass(MINUTE);
  expect(bench.server.lists).toHaveLength(1);
  bench.server.supportWatchList("Yes");
  await loseHistory(bench, () => bench.server.write("a", "first"));
  expect(bench.server.lists).toHaveLength(2);
  await bench.pass(10 * MINUTE);
  await loseHistory(bench, () => bench.server.write("a", "second"));
  expect(bench.server.lists).toHaveLength(2);
  expect(bench.server.watches.at(-1)).toMatchObject({ sendInitialEvents: true });
  expect(wrongIn(bench)).toEqual([]);
});

test("an outage is not taken for a server without watch-list", async () => {
  const bench = createBench();
  bench.server.write("a", "first");
  bench.server.supportWatchList("Broken");
  bench.start();
  while (bench.server.lists.length === 0) await bench.pass(1);
  bench.server.refuse(unavailable, 1);
  bench.server.supportWatchList("Yes");
  await bench.pass(10 * SECOND);
  expect(bench.server.lists).toHaveLength(1);
  expect(wrongIn(bench)).toEqual([]);
});

test("a watch-list whose last bookmark never comes is given up for a LIST", async () => {
  const bench = createBench();
  bench.server.supportWatchList("Endless");
  bench.server.write("a", "first");
  bench.start();
  // Bookmarks and writes come all the time, so the stream is never silent.
  for (let index = 0; index < 5; index += 1) {
    await bench.pass(20 * SECOND);
    bench.server.write("a", `${index}`);
  }
  expect(bench.reflector.synced()).toBe(false);
  expect(bench.reflector.store.size()).toBe(0);
  await bench.pass(21 * SECOND);
  expect(bench.reflector.synced()).toBe(true);
  expect(wrongIn(bench)).toEqual([]);
});

const untilSecondPage = async ({ pass, server }: ReflectorBench, lists = 2): Promise<void> => {
  while (server.lists.length < lists) await pass(1);
};

test("a list whose next page is gone starts again: half of it is never shown", async () => {
  const bench = createBench();
  bench.server.supportWatchList("Refused");
  for (let index = 0; index < 600; index += 1) bench.server.write(`a${index}`, "first");
  bench.start();
  await untilSecondPage(bench);
  bench.server.remove("a0");
  bench.server.compact();
  await bench.pass(SECOND);
  expect(bench.server.lists.map(({ continue: token }) => token !== undefined)).toEqual([
    false,
    true,
    false,
    true,
  ]);
  expect(bench.reflector.store.size()).toBe(599);
  expect(wrongIn(bench)).toEqual([]);
});

test("a page that never comes ends the list, and the outage is waited for", async () => {
  const bench = createBench();
  bench.server.supportWatchList("Refused");
  for (let index = 0; index < 600; index += 1) bench.server.write(`a${index}`, "first");
  bench.start();
  await untilSecondPage(bench);
  bench.server.swallow(true);
  await bench.pass(59 * SECOND);
  expect(bench.reflector.problem()).toBeUndefined();
  await bench.pass(2 * SECOND);
  expect(bench.reflector.problem()?.message).toContain("no answer to a list");
  bench.server.heal();
  await bench.pass(2 * MINUTE);
  expect(wrongIn(bench)).toEqual([]);
});

test("stopped in the middle of a list, it ends at once and shows nothing of it", async () => {
  const bench = createBench();
  bench.server.supportWatchList("Refused");
  for (let index = 0; index < 600; index += 1) bench.server.write(`a${index}`, "first");
  bench.start();
  await untilSecondPage(bench);
  bench.stop();
  await bench.pass(0);
  expect(bench.ended()).toBe("Resolved");
  await bench.pass(20 * MINUTE);
  expect(bench.server.lists).toHaveLength(2);
  expect(bench.changes).toEqual([]);
});
