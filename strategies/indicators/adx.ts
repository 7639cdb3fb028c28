/**
 * Directional movement (Wilder 1978): DI = 100 DM / TR over Wilder averages,
 * DX = 100 |DI+ - DI-| / (DI+ + DI-), ADX = Wilder average of DX from index p on.
 *
 * Nothing is given for fewer than 2p + 1 candles, although an ADX would exist one earlier: that is
 * how the reference numbers were made.
 */

import { trueRange } from "./atr.ts";
import { at, unavailable, type PriceBars, type Series } from "./series.ts";
import { wilderAverage } from "./wilder.ts";

export type DirectionalMovement = {
  readonly adx: Series;
  readonly plusDi: Series;
  readonly minusDi: Series;
};

export const adx = (bars: PriceBars, period: number): DirectionalMovement => {
  const length = bars.close.length;
  if (length < 2 * period + 1) {
    const none = unavailable(length);
    return { adx: none, plusDi: none, minusDi: none };
  }
  const ranges = wilderAverage(trueRange(bars), period, 1);
  const share = (moves: Series): Series =>
    wilderAverage(moves, period, 1).map((move, index) => ratio(100 * move, at(ranges, index)));
  const plusDi = share(movesUp(bars));
  const minusDi = share(movesDown(bars));
  const dx = plusDi.map((plus, index) => {
    const minus = at(minusDi, index);
    return ratio(100 * Math.abs(plus - minus), plus + minus);
  });
  return { adx: wilderAverage(dx, period, period), plusDi, minusDi };
};

/** How much further up this candle reached than the last, when it reached further up than down. */
const movesUp = ({ high, low }: PriceBars): Series =>
  high.map((top, index) => {
    const up = top - at(high, index - 1);
    return up > at(low, index - 1) - at(low, index) ? Math.max(up, 0) : 0;
  });

const movesDown = ({ high, low }: PriceBars): Series =>
  low.map((bottom, index) => {
    const down = at(low, index - 1) - bottom;
    return down > at(high, index) - at(high, index - 1) ? Math.max(down, 0) : 0;
  });

/** A market that has not moved has no direction: 0, not a division by zero. */
const ratio = (part: number, whole: number): number => {
  if (Number.isNaN(whole)) return Number.NaN;
  return whole > 0 ? part / whole : 0;
};
