/**
 * Bitget's rows, checked field by field and turned into values of the port.
 *
 * Pure. Each function throws a sentence for a row that it cannot read in full; the caller makes the
 * whole answer `Unknown` then. Sides are those of a one-way account, the only mode that we trade in.
 * (Bitget classic v2 mix: `market/contracts`, `account/accounts`, `position/all-position`,
 * `order/detail`, `order/orders-plan-pending`, `order/fills`.)
 */

import { Big } from "big.js";
import { brandAs, type Brand } from "#base/brand.ts";
import type { Millis } from "#base/clock.ts";
import { timeframeMs, type Candle, type Timeframe } from "#trading/candle.ts";
import { marketSymbol, type Market, type MarketSymbol } from "#trading/market.ts";
import { amount, price, quantity, type Price } from "#trading/money.ts";
import type { ExchangeOrderId, ReportedStatus } from "#trading/order.ts";
import type {
  AccountFacts,
  Balance,
  Fill,
  OrderReport,
  Plan,
  PlanId,
  Position,
  PriceQuote,
  SymbolFacts,
} from "../port.ts";
import { MARGIN_COIN } from "./endpoints.ts";
import {
  decimal,
  instant,
  notNegative,
  oneOf,
  positive,
  text,
  textOrEmpty,
  toDecimal,
  toInstant,
  toRows,
  wholeNumber,
  type Row,
} from "./fields.ts";

/** Bitget's own name of a symbol, such as `BTCUSDT`. */
export type MarketId = Brand<string, "MarketId">;

/** Throws for a symbol that no list of markets has ever named. */
export type SymbolOf = (id: string) => MarketSymbol;

const toMarketId = (row: Row, field: string): MarketId => brandAs(text(row, field));

export const exchangeOrderId = (id: string): ExchangeOrderId => brandAs(id);

/**
 * `undefined` for what is not a perpetual, and for one whose name no LiveStrategy could spell: such a
 * symbol is never traded, so it must not stand between us and those that are.
 */
export const toMarket = (row: Row): readonly [MarketId, Market] | undefined => {
  const [settle] = Array.isArray(row["supportMarginCoins"]) ? row["supportMarginCoins"] : [];
  const name = `${text(row, "baseCoin")}/${text(row, "quoteCoin")}:${String(settle)}`;
  if (text(row, "symbolType") !== "perpetual" || !/^[A-Z0-9]+\/[A-Z0-9]+:[A-Z0-9]+$/.test(name)) {
    return undefined;
  }
  const place = new Big(10).pow(-notNegative(row, "pricePlace").toNumber());
  const market: Market = {
    symbol: marketSymbol(name),
    tick: price(positive(row, "priceEndStep").times(place)),
    step: quantity(positive(row, "sizeMultiplier")),
    minSize: quantity(positive(row, "minTradeNum")),
    minNotional: amount(notNegative(row, "minTradeUSDT")),
    maxLeverage: wholeNumber(row, "maxLever"),
    makerFeeRate: amount(decimal(row, "makerFeeRate")),
    takerFeeRate: amount(decimal(row, "takerFeeRate")),
    active: text(row, "symbolStatus") === "normal",
  };
  return [toMarketId(row, "symbol"), market];
};

/** A bar as it is sent: `[openTime, open, high, low, close, base volume, …]`. */
export const toCandle = (row: unknown, timeframe: Timeframe): Candle => {
  if (!Array.isArray(row)) throw new Error("a candle is not a list");
  const cells: ReadonlyArray<unknown> = row;
  const [open = 0, high = 0, low = 0, close = 0] = [1, 2, 3, 4].map((index) =>
    toDecimal(cells[index], `candle[${index}]`).toNumber(),
  );
  const volume = toDecimal(cells[5], "candle[5]").toNumber();
  const openTime = toInstant(cells[0], "candle[0]");
  const sound = low > 0 && low <= Math.min(open, close) && high >= Math.max(open, close);
  if (!sound || volume < 0 || openTime % timeframeMs[timeframe] !== 0) {
    throw new Error(
      `candle ${openTime} is no candle: ${[open, high, low, close, volume].join(" ")}`,
    );
  }
  return { openTime, open, high, low, close, volume };
};

export const toQuote = (row: Row): PriceQuote => ({
  last: price(positive(row, "lastPr")),
  mark: price(positive(row, "markPrice")),
  at: instant(row, "ts"),
});

export const toAccountFacts = (row: Row): AccountFacts => {
  const listed: unknown = row["authorities"];
  if (!Array.isArray(listed)) throw new Error("field authorities is not a list");
  // Old keys name rights in words; newer ones in codes: futures orders and wallet withdrawal, to write.
  const has = (...names: ReadonlyArray<string>) => names.some((name) => listed.includes(name));
  return {
    uid: text(row, "userId"),
    canTrade: has("trade", "coow"),
    canWithdraw: has("withdraw", "wwow"),
  };
};

export const toBalance = (rows: ReadonlyArray<Row>): Balance => {
  const row = rows.find((wallet) => wallet["marginCoin"] === MARGIN_COIN);
  if (row === undefined) throw new Error(`the answer has no ${MARGIN_COIN} wallet`);
  const equity = decimal(row, "accountEquity");
  return {
    equity: amount(equity),
    available: amount(decimal(row, "available")),
    wallet: amount(equity.minus(decimal(row, "unrealizedPL"))),
  };
};

/** `undefined` for a row that says "none". */
export const toPosition = (row: Row, symbolOf: SymbolOf): Position | undefined => {
  const size = quantity(notNegative(row, "total"));
  const position = {
    symbol: symbolOf(text(row, "symbol")),
    side: oneOf(row, "holdSide", ["long", "short"]),
    size,
    leverage: wholeNumber(row, "leverage"),
    liquidationPrice: priceIfAny(row, "liquidationPrice"),
  };
  return size.eq(0)
    ? undefined
    : { ...position, averagePrice: price(positive(row, "openPriceAvg")) };
};

export const toSymbolFacts = (row: Row): SymbolFacts => {
  const marginMode = oneOf(row, "marginMode", ["crossed", "isolated"]);
  const posMode = oneOf(row, "posMode", ["one_way_mode", "hedge_mode"]);
  // Isolated, the two sides may differ, and then the larger one is what must not be overlooked.
  const leverage =
    marginMode === "crossed"
      ? wholeNumber(row, "crossedMarginLeverage")
      : Math.max(wholeNumber(row, "isolatedLongLever"), wholeNumber(row, "isolatedShortLever"));
  return { marginMode, leverage, oneWay: posMode === "one_way_mode" };
};

/** Where an order row keeps its state and its cumulative fill depends on who sends it. */
export type OrderFields = {
  readonly symbol: "symbol" | "instId";
  readonly status: "state" | "status";
  readonly filled: "baseVolume" | "accBaseVolume";
};

export const orderFields = {
  detail: { symbol: "symbol", status: "state", filled: "baseVolume" },
  list: { symbol: "symbol", status: "status", filled: "baseVolume" },
  /** There, `baseVolume` is the last fill only. */
  push: { symbol: "instId", status: "status", filled: "accBaseVolume" },
} as const satisfies Readonly<Record<string, OrderFields>>;

export const toOrderReport = (row: Row, fields: OrderFields, symbolOf: SymbolOf): OrderReport => ({
  clientOrderId: clientOidOf(row),
  exchangeOrderId: exchangeOrderId(text(row, "orderId")),
  symbol: symbolOf(text(row, fields.symbol)),
  side: oneOf(row, "side", ["buy", "sell"]),
  status: toStatus(row, fields.status),
  size: quantity(positive(row, "size")),
  filled: quantity(notNegative(row, fields.filled)),
  limit: oneOf(row, "orderType", ["limit", "market"]) === "limit" ? limitOf(row) : undefined,
  reduceOnly: oneOf(row, "reduceOnly", ["YES", "yes", "NO", "no"]).toLowerCase() === "yes",
  updatedAt: instant(row, (row["uTime"] ?? "") === "" ? "cTime" : "uTime"),
});

const limitOf = (row: Row): Price => price(positive(row, "price"));

/** The documentation of the order channel spells it in a second way. */
export const clientOidOf = (row: Row): string =>
  textOrEmpty(row, row["clientOid"] === undefined ? "clientOId" : "clientOid");

const statusByWord: ReadonlyMap<string, ReportedStatus> = new Map([
  ["init", "Open"],
  ["new", "Open"],
  ["live", "Open"],
  ["partially_filled", "Open"],
  ["filled", "Filled"],
  ["canceled", "Canceled"],
  ["cancelled", "Canceled"],
]);

const toStatus = (row: Row, field: string): ReportedStatus => {
  const said = text(row, field);
  const status = statusByWord.get(said);
  if (status === undefined) throw new Error(`field ${field} is ${said}, which is no known state`);
  return status;
};

export type PlanType = "pos_loss" | "loss_plan" | "pos_profit" | "profit_plan" | "moving_plan";

export const toPlanType = (row: Row): PlanType =>
  oneOf(row, "planType", ["pos_loss", "loss_plan", "pos_profit", "profit_plan", "moving_plan"]);

/**
 * A `pos_` plan follows the position, the others keep their own size. A trailing plan, which only a
 * person can have placed, passes for a take-profit: nobody may take it for a stop.
 */
export const toPlan = (row: Row, symbolOf: SymbolOf): Plan => {
  const planType = toPlanType(row);
  const wholePosition = planType === "pos_loss" || planType === "pos_profit";
  return {
    id: planId(text(row, "orderId")),
    clientOrderId: clientOidOf(row),
    symbol: symbolOf(text(row, "symbol")),
    kind: planType === "pos_loss" || planType === "loss_plan" ? "Stop" : "TakeProfit",
    side: planSide(row),
    trigger: price(positive(row, "triggerPrice")),
    size: wholePosition ? undefined : quantity(positive(row, "size")),
  };
};

export const planId = (id: string): PlanId => exchangeOrderId(id);

/** In one-way mode a plan names the side on which it will trade. */
const planSide = (row: Row): "long" | "short" => {
  const posSide = oneOf(row, "posSide", ["net", "long", "short"]);
  if (posSide !== "net") return posSide;
  return oneOf(row, "side", ["buy", "sell"]) === "sell" ? "long" : "short";
};

/** A fill whose order has not been named yet: a REST row tells only the order's number. */
export type NamelessFill = Omit<Fill, "clientOrderId">;

export const toFill = (row: Row, symbolOf: SymbolOf): NamelessFill => ({
  tradeId: text(row, "tradeId"),
  exchangeOrderId: exchangeOrderId(text(row, "orderId")),
  symbol: symbolOf(text(row, "symbol")),
  side: oneOf(row, "side", ["buy", "sell"]),
  price: price(positive(row, "price")),
  size: quantity(positive(row, "baseVolume")),
  fee: amount(feePaid(row)),
  liquidity: oneOf(row, "tradeScope", ["maker", "taker"]),
  at: fillTime(row),
});

const fillTime = (row: Row): Millis => instant(row, "cTime");

/** They write what the fee does to the wallet; we write what it costs. */
const feePaid = (row: Row): Big =>
  toRows(row["feeDetail"], "feeDetail").reduce((paid, fee) => {
    if (fee["feeCoin"] !== MARGIN_COIN) {
      throw new Error(`trade ${text(row, "tradeId")} paid its fee in ${text(fee, "feeCoin")}`);
    }
    return paid.minus(decimal(fee, "totalFee"));
  }, new Big(0));

/** Empty, zero and, for a crossed position far from it, negative: no liquidation price. */
const priceIfAny = (row: Row, field: string): Price | undefined => {
  if (textOrEmpty(row, field) === "") return undefined;
  const value = decimal(row, field);
  return value.gt(0) ? price(value) : undefined;
};
