/** Exponential moving average: EMA[i] = k v[i] + (1-k) EMA[i-1], k = 2/(p+1), seeded by SMA[p-1]. */

import { sumOf, type Series } from "./series.ts";

export const ema = (values: Series, period: number): Series => {
  const weight = 2 / (period + 1);
  let average = Number.NaN;
  return values.map((value, index) => {
    if (index < period - 1) return Number.NaN;
    average =
      index === period - 1
        ? sumOf(values, 0, period) / period
        : value * weight + average * (1 - weight);
    return average;
  });
};
