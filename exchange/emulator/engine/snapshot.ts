/**
 * The whole state of the exchange as plain data, and back. Decimals are texts, so nothing is lost;
 * what comes back is checked, because it was a file in between.
 */

import { Big } from "big.js";
import { z } from "zod";
import { millis, type Millis } from "#base/clock.ts";
import { amount, price, quantity } from "#trading/money.ts";
import { contractSymbol, type ContractSymbol } from "../prices/path.ts";
import type { Shock } from "../prices/shocks.ts";
import {
  orderId,
  uid,
  type Account,
  type Bill,
  type EngineState,
  type Fill,
  type Order,
  type OrderId,
  type Plan,
  type Position,
  type SymbolSettings,
} from "./state.ts";

const decimal = z.string().regex(/^-?\d+(?:\.\d+)?$/);
const positive = decimal.transform(price);
const size = decimal.transform(quantity);
const money = decimal.transform(amount);
const instant = z.number().transform(millis);
const id = z.string().transform(orderId);
const symbol = z.string().transform(contractSymbol);
const side = z.enum(["buy", "sell"]);
const positionSide = z.enum(["long", "short"]);
const marginMode = z.enum(["crossed", "isolated"]);
const settings = z.strictObject({
  marginMode,
  crossedLeverage: z.number(),
  isolatedLongLeverage: z.number(),
  isolatedShortLeverage: z.number(),
});
/** JSON leaves out what is not there; the state says `undefined`. */
const absent = <T extends z.ZodType>(schema: T) =>
  schema.optional().transform((value): z.output<T> | undefined => value);

const preset = z.strictObject({ trigger: positive, execute: absent(positive) });

const order: z.ZodType<Order> = z.strictObject({
  id,
  clientOid: z.string(),
  sequence: z.number(),
  symbol,
  side,
  type: z.enum(["limit", "market"]),
  force: z.enum(["gtc", "post_only", "ioc", "fok"]),
  size,
  limit: absent(positive),
  reduceOnly: z.boolean(),
  marginMode,
  leverage: z.number(),
  presetStop: absent(preset),
  presetTakeProfit: absent(preset),
  source: z.string(),
  status: z.enum(["live", "partially_filled", "filled", "canceled"]),
  filled: size,
  cost: money,
  fee: money,
  realised: money,
  createdAt: instant,
  updatedAt: instant,
  cancelReason: z.string(),
});

const plan: z.ZodType<Plan> = z.strictObject({
  id,
  clientOid: z.string(),
  sequence: z.number(),
  symbol,
  planType: z.enum(["pos_loss", "pos_profit", "loss_plan", "profit_plan"]),
  side: positionSide,
  trigger: positive,
  triggerType: z.enum(["mark_price", "fill_price"]),
  execute: absent(positive),
  size: absent(size),
  status: z.enum(["live", "executed", "fail_execute", "cancelled"]),
  childId: absent(id),
  createdAt: instant,
  updatedAt: instant,
});

const position: z.ZodType<Position> = z.strictObject({
  id,
  symbol,
  side: positionSide,
  size,
  cost: money,
  marginMode,
  leverage: z.number(),
  realised: money,
  fees: money,
  createdAt: instant,
  updatedAt: instant,
});

const fill: z.ZodType<Fill> = z.strictObject({
  tradeId: id,
  orderId: id,
  clientOid: z.string(),
  symbol,
  side,
  price: positive,
  size,
  fee: money,
  liquidity: z.enum(["maker", "taker"]),
  realised: money,
  at: instant,
});

const bill: z.ZodType<Bill> = z.strictObject({
  id,
  symbol,
  businessType: z.string(),
  amount: money,
  fee: money,
  balance: money,
  at: instant,
});

/** Keyed by what each record calls itself, in the order in which they were. */
const keyed = <T, K>(schema: z.ZodType<T>, key: (value: T) => K) =>
  z.array(schema).transform((values) => new Map(values.map((value) => [key(value), value])));

const pairs = <K, V>(key: z.ZodType<K>, value: z.ZodType<V>) =>
  z.array(z.tuple([key, value])).transform((entries) => new Map(entries));

const account: z.ZodType<Account> = z.strictObject({
  uid: z.string().transform(uid),
  initial: money,
  wallet: money,
  realised: money,
  fees: money,
  fillCount: z.number(),
  positionMode: z.enum(["one_way_mode", "hedge_mode"]),
  settings: pairs<ContractSymbol, SymbolSettings>(symbol, settings),
  positions: keyed(position, (value) => value.symbol),
  orders: keyed(order, (value) => value.id),
  plans: keyed(plan, (value) => value.id),
  doneOrders: keyed(order, (value) => value.id),
  donePlans: keyed(plan, (value) => value.id),
  fills: keyed(fill, (value) => value.tradeId),
  bills: keyed(bill, (value) => value.id),
  orderIdByClientOid: pairs<string, OrderId>(z.string(), id),
  planIdByClientOid: pairs<string, OrderId>(z.string(), id),
});

const shock: z.ZodType<Shock> = z.strictObject({
  symbol: z.union([z.literal("all"), symbol]),
  percent: z.number(),
  at: instant,
  durationMs: z.number(),
});

const engineState: z.ZodType<EngineState> = z.strictObject({
  now: instant,
  sequence: z.number(),
  accounts: keyed(account, (value) => value.uid),
  shocks: z.array(shock),
});

/** JSON: numbers, texts, lists and records. */
export type Snapshot = { readonly now: Millis; readonly [name: string]: unknown };

export const toSnapshot = ({ now, sequence, accounts, shocks }: EngineState): Snapshot => ({
  now,
  sequence,
  accounts: [...accounts.values()].map(accountToData),
  shocks,
});

const accountToData = (from: Account): unknown => ({
  ...decimalsToText(from),
  settings: [...from.settings],
  positions: [...from.positions.values()].map(decimalsToText),
  orders: [...from.orders.values()].map(orderToData),
  plans: [...from.plans.values()].map(decimalsToText),
  doneOrders: [...from.doneOrders.values()].map(orderToData),
  donePlans: [...from.donePlans.values()].map(decimalsToText),
  fills: [...from.fills.values()].map(decimalsToText),
  bills: [...from.bills.values()].map(decimalsToText),
  orderIdByClientOid: [...from.orderIdByClientOid],
  planIdByClientOid: [...from.planIdByClientOid],
});

const orderToData = (from: Order): unknown => ({
  ...decimalsToText(from),
  presetStop: from.presetStop && decimalsToText(from.presetStop),
  presetTakeProfit: from.presetTakeProfit && decimalsToText(from.presetTakeProfit),
});

/** Decimals of one record as plain digits, the rest as it is. */
const decimalsToText = (record: object): Readonly<Record<string, unknown>> =>
  Object.fromEntries(
    Object.entries(record).map(([name, value]) => [
      name,
      value instanceof Big ? value.toFixed() : value,
    ]),
  );

/** Throws when the data is not a snapshot: a caller who reads files asks `isSnapshot` first. */
export const fromSnapshot = (snapshot: Snapshot): EngineState =>
  engineState.parse(JSON.parse(JSON.stringify(snapshot)));

/** `undefined`: it is one. Otherwise where it is not. */
export const snapshotProblem = (data: unknown): string | undefined => {
  const parsed = engineState.safeParse(data);
  if (parsed.success) return undefined;
  const [issue] = parsed.error.issues;
  return `${issue?.path.join(".") ?? ""}: ${issue?.message ?? "is not a snapshot"}`;
};
