import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { millis } from "#base/clock.ts";
import {
  holdAtCloseSeconds,
  holdAtOpenSeconds,
  holdAtStartSeconds,
  samplesOf,
} from "./intrabar.ts";
import { contractSymbol, type Bar } from "./path.ts";

const symbol = contractSymbol("BTCUSDT");

const anyBar: fc.Arbitrary<Bar> = fc
  .tuple(fc.integer({ min: 1, max: 1e9 }), fc.nat(100_000), fc.nat(1_000), fc.nat(1_000))
  .map(([low, range, a, b]) => ({
    openTime: millis(1_600_000_000_000 + low),
    low,
    high: low + range,
    open: low + Math.round((range * a) / 1_000),
    close: low + Math.round((range * b) / 1_000),
    volume: 1,
  }));

const lengths = fc.constantFrom(60, 180, 300, 900, 3_600, 14_400);

test("the candle of the samples is the candle that was given", () => {
  fc.assert(
    fc.property(anyBar, lengths, fc.integer(), fc.boolean(), (bar, seconds, seed, isFirst) => {
      const hold = isFirst ? holdAtStartSeconds(seconds) : holdAtOpenSeconds(seconds);
      const samples = samplesOf(bar, seconds, { seed, symbol }, hold);
      expect(samples).toHaveLength(seconds);
      expect(samples[0]).toBe(bar.open);
      expect(samples.at(-1)).toBe(bar.close);
      const ordered = samples.toSorted();
      expect([ordered[0], ordered.at(-1)]).toEqual([bar.low, bar.high]);
      expect(samples.every(Number.isInteger)).toBe(true);
    }),
    { numRuns: 200 },
  );
});

test("the price holds at the open and at the close", () => {
  fc.assert(
    fc.property(anyBar, lengths, fc.integer(), (bar, seconds, seed) => {
      const samples = samplesOf(bar, seconds, { seed, symbol });
      const opening = samples.subarray(0, holdAtOpenSeconds(seconds));
      const closing = samples.subarray(seconds - holdAtCloseSeconds(seconds));
      expect(new Set(opening)).toEqual(new Set([bar.open]));
      expect(new Set(closing)).toEqual(new Set([bar.close]));
    }),
  );
  expect([holdAtOpenSeconds(3_600), holdAtCloseSeconds(3_600)]).toEqual([60, 30]);
  expect([holdAtOpenSeconds(300), holdAtCloseSeconds(300)]).toEqual([15, 7]);
});

const hour: Bar = {
  openTime: millis(0),
  open: 1_000,
  high: 1_200,
  low: 900,
  close: 1_150,
  volume: 1,
};
const way = (seed: number, bar = hour) => samplesOf(bar, 3_600, { seed, symbol });
const lowFirst = (samples: Float64Array, bar = hour) =>
  samples.indexOf(bar.low) < samples.indexOf(bar.high);

test("a seed has one way through a candle, and other seeds have others", () => {
  expect(way(1)).toEqual(way(1));
  expect(way(1)).not.toEqual(way(2));
});

test("both orders of the extremes happen, and a rising candle more often dips first", () => {
  const seeds = Array.from({ length: 400 }, (_, seed) => seed);
  const falling = { ...hour, open: hour.close, close: hour.open };
  const rises = seeds.filter((seed) => lowFirst(way(seed))).length;
  const falls = seeds.filter((seed) => lowFirst(way(seed, falling), falling)).length;
  expect(rises).toBeGreaterThan(240);
  expect(rises).toBeLessThan(390);
  expect(falls).toBeLessThan(160);
  expect(falls).toBeGreaterThan(10);
});

test("a candle in which nothing moved stays where it is", () => {
  const still = { ...hour, high: 1_000, low: 1_000, close: 1_000 };
  expect(new Set(way(3, still))).toEqual(new Set([1_000]));
});
