import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { millis } from "#base/clock.ts";
import type { PositionSide } from "#trading/market.ts";
import type { CycleView, GridStrategy, Indicators } from "#trading/strategy.ts";
import { bandSpread, bollinger } from "./indicators/bollinger.ts";
import { atr } from "./indicators/atr.ts";
import { madeCandles } from "./indicators/made-candles.ts";
import { at, barsOf } from "./indicators/series.ts";
import { sma } from "./indicators/sma.ts";
import { bindStrategy } from "./registry.ts";

const bind = (parameters: Readonly<Record<string, unknown>> = {}): GridStrategy => {
  const bound = bindStrategy("grid_boltrend", "1h", parameters);
  if (!bound.ok) throw new Error(bound.error);
  return bound.value;
};

const HOUR_MS = 3_600_000;
const made = { bolWindow: 50, bolStd: 2, longMaWindow: 200, minBolSpread: 0.01 };
const bars = barsOf(madeCandles(700));
const bands = bollinger(bars.close, 50, 2);
const longSma = sma(bars.close, 200);
const ranges = atr(bars, 14);

const indicatorsAt = (index: number): Indicators => ({
  close: at(bars.close, index),
  middle: at(bands.middle, index),
  upper: at(bands.upper, index),
  lower: at(bands.lower, index),
  longSma: at(longSma, index),
  atr: at(ranges, index),
  previousClose: at(bars.close, index - 1),
  previousUpper: at(bands.upper, index - 1),
  previousLower: at(bands.lower, index - 1),
  previousSpread: bandSpread(at(bands.upper, index - 1), at(bands.lower, index - 1)),
});

const cycle = (
  side: PositionSide,
  firstPrice: number,
  filled: ReadonlyArray<number>,
): CycleView => ({
  side,
  averagePrice: firstPrice,
  size: 1,
  firstPrice,
  openedAt: millis(0),
  filledLevels: new Set(filled),
});

test("the made series breaks out where it is stated to", () => {
  const strategy = bind(made);
  const breakouts = bars.close.flatMap((_, index) => {
    const [first] = strategy.levels(indicatorsAt(index), undefined);
    return first === undefined ? [] : [`${index} ${first.side}`];
  });
  expect(breakouts).toHaveLength(24);
  expect(breakouts.slice(0, 9)).toEqual([
    "230 short",
    "250 long",
    "291 long",
    "302 long",
    "304 long",
    "322 long",
    "334 long",
    "430 short",
    "454 long",
  ]);
  expect(breakouts.at(-1)).toBe("671 short");
});

test("a breakout opens at the close and adds on the way back", () => {
  const indicators = indicatorsAt(230);
  expect(indicators["middle"]).toBeCloseTo(93.92455327383686, 9);
  expect(indicators["longSma"]).toBeCloseTo(95.8386815019837, 9);
  expect(indicators["previousSpread"]).toBeCloseTo(0.05107221127843092, 11);
  const levels = bind(made).levels(indicators, undefined);
  expect(levels.map(({ price }) => Number(price.toFixed(11)))).toEqual([
    91.45596488518, 92.41468603638, 93.37340718759,
  ]);
});

test("an open cycle's levels hang on its first fill, with the range of now", () => {
  const strategy = bind({ atrSpacingMult: 2 });
  const open = cycle("long", 50, [0, 2]);
  expect(strategy.levels({ atr: 1.5, close: 40 }, open)).toEqual([
    { index: 1, side: "long", price: 47, fraction: 1 / 3 },
  ]);
  expect(strategy.levels({ close: 40 }, open)).toEqual([]);
});

test.each([
  ["a spread that is not wider than asked", { previousSpread: 0.01 }],
  ["no spread", { previousSpread: Number.NaN }],
  ["a close on the band", { close: 110 }],
  ["a close that was already outside", { previousClose: 109.5 }],
  ["a close on the wrong side of the long average", { longSma: 112 }],
])("%s is no breakout", (_, changed) => {
  const breakout = {
    close: 111,
    upper: 110,
    lower: 90,
    middle: 100,
    longSma: 95,
    atr: 1,
    previousClose: 108,
    previousUpper: 109,
    previousLower: 91,
    previousSpread: 0.2,
  };
  const strategy = bind({ minBolSpread: 0.01 });
  expect(strategy.levels(breakout, undefined)).toHaveLength(3);
  expect(bind({ sides: ["short"] }).levels(breakout, undefined)).toEqual([]);
  expect(strategy.levels({ ...breakout, ...changed }, undefined)).toEqual([]);
});

test("exits are looked at in order: stop, time, the middle band", () => {
  const strategy = bind({ slPercent: 5, maxHoldCandles: 12 });
  const decide = (side: PositionSide, entry: number, close: number, hours: number) =>
    strategy.exit({ close, middle: 100 }, cycle(side, entry, [0]), millis(hours * HOUR_MS));
  expect(decide("long", 106, 99, 12)).toBe("sl_global");
  expect(decide("long", 101, 99, 12)).toBe("time_stop");
  expect(decide("long", 101, 99, 11)).toBe("signal_exit");
  expect(decide("long", 98, 99, 12)).toBe("signal_exit");
  expect(decide("long", 98, 100, 12)).toBeUndefined();
  expect(decide("short", 104, 101, 0)).toBe("signal_exit");
  expect(strategy.exit({ close: 1 }, cycle("long", 100, [0]), millis(0))).toBeUndefined();
});

test("it takes no profit at a price", () => {
  expect(bind().takeProfit(indicatorsAt(300), cycle("long", 90, [0]))).toBeUndefined();
});

test("its own candles give the same numbers as the whole history", () => {
  const strategy = bind(made);
  const candles = madeCandles(700);
  const got = strategy.indicators(candles);
  for (const [name, value] of Object.entries(indicatorsAt(699))) {
    expect(got?.[name]).toBeCloseTo(value, 8);
  }
  expect(strategy.indicators(candles.slice(0, strategy.lookback - 1))).toBeUndefined();
});

test("levels move back from the first, once each, never those that filled", () => {
  const anyFilled = fc.subarray([0, 1, 2, 3, 4, 5], { minLength: 1 });
  const anySide = fc.constantFrom<PositionSide>("long", "short");
  const anyRange = fc.double({ min: 0.001, max: 50, noNaN: true });
  fc.assert(
    fc.property(anySide, anyFilled, anyRange, (side, filled, range) => {
      const levels = bind({ numLevels: 6 }).levels(
        { atr: range, close: 1 },
        cycle(side, 100, filled),
      );
      const distances = levels.map(({ price }) => (side === "long" ? 100 - price : price - 100));
      expect(distances).toEqual(distances.toSorted((a, b) => a - b));
      expect(distances.every((distance) => distance >= 0)).toBe(true);
      expect(levels.every(({ index, price }) => !filled.includes(index) && price > 0)).toBe(true);
      expect(levels.reduce((sum, { fraction }) => sum + fraction, 0)).toBeLessThanOrEqual(
        1 + 1e-12,
      );
    }),
  );
});
