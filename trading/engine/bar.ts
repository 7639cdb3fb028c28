/** A candle has closed: exits first, then take-profits, then what should rest until the next one. */

import { millis } from "#base/clock.ts";
import { timeframeMs } from "../candle.ts";
import { viewCycle } from "../cycle.ts";
import { openSession } from "../kill-switch.ts";
import { allotEntries } from "./allot.ts";
import { startClose } from "./closing.ts";
import { syncEntries } from "./entries.ts";
import type { EngineEvent } from "./events.ts";
import { protect } from "./protection.ts";
import { withSymbol, type EngineState, type SymbolState } from "./state.ts";
import { chain, forEachSymbol, stay, type EngineDeps, type Step } from "./step.ts";
import { retargetTakeProfit } from "./take-profit.ts";

type BarClosed = Extract<EngineEvent, { kind: "BarClosed" }>;

export const closeBar = (deps: EngineDeps, state: EngineState, event: BarClosed): Step => {
  const news = { ...event, bars: event.bars.filter(({ symbol }) => isNews(state, symbol, event)) };
  if (news.bars.length === 0) return stay(state);
  const { at } = event;
  return chain(
    { ...state, killSwitch: openSession(state.killSwitch, event.funds?.equity, at) },
    (current) => stay(takeBars(current, news)),
    (current) => forEachSymbol(current, (inner, symbol) => judgeExit(deps, inner, symbol, news)),
    (current) => forEachSymbol(current, (inner, symbol) => retargetTakeProfit(deps, inner, symbol)),
    (current) => forEachSymbol(current, (inner, symbol) => protect(deps, inner, symbol, at)),
    (current) => stay(allotEntries(deps, current, event)),
    (current) => forEachSymbol(current, (inner, symbol) => syncEntries(inner, symbol, at)),
  );
};

/** Each candle is decided on once, and never after a later one. */
const isNews = (
  state: EngineState,
  key: SymbolState["symbol"],
  { openTime }: BarClosed,
): boolean => {
  const symbol = state.symbols.get(key);
  return symbol !== undefined && (symbol.bar === undefined || openTime > symbol.bar.openTime);
};

const takeBars = (state: EngineState, { bars, openTime }: BarClosed): EngineState =>
  bars.reduce((current, { symbol: key, indicators }) => {
    const symbol = current.symbols.get(key);
    return symbol === undefined || indicators === undefined
      ? current
      : withSymbol(current, { ...symbol, bar: { openTime, indicators } });
  }, state);

const judgeExit = (
  deps: EngineDeps,
  state: EngineState,
  symbol: SymbolState,
  event: BarClosed,
): Step => {
  const { cycle } = symbol;
  const report = event.bars.find((bar) => bar.symbol === symbol.symbol);
  if (cycle === undefined || report?.indicators === undefined) return stay(state);
  const closedAt = millis(event.openTime + timeframeMs[state.settings.timeframe]);
  const strategy = deps.strategyOf(state.settings, symbol.settings);
  const reason = strategy.exit(report.indicators, viewCycle(cycle), closedAt);
  return reason === undefined ? stay(state) : startClose(state, symbol, reason, event.at);
};
