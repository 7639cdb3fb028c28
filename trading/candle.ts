/** Closed OHLCV bars. An open bar never becomes one of these: decisions use closed candles only. */

import type { Millis } from "#base/clock.ts";
import { millis } from "#base/clock.ts";

export type Candle = {
  /** When the bar opened; it closed one timeframe later. */
  readonly openTime: Millis;
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
  /** In base units. */
  readonly volume: number;
};

export type Timeframe = "1m" | "5m" | "15m" | "1h" | "4h" | "1d";

const MINUTE_MS = 60_000;

export const timeframeMs: Readonly<Record<Timeframe, number>> = {
  "1m": MINUTE_MS,
  "5m": 5 * MINUTE_MS,
  "15m": 15 * MINUTE_MS,
  "1h": 60 * MINUTE_MS,
  "4h": 240 * MINUTE_MS,
  "1d": 1_440 * MINUTE_MS,
};

/** Open time of the newest bar that is closed at `at`. Bars are aligned to the Unix epoch, in UTC. */
export const lastClosedOpenTime = (timeframe: Timeframe, at: Millis): Millis => {
  const length = timeframeMs[timeframe];
  return millis(Math.floor(at / length) * length - length);
};

/** True when every bar follows the one before it without a gap or a repeat. */
export const isContiguous = (timeframe: Timeframe, candles: ReadonlyArray<Candle>): boolean =>
  candles.every((candle, index) => {
    const previous = candles[index - 1];
    return previous === undefined || candle.openTime - previous.openTime === timeframeMs[timeframe];
  });
