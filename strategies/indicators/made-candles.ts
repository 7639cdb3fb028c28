/**
 * A reproducible series of hourly candles with known indicator values (indicators 14).
 *
 * For tests: Lehmer's generator s <- 16807 s mod (2^31 - 1), exact in doubles, four draws a candle.
 */

import { millis } from "#base/clock.ts";
import type { Candle } from "#trading/candle.ts";

const MULTIPLIER = 16_807;
const MODULUS = 2 ** 31 - 1;
const START = Date.UTC(2024, 0, 1);
const HOUR_MS = 3_600_000;

export const madeCandles = (length: number): ReadonlyArray<Candle> => {
  let seed = 1;
  const draw = (): number => {
    seed = (MULTIPLIER * seed) % MODULUS;
    return seed / MODULUS;
  };
  const candles: Candle[] = [];
  for (let index = 0; index < length; index += 1) {
    const [u1, u2, u3, u4] = [draw(), draw(), draw(), draw()];
    const open = candles.at(-1)?.close ?? 100;
    const close = open * (1 + (u1 - 0.5) * 0.02);
    candles.push({
      openTime: millis(START + index * HOUR_MS),
      open,
      high: Math.max(open, close) * (1 + u2 * 0.005),
      low: Math.min(open, close) * (1 - u3 * 0.005),
      close,
      volume: 100 + 1_000 * u4,
    });
  }
  return candles;
};
