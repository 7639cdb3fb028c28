import { expect, test } from "@jest/globals";
import { millis } from "#base/clock.ts";
import { err, ok, type Result } from "#base/result.ts";
import { createMemoryStorage } from "#simulation/memory-storage.ts";
import { createVirtualTime } from "#simulation/time.ts";
import { untilFolder } from "./folder-wait.ts";
import type { Folder, FolderProblem } from "./folder.ts";

type Opened = Result<Folder, FolderProblem>;

const free: Opened = ok({ storage: createMemoryStorage(), close: () => Promise.resolve() });
const locked: Opened = err({ kind: "Locked", detail: "it is in use" });
const unusable: Opened = err({ kind: "Unusable", detail: "it cannot be written" });

/** Waits for a folder that is so at this time; what came of it, when, and what was said meanwhile. */
const wait = async (folderAt: (ms: number) => Opened, abortAt = Infinity) => {
  const time = createVirtualTime(millis(0), 1);
  const stopping = new AbortController();
  if (abortAt < Infinity) time.after(abortAt, () => stopping.abort());
  const said: string[] = [];
  const open = () => Promise.resolve(folderAt(time.elapsed()));
  let endedAt: number | undefined;
  const waiting = untilFolder({ open, clock: time, timers: time }, stopping.signal, (problem) =>
    said.push(problem),
  ).finally(() => (endedAt = time.elapsed()));
  await time.runUntil(millis(200_000));
  return { result: await waiting, endedAt, said };
};

test("a folder that is free is taken at once, and nothing is said", async () => {
  expect(await wait(() => free)).toEqual({ result: free, endedAt: 0, said: [] });
});

test("one that a predecessor holds is waited for, and that is said once", async () => {
  const { result, endedAt, said } = await wait((ms) => (ms < 30_000 ? locked : free));
  expect(result).toEqual(free);
  expect(endedAt).toBe(30_000);
  expect(said).toEqual(["it is in use"]);
});

test("one that stays in use is given up after 90 s", async () => {
  const { result, endedAt } = await wait(() => locked);
  expect(result).toEqual(err("it is in use"));
  expect(endedAt).toBe(90_000);
});

test("one that cannot be used is given up at once, also while it is waited for", async () => {
  expect(await wait(() => unusable)).toMatchObject({ endedAt: 0, said: [] });
  expect(await wait((ms) => (ms < 1_000 ? locked : unusable))).toMatchObject({
    result: err("it cannot be written"),
    endedAt: 1_000,
  });
});

test("whoever is told to end does not wait on", async () => {
  expect(await wait(() => locked, 5_100)).toMatchObject({
    result: err("it is in use"),
    endedAt: 5_100,
  });
});
