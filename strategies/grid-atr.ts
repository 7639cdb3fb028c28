/**
 * Buys below a moving average at multiples of the ATR, or sells above it, and takes profit at it.
 *
 *     level i = SMA -/+ e (start + i step),   e = max(ATR, close minGridSpacing%)
 *
 * When flat, all sides that are allowed are offered; whichever fills first is the side of the cycle
 * until it closes (strategies 5.2; take-profit: docs/decisions/0002-take-profit-price.md).
 */

import type { Candle, Timeframe } from "#trading/candle.ts";
import type { PositionSide } from "#trading/market.ts";
import type { CycleView, GridStrategy, Indicators } from "#trading/strategy.ts";
import { directionOf, hasReached, isBeyondStop, isHeldTooLong } from "./cycle.ts";
import { atr } from "./indicators/atr.ts";
import { barsOf, last } from "./indicators/series.ts";
import { sma } from "./indicators/sma.ts";
import { wilderSettling } from "./indicators/wilder.ts";
import { atrGrid, openLevels } from "./levels.ts";
import type { gridAtrTable } from "./parameters.ts";
import type { ParameterReader } from "./parse.ts";
import { allFinite, decisionWindow } from "./window.ts";

export type GridAtrParameters = {
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
  readonly minProfitPct: number;
  readonly minAtrPct: number;
};

export const readGridAtr = ({
  number,
  sides,
}: ParameterReader<typeof gridAtrTable>): GridAtrParameters => ({
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
  minProfitPct: number("minProfitPct"),
  minAtrPct: number("minAtrPct"),
});

/** `indicators`: sma, atr, close. */
export const gridAtr = (timeframe: Timeframe, parameters: GridAtrParameters): GridStrategy => {
  const { maPeriod, atrPeriod, slPercent, maxHoldCandles } = parameters;
  const lookback = Math.max(maPeriod, wilderSettling(atrPeriod)) + 1;
  return {
    kind: "grid_atr",
    timeframe,
    maxLevels: parameters.numLevels,
    stopPercent: slPercent,
    lookback,
    cooldownCandles: parameters.cooldownCandles,
    indicators: (candles) => indicatorsOf(parameters, decisionWindow(candles, timeframe, lookback)),
    levels: (indicators, cycle) => levelsOf(parameters, indicators, cycle),
    takeProfit: ({ sma = Number.NaN }, cycle) => {
      const target = profitTarget(sma, cycle, parameters.minProfitPct);
      return target > 0 ? target : undefined;
    },
    exit: ({ sma = Number.NaN, close = Number.NaN }, cycle, closedAt) => {
      if (Number.isNaN(sma)) return undefined;
      const target = profitTarget(sma, cycle, parameters.minProfitPct);
      if (hasReached(cycle.side, close, target)) return "tp_global";
      if (isBeyondStop(cycle, close, slPercent)) return "sl_global";
      const limit = { timeframe, maxHoldCandles };
      return isHeldTooLong(cycle, close, closedAt, limit) ? "time_stop" : undefined;
    },
  };
};

/** The SMA, or the least profit when that is further away. */
const profitTarget = (sma: number, cycle: CycleView, minProfitPct: number): number => {
  if (minProfitPct <= 0) return sma;
  const least = cycle.averagePrice * (1 + (directionOf(cycle.side) * minProfitPct) / 100);
  return cycle.side === "long" ? Math.max(sma, least) : Math.min(sma, least);
};

const indicatorsOf = (
  { maPeriod, atrPeriod }: GridAtrParameters,
  window: ReadonlyArray<Candle> | undefined,
): Indicators | undefined => {
  if (window === undefined) return undefined;
  const bars = barsOf(window);
  return allFinite({
    sma: last(sma(bars.close, maPeriod)),
    atr: last(atr(bars, atrPeriod)),
    close: last(bars.close),
  });
};

const levelsOf = (
  parameters: GridAtrParameters,
  indicators: Indicators,
  cycle: CycleView | undefined,
) => {
  const { atr = Number.NaN, close = Number.NaN } = indicators;
  if (!(atr > 0)) return [];
  // A market too quiet to pay the fees opens no cycle. One that is open goes on.
  const isQuiet = close > 0 && (atr / close) * 100 < parameters.minAtrPct;
  if (cycle === undefined && isQuiet) return [];
  const sides = cycle === undefined ? parameters.sides : [cycle.side];
  return openLevels(atrGrid(parameters, sides, indicators), cycle);
};
