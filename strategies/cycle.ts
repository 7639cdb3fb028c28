/**
 * What all grids ask of an open cycle: where its stop is, whether it loses, how long it has lasted.
 *
 * A comparison with a `NaN` is false, so a number that is missing decides nothing.
 */

import type { Millis } from "#base/clock.ts";
import { timeframeMs, type Timeframe } from "#trading/candle.ts";
import type { PositionSide } from "#trading/market.ts";
import type { CycleView } from "#trading/strategy.ts";

/** 1 when a rising price is profit, -1 when a falling one is. */
export const directionOf = (side: PositionSide): 1 | -1 => (side === "long" ? 1 : -1);

/** True when the price is at the target or beyond it, to the side's profit. */
export const hasReached = (side: PositionSide, price: number, target: number): boolean =>
  side === "long" ? price >= target : price <= target;

/** average (1 -/+ sl%/100): one stop for the whole cycle, wherever its levels filled. */
export const stopOf = ({ side, averagePrice }: CycleView, stopPercent: number): number =>
  averagePrice * (1 - (directionOf(side) * stopPercent) / 100);

export const isBeyondStop = (cycle: CycleView, close: number, stopPercent: number): boolean => {
  const stop = stopOf(cycle, stopPercent);
  return cycle.side === "long" ? close <= stop : close >= stop;
};

export type HoldLimit = {
  readonly timeframe: Timeframe;
  /** 0 is no limit. */
  readonly maxHoldCandles: number;
};

/** A cycle that has lasted its time is given up while it loses; one that wins may go on. */
export const isHeldTooLong = (
  cycle: CycleView,
  close: number,
  closedAt: Millis,
  { timeframe, maxHoldCandles }: HoldLimit,
): boolean => {
  const held = Math.floor((closedAt - cycle.openedAt) / timeframeMs[timeframe]);
  const gain = (close - cycle.averagePrice) * directionOf(cycle.side);
  return maxHoldCandles > 0 && held >= maxHoldCandles && gain < 0;
};
