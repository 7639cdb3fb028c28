/**
 * Compares what we believe with what the exchange shows, every few seconds and at every start.
 *
 * On a consistent state it changes nothing. A difference is first looked for in the fills, because
 * they say what happened; only a difference that stays is adopted, because then the exchange knows
 * something that we cannot find out. Positions on symbols that are not ours are nobody's business.
 */

import type { Millis } from "#base/clock.ts";
import { increaseCycle, NO_LEVEL, openCycle } from "../cycle.ts";
import { ZERO_AMOUNT, ZERO_QUANTITY, type Amount } from "../money.ts";
import { isLive, isSettled, type Order } from "../order.ts";
import type { OrderReport, Position } from "../reports.ts";
import { applyPending, endCycle } from "./cycle-end.ts";
import { syncEntries } from "./entries.ts";
import type { EngineEvent } from "./events.ts";
import { doubtOrder, isOrphan, reportOrder } from "./orders.ts";
import { observePlans, sweepStrays } from "./protection.ts";
import {
  asOrderId,
  openOrdersOf,
  symbolStateOf,
  touch,
  withSymbol,
  type EngineState,
  type Mismatch,
  type SymbolState,
} from "./state.ts";
import {
  alert,
  chain,
  forEachSymbol,
  forSymbol,
  stay,
  type EngineDeps,
  type Part,
  type Step,
} from "./step.ts";

type AccountObserved = Extract<EngineEvent, { kind: "AccountObserved" }>;

/** A difference is adopted after this long: positions lag behind fills by up to five seconds. */
const ADOPT_AFTER_MS = 8_000;

export const observeAccount = (
  deps: EngineDeps,
  state: EngineState,
  event: AccountObserved,
): Step =>
  chain(
    state,
    (current) => noteWallet(current, event.wallet),
    (current) => compareOrders(current, event),
    (current) =>
      forEachSymbol(current, (inner, symbol) => compareSymbol(deps, inner, symbol, event)),
    (current) => endRecovery(current, event),
  );

/** The ledger starts from the wallet as it was before our first fill. */
const noteWallet = (state: EngineState, wallet: Amount): Step => {
  const { ledger } = state;
  const isQuiet = ledger.fills === 0 && ![...state.orders.values()].some(isLive);
  return ledger.openingWallet !== undefined || !isQuiet
    ? stay(state)
    : stay({ ...state, ledger: { ...ledger, openingWallet: wallet } });
};

const compareOrders = (state: EngineState, event: AccountObserved): Step => {
  const shown = new Set(event.orders.map(({ clientOrderId }) => clientOrderId));
  const isFresh = ({ symbol }: { readonly symbol: Order["symbol"] }) =>
    (state.symbols.get(symbol)?.touched ?? Infinity) <= event.asOf;
  const missing = [...state.orders.values()].filter(
    (order) => order.state.kind === "Open" && !shown.has(order.id) && isFresh(order),
  );
  return chain(
    state,
    ...event.orders.filter(isFresh).map(
      (report): Part =>
        (current) =>
          takeReport(current, report, event.at),
    ),
    ...missing.map((order) => doubtOrder(order, event.at)),
  );
};

const takeReport = (state: EngineState, report: OrderReport, at: Millis): Step => {
  if (!isOrphan(state, report)) return reportOrder(state, report, at);
  const detail = `canceling ${report.clientOrderId}, which no journal of this strategy knows`;
  return [
    state,
    [
      alert("warning", "OrphanOrder", report.symbol, detail),
      { kind: "CancelOrder", id: asOrderId(report.clientOrderId), symbol: report.symbol },
    ],
  ];
};

const compareSymbol = (
  deps: EngineDeps,
  state: EngineState,
  symbol: SymbolState,
  event: AccountObserved,
): Step => {
  if (symbol.touched > event.asOf) return stay(state);
  const position = event.positions.find((one) => one.symbol === symbol.symbol);
  const isFlat = symbol.cycle === undefined && position === undefined;
  return chain(
    state,
    forSymbol(symbol.symbol, (current, found) => comparePosition(current, found, position, event)),
    forSymbol(symbol.symbol, (current, found) => observePlans(deps, current, found, event)),
    forSymbol(symbol.symbol, (current, found) =>
      isFlat ? sweepStrays(current, found, event) : stay(current),
    ),
    forSymbol(symbol.symbol, (current, found) => askAgain(current, found)),
    forSymbol(symbol.symbol, (current, found) => applyPending(current, found, event.at)),
  );
};

const comparePosition = (
  state: EngineState,
  symbol: SymbolState,
  position: Position | undefined,
  event: AccountObserved,
): Step => {
  const seen: Mismatch = {
    since: event.at,
    side: position?.side,
    size: position?.size ?? ZERO_QUANTITY,
  };
  const { cycle, mismatch } = symbol;
  const ours = { side: cycle?.side, size: cycle?.size ?? ZERO_QUANTITY };
  if (isSameHolding(ours, seen)) return clearMismatch(state, symbol, event.at);
  if (mismatch === undefined || !isSameHolding(mismatch, seen)) {
    return noteMismatch(state, symbol, seen);
  }
  const isRipe =
    event.at - mismatch.since >= ADOPT_AFTER_MS &&
    openOrdersOf(state, symbol.symbol).every(isResting);
  return isRipe ? adopt(state, symbol, position, event.at) : stay(state);
};

const clearMismatch = (state: EngineState, symbol: SymbolState, at: Millis): Step =>
  symbol.mismatch === undefined
    ? stay(state)
    : chain(
        withSymbol(state, { ...symbol, mismatch: undefined }),
        forSymbol(symbol.symbol, (current, found) => syncEntries(current, found, at)),
      );

const isResting = ({ state }: Order): boolean => state.kind === "Open";

type Holding = Pick<Mismatch, "side" | "size">;

const isSameHolding = (a: Holding, b: Holding): boolean => a.side === b.side && a.size.eq(b.size);

const noteMismatch = (state: EngineState, symbol: SymbolState, seen: Mismatch): Step => {
  const { cycle } = symbol;
  const ours = cycle === undefined ? "flat" : `${cycle.side} ${cycle.size.toFixed()}`;
  const theirs = seen.side === undefined ? "flat" : `${seen.side} ${seen.size.toFixed()}`;
  const since = cycle?.openedAt ?? symbol.lastClosedAt ?? symbol.bookedSince;
  return [
    withSymbol(state, { ...symbol, mismatch: seen }),
    [
      alert("warning", "PositionMismatch", symbol.symbol, `ours ${ours}, the exchange's ${theirs}`),
      { kind: "AskFills", symbol: symbol.symbol, since },
    ],
  ];
};

const adopt = (
  state: EngineState,
  symbol: SymbolState,
  position: Position | undefined,
  at: Millis,
): Step => {
  const settled = { ...touch(state, symbol), mismatch: undefined, bookedSince: at };
  if (position === undefined) return closeUnseen(withSymbol(state, settled), settled, at);
  const found = openCycle(position.side, symbol.cycle?.openedAt ?? at);
  const cycle = increaseCycle(found, NO_LEVEL, {
    size: position.size,
    price: position.averagePrice,
    fee: ZERO_AMOUNT,
    at,
  });
  const detail = `${position.side} ${position.size.toFixed()} at ${position.averagePrice.toFixed()}`;
  return [
    withSymbol(state, {
      ...settled,
      cycle: { ...cycle, adopted: true, closing: symbol.cycle?.closing },
      protection: { ...symbol.protection, cover: { kind: "Unseen", since: at } },
    }),
    [alert("critical", "PositionAdopted", symbol.symbol, detail), { kind: "AskPlans" }],
  ];
};

/** The position is gone and no fill says how: the result is unknown, and is not invented. */
const closeUnseen = (state: EngineState, symbol: SymbolState, at: Millis): Step =>
  symbol.cycle === undefined
    ? stay(state)
    : endCycle(state, symbol, {
        cycle: symbol.cycle,
        averageExit: undefined,
        reason: "external",
        closedAt: at,
        at,
      });

/** Finished orders whose fills have not all come: the push was lost, so ask. */
const askAgain = (state: EngineState, { symbol }: SymbolState): Step => {
  const oldest = openOrdersOf(state, symbol).find((order) => !isLive(order) && !isSettled(order));
  return oldest === undefined
    ? stay(state)
    : [state, [{ kind: "AskFills", symbol, since: oldest.createdAt }]];
};

const endRecovery = (state: EngineState, event: AccountObserved): Step => {
  if (state.recovering === undefined || event.asOf < state.recovering.since) return stay(state);
  const isInDoubt = [...state.symbols.keys()].some(
    (symbol) =>
      symbolStateOf(state, symbol).mismatch !== undefined ||
      !openOrdersOf(state, symbol).every(isResting),
  );
  if (isInDoubt) return stay(state);
  return chain(
    { ...state, recovering: undefined },
    (current) => [current, [alert("info", "Recovered", undefined, "orders and positions agree")]],
    (current) => forEachSymbol(current, (inner, symbol) => syncEntries(inner, symbol, event.at)),
  );
};
