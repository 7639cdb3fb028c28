/**
 * Numbers by candle, oldest first. `NaN` means "not available yet" and nothing else.
 *
 * Every indicator takes whole series and gives one of the same length, so that a value belongs to
 * its candle by position. Nothing here reads past its own candle: appending candles leaves what is
 * already there as it is (the two exceptions, ADX and Supertrend on too short a series, say so).
 */

import type { Candle } from "#trading/candle.ts";

export type Series = ReadonlyArray<number>;

/** Candles by column. */
export type Bars = {
  readonly openTime: Series;
  readonly open: Series;
  readonly high: Series;
  readonly low: Series;
  readonly close: Series;
  readonly volume: Series;
};

/** The three columns that volatility and trend are made of. */
export type PriceBars = Pick<Bars, "high" | "low" | "close">;

export const barsOf = (candles: ReadonlyArray<Candle>): Bars => ({
  openTime: candles.map(({ openTime }) => openTime),
  open: candles.map(({ open }) => open),
  high: candles.map(({ high }) => high),
  low: candles.map(({ low }) => low),
  close: candles.map(({ close }) => close),
  volume: candles.map(({ volume }) => volume),
});

/** The value at an index, `NaN` outside the series. */
export const at = (values: Series, index: number): number => values[index] ?? Number.NaN;

export const last = (values: Series): number => at(values, values.length - 1);

export const unavailable = (length: number): Series => Array.from({ length }, () => Number.NaN);

/** One value for each window of `period` that ends at its candle; `NaN` until the first is full. */
export const overWindows = (
  length: number,
  period: number,
  valueOf: (first: number, end: number) => number,
): Series =>
  Array.from({ length }, (_, index) =>
    index < period - 1 ? Number.NaN : valueOf(index - period + 1, index + 1),
  );

/** Sum of values[first] .. values[end - 1]. */
export const sumOf = (values: Series, first: number, end: number): number => {
  let sum = 0;
  for (let index = first; index < end; index += 1) sum += at(values, index);
  return sum;
};
