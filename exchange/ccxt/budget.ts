/**
 * One rate budget, with lanes: what protects money goes before what asks, and asking goes before
 * opening.
 *
 * A token bucket that never lets more than `requestsPerSecond` leave within any one second: it holds
 * a fifth of that for a burst, and refills with the rest. What waits is bounded in number and in time,
 * and whoever is turned away is told that nothing was sent. An exchange that says "too many" stops
 * the whole budget: every lane would be refused alike.
 */

import type { Clock, Timers } from "#base/clock.ts";
import { err, ok, type Result } from "#base/result.ts";

/** Most urgent first. */
const lanes = ["emergency", "stop", "settle", "reads", "entries"] as const;

export type Lane = (typeof lanes)[number];

export type BudgetOptions = {
  readonly requestsPerSecond: number;
  /** Most requests that may wait. */
  readonly capacity: number;
  readonly longestWaitMs: number;
};

export type Budget = {
  /** Resolves when one request may leave, or with the reason why it never will. */
  readonly enter: (lane: Lane) => Promise<Result<undefined, string>>;
  /** The exchange refused for rate: nothing leaves for a while, longer each time it happens again. */
  readonly tooMany: (retryAfterMs: number | undefined) => void;
  /** The exchange answered, so whatever it held against us is over. */
  readonly answered: () => void;
  /** Turns away whatever waits, and whatever still comes. */
  readonly close: () => void;
};

const SHORTEST_PENALTY_MS = 1_000;
const LONGEST_PENALTY_MS = 60_000;

type Waiter = {
  readonly lane: Lane;
  readonly since: number;
  readonly resolve: (entered: Result<undefined, string>) => void;
};

export const createBudget = (
  clock: Pick<Clock, "elapsed"> & Timers,
  { requestsPerSecond, capacity, longestWaitMs }: BudgetOptions,
): Budget => {
  const bucket = createBucket(requestsPerSecond, clock.elapsed());
  let waiting: ReadonlyArray<Waiter> = [];
  let penaltyMs = SHORTEST_PENALTY_MS;
  let closed = false;
  let disarm = () => {};

  const dismiss = (waiter: Waiter, entered: Result<undefined, string>) => {
    waiting = waiting.filter((other) => other !== waiter);
    waiter.resolve(entered);
  };

  const pump = () => {
    disarm();
    const now = clock.elapsed();
    for (const waiter of waiting) {
      if (now - waiter.since >= longestWaitMs) {
        dismiss(waiter, err("waited too long for the rate budget"));
      }
    }
    while (waiting.length > 0 && bucket.take(now)) dismiss(mostUrgent(waiting), ok(undefined));
    arm(now);
  };

  /** Wakes when a token is there or when somebody has waited too long, whichever is first. */
  const arm = (now: number) => {
    const [oldest] = waiting.toSorted((a, b) => a.since - b.since);
    if (oldest === undefined) return;
    const wait = Math.min(bucket.untilNext(now), oldest.since + longestWaitMs - now);
    // At least a millisecond: a fraction of a token must not make the timer spin.
    disarm = clock.after(Math.max(1, Math.ceil(wait)), pump);
  };

  /** Full: the least urgent of the waiting makes room for somebody more urgent. */
  const makeRoom = (lane: Lane): boolean => {
    if (waiting.length < capacity) return true;
    const least = leastUrgent(waiting);
    if (rank(least.lane) <= rank(lane)) return false;
    dismiss(least, err("gave way to a more urgent request"));
    return true;
  };

  return {
    enter: (lane) =>
      new Promise((resolve) => {
        if (closed) return resolve(err("the exchange is closed"));
        if (!makeRoom(lane)) return resolve(err("the queue of the rate budget is full"));
        waiting = [...waiting, { lane, since: clock.elapsed(), resolve }];
        pump();
      }),
    tooMany: (retryAfterMs) => {
      bucket.pauseUntil(clock.elapsed() + Math.max(penaltyMs, retryAfterMs ?? 0));
      penaltyMs = Math.min(LONGEST_PENALTY_MS, penaltyMs * 2);
      pump();
    },
    answered: () => {
      penaltyMs = SHORTEST_PENALTY_MS;
    },
    close: () => {
      closed = true;
      disarm();
      for (const waiter of waiting) dismiss(waiter, err("the exchange is closed"));
    },
  };
};

type Bucket = {
  readonly take: (now: number) => boolean;
  readonly untilNext: (now: number) => number;
  readonly pauseUntil: (instant: number) => void;
};

const createBucket = (requestsPerSecond: number, start: number): Bucket => {
  const burst = Math.max(1, Math.floor(requestsPerSecond / 5));
  // A burst and what refills within the second after it are together one second's worth.
  const perMs = (requestsPerSecond - (burst - 1)) / 1_000;
  let tokens = burst;
  let refilledAt = start;
  let pausedUntil = start;

  return {
    take: (now) => {
      tokens = Math.min(burst, tokens + (now - refilledAt) * perMs);
      refilledAt = now;
      if (now < pausedUntil || tokens < 1) return false;
      tokens -= 1;
      return true;
    },
    untilNext: (now) => Math.max((1 - tokens) / perMs, pausedUntil - now),
    pauseUntil: (instant) => {
      pausedUntil = Math.max(pausedUntil, instant);
    },
  };
};

const rank = (lane: Lane): number => lanes.indexOf(lane);

/** Within a lane, first come, first served. */
const mostUrgent = (waiting: ReadonlyArray<Waiter>): Waiter =>
  waiting.reduce((best, waiter) => (rank(waiter.lane) < rank(best.lane) ? waiter : best));

/** Within a lane, the last to come. */
const leastUrgent = (waiting: ReadonlyArray<Waiter>): Waiter =>
  waiting.reduce((worst, waiter) => (rank(waiter.lane) >= rank(worst.lane) ? waiter : worst));
