import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { madeCandles } from "./made-candles.ts";
import { resample } from "./resample.ts";

const candles = madeCandles(12);

test("a longer candle opens with its first, closes with its last and holds what lies between", () => {
  const [first] = resample(candles, "1h", "4h");
  const parts = candles.slice(0, 4);
  expect(first).toEqual({
    openTime: parts[0]?.openTime,
    open: parts[0]?.open,
    high: Math.max(...parts.map(({ high }) => high)),
    low: Math.min(...parts.map(({ low }) => low)),
    close: parts[3]?.close,
    volume: parts.reduce((sum, { volume }) => sum + volume, 0),
  });
});

test("a bucket that lacks any of its candles does not come out", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 11 }), (missing) => {
      const buckets = resample(candles.toSpliced(missing, 1), "1h", "4h");
      const lost = Math.floor(missing / 4);
      expect(buckets).toEqual(resample(candles, "1h", "4h").toSpliced(lost, 1));
    }),
  );
});

test("candles that do not fill a whole number of longer ones are refused", () => {
  expect(() => resample(candles, "4h", "1h")).toThrow("invariant broken");
});
