/**
 * Bollinger bands: SMA(p) -/+ m sigma, sigma the population deviation of the last p closes
 * (J. Bollinger, Bollinger on Bollinger Bands, 2001).
 */

import { at, overWindows, type Series } from "./series.ts";
import { sma } from "./sma.ts";

export type BollingerBands = {
  readonly middle: Series;
  readonly upper: Series;
  readonly lower: Series;
};

export const bollinger = (closes: Series, period: number, width: number): BollingerBands => {
  const middle = sma(closes, period);
  const reach = overWindows(closes.length, period, (first, end) => {
    const mean = at(middle, end - 1);
    let squares = 0;
    for (let index = first; index < end; index += 1) squares += (at(closes, index) - mean) ** 2;
    return width * Math.sqrt(squares / period);
  });
  return {
    middle,
    upper: middle.map((mean, index) => mean + at(reach, index)),
    lower: middle.map((mean, index) => mean - at(reach, index)),
  };
};

/** Width of the bands in parts of the lower one; `NaN` when the lower one is not above zero. */
export const bandSpread = (upper: number, lower: number): number =>
  lower > 0 ? (upper - lower) / lower : Number.NaN;
