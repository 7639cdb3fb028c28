/**
 * Closed candles, however far back, without holes.
 *
 * Pages end at an instant and are taken from the newest to the oldest. Whether the exchange counts
 * that instant in does not matter: bars are kept by their own open time, and a bar counts as closed
 * by the clock alone, whatever it is sent with.
 */

import { millis, type Clock, type Millis } from "#base/clock.ts";
import {
  isContiguous,
  lastClosedOpenTime,
  timeframeMs,
  type Candle,
  type Timeframe,
} from "#trading/candle.ts";
import type { CandleRequest } from "../port.ts";
import { endpoints, PRODUCT_TYPE } from "./endpoints.ts";
import type { Dated, Gate } from "./gate.ts";
import type { Markets } from "./markets.ts";
import { toCandle } from "./rows.ts";

const granularities: Readonly<Record<Timeframe, string>> = {
  "1m": "1m",
  "5m": "5m",
  "15m": "15m",
  "1h": "1H",
  "4h": "4H",
  // Plain `1D` is a day of UTC+8.
  "1d": "1Dutc",
};

const DAY_MS = 86_400_000;
/** How far back the endpoint for recent candles reaches. (Bitget v2 mix: Get Candlestick Data.) */
const recentDays: Readonly<Record<Timeframe, number>> = {
  "1m": 30,
  "5m": 30,
  "15m": 52,
  "1h": 83,
  "4h": 240,
  "1d": 240,
};
const LONGEST_SPAN_MS = 90 * DAY_MS;
const RECENT_PAGE_SIZE = 1_000;
const HISTORY_PAGE_SIZE = 200;
const MOST_PAGES = 100;

export type CandleDeps = {
  readonly clock: Pick<Clock, "now">;
  readonly gate: Gate;
  readonly markets: Markets;
};

export const fetchCandles = async (
  { clock, gate, markets }: CandleDeps,
  { symbol, timeframe, before, limit }: CandleRequest,
): Promise<Dated<ReadonlyArray<Candle>>> => {
  const id = await markets.withNames((names) => names.idOf(symbol));
  const length = timeframeMs[timeframe];
  const now = clock.now();
  const last = Math.min(
    lastClosedOpenTime(timeframe, now),
    Math.floor((before - 1) / length) * length,
  );
  const first = last - (limit - 1) * length;
  const candleByOpenTime = new Map<Millis, Candle>();
  let end = last + length;
  let at: Millis | undefined;

  for (let page = 0; page < MOST_PAGES && end > first; page += 1) {
    const wanted = (end - first) / length;
    const [endpoint, size] = pageOf(timeframe, wanted, (now - end) / DAY_MS);
    const answer = await gate.ask("reads", endpoint, {
      symbol: id,
      productType: PRODUCT_TYPE,
      granularity: granularities[timeframe],
      endTime: `${end}`,
      limit: `${size}`,
    });
    at ??= answer.at;
    const candles = toCandles(answer.data, timeframe);
    for (const candle of candles) candleByOpenTime.set(candle.openTime, candle);
    const oldest = Math.min(end, ...candles.map(({ openTime }) => openTime));
    // Nothing older than what we have: this market is no older.
    if (oldest === end) break;
    end = oldest;
  }

  const wanted = [...candleByOpenTime.values()]
    .filter(({ openTime }) => openTime >= first && openTime <= last)
    .toSorted((a, b) => a.openTime - b.openTime);
  if (!isContiguous(timeframe, wanted)) throw new Error(`candles of ${symbol} have a gap`);
  return { value: wanted, at: at ?? millis(now) };
};

/** One row more than wanted: the page may count the bar at its end in. */
const pageOf = (timeframe: Timeframe, wanted: number, endDaysAgo: number) => {
  const span = Math.floor(LONGEST_SPAN_MS / timeframeMs[timeframe]);
  const size = Math.min(RECENT_PAGE_SIZE, span, wanted + 1);
  const startDaysAgo = endDaysAgo + (size * timeframeMs[timeframe]) / DAY_MS;
  return startDaysAgo < recentDays[timeframe]
    ? ([endpoints.candles, size] as const)
    : ([endpoints.historyCandles, Math.min(HISTORY_PAGE_SIZE, size)] as const);
};

const toCandles = (data: unknown, timeframe: Timeframe): ReadonlyArray<Candle> => {
  if (!Array.isArray(data)) throw new Error("the candles are not a list");
  return data.map((row: unknown) => toCandle(row, timeframe));
};
