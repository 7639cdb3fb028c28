/**
 * The life of one order.
 *
 *     Submitting --Accepted--> Open --CancelRequested--> Canceling
 *         |                     |                           |
 *         +--(no answer)--> Unknown <-----(no answer)-------+
 *                               |
 *     Filled . Canceled . Rejected . Denied . Lost           (finished)
 *
 * The exchange is the authority. A reply that never came leaves an order `Unknown` until it is asked
 * for by its client id; nothing here guesses. *Denied* is our own word and was never sent, *Rejected*
 * is the exchange's, *Lost* means that the signed request expired before the exchange ever saw it.
 *
 * Two counts of what has traded: `filled` is the sum of fills that we hold one by one, which is what
 * money is computed from; `reportedFilled` is what the exchange says in total. An order is settled,
 * and its place free, only when it is finished and the two agree.
 */

import { brandAs, type Brand } from "#base/brand.ts";
import type { Millis } from "#base/clock.ts";
import { assert, unreachable } from "#base/result.ts";
import type { MarketSymbol, Side } from "./market.ts";
import {
  addAmount,
  addQuantity,
  notional,
  quantity,
  ZERO_AMOUNT,
  ZERO_QUANTITY,
  type Amount,
  type Price,
  type Quantity,
} from "./money.ts";
import type { ExitReason } from "./strategy.ts";

/** Ours: derived and journaled before the order is sent, so that a restart can find it again. */
export type ClientOrderId = Brand<string, "ClientOrderId">;
/** Theirs: known only once the exchange has accepted. */
export type ExchangeOrderId = Brand<string, "ExchangeOrderId">;

export type OrderRole =
  /** A resting limit order at one level, with the stop that it carries in the same request. */
  | {
      readonly kind: "Entry";
      readonly level: number;
      readonly limit: Price;
      readonly stop: Price;
    }
  /** A reduce-only market order. */
  | { readonly kind: "Exit"; readonly reason: ExitReason };

export type Order = {
  readonly id: ClientOrderId;
  readonly symbol: MarketSymbol;
  readonly side: Side;
  readonly size: Quantity;
  readonly role: OrderRole;
  readonly createdAt: Millis;
  readonly filled: Quantity;
  readonly reportedFilled: Quantity;
  /** Sum of price times size over the fills that we hold. */
  readonly cost: Amount;
  readonly fee: Amount;
  readonly state: OrderState;
};

/** What a new order is before anything has happened to it. */
export const newOrder = (
  order: Pick<Order, "id" | "symbol" | "side" | "size" | "role">,
  at: Millis,
): Order => ({
  ...order,
  createdAt: at,
  filled: ZERO_QUANTITY,
  reportedFilled: ZERO_QUANTITY,
  cost: ZERO_AMOUNT,
  fee: ZERO_AMOUNT,
  state: { kind: "Submitting", since: at },
});

export type OrderState =
  | { readonly kind: "Submitting"; readonly since: Millis }
  | { readonly kind: "Open"; readonly since: Millis }
  | { readonly kind: "Canceling"; readonly since: Millis }
  /** `asks` counts how often the exchange has been asked, `absences` how often it knew nothing. */
  | {
      readonly kind: "Unknown";
      readonly since: Millis;
      readonly askedAt: Millis;
      readonly asks: number;
      readonly absences: number;
    }
  | { readonly kind: "Filled" | "Canceled" | "Lost"; readonly at: Millis }
  | { readonly kind: "Rejected" | "Denied"; readonly at: Millis; readonly reason: string };

export type OrderEvent =
  | { readonly kind: "Accepted" }
  | { readonly kind: "Rejected"; readonly reason: string }
  | { readonly kind: "Denied"; readonly reason: string }
  /** The answer to a submit or a cancel never came, or proves nothing. */
  | { readonly kind: "OutcomeUnknown" }
  | { readonly kind: "CancelRequested" }
  | { readonly kind: "Asked" }
  /** The exchange's own account of the order, whichever way it reached us. */
  | { readonly kind: "Reported"; readonly status: ReportedStatus; readonly filled: Quantity }
  /** The exchange knows no such order; `proven` once the request can no longer arrive. */
  | { readonly kind: "Absent"; readonly proven: boolean }
  | {
      readonly kind: "Filled";
      readonly size: Quantity;
      readonly price: Price;
      readonly fee: Amount;
    };

export type ReportedStatus = "Open" | "Filled" | "Canceled" | "Rejected";

/** Longest id that Bitget takes for certain, in letters that no exchange refuses. */
const ID_PATTERN = /^[0-9A-Za-z-]{1,32}$/;

/** `owner` names the strategy, `epoch` the boot, `sequence` the order: never random, never reused. */
export const clientOrderId = (owner: string, epoch: number, sequence: number): ClientOrderId => {
  const id = `${owner}-${epoch.toString(36)}-${sequence.toString(36)}`;
  assert(ID_PATTERN.test(id), `client order id ${id} fits the strictest exchange`);
  return brandAs(id);
};

/** True for ids that this strategy made, in this life or an earlier one. */
export const isOwnId = (owner: string, id: string): boolean =>
  id.startsWith(`${owner}-`) && /^[0-9a-z]+-[0-9a-z]+$/.test(id.slice(owner.length + 1));

/** Applies one event. Total: an event that makes no sense in this state leaves the order as it is. */
export const applyToOrder = (order: Order, event: OrderEvent, at: Millis): Order => {
  switch (event.kind) {
    case "Filled":
      return fillOrder(order, event, at);
    case "Reported":
      return reportOrder(order, event, at);
    // A finished order takes no more answers: the one that finished it was the later truth.
    case "Accepted":
    case "Rejected":
    case "Denied":
    case "CancelRequested":
      return isLive(order) ? answerOrder(order, event, at) : order;
    case "OutcomeUnknown":
    case "Asked":
    case "Absent":
      return isLive(order) ? questionOrder(order, event, at) : order;
    default:
      return unreachable(event);
  }
};

export const isLive = ({ state }: Order): boolean => {
  switch (state.kind) {
    case "Submitting":
    case "Open":
    case "Canceling":
    case "Unknown":
      return true;
    case "Filled":
    case "Canceled":
    case "Lost":
    case "Rejected":
    case "Denied":
      return false;
  }
};

/** Finished, and every fill that the exchange speaks of is in our hands. */
export const isSettled = (order: Order): boolean =>
  !isLive(order) && order.filled.gte(order.reportedFilled);

/** What may still trade. Never negative: exchanges do overfill. */
export const remaining = (order: Order): Quantity =>
  order.filled.gte(order.size) ? quantity(0) : quantity(order.size.minus(order.filled));

const moveTo = (order: Order, state: OrderState): Order => ({ ...order, state });

type Answer = Extract<OrderEvent, { kind: "Accepted" | "Rejected" | "Denied" | "CancelRequested" }>;

const answerOrder = (order: Order, event: Answer, at: Millis): Order => {
  switch (event.kind) {
    case "Accepted":
      return order.state.kind === "Submitting" ? moveTo(order, { kind: "Open", since: at }) : order;
    case "Rejected":
    case "Denied":
      return moveTo(order, { kind: event.kind, at, reason: event.reason });
    case "CancelRequested":
      return order.state.kind === "Open" ? moveTo(order, { kind: "Canceling", since: at }) : order;
  }
};

type Question = Extract<OrderEvent, { kind: "OutcomeUnknown" | "Asked" | "Absent" }>;

const questionOrder = (order: Order, event: Question, at: Millis): Order => {
  if (event.kind === "OutcomeUnknown") return doubt(order, at);
  if (order.state.kind !== "Unknown") return order;
  if (event.kind === "Absent") return event.proven ? missOrder(order, order.state, at) : order;
  return moveTo(order, { ...order.state, askedAt: at, asks: order.state.asks + 1 });
};

const doubt = (order: Order, at: Millis): Order =>
  order.state.kind === "Unknown"
    ? order
    : moveTo(order, { kind: "Unknown", since: at, askedAt: at, asks: 0, absences: 0 });

const reportOrder = (
  order: Order,
  { status, filled }: Extract<OrderEvent, { kind: "Reported" }>,
  at: Millis,
): Order => {
  // Reports arrive late and out of order, so the larger count is the newer one.
  const reportedFilled = filled.gt(order.reportedFilled) ? filled : order.reportedFilled;
  const reported = reportedFilled === order.reportedFilled ? order : { ...order, reportedFilled };
  // Whoever says that the order exists is right, whatever we had concluded from silence.
  const revived = order.state.kind === "Lost" || order.state.kind === "Rejected";
  if (!isLive(order) && !revived) return reported;
  switch (status) {
    case "Open":
      // An order that we are canceling stays so: this report may have been written before the cancel.
      return order.state.kind === "Open" || order.state.kind === "Canceling"
        ? reported
        : moveTo(reported, { kind: "Open", since: at });
    case "Filled":
    case "Canceled":
      return moveTo(reported, { kind: status, at });
    case "Rejected":
      return moveTo(reported, { kind: "Rejected", at, reason: "refused after acceptance" });
  }
};

/** One absence proves little even late: the answer may have come from a lagging replica. */
const ABSENCES_TO_LOSE = 2;

const missOrder = (
  order: Order,
  state: Extract<OrderState, { kind: "Unknown" }>,
  at: Millis,
): Order => {
  const absences = state.absences + 1;
  return absences >= ABSENCES_TO_LOSE && order.filled.eq(0)
    ? moveTo(order, { kind: "Lost", at })
    : moveTo(order, { ...state, absences });
};

const fillOrder = (
  order: Order,
  { size, price, fee }: Extract<OrderEvent, { kind: "Filled" }>,
  at: Millis,
): Order => {
  const filled = addQuantity(order.filled, size);
  const next = {
    ...order,
    filled,
    cost: addAmount(order.cost, notional(size, price)),
    fee: addAmount(order.fee, fee),
  };
  return filled.gte(order.size) && isLive(order) ? moveTo(next, { kind: "Filled", at }) : next;
};
