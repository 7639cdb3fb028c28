/**
 * A fill, and everything that follows from it in the same instant: money, position, the stop that
 * came with the order, and what loses its meaning when a position closes.
 */

import type { Millis } from "#base/clock.ts";
import {
  addQuantity,
  amount,
  minQuantity,
  notional,
  quantity,
  type Price,
  type Quantity,
} from "#trading/money.ts";
import type { PositionSide, Side } from "#trading/market.ts";
import { feeOf } from "./margin.ts";
import { addPresets, endPlan } from "./plan-book.ts";
import { bookTrade, roundMoney, type Booking } from "./position.ts";
import {
  isOfPosition,
  nextId,
  remainingOf,
  remember,
  sideOf,
  type Account,
  type Fill,
  type Order,
} from "./state.ts";
import { contractOf, type Venue } from "./venue.ts";

export type Execution = {
  readonly price: Price;
  readonly liquidity: "maker" | "taker";
  readonly at: Millis;
};

/** Fills all that may still trade of an order at one price. */
export const fillOrder = (
  venue: Venue,
  account: Account,
  order: Order,
  execution: Execution,
): void => {
  const size = tradable(account, order);
  const { at } = execution;
  if (size.eq(0)) {
    return cancelOrder(venue, account, order, { at, reason: "reduce_only_cancel" });
  }
  const fill = bookFill(venue, account, order, { ...execution, size });
  if (fill.order.status !== "filled") {
    // Only a reducing order can want more than there is.
    cancelOrder(venue, account, fill.order, { at, reason: "reduce_only_cancel" });
  }
  if (fill.booking.closed.gt(0)) settleReduction(venue, account, order, at);
  if (fill.booking.opened.gt(0)) {
    addPresets(venue, account, { order, size: fill.booking.opened, at });
  }
};

/** A reducing order never trades more than the position that it reduces, and never turns it. */
const tradable = (account: Account, order: Order): Quantity => {
  const left = quantity(remainingOf(order));
  if (!order.reduceOnly) return left;
  const position = account.positions.get(order.symbol);
  if (position === undefined || position.side === sideOf(order.side)) return quantity(0);
  return minQuantity(left, position.size);
};

type Booked = { readonly order: Order; readonly booking: Booking };

const bookFill = (
  venue: Venue,
  account: Account,
  order: Order,
  execution: Execution & { readonly size: Quantity },
): Booked => {
  const { size, price, liquidity, at } = execution;
  const { id } = nextId(venue.state);
  const contract = contractOf(venue, order.symbol);
  const fee = roundMoney(feeOf(contract, liquidity, { size, price }));
  const { symbol, side, clientOid, marginMode, leverage } = order;
  const trade = { symbol, side, size, price, fee, marginMode, leverage, at, id };
  const booking = bookTrade(account.positions.get(symbol), trade);
  const { realised } = booking;
  const named = { tradeId: id, orderId: order.id, clientOid, symbol, side };
  const fill: Fill = { ...named, price, size, fee, liquidity, realised, at };
  const filled = addQuantity(order.filled, size);
  const updated: Order = {
    ...order,
    filled,
    status: filled.eq(order.size) ? "filled" : "partially_filled",
    cost: amount(order.cost.plus(notional(size, price))),
    fee: amount(order.fee.plus(fee)),
    realised: amount(order.realised.plus(booking.realised)),
    updatedAt: at,
  };
  bookMoney(venue, account, fill, booking);
  storeOrder(venue, account, updated);
  venue.emit({ kind: "OrderFilled", at, uid: account.uid, order: updated, fill });
  const { position } = booking;
  venue.emit({ kind: "PositionChanged", at, uid: account.uid, symbol, position });
  return { order: updated, booking };
};

const bookMoney = (venue: Venue, account: Account, fill: Fill, booking: Booking): void => {
  const { position, realised, closed } = booking;
  if (position === undefined) account.positions.delete(fill.symbol);
  else account.positions.set(fill.symbol, position);
  account.wallet = amount(account.wallet.plus(realised).minus(fill.fee));
  account.realised = amount(account.realised.plus(realised));
  account.fees = amount(account.fees.plus(fill.fee));
  account.fillCount += 1;
  remember(account.fills, fill.tradeId, fill);
  const { id } = nextId(venue.state);
  const did = closed.gt(0) ? "close" : "open";
  const side = did === "open" ? sideOf(fill.side) : oppositeOf(fill.side);
  remember(account.bills, id, {
    id,
    symbol: fill.symbol,
    businessType: `${did}_${side}`,
    amount: realised,
    fee: amount(fill.fee.neg()),
    balance: account.wallet,
    at: fill.at,
  });
};

/** Keeps an order where orders of its state are kept. */
export const storeOrder = (venue: Venue, account: Account, order: Order): void => {
  venue.touch(order.symbol);
  if (order.status === "live" || order.status === "partially_filled") {
    account.orders.set(order.id, order);
    return;
  }
  account.orders.delete(order.id);
  remember(account.doneOrders, order.id, order);
};

export type Ending = { readonly at: Millis; readonly reason: string };

export const cancelOrder = (
  venue: Venue,
  account: Account,
  order: Order,
  { at, reason }: Ending,
): void => {
  const canceled: Order = { ...order, status: "canceled", cancelReason: reason, updatedAt: at };
  storeOrder(venue, account, canceled);
  venue.emit({ kind: "OrderCanceled", at, uid: account.uid, order: canceled });
};

/** After a reduction: what was there to reduce a position that is gone, or turned, goes with it. */
const settleReduction = (venue: Venue, account: Account, order: Order, at: Millis): void => {
  const { symbol } = order;
  const reduced = oppositeOf(order.side);
  if (account.positions.get(symbol)?.side === reduced) return;
  const plans = [...account.plans.values()].filter(
    (plan) => plan.symbol === symbol && plan.side === reduced,
  );
  for (const plan of plans) {
    const goes = isOfPosition(plan.planType) || venue.switches.orphanPlans === "cancel";
    if (goes) endPlan(venue, account, plan, { kind: "PlanCanceled", status: "cancelled", at });
  }
  const orders = [...account.orders.values()].filter(
    (other) => other.symbol === symbol && other.reduceOnly && other.id !== order.id,
  );
  for (const other of orders.filter(({ side }) => oppositeOf(side) === reduced)) {
    cancelOrder(venue, account, other, { at, reason: "reduce_only_cancel" });
  }
};

/** The side of the position that an order of this side reduces. */
const oppositeOf = (side: Side): PositionSide => (side === "buy" ? "short" : "long");
