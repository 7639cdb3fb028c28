/**
 * How long to wait after a failure: longer after each, and never two clients at the same instant.
 *
 * client-go waits up to a minute, for clusters in which thousands follow. Here it is a handful, and
 * what a person asks of a strategy waits with them: when the server is back, so are we, within
 * seconds.
 */

import type { Clock } from "#base/clock.ts";
import type { Random } from "#base/random.ts";

const BASE_MS = 800;
const LONGEST_MS = 8_000;
const HOPELESS_MS = 30_000;
const FACTOR = 2;
/** Failures further apart than this, the wait included, have nothing to do with each other. */
const RESET_AFTER_MS = 60_000;

export type BackoffDeps = { readonly clock: Pick<Clock, "elapsed">; readonly random: Random };

export type Backoff = {
  /** The wait after one more failure. */
  readonly next: () => number;
  /** For what only a person can repair. */
  readonly longest: () => number;
};

export const createBackoff = ({ clock, random }: BackoffDeps): Backoff => {
  let stepMs = BASE_MS;
  let failedAt = -Infinity;
  // Up to twice as long.
  const jittered = (ms: number): number => ms * (1 + random());
  return {
    next: () => {
      if (clock.elapsed() - failedAt > RESET_AFTER_MS) stepMs = BASE_MS;
      failedAt = clock.elapsed();
      const delay = jittered(stepMs);
      stepMs = Math.min(stepMs * FACTOR, LONGEST_MS);
      return delay;
    },
    longest: () => jittered(HOPELESS_MS),
  };
};
