/**
 * Keeps every position behind a stop that the exchange itself has shown.
 *
 * The stop is one plan over the whole position, so it follows partial fills by itself. It is placed
 * or moved first, seen on the exchange second, and only then do the stops go that the entries had
 * carried: new before old, never a gap. A position that the exchange shows without enough stop is
 * repaired at once and, when that has not worked in time, closed.
 */

import type { Millis } from "#base/clock.ts";
import { unreachable } from "#base/result.ts";
import { averagePrice, type Cycle } from "../cycle.ts";
import { stopPrice, type Market, type PositionSide } from "../market.ts";
import type { Price } from "../money.ts";
import type { Plan, PlanKind } from "../reports.ts";
import type { EngineCommand, EngineEvent } from "./events.ts";
import { startClose } from "./closing.ts";
import {
  touch,
  withSymbol,
  type Cover,
  type EngineState,
  type Protection,
  type SymbolState,
} from "./state.ts";
import { alert, chain, forSymbol, nextOrderId, stay, type EngineDeps, type Step } from "./step.ts";

/** Leftover plans of a flat symbol are canceled only after this long: a fill may be on its way. */
const STRAY_AFTER_MS = 10_000;

/** Takes in what the exchange shows of one symbol's plans, and mends what is missing. */
export const observePlans = (
  deps: EngineDeps,
  state: EngineState,
  symbol: SymbolState,
  observed: { readonly plans: ReadonlyArray<Plan>; readonly asOf: number; readonly at: Millis },
): Step => {
  // The answer was on its way while something changed: it may describe the time before.
  if (symbol.touched > observed.asOf) return stay(state);
  const plans = observed.plans.filter((plan) => plan.symbol === symbol.symbol);
  const { protection, cycle } = symbol;
  const next: Protection = {
    ...protection,
    plans: isSamePlans(protection.plans, plans) ? protection.plans : plans,
    cover: coverOf(protection.cover, cycle, plans, observed.at),
  };
  const changed = next.plans !== protection.plans || next.cover !== protection.cover;
  const seen = changed ? withSymbol(state, { ...symbol, protection: next }) : state;
  return chain(
    seen,
    (current) => warnExposed(current, protection.cover, next.cover, symbol),
    forSymbol(symbol.symbol, (current, found) => protect(deps, current, found, observed.at)),
  );
};

/** Asks for whatever the cycle's stop and take-profit still need, from the plans that were seen. */
export const protect = (
  deps: EngineDeps,
  state: EngineState,
  symbol: SymbolState,
  at: Millis,
): Step => {
  const { cycle, market } = symbol;
  if (cycle === undefined || market === undefined || symbol.protection.cover.kind === "Unseen") {
    return stay(state);
  }
  const { stopPercent } = deps.strategyOf(state.settings, symbol.settings);
  const trigger = stopAt(market, cycle.side, averagePrice(cycle), stopPercent);
  return chain(
    state,
    forSymbol(symbol.symbol, (current, found) =>
      adjust(current, found, { kind: "Stop", side: cycle.side, trigger }, at),
    ),
    forSymbol(symbol.symbol, (current, found) =>
      adjust(
        current,
        found,
        { kind: "TakeProfit", side: cycle.side, trigger: cycle.takeProfit },
        at,
      ),
    ),
    forSymbol(symbol.symbol, (current, found) => dropCarriedStops(current, found, trigger, at)),
  );
};

/** Average entry less the strategy's percentage: `average * (1 - stopPercent/100)` for a long. */
export const stopAt = (
  market: Market,
  side: PositionSide,
  average: Price,
  stopPercent: number,
): Price => {
  const distance = average.times(stopPercent).div(100);
  return stopPrice(
    market,
    side,
    side === "long" ? average.minus(distance) : average.plus(distance),
  );
};

type Target = {
  readonly kind: PlanKind;
  readonly side: PositionSide;
  readonly trigger: Price | undefined;
};

/** Places, moves or cancels the one whole-position plan of a kind. */
const adjust = (state: EngineState, symbol: SymbolState, target: Target, at: Millis): Step => {
  const existing = symbol.protection.plans.find((plan) => isWhole(plan, target));
  if (existing === undefined) {
    return target.trigger === undefined ? stay(state) : place(state, symbol, target, at);
  }
  if (symbol.protection.pending.has(existing.id)) return stay(state);
  if (target.trigger === undefined) {
    return [markPending(state, symbol, existing.id, at), [{ kind: "CancelPlan", plan: existing }]];
  }
  if (existing.trigger.eq(target.trigger) || symbol.cycle === undefined) return stay(state);
  const { size } = symbol.cycle;
  return [
    markPending(state, symbol, existing.id, at),
    [{ kind: "MoveProtection", plan: existing, trigger: target.trigger, size }],
  ];
};

const place = (
  state: EngineState,
  symbol: SymbolState,
  { kind, side, trigger }: Target,
  at: Millis,
): Step => {
  if (trigger === undefined || symbol.cycle === undefined || symbol.protection.pending.has(kind)) {
    return stay(state);
  }
  const [numbered, id] = nextOrderId(state);
  const command: EngineCommand = {
    kind: "PlaceProtection",
    id,
    symbol: symbol.symbol,
    planKind: kind,
    side,
    trigger,
    size: symbol.cycle.size,
  };
  return [markPending(numbered, symbol, kind, at), [command]];
};

/** Once the whole-position stop is seen where it belongs, the stops of single entries may go. */
const dropCarriedStops = (
  state: EngineState,
  symbol: SymbolState,
  trigger: Price,
  at: Millis,
): Step => {
  const { plans, pending } = symbol.protection;
  const { cycle } = symbol;
  const isInPlace = plans.some(
    (plan) =>
      cycle !== undefined &&
      isWhole(plan, { kind: "Stop", side: cycle.side }) &&
      plan.trigger.eq(trigger),
  );
  if (!isInPlace) return stay(state);
  const carried = plans.filter(
    (plan) => plan.kind === "Stop" && plan.size !== undefined && !pending.has(plan.id),
  );
  return cancelPlans(state, symbol, carried, at);
};

const cancelPlans = (
  state: EngineState,
  symbol: SymbolState,
  plans: ReadonlyArray<Plan>,
  at: Millis,
): Step =>
  chain(
    state,
    ...plans.map((plan) =>
      forSymbol(symbol.symbol, (current, found) => [
        markPending(current, found, plan.id, at),
        [{ kind: "CancelPlan", plan }],
      ]),
    ),
  );

/** Plans of a symbol that both we and the exchange call flat: canceled once they have stayed. */
export const sweepStrays = (
  state: EngineState,
  symbol: SymbolState,
  { plans, at }: { readonly plans: ReadonlyArray<Plan>; readonly at: Millis },
): Step => {
  const { protection } = symbol;
  const left = plans.filter((plan) => plan.symbol === symbol.symbol);
  if (left.length === 0 && protection.strays.size === 0) return stay(state);
  const strays = new Map(left.map(({ id }) => [id, protection.strays.get(id) ?? at] as const));
  const old = left.filter(
    ({ id }) => at - (strays.get(id) ?? at) >= STRAY_AFTER_MS && !protection.pending.has(id),
  );
  const isSame =
    strays.size === protection.strays.size && left.every(({ id }) => protection.strays.has(id));
  const noted = isSame
    ? state
    : withSymbol(state, { ...symbol, protection: { ...protection, strays } });
  return chain(
    noted,
    forSymbol(symbol.symbol, (current, found) => cancelPlans(current, found, old, at)),
  );
};

/** The answer to a place, a move or a cancel of a plan. */
export const answerProtection = (
  state: EngineState,
  symbol: SymbolState,
  event: Extract<EngineEvent, { kind: "ProtectionAnswered" }>,
): Step => {
  const { protection } = symbol;
  const pending = new Map(protection.pending);
  pending.delete(event.about);
  const answered = withSymbol(state, {
    ...touch(state, symbol),
    protection: { ...protection, pending, askedAt: event.at },
  });
  const { answer } = event;
  switch (answer.kind) {
    case "Accepted":
    case "Unknown":
      return [answered, [{ kind: "AskPlans" }]];
    case "Rejected":
      if (answer.reason === "TriggerPassed") {
        const reason = event.planKind === "Stop" ? "sl_global" : "tp_global";
        return chain(
          answered,
          forSymbol(symbol.symbol, (current, found) =>
            startClose(current, found, reason, event.at),
          ),
        );
      }
      return [answered, [rejectedProtection(event, answer.detail), { kind: "AskPlans" }]];
    default:
      return unreachable(answer);
  }
};

const rejectedProtection = (
  event: Extract<EngineEvent, { kind: "ProtectionAnswered" }>,
  detail: string,
): EngineCommand =>
  alert("warning", "OrderRejected", event.symbol, `${event.planKind} ${event.about}: ${detail}`);

/** What is to be believed of the cover after the position has grown. */
export const coverAfterIncrease = (
  { plans, cover }: Protection,
  side: PositionSide,
  at: Millis,
): Cover => {
  if (plans.some((plan) => isWhole(plan, { kind: "Stop", side }))) return cover;
  return cover.kind === "Covered" ? { kind: "Unseen", since: at } : cover;
};

const coverOf = (
  previous: Cover,
  cycle: Cycle | undefined,
  plans: ReadonlyArray<Plan>,
  at: Millis,
): Cover => {
  if (cycle === undefined || isCovered(cycle, plans)) {
    return previous.kind === "Covered" ? previous : { kind: "Covered" };
  }
  return previous.kind === "Exposed" ? previous : { kind: "Exposed", since: at };
};

const isCovered = (cycle: Cycle, plans: ReadonlyArray<Plan>): boolean => {
  const stops = plans.filter(({ kind, side }) => kind === "Stop" && side === cycle.side);
  if (stops.some(({ size }) => size === undefined)) return true;
  return stops.reduce((left, { size }) => left.minus(size ?? 0), cycle.size.times(1)).lte(0);
};

const isWhole = (plan: Plan, { kind, side }: Pick<Target, "kind" | "side">): boolean =>
  plan.kind === kind && plan.side === side && plan.size === undefined;

const isSamePlans = (a: ReadonlyArray<Plan>, b: ReadonlyArray<Plan>): boolean =>
  a.length === b.length &&
  a.every((plan, index) => {
    const other = b[index];
    return (
      other !== undefined &&
      plan.id === other.id &&
      plan.trigger.eq(other.trigger) &&
      plan.size?.toFixed() === other.size?.toFixed()
    );
  });

const markPending = (
  state: EngineState,
  symbol: SymbolState,
  about: string,
  at: Millis,
): EngineState =>
  withSymbol(state, {
    ...symbol,
    protection: {
      ...symbol.protection,
      pending: new Map(symbol.protection.pending).set(about, at),
    },
  });

const warnExposed = (
  state: EngineState,
  before: Cover,
  after: Cover,
  { symbol, cycle }: SymbolState,
): Step => {
  if (after.kind !== "Exposed" || before.kind === "Exposed") return stay(state);
  const detail = `${cycle?.side ?? ""} ${cycle?.size.toFixed() ?? ""} has no sufficient stop on the exchange: placing one`;
  return [state, [alert("critical", "PositionUnprotected", symbol, detail)]];
};
