/** The emulator's records as the port's reports. Pure. */

import { brandAs } from "#base/brand.ts";
import type { Contract } from "#exchange/emulator/contract.ts";
import type { EngineEvent } from "#exchange/emulator/engine/events.ts";
import {
  isStop,
  type Fill as BookedFill,
  type Order as BookedOrder,
  type Plan as BookedPlan,
  type Uid,
} from "#exchange/emulator/engine/state.ts";
import { contractSymbol, type ContractSymbol } from "#exchange/emulator/prices/path.ts";
import type { Fill, OrderReport, Plan, StreamEvent } from "#exchange/port.ts";
import { marketSymbol, type Market, type MarketSymbol } from "#trading/market.ts";
import { type ReportedStatus } from "#trading/order.ts";

export const toContractSymbol = (symbol: MarketSymbol): ContractSymbol =>
  contractSymbol(symbol.replace(/\/(USDT):USDT$/, "$1"));

export const toSymbol = (symbol: ContractSymbol): MarketSymbol =>
  marketSymbol(symbol.replace(/USDT$/, "/USDT:USDT"));

export const toMarket = (contract: Contract): Market => ({
  symbol: toSymbol(contract.symbol),
  tick: contract.tick,
  step: contract.step,
  minSize: contract.minSize,
  minNotional: contract.minNotional,
  maxLeverage: contract.maxLeverage,
  makerFeeRate: contract.makerFeeRate,
  takerFeeRate: contract.takerFeeRate,
  active: true,
});

const statuses: Readonly<Record<BookedOrder["status"], ReportedStatus>> = {
  live: "Open",
  partially_filled: "Open",
  filled: "Filled",
  canceled: "Canceled",
};

export const toReport = (order: BookedOrder): OrderReport => ({
  clientOrderId: order.clientOid,
  exchangeOrderId: brandAs(order.id),
  symbol: toSymbol(order.symbol),
  side: order.side,
  status: statuses[order.status],
  size: order.size,
  filled: order.filled,
  limit: order.limit,
  reduceOnly: order.reduceOnly,
  updatedAt: order.updatedAt,
});

export const toFill = (fill: BookedFill): Fill => ({
  tradeId: fill.tradeId,
  exchangeOrderId: brandAs(fill.orderId),
  clientOrderId: fill.clientOid,
  symbol: toSymbol(fill.symbol),
  side: fill.side,
  price: fill.price,
  size: fill.size,
  fee: fill.fee,
  liquidity: fill.liquidity,
  at: fill.at,
});

export const toPlan = (plan: BookedPlan): Plan => ({
  id: brandAs(plan.id),
  clientOrderId: plan.clientOid,
  symbol: toSymbol(plan.symbol),
  kind: isStop(plan.planType) ? "Stop" : "TakeProfit",
  side: plan.side,
  trigger: plan.trigger,
  size: plan.size,
});

/** What the private sockets would push. */
export const toStreamEvents = (event: EngineEvent, uid: Uid): ReadonlyArray<StreamEvent> => {
  if (!("uid" in event) || event.uid !== uid) return [];
  if (event.kind === "OrderFilled") {
    const report = toReport(event.order);
    return [
      { kind: "Filled", fill: toFill(event.fill) },
      { kind: "OrderChanged", report },
    ];
  }
  if ("order" in event) return [{ kind: "OrderChanged", report: toReport(event.order) }];
  return "plan" in event || "position" in event ? [{ kind: "AccountChanged" }] : [];
};
