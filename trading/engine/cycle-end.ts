/** What happens when a symbol is flat again: the cycle is recorded, and waiting settings apply. */

import type { Millis } from "#base/clock.ts";
import { averagePrice, type Cycle } from "../cycle.ts";
import { amount, type Price } from "../money.ts";
import type { ExitReason } from "../strategy.ts";
import { isSameSettings } from "../settings.ts";
import {
  newSymbolState,
  openOrdersOf,
  touch,
  withSymbol,
  type ClosedCycle,
  type EngineState,
  type SymbolState,
} from "./state.ts";
import { alert, stay, type Step } from "./step.ts";

/** Closed cycles that are remembered. */
const CLOSED_MAX = 200;

export type Ending = {
  readonly cycle: Cycle;
  /** `undefined` when the fills that closed it are not known. */
  readonly averageExit: Price | undefined;
  readonly reason: ExitReason;
  readonly closedAt: Millis;
  readonly at: Millis;
};

export const endCycle = (state: EngineState, symbol: SymbolState, ending: Ending): Step => {
  const record = recordOf(symbol, ending);
  const next = withSymbol(
    { ...state, closed: [...state.closed, record].slice(-CLOSED_MAX) },
    {
      ...touch(state, symbol),
      cycle: undefined,
      wanted: [],
      verdict: { reason: "cooldown", detail: "the cycle has just closed" },
      lastClosedAt: ending.closedAt,
      protection: { ...symbol.protection, cover: { kind: "Covered" } },
    },
  );
  const net = record.netPnl === undefined ? "unknown" : record.netPnl.toFixed(4);
  const detail = `${record.reason}: net ${net} after ${record.levels} levels`;
  const severity = record.netPnl === undefined ? "critical" : "info";
  return [next, [alert(severity, "CycleClosed", symbol.symbol, detail)]];
};

const recordOf = ({ symbol }: SymbolState, ending: Ending): ClosedCycle => {
  const { cycle, averageExit } = ending;
  return {
    symbol,
    side: cycle.side,
    openedAt: cycle.openedAt,
    closedAt: ending.closedAt,
    levels: cycle.levels.length,
    size: cycle.entered.size,
    averageEntry: averagePrice(cycle.entered),
    averageExit,
    fees: cycle.fees,
    netPnl: averageExit === undefined ? undefined : amount(cycle.realized.minus(cycle.fees)),
    reason: ending.reason,
  };
};

/** Takes over newer settings, or drops the symbol, once nothing of it is open. */
export const applyPending = (state: EngineState, symbol: SymbolState, at: Millis): Step => {
  const { pending } = symbol;
  if (pending === undefined || symbol.cycle !== undefined) return stay(state);
  if (openOrdersOf(state, symbol.symbol).length > 0) return stay(state);
  if (pending.kind === "Drop") {
    const symbols = new Map(state.symbols);
    symbols.delete(symbol.symbol);
    return stay({ ...state, symbols });
  }
  const fresh = newSymbolState(pending.settings, at);
  const { market, lastClosedAt, bookedSince, realized, protection } = symbol;
  const keepsSetup = isSameSettings(pending.settings.leverage, symbol.settings.leverage);
  const next = {
    ...touch(state, fresh),
    market,
    lastClosedAt,
    bookedSince,
    realized,
    protection,
    setup: keepsSetup ? symbol.setup : fresh.setup,
  };
  return [
    withSymbol(state, next),
    keepsSetup
      ? []
      : [
          {
            kind: "PrepareSymbol",
            symbol: symbol.symbol,
            leverage: pending.settings.leverage,
            marginMode: state.settings.marginMode,
            readOnly: false,
          },
        ],
  ];
};
