/** Orders, fills, plans, positions and balances as rows of the REST API: texts, upper-case flags. */

import { amount, toText, type Amount, type Price } from "#trading/money.ts";
import type { AccountView } from "../engine/engine.ts";
import { marginOf, type Balances } from "../engine/margin.ts";
import { roundMoney, unrealisedOf } from "../engine/position.ts";
import {
  averageOf,
  isStop,
  settingsOf,
  type Bill,
  type Fill,
  type Order,
  type Plan,
  type Position,
} from "../engine/state.ts";
import type { ContractSymbol } from "../prices/path.ts";

export type Row = Readonly<Record<string, unknown>>;

const MARGIN_COIN = "USDT";
/** Not a rule of the emulator yet: nothing is liquidated. */
export const KEEP_MARGIN_RATE = "0.004";

export const money = (value: Amount): string => toText(roundMoney(value));

/** To the places that clients expect of an average: more than the price has. */
const average = (value: Amount): string => toText(roundMoney(value));

const tradeSide = (side: "buy" | "sell"): string => `${side}_single`;

/** Without its state, which one endpoint calls `state` and the others `status`. */
export const orderRow = (order: Order, account: AccountView): Row => ({
  symbol: order.symbol,
  size: toText(order.size),
  orderId: order.id,
  clientOid: order.clientOid,
  baseVolume: toText(order.filled),
  fee: money(amount(order.fee.neg())),
  price: order.limit === undefined ? "" : toText(order.limit),
  priceAvg: order.filled.gt(0) ? average(amount(order.cost.div(order.filled))) : "",
  side: order.side,
  force: order.force,
  totalProfits: money(order.realised),
  posSide: "net",
  marginCoin: MARGIN_COIN,
  presetStopSurplusPrice: presetText(order.presetTakeProfit?.trigger),
  presetStopSurplusExecutePrice: presetText(order.presetTakeProfit?.execute),
  presetStopLossPrice: presetText(order.presetStop?.trigger),
  presetStopLossExecutePrice: presetText(order.presetStop?.execute),
  quoteVolume: toText(order.cost),
  orderType: order.type,
  leverage: String(order.leverage),
  marginMode: order.marginMode,
  reduceOnly: order.reduceOnly ? "YES" : "NO",
  enterPointSource: "API",
  tradeSide: tradeSide(order.side),
  posMode: account.positionMode,
  orderSource: order.source,
  cTime: String(order.createdAt),
  uTime: String(order.updatedAt),
  cancelReason: order.cancelReason,
});

const presetText = (value: Price | undefined): string => (value === undefined ? "" : toText(value));

export const fillRow = (fill: Fill, account: AccountView): Row => ({
  tradeId: fill.tradeId,
  symbol: fill.symbol,
  orderId: fill.orderId,
  clientOid: fill.clientOid,
  price: toText(fill.price),
  baseVolume: toText(fill.size),
  feeDetail: [
    {
      deduction: "no",
      feeCoin: MARGIN_COIN,
      totalDeductionFee: null,
      totalFee: money(amount(fill.fee.neg())),
    },
  ],
  side: fill.side,
  quoteVolume: toText(fill.price.times(fill.size)),
  profit: money(fill.realised),
  enterPointSource: "api",
  tradeSide: tradeSide(fill.side),
  posMode: account.positionMode,
  tradeScope: fill.liquidity,
  cTime: String(fill.at),
});

export const planRow = (plan: Plan, account: AccountView): Row => {
  const trigger = toText(plan.trigger);
  const execute = presetText(plan.execute);
  const stop = isStop(plan.planType);
  const side = plan.side === "long" ? "sell" : "buy";
  return {
    planType: plan.planType,
    symbol: plan.symbol,
    size: plan.size === undefined ? positionSize(plan, account) : toText(plan.size),
    orderId: plan.id,
    clientOid: plan.clientOid,
    executeOrderId: plan.childId ?? "",
    price: "",
    executePrice: execute,
    callbackRatio: "",
    triggerPrice: trigger,
    triggerType: plan.triggerType,
    planStatus: plan.status,
    side,
    posSide: "net",
    marginCoin: MARGIN_COIN,
    marginMode: settingsOf(account, plan.symbol).marginMode,
    enterPointSource: "API",
    tradeSide: tradeSide(side),
    posMode: account.positionMode,
    orderType: plan.execute === undefined ? "market" : "limit",
    stopSurplusTriggerPrice: stop ? "" : trigger,
    stopSurplusExecutePrice: stop ? "" : execute,
    stopSurplusTriggerType: plan.triggerType,
    stopLossTriggerPrice: stop ? trigger : "",
    stopLossExecutePrice: stop ? execute : "",
    stopLossTriggerType: plan.triggerType,
    cTime: String(plan.createdAt),
    uTime: String(plan.updatedAt),
  };
};

/** A plan of the whole position shows what that is now. */
const positionSize = (plan: Plan, account: AccountView): string => {
  const position = account.positions.get(plan.symbol);
  return position === undefined || position.side !== plan.side ? "" : toText(position.size);
};

export const positionRow = (position: Position, account: AccountView, mark: Price): Row => {
  const { symbol, side, size } = position;
  const locked = [...account.orders.values()]
    .filter((order) => order.symbol === symbol && order.reduceOnly)
    .reduce((sum, order) => amount(sum.plus(order.size).minus(order.filled)), amount(0));
  const reserved = locked.gt(size) ? amount(size) : locked;
  const stop = positionPlan(account, symbol, "pos_loss");
  const takeProfit = positionPlan(account, symbol, "pos_profit");
  return {
    marginCoin: MARGIN_COIN,
    symbol,
    holdSide: side,
    openDelegateSize: "0",
    marginSize: money(marginOf(position)),
    available: toText(size.minus(reserved)),
    locked: toText(reserved),
    total: toText(size),
    leverage: String(position.leverage),
    achievedProfits: money(position.realised),
    openPriceAvg: average(averageOf(position)),
    marginMode: position.marginMode,
    posMode: account.positionMode,
    unrealizedPL: money(unrealisedOf(position, mark)),
    // Nothing is liquidated yet.
    liquidationPrice: "0",
    keepMarginRate: KEEP_MARGIN_RATE,
    markPrice: toText(mark),
    marginRatio: "0",
    breakEvenPrice: average(breakEvenOf(position)),
    totalFee: money(amount(position.fees.neg())),
    deductedFee: "0",
    grant: "",
    assetMode: "single",
    autoMargin: "off",
    takeProfit: presetText(takeProfit?.trigger),
    stopLoss: presetText(stop?.trigger),
    takeProfitId: takeProfit?.id ?? "",
    stopLossId: stop?.id ?? "",
    cTime: String(position.createdAt),
    uTime: String(position.updatedAt),
  };
};

const positionPlan = (
  account: AccountView,
  symbol: ContractSymbol,
  planType: "pos_loss" | "pos_profit",
): Plan | undefined =>
  [...account.plans.values()].find((plan) => plan.symbol === symbol && plan.planType === planType);

/** Where the fees that were paid so far would be earned back. */
const breakEvenOf = ({ side, cost, fees, size }: Position): Amount =>
  amount((side === "long" ? cost.plus(fees) : cost.minus(fees)).div(size));

export const accountRow = (balances: Balances): Row => ({
  marginCoin: MARGIN_COIN,
  locked: money(balances.orderMargin),
  available: money(balances.available),
  crossedMaxAvailable: money(balances.crossedAvailable),
  isolatedMaxAvailable: money(balances.isolatedAvailable),
  maxTransferOut: money(balances.isolatedAvailable),
  accountEquity: money(balances.equity),
  usdtEquity: money(balances.equity),
  btcEquity: "0",
  crossedRiskRate: "0",
  unrealizedPL: money(amount(balances.crossedUnrealised.plus(balances.isolatedUnrealised))),
  coupon: "0",
  crossedUnrealizedPL: money(balances.crossedUnrealised),
  isolatedUnrealizedPL: money(balances.isolatedUnrealised),
  assetMode: "single",
});

export const billRow = (bill: Bill): Row => ({
  billId: bill.id,
  symbol: bill.symbol,
  amount: money(bill.amount),
  fee: money(bill.fee),
  feeByCoupon: "",
  businessType: bill.businessType,
  coin: MARGIN_COIN,
  balance: money(bill.balance),
  cTime: String(bill.at),
});
