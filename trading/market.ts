/**
 * One tradable instrument, and the only way from a statistic to something an exchange accepts.
 *
 * Rounding never increases risk: a size is cut to the step, a limit moves away from the market, and
 * a stop moves towards it. Bitget's own numbers: `sizeMultiplier` is the step, `priceEndStep` times
 * ten to the `-pricePlace` the tick, `minTradeNum` and `minTradeUSDT` the two minima
 * (reference: Bitget v2 mix `market/contracts`).
 */

import { Big } from "big.js";
import type { Brand } from "#base/brand.ts";
import { brandAs } from "#base/brand.ts";
import { assert, err, ok, type Result } from "#base/result.ts";
import {
  notional,
  price,
  quantity,
  toText,
  type Amount,
  type Price,
  type Quantity,
} from "./money.ts";

/** ccxt's unified form of a perpetual: `BTC/USDT:USDT`. */
export type MarketSymbol = Brand<string, "MarketSymbol">;

export type Side = "buy" | "sell";
export type PositionSide = "long" | "short";

export type Market = {
  readonly symbol: MarketSymbol;
  /** Smallest change of a price. */
  readonly tick: Price;
  /** Smallest change of a size, in base units. */
  readonly step: Quantity;
  readonly minSize: Quantity;
  /** Smallest order value in quote currency. */
  readonly minNotional: Amount;
  readonly maxLeverage: number;
  readonly makerFeeRate: Amount;
  readonly takerFeeRate: Amount;
  /** False while the exchange takes no new orders (maintenance, delisting). */
  readonly active: boolean;
};

export const marketSymbol = (text: string): MarketSymbol => {
  assert(/^[A-Z0-9]+\/[A-Z0-9]+:[A-Z0-9]+$/.test(text), `symbol ${text} is BASE/QUOTE:SETTLE`);
  return brandAs(text);
};

/** The side of an order that opens or adds to a position. */
export const entrySide = (side: PositionSide): Side => (side === "long" ? "buy" : "sell");
/** The side of an order that reduces a position. */
export const exitSide = (side: PositionSide): Side => (side === "long" ? "sell" : "buy");

/** A limit at least as far from the market as asked: a buy rounds down, a sell rounds up. */
export const limitPrice = (market: Market, side: Side, value: Big.BigSource): Price =>
  toTick(market, value, side === "buy" ? Big.roundDown : Big.roundUp);

/** A stop at least as near to the market as asked: below a long it rounds up, above a short down. */
export const stopPrice = (market: Market, side: PositionSide, value: Big.BigSource): Price =>
  toTick(market, value, side === "long" ? Big.roundUp : Big.roundDown);

/** A take-profit no further than asked: above a long it rounds down, below a short up. */
export const takeProfitPrice = (market: Market, side: PositionSide, value: Big.BigSource): Price =>
  toTick(market, value, side === "long" ? Big.roundDown : Big.roundUp);

/** Cuts a size down to the step. The result may be zero. */
export const sizeToStep = (market: Market, value: Big.BigSource): Quantity =>
  quantity(new Big(value).div(market.step).round(0, Big.roundDown).times(market.step));

/** Says why the exchange would refuse an order this small; never makes it larger. */
export const checkMinimum = (
  market: Market,
  size: Quantity,
  limit: Price,
): Result<Quantity, string> => {
  if (size.lt(market.minSize)) {
    return err(`size ${toText(size)} is below the minimum ${toText(market.minSize)}`);
  }
  const value = notional(size, limit);
  if (value.lt(market.minNotional)) {
    return err(`value ${value.toFixed(2)} is below the minimum ${toText(market.minNotional)}`);
  }
  return ok(size);
};

const toTick = (market: Market, value: Big.BigSource, mode: Big.RoundingMode): Price => {
  const ticks = new Big(value).div(market.tick).round(0, mode);
  return price(ticks.lt(1) ? market.tick : ticks.times(market.tick));
};
