/**
 * Everything the exchange knows about its customers.
 *
 * Records (an order, a plan, a position, a fill) are values and are replaced, so that an event may
 * hold one as it was. The containers around them are changed in place, by the files of this folder
 * and nobody else: an account holds tens of thousands of records, and copying them for every fill
 * would be most of the work. `snapshot.ts` turns all of it into text and back.
 */

import type { Big } from "big.js";
import { brandAs, type Brand } from "#base/brand.ts";
import { millis, type Millis } from "#base/clock.ts";
import type { PositionSide, Side } from "#trading/market.ts";
import { amount, ZERO_AMOUNT, type Amount, type Price, type Quantity } from "#trading/money.ts";
import type { ContractSymbol } from "../prices/path.ts";
import type { Shock } from "../prices/shocks.ts";
import type { PositionMode } from "./switches.ts";

/** The exchange's own number of an account. */
export type Uid = Brand<string, "Uid">;
/** Of orders and plans alike: 19 digits, rising. */
export type OrderId = Brand<string, "OrderId">;

export const uid = (text: string): Uid => brandAs(text);
export const orderId = (text: string): OrderId => brandAs(text);

export type OrderType = "limit" | "market";
export type Force = "gtc" | "post_only" | "ioc" | "fok";
export type MarginMode = "crossed" | "isolated";
type OrderStatus = "live" | "partially_filled" | "filled" | "canceled";

export type Order = {
  readonly id: OrderId;
  readonly clientOid: string;
  /** Place in the queue of everything that the exchange has ever accepted. */
  readonly sequence: number;
  readonly symbol: ContractSymbol;
  readonly side: Side;
  readonly type: OrderType;
  readonly force: Force;
  readonly size: Quantity;
  readonly limit: Price | undefined;
  readonly reduceOnly: boolean;
  readonly marginMode: MarginMode;
  readonly leverage: number;
  readonly presetStop: Preset | undefined;
  readonly presetTakeProfit: Preset | undefined;
  /** Bitget's word for where the order came from: `normal`, `market`, `pos_loss_market`… */
  readonly source: string;
  readonly status: OrderStatus;
  readonly filled: Quantity;
  /** Sum of price times size of its fills, exact. */
  readonly cost: Amount;
  /** Paid: positive costs money. */
  readonly fee: Amount;
  readonly realised: Amount;
  readonly createdAt: Millis;
  readonly updatedAt: Millis;
  readonly cancelReason: string;
};

export type Preset = {
  readonly trigger: Price;
  /** `undefined`: at market. */
  readonly execute: Price | undefined;
};

export type PlanType = "pos_loss" | "pos_profit" | "loss_plan" | "profit_plan";
export type PlanStatus = "live" | "executed" | "fail_execute" | "cancelled";

export type Plan = {
  readonly id: OrderId;
  readonly clientOid: string;
  readonly sequence: number;
  readonly symbol: ContractSymbol;
  readonly planType: PlanType;
  /** The side of the position that it reduces. */
  readonly side: PositionSide;
  readonly trigger: Price;
  readonly triggerType: "mark_price" | "fill_price";
  /** `undefined`: at market. */
  readonly execute: Price | undefined;
  /** `undefined`: the whole position, whatever its size. */
  readonly size: Quantity | undefined;
  readonly status: PlanStatus;
  /** The order that it became. */
  readonly childId: OrderId | undefined;
  readonly createdAt: Millis;
  readonly updatedAt: Millis;
};

export type Position = {
  readonly id: OrderId;
  readonly symbol: ContractSymbol;
  readonly side: PositionSide;
  readonly size: Quantity;
  /** Sum of price times size of what is open; the average price is this over the size. */
  readonly cost: Amount;
  readonly marginMode: MarginMode;
  readonly leverage: number;
  /** By reductions of this position, before fees. */
  readonly realised: Amount;
  readonly fees: Amount;
  readonly createdAt: Millis;
  readonly updatedAt: Millis;
};

export type Fill = {
  readonly tradeId: OrderId;
  readonly orderId: OrderId;
  readonly clientOid: string;
  readonly symbol: ContractSymbol;
  readonly side: Side;
  readonly price: Price;
  readonly size: Quantity;
  readonly fee: Amount;
  readonly liquidity: "maker" | "taker";
  readonly realised: Amount;
  readonly at: Millis;
};

/** One line of the account's ledger. */
export type Bill = {
  readonly id: OrderId;
  readonly symbol: ContractSymbol;
  readonly businessType: string;
  readonly amount: Amount;
  readonly fee: Amount;
  /** Of the wallet, afterwards. */
  readonly balance: Amount;
  readonly at: Millis;
};

export type SymbolSettings = {
  readonly marginMode: MarginMode;
  readonly crossedLeverage: number;
  readonly isolatedLongLeverage: number;
  readonly isolatedShortLeverage: number;
};

export const defaultSettings: SymbolSettings = {
  marginMode: "crossed",
  crossedLeverage: 10,
  isolatedLongLeverage: 10,
  isolatedShortLeverage: 10,
};

export type Account = {
  readonly uid: Uid;
  readonly initial: Amount;
  /** Initial balance plus realised profit minus fees. */
  wallet: Amount;
  realised: Amount;
  fees: Amount;
  fillCount: number;
  positionMode: PositionMode;
  readonly settings: Map<ContractSymbol, SymbolSettings>;
  readonly positions: Map<ContractSymbol, Position>;
  /** Live ones, oldest first. */
  readonly orders: Map<OrderId, Order>;
  readonly plans: Map<OrderId, Plan>;
  /** The most recent ones that are done, oldest first. */
  readonly doneOrders: Map<OrderId, Order>;
  readonly donePlans: Map<OrderId, Plan>;
  readonly fills: Map<OrderId, Fill>;
  readonly bills: Map<OrderId, Bill>;
  /** Every client id that was ever accepted, the most recent ones, with the order it named. */
  readonly orderIdByClientOid: Map<string, OrderId>;
  readonly planIdByClientOid: Map<string, OrderId>;
};

export type EngineState = {
  now: Millis;
  /** The last number given to an order, a plan, a fill or a bill. */
  sequence: number;
  readonly accounts: Map<Uid, Account>;
  shocks: ReadonlyArray<Shock>;
};

/** How many finished records of each kind an account keeps. */
const HISTORY_MAX = 10_000;

export const openAccount = (id: Uid, balance: Amount, positionMode: PositionMode): Account => ({
  uid: id,
  initial: balance,
  wallet: balance,
  realised: ZERO_AMOUNT,
  fees: ZERO_AMOUNT,
  fillCount: 0,
  positionMode,
  settings: new Map(),
  positions: new Map(),
  orders: new Map(),
  plans: new Map(),
  doneOrders: new Map(),
  donePlans: new Map(),
  fills: new Map(),
  bills: new Map(),
  orderIdByClientOid: new Map(),
  planIdByClientOid: new Map(),
});

export const startState = (now: Millis): EngineState => ({
  now: millis(now),
  sequence: 0,
  accounts: new Map(),
  shocks: [],
});

/** Far above what a double can hold, as real ones are: who parses them as numbers will notice. */
const FIRST_ID = 1_300_000_000_000_000_000n;

export const nextId = (state: EngineState): { readonly id: OrderId; readonly sequence: number } => {
  state.sequence += 1;
  return { id: orderId(String(FIRST_ID + BigInt(state.sequence))), sequence: state.sequence };
};

/** Adds to a history and forgets the oldest of it. */
export const remember = <K, V>(history: Map<K, V>, key: K, value: V): void => {
  history.set(key, value);
  if (history.size <= HISTORY_MAX) return;
  const oldest = history.keys().next();
  if (oldest.done !== true) history.delete(oldest.value);
};

/** The same for names, but what is still live keeps its name, however old it is. */
export const rememberName = (
  names: Map<string, OrderId>,
  live: ReadonlyMap<OrderId, unknown>,
  { clientOid, id }: { readonly clientOid: string; readonly id: OrderId },
): void => {
  names.set(clientOid, id);
  if (names.size <= HISTORY_MAX) return;
  for (const [name, named] of names) {
    if (live.has(named)) continue;
    names.delete(name);
    return;
  }
};

export const settingsOf = (
  account: { readonly settings: ReadonlyMap<ContractSymbol, SymbolSettings> },
  symbol: ContractSymbol,
): SymbolSettings => account.settings.get(symbol) ?? defaultSettings;

export const leverageOf = (
  settings: SymbolSettings,
  marginMode: MarginMode,
  side: PositionSide,
): number => {
  if (marginMode === "crossed") return settings.crossedLeverage;
  return side === "long" ? settings.isolatedLongLeverage : settings.isolatedShortLeverage;
};

/** What is left to trade. */
export const remainingOf = (order: Order): Big => order.size.minus(order.filled);

export const averageOf = ({ cost, size }: { cost: Amount; size: Quantity }): Amount =>
  amount(cost.div(size));

export const sideOf = (side: Side): PositionSide => (side === "buy" ? "long" : "short");

export const isStop = (planType: PlanType): boolean =>
  planType === "pos_loss" || planType === "loss_plan";

export const isOfPosition = (planType: PlanType): boolean =>
  planType === "pos_loss" || planType === "pos_profit";
