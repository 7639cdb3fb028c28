/**
 * What a fill does to a position, in exact decimals.
 *
 * A position is a size and what it cost. A reduction takes away its share of the cost, rounded to
 * eight decimals, and the rest stays: so whatever the rounding, a position that is closed has given
 * back exactly what it cost, and profit over its whole life is proceeds minus cost to the last digit.
 */

import { Big } from "big.js";
import type { Millis } from "#base/clock.ts";
import type { Side } from "#trading/market.ts";
import {
  amount,
  minQuantity,
  notional,
  quantity,
  ZERO_AMOUNT,
  ZERO_QUANTITY,
  type Amount,
  type Price,
  type Quantity,
} from "#trading/money.ts";
import type { ContractSymbol } from "../prices/path.ts";
import { sideOf, type MarginMode, type OrderId, type Position } from "./state.ts";

/** Places to which Bitget keeps money. */
const MONEY_PLACES = 8;

export const roundMoney = (value: Big): Amount =>
  amount(value.round(MONEY_PLACES, Big.roundHalfUp));

export type Trade = {
  readonly symbol: ContractSymbol;
  readonly side: Side;
  readonly size: Quantity;
  readonly price: Price;
  readonly fee: Amount;
  readonly marginMode: MarginMode;
  readonly leverage: number;
  readonly at: Millis;
  /** Names the position, should the trade open one. */
  readonly id: OrderId;
};

export type Booking = {
  /** `undefined`: flat. */
  readonly position: Position | undefined;
  readonly realised: Amount;
  /** How much of the trade reduced what was there. */
  readonly closed: Quantity;
  /** How much of it opened or added. */
  readonly opened: Quantity;
};

/** Applies one trade to the net position of its symbol. */
export const bookTrade = (position: Position | undefined, trade: Trade): Booking => {
  if (position === undefined || position.side === sideOf(trade.side)) {
    const grown = growPosition(position, trade, trade.size);
    return { position: grown, realised: ZERO_AMOUNT, closed: ZERO_QUANTITY, opened: trade.size };
  }
  const closed = minQuantity(position.size, trade.size);
  const opened = quantity(trade.size.minus(closed));
  const { rest, realised } = reducePosition(position, trade, closed);
  const flipped = opened.gt(0) ? growPosition(undefined, trade, opened) : rest;
  return { position: flipped, realised, closed, opened };
};

const growPosition = (position: Position | undefined, trade: Trade, size: Quantity): Position => {
  const cost = notional(size, trade.price);
  if (position === undefined) {
    return {
      id: trade.id,
      symbol: trade.symbol,
      side: sideOf(trade.side),
      size,
      cost,
      marginMode: trade.marginMode,
      leverage: trade.leverage,
      realised: ZERO_AMOUNT,
      fees: trade.fee,
      createdAt: trade.at,
      updatedAt: trade.at,
    };
  }
  return {
    ...position,
    size: quantity(position.size.plus(size)),
    cost: amount(position.cost.plus(cost)),
    fees: amount(position.fees.plus(trade.fee)),
    updatedAt: trade.at,
  };
};

const reducePosition = (
  position: Position,
  trade: Trade,
  size: Quantity,
): { readonly rest: Position | undefined; readonly realised: Amount } => {
  const whole = size.eq(position.size);
  const cost = whole ? position.cost : roundMoney(position.cost.times(size).div(position.size));
  const proceeds = notional(size, trade.price);
  const realised = amount(position.side === "long" ? proceeds.minus(cost) : cost.minus(proceeds));
  const rest = whole
    ? undefined
    : {
        ...position,
        size: quantity(position.size.minus(size)),
        cost: amount(position.cost.minus(cost)),
        realised: amount(position.realised.plus(realised)),
        fees: amount(position.fees.plus(trade.fee)),
        updatedAt: trade.at,
      };
  return { rest, realised };
};

/** Profit that a price would give, not rounded. */
export const unrealisedOf = ({ side, size, cost }: Position, at: Price): Amount => {
  const value = notional(size, at);
  return amount(side === "long" ? value.minus(cost) : cost.minus(value));
};
