/** Everything that pushes events by itself: candles, the account, the sockets, and time. */

import { sleep, type Clock, type Millis, type Timers } from "#base/clock.ts";
import type { ExecutorSpec } from "#crds/executor-spec.ts";
import type { Exchange } from "#exchange/port.ts";
import type { Logger } from "#runtime/log.ts";
import type { Tasks } from "#runtime/tasks.ts";
import type { EngineEvent } from "#trading/engine/events.ts";
import type { EngineDeps } from "#trading/engine/step.ts";
import type { Market, MarketSymbol } from "#trading/market.ts";
import { createCandleFeed } from "./candle-feed.ts";
import type { CandleLap } from "./candle-lap.ts";
import type { FactStore } from "./facts.ts";
import type { Life } from "./life.ts";
import { createObserver } from "./observer.ts";
import { watchedSymbols, watchStreams } from "./streams.ts";

export type SourceDeps = {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly exchange: Exchange;
  readonly log: Logger;
  readonly life: Life;
  readonly facts: FactStore;
  readonly push: (event: EngineEvent) => void;
  readonly tasks: Tasks;
  readonly strategyOf: EngineDeps["strategyOf"];
  readonly lap: Pick<CandleLap, "candleEnded">;
};

const TICK_MS = 1_000;
const MARKETS_PERIOD_MS = 600_000;

export const startSources = (deps: SourceDeps, signal: AbortSignal): void => {
  const { clock, life, push, tasks } = deps;
  const { state } = life;
  const feed = createCandleFeed({ ...deps, state });
  const observer = createObserver({ ...deps, version: () => state().version });
  const nudgeCandles = (closedAt: Millis) => {
    deps.lap.candleEnded(closedAt);
    feed.nudge();
  };
  const streams = { ...deps, state, nudgeCandles, nudgeAccount: observer.nudge };
  const tick = () => push({ kind: "Ticked", at: clock.now() });
  tasks.start(() => observer.run(signal));
  tasks.start(() => feed.run(signal));
  tasks.start(() =>
    watchStreams(streams, (watched) => symbolsDiffer(deps, watched, signal), signal),
  );
  tasks.start(() => every(deps, TICK_MS, signal, tick));
  tasks.start(() =>
    every(deps, MARKETS_PERIOD_MS, signal, () => tasks.start(() => reloadMarkets(deps))),
  );
};

export const ownMarkets = (
  spec: ExecutorSpec,
  markets: ReadonlyMap<MarketSymbol, Market>,
): ReadonlyArray<Market> =>
  [...markets.values()].filter(({ symbol }) => spec.assets.some((one) => one.symbol === symbol));

/** Resolves once other symbols are traded than those that are watched. */
const symbolsDiffer = async (
  { timers, life }: SourceDeps,
  watched: ReadonlyArray<MarketSymbol>,
  signal: AbortSignal,
): Promise<void> => {
  const isSame = () => watchedSymbols(life.state()).join() === watched.join();
  while (!signal.aborted && isSame()) await sleep(timers, TICK_MS, signal);
};

const every = async (
  { timers }: SourceDeps,
  ms: number,
  signal: AbortSignal,
  act: () => void,
): Promise<void> => {
  while (!signal.aborted) {
    await sleep(timers, ms, signal);
    if (!signal.aborted) act();
  }
};

/** Ticks, steps and listings change while we run (reliability X31, X32). */
const reloadMarkets = async ({ clock, exchange, life, push }: SourceDeps): Promise<void> => {
  const fact = await exchange.fetchMarkets();
  if (fact.kind === "Unknown") return;
  const markets = ownMarkets(life.spec(), fact.value);
  push({ kind: "MarketsObserved", at: clock.now(), markets });
};
