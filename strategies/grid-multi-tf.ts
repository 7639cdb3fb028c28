/**
 * The ATR grid on one side only: the side that the 4-hour Supertrend points to.
 *
 *     up: level i = SMA - e (start + i step)      down: level i = SMA + e (start + i step)
 *
 * A cycle on the other side gets no further level and is closed when its candle closes
 * (strategies 5.3). The decision candles are hourly; the direction is made of them.
 */

import { timeframeMs, type Candle, type Timeframe } from "#trading/candle.ts";
import type { PositionSide } from "#trading/market.ts";
import type { CycleView, GridStrategy, Indicators } from "#trading/strategy.ts";
import { directionOf, hasReached, isBeyondStop, isHeldTooLong } from "./cycle.ts";
import { atr } from "./indicators/atr.ts";
import { barsOf, last } from "./indicators/series.ts";
import { sma } from "./indicators/sma.ts";
import { fourHourDirection } from "./indicators/supertrend-4h.ts";
import { wilderSettling } from "./indicators/wilder.ts";
import { atrGrid, openLevels } from "./levels.ts";
import type { gridMultiTfTable } from "./parameters.ts";
import type { ParameterReader } from "./parse.ts";
import { allFinite, decisionWindow } from "./window.ts";

export type GridMultiTfParameters = {
  readonly maPeriod: number;
  readonly atrPeriod: number;
  readonly atrMultiplierStart: number;
  readonly atrMultiplierStep: number;
  readonly numLevels: number;
  readonly slPercent: number;
  readonly sides: ReadonlyArray<PositionSide>;
  readonly cooldownCandles: number;
  readonly maxHoldCandles: number;
  readonly minGridSpacingPct: number;
  readonly stAtrPeriod: number;
  readonly stAtrMultiplier: number;
};

export const readGridMultiTf = ({
  number,
  sides,
}: ParameterReader<typeof gridMultiTfTable>): GridMultiTfParameters => ({
  maPeriod: number("maPeriod"),
  atrPeriod: number("atrPeriod"),
  atrMultiplierStart: number("atrMultiplierStart"),
  atrMultiplierStep: number("atrMultiplierStep"),
  numLevels: number("numLevels"),
  slPercent: number("slPercent"),
  sides,
  cooldownCandles: number("cooldownCandles"),
  maxHoldCandles: number("maxHoldCandles"),
  minGridSpacingPct: number("minGridSpacingPct"),
  stAtrPeriod: number("stAtrPeriod"),
  stAtrMultiplier: number("stAtrMultiplier"),
});

/** The candles of a decision, and how many of them make a bucket of the direction. */
export const multiTfTimeframe: Timeframe = "1h";
const CANDLES_PER_BUCKET = timeframeMs["4h"] / timeframeMs[multiTfTimeframe];

/** `indicators`: sma, atr, close, and direction: 1 up, -1 down, 0 none yet. */
export const gridMultiTf = (parameters: GridMultiTfParameters): GridStrategy => {
  const { slPercent, maxHoldCandles } = parameters;
  const timeframe = multiTfTimeframe;
  const lookback = lookbackOf(parameters);
  return {
    kind: "grid_multi_tf",
    timeframe,
    maxLevels: parameters.numLevels,
    stopPercent: slPercent,
    lookback,
    cooldownCandles: parameters.cooldownCandles,
    indicators: (candles) => indicatorsOf(parameters, decisionWindow(candles, timeframe, lookback)),
    levels: (indicators, cycle) => levelsOf(parameters, indicators, cycle),
    takeProfit: ({ sma = Number.NaN }) => (sma > 0 ? sma : undefined),
    exit: (indicators, cycle, closedAt) => {
      const { sma = Number.NaN, close = Number.NaN, direction = 0 } = indicators;
      if (Number.isNaN(sma)) return undefined;
      if (hasReached(cycle.side, close, sma)) return "tp_global";
      if (isBeyondStop(cycle, close, slPercent)) return "sl_global";
      if (direction * directionOf(cycle.side) < 0) return "direction_flip";
      const limit = { timeframe, maxHoldCandles };
      return isHeldTooLong(cycle, close, closedAt, limit) ? "time_stop" : undefined;
    },
  };
};

/** The direction only compares a close with a band: this much of an ATR is less than a tick. */
const DIRECTION_RESIDUAL = 1e-5;

/**
 * A direction is a convention until a close has crossed a band, m ATR away: a walk of the order of
 * m^2 buckets. In 26 000 windows of recorded candles 125 buckets gave the direction of the whole
 * history each time (m up to 3, ATR of up to 14), and 300 with m = 6. No number makes it certain.
 */
const BUCKETS_TO_CROSS = 14;
const MOST_BUCKETS_TO_CROSS = 500;

/** Buckets for the direction: its own to settle, one for the line, the candle's own. */
const lookbackOf = (parameters: GridMultiTfParameters): number => {
  const { maPeriod, atrPeriod, stAtrPeriod, stAtrMultiplier } = parameters;
  const toCross = Math.min(
    Math.ceil(BUCKETS_TO_CROSS * stAtrMultiplier ** 2),
    MOST_BUCKETS_TO_CROSS,
  );
  const buckets = Math.max(wilderSettling(stAtrPeriod, DIRECTION_RESIDUAL), toCross) + 2;
  // One bucket more, because the window rarely begins at the start of one.
  const forDirection = (buckets + 1) * CANDLES_PER_BUCKET;
  return Math.max(maPeriod, wilderSettling(atrPeriod), forDirection) + 1;
};

const indicatorsOf = (
  { maPeriod, atrPeriod, stAtrPeriod, stAtrMultiplier }: GridMultiTfParameters,
  window: ReadonlyArray<Candle> | undefined,
): Indicators | undefined => {
  if (window === undefined) return undefined;
  const bars = barsOf(window);
  const whole = barsOf(window.slice(firstOfBucket(window)));
  const direction = last(fourHourDirection(whole, stAtrPeriod, stAtrMultiplier));
  return allFinite({
    sma: last(sma(bars.close, maPeriod)),
    atr: last(atr(bars, atrPeriod)),
    close: last(bars.close),
    direction: Number.isNaN(direction) ? 0 : direction,
  });
};

/** Index of the first candle that begins a bucket. Half a bucket would be a bar of its own kind. */
const firstOfBucket = (window: ReadonlyArray<Candle>): number =>
  Math.max(
    0,
    window.findIndex(({ openTime }) => openTime % timeframeMs["4h"] === 0),
  );

const levelsOf = (
  parameters: GridMultiTfParameters,
  indicators: Indicators,
  cycle: CycleView | undefined,
) => {
  const { atr = Number.NaN, direction = 0 } = indicators;
  const side = parameters.sides.find((allowed) => directionOf(allowed) === direction);
  if (side === undefined || !(atr > 0)) return [];
  if (cycle !== undefined && cycle.side !== side) return [];
  return openLevels(atrGrid(parameters, [side], indicators), cycle);
};
