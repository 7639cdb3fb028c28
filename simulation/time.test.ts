import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { millis, sleep } from "#base/clock.ts";
import { createVirtualTime } from "./time.ts";

test("entries run in the order of their instants, and time jumps to each", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(1_000), { maxLength: 60 }), async (delays) => {
      const time = createVirtualTime(millis(0), 1);
      const seen: number[] = [];
      for (const ms of delays) time.after(ms, () => seen.push(time.now()));
      await time.runUntil(millis(2_000));
      expect(seen).toEqual(delays.toSorted((a, b) => a - b));
      expect(time.now()).toBe(2_000);
    }),
  );
});

test("a canceled entry does not run", async () => {
  const time = createVirtualTime(millis(0), 1);
  let ran = false;
  const cancel = time.after(5, () => (ran = true));
  cancel();
  await time.runUntil(millis(10));
  expect(ran).toBe(false);
});

test("what follows without waiting runs before time goes on", async () => {
  const time = createVirtualTime(millis(0), 1);
  const seen: string[] = [];
  const task = async () => {
    await sleep(time, 5);
    for (let hop = 0; hop < 50; hop += 1) await Promise.resolve();
    seen.push(`task ${time.now()}`);
    await sleep(time, 5);
    seen.push(`task ${time.now()}`);
  };
  const running = task();
  time.after(6, () => seen.push(`other ${time.now()}`));
  await time.runUntil(millis(20));
  await running;
  expect(seen).toEqual(["task 5", "other 6", "task 10"]);
});

test("entries of one instant run in the seed's order, the same every time", async () => {
  const order = async (seed: number) => {
    const time = createVirtualTime(millis(0), seed);
    const seen: number[] = [];
    for (let index = 0; index < 20; index += 1) time.after(5, () => seen.push(index));
    await time.runUntil(millis(5));
    return seen;
  };
  expect(await order(1)).toEqual(await order(1));
  expect(await order(1)).not.toEqual(await order(2));
});
