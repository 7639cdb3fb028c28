/**
 * The closed candles of one symbol, as many as its strategy looks back on, without a gap.
 *
 * Pure. A candle enters once and in order; a gap or a contradiction empties the window, because
 * indicators over a hole are wrong without looking wrong (incidents 18, 42).
 */

import type { Millis } from "#base/clock.ts";
import { isContiguous, timeframeMs, type Candle, type Timeframe } from "#trading/candle.ts";

export type CandleWindow = {
  readonly timeframe: Timeframe;
  readonly length: number;
  /** Oldest first; at most `length`. */
  readonly candles: ReadonlyArray<Candle>;
};

export const emptyWindow = (timeframe: Timeframe, length: number): CandleWindow => ({
  timeframe,
  length,
  candles: [],
});

export const newestOpenTime = ({ candles }: CandleWindow): Millis | undefined =>
  candles.at(-1)?.openTime;

/** How many candles must be fetched so that the window is whole up to `openTime`. */
export const missingCandles = (window: CandleWindow, openTime: Millis): number => {
  const newest = newestOpenTime(window);
  if (newest === undefined || window.candles.length < window.length) return window.length;
  const behind = Math.round((openTime - newest) / timeframeMs[window.timeframe]);
  return Math.max(0, Math.min(behind, window.length));
};

/** Joins newly read candles to the window. What is read again replaces what was known. */
export const extendWindow = (window: CandleWindow, read: ReadonlyArray<Candle>): CandleWindow => {
  const [first] = read;
  if (first === undefined) return window;
  const kept = window.candles.filter(({ openTime }) => openTime < first.openTime);
  const joined = [...kept, ...read].slice(-window.length);
  if (isContiguous(window.timeframe, joined)) return { ...window, candles: joined };
  // What was just read stands by itself; the older part does not reach up to it.
  return {
    ...window,
    candles: isContiguous(window.timeframe, read) ? read.slice(-window.length) : [],
  };
};

/** Whole, and up to date with the candle that opened at `openTime`. */
export const isComplete = (window: CandleWindow, openTime: Millis): boolean =>
  window.candles.length >= window.length && newestOpenTime(window) === openTime;
