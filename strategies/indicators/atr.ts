/**
 * True range and its Wilder average (Wilder 1978):
 * TR[i] = max(H[i] - L[i], |H[i] - C[i-1]|, |L[i] - C[i-1]|), ATR = Wilder average of TR[1..].
 *
 * TR[0] has no close before it and is H[0] - L[0]; the average leaves it out.
 */

import { at, type PriceBars, type Series } from "./series.ts";
import { wilderAverage } from "./wilder.ts";

export const trueRange = ({ high, low, close }: PriceBars): Series =>
  high.map((top, index) => {
    const bottom = at(low, index);
    if (index === 0) return top - bottom;
    const before = at(close, index - 1);
    return Math.max(top - bottom, Math.abs(top - before), Math.abs(bottom - before));
  });

export const atr = (bars: PriceBars, period: number): Series =>
  wilderAverage(trueRange(bars), period, 1);
