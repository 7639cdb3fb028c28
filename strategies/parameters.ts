/**
 * What each kind of strategy can be told: names, defaults and bounds, as data.
 *
 * This is where a parameter is decided to exist. Each of these is applied to the symbol that it is
 * given for; there is none that only looks as if (formulas: strategies 2, 5.2-5.4). The bounds keep
 * every price positive, every window within reach of an exchange's history and every loop short.
 */

import type { PositionSide } from "#trading/market.ts";
import type { StrategyKind } from "#trading/strategy.ts";

export type NumberRule = {
  readonly default: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly exclusiveMaximum?: number;
  readonly integer?: true;
};

/** Which sides may be opened: at least one, each at most once. */
export type SidesRule = { readonly default: ReadonlyArray<PositionSide> };

export type ParameterTable = Readonly<Record<string, NumberRule | SidesRule>>;

const count = (standard: number, minimum: number, maximum: number) =>
  ({ default: standard, minimum, maximum, integer: true }) as const;
const multiple = (standard: number, maximum = 100) =>
  ({ default: standard, exclusiveMinimum: 0, maximum }) as const;
const percent = { default: 0, minimum: 0, maximum: 10 } as const;
/** At 100 % a long's stop would lie at zero. */
const stop = (standard: number) =>
  ({ default: standard, exclusiveMinimum: 0, exclusiveMaximum: 100 }) as const;

/** Levels at multiples of the ATR from a moving average. */
const atrGrid = {
  maPeriod: count(14, 2, 50),
  atrPeriod: count(14, 2, 50),
  atrMultiplierStart: multiple(2),
  atrMultiplierStep: multiple(1),
  numLevels: count(3, 1, 6),
  slPercent: stop(20),
  cooldownCandles: count(3, 0, 1_000),
  /** 0 is off. */
  maxHoldCandles: count(0, 0, 100_000),
  /** Least ATR that the levels are spaced by, in percent of the close; 0 is off. */
  minGridSpacingPct: percent,
} as const;

export const gridAtrTable = {
  ...atrGrid,
  sides: { default: ["long"] },
  /** Least profit of the take-profit, in percent of the average entry; 0 is off. */
  minProfitPct: percent,
  /** No cycle opens while the ATR is a smaller share of the close, in percent; 0 is off. */
  minAtrPct: percent,
} as const satisfies ParameterTable;

export const gridMultiTfTable = {
  ...atrGrid,
  sides: { default: ["long", "short"] },
  stAtrPeriod: count(10, 2, 50),
  stAtrMultiplier: multiple(3),
} as const satisfies ParameterTable;

export const gridBoltrendTable = {
  bolWindow: count(100, 2, 1_000),
  bolStd: multiple(2, 10),
  longMaWindow: count(200, 2, 1_000),
  /** The bands must be wider than this share of the lower one before a breakout counts. */
  minBolSpread: { default: 0, minimum: 0, maximum: 1 },
  atrPeriod: count(14, 2, 50),
  atrSpacingMult: multiple(1),
  numLevels: count(3, 1, 6),
  slPercent: stop(15),
  sides: { default: ["long", "short"] },
  maxHoldCandles: count(0, 0, 100_000),
  cooldownCandles: count(3, 0, 1_000),
} as const satisfies ParameterTable;

export const parameterTables: Readonly<Record<StrategyKind, ParameterTable>> = {
  grid_atr: gridAtrTable,
  grid_multi_tf: gridMultiTfTable,
  grid_boltrend: gridBoltrendTable,
};
