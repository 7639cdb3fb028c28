import { expect, test } from "@jest/globals";
import { millis } from "#base/clock.ts";
import type { CycleView } from "#trading/strategy.ts";
import { hasReached, isBeyondStop, isHeldTooLong, stopOf } from "./cycle.ts";

const HOUR_MS = 3_600_000;
const long: CycleView = {
  side: "long",
  averagePrice: 100,
  size: 1,
  firstPrice: 101,
  openedAt: millis(HOUR_MS),
  filledLevels: new Set([0]),
};
const short: CycleView = { ...long, side: "short" };

test("the stop lies below a long and above a short", () => {
  expect(stopOf(long, 20)).toBe(80);
  expect(stopOf(short, 20)).toBe(120);
});

test.each([
  [long, 80, true],
  [long, 80.01, false],
  [short, 120, true],
  [short, 119.99, false],
  [long, Number.NaN, false],
  [short, Number.NaN, false],
])("a stop is passed by touching it (%#)", (cycle, close, expected) => {
  expect(isBeyondStop(cycle, close, 20)).toBe(expected);
});

test("a target is reached from its own side, and a missing one never", () => {
  expect(hasReached("long", 100, 100)).toBe(true);
  expect(hasReached("short", 100, 100)).toBe(true);
  expect(hasReached("long", 99, 100)).toBe(false);
  expect(hasReached("short", 101, 100)).toBe(false);
  expect(hasReached("long", 100, Number.NaN)).toBe(false);
});

test.each([
  // Held in hours, limit in candles, close, expected.
  [24, 24, 99, true],
  [23.9, 24, 99, false],
  [24, 24, 100, false],
  [24, 24, 101, false],
  [1_000, 0, 1, false],
  [24, 24, Number.NaN, false],
])("held %s h with a limit of %s candles at %s: given up %s", (hours, limit, close, expected) => {
  const at = millis(long.openedAt + hours * HOUR_MS);
  const hold = { timeframe: "1h", maxHoldCandles: limit } as const;
  expect(isHeldTooLong(long, close, at, hold)).toBe(expected);
  expect(isHeldTooLong(short, 200 - close, at, hold)).toBe(expected);
});
