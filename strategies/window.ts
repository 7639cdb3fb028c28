/**
 * The candles that a decision is made of: exactly the last `lookback`, or none.
 *
 * Taking the same number always, however many there are, makes the numbers a function of those
 * candles alone: a process that has just started and one that has run for a month agree to the bit.
 * A gap makes it none, because an indicator across a gap is wrong without looking wrong.
 */

import { isContiguous, type Candle, type Timeframe } from "#trading/candle.ts";
import type { Indicators } from "#trading/strategy.ts";

export const decisionWindow = (
  candles: ReadonlyArray<Candle>,
  timeframe: Timeframe,
  lookback: number,
): ReadonlyArray<Candle> | undefined => {
  if (candles.length < lookback) return undefined;
  const window = candles.slice(-lookback);
  return isContiguous(timeframe, window) ? window : undefined;
};

/** The numbers, if all of them are numbers. */
export const allFinite = (numbers: Indicators): Indicators | undefined =>
  Object.values(numbers).every((value) => Number.isFinite(value)) ? numbers : undefined;
