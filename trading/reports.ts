/** What an exchange reports of orders, fills, plans and positions, in our own terms. */

import type { Millis } from "#base/clock.ts";
import type { MarketSymbol, PositionSide, Side } from "./market.ts";
import type { Amount, Price, Quantity } from "./money.ts";
import type { ExchangeOrderId, ReportedStatus } from "./order.ts";

export type OrderReport = {
  /** Whatever the exchange holds: ours, or somebody else's. */
  readonly clientOrderId: string;
  readonly exchangeOrderId: ExchangeOrderId;
  readonly symbol: MarketSymbol;
  readonly side: Side;
  readonly status: ReportedStatus;
  readonly size: Quantity;
  /** Cumulative. */
  readonly filled: Quantity;
  /** `undefined` for a market order. */
  readonly limit: Price | undefined;
  readonly reduceOnly: boolean;
  readonly updatedAt: Millis;
};

export type Fill = {
  /** Unique per account: the key of idempotence. */
  readonly tradeId: string;
  readonly exchangeOrderId: ExchangeOrderId;
  /** Of the order that traded. A fired plan's order carries the plan's id here. */
  readonly clientOrderId: string;
  /** Set when the exchange says that a plan had fired, and of which kind. */
  readonly planKind?: PlanKind;
  readonly symbol: MarketSymbol;
  readonly side: Side;
  readonly price: Price;
  readonly size: Quantity;
  /** Paid, in quote currency: positive costs money. */
  readonly fee: Amount;
  readonly liquidity: "maker" | "taker";
  readonly at: Millis;
};

export type PlanKind = "Stop" | "TakeProfit";
export type PlanId = ExchangeOrderId;

/** A trigger order that reduces a position when the mark price reaches it. */
export type Plan = {
  readonly id: PlanId;
  readonly clientOrderId: string;
  readonly symbol: MarketSymbol;
  readonly kind: PlanKind;
  /** The side of the position that it reduces. */
  readonly side: PositionSide;
  readonly trigger: Price;
  /** `undefined`: the whole position, whatever its size. */
  readonly size: Quantity | undefined;
};

export type Position = {
  readonly symbol: MarketSymbol;
  readonly side: PositionSide;
  readonly size: Quantity;
  readonly averagePrice: Price;
  readonly leverage: number;
  readonly liquidationPrice: Price | undefined;
};

export type MarginMode = "crossed" | "isolated";

export type RejectionReason =
  | "InsufficientFunds"
  | "BelowMinimum"
  | "InvalidPrice"
  | "InvalidSize"
  | "InvalidLeverage"
  | "InvalidOrder"
  /** Nothing is left to reduce. */
  | "NoPosition"
  /** The order to cancel or the plan to move is not there (any more). */
  | "NotFound"
  /** The trigger is already on the wrong side of the price: the position is past its stop. */
  | "TriggerPassed"
  /** There already is a plan of this kind. */
  | "AlreadyProtected"
  | "WrongMode"
  | "NotAllowedNow"
  | "RateLimited"
  /** The exchange did not look at it: the signature was too old. */
  | "Expired"
  | "Unauthorized"
  | "Maintenance"
  | "BadSymbol"
  /** Our own guard refused it at the last instant; it was never sent. */
  | "Denied";
