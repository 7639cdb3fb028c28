/**
 * Follows a breakout from the Bollinger bands and adds to it on the way back.
 *
 *     flat: a close that leaves the bands, in the direction of the long average, opens at the close
 *     open: level k = price of the first fill -/+ k ATR mult, with the ATR of now
 *
 * It leaves when a close comes back to the middle band; it takes no profit at a price
 * (strategies 5.4). Level 0 is at the breakout's own close. As a resting order it fills at once or on
 * the way back; when it has not by the next candle, that candle no longer asks for it.
 */

import type { Candle, Timeframe } from "#trading/candle.ts";
import type { PositionSide } from "#trading/market.ts";
import type { CycleView, GridStrategy, Indicators } from "#trading/strategy.ts";
import { directionOf, isBeyondStop, isHeldTooLong } from "./cycle.ts";
import { atr } from "./indicators/atr.ts";
import { bandSpread, bollinger } from "./indicators/bollinger.ts";
import { at, barsOf, last } from "./indicators/series.ts";
import { sma } from "./indicators/sma.ts";
import { wilderSettling } from "./indicators/wilder.ts";
import { openLevels, sidesInOrder } from "./levels.ts";
import type { gridBoltrendTable } from "./parameters.ts";
import type { ParameterReader } from "./parse.ts";
import { allFinite, decisionWindow } from "./window.ts";

export type GridBoltrendParameters = {
  readonly bolWindow: number;
  readonly bolStd: number;
  readonly longMaWindow: number;
  readonly minBolSpread: number;
  readonly atrPeriod: number;
  readonly atrSpacingMult: number;
  readonly numLevels: number;
  readonly slPercent: number;
  readonly sides: ReadonlyArray<PositionSide>;
  readonly maxHoldCandles: number;
  readonly cooldownCandles: number;
};

export const readGridBoltrend = ({
  number,
  sides,
}: ParameterReader<typeof gridBoltrendTable>): GridBoltrendParameters => ({
  bolWindow: number("bolWindow"),
  bolStd: number("bolStd"),
  longMaWindow: number("longMaWindow"),
  minBolSpread: number("minBolSpread"),
  atrPeriod: number("atrPeriod"),
  atrSpacingMult: number("atrSpacingMult"),
  numLevels: number("numLevels"),
  slPercent: number("slPercent"),
  sides,
  maxHoldCandles: number("maxHoldCandles"),
  cooldownCandles: number("cooldownCandles"),
});

/**
 * `indicators`: close, middle, upper, lower, longSma, atr of the candle, and previousClose,
 * previousUpper, previousLower, previousSpread of the one before. The spread alone may be absent,
 * when the lower band was not above zero: then nothing opens.
 */
export const gridBoltrend = (
  timeframe: Timeframe,
  parameters: GridBoltrendParameters,
): GridStrategy => {
  const { bolWindow, longMaWindow, atrPeriod, slPercent, maxHoldCandles } = parameters;
  const lookback = Math.max(bolWindow + 1, longMaWindow, wilderSettling(atrPeriod)) + 1;
  return {
    kind: "grid_boltrend",
    timeframe,
    maxLevels: parameters.numLevels,
    stopPercent: slPercent,
    lookback,
    cooldownCandles: parameters.cooldownCandles,
    indicators: (candles) => indicatorsOf(parameters, decisionWindow(candles, timeframe, lookback)),
    levels: (indicators, cycle) => levelsOf(parameters, indicators, cycle),
    takeProfit: () => undefined,
    exit: ({ close = Number.NaN, middle = Number.NaN }, cycle, closedAt) => {
      if (Number.isNaN(middle)) return undefined;
      if (isBeyondStop(cycle, close, slPercent)) return "sl_global";
      const limit = { timeframe, maxHoldCandles };
      if (isHeldTooLong(cycle, close, closedAt, limit)) return "time_stop";
      return isPast(cycle.side, middle, close) ? "signal_exit" : undefined;
    },
  };
};

const indicatorsOf = (
  { bolWindow, bolStd, longMaWindow, atrPeriod }: GridBoltrendParameters,
  window: ReadonlyArray<Candle> | undefined,
): Indicators | undefined => {
  if (window === undefined) return undefined;
  const bars = barsOf(window);
  const bands = bollinger(bars.close, bolWindow, bolStd);
  const before = window.length - 2;
  const previousUpper = at(bands.upper, before);
  const previousLower = at(bands.lower, before);
  const previousSpread = bandSpread(previousUpper, previousLower);
  return allFinite({
    close: last(bars.close),
    middle: last(bands.middle),
    upper: last(bands.upper),
    lower: last(bands.lower),
    longSma: last(sma(bars.close, longMaWindow)),
    atr: last(atr(bars, atrPeriod)),
    previousClose: at(bars.close, before),
    previousUpper,
    previousLower,
    ...(Number.isNaN(previousSpread) ? {} : { previousSpread }),
  });
};

const levelsOf = (
  parameters: GridBoltrendParameters,
  indicators: Indicators,
  cycle: CycleView | undefined,
) => {
  const { close = Number.NaN, atr = Number.NaN } = indicators;
  const side = cycle?.side ?? breakoutSide(parameters, indicators);
  if (side === undefined || !(atr > 0)) return [];
  const grid = {
    sides: [side],
    numLevels: parameters.numLevels,
    center: cycle?.firstPrice ?? close,
    distance: (index: number) => index * atr * parameters.atrSpacingMult,
  };
  return openLevels(grid, cycle);
};

/** The side that this candle broke out to, if it did: from inside the bands to outside them. */
const breakoutSide = (
  { sides, minBolSpread }: GridBoltrendParameters,
  indicators: Indicators,
): PositionSide | undefined => {
  const { previousSpread = Number.NaN, close = Number.NaN, longSma = Number.NaN } = indicators;
  const { previousClose = Number.NaN } = indicators;
  if (!(previousSpread > minBolSpread)) return undefined;
  return sidesInOrder.find((side) => {
    const { band, previousBand } = bandOf(side, indicators);
    return (
      sides.includes(side) &&
      isPast(side, previousBand, previousClose) &&
      isPast(side, close, band) &&
      isPast(side, close, longSma)
    );
  });
};

const bandOf = (side: PositionSide, indicators: Indicators) => {
  const { upper, lower, previousUpper, previousLower } = indicators;
  return side === "long"
    ? { band: upper ?? Number.NaN, previousBand: previousUpper ?? Number.NaN }
    : { band: lower ?? Number.NaN, previousBand: previousLower ?? Number.NaN };
};

/** Strictly further in the side's direction: touching a band is no breakout. */
const isPast = (side: PositionSide, price: number, mark: number): boolean =>
  (price - mark) * directionOf(side) > 0;
