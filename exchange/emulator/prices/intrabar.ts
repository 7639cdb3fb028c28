/**
 * What may have happened inside one candle, second by second.
 *
 * A candle says where the price began, how far it went both ways and where it ended, not in which
 * order. The seed chooses one plausible way: which extreme came first (the nearer one to where the
 * candle was going is the likelier: a rising candle dips first), when, with retracements on the way
 * and noise on top. Different seeds give different ways through the same candles.
 *
 * The law: the candle of the samples is the candle that was given, exactly.
 *
 * The price HOLDS at the open for the first minute and at the close for the last half minute (a
 * twentieth and a fortieth of a shorter candle). Whoever decides on a closed candle has a minute of
 * market time to place orders before the price moves, so what trades does not depend on how fast the
 * host is.
 */

import type { Bar, ContractSymbol } from "./path.ts";
import { createDraws, type Draws } from "./draws.ts";

/** Bound once: they are called for every second. */
const { floor, max, min, round, sqrt } = Math;

export type BarKey = { readonly seed: number; readonly symbol: ContractSymbol };

export const holdAtOpenSeconds = (seconds: number): number => max(1, min(60, floor(seconds / 20)));

export const holdAtCloseSeconds = (seconds: number): number => max(1, min(30, floor(seconds / 40)));

/**
 * The bar with which a session begins holds its open for longer: whoever trades has to start first.
 * Ten minutes are ten seconds of a machine at the usual speed of 60.
 */
export const holdAtStartSeconds = (seconds: number): number => max(1, min(600, floor(seconds / 6)));

/** Ticks at each second of the bar. */
export const samplesOf = (
  bar: Bar,
  seconds: number,
  { seed, symbol }: BarKey,
  firstMoving = holdAtOpenSeconds(seconds),
): Float64Array => {
  const samples = new Float64Array(seconds);
  const firstClosed = seconds - holdAtCloseSeconds(seconds);
  samples.fill(bar.open, 0, firstMoving);
  samples.fill(bar.close, firstClosed);
  const draws = createDraws(seed, "intrabar", symbol, bar.openTime);
  const turns = turningPoints(bar, { from: firstMoving - 1, to: firstClosed }, draws);
  const noise = ((bar.high - bar.low) * NOISE_SHARE) / sqrt(seconds);
  for (let index = 1; index < turns.length; index += 1) {
    const start = turns[index - 1];
    const end = turns[index];
    if (start !== undefined && end !== undefined) walk(samples, { start, end, bar, noise }, draws);
  }
  return samples;
};

/** A second and the price that is reached in it, exactly. */
type Turn = { readonly second: number; readonly ticks: number };

/** Deviation of the noise gathered over the whole candle, as a share of its range. */
const NOISE_SHARE = 0.4;
/** Turns a uniform draw around zero into one of deviation 1. */
const UNIFORM_DEVIATION = sqrt(12);
/** How much the direction of a candle says about which extreme came first. */
const DIRECTION_WEIGHT = 0.35;
const RETRACEMENTS_MAX = 3;
/** A leg shorter than this many seconds for each retracement has none. */
const RETRACEMENT_SECONDS = 8;

const turningPoints = (
  bar: Bar,
  { from, to }: { readonly from: number; readonly to: number },
  draws: Draws,
): ReadonlyArray<Turn> => {
  const range = bar.high - bar.low;
  const start = { second: from, ticks: bar.open };
  const end = { second: to, ticks: bar.close };
  if (range === 0) return [start, end];
  const direction = (bar.close - bar.open) / range;
  const lowFirst = draws.uniform() < 0.5 + DIRECTION_WEIGHT * direction;
  const moving = to - from;
  const first = from + 1 + floor(moving * (0.06 + 0.44 * draws.uniform()));
  const second = first + 1 + floor((to - first - 2) * (0.1 + 0.8 * draws.uniform()));
  const turns = [
    start,
    { second: first, ticks: lowFirst ? bar.low : bar.high },
    { second, ticks: lowFirst ? bar.high : bar.low },
    end,
  ];
  const between = turns.map((turn, index) => {
    const next = turns[index + 1];
    return next === undefined ? [] : retracements(turn, next, draws);
  });
  return turns.flatMap((turn, index) => [turn].concat(between[index] ?? []));
};

/** Goes some of the way, gives part of it back, goes on: never beyond the ends of the leg. */
const retracements = (start: Turn, end: Turn, draws: Draws): ReadonlyArray<Turn> => {
  const seconds = end.second - start.second;
  const wanted = floor(draws.uniform() * (RETRACEMENTS_MAX + 1));
  const count = min(wanted, floor(seconds / RETRACEMENT_SECONDS));
  const at = (timeShare: number, wayShare: number): Turn => ({
    second: start.second + floor(seconds * timeShare),
    ticks: round(start.ticks + (end.ticks - start.ticks) * wayShare),
  });
  const turns: Turn[] = [];
  let way = 0;
  for (let index = 0; index < count; index += 1) {
    const share = (index + 1) / (count + 1);
    const gone = way + (1 - way) * (0.2 + 0.5 * draws.uniform());
    way = gone * (0.45 + 0.45 * draws.uniform());
    turns.push(at(share - 0.5 / (count + 1), gone), at(share, way));
  }
  return turns;
};

type Leg = {
  readonly start: Turn;
  readonly end: Turn;
  readonly bar: Bar;
  /** Deviation of one second's noise, in ticks. */
  readonly noise: number;
};

/** A Brownian bridge from one turn to the next, kept inside the candle. */
const walk = (samples: Float64Array, { start, end, bar, noise }: Leg, draws: Draws): void => {
  let deviation = 0;
  for (let second = start.second + 1; second < end.second; second += 1) {
    const left = end.second - second;
    const gone = (second - start.second) / (end.second - start.second);
    deviation += noise * UNIFORM_DEVIATION * (draws.uniform() - 0.5) - deviation / (left + 1);
    const straight = start.ticks + (end.ticks - start.ticks) * gone;
    samples[second] = min(bar.high, max(bar.low, round(straight + deviation)));
  }
  samples[end.second] = end.ticks;
};
