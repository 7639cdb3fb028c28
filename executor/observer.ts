/**
 * Reads the whole account every few seconds, and at once when somebody suspects a change.
 *
 * Four reads that are all `Known` make one observation; if one of them is not, there is none, and
 * what depends on a fresh account stops by itself.
 */

import { sleep, type Clock, type Timers } from "#base/clock.ts";
import type { Exchange } from "#exchange/port.ts";
import type { Logger } from "#runtime/log.ts";
import type { EngineEvent } from "#trading/engine/events.ts";
import type { FactStore } from "./facts.ts";

export type ObserverDeps = {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly exchange: Pick<
    Exchange,
    "fetchPositions" | "fetchOpenOrders" | "fetchPlans" | "fetchBalance"
  >;
  readonly version: () => number;
  readonly facts: FactStore;
  readonly push: (event: EngineEvent) => void;
  readonly log: Logger;
};

export type Observer = {
  readonly run: (signal: AbortSignal) => Promise<void>;
  readonly nudge: () => void;
};

const PERIOD_MS = 5_000;
/** Suspicions come in bursts: one look serves them all. */
const NUDGE_PAUSE_MS = 250;

export const createObserver = (deps: ObserverDeps): Observer => {
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
        await observeOnce(deps);
        await sleep(deps.timers, NUDGE_PAUSE_MS, signal);
        wake = new AbortController();
        // A nudge that came while we were looking must not be lost.
        if (!isNudged) await sleep(deps.timers, PERIOD_MS, AbortSignal.any([signal, wake.signal]));
      }
    },
  };
};

const observeOnce = async (deps: ObserverDeps): Promise<void> => {
  const { exchange, clock } = deps;
  const asOf = deps.version();
  const elapsed = clock.elapsed();
  const [positions, orders, plans, balance] = await Promise.all([
    exchange.fetchPositions(),
    exchange.fetchOpenOrders(),
    exchange.fetchPlans(),
    exchange.fetchBalance(),
  ]);
  if (positions.kind === "Unknown") return noteUnknown(deps, "positions", positions.reason);
  if (orders.kind === "Unknown") return noteUnknown(deps, "orders", orders.reason);
  if (plans.kind === "Unknown") return noteUnknown(deps, "plans", plans.reason);
  if (balance.kind === "Unknown") return noteUnknown(deps, "balance", balance.reason);
  const at = clock.now();
  deps.facts.update((facts) => ({
    ...facts,
    balance: { value: balance.value, at, elapsed },
    // As old as the question: the answers were written after it.
    account: { value: { plans: plans.value }, at, elapsed },
  }));
  deps.push({
    kind: "AccountObserved",
    at,
    asOf,
    positions: positions.value,
    orders: orders.value,
    plans: plans.value,
    wallet: balance.value.wallet,
  });
};

const noteUnknown = ({ log }: ObserverDeps, what: string, reason: string): void =>
  log.debug({ what, reason }, "account is unknown");
