import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { millis } from "#base/clock.ts";
import type { PositionSide } from "#trading/market.ts";
import type { CycleView, GridStrategy } from "#trading/strategy.ts";
import { madeCandles } from "./indicators/made-candles.ts";
import { bindStrategy } from "./registry.ts";

const bind = (parameters: Readonly<Record<string, unknown>>): GridStrategy => {
  const bound = bindStrategy("grid_atr", "1h", parameters);
  if (!bound.ok) throw new Error(bound.error);
  return bound.value;
};

const HOUR_MS = 3_600_000;
const both = ["long", "short"];
const indicators = { sma: 100, atr: 0.5, close: 98 };

const cycle = (side: PositionSide, averagePrice: number, filled: ReadonlyArray<number> = [0]) =>
  ({
    side,
    averagePrice,
    size: 1,
    firstPrice: averagePrice,
    openedAt: millis(0),
    filledLevels: new Set(filled),
  }) satisfies CycleView;

const pricesOf = (strategy: GridStrategy, open?: CycleView, side: PositionSide = "long") =>
  strategy
    .levels(indicators, open)
    .filter((level) => level.side === side)
    .map(({ price }) => Number(price.toFixed(9)));

test("a spacing floor scales the first distance too", () => {
  const strategy = bind({ minGridSpacingPct: 1.2, sides: both });
  expect(pricesOf(strategy)).toEqual([97.648, 96.472, 95.296]);
  expect(pricesOf(strategy, undefined, "short")).toEqual([102.352, 103.528, 104.704]);
});

test("levels stand at multiples of the ATR from the average", () => {
  const strategy = bind({ atrMultiplierStart: 3, atrMultiplierStep: 1.5, numLevels: 4 });
  expect(pricesOf(strategy)).toEqual([98.5, 97.75, 97, 96.25]);
});

test("a market that is too quiet opens nothing, and an open cycle goes on in it", () => {
  const strategy = bind({ minAtrPct: 0.52 });
  expect(strategy.levels(indicators, undefined)).toEqual([]);
  expect(pricesOf(strategy, cycle("long", 99))).toEqual([98.5, 98]);
  expect(pricesOf(bind({ minAtrPct: 0.51 }))).toHaveLength(3);
});

test("levels come one by one, the long before the short", () => {
  const levels = bind({ sides: ["short", "long"], numLevels: 2 }).levels(indicators, undefined);
  expect(levels.map(({ index, side }) => `${index} ${side}`)).toEqual([
    "0 long",
    "0 short",
    "1 long",
    "1 short",
  ]);
});

test("without an average or a range there is no level, no target and no exit", () => {
  const strategy = bind({ sides: both });
  const open = cycle("long", 100);
  for (const missing of [{ atr: 0.5, close: 1 }, { sma: 100, close: 98 }, { sma: 1, atr: 0 }, {}]) {
    expect(strategy.levels(missing, undefined)).toEqual([]);
  }
  expect(strategy.takeProfit({ close: 98 }, open)).toBeUndefined();
  expect(strategy.exit({ close: 1 }, open, millis(0))).toBeUndefined();
});

test.each<[PositionSide, number, number, number]>([
  // Side, average, least profit in percent, take-profit with the average price at 100.
  ["long", 99, 0, 100],
  ["long", 105, 0, 100],
  ["long", 99, 0.5, 100],
  ["long", 105, 2, 107.1],
  ["short", 101, 0.5, 100],
  ["short", 95, 2, 93.1],
])("a %s from %s with %s %% least profit takes profit at %s", (side, average, least, expected) => {
  const strategy = bind({ minProfitPct: least, sides: both });
  const open = cycle(side, average);
  expect(strategy.takeProfit(indicators, open)).toBeCloseTo(expected, 9);
  // The close decision agrees with the resting price.
  const beyond = side === "long" ? 1e-6 : -1e-6;
  const decided = (close: number) => strategy.exit({ ...indicators, close }, open, millis(0));
  expect(decided(expected + beyond)).toBe("tp_global");
  expect(decided(expected - beyond)).toBeUndefined();
});

test("exits are looked at in order: profit, stop, time", () => {
  const strategy = bind({ slPercent: 5, maxHoldCandles: 24, sides: both });
  const at = millis(24 * HOUR_MS);
  const decide = (side: PositionSide, average: number, close: number) =>
    strategy.exit({ ...indicators, close }, cycle(side, average), at);
  expect(decide("long", 150, 100)).toBe("tp_global");
  expect(decide("long", 104, 98)).toBe("sl_global");
  expect(decide("long", 99, 98)).toBe("time_stop");
  expect(decide("long", 97, 98)).toBeUndefined();
  expect(decide("short", 50, 100)).toBe("tp_global");
  expect(decide("short", 104, 110)).toBe("sl_global");
  expect(decide("short", 104, 105)).toBe("time_stop");
});

test("candles are enough only when all of them are there and none is missing in between", () => {
  const strategy = bind({});
  const candles = madeCandles(strategy.lookback);
  expect(strategy.indicators(candles)).toEqual({
    sma: expect.any(Number),
    atr: expect.any(Number),
    close: candles.at(-1)?.close,
  });
  expect(strategy.indicators(candles.slice(1))).toBeUndefined();
  expect(strategy.indicators(madeCandles(strategy.lookback + 1).toSpliced(100, 1))).toBeUndefined();
  expect(strategy.indicators([])).toBeUndefined();
});

test("a longer history does not change a bit of the indicators", () => {
  const strategy = bind({});
  const candles = madeCandles(700);
  expect(strategy.indicators(candles)).toEqual(
    strategy.indicators(candles.slice(-strategy.lookback)),
  );
  expect(strategy.indicators(candles)?.["atr"]).toBeCloseTo(1.0926564733276205, 9);
});

test("each parameter of a symbol changes what it is for", () => {
  const candles = madeCandles(700);
  const standard = bind({});
  const values = standard.indicators(candles);
  expect(bind({ maPeriod: 7 }).indicators(candles)?.["sma"]).not.toBe(values?.["sma"]);
  expect(bind({ atrPeriod: 10 }).indicators(candles)?.["atr"]).not.toBe(values?.["atr"]);
  expect(bind({ numLevels: 5 }).maxLevels).toBe(5);
  expect(bind({ slPercent: 15 }).stopPercent).toBe(15);
  expect(bind({ cooldownCandles: 7 }).cooldownCandles).toBe(7);
});

const anyParameters = fc.record({
  atrMultiplierStart: fc.double({ min: 0.1, max: 10, noNaN: true }),
  atrMultiplierStep: fc.double({ min: 0.1, max: 10, noNaN: true }),
  numLevels: fc.integer({ min: 1, max: 6 }),
  minGridSpacingPct: fc.double({ min: 0, max: 10, noNaN: true }),
  sides: fc.constantFrom(["long"], ["short"], both),
});
const anyIndicators = fc.record({
  sma: fc.double({ min: 0.001, max: 1e5, noNaN: true }),
  atr: fc.double({ min: 0, max: 1e5, noNaN: true }),
  close: fc.double({ min: 0.001, max: 1e5, noNaN: true }),
});
const anyCycle = fc.option(
  fc
    .tuple(
      fc.constantFrom<PositionSide>("long", "short"),
      fc.subarray([0, 1, 2, 3, 4, 5], { minLength: 1 }),
    )
    .map(([side, filled]) => cycle(side, 100, filled)),
  { nil: undefined },
);

test("levels move away from the average, stay on their side of it, and share the allocation", () => {
  fc.assert(
    fc.property(anyParameters, anyIndicators, anyCycle, (parameters, numbers, open) => {
      const levels = bind(parameters).levels(numbers, open);
      for (const side of ["long", "short"] as const) {
        const own = levels.filter((level) => level.side === side);
        const distances = own.map(({ price }) => Math.abs(price - numbers.sma));
        expect(distances).toEqual(distances.toSorted((a, b) => a - b));
        expect(own.map(({ index }) => index)).toEqual(
          own.map(({ index }) => index).toSorted((a, b) => a - b),
        );
        for (const { price } of own) {
          expect(price).toBeGreaterThan(0);
          expect(side === "long" ? price <= numbers.sma : price >= numbers.sma).toBe(true);
        }
        expect(own.reduce((sum, { fraction }) => sum + fraction, 0)).toBeLessThanOrEqual(1 + 1e-12);
      }
    }),
  );
});

test("a filled level is never offered again, nor the other side of an open cycle", () => {
  fc.assert(
    fc.property(anyParameters, anyIndicators, anyCycle, (parameters, numbers, open) => {
      const levels = bind(parameters).levels(numbers, open);
      for (const { index, side } of levels) {
        expect(open?.filledLevels.has(index)).not.toBe(true);
        expect(open === undefined ? parameters.sides : [open.side]).toContain(side);
      }
    }),
  );
});
