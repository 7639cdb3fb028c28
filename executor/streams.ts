/**
 * Turns what the sockets push into facts, events and reasons to look.
 *
 * A push is a hint. Prices become facts with the time at which we received them; orders and fills go
 * to the engine, which takes each fill once however often it is told; everything else makes somebody
 * read. After a socket has come back the account is read before anything else, because what was
 * pushed meanwhile is lost.
 */

import type { Clock, Millis } from "#base/clock.ts";
import { unreachable } from "#base/result.ts";
import type { Exchange, PriceQuote, StreamEvent } from "#exchange/port.ts";
import type { Logger } from "#runtime/log.ts";
import type { EngineEvent } from "#trading/engine/events.ts";
import { asOrderId, type EngineState } from "#trading/engine/state.ts";
import type { MarketSymbol } from "#trading/market.ts";
import type { FactStore } from "./facts.ts";

export type StreamDeps = {
  readonly clock: Clock;
  readonly exchange: Pick<Exchange, "watch">;
  readonly facts: FactStore;
  readonly state: () => EngineState;
  readonly push: (event: EngineEvent) => void;
  /** A candle has ended at that instant. */
  readonly nudgeCandles: (closedAt: Millis) => void;
  readonly nudgeAccount: () => void;
  readonly log: Logger;
};

/** Watches until the signal aborts, anew whenever the set of symbols changes. */
export const watchStreams = async (
  deps: StreamDeps,
  symbolsChanged: (watched: ReadonlyArray<MarketSymbol>) => Promise<void>,
  signal: AbortSignal,
): Promise<void> => {
  while (!signal.aborted) {
    const state = deps.state();
    const symbols = watchedSymbols(state);
    const restart = new AbortController();
    // The sockets of before end without a word: these are new, and have yet to connect.
    deps.facts.update((facts) => ({ ...facts, streams: { public: false, private: false } }));
    const watching = deps.exchange.watch(
      { symbols, timeframe: state.settings.timeframe },
      (event) => listen(deps, event),
      AbortSignal.any([signal, restart.signal]),
    );
    await symbolsChanged(symbols);
    restart.abort();
    await watching;
  }
};

/** What the exchange does not list cannot be watched, and would spoil the subscription of the rest. */
export const watchedSymbols = (state: EngineState): ReadonlyArray<MarketSymbol> =>
  [...state.symbols.values()]
    .filter(({ market }) => market !== undefined)
    .map(({ symbol }) => symbol);

const listen = (deps: StreamDeps, event: StreamEvent): void => {
  switch (event.kind) {
    case "PriceChanged":
      return notePrice(deps, event.symbol, event.quote);
    case "CandleRolled":
      return deps.nudgeCandles(event.openTime);
    case "OrderChanged":
      return noteOrder(deps, event);
    case "Filled":
      return deps.push({ kind: "FillReported", at: deps.clock.now(), fill: event.fill });
    case "AccountChanged":
      return deps.nudgeAccount();
    case "Connected":
    case "Disconnected":
      return noteStream(deps, event.stream, event.kind === "Connected");
    default:
      return unreachable(event);
  }
};

const notePrice = ({ facts, clock }: StreamDeps, symbol: MarketSymbol, quote: PriceQuote): void =>
  facts.update((current) => ({
    ...current,
    prices: new Map(current.prices).set(symbol, {
      value: quote,
      at: clock.now(),
      elapsed: clock.elapsed(),
    }),
  }));

const noteOrder = (
  deps: StreamDeps,
  { report }: Extract<StreamEvent, { kind: "OrderChanged" }>,
): void => {
  if (!deps.state().orders.has(asOrderId(report.clientOrderId))) {
    const { clientOrderId, symbol, status } = report;
    deps.log.debug({ clientOrderId, symbol, status }, "order is not one of ours");
  }
  deps.push({ kind: "OrderReported", at: deps.clock.now(), report });
};

const noteStream = (deps: StreamDeps, stream: "public" | "private", isUp: boolean): void => {
  deps.facts.update((current) => ({ ...current, streams: { ...current.streams, [stream]: isUp } }));
  deps.log.info({ stream, isUp }, "stream changed");
  if (isUp) deps.nudgeAccount();
};
