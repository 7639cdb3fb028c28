/**
 * The bodies of what we tell Bitget to do. Pure.
 *
 * Numbers are text, as the core rounded them. The margin mode is always said, because it is `crossed`
 * otherwise, and so is the price that a plan triggers on. (Bitget v2 mix: Place Order, Place and
 * Modify TPSL Order, Cancel Plan Order.)
 */

import { toText } from "#trading/money.ts";
import type { EntryRequest, ExitRequest, MoveRequest, Plan, ProtectionRequest } from "../port.ts";
import type { Params } from "./client.ts";
import { MARGIN_COIN, PRODUCT_TYPE } from "./endpoints.ts";
import type { MarketId, PlanType } from "./rows.ts";

const common = (symbol: MarketId) => ({
  symbol,
  productType: PRODUCT_TYPE,
  marginCoin: MARGIN_COIN,
});

export const entryBody = (symbol: MarketId, request: EntryRequest): Params => ({
  ...common(symbol),
  marginMode: request.marginMode,
  side: request.side,
  orderType: "limit",
  force: "gtc",
  price: toText(request.limit),
  size: toText(request.size),
  presetStopLossPrice: toText(request.stop),
  clientOid: request.id,
});

export const exitBody = (symbol: MarketId, request: ExitRequest): Params => ({
  ...common(symbol),
  marginMode: request.marginMode,
  side: request.side,
  orderType: "market",
  size: toText(request.size),
  reduceOnly: "YES",
  clientOid: request.id,
});

export const cancelBody = (symbol: MarketId, clientOid: string): Params => ({
  ...common(symbol),
  clientOid,
});

/** A position plan is told from one with a size of its own by having none. */
export const protectionBody = (symbol: MarketId, request: ProtectionRequest): Params => ({
  ...common(symbol),
  planType: request.kind === "Stop" ? "pos_loss" : "pos_profit",
  triggerPrice: toText(request.trigger),
  triggerType: "mark_price",
  holdSide: request.side === "long" ? "buy" : "sell",
  clientOid: request.id,
});

/** Here the size must be said, and for a position plan it is said by being empty. */
export const moveBody = (symbol: MarketId, { plan, trigger, size }: MoveRequest): Params => ({
  ...common(symbol),
  orderId: plan.id,
  triggerPrice: toText(trigger),
  triggerType: "mark_price",
  size: plan.size === undefined ? "" : toText(size),
});

export const cancelPlanBody = (symbol: MarketId, plan: Plan, planType: PlanType): Params => ({
  ...common(symbol),
  planType,
  orderIdList: [{ orderId: plan.id }],
});

/** What a plan is called of which we know only what the port tells. */
export const usualPlanType = ({ kind, size }: Plan): PlanType => {
  if (kind === "Stop") return size === undefined ? "pos_loss" : "loss_plan";
  return size === undefined ? "pos_profit" : "profit_plan";
};

export const leverageBody = (symbol: MarketId, leverage: number): Params => ({
  ...common(symbol),
  leverage: leverage.toFixed(0),
});

export const marginModeBody = (symbol: MarketId, marginMode: string): Params => ({
  ...common(symbol),
  marginMode,
});

export const oneWayBody: Params = { productType: PRODUCT_TYPE, posMode: "one_way_mode" };
