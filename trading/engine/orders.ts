/** What the answers and the exchange's reports do to our orders. */

import { millis, type Millis } from "#base/clock.ts";
import { applyToOrder, isLive, isOwnId, isSettled, type Order, type OrderEvent } from "../order.ts";
import type { OrderReport, RejectionReason } from "../reports.ts";
import { pursueClose } from "./closing.ts";
import { applyPending } from "./cycle-end.ts";
import { dropWanted, syncEntries } from "./entries.ts";
import type { Answer, EngineCommand, EngineEvent } from "./events.ts";
import {
  asOrderId,
  touch,
  withOrder,
  withSymbol,
  type EngineState,
  type SymbolState,
} from "./state.ts";
import { alert, chain, forSymbol, stay, type Part, type Step } from "./step.ts";

/** Refusals that say nothing about the order itself: the same order may be welcome soon. */
const passing: ReadonlySet<RejectionReason> = new Set([
  "Denied",
  "Expired",
  "Maintenance",
  "NotAllowedNow",
  "RateLimited",
]);
const RETRY_DENIED_MS = 2_000;
const RETRY_PASSING_MS = 10_000;
/** A closing order that is refused is worth another look, but not many a minute. */
const RETRY_EXIT_MS = 15_000;

/** A request that is still in flight past its expiry can be judged only this much later. */
const ABSENCE_MARGIN_MS = 10_000;

export const answerOrder = (
  state: EngineState,
  { id, answer, at }: Extract<EngineEvent, { kind: "OrderAnswered" }>,
): Step => {
  const order = state.orders.get(id);
  if (order === undefined) return stay(state);
  const next = moveOrder(state, order, toOrderEvent(answer), at);
  return chain(
    next,
    forSymbol(order.symbol, (current, symbol) =>
      noteAnswer(current, symbol, order, { answer, at }),
    ),
    (current) => settle(current, order, at),
  );
};

type Answered = { readonly answer: Answer; readonly at: Millis };

const noteAnswer = (
  state: EngineState,
  symbol: SymbolState,
  order: Order,
  { answer, at }: Answered,
): Step => {
  switch (answer.kind) {
    case "Accepted":
      return stay(state);
    case "Unknown":
      return [state, [alert("warning", "OrderUnknown", order.symbol, answer.detail)]];
    case "Rejected":
      return noteRejection(state, symbol, order, { ...answer, at });
  }
};

const toOrderEvent = (answer: Answer): OrderEvent => {
  switch (answer.kind) {
    case "Accepted":
      return { kind: "Accepted" };
    case "Unknown":
      return { kind: "OutcomeUnknown" };
    case "Rejected":
      return answer.reason === "Denied"
        ? { kind: "Denied", reason: answer.detail }
        : { kind: "Rejected", reason: answer.reason };
  }
};

type Rejected = Extract<Answer, { kind: "Rejected" }> & { readonly at: Millis };

const noteRejection = (
  state: EngineState,
  symbol: SymbolState,
  { role }: Order,
  { reason, detail, at }: Rejected,
): Step => {
  const denied = reason === "Denied";
  const said = alert(
    denied ? "info" : "warning",
    denied ? "OrderDenied" : "OrderRejected",
    symbol.symbol,
    `${reason}: ${detail}`,
  );
  if (role.kind === "Exit") return [delayClose(state, symbol, at), [said, ...askAfterExit(symbol)]];
  if (!passing.has(reason)) return [dropWanted(state, symbol, role), [said]];
  const retryAt = millis(at + (denied ? RETRY_DENIED_MS : RETRY_PASSING_MS));
  return [withSymbol(state, { ...symbol, retryAt }), [said]];
};

const delayClose = (state: EngineState, symbol: SymbolState, at: Millis): EngineState => {
  const { cycle } = symbol;
  if (cycle?.closing === undefined) return state;
  const closing = { ...cycle.closing, retryAt: millis(at + RETRY_EXIT_MS) };
  return withSymbol(state, { ...symbol, cycle: { ...cycle, closing } });
};

/** Nothing to close usually means that it was closed already: look for the fills. */
const askAfterExit = ({ symbol, cycle }: SymbolState): ReadonlyArray<EngineCommand> =>
  cycle === undefined ? [] : [{ kind: "AskFills", symbol, since: cycle.openedAt }];

export const answerCancel = (
  state: EngineState,
  { id, answer, at }: Extract<EngineEvent, { kind: "CancelAnswered" }>,
): Step => {
  const order = state.orders.get(id);
  // Accepted means received: the order may still fill, so only a report ends it.
  if (order === undefined || answer.kind === "Accepted") return stay(state);
  const next = moveOrder(state, order, { kind: "OutcomeUnknown" }, at);
  return next === state ? stay(state) : askOrder(next, order, at);
};

export const reportOrder = (state: EngineState, report: OrderReport, at: Millis): Step => {
  const order = state.orders.get(asOrderId(report.clientOrderId));
  if (order === undefined) return stay(state);
  const { status, filled } = report;
  const next = moveOrder(state, order, { kind: "Reported", status, filled }, at);
  return next === state ? stay(state) : settle(next, order, at);
};

export const missOrder = (
  state: EngineState,
  { id, askedAt, at }: Extract<EngineEvent, { kind: "OrderAbsent" }>,
): Step => {
  const order = state.orders.get(id);
  if (order?.state.kind !== "Unknown") return stay(state);
  const proven = askedAt - order.state.since >= state.requestExpiryMs + ABSENCE_MARGIN_MS;
  const next = moveOrder(state, order, { kind: "Absent", proven }, at);
  return next === state ? stay(state) : settle(next, order, at);
};

/** What may follow once an order has moved: missing fills, a free level, the end of a wait. */
export const settle = (state: EngineState, { id, symbol }: Order, at: Millis): Step =>
  chain(
    state,
    (current) => askMissingFills(current, id),
    forSymbol(symbol, (current, found) => pursueClose(current, found, at)),
    forSymbol(symbol, (current, found) => applyPending(current, found, at)),
    forSymbol(symbol, (current, found) => syncEntries(current, found, at)),
  );

const askMissingFills = (state: EngineState, id: Order["id"]): Step => {
  const order = state.orders.get(id);
  if (order === undefined || isLive(order) || isSettled(order)) return stay(state);
  return [state, [{ kind: "AskFills", symbol: order.symbol, since: order.createdAt }]];
};

/** Asks the exchange what became of an order that is in doubt, and counts the question. */
export const askOrder = (state: EngineState, { id, symbol }: Order, at: Millis): Step => {
  const order = state.orders.get(id);
  if (order === undefined) return stay(state);
  return [
    withOrder(state, applyToOrder(order, { kind: "Asked" }, at)),
    [{ kind: "AskOrder", id, symbol }],
  ];
};

/** Puts an order in doubt and asks. */
export const doubtOrder =
  (order: Order, at: Millis): Part =>
  (state) =>
    askOrder(moveOrder(state, order, { kind: "OutcomeUnknown" }, at), order, at);

const moveOrder = (
  state: EngineState,
  order: Order,
  event: OrderEvent,
  at: Millis,
): EngineState => {
  const moved = applyToOrder(order, event, at);
  if (moved === order) return state;
  const symbol = state.symbols.get(order.symbol);
  const next = withOrder(state, moved);
  return symbol === undefined ? next : withSymbol(next, touch(state, symbol));
};

/** An order of ours that the journal does not know: from a lost life, and nobody's responsibility. */
export const isOrphan = (state: EngineState, report: OrderReport): boolean =>
  state.symbols.has(report.symbol) &&
  isOwnId(state.settings.owner, report.clientOrderId) &&
  !state.orders.has(asOrderId(report.clientOrderId));
