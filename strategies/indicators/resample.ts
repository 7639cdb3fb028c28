/**
 * Longer candles from shorter ones: open of the first, highest high, lowest low, close of the last,
 * sum of the volumes, in buckets of floor(t / length) in UTC.
 *
 * Only whole buckets come out. One that lacks a candle, at the ends or in the middle, would be a
 * different candle from the one that the exchange shows.
 */

import { assert } from "#base/result.ts";
import { millis } from "#base/clock.ts";
import { timeframeMs, type Candle, type Timeframe } from "#trading/candle.ts";

export const resample = (
  candles: ReadonlyArray<Candle>,
  from: Timeframe,
  to: Timeframe,
): ReadonlyArray<Candle> => {
  const size = timeframeMs[to] / timeframeMs[from];
  assert(Number.isInteger(size), `${to} is made of whole candles of ${from}`);
  const byOpenTime = new Map<number, ReadonlyArray<Candle>>();
  for (const candle of candles) {
    const openTime = Math.floor(candle.openTime / timeframeMs[to]) * timeframeMs[to];
    byOpenTime.set(openTime, [...(byOpenTime.get(openTime) ?? []), candle]);
  }
  return [...byOpenTime].flatMap(([openTime, parts]) => {
    const first = parts[0];
    const end = parts.at(-1);
    if (first === undefined || end === undefined || parts.length !== size) return [];
    return [
      {
        openTime: millis(openTime),
        open: first.open,
        high: Math.max(...parts.map(({ high }) => high)),
        low: Math.min(...parts.map(({ low }) => low)),
        close: end.close,
        volume: parts.reduce((sum, { volume }) => sum + volume, 0),
      },
    ];
  });
};
