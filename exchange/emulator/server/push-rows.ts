/**
 * Rows as the private channels push them. They differ from REST's in small ways that clients rely
 * on: flags are lower case, an order row carries its last fill (`baseVolume`) beside the sum
 * (`accBaseVolume`), plans are named by short codes. (Bitget v2 private channels.)
 */

import type { Millis } from "#base/clock.ts";
import { amount, toText, type Price } from "#trading/money.ts";
import type { AccountView } from "../engine/engine.ts";
import { marginOf, type Balances } from "../engine/margin.ts";
import { unrealisedOf } from "../engine/position.ts";
import {
  averageOf,
  type Fill,
  type Order,
  type Plan,
  type PlanType,
  type Position,
} from "../engine/state.ts";
import { KEEP_MARGIN_RATE, money, type Row } from "./trading-rows.ts";

const USDT = "USDT";

/** `fill`: the one that the push is about. */
export const orderPush = (order: Order, fill: Fill | undefined, account: AccountView): Row => ({
  instId: order.symbol,
  orderId: order.id,
  clientOid: order.clientOid,
  size: toText(order.size),
  price: order.limit === undefined ? "" : toText(order.limit),
  priceAvg: order.filled.gt(0) ? money(amount(order.cost.div(order.filled))) : "",
  notionalUsd: toText(order.size.times(order.limit ?? fill?.price ?? 0)),
  orderType: order.type,
  force: order.force,
  side: order.side,
  posSide: "net",
  posMode: account.positionMode,
  tradeSide: `${order.side}_single`,
  marginMode: order.marginMode,
  marginCoin: USDT,
  leverage: String(order.leverage),
  reduceOnly: order.reduceOnly ? "yes" : "no",
  status: order.status,
  accBaseVolume: toText(order.filled),
  enterPointSource: "API",
  orderSource: order.source,
  presetStopLossPrice: order.presetStop === undefined ? "" : toText(order.presetStop.trigger),
  presetStopSurplusPrice:
    order.presetTakeProfit === undefined ? "" : toText(order.presetTakeProfit.trigger),
  pnl: money(order.realised),
  feeDetail: [{ feeCoin: USDT, fee: money(amount(order.fee.neg())) }],
  cancelReason: order.cancelReason,
  cTime: String(order.createdAt),
  uTime: String(order.updatedAt),
  ...(fill === undefined ? noFill : lastFill(fill)),
});

const noFill = { baseVolume: "0", fillPrice: "", fillTime: "", fillFee: "", tradeId: "" };

const lastFill = (fill: Fill): Row => ({
  baseVolume: toText(fill.size),
  fillPrice: toText(fill.price),
  fillTime: String(fill.at),
  fillFee: money(amount(fill.fee.neg())),
  fillFeeCoin: USDT,
  fillNotionalUsd: toText(fill.price.times(fill.size)),
  tradeId: fill.tradeId,
  tradeScope: fill.liquidity === "maker" ? "M" : "T",
});

export const fillPush = (fill: Fill, account: AccountView): Row => ({
  symbol: fill.symbol,
  orderId: fill.orderId,
  clientOid: fill.clientOid,
  tradeId: fill.tradeId,
  side: fill.side,
  price: toText(fill.price),
  baseVolume: toText(fill.size),
  quoteVolume: toText(fill.price.times(fill.size)),
  profit: money(fill.realised),
  tradeSide: `${fill.side}_single`,
  posMode: account.positionMode,
  tradeScope: fill.liquidity,
  feeDetail: [
    {
      feeCoin: USDT,
      deduction: "no",
      totalDeductionFee: "0",
      totalFee: money(amount(fill.fee.neg())),
    },
  ],
  cTime: String(fill.at),
  uTime: String(fill.at),
});

const planCodes: Readonly<Record<PlanType, string>> = {
  pos_loss: "psl",
  pos_profit: "ptp",
  loss_plan: "sl",
  profit_plan: "tp",
};

export const planPush = (plan: Plan, account: AccountView): Row => {
  const side = plan.side === "long" ? "sell" : "buy";
  return {
    instId: plan.symbol,
    orderId: plan.id,
    clientOid: plan.clientOid,
    planType: planCodes[plan.planType],
    triggerPrice: toText(plan.trigger),
    triggerType: plan.triggerType,
    triggerTime: plan.status === "executed" ? String(plan.updatedAt) : "",
    executePrice: plan.execute === undefined ? "" : toText(plan.execute),
    executeOrderId: plan.childId ?? "",
    price: "",
    size: plan.size === undefined ? "" : toText(plan.size),
    actualSize: "",
    orderType: plan.execute === undefined ? "market" : "limit",
    side,
    tradeSide: `${side}_single`,
    posSide: "net",
    posMode: account.positionMode,
    marginCoin: USDT,
    status: plan.status,
    enterPointSource: "API",
    cTime: String(plan.createdAt),
    uTime: String(plan.updatedAt),
  };
};

export const positionPush = (position: Position, account: AccountView, mark: Price): Row => {
  const unrealised = unrealisedOf(position, mark);
  return {
    posId: position.id,
    instId: position.symbol,
    marginCoin: USDT,
    marginSize: money(marginOf(position)),
    marginMode: position.marginMode,
    holdSide: position.side,
    posMode: account.positionMode,
    total: toText(position.size),
    available: toText(position.size),
    frozen: "0",
    openPriceAvg: money(averageOf(position)),
    leverage: position.leverage,
    achievedProfits: money(position.realised),
    unrealizedPL: money(unrealised),
    unrealizedPLR: money(amount(unrealised.div(marginOf(position)))),
    liquidationPrice: "0",
    keepMarginRate: KEEP_MARGIN_RATE,
    marginRate: "0",
    breakEvenPrice: money(averageOf(position)),
    totalFee: money(amount(position.fees.neg())),
    markPrice: toText(mark),
    assetMode: "single",
    autoMargin: "off",
    cTime: String(position.createdAt),
    uTime: String(position.updatedAt),
  };
};

export const accountPush = (balances: Balances, at: Millis): Row => ({
  marginCoin: USDT,
  available: money(balances.available),
  frozen: money(balances.orderMargin),
  maxOpenPosAvailable: money(balances.crossedAvailable),
  maxTransferOut: money(balances.isolatedAvailable),
  equity: money(balances.equity),
  usdtEquity: money(balances.equity),
  crossedRiskRate: "0",
  unrealizedPL: money(amount(balances.crossedUnrealised.plus(balances.isolatedUnrealised))),
  uTime: String(at),
});
