/**
 * A stream of draws that starts from one keyed draw.
 *
 * `chance` costs a hash of its keys each time; a day of minutes for twenty symbols needs millions of
 * draws. So the keys decide where a stream starts (which day, which symbol), and inside it the order
 * decides (mulberry32). Not for secrets.
 */

import { chance } from "#base/random.ts";

/** Bound once: a draw is asked for millions of times. */
const { cos, floor, imul, log, PI, sin, sqrt } = Math;

export type Draws = {
  /** Uniform in [0, 1). */
  readonly uniform: () => number;
  /** Mean 0, deviation 1. */
  readonly normal: () => number;
};

export const createDraws = (seed: number, ...keys: ReadonlyArray<string | number>): Draws => {
  let state = floor(chance(seed, ...keys) * 2 ** 32) >>> 0;
  let spare: number | undefined;

  const uniform = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let word = imul(state ^ (state >>> 15), state | 1);
    word ^= word + imul(word ^ (word >>> 7), word | 61);
    return ((word ^ (word >>> 14)) >>> 0) / 2 ** 32;
  };

  /** Box-Muller gives two at a time. */
  const normal = (): number => {
    if (spare !== undefined) {
      const kept = spare;
      spare = undefined;
      return kept;
    }
    const radius = sqrt(-2 * log(1 - uniform()));
    const angle = 2 * PI * uniform();
    spare = radius * sin(angle);
    return radius * cos(angle);
  };

  return { uniform, normal };
};
