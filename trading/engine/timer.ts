/** What is done because time has passed and nothing else has happened. */

import type { Millis } from "#base/clock.ts";
import type { Order } from "../order.ts";
import { retrySetup } from "./boot.ts";
import { pursueClose, startClose } from "./closing.ts";
import { syncEntries } from "./entries.ts";
import { askOrder, doubtOrder } from "./orders.ts";
import { withSymbol, type EngineState, type SymbolState } from "./state.ts";
import { alert, chain, forEachSymbol, forSymbol, stay, type Step } from "./step.ts";

/** A cancel that nobody reported on is asked about after this long. */
const CANCEL_SILENCE_MS = 2_000;
/** Every call of the port ends sooner; this is for the answer that a defect swallowed. */
const SUBMIT_SILENCE_MS = 60_000;
/** Orders in doubt are asked about with growing pauses, up to the second one. */
const ASK_PAUSE_MS = 1_000;
const ASK_PAUSE_MAX_MS = 15_000;
const PLANS_PAUSE_MS = 1_000;
/** A position that the exchange shows without enough stop for this long is closed. */
const EXPOSED_MAX_MS = 15_000;

export const tick = (state: EngineState, at: Millis): Step =>
  chain(
    state,
    (current) => askOrders(current, at),
    (current) => forEachSymbol(current, (inner, symbol) => guardCover(inner, symbol, at)),
    (current) => askPlans(current, at),
    (current) => forEachSymbol(current, (inner, symbol) => retryEntries(inner, symbol, at)),
    (current) => forEachSymbol(current, (inner, symbol) => pursueClose(inner, symbol, at)),
    (current) => forEachSymbol(current, (inner, symbol) => retrySetup(inner, symbol, at)),
  );

const askOrders = (state: EngineState, at: Millis): Step =>
  chain(
    state,
    ...[...state.orders.values()]
      .filter((order) => isDue(order, at))
      .map((order) =>
        order.state.kind === "Unknown"
          ? (current: EngineState) => askOrder(current, order, at)
          : doubtOrder(order, at),
      ),
  );

const isDue = ({ state }: Order, at: Millis): boolean => {
  switch (state.kind) {
    case "Unknown":
      return at - state.askedAt >= Math.min(ASK_PAUSE_MS * 2 ** state.asks, ASK_PAUSE_MAX_MS);
    case "Canceling":
      return at - state.since >= CANCEL_SILENCE_MS;
    case "Submitting":
      return at - state.since >= SUBMIT_SILENCE_MS;
    case "Open":
    case "Filled":
    case "Canceled":
    case "Lost":
    case "Rejected":
    case "Denied":
      return false;
  }
};

/** Repair has had its time: better flat at the market than open without a stop. */
const guardCover = (state: EngineState, symbol: SymbolState, at: Millis): Step => {
  const { cover } = symbol.protection;
  if (cover.kind !== "Exposed" || at - cover.since < EXPOSED_MAX_MS) return stay(state);
  if (symbol.cycle === undefined || symbol.cycle.closing !== undefined) return stay(state);
  const detail = "no stop could be confirmed in time: closing at the market";
  return chain(
    state,
    (current) => [current, [alert("critical", "PositionUnprotected", symbol.symbol, detail)]],
    forSymbol(symbol.symbol, (current, found) => startClose(current, found, "unprotected", at)),
  );
};

/** Looks again, once a second, while any position's stop has not been seen. */
const askPlans = (state: EngineState, at: Millis): Step => {
  const due = [...state.symbols.values()].filter(
    ({ protection: { cover, askedAt } }) =>
      cover.kind !== "Covered" && (askedAt === undefined || at - askedAt >= PLANS_PAUSE_MS),
  );
  if (due.length === 0) return stay(state);
  const noted = due.reduce(
    (current, symbol) =>
      withSymbol(current, { ...symbol, protection: { ...symbol.protection, askedAt: at } }),
    state,
  );
  return [noted, [{ kind: "AskPlans" }]];
};

const retryEntries = (state: EngineState, symbol: SymbolState, at: Millis): Step => {
  if (symbol.retryAt === undefined || at < symbol.retryAt) return stay(state);
  const next = withSymbol(state, { ...symbol, retryAt: undefined });
  return chain(
    next,
    forSymbol(symbol.symbol, (current, found) => syncEntries(current, found, at)),
  );
};
