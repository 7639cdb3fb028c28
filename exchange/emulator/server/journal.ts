/**
 * The log of operations: what was asked of the engine, in order, as far as it was granted.
 *
 * The engine is a machine: the same operations at the same instants bring back the same books, fills
 * and numbers. So what must be on disk before an answer leaves is the operation, a line, and not the
 * whole state. A refusal changes nothing and is not kept.
 */

import { z } from "zod";
import { millis, type Millis } from "#base/clock.ts";
import { unreachable, type Result } from "#base/result.ts";
import type { Engine, EngineOperations } from "../engine/engine.ts";
import type { Refusal } from "../engine/refusal.ts";
import { uid as toUid } from "../engine/state.ts";
import { contractSymbol } from "../prices/path.ts";

export type Operation = {
  readonly name: keyof EngineOperations;
  readonly at: Millis;
  readonly request: unknown;
};

/** The same engine, but every operation that it grants is recorded. */
export const recordOperations = (
  engine: Engine,
  record: (operation: Operation) => void,
): Engine => {
  const recorded =
    <Request, Answer>(
      name: keyof EngineOperations,
      operate: (at: Millis, request: Request) => Result<Answer, Refusal>,
    ) =>
    (at: Millis, request: Request): Result<Answer, Refusal> => {
      const answer = operate(at, request);
      if (answer.ok) record({ name, at: engine.now(), request });
      return answer;
    };
  return {
    ...engine,
    openAccount: recorded("openAccount", engine.openAccount),
    placeOrder: recorded("placeOrder", engine.placeOrder),
    modifyOrder: recorded("modifyOrder", engine.modifyOrder),
    cancelOrder: recorded("cancelOrder", engine.cancelOrder),
    placePlan: recorded("placePlan", engine.placePlan),
    modifyPlan: recorded("modifyPlan", engine.modifyPlan),
    cancelPlans: recorded("cancelPlans", engine.cancelPlans),
    setLeverage: recorded("setLeverage", engine.setLeverage),
    setMarginMode: recorded("setMarginMode", engine.setMarginMode),
    setPositionMode: recorded("setPositionMode", engine.setPositionMode),
    shock: recorded("shock", engine.shock),
  };
};

const uid = z.string().transform(toUid);
/** JSON leaves out what is `undefined`. */
const maybe = z
  .string()
  .optional()
  .transform((value): string | undefined => value);
const marginMode = z.enum(["crossed", "isolated"]);
const reference = { orderId: maybe, clientOid: maybe };
const instant = z.number().transform(millis);

const operation = z.discriminatedUnion("name", [
  z.strictObject({
    name: z.literal("openAccount"),
    at: instant,
    request: z.strictObject({ uid, balance: z.string() }),
  }),
  z.strictObject({
    name: z.literal("placeOrder"),
    at: instant,
    request: z.strictObject({
      uid,
      symbol: z.string(),
      side: z.enum(["buy", "sell"]),
      type: z.enum(["limit", "market"]),
      force: z.enum(["gtc", "post_only", "ioc", "fok"]),
      size: z.string(),
      price: maybe,
      clientOid: maybe,
      reduceOnly: z.boolean(),
      marginMode,
      presetStopLossPrice: maybe,
      presetStopLossExecutePrice: maybe,
      presetStopSurplusPrice: maybe,
      presetStopSurplusExecutePrice: maybe,
    }),
  }),
  z.strictObject({
    name: z.literal("modifyOrder"),
    at: instant,
    request: z.strictObject({
      uid,
      symbol: z.string(),
      ...reference,
      newClientOid: maybe,
      newSize: maybe,
      newPrice: maybe,
    }),
  }),
  z.strictObject({
    name: z.literal("cancelOrder"),
    at: instant,
    request: z.strictObject({ uid, symbol: z.string(), ...reference }),
  }),
  z.strictObject({
    name: z.literal("placePlan"),
    at: instant,
    request: z.strictObject({
      uid,
      symbol: z.string(),
      planType: z.enum(["pos_loss", "pos_profit", "loss_plan", "profit_plan"]),
      holdSide: z.string(),
      triggerPrice: z.string(),
      triggerType: z.enum(["mark_price", "fill_price"]),
      executePrice: maybe,
      size: maybe,
      clientOid: maybe,
    }),
  }),
  z.strictObject({
    name: z.literal("modifyPlan"),
    at: instant,
    request: z.strictObject({
      uid,
      symbol: z.string(),
      ...reference,
      triggerPrice: z.string(),
      executePrice: maybe,
      size: maybe,
    }),
  }),
  z.strictObject({
    name: z.literal("cancelPlans"),
    at: instant,
    request: z.strictObject({
      uid,
      symbol: maybe,
      planType: z.string(),
      references: z
        .array(z.strictObject(reference))
        .optional()
        .transform((value): typeof value | undefined => value),
    }),
  }),
  z.strictObject({
    name: z.literal("setLeverage"),
    at: instant,
    request: z.strictObject({
      uid,
      symbol: z.string(),
      leverage: z.string(),
      side: z
        .enum(["long", "short"])
        .optional()
        .transform((value): "long" | "short" | undefined => value),
    }),
  }),
  z.strictObject({
    name: z.literal("setMarginMode"),
    at: instant,
    request: z.strictObject({ uid, symbol: z.string(), marginMode }),
  }),
  z.strictObject({
    name: z.literal("setPositionMode"),
    at: instant,
    request: z.strictObject({ uid, mode: z.enum(["one_way_mode", "hedge_mode"]) }),
  }),
  z.strictObject({
    name: z.literal("shock"),
    at: instant,
    request: z.strictObject({
      symbol: z.union([z.literal("all"), z.string().transform(contractSymbol)]),
      percent: z.number(),
      durationMs: z.number(),
    }),
  }),
]);

export type LoggedOperation = z.output<typeof operation>;

/** `undefined`: the line is not one of ours. */
export const parseOperation = (data: unknown): LoggedOperation | undefined => {
  const parsed = operation.safeParse(data);
  return parsed.success ? parsed.data : undefined;
};

/** Does again what was done, at the instant at which it was done. */
export const replayOperation = (
  engine: Engine,
  logged: LoggedOperation,
): Result<unknown, Refusal> => {
  switch (logged.name) {
    case "placeOrder":
      return engine.placeOrder(logged.at, logged.request);
    case "modifyOrder":
      return engine.modifyOrder(logged.at, logged.request);
    case "cancelOrder":
      return engine.cancelOrder(logged.at, logged.request);
    case "placePlan":
      return engine.placePlan(logged.at, logged.request);
    case "modifyPlan":
      return engine.modifyPlan(logged.at, logged.request);
    case "cancelPlans":
      return engine.cancelPlans(logged.at, logged.request);
    case "openAccount":
    case "setLeverage":
    case "setMarginMode":
    case "setPositionMode":
    case "shock":
      return replaySetting(engine, logged);
    default:
      return unreachable(logged);
  }
};

type SettingName = "openAccount" | "setLeverage" | "setMarginMode" | "setPositionMode" | "shock";

const replaySetting = (
  engine: Engine,
  logged: Extract<LoggedOperation, { name: SettingName }>,
): Result<unknown, Refusal> => {
  switch (logged.name) {
    case "openAccount":
      return engine.openAccount(logged.at, logged.request);
    case "setLeverage":
      return engine.setLeverage(logged.at, logged.request);
    case "setMarginMode":
      return engine.setMarginMode(logged.at, logged.request);
    case "setPositionMode":
      return engine.setPositionMode(logged.at, logged.request);
    case "shock":
      return engine.shock(logged.at, logged.request);
    default:
      return unreachable(logged);
  }
};
