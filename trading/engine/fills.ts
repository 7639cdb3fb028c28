/**
 * Books fills: the only thing that moves a position or money.
 *
 * A fill counts once, by its trade id, whoever reports it and however often. It counts even for an
 * order that we thought finished, and for orders that are not ours: what trades on our symbol moves
 * our position.
 */

import type { Millis } from "#base/clock.ts";
import {
  averagePrice,
  increaseCycle,
  isIncrease,
  NO_LEVEL,
  openCycle,
  reduceCycle,
  type Cycle,
  type Execution,
} from "../cycle.ts";
import { bookResult } from "../kill-switch.ts";
import type { PositionSide } from "../market.ts";
import { addAmount, amount, ZERO_AMOUNT, type Amount } from "../money.ts";
import { applyToOrder, newOrder, type Order } from "../order.ts";
import type { Fill, PlanKind } from "../reports.ts";
import type { ExitReason } from "../strategy.ts";
import { closeAll, pursueClose } from "./closing.ts";
import { syncEntries } from "./entries.ts";
import { coverAfterIncrease, protect } from "./protection.ts";
import { retargetTakeProfit } from "./take-profit.ts";
import { endCycle } from "./cycle-end.ts";
import {
  asOrderId,
  symbolStateOf,
  touch,
  withOrder,
  withSymbol,
  type EngineState,
  type SymbolState,
} from "./state.ts";
import { alert, chain, forSymbol, stay, type EngineDeps, type Part, type Step } from "./step.ts";

/** Trade ids that are remembered; an exchange repeats a fill within minutes, not thousands later. */
const TRADES_MAX = 5_000;

export const reportFill = (deps: EngineDeps, state: EngineState, fill: Fill, at: Millis): Step => {
  const symbol = state.symbols.get(fill.symbol);
  if (symbol === undefined || state.trades.has(fill.tradeId)) return stay(state);
  // Our own orders always count. What others did before we came is part of what we found.
  const isTracked = state.orders.has(asOrderId(fill.clientOrderId));
  if (!isTracked && fill.at <= symbol.bookedSince) return stay(state);
  const order = orderOfFill(state, symbol, fill);
  const event = { kind: "Filled", size: fill.size, price: fill.price, fee: fill.fee } as const;
  const recorded = withOrder(rememberTrade(state, fill), applyToOrder(order, event, at));
  const touched = withSymbol(recorded, touch(state, symbol));
  const wasTripped = state.killSwitch.trip !== undefined;
  return chain(
    touched,
    (current) => bookExecution(current, fill, order, at),
    (current) => afterTrip(current, wasTripped, at),
    forSymbol(fill.symbol, (current, found) => retargetTakeProfit(deps, current, found)),
    forSymbol(fill.symbol, (current, found) => protect(deps, current, found, at)),
    forSymbol(fill.symbol, (current, found) => pursueClose(current, found, at)),
    forSymbol(fill.symbol, (current, found) => syncEntries(current, found, at)),
  );
};

const rememberTrade = (state: EngineState, { tradeId, at }: Fill): EngineState => {
  const trades = new Set(state.trades).add(tradeId);
  if (trades.size > TRADES_MAX) {
    const [oldest] = trades;
    if (oldest !== undefined) trades.delete(oldest);
  }
  const { ledger } = state;
  const isNewest = ledger.lastFillAt === undefined || at > ledger.lastFillAt;
  return {
    ...state,
    trades,
    ledger: { ...ledger, fills: ledger.fills + 1, lastFillAt: isNewest ? at : ledger.lastFillAt },
  };
};

/** Our order, or a record of whatever else traded, so that the history is complete. */
const orderOfFill = (state: EngineState, symbol: SymbolState, fill: Fill): Order => {
  const id = asOrderId(fill.clientOrderId);
  const known = state.orders.get(id);
  if (known !== undefined) return known;
  const reason = reasonOfStranger(symbol, fill);
  const { side, size } = fill;
  return newOrder(
    { id, symbol: symbol.symbol, side, size, role: { kind: "Exit", reason } },
    fill.at,
  );
};

/** A fill of none of our orders is a plan that fired, or somebody else's doing. */
const reasonOfStranger = ({ protection }: SymbolState, fill: Fill): ExitReason => {
  const plan = protection.plans.find(({ id }) => id === fill.clientOrderId);
  const kind = plan?.kind ?? fill.planKind;
  return kind === undefined ? "external" : reasonOfPlan[kind];
};

const reasonOfPlan: Readonly<Record<PlanKind, ExitReason>> = {
  Stop: "sl_global",
  TakeProfit: "tp_global",
};

const bookExecution = (state: EngineState, fill: Fill, order: Order, at: Millis): Step => {
  const symbol = symbolStateOf(state, fill.symbol);
  const { cycle } = symbol;
  const opens = cycle === undefined || isIncrease(cycle, fill.side);
  return opens
    ? bookIncrease(state, symbol, { fill, order, at })
    : bookReduction(state, symbol, cycle, { fill, order, at });
};

type Booking = { readonly fill: Fill; readonly order: Order; readonly at: Millis };

const bookIncrease = (
  state: EngineState,
  symbol: SymbolState,
  { fill, order, at }: Booking,
): Step => {
  const side: PositionSide = fill.side === "buy" ? "long" : "short";
  const cycle = symbol.cycle ?? openCycle(side, fill.at);
  const level = order.role.kind === "Entry" ? order.role.level : NO_LEVEL;
  const grown = increaseCycle(cycle, level, fill);
  const cover = coverAfterIncrease(symbol.protection, side, at);
  const next = withSymbol(bookMoney(state, ZERO_AMOUNT, fill.fee, fill.at), {
    ...symbol,
    cycle: { ...grown, adopted: cycle.adopted || level === NO_LEVEL },
    protection: { ...symbol.protection, cover },
  });
  const detail = `${side} ${fill.size.toFixed()} at ${fill.price.toFixed()}, level ${level}`;
  return [
    next,
    [
      ...(symbol.cycle === undefined ? [alert("info", "CycleOpened", symbol.symbol, detail)] : []),
      ...(cover.kind === "Covered" ? [] : [{ kind: "AskPlans" } as const]),
    ],
  ];
};

const bookReduction = (
  state: EngineState,
  symbol: SymbolState,
  cycle: Cycle,
  { fill, order, at }: Booking,
): Step => {
  const { cycle: reduced, realized, excess } = reduceCycle(cycle, fill);
  const booked = bookMoney(state, realized, fill.fee, fill.at);
  const next = withSymbol(booked, {
    ...symbol,
    cycle: reduced,
    realized: addAmount(symbol.realized, realized),
  });
  if (reduced.size.gt(0)) return stay(next);
  const reason = order.role.kind === "Exit" ? order.role.reason : "external";
  const rest: Execution = { ...fill, size: excess, fee: ZERO_AMOUNT };
  return chain(
    next,
    forSymbol(symbol.symbol, (current, found) =>
      endCycle(current, found, {
        cycle: reduced,
        averageExit: averagePrice(reduced.exited),
        reason,
        closedAt: fill.at,
        at,
      }),
    ),
    ...(excess.gt(0) ? [openExcess(symbol, fill, rest, at)] : []),
  );
};

/** More was traded than there was to reduce: the rest is a position of its own, not of our making. */
const openExcess =
  ({ symbol }: SymbolState, fill: Fill, rest: Execution, at: Millis): Part =>
  (state) => {
    const flat = symbolStateOf(state, symbol);
    const side: PositionSide = fill.side === "buy" ? "long" : "short";
    const cycle = { ...increaseCycle(openCycle(side, fill.at), NO_LEVEL, rest), adopted: true };
    return [
      withSymbol(state, {
        ...flat,
        cycle,
        protection: { ...flat.protection, cover: { kind: "Unseen", since: at } },
      }),
      [
        alert("critical", "PositionAdopted", symbol, `${side} ${rest.size.toFixed()}: overfilled`),
        { kind: "AskPlans" },
      ],
    ];
  };

const bookMoney = (state: EngineState, realized: Amount, fee: Amount, at: Millis): EngineState => ({
  ...state,
  ledger: {
    ...state.ledger,
    realized: addAmount(state.ledger.realized, realized),
    fees: addAmount(state.ledger.fees, fee),
  },
  killSwitch: bookResult(
    state.killSwitch,
    amount(realized.minus(fee)),
    state.settings.risk.sessionLossPercent,
    at,
  ),
});

const afterTrip = (state: EngineState, wasTripped: boolean, at: Millis): Step => {
  const { trip } = state.killSwitch;
  if (trip === undefined || wasTripped) return stay(state);
  const isFlatten = state.settings.risk.killSwitchAction === "Flatten";
  return chain(
    state,
    (current) => [current, [alert("critical", "KillSwitchEngaged", undefined, trip.reason)]],
    ...[...state.symbols.keys()].map((key) =>
      forSymbol(key, (current, found) => syncEntries(current, found, at)),
    ),
    ...(isFlatten ? [(current: EngineState) => closeAll(current, "kill_switch", at)] : []),
  );
};
