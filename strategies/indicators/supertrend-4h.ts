/**
 * Direction of the 4-hour Supertrend, seen from shorter candles: that of the last 4-hour bucket
 * before the candle's own (UTC buckets, floor(t / 4 h)).
 *
 * The candle's own bucket is never read, finished or not, so the direction can change only at
 * 00:00, 04:00, .. A bucket that the series does not hold whole counts with what there is of it.
 */

import { timeframeMs } from "#trading/candle.ts";
import { atr } from "./atr.ts";
import { at, type Bars, type Series } from "./series.ts";
import { supertrend } from "./supertrend.ts";

export const fourHourDirection = (bars: Bars, atrPeriod: number, multiplier: number): Series => {
  const bucketOf = bars.openTime.map((openTime) => Math.floor(openTime / timeframeMs["4h"]));
  const high: number[] = [];
  const low: number[] = [];
  const close: number[] = [];
  /** Index of each candle's bucket among the buckets. */
  const position = bucketOf.map((bucket, index) => {
    const isNew = bucket !== at(bucketOf, index - 1);
    const own = isNew ? high.length : high.length - 1;
    high[own] = isNew ? at(bars.high, index) : Math.max(at(high, own), at(bars.high, index));
    low[own] = isNew ? at(bars.low, index) : Math.min(at(low, own), at(bars.low, index));
    close[own] = at(bars.close, index);
    return own;
  });
  const buckets = { high, low, close };
  const { direction } = supertrend(buckets, atr(buckets, atrPeriod), multiplier);
  return position.map((own) => at(direction, own - 1));
};
