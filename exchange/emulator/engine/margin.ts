/**
 * What an account has, what of it is bound, and what a new order would bind.
 *
 * A position binds its cost over its leverage. A resting order binds the same of what it would open
 * (nothing of what it would reduce), plus the fee it may have to pay. With crossed margin a loss in
 * the open eats into what is free, and a profit adds to it; with isolated margin only the loss does.
 */

import type { Big } from "big.js";
import {
  amount,
  notional,
  ZERO_AMOUNT,
  type Amount,
  type Price,
  type Quantity,
} from "#trading/money.ts";
import type { Side } from "#trading/market.ts";
import type { Contract } from "../contract.ts";
import type { ContractSymbol } from "../prices/path.ts";
import { unrealisedOf } from "./position.ts";
import {
  remainingOf,
  sideOf,
  type Account,
  type MarginMode,
  type Order,
  type Position,
} from "./state.ts";

export type Balances = {
  readonly wallet: Amount;
  readonly crossedUnrealised: Amount;
  readonly isolatedUnrealised: Amount;
  readonly equity: Amount;
  readonly positionMargin: Amount;
  readonly orderMargin: Amount;
  /** Free of positions and orders, open profit left out. */
  readonly available: Amount;
  /** What new orders of either kind may bind. */
  readonly crossedAvailable: Amount;
  readonly isolatedAvailable: Amount;
};

export type PriceOf = (symbol: ContractSymbol) => Price;
export type ContractOf = (symbol: ContractSymbol) => Contract;

export const balancesOf = (
  account: Account,
  priceOf: PriceOf,
  contractOf: ContractOf,
): Balances => {
  const positions = [...account.positions.values()];
  const unrealised = (mode: MarginMode): Amount =>
    positions
      .filter(({ marginMode }) => marginMode === mode)
      .reduce((sum, position) => add(sum, unrealisedOf(position, priceOf(position.symbol))), zero);
  const crossedUnrealised = unrealised("crossed");
  const isolatedUnrealised = unrealised("isolated");
  const positionMargin = positions.reduce((sum, position) => add(sum, marginOf(position)), zero);
  const orderMargin = [...account.orders.values()].reduce(
    (sum, order) => add(sum, orderMarginOf(account, order, contractOf(order.symbol))),
    zero,
  );
  const available = account.wallet.minus(positionMargin).minus(orderMargin);
  const loss = crossedUnrealised.lt(0) ? crossedUnrealised : zero;
  return {
    wallet: account.wallet,
    crossedUnrealised,
    isolatedUnrealised,
    equity: amount(account.wallet.plus(crossedUnrealised).plus(isolatedUnrealised)),
    positionMargin,
    orderMargin,
    available: notNegative(available),
    crossedAvailable: notNegative(available.plus(crossedUnrealised)),
    isolatedAvailable: notNegative(available.plus(loss)),
  };
};

const zero = ZERO_AMOUNT;
const add = (a: Amount, b: Amount): Amount => amount(a.plus(b));
const notNegative = (value: Big): Amount => (value.lt(0) ? zero : amount(value));

export const marginOf = ({ cost, leverage }: Position): Amount => amount(cost.div(leverage));

export type Demand = {
  readonly side: Side;
  readonly size: Big;
  readonly price: Price;
  readonly leverage: number;
  readonly reduceOnly: boolean;
};

/** What an order binds while it waits, or takes when it fills at once. */
export const marginFor = (
  account: Account,
  contract: Contract,
  { side, size, price, leverage, reduceOnly }: Demand,
): Amount => {
  if (reduceOnly) return zero;
  const position = account.positions.get(contract.symbol);
  const reduces = position !== undefined && position.side !== sideOf(side);
  const opening = reduces ? size.minus(position.size) : size;
  if (opening.lte(0)) return zero;
  const value = opening.times(price);
  return amount(value.div(leverage).plus(value.times(contract.takerFeeRate)));
};

const orderMarginOf = (account: Account, order: Order, contract: Contract): Amount =>
  order.limit === undefined
    ? zero
    : marginFor(account, contract, {
        side: order.side,
        size: remainingOf(order),
        price: order.limit,
        leverage: order.leverage,
        reduceOnly: order.reduceOnly,
      });

/** Fee of a fill, to the places that the exchange keeps. */
export const feeOf = (
  contract: Contract,
  liquidity: "maker" | "taker",
  { size, price }: { readonly size: Quantity; readonly price: Price },
): Big =>
  notional(size, price).times(
    liquidity === "maker" ? contract.makerFeeRate : contract.takerFeeRate,
  );
