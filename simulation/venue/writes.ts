/** What the simulated venue does when it is told to. */

import { brandAs } from "#base/brand.ts";
import { err } from "#base/result.ts";
import type { OrderRequest } from "#exchange/emulator/engine/order-checks.ts";
import type { EntryRequest, ExchangeWrites, ExitRequest } from "#exchange/port.ts";
import type { ExchangeOrderId } from "#trading/order.ts";
import type { Context } from "./context.ts";
import { toContractSymbol } from "./rows.ts";

export const writesOf = (context: Context): ExchangeWrites => ({
  ...orderWrites(context),
  ...planWrites(context),
  ...settingWrites(context),
});

type OrderWrites = Pick<ExchangeWrites, "submitEntry" | "submitExit" | "cancelOrder">;
type PlanWrites = Pick<ExchangeWrites, "placeProtection" | "moveProtection" | "cancelPlan">;

const orderWrites = ({ engine, uid, time, write }: Context): OrderWrites => ({
  submitEntry: async (entry) => {
    const denial = entry.guard();
    if (denial !== undefined) return { kind: "Rejected", reason: "Denied", detail: denial };
    const request = { ...toRequest(entry, uid), ...limitTerms(entry) };
    return write("Place", () => engine.placeOrder(time.now(), request), toOrderId);
  },
  submitExit: (exit) => {
    const request = { ...toRequest(exit, uid), reduceOnly: true };
    return write("Place", () => engine.placeOrder(time.now(), request), toOrderId);
  },
  cancelOrder: (id, symbol) => {
    const request = { uid, symbol: toContractSymbol(symbol), orderId: undefined, clientOid: id };
    return write("Withdraw", () => engine.cancelOrder(time.now(), request), toNothing);
  },
});

/** A plain market order. */
const toRequest = (
  { id, symbol, side, size, marginMode }: EntryRequest | ExitRequest,
  uid: Context["uid"],
): OrderRequest => ({
  uid,
  side,
  marginMode,
  symbol: toContractSymbol(symbol),
  type: "market",
  force: "gtc",
  size: size.toFixed(),
  price: undefined,
  clientOid: id,
  reduceOnly: false,
  presetStopLossPrice: undefined,
  presetStopLossExecutePrice: undefined,
  presetStopSurplusPrice: undefined,
  presetStopSurplusExecutePrice: undefined,
});

const limitTerms = ({ limit, stop }: EntryRequest) => ({
  type: "limit" as const,
  price: limit.toFixed(),
  presetStopLossPrice: stop.toFixed(),
});

const planWrites = ({ engine, uid, time, write }: Context): PlanWrites => ({
  placeProtection: ({ id, symbol, kind, side, trigger, size }) => {
    const request = {
      uid,
      symbol: toContractSymbol(symbol),
      planType: kind === "Stop" ? "pos_loss" : "pos_profit",
      holdSide: side === "long" ? "buy" : "sell",
      triggerPrice: trigger.toFixed(),
      triggerType: "mark_price",
      executePrice: undefined,
      size: size.toFixed(),
      clientOid: id,
    } as const;
    return write("Place", () => engine.placePlan(time.now(), request), toOrderId);
  },
  moveProtection: ({ plan, trigger, size }) => {
    const request = {
      uid,
      symbol: toContractSymbol(plan.symbol),
      orderId: plan.id,
      clientOid: undefined,
      triggerPrice: trigger.toFixed(),
      executePrice: undefined,
      size: size.toFixed(),
    };
    return write("Withdraw", () => engine.modifyPlan(time.now(), request), toNothing);
  },
  cancelPlan: (plan) => {
    const request = {
      uid,
      symbol: toContractSymbol(plan.symbol),
      planType: "profit_loss",
      references: [{ orderId: plan.id, clientOid: undefined }],
    };
    const carryOut = () => {
      const report = engine.cancelPlans(time.now(), request);
      const failure = report.ok ? report.value.failed[0] : undefined;
      return failure === undefined ? report : err(failure);
    };
    return write("Withdraw", carryOut, toNothing);
  },
});

const settingWrites = ({
  engine,
  uid,
  time,
  write,
}: Context): Omit<ExchangeWrites, keyof OrderWrites | keyof PlanWrites> => ({
  setLeverage: (symbol, leverage) => {
    const request = {
      uid,
      symbol: toContractSymbol(symbol),
      leverage: String(leverage),
      side: undefined,
    };
    return write("Configure", () => engine.setLeverage(time.now(), request), toNothing);
  },
  setMarginMode: (symbol, marginMode) => {
    const request = { uid, symbol: toContractSymbol(symbol), marginMode };
    return write("Configure", () => engine.setMarginMode(time.now(), request), toNothing);
  },
  setOneWayMode: () => {
    const request = { uid, mode: "one_way_mode" } as const;
    return write("Configure", () => engine.setPositionMode(time.now(), request), toNothing);
  },
});

const toOrderId = ({ orderId }: { readonly orderId: string }): ExchangeOrderId => brandAs(orderId);
const toNothing = (): undefined => undefined;
