/**
 * Carries the engine's commands out and brings their results back as events.
 *
 * Each command is one call of the port, and each call ends: accepted, rejected or unknown, and the
 * engine hears which. Nothing is retried here. Reads that answer `Unknown` push nothing: the engine's
 * timers notice the silence and ask again.
 */

import type { Clock } from "#base/clock.ts";
import { unreachable } from "#base/result.ts";
import type { Exchange, Outcome } from "#exchange/port.ts";
import type { Logger } from "#runtime/log.ts";
import type { Answer, EngineCommand, EngineEvent } from "#trading/engine/events.ts";
import type { EngineState } from "#trading/engine/state.ts";
import type { ClientOrderId } from "#trading/order.ts";
import type { PlanKind } from "#trading/reports.ts";
import type { MarketSymbol } from "#trading/market.ts";
import type { ExecutorMetrics } from "./metrics.ts";

export type DispatchDeps = {
  readonly clock: Clock;
  readonly exchange: Exchange;
  readonly state: () => EngineState;
  readonly push: (event: EngineEvent) => void;
  /** Why this entry must not be sent now; asked in the instant before it is. */
  readonly guard: (id: ClientOrderId) => string | undefined;
  readonly log: Logger;
  readonly metrics: ExecutorMetrics;
};

type CommandOf<Kind extends EngineCommand["kind"]> = Extract<EngineCommand, { kind: Kind }>;

export const carryOut = (deps: DispatchDeps, command: EngineCommand): Promise<void> => {
  switch (command.kind) {
    case "SubmitEntry":
      return submitEntry(deps, command);
    case "SubmitExit":
      return submitExit(deps, command);
    case "CancelOrder":
      return cancelOrder(deps, command);
    case "AskOrder":
      return askOrder(deps, command);
    case "AskFills":
      return askFills(deps, command);
    case "AskPlans":
      return askPlans(deps);
    case "PlaceProtection":
      return placeProtection(deps, command);
    case "MoveProtection":
      return moveProtection(deps, command);
    case "CancelPlan":
      return cancelPlan(deps, command);
    case "PrepareSymbol":
      return prepareSymbol(deps, command);
    case "Alert":
      return raiseAlert(deps, command);
    default:
      return unreachable(command);
  }
};

const submitEntry = async (
  deps: DispatchDeps,
  command: CommandOf<"SubmitEntry">,
): Promise<void> => {
  const { id, symbol, side, size, limit, stop } = command;
  const outcome = await deps.exchange.submitEntry({
    id,
    symbol,
    side,
    size,
    limit,
    stop,
    marginMode: deps.state().settings.marginMode,
    guard: () => deps.guard(id),
  });
  reportOrder(deps, id, outcome, "entry");
};

const submitExit = async (deps: DispatchDeps, command: CommandOf<"SubmitExit">): Promise<void> => {
  const { id, symbol, side, size, urgent } = command;
  const { marginMode } = deps.state().settings;
  const outcome = await deps.exchange.submitExit({ id, symbol, side, size, marginMode, urgent });
  reportOrder(deps, id, outcome, "exit");
};

const reportOrder = (
  deps: DispatchDeps,
  id: ClientOrderId,
  outcome: Outcome<unknown>,
  role: "entry" | "exit",
): void => {
  deps.metrics.ordersTotal.inc({ role, outcome: outcome.kind });
  deps.push({ kind: "OrderAnswered", at: deps.clock.now(), id, answer: toAnswer(outcome) });
};

const cancelOrder = async (
  deps: DispatchDeps,
  { id, symbol }: CommandOf<"CancelOrder" | "AskOrder">,
) => {
  const outcome = await deps.exchange.cancelOrder(id, symbol);
  deps.push({ kind: "CancelAnswered", at: deps.clock.now(), id, answer: toAnswer(outcome) });
};

const askOrder = async (
  deps: DispatchDeps,
  { id, symbol }: CommandOf<"CancelOrder" | "AskOrder">,
) => {
  const askedAt = deps.clock.now();
  const fact = await deps.exchange.fetchOrder(id, symbol);
  if (fact.kind === "Unknown") return noteUnknown(deps, "order", fact.reason);
  const at = deps.clock.now();
  deps.push(
    fact.value === undefined
      ? { kind: "OrderAbsent", at, id, askedAt }
      : { kind: "OrderReported", at, report: fact.value },
  );
};

const askFills = async (deps: DispatchDeps, { symbol, since }: CommandOf<"AskFills">) => {
  const fact = await deps.exchange.fetchFills(symbol, since);
  if (fact.kind === "Unknown") return noteUnknown(deps, "fills", fact.reason);
  const at = deps.clock.now();
  for (const fill of fact.value) deps.push({ kind: "FillReported", at, fill });
};

const askPlans = async (deps: DispatchDeps): Promise<void> => {
  const asOf = deps.state().version;
  const fact = await deps.exchange.fetchPlans();
  if (fact.kind === "Unknown") return noteUnknown(deps, "plans", fact.reason);
  deps.push({ kind: "PlansObserved", at: deps.clock.now(), asOf, plans: fact.value });
};

const placeProtection = async (deps: DispatchDeps, command: CommandOf<"PlaceProtection">) => {
  const { id, symbol, planKind, side, trigger, size } = command;
  const request = { id, symbol, kind: planKind, side, trigger, size };
  const outcome = await deps.exchange.placeProtection(request);
  reportProtection(deps, { symbol, planKind, about: planKind }, outcome);
};

const moveProtection = async (
  deps: DispatchDeps,
  { plan, trigger, size }: CommandOf<"MoveProtection">,
) => {
  const outcome = await deps.exchange.moveProtection({ plan, trigger, size });
  reportProtection(deps, { symbol: plan.symbol, planKind: plan.kind, about: plan.id }, outcome);
};

const cancelPlan = async (deps: DispatchDeps, { plan }: CommandOf<"CancelPlan">) => {
  const outcome = await deps.exchange.cancelPlan(plan);
  reportProtection(deps, { symbol: plan.symbol, planKind: plan.kind, about: plan.id }, outcome);
};

const reportProtection = (
  deps: DispatchDeps,
  subject: { readonly symbol: MarketSymbol; readonly planKind: PlanKind; readonly about: string },
  outcome: Outcome<unknown>,
): void => {
  deps.metrics.protectionsTotal.inc({ outcome: outcome.kind });
  const answer = toAnswer(outcome);
  deps.push({ kind: "ProtectionAnswered", at: deps.clock.now(), ...subject, answer });
};

/** Sets the symbol up, then reads back what the exchange really has: that is what counts. */
const prepareSymbol = async (
  deps: DispatchDeps,
  { symbol, leverage, marginMode, readOnly }: CommandOf<"PrepareSymbol">,
): Promise<void> => {
  const { exchange } = deps;
  const fail = (reason: string) => {
    const outcome = { kind: "Failed", reason } as const;
    deps.push({ kind: "SymbolPrepared", at: deps.clock.now(), symbol, outcome });
  };
  if (!readOnly) {
    // Each refuses when it is so already, or when orders rest: what is read back decides.
    const outcomes = [
      await exchange.setMarginMode(symbol, marginMode),
      await exchange.setLeverage(symbol, leverage),
    ];
    for (const outcome of outcomes) {
      if (outcome.kind !== "Accepted") deps.log.debug({ symbol, outcome }, "set-up step refused");
    }
  }
  const facts = await exchange.fetchSymbolFacts(symbol);
  if (facts.kind === "Unknown") return fail(`leverage could not be read back: ${facts.reason}`);
  if (!facts.value.oneWay) return fail("the account is in hedge mode: one-way mode is needed");
  if (facts.value.marginMode !== marginMode) {
    return fail(`margin mode is ${facts.value.marginMode}, wanted is ${marginMode}`);
  }
  const outcome = { kind: "Ready", leverage: facts.value.leverage } as const;
  deps.push({ kind: "SymbolPrepared", at: deps.clock.now(), symbol, outcome });
};

const raiseAlert = ({ log, metrics }: DispatchDeps, alert: CommandOf<"Alert">): Promise<void> => {
  const { reason, symbol, detail } = alert;
  const level = { info: "info", warning: "warn", critical: "error" } as const;
  metrics.alertsTotal.inc({ reason });
  log[level[alert.severity]]({ reason, symbol, detail }, "engine alert");
  return Promise.resolve();
};

const noteUnknown = ({ log, metrics }: DispatchDeps, read: string, reason: string): void => {
  metrics.unknownReadsTotal.inc({ read });
  log.debug({ read, reason }, "read is unknown");
};

const toAnswer = (outcome: Outcome<unknown>): Answer => {
  switch (outcome.kind) {
    case "Accepted":
      return { kind: "Accepted" };
    case "Rejected":
      return { kind: "Rejected", reason: outcome.reason, detail: outcome.detail };
    case "Unknown":
      return { kind: "Unknown", detail: outcome.detail };
    default:
      return unreachable(outcome);
  }
};
