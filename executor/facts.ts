/**
 * What the executor has seen lately and does not need to remember: prices, balance, freshness.
 *
 * None of it is in the engine's state, since it changes all the time; the guards and the status read
 * it. Ages are counted on the monotonic clock from when we received something, because an exchange
 * that repeats an old time stamp must not look alive (incidents 21, 27).
 */

import type { Millis } from "#base/clock.ts";
import type { Balance, PriceQuote } from "#exchange/port.ts";
import type { MarketSymbol } from "#trading/market.ts";
import type { Plan } from "#trading/reports.ts";

export type Received<T> = {
  readonly value: T;
  /** Session date and monotonic time at which it reached us. */
  readonly at: Millis;
  readonly elapsed: number;
};

export type Facts = {
  readonly prices: ReadonlyMap<MarketSymbol, Received<PriceQuote>>;
  readonly balance: Received<Balance> | undefined;
  /** The last complete reading of positions, orders, plans and balance. */
  readonly account: Received<{ readonly plans: ReadonlyArray<Plan> }> | undefined;
  readonly streams: Readonly<Record<"public" | "private", boolean>>;
};

export type FactStore = {
  readonly current: () => Facts;
  readonly update: (change: (facts: Facts) => Facts) => void;
};

export const createFactStore = (): FactStore => {
  let facts: Facts = {
    prices: new Map(),
    balance: undefined,
    account: undefined,
    streams: { public: false, private: false },
  };
  return {
    current: () => facts,
    update: (change) => {
      facts = change(facts);
    },
  };
};

/** An account reading older than this says nothing about now. */
export const ACCOUNT_AGE_MAX_MS = 15_000;
export const PRICE_AGE_MAX_MS = 15_000;

export const ageOf = (received: Received<unknown> | undefined, elapsed: number): number =>
  received === undefined ? Infinity : elapsed - received.elapsed;

/** Both sockets are up, and the account was read a moment ago. */
export const isConnected = (facts: Facts, elapsed: number): boolean =>
  facts.streams.public &&
  facts.streams.private &&
  ageOf(facts.account, elapsed) <= ACCOUNT_AGE_MAX_MS;
