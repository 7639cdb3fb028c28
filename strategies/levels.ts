/** The rungs of a grid that are still to be filled, and what the ATR grids share about them. */

import type { PositionSide } from "#trading/market.ts";
import type { CycleView, GridLevel, Indicators } from "#trading/strategy.ts";
import { directionOf } from "./cycle.ts";

export type Grid = {
  readonly sides: ReadonlyArray<PositionSide>;
  readonly numLevels: number;
  /** Price that the distances are counted from: longs below it, shorts above it. */
  readonly center: number;
  /** How far level `index` is from the center; grows with the index. */
  readonly distance: (index: number) => number;
};

/**
 * Level by level, the long before the short, filled ones left out. A price that is not above zero,
 * because the market is that volatile or a number is missing, is no level.
 */
export const openLevels = (grid: Grid, cycle: CycleView | undefined): ReadonlyArray<GridLevel> =>
  Array.from({ length: grid.numLevels }, (_, index) => index)
    .filter((index) => cycle?.filledLevels.has(index) !== true)
    .flatMap((index) =>
      sidesInOrder
        .filter((side) => grid.sides.includes(side))
        .map((side) => ({
          index,
          side,
          price: grid.center - directionOf(side) * grid.distance(index),
          fraction: 1 / grid.numLevels,
        })),
    )
    .filter(({ price }) => price > 0);

/** Whenever both sides are possible, the long is looked at first. */
export const sidesInOrder: ReadonlyArray<PositionSide> = ["long", "short"];

export type AtrSpacing = {
  readonly atrMultiplierStart: number;
  readonly atrMultiplierStep: number;
  readonly numLevels: number;
  readonly minGridSpacingPct: number;
};

/**
 * Levels at SMA -/+ e (start + i step), e = max(ATR, close minGridSpacing%). The floor under the ATR
 * pushes the first level out too.
 */
export const atrGrid = (
  spacing: AtrSpacing,
  sides: ReadonlyArray<PositionSide>,
  { sma = Number.NaN, atr = Number.NaN, close = Number.NaN }: Indicators,
): Grid => {
  const { atrMultiplierStart, atrMultiplierStep, numLevels, minGridSpacingPct } = spacing;
  const floor = close > 0 ? (close * minGridSpacingPct) / 100 : 0;
  const reach = Math.max(atr, floor);
  const distance = (index: number): number =>
    reach * (atrMultiplierStart + index * atrMultiplierStep);
  return { sides, numLevels, center: sma, distance };
};
