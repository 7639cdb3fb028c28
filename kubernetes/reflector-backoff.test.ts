import { expect, test } from "@jest/globals";
import { createBackoff } from "./reflector-backoff.ts";

const waits = (random: number, count: number, gapMs = 0): ReadonlyArray<number> => {
  let elapsed = 0;
  const backoff = createBackoff({ clock: { elapsed: () => elapsed }, random: () => random });
  return Array.from({ length: count }, () => {
    const ms = backoff.next();
    elapsed += ms + gapMs;
    return ms;
  });
};

test("each wait is twice the one before, from 0.8 s up to 8 s", () => {
  expect(waits(0, 6)).toEqual([800, 1_600, 3_200, 6_400, 8_000, 8_000]);
});

test("chance makes a wait up to twice as long", () => {
  expect(waits(0.5, 3)).toEqual([1_200, 2_400, 4_800]);
});

test("after a minute without a failure it begins again", () => {
  expect(waits(0, 3, 59_000)).toEqual([800, 1_600, 800]);
});

test("a long outage with the longest waits does not count as health", () => {
  expect(
    waits(0.999, 12)
      .slice(6)
      .every((ms) => ms > 15_900),
  ).toBe(true);
});

test("the longest wait is there from the beginning for what only a person repairs", () => {
  const backoff = createBackoff({ clock: { elapsed: () => 0 }, random: () => 0 });
  expect(backoff.longest()).toBe(30_000);
  expect(backoff.next()).toBe(800);
});
