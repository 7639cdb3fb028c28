import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { millis } from "#base/clock.ts";
import { isContiguous, timeframeMs, type Candle } from "#trading/candle.ts";
import {
  emptyWindow,
  extendWindow,
  isComplete,
  missingCandles,
  newestOpenTime,
  type CandleWindow,
} from "./window.ts";

const HOUR = timeframeMs["1h"];
const LENGTH = 5;

/** What really traded in hour `index`. */
const candle = (index: number): Candle => ({
  openTime: millis(index * HOUR),
  open: 100 + index,
  high: 102 + index,
  low: 99 + index,
  close: 101 + index,
  volume: 1,
});
const candles = (...indices: ReadonlyArray<number>) => indices.map(candle);
const range = (from: number, to: number) =>
  candles(...Array.from({ length: to - from + 1 }, (_, index) => from + index));

const empty = emptyWindow("1h", LENGTH);
const whole: CandleWindow = extendWindow(empty, range(1, 5));
const hours = ({ candles: held }: CandleWindow) => held.map(({ openTime }) => openTime / HOUR);

test.each<[string, ReadonlyArray<Candle>, ReadonlyArray<number>]>([
  ["nothing", [], [1, 2, 3, 4, 5]],
  ["the next one", candles(6), [2, 3, 4, 5, 6]],
  ["the newest again", candles(5), [1, 2, 3, 4, 5]],
  ["a few that overlap", candles(4, 5, 6), [2, 3, 4, 5, 6]],
  ["more than it holds", range(2, 9), [5, 6, 7, 8, 9]],
  ["some after a hole, which do not reach back", candles(7, 8), [7, 8]],
  ["some with a hole in them", candles(6, 8), []],
  ["one twice", candles(6, 6), []],
  ["some in the wrong order", candles(7, 6), []],
  ["some from a replica that lags", candles(2, 3), [1, 2, 3]],
  ["some from long ago", candles(-9, -8), [-9, -8]],
])("a whole window that reads %s", (_name, read, expected) => {
  expect(hours(extendWindow(whole, read))).toEqual(expected);
});

test("what is read again replaces what was known, because exchanges correct candles", () => {
  const corrected = { ...candle(5), close: 7 };
  expect(extendWindow(whole, [corrected]).candles.at(-1)).toEqual(corrected);
});

test.each<[string, CandleWindow, number, number]>([
  ["an empty window wants all", empty, 5, LENGTH],
  ["a whole one wants nothing", whole, 5, 0],
  ["one that is behind wants what it is behind", whole, 7, 2],
  ["one that is far behind wants no more than it holds", whole, 500, LENGTH],
  ["one that is ahead of the clock wants nothing", whole, 3, 0],
  ["one that is too short wants all", extendWindow(empty, range(4, 5)), 5, LENGTH],
])("%s", (_name, window, hour, expected) => {
  expect(missingCandles(window, millis(hour * HOUR))).toBe(expected);
});

test("a window is complete only when it is whole and ends with the candle that is asked for", () => {
  expect(isComplete(whole, millis(5 * HOUR))).toBe(true);
  expect(isComplete(whole, millis(6 * HOUR))).toBe(false);
  expect(isComplete(whole, millis(4 * HOUR))).toBe(false);
  expect(isComplete(extendWindow(empty, range(2, 5)), millis(5 * HOUR))).toBe(false);
  expect(isComplete(empty, millis(5 * HOUR))).toBe(false);
  expect(newestOpenTime(empty)).toBeUndefined();
});

/** One answer of an exchange: some of the truth, with holes, repeats and in any order. */
const anyRead: fc.Arbitrary<ReadonlyArray<Candle>> = fc
  .tuple(
    fc.integer({ min: 0, max: 30 }),
    fc.integer({ min: 0, max: 8 }),
    fc.constantFrom("whole", "whole", "whole", "hole", "repeat", "reversed"),
    fc.nat(7),
  )
  .map(([from, count, shape, at]) => {
    const read = range(from, from + count - 1);
    if (shape === "hole") return read.filter((_, index) => index !== at);
    const repeats = (index: number) => (shape === "repeat" && index === at ? 2 : 1);
    if (shape !== "reversed") {
      return read.flatMap((one, index) => Array.from({ length: repeats(index) }, () => one));
    }
    return read.toReversed();
  });

type Extend = typeof extendWindow;

/** Whatever is read, a window holds a stretch of the truth, and is complete only if all of it is. */
const holdsTruth = (extend: Extend) =>
  fc.property(fc.array(anyRead, { maxLength: 12 }), (reads) => {
    let window = empty;
    for (const read of reads) {
      window = extend(window, read);
      expect(window.candles.length).toBeLessThanOrEqual(LENGTH);
      expect(isContiguous("1h", window.candles)).toBe(true);
      for (const held of window.candles) expect(held).toEqual(candle(held.openTime / HOUR));
      const newest = (newestOpenTime(window) ?? 0) / HOUR;
      if (isComplete(window, millis(newest * HOUR))) {
        expect(window.candles).toEqual(range(newest - LENGTH + 1, newest));
      }
    }
    expect(isComplete(extend(window, range(40, 44)), millis(44 * HOUR))).toBe(true);
  });

test("whatever is read, a window is a stretch of the truth without a gap or a repeat", () => {
  fc.assert(holdsTruth(extendWindow), { numRuns: 500 });
});

test.each<[string, Extend]>([
  [
    "takes a candle twice",
    (window, read) => ({
      ...window,
      candles: [...window.candles, ...read].slice(-LENGTH),
    }),
  ],
  [
    "bridges a hole",
    (window, read) => {
      const known = new Map(
        [...window.candles, ...read].map((one) => [one.openTime, one] as const),
      );
      const sorted = [...known.values()].toSorted((a, b) => a.openTime - b.openTime);
      return { ...window, candles: sorted.slice(-LENGTH) };
    },
  ],
  [
    "keeps the order of the answer",
    (window, read) => ({ ...window, candles: read.slice(-LENGTH) }),
  ],
])("a window that %s is found out", (_name, mutant) => {
  expect(() => fc.assert(holdsTruth(mutant), { numRuns: 500 })).toThrow("Property failed");
});
