/**
 * Simple moving average: SMA[i] = (v[i-p+1] + .. + v[i]) / p.
 *
 * Each window is summed by itself, so a value depends on its own p inputs and on nothing older: two
 * processes whose buffers start at different candles compute the same bits.
 */

import { overWindows, sumOf, type Series } from "./series.ts";

export const sma = (values: Series, period: number): Series =>
  overWindows(values.length, period, (first, end) => sumOf(values, first, end) / period);
