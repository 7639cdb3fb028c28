/** Highest and lowest of the N values before this candle, its own left out: max(v[i-N..i-1]). */

import { at, overWindows, type Series } from "./series.ts";

export const rollingHigh = (highs: Series, window: number): Series =>
  extremes(highs, window, Math.max);

export const rollingLow = (lows: Series, window: number): Series =>
  extremes(lows, window, Math.min);

const extremes = (
  values: Series,
  window: number,
  pick: (a: number, b: number) => number,
): Series => {
  const ending = overWindows(values.length, window, (first, end) =>
    values.slice(first, end).reduce((a, b) => pick(a, b)),
  );
  return values.map((_, index) => at(ending, index - 1));
};
