/**
 * The emulator's own account of what happened: every event of the engine as one flat line of texts
 * and numbers, numbered from 1. `audit.ts` says what such a log proves.
 */

import { z } from "zod";
import { err, ok, type Result } from "#base/result.ts";
import type { EngineEvent } from "./engine/events.ts";
import type { Fill, Order, Plan, Position } from "./engine/state.ts";

const decimal = z.string().regex(/^-?\d+(?:\.\d+)?$/);
const stamp = { index: z.int(), at: z.number(), uid: z.string() };

const orderFields = {
  ...stamp,
  symbol: z.string(),
  orderId: z.string(),
  clientOid: z.string(),
  side: z.enum(["buy", "sell"]),
  type: z.enum(["limit", "market"]),
  size: decimal,
  limit: decimal.nullable(),
  reduceOnly: z.boolean(),
  presetStop: decimal.nullable(),
  source: z.string(),
  filled: decimal,
};

const planFields = {
  ...stamp,
  symbol: z.string(),
  planId: z.string(),
  clientOid: z.string(),
  planType: z.enum(["pos_loss", "pos_profit", "loss_plan", "profit_plan"]),
  /** Of the position that it reduces. */
  side: z.enum(["long", "short"]),
  trigger: decimal,
  /** `null`: the whole position. */
  size: decimal.nullable(),
  childId: z.string().nullable(),
};

const auditEvent = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("AccountOpened"), ...stamp, balance: decimal }),
  z.strictObject({ kind: z.literal("OrderAccepted"), ...orderFields }),
  z.strictObject({ kind: z.literal("OrderCanceled"), ...orderFields, reason: z.string() }),
  z.strictObject({
    kind: z.literal("OrderFilled"),
    ...stamp,
    symbol: z.string(),
    tradeId: z.string(),
    orderId: z.string(),
    clientOid: z.string(),
    side: z.enum(["buy", "sell"]),
    price: decimal,
    size: decimal,
    fee: decimal,
    realised: decimal,
    liquidity: z.enum(["maker", "taker"]),
  }),
  z.strictObject({ kind: z.literal("PlanPlaced"), ...planFields }),
  z.strictObject({ kind: z.literal("PlanMoved"), ...planFields }),
  z.strictObject({ kind: z.literal("PlanCanceled"), ...planFields }),
  z.strictObject({ kind: z.literal("PlanTriggered"), ...planFields }),
  z.strictObject({ kind: z.literal("PlanFailed"), ...planFields }),
  z.strictObject({
    kind: z.literal("PositionChanged"),
    ...stamp,
    symbol: z.string(),
    /** `null`: flat. */
    side: z.enum(["long", "short"]).nullable(),
    size: decimal,
    cost: decimal,
  }),
  z.strictObject({
    kind: z.literal("SettingsChanged"),
    ...stamp,
    symbol: z.string(),
    marginMode: z.string(),
    crossedLeverage: z.number(),
    isolatedLongLeverage: z.number(),
    isolatedShortLeverage: z.number(),
  }),
  z.strictObject({ kind: z.literal("PositionModeChanged"), ...stamp, mode: z.string() }),
  z.strictObject({
    kind: z.literal("PriceShocked"),
    index: z.int(),
    at: z.number(),
    symbol: z.string(),
    percent: z.number(),
    durationMs: z.number(),
  }),
]);

export type AuditEvent = Readonly<z.output<typeof auditEvent>>;

type Stamp = { readonly index: number; readonly at: number };

/** The n-th event of the engine, counted from 1. */
export const toAuditEvent = (event: EngineEvent, index: number): AuditEvent => {
  const stamp = { index, at: event.at };
  if ("plan" in event) {
    return { kind: event.kind, ...stamp, uid: event.uid, ...describePlan(event.plan) };
  }
  switch (event.kind) {
    case "AccountOpened":
      return { kind: event.kind, ...stamp, uid: event.uid, balance: event.balance.toFixed() };
    case "OrderAccepted":
    case "OrderCanceled":
    case "OrderFilled":
      return orderEvent(event, stamp);
    case "PositionChanged":
    case "SettingsChanged":
    case "PositionModeChanged":
    case "PriceShocked":
      return stateEvent(event, stamp);
  }
};

type OrderEvent = Extract<
  EngineEvent,
  { kind: "OrderAccepted" | "OrderCanceled" } | { kind: "OrderFilled" }
>;

const orderEvent = (event: OrderEvent, stamp: Stamp): AuditEvent => {
  const { uid } = event;
  switch (event.kind) {
    case "OrderFilled":
      return { kind: event.kind, ...stamp, uid, ...describeFill(event.fill) };
    case "OrderAccepted":
      return { kind: event.kind, ...stamp, uid, ...describeOrder(event.order) };
    case "OrderCanceled": {
      const reason = event.order.cancelReason;
      return { kind: event.kind, ...stamp, uid, ...describeOrder(event.order), reason };
    }
  }
};

type StateEvent = Extract<
  EngineEvent,
  | { kind: "PositionChanged" }
  | { kind: "SettingsChanged" }
  | { kind: "PositionModeChanged" }
  | { kind: "PriceShocked" }
>;

const stateEvent = (event: StateEvent, stamp: Stamp): AuditEvent => {
  switch (event.kind) {
    case "PositionChanged": {
      const { kind, uid, symbol, position } = event;
      return position === undefined
        ? { kind, ...stamp, uid, symbol, side: null, size: "0", cost: "0" }
        : { kind, ...stamp, uid, symbol, ...describePosition(position) };
    }
    case "SettingsChanged": {
      const { kind, uid, symbol, settings } = event;
      return { kind, ...stamp, uid, symbol, ...settings };
    }
    case "PositionModeChanged":
      return { kind: event.kind, ...stamp, uid: event.uid, mode: event.mode };
    case "PriceShocked": {
      const { symbol, percent, durationMs } = event.shock;
      return { kind: event.kind, ...stamp, symbol, percent, durationMs };
    }
  }
};

const describePosition = ({ side, size, cost }: Position) => ({
  side,
  size: size.toFixed(),
  cost: cost.toFixed(),
});

const describeOrder = (order: Order) => ({
  symbol: order.symbol,
  orderId: order.id,
  clientOid: order.clientOid,
  side: order.side,
  type: order.type,
  size: order.size.toFixed(),
  limit: order.limit?.toFixed() ?? null,
  reduceOnly: order.reduceOnly,
  presetStop: order.presetStop?.trigger.toFixed() ?? null,
  source: order.source,
  filled: order.filled.toFixed(),
});

const describeFill = (fill: Fill) => ({
  symbol: fill.symbol,
  tradeId: fill.tradeId,
  orderId: fill.orderId,
  clientOid: fill.clientOid,
  side: fill.side,
  price: fill.price.toFixed(),
  size: fill.size.toFixed(),
  fee: fill.fee.toFixed(),
  realised: fill.realised.toFixed(),
  liquidity: fill.liquidity,
});

const describePlan = (plan: Plan) => ({
  symbol: plan.symbol,
  planId: plan.id,
  clientOid: plan.clientOid,
  planType: plan.planType,
  side: plan.side,
  trigger: plan.trigger.toFixed(),
  size: plan.size?.toFixed() ?? null,
  childId: plan.childId ?? null,
});

/** One event a line, as the emulator writes and serves them. */
export const parseAudit = (text: string): Result<ReadonlyArray<AuditEvent>, string> => {
  const events: AuditEvent[] = [];
  for (const [index, line] of text.split("\n").entries()) {
    if (line === "") continue;
    const parsed = auditEvent.safeParse(parseJson(line));
    if (!parsed.success) return err(`line ${index + 1} is not an audit event`);
    events.push(parsed.data);
  }
  return ok(events);
};

const parseJson = (line: string): unknown => {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
};
