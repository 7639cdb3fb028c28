/** Candles of any length from a path, and never one second of the future. */

import { millis, type Millis } from "#base/clock.ts";
import { openTimeAt, type Granularity } from "./granularity.ts";
import { floorTo, SECOND_MS, type Bar, type ContractSymbol, type PricePath } from "./path.ts";

export type CandleQuery = {
  readonly symbol: ContractSymbol;
  readonly granularity: Granularity;
  /** Open times in `[from, to)`. */
  readonly from: Millis;
  readonly to: Millis;
  /** The newest that many. */
  readonly limit: number;
  readonly now: Millis;
};

/** Closed candles, oldest first. */
export const closedCandles = (path: PricePath, query: CandleQuery): ReadonlyArray<Bar> => {
  const { granularity, symbol, from, to, limit, now } = query;
  const { lengthMs } = granularity;
  const bars: Bar[] = [];
  const lastClosed = openTimeAt(granularity, now) - lengthMs;
  const newest = Math.min(lastClosed, openTimeAt(granularity, millis(to - 1)));
  for (let open = newest; open >= from && bars.length < limit; open -= lengthMs) {
    const bar = path.aggregate(symbol, millis(open), millis(open + lengthMs));
    if (bar === undefined && open < path.start) break;
    if (bar !== undefined) bars.push(bar);
  }
  return bars.toReversed();
};

/** The candle that is forming, of the seconds that have begun; none after the end of the data. */
export const currentCandle = (
  path: PricePath,
  symbol: ContractSymbol,
  granularity: Granularity,
  now: Millis,
): Bar | undefined => {
  const open = Math.max(openTimeAt(granularity, now), path.start);
  return path.aggregate(symbol, millis(open), millis(floorTo(now, SECOND_MS) + SECOND_MS));
};
