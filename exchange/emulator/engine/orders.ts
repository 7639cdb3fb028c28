/** Placing, changing and cancelling orders. */

import type { Millis } from "#base/clock.ts";
import { ok, type Result } from "#base/result.ts";
import { ZERO_AMOUNT, ZERO_QUANTITY } from "#trading/money.ts";
import type { Contract } from "../contract.ts";
import { cancelOrder as endOrder, fillOrder, storeOrder } from "./fills.ts";
import { checkOrder, type Draft, type OrderRequest } from "./order-checks.ts";
import { refuse, type Refusal } from "./refusal.ts";
import {
  nextId,
  orderId,
  rememberName,
  type Account,
  type Order,
  type OrderId,
  type Uid,
} from "./state.ts";
import {
  accountOf,
  findContract,
  takerPrice,
  takerTicks,
  ticksNow,
  toTicks,
  type Venue,
} from "./venue.ts";

export type Acknowledgement = { readonly orderId: OrderId; readonly clientOid: string };

export const placeOrder = (
  venue: Venue,
  at: Millis,
  request: OrderRequest,
): Result<Acknowledgement, Refusal> => {
  const account = accountOf(venue, request.uid);
  const draft = checkOrder(venue, account, request, at);
  if (!draft.ok) return draft;
  const order = acceptOrder(venue, account, toOrder(venue, request, draft.value, at));
  executeOrder(venue, account, order, at);
  return ok({ orderId: order.id, clientOid: order.clientOid });
};

const toOrder = (venue: Venue, request: OrderRequest, draft: Draft, at: Millis): Order => {
  const { id, sequence } = nextId(venue.state);
  const { side, type, force, reduceOnly, marginMode } = request;
  return {
    id,
    sequence,
    side,
    type,
    force,
    reduceOnly,
    marginMode,
    clientOid: request.clientOid ?? id,
    symbol: draft.contract.symbol,
    size: draft.size,
    limit: draft.limit,
    leverage: draft.leverage,
    // A reduction opens nothing, so there is nothing to protect.
    presetStop: reduceOnly ? undefined : draft.presetStop,
    presetTakeProfit: reduceOnly ? undefined : draft.presetTakeProfit,
    source: type === "market" ? "market" : "normal",
    ...untraded(at),
  };
};

/** How every order begins. */
export const untraded = (at: Millis) => ({
  status: "live" as const,
  filled: ZERO_QUANTITY,
  cost: ZERO_AMOUNT,
  fee: ZERO_AMOUNT,
  realised: ZERO_AMOUNT,
  createdAt: at,
  updatedAt: at,
  cancelReason: "",
});

export const acceptOrder = (venue: Venue, account: Account, order: Order): Order => {
  storeOrder(venue, account, order);
  rememberName(account.orderIdByClientOid, account.orders, order);
  venue.emit({ kind: "OrderAccepted", at: order.createdAt, uid: account.uid, order });
  return order;
};

/** What an order does in the instant of its acceptance: trade, wait, or go. */
export const executeOrder = (venue: Venue, account: Account, order: Order, at: Millis): void => {
  const found = findContract(venue, order.symbol);
  if (!found.ok) return;
  const contract = found.value;
  const ticks = ticksNow(venue, contract.symbol, at);
  if (isMarketable(contract, order, ticks)) {
    if (order.force === "post_only" && order.type === "limit") {
      return endOrder(venue, account, order, { at, reason: "post_only_cancel" });
    }
    const price = takerPrice(contract, order.side, ticks);
    return fillOrder(venue, account, order, { price, liquidity: "taker", at });
  }
  if (order.force === "ioc" || order.force === "fok") {
    endOrder(venue, account, order, { at, reason: `${order.force}_cancel` });
  }
};

const isMarketable = (contract: Contract, order: Order, ticks: number): boolean => {
  if (order.limit === undefined) return true;
  const limit = toTicks(contract, order.limit);
  const price = takerTicks(order.side, ticks);
  return order.side === "buy" ? limit >= price : limit <= price;
};

/** One of the two ids, as customers name an order or a plan. */
export type Reference = {
  readonly orderId: string | undefined;
  readonly clientOid: string | undefined;
};

export type CancelRequest = Reference & { readonly uid: Uid; readonly symbol: string };

export const cancelOrder = (
  venue: Venue,
  at: Millis,
  request: CancelRequest,
): Result<Acknowledgement, Refusal> => {
  const account = accountOf(venue, request.uid);
  const order = findOrder(account, request);
  if (order === undefined || order.symbol !== request.symbol) return refuse("40768");
  if (!account.orders.has(order.id)) return refuse("22001");
  endOrder(venue, account, order, { at, reason: "normal_cancel" });
  return ok({ orderId: order.id, clientOid: order.clientOid });
};

/** Live or done. */
export const findOrder = (
  account: OrderBooks,
  { orderId: id, clientOid }: Reference,
): Order | undefined => {
  const key = id === undefined ? account.orderIdByClientOid.get(clientOid ?? "") : orderId(id);
  return key === undefined ? undefined : (account.orders.get(key) ?? account.doneOrders.get(key));
};

export type OrderBooks = {
  readonly orders: ReadonlyMap<OrderId, Order>;
  readonly doneOrders: ReadonlyMap<OrderId, Order>;
  readonly orderIdByClientOid: ReadonlyMap<string, OrderId>;
};

export type ModifyRequest = Reference & {
  readonly uid: Uid;
  readonly symbol: string;
  readonly newClientOid: string | undefined;
  readonly newSize: string | undefined;
  readonly newPrice: string | undefined;
};

/** The exchange cancels and places anew: the new order has a new number and waits at the back. */
export const modifyOrder = (
  venue: Venue,
  at: Millis,
  request: ModifyRequest,
): Result<Acknowledgement, Refusal> => {
  const account = accountOf(venue, request.uid);
  const order = findOrder(account, request);
  if (order === undefined || order.symbol !== request.symbol) return refuse("40768");
  if (order.status !== "live" || order.limit === undefined) return refuse("22001");
  // Checked as if the old one were gone already: its margin is free for the new one.
  const others = new Map(account.orders);
  others.delete(order.id);
  const draft = checkOrder(venue, { ...account, orders: others }, renewed(order, request), at);
  if (!draft.ok) return draft;
  endOrder(venue, account, order, { at, reason: "modify_cancel" });
  const next = toOrder(venue, renewed(order, request), draft.value, at);
  executeOrder(venue, account, acceptOrder(venue, account, next), at);
  return ok({ orderId: order.id, clientOid: order.clientOid });
};

const renewed = (order: Order, request: ModifyRequest): OrderRequest => ({
  uid: request.uid,
  symbol: order.symbol,
  side: order.side,
  type: order.type,
  force: order.force,
  size: request.newSize ?? order.size.toFixed(),
  price: request.newPrice ?? order.limit?.toFixed(),
  clientOid: request.newClientOid,
  reduceOnly: order.reduceOnly,
  marginMode: order.marginMode,
  presetStopLossPrice: order.presetStop?.trigger.toFixed(),
  presetStopLossExecutePrice: order.presetStop?.execute?.toFixed(),
  presetStopSurplusPrice: order.presetTakeProfit?.trigger.toFixed(),
  presetStopSurplusExecutePrice: order.presetTakeProfit?.execute?.toFixed(),
});
