/**
 * Reads closed candles and asks for one decision per candle, for all symbols together.
 *
 * Whether a candle has closed is decided by the clock and confirmed by a read; what the sockets say
 * of it is only a reason to look sooner. The decision waits a little for the slowest symbol and then
 * goes on without it; when its candle comes, everything is decided again.
 */

import { millis, sleep, type Clock, type Millis, type Timers } from "#base/clock.ts";
import type { Exchange } from "#exchange/port.ts";
import type { Logger } from "#runtime/log.ts";
import { lastClosedOpenTime, timeframeMs } from "#trading/candle.ts";
import type { BarReport, EngineEvent, Funds } from "#trading/engine/events.ts";
import type { EngineState, SymbolState } from "#trading/engine/state.ts";
import type { EngineDeps } from "#trading/engine/step.ts";
import type { MarketSymbol } from "#trading/market.ts";
import { price } from "#trading/money.ts";
import {
  emptyWindow,
  extendWindow,
  isComplete,
  missingCandles,
  type CandleWindow,
} from "./window.ts";

export type CandleFeedDeps = {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly exchange: Pick<Exchange, "fetchCandles" | "fetchBalance">;
  readonly state: () => EngineState;
  readonly strategyOf: EngineDeps["strategyOf"];
  readonly push: (event: EngineEvent) => void;
  readonly log: Logger;
};

export type CandleFeed = {
  /** Runs until the signal aborts. */
  readonly run: (signal: AbortSignal) => Promise<void>;
  /** Something suggests that a candle has closed: look now. */
  readonly nudge: () => void;
};

/** How often the feed looks at the clock when nobody nudges it. */
const POLL_MS = 1_000;
/** A decision waits this long after the close for candles that have not been read. */
const GRACE_MS = 10_000;
/** Fewer than this are not worth a request of their own: neighbours are checked for free. */
const READ_MIN = 3;

export const createCandleFeed = (deps: CandleFeedDeps): CandleFeed => {
  const windows = new Map<MarketSymbol, CandleWindow>();
  let decided = "";
  let wake = new AbortController();
  let isNudged = false;
  return {
    nudge: () => {
      isNudged = true;
      wake.abort();
    },
    run: async (signal) => {
      while (!signal.aborted) {
        isNudged = false;
        decided = await lookOnce(deps, windows, decided);
        wake = new AbortController();
        // A nudge that came while we were looking must not be lost.
        if (!isNudged) await sleep(deps.timers, POLL_MS, AbortSignal.any([signal, wake.signal]));
      }
    },
  };
};

/** Reads what is missing and decides if there is news. Returns what the last decision was about. */
const lookOnce = async (
  deps: CandleFeedDeps,
  windows: Map<MarketSymbol, CandleWindow>,
  decided: string,
): Promise<string> => {
  const state = deps.state();
  const openTime = lastClosedOpenTime(state.settings.timeframe, deps.clock.now());
  // What the exchange does not list has no candles to wait for.
  const symbols = [...state.symbols.values()].filter(({ market }) => market !== undefined);
  await Promise.all(symbols.map((symbol) => readSymbol(deps, windows, symbol, openTime)));
  // Candles that were read for other parameters are too few for these, or too many.
  const complete = symbols.filter((symbol) =>
    isComplete(windowOf(deps, windows, symbol), openTime),
  );
  const sinceClose = deps.clock.now() - openTime - timeframeMs[state.settings.timeframe];
  if (complete.length < symbols.length && sinceClose < GRACE_MS) return decided;

  const subject = subjectOf(openTime, complete);
  if (complete.length === 0 || subject === decided) return decided;
  const funds = await readFunds(deps);
  if (funds === undefined && sinceClose < GRACE_MS) return decided;
  deps.push({
    kind: "BarClosed",
    at: deps.clock.now(),
    openTime,
    bars: complete.map((symbol) => reportBar(deps, windows, symbol)),
    funds,
  });
  return subject;
};

/** A decision is new when the candle, the symbols that have it, or their parameters are. */
const subjectOf = (openTime: Millis, complete: ReadonlyArray<SymbolState>): string =>
  JSON.stringify([openTime, complete.map(({ settings }) => settings)]);

const readSymbol = async (
  deps: CandleFeedDeps,
  windows: Map<MarketSymbol, CandleWindow>,
  symbol: SymbolState,
  openTime: Millis,
): Promise<void> => {
  const window = windowOf(deps, windows, symbol);
  const missing = missingCandles(window, openTime);
  if (missing === 0) return;
  const { timeframe } = window;
  const fact = await deps.exchange.fetchCandles({
    symbol: symbol.symbol,
    timeframe,
    before: millis(openTime + timeframeMs[timeframe]),
    limit: Math.max(missing, READ_MIN),
  });
  if (fact.kind === "Unknown") {
    deps.log.debug({ symbol: symbol.symbol, reason: fact.reason }, "candles are unknown");
    return;
  }
  windows.set(symbol.symbol, extendWindow(window, fact.value));
};

/** The symbol's window, begun anew when its strategy looks back further than before. */
const windowOf = (
  deps: CandleFeedDeps,
  windows: ReadonlyMap<MarketSymbol, CandleWindow>,
  { symbol, settings }: SymbolState,
): CandleWindow => {
  const { timeframe, lookback } = deps.strategyOf(deps.state().settings, settings);
  const known = windows.get(symbol);
  return known !== undefined && known.length === lookback && known.timeframe === timeframe
    ? known
    : emptyWindow(timeframe, lookback);
};

const reportBar = (
  deps: CandleFeedDeps,
  windows: ReadonlyMap<MarketSymbol, CandleWindow>,
  { symbol, settings }: SymbolState,
): BarReport => {
  const candles = windows.get(symbol)?.candles ?? [];
  const strategy = deps.strategyOf(deps.state().settings, settings);
  // The close, not the last tick: a decision on a candle must not depend on when it was made.
  return {
    symbol,
    price: price(candles.at(-1)?.close ?? 0),
    indicators: strategy.indicators(candles),
  };
};

const readFunds = async (deps: CandleFeedDeps): Promise<Funds | undefined> => {
  const fact = await deps.exchange.fetchBalance();
  if (fact.kind === "Known") return fact.value;
  deps.log.debug({ reason: fact.reason }, "balance is unknown");
  return undefined;
};
