/**
 * One contract as the exchange lists it: how fine its prices and sizes are, its minima, its fees.
 *
 * For the assets that the emulator knows the numbers are of the size of the real ones; for a symbol
 * that only a recording knows they are derived from its price, so that a step is worth about what it
 * is worth elsewhere. The tick always follows the price path: recorded candles must come out as they
 * were recorded.
 */

import { Big } from "big.js";
import { assert } from "#base/result.ts";
import { amount, price, quantity, type Amount, type Price, type Quantity } from "#trading/money.ts";
import { assets } from "./assets.ts";
import { baseOf, ticksToNumber, type ContractSymbol, type PricePath } from "./prices/path.ts";

export type Contract = {
  readonly symbol: ContractSymbol;
  readonly base: string;
  readonly pricePlace: number;
  readonly volumePlace: number;
  readonly tick: Price;
  /** Smallest change of a size. */
  readonly step: Quantity;
  readonly minSize: Quantity;
  readonly minNotional: Amount;
  readonly maxSize: Quantity;
  readonly maxMarketSize: Quantity;
  readonly maxLeverage: number;
  readonly makerFeeRate: Amount;
  readonly takerFeeRate: Amount;
};

/** Bitget's ordinary rates and its smallest order (reference: Bitget v2 mix `market/contracts`). */
const MAKER_FEE_RATE = "0.0002";
const TAKER_FEE_RATE = "0.0006";
const MIN_NOTIONAL = "5";
/** What one order may be worth, roughly: sizes are limited in base units. */
const MAX_ORDER_VALUE = 50_000_000;
const MAX_MARKET_SHARE = 0.2;
const MAX_LEVERAGE_UNKNOWN = 50;

export const contractsOf = (path: PricePath): ReadonlyMap<ContractSymbol, Contract> =>
  new Map(path.symbols.map((symbol) => [symbol, contractOf(path, symbol)]));

const contractOf = (path: PricePath, symbol: ContractSymbol): Contract => {
  const base = baseOf(symbol);
  const asset = assets.find((known) => known.base === base);
  const pricePlace = path.decimals(symbol);
  const ticks = path.ticksAt(symbol, path.start) ?? firstTicks(path, symbol);
  const firstPrice = ticksToNumber(ticks, pricePlace);
  const volumePlace = asset?.volumePlace ?? placesFor(firstPrice);
  const step = quantity(new Big(10).pow(-volumePlace));
  const maxSize = quantity(new Big(roundDigits(MAX_ORDER_VALUE / firstPrice)));
  return {
    symbol,
    base,
    pricePlace,
    volumePlace,
    tick: price(new Big(10).pow(-pricePlace)),
    step,
    minSize: step,
    minNotional: amount(MIN_NOTIONAL),
    maxSize,
    maxMarketSize: quantity(maxSize.times(MAX_MARKET_SHARE)),
    maxLeverage: asset?.maxLeverage ?? MAX_LEVERAGE_UNKNOWN,
    makerFeeRate: amount(MAKER_FEE_RATE),
    takerFeeRate: amount(TAKER_FEE_RATE),
  };
};

/** Of a symbol whose recording begins after the others': every one of them knows the end. */
const firstTicks = (path: PricePath, symbol: ContractSymbol): number => {
  const ticks = path.end === undefined ? undefined : path.ticksAt(symbol, path.end);
  assert(ticks !== undefined, `the path knows a price of ${symbol}`);
  return ticks;
};

/** A step is worth between one and ten units of quote currency, but never more than one base unit. */
const placesFor = (firstPrice: number): number =>
  Math.max(0, Math.min(8, Math.floor(Math.log10(firstPrice))));

/** One digit that counts, so that a limit looks like one that somebody has set. */
const roundDigits = (value: number): number => {
  const unit = 10 ** Math.floor(Math.log10(value));
  return Math.max(1, Math.floor(value / unit) * unit);
};
