import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { millis } from "#base/clock.ts";
import type { Candle } from "#trading/candle.ts";
import { adx } from "./adx.ts";
import { atr, trueRange } from "./atr.ts";
import { atrSma } from "./atr-sma.ts";
import { bandSpread, bollinger } from "./bollinger.ts";
import { ema } from "./ema.ts";
import { madeCandles } from "./made-candles.ts";
import { rollingHigh, rollingLow } from "./rolling-extremes.ts";
import { rsi } from "./rsi.ts";
import { at, barsOf, type Bars, type Series } from "./series.ts";
import { sma } from "./sma.ts";
import { supertrend } from "./supertrend.ts";
import { fourHourDirection } from "./supertrend-4h.ts";
import { vwap } from "./vwap.ts";
import { wilderAverage, wilderSettling } from "./wilder.ts";

const HOUR_MS = 3_600_000;
const candles = madeCandles(700);
const bars = barsOf(candles);

/** 1e-9 relative, which is what the indicators promise. */
const expectClose = (got: number, expected: number): void =>
  expect(Math.abs(got - expected)).toBeLessThanOrEqual(1e-9 * Math.abs(expected));

test("the made candles are the stated ones", () => {
  const rows: ReadonlyArray<readonly [number, number, number, number, number, number]> = [
    [0, 100, 100.0657688940716, 98.62599095911551, 99.00001565273851, 558.6501319234493],
    [
      699, 117.35529758922783, 117.35645458957228, 116.6430663942381, 116.72470603230025,
      131.65996541812083,
    ],
  ];
  for (const [index, open, high, low, close, volume] of rows) {
    expect(candles[index]).toMatchObject({ open, high, low, close, volume });
  }
  expect(candles[1]).toMatchObject({ high: 99.17335063686039, close: 99.06489479307254 });
});

const none = Number.NaN;
const bands = bollinger(bars.close, 20, 2);
const trend = supertrend(bars, atr(bars, 10), 3);
const movement = adx(bars, 14);

test.each<[string, Series, Readonly<Record<number, number>>]>([
  [
    "SMA(20)",
    sma(bars.close, 20),
    {
      18: none,
      19: 100.36448088770098,
      20: 100.5720691514887,
      100: 99.96667094458189,
      699: 116.12838862419885,
    },
  ],
  [
    "EMA(20)",
    ema(bars.close, 20),
    {
      18: none,
      19: 100.36448088770098,
      20: 100.62993803444309,
      100: 100.12294359617533,
      699: 116.3048579302618,
    },
  ],
  [
    "RSI(14)",
    rsi(bars.close, 14),
    {
      13: none,
      14: 53.53293020005716,
      15: 60.37604414959698,
      100: 43.55515912346292,
      699: 52.25783432010887,
    },
  ],
  [
    "ATR(14)",
    atr(bars, 14),
    {
      13: none,
      14: 0.8641919499815478,
      15: 0.8962654266146644,
      100: 0.9764242154900046,
      699: 1.0926564733276205,
    },
  ],
  [
    "ATR(10)",
    atr(bars, 10),
    { 9: none, 10: 0.8620585149419029, 100: 0.982036383067865, 699: 1.0721433892367258 },
  ],
  [
    "ATR-SMA(20)",
    atrSma(atr(bars, 14), 20),
    { 32: none, 33: 0.9960767438226169, 699: 1.163450358290674 },
  ],
  [
    "ADX(14)",
    movement.adx,
    {
      26: none,
      27: 60.66359556598553,
      28: 59.85408362097295,
      100: 13.153276792300115,
      699: 17.744817829082663,
    },
  ],
  [
    "+DI(14)",
    movement.plusDi,
    {
      13: none,
      14: 19.73075987658059,
      27: 28.707481584245173,
      100: 18.642160273314012,
      699: 23.38739853778975,
    },
  ],
  [
    "-DI(14)",
    movement.minusDi,
    {
      13: none,
      14: 10.155363270205926,
      27: 10.56912623671204,
      100: 22.26574165716157,
      699: 19.244545807387656,
    },
  ],
  [
    "VWAP(288)",
    vwap(bars, 288),
    { 286: none, 287: 96.57448845621448, 288: 96.5806622113456, 699: 113.59209430221337 },
  ],
  [
    "Bollinger(20, 2) upper",
    bands.upper,
    { 18: none, 19: 102.1969835582915, 100: 101.39731029650414, 699: 118.06956853517653 },
  ],
  [
    "Bollinger(20, 2) lower",
    bands.lower,
    { 19: 98.53197821711045, 100: 98.53603159265964, 699: 114.18720871322117 },
  ],
  [
    "Supertrend line",
    trend.line,
    {
      9: none,
      10: 102.96489243887811,
      11: 102.59416960455329,
      100: 98.56967591636283,
      699: 114.2862783731661,
    },
  ],
  ["Supertrend direction", trend.direction, { 9: none, 10: -1, 11: -1, 100: 1, 699: 1 }],
  ["volume SMA(20)", sma(bars.volume, 20), { 19: 583.2512328788874, 699: 625.7143894097389 }],
])("%s has the stated values", (_, series, expected) => {
  for (const [index, value] of Object.entries(expected)) {
    if (Number.isNaN(value)) expect(at(series, Number(index))).toBeNaN();
    else expectClose(at(series, Number(index)), value);
  }
});

const flips = (direction: Series): ReadonlyArray<number> =>
  direction.flatMap((value, index) =>
    Math.abs(value - at(direction, index - 1)) === 2 ? [index] : [],
  );

test("the Supertrend turns where it is stated to", () => {
  expect(flips(trend.direction).slice(0, 12)).toEqual([
    17, 31, 63, 105, 161, 167, 180, 227, 247, 376, 395, 423,
  ]);
  expect(flips(trend.direction)).toHaveLength(19);
});

test.each([
  [3, [204], 1],
  [2, [96, 120, 188, 232, 252, 384, 452, 668], -1],
])("the 4h Supertrend with %s ATRs turns where it is stated to", (multiplier, expected, end) => {
  const direction = fourHourDirection(bars, 10, multiplier);
  expect(direction.findIndex((value) => !Number.isNaN(value))).toBe(44);
  expect(direction[44]).toBe(-1);
  expect(flips(direction)).toEqual(expected);
  expect(direction.at(-1)).toBe(end);
});

test("a flat market has no range, no direction, and an RSI of 100", () => {
  const level = bars.close.slice(0, 60).map(() => 100);
  const flat = { high: level, low: level, close: level };
  const still = adx(flat, 14);
  expect(rsi(flat.close, 14).at(-1)).toBe(100);
  expect(atr(flat, 14).at(-1)).toBe(0);
  expect([still.adx.at(-1), still.plusDi.at(-1), still.minusDi.at(-1)]).toEqual([0, 0, 0]);
});

test("without volume the VWAP is the typical price", () => {
  const silent = { ...bars, volume: bars.volume.map(() => 0) };
  expectClose(
    at(vwap(silent, 20), 100),
    (at(bars.high, 100) + at(bars.low, 100) + at(bars.close, 100)) / 3,
  );
});

test("the first true range knows no close before it", () => {
  expect(at(trueRange(bars), 0)).toBe(at(bars.high, 0) - at(bars.low, 0));
});

test("rolling extremes leave their own candle out", () => {
  const values = [5, 1, 3, 9, 2];
  expect(rollingHigh(values, 2)).toEqual([none, none, 5, 3, 9]);
  expect(rollingLow(values, 2)).toEqual([none, none, 1, 1, 3]);
});

test("a band at or below zero has no spread", () => {
  expect(bandSpread(110, 100)).toBeCloseTo(0.1, 12);
  expect(bandSpread(1, 0)).toBeNaN();
  expect(bandSpread(1, -1)).toBeNaN();
});

test.each<[string, (bars: Bars) => Series, number]>([
  ["SMA", ({ close }) => sma(close, 5), 0],
  ["EMA", ({ close }) => ema(close, 5), 0],
  ["RSI", ({ close }) => rsi(close, 5), 0],
  ["ATR", (all) => atr(all, 5), 0],
  ["ATR-SMA", (all) => atrSma(atr(all, 5), 4), 0],
  ["ADX", (all) => adx(all, 5).adx, 11],
  ["+DI", (all) => adx(all, 5).plusDi, 11],
  ["VWAP", (all) => vwap(all, 6), 0],
  ["upper band", ({ close }) => bollinger(close, 5, 2).upper, 0],
  ["Supertrend line", (all) => supertrend(all, atr(all, 5), 2).line, 7],
  ["4h direction", (all) => fourHourDirection(all, 2, 2), 17],
  ["rolling high", ({ high }) => rollingHigh(high, 5), 0],
])("appending a candle never changes an earlier %s", (_, indicator, least) => {
  fc.assert(
    fc.property(anyCandles(least), (made) => {
      const whole = indicator(barsOf(made));
      expect(whole).toHaveLength(made.length);
      expect(indicator(barsOf(made.slice(0, -1)))).toEqual(whole.slice(0, -1));
    }),
  );
});

/** `least` candles before the appended one: ADX and Supertrend give nothing for fewer. */
const anyCandles = (least: number) =>
  fc
    .array(
      fc.record({
        close: fc.integer({ min: 1, max: 1_000 }),
        up: fc.integer({ min: 0, max: 50 }),
        down: fc.integer({ min: 0, max: 50 }),
        volume: fc.integer({ min: 0, max: 100 }),
      }),
      { minLength: least + 1, maxLength: 60 },
    )
    .map((rows) =>
      rows.map(({ close, up, down, volume }, index): Candle => {
        const openTime = millis(index * HOUR_MS);
        return { openTime, open: close, close, high: close + up, low: close - down, volume };
      }),
    );

test.each([2, 10, 14, 50])(
  "after it has settled, a Wilder average of %s forgets its seed",
  (period) => {
    const settled = wilderSettling(period);
    const values = Array.from({ length: settled }, (_, index) => 1 + (index % 7) / 10);
    const wild = values.map((value, index) => (index <= period ? value * 100 : value));
    const [calm, forgotten] = [values, wild].map((each) =>
      at(wilderAverage(each, period, 1), settled - 1),
    );
    expectClose(forgotten ?? none, calm ?? none);
  },
);
