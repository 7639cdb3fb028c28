/**
 * Volume-weighted average price of a rolling window: sum(typical V) / sum(V), typical = (H+L+C)/3.
 *
 * A window and not a session: nothing is reset at midnight. Without any volume it is the typical
 * price of its own candle.
 */

import { at, overWindows, sumOf, type Bars, type Series } from "./series.ts";

export const vwap = ({ high, low, close, volume }: Bars, window: number): Series => {
  const typical = close.map((price, index) => (at(high, index) + at(low, index) + price) / 3);
  const value = typical.map((price, index) => price * at(volume, index));
  return overWindows(close.length, window, (first, end) => {
    const traded = sumOf(volume, first, end);
    return traded > 0 ? sumOf(value, first, end) / traded : at(typical, end - 1);
  });
};
