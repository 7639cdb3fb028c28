/**
 * Wilder's average: W[i] = (W[i-1] (p-1) + v[i]) / p, seeded by the mean of the first p values
 * (J. Welles Wilder, New Concepts in Technical Trading Systems, 1978).
 *
 * It never forgets: what the average was n candles ago weighs (1 - 1/p)^n today. `wilderSettling`
 * says how many candles make that weight too small to matter.
 */

import { at, sumOf, unavailable, type Series } from "./series.ts";

/** The first value that counts is values[first]; the average exists from index first + p - 1. */
export const wilderAverage = (values: Series, period: number, first: number): Series => {
  const seed = first + period - 1;
  const averages = [...unavailable(values.length)];
  if (seed >= values.length) return averages;
  let average = sumOf(values, first, first + period) / period;
  averages[seed] = average;
  for (let index = seed + 1; index < values.length; index += 1) {
    average = (average * (period - 1) + at(values, index)) / period;
    averages[index] = average;
  }
  return averages;
};

/**
 * Candles after which a Wilder average that starts anywhere agrees with one of infinite history:
 * the seed's own p + 1 and the recursion's n, where (1 - 1/p)^n <= residual. The default promises
 * 1e-9 of the value even when the seed was a hundred times off.
 */
export const wilderSettling = (period: number, residual = 1e-11): number =>
  period + 1 + Math.ceil(Math.log(residual) / Math.log1p(-1 / period));
