/**
 * How restless a market is, minute by minute: the model behind the made-up prices.
 *
 * Volatility comes in clusters: the logarithm of the variance is the sum of a part that forgets in
 * hours and one that forgets in days (each an AR(1) process), so that absolute returns stay
 * correlated for days as real ones do, and hourly returns have fat tails. Jumps come on top, and a
 * jump leaves the market restless. One market-wide state drives all symbols, which is why they
 * calm down and panic together. Constants: fitted to the recorded hourly candles, docs/emulator.md.
 */

import type { Draws } from "./draws.ts";

export type Volatility = {
  /** Deviations of the logarithm of the variance from its mean. */
  readonly fast: number;
  readonly slow: number;
};

/** Bound once: asked for every minute. */
const { exp } = Math;

export const MINUTES_PER_HOUR = 60;

const FAST_HALF_LIFE_MINUTES = 150;
const SLOW_HALF_LIFE_MINUTES = 4 * 24 * 60;
const FAST_VARIANCE = 0.45;
const SLOW_VARIANCE = 0.35;

/** How one part of the log-variance moves over a step of some minutes. */
type Drift = { readonly memory: number; readonly shock: number };

const drift = (halfLifeMinutes: number, variance: number, stepMinutes: number): Drift => {
  const memory = 2 ** (-stepMinutes / halfLifeMinutes);
  return { memory, shock: Math.sqrt(variance * (1 - memory ** 2)) };
};

/** The mean of a log-normal is above its median: this brings the mean variance back to one. */
const MEAN_CORRECTION = -(FAST_VARIANCE + SLOW_VARIANCE) / 2;

/** How much of the log-variance a jump adds to the fast part. */
const JUMP_AROUSAL = 0.9;

/** A state that a market may well be in, to begin with. */
export const startVolatility = (draws: Draws): Volatility => ({
  fast: Math.sqrt(FAST_VARIANCE) * draws.normal(),
  slow: Math.sqrt(SLOW_VARIANCE) * draws.normal(),
});

export type VolatilityStep = (before: Volatility, jumped: boolean, draws: Draws) => Volatility;

export const volatilityStep = (minutes: number): VolatilityStep => {
  const fast = drift(FAST_HALF_LIFE_MINUTES, FAST_VARIANCE, minutes);
  const slow = drift(SLOW_HALF_LIFE_MINUTES, SLOW_VARIANCE, minutes);
  return (before, jumped, draws) => ({
    fast: fast.memory * before.fast + fast.shock * draws.normal() + (jumped ? JUMP_AROUSAL : 0),
    slow: slow.memory * before.slow + slow.shock * draws.normal(),
  });
};

/** Factor on the deviation of a return: its square is one on average. */
export const restlessness = ({ fast, slow }: Volatility): number =>
  exp((fast + slow + MEAN_CORRECTION) / 2);

export type JumpLaw = {
  /** Chance in one minute. */
  readonly rate: number;
  /** Deviation of its size, as a multiple of the deviation of an average hour. */
  readonly size: number;
};

/** News for everybody: about two a week. */
export const commonJumps: JumpLaw = { rate: 2 / (7 * 1_440), size: 2.5 };
/** News about one asset: about once in ten days. */
export const ownJumps: JumpLaw = { rate: 1 / (10 * 1_440), size: 2.6 };

/** Size of this minute's jump in units of an average hour's deviation; nearly always 0. */
export const drawJump = ({ rate, size }: JumpLaw, draws: Draws): number =>
  draws.uniform() < rate ? draws.normal() * size : 0;
