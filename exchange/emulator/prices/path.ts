/**
 * Where every price of the emulator comes from: one sample a second for each symbol, for ever.
 *
 * A path is a pure function of the instant, so the engine may ask for any second in any order, as
 * often as it likes, and a restart finds the same market. Prices are whole numbers of ticks: that is
 * what makes a candle equal to the samples it is made of, without a rounding anywhere.
 *
 * `aggregate` is the one primitive below every candle, ticker and statistic; `candles.ts` builds on
 * it, `shocks.ts` wraps it, and the two sources implement it.
 */

import { Big } from "big.js";
import { brandAs, type Brand } from "#base/brand.ts";
import type { Millis } from "#base/clock.ts";
import { assert } from "#base/result.ts";
import { price, type Price } from "#trading/money.ts";

/** Bitget's own name of a contract: `BTCUSDT`. */
export type ContractSymbol = Brand<string, "ContractSymbol">;

/** What traded in a stretch of time. Prices in ticks, volume in base units. */
export type Bar = {
  readonly openTime: Millis;
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
  readonly volume: number;
};

export type PricePath = {
  /** Everything that decides the prices, in one line: two paths of one identity are one path. */
  readonly identity: string;
  readonly symbols: ReadonlyArray<ContractSymbol>;
  /** First instant of which anything is known. */
  readonly start: Millis;
  /** After this instant the first symbol stands still; `undefined`: never. */
  readonly end: Millis | undefined;
  /** A tick is ten to the minus this. */
  readonly decimals: (symbol: ContractSymbol) => number;
  /** The price during the second that holds the instant; the last one after the end. */
  readonly ticksAt: (symbol: ContractSymbol, at: Millis) => number | undefined;
  /** Of the whole seconds in `[from, to)`; `undefined` unless all of them are known. */
  readonly aggregate: (symbol: ContractSymbol, from: Millis, to: Millis) => Bar | undefined;
};

export const SECOND_MS = 1_000;
export const MINUTE_MS = 60_000;
export const HOUR_MS = 3_600_000;
export const DAY_MS = 86_400_000;

const QUOTE = "USDT";

export const contractSymbol = (text: string): ContractSymbol => {
  assert(/^[A-Z0-9]{1,20}USDT$/.test(text), `contract ${text} is <BASE>USDT`);
  return brandAs(text);
};

export const baseOf = (symbol: ContractSymbol): string => symbol.slice(0, -QUOTE.length);

export const floorTo = (at: number, lengthMs: number): number =>
  Math.floor(at / lengthMs) * lengthMs;

/** Exact: the tick is a power of ten. */
export const ticksToPrice = (ticks: number, decimals: number): Price =>
  price(new Big(ticks).times(new Big(10).pow(-decimals)));

/** The double nearest to the decimal. For statistics and candles, never for money. */
export const ticksToNumber = (ticks: number, decimals: number): number => ticks / 10 ** decimals;

export const priceAt = (path: PricePath, symbol: ContractSymbol, at: Millis): Price | undefined => {
  const ticks = path.ticksAt(symbol, at);
  return ticks === undefined ? undefined : ticksToPrice(ticks, path.decimals(symbol));
};

/** The bar of two stretches that follow one another. */
export const joinBars = (first: Bar | undefined, second: Bar): Bar =>
  first === undefined
    ? second
    : {
        openTime: first.openTime,
        open: first.open,
        high: Math.max(first.high, second.high),
        low: Math.min(first.low, second.low),
        close: second.close,
        volume: first.volume + second.volume,
      };
