/**
 * What the port tells the exchange to do, as requests to Bitget. Each is one request, sent at most
 * once.
 *
 * An acknowledgement counts only with the id of what was made: Bitget leaves the id out when a new
 * reduce-only order evicts older ones, and then only a question by our own id tells what became of
 * it.
 */

import { assert } from "#base/result.ts";
import type { MarketSymbol } from "#trading/market.ts";
import type { ExchangeOrderId } from "#trading/order.ts";
import type { ExchangeWrites, Outcome, Plan, PlanId } from "../port.ts";
import {
  cancelBody,
  cancelPlanBody,
  entryBody,
  exitBody,
  leverageBody,
  marginModeBody,
  moveBody,
  oneWayBody,
  protectionBody,
  usualPlanType,
} from "./bodies.ts";
import type { Lane } from "./budget.ts";
import type { LastCheck, Params } from "./client.ts";
import { endpoints, type Endpoint } from "./endpoints.ts";
import { describe, isUnchanged, reasonOfCode } from "./errors.ts";
import { text, textOrEmpty, toRow, toRows, type Row } from "./fields.ts";
import type { Gate } from "./gate.ts";
import type { Markets } from "./markets.ts";
import type { Memory } from "./memory.ts";
import { exchangeOrderId, type MarketId, type PlanType } from "./rows.ts";

export type WriteDeps = {
  readonly gate: Gate;
  readonly markets: Markets;
  /** Client ids by the exchange's ids. */
  readonly orderNames: Memory<ExchangeOrderId, string>;
  readonly planTypes: Memory<PlanId, PlanType>;
};

export const createWrites = (deps: WriteDeps): ExchangeWrites => ({
  submitEntry: (request) =>
    place(deps, request, {
      lane: "entries",
      endpoint: endpoints.placeOrder,
      body: (symbol) => entryBody(symbol, request),
      check: { clientOrderId: request.id, guard: request.guard },
    }),
  submitExit: (request) =>
    place(deps, request, {
      lane: request.urgent ? "emergency" : "stop",
      endpoint: endpoints.placeOrder,
      body: (symbol) => exitBody(symbol, request),
    }),
  placeProtection: (request) =>
    place(deps, request, {
      lane: "stop",
      endpoint: endpoints.placePlan,
      body: (symbol) => protectionBody(symbol, request),
    }),
  moveProtection: (request) =>
    withdraw(deps, request.plan.symbol, {
      lane: "stop",
      endpoint: endpoints.modifyPlan,
      body: (symbol) => moveBody(symbol, request),
    }),
  cancelOrder: (id, symbol) =>
    withdraw(deps, symbol, {
      lane: "settle",
      endpoint: endpoints.cancelOrder,
      body: (marketId) => cancelBody(marketId, id),
    }),
  cancelPlan: (plan) => cancelPlan(deps, plan),
  setLeverage: (symbol, leverage) => {
    assert(Number.isInteger(leverage) && leverage > 0, "leverage is a positive whole number");
    return named(deps, symbol, (id) =>
      configure(deps, endpoints.setLeverage, leverageBody(id, leverage)),
    );
  },
  setMarginMode: (symbol, mode) =>
    named(deps, symbol, (id) => configure(deps, endpoints.setMarginMode, marginModeBody(id, mode))),
  setOneWayMode: () => configure(deps, endpoints.setPositionMode, oneWayBody),
});

type Placement = {
  readonly lane: Lane;
  readonly endpoint: Endpoint;
  readonly body: (symbol: MarketId) => Params;
  readonly check?: LastCheck;
};

/** Makes something that has an id of ours and gets one of theirs. */
const place = (
  deps: WriteDeps,
  { id, symbol }: { readonly id: string; readonly symbol: MarketSymbol },
  { body, ...how }: Placement,
): Promise<Outcome<ExchangeOrderId>> =>
  named(deps, symbol, (marketId) =>
    deps.gate.write<ExchangeOrderId>({
      ...how,
      operation: "Place",
      params: body(marketId),
      accept: (data) => {
        const row = toRow(data, "acknowledgement");
        const about = textOrEmpty(row, "clientOid");
        if (about !== "" && about !== id) throw new Error("the answer is about another order");
        const made = exchangeOrderId(text(row, "orderId"));
        deps.orderNames.remember(made, id);
        return { kind: "Accepted", value: made };
      },
    }),
  );

/** Cancels or moves something that is there already. */
const withdraw = (
  deps: WriteDeps,
  symbol: MarketSymbol,
  { lane, endpoint, body }: Placement,
): Promise<Outcome<undefined>> =>
  named(deps, symbol, (id) =>
    deps.gate.write({ lane, operation: "Withdraw", endpoint, params: body(id), accept: done }),
  );

/** The answer is a success even when the list in it says that nothing was canceled. */
const cancelPlan = (deps: WriteDeps, plan: Plan): Promise<Outcome<undefined>> =>
  named(deps, plan.symbol, (symbol) =>
    deps.gate.write<undefined>({
      lane: "settle",
      operation: "Withdraw",
      endpoint: endpoints.cancelPlan,
      params: cancelPlanBody(symbol, plan, deps.planTypes.recall(plan.id) ?? usualPlanType(plan)),
      accept: (data) => {
        const row = toRow(data, "answer");
        const canceled = toRows(row["successList"], "successList");
        if (canceled.some(({ orderId }) => orderId === plan.id)) return done();
        const [failure] = toRows(row["failureList"], "failureList");
        return refused(deps.gate, toRow(failure, "failure"));
      },
    }),
  );

const refused = ({ redact }: Gate, failure: Row): Outcome<never> => {
  const code = text(failure, "errorCode");
  const detail = redact(`${code} ${textOrEmpty(failure, "errorMsg")}`);
  const reason = reasonOfCode(code, "Withdraw");
  return reason === undefined ? { kind: "Unknown", detail } : { kind: "Rejected", reason, detail };
};

const configure = (
  { gate }: WriteDeps,
  endpoint: Endpoint,
  params: Params,
): Promise<Outcome<undefined>> =>
  gate.write<undefined>({
    lane: "reads",
    operation: "Configure",
    endpoint,
    params,
    accept: done,
    refused: (thrown) => (isUnchanged(thrown) ? done() : undefined),
  });

const done = (): Outcome<undefined> => ({ kind: "Accepted", value: undefined });

/** Without the exchange's name for the symbol nothing can be sent, and nothing was. */
const named = async <T>(
  { gate, markets }: WriteDeps,
  symbol: MarketSymbol,
  write: (id: MarketId) => Promise<Outcome<T>>,
): Promise<Outcome<T>> => {
  let id: MarketId;
  try {
    id = await markets.withNames(({ idOf }) => idOf(symbol));
  } catch (thrown) {
    const detail = `never sent: ${describe(thrown, gate.redact)}`;
    return { kind: "Rejected", reason: "Denied", detail };
  }
  return write(id);
};
