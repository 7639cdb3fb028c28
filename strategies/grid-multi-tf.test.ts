import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { millis } from "#base/clock.ts";
import type { PositionSide } from "#trading/market.ts";
import type { CycleView, GridStrategy } from "#trading/strategy.ts";
import { madeCandles } from "./indicators/made-candles.ts";
import { barsOf, last } from "./indicators/series.ts";
import { fourHourDirection } from "./indicators/supertrend-4h.ts";
import { bindStrategy } from "./registry.ts";

const bind = (parameters: Readonly<Record<string, unknown>> = {}): GridStrategy => {
  const bound = bindStrategy("grid_multi_tf", "1h", parameters);
  if (!bound.ok) throw new Error(bound.error);
  return bound.value;
};

const HOUR_MS = 3_600_000;
const indicators = { sma: 100, atr: 0.5, close: 99.5 };

const cycle = (side: PositionSide, averagePrice = 100): CycleView => ({
  side,
  averagePrice,
  size: 1,
  firstPrice: averagePrice,
  openedAt: millis(0),
  filledLevels: new Set([0]),
});

const pricesOf = (strategy: GridStrategy, direction: number, open?: CycleView) =>
  strategy.levels({ ...indicators, direction }, open).map(({ side, price }) => `${side} ${price}`);

test("the grid stands on the side that the direction points to", () => {
  expect(pricesOf(bind(), 1)).toEqual(["long 99", "long 98.5", "long 98"]);
  expect(pricesOf(bind(), -1)).toEqual(["short 101", "short 101.5", "short 102"]);
});

test("no direction, or one that is not allowed, opens nothing", () => {
  expect(pricesOf(bind(), 0)).toEqual([]);
  expect(bind().levels(indicators, undefined)).toEqual([]);
  expect(pricesOf(bind({ sides: ["long"] }), -1)).toEqual([]);
  expect(pricesOf(bind({ sides: ["short"] }), 1)).toEqual([]);
});

test("an open cycle grows only while the direction is its own", () => {
  expect(pricesOf(bind(), 1, cycle("long"))).toEqual(["long 98.5", "long 98"]);
  expect(pricesOf(bind(), -1, cycle("long"))).toEqual([]);
  expect(pricesOf(bind(), 1, cycle("short"))).toEqual([]);
});

test("exits are looked at in order: profit, stop, direction, time", () => {
  const strategy = bind({ slPercent: 5, maxHoldCandles: 24 });
  const at = millis(24 * HOUR_MS);
  const decide = (side: PositionSide, average: number, close: number, direction: number) =>
    strategy.exit({ ...indicators, close, direction }, cycle(side, average), at);
  expect(decide("long", 200, 100, -1)).toBe("tp_global");
  expect(decide("long", 106, 99, -1)).toBe("sl_global");
  expect(decide("long", 98, 99, -1)).toBe("direction_flip");
  expect(decide("long", 100, 99, 1)).toBe("time_stop");
  expect(decide("long", 98, 99, 1)).toBeUndefined();
  expect(decide("short", 101, 100.5, 1)).toBe("direction_flip");
  expect(decide("short", 101, 100.5, 0)).toBeUndefined();
});

test("the take-profit is the average", () => {
  expect(bind().takeProfit({ ...indicators, direction: -1 }, cycle("short"))).toBe(100);
  expect(bind().takeProfit({ close: 1 }, cycle("short"))).toBeUndefined();
});

test("the direction of the last candles is that of the whole history", () => {
  const strategy = bind({ stAtrMultiplier: 2 });
  const candles = madeCandles(1_500);
  const whole = fourHourDirection(barsOf(candles), 10, 2);
  for (let end = strategy.lookback; end <= candles.length; end += 1) {
    const direction = strategy.indicators(candles.slice(0, end))?.["direction"];
    expect(direction).toBe(whole[end - 1]);
  }
});

test("the direction changes only with the first candle of a 4h bucket, and never looks ahead", () => {
  fc.assert(
    fc.property(fc.integer({ min: 60, max: 400 }), fc.integer({ min: 1, max: 4 }), (end, width) => {
      const candles = madeCandles(401);
      const before = last(fourHourDirection(barsOf(candles.slice(0, end)), 10, width));
      const after = last(fourHourDirection(barsOf(candles.slice(0, end + 1)), 10, width));
      const bucketStarts = (candles[end]?.openTime ?? 0) % (4 * HOUR_MS) === 0;
      expect(before === after || bucketStarts).toBe(true);
    }),
  );
});

test("more room between the bands asks for a longer history, within bounds", () => {
  const lookbackOf = (stAtrMultiplier: number) => bind({ stAtrMultiplier }).lookback;
  expect(lookbackOf(6)).toBeGreaterThan(lookbackOf(3));
  expect(lookbackOf(100)).toBeLessThan(2_500);
});
