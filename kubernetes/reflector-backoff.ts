/**
 * How long to wait after a failure: longer after each, and never two clients at the same instant.
 *
 * The numbers are those of client-go's reflector, which a cluster of any size has been through.
 */

import type { Clock } from "#base/clock.ts";
import type { Random } from "#base/random.ts";

const BASE_MS = 800;
const LONGEST_MS = 30_000;
const FACTOR = 2;
/** Failures further apart than this have nothing to do with each other. */
const RESET_AFTER_MS = 120_000;

export type BackoffDeps = { readonly clock: Pick<Clock, "elapsed">; readonly random: Random };

export type Backoff = {
  /** The wait after one more failure. */
  readonly next: () => number;
  /** The longest one: for what only a person can repair. */
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
    longest: () => jittered(LONGEST_MS),
  };
};
