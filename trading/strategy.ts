/**
 * What every grid strategy is: pure functions of closed candles and of the cycle it holds.
 *
 * The shell computes `indicators` when a candle closes and journals them with the event; the engine
 * asks for levels, take-profit and exits from those numbers alone, so that a replay needs no candles.
 * Prices are `number` here, since they are statistics; the engine rounds them onto the market.
 */

import type { Millis } from "#base/clock.ts";
import type { Candle, Timeframe } from "./candle.ts";
import type { PositionSide } from "./market.ts";

export type StrategyKind = "grid_atr" | "grid_multi_tf" | "grid_boltrend";

/** What a strategy computes from its candles, by name. Every value is finite. */
export type Indicators = Readonly<Record<string, number>>;

/** One price at which the strategy wants to add to its position. */
export type GridLevel = {
  /** 0 is the nearest level. Identifies the level within its cycle. */
  readonly index: number;
  readonly side: PositionSide;
  readonly price: number;
  /** Share of the symbol's allocation; the levels of one side sum to 1. */
  readonly fraction: number;
};

/** The open cycle, as much of it as a strategy may look at. */
export type CycleView = {
  readonly side: PositionSide;
  readonly averagePrice: number;
  readonly size: number;
  /** Price of the first fill of the cycle: some strategies hang their levels on it. */
  readonly firstPrice: number;
  readonly openedAt: Millis;
  readonly filledLevels: ReadonlySet<number>;
};

export type ExitReason =
  | "tp_global"
  | "sl_global"
  | "signal_exit"
  | "time_stop"
  | "direction_flip"
  /** Ours: the operator or a person asked for it. */
  | "flatten"
  | "kill_switch"
  /** Ours: no stop could be confirmed on the exchange in time. */
  | "unprotected"
  /** Somebody else's order closed it: by hand, by liquidation, by auto-deleveraging. */
  | "external";

/** A strategy bound to one symbol's parameters. Built by `strategies/registry.ts`. */
export type GridStrategy = {
  readonly kind: StrategyKind;
  readonly timeframe: Timeframe;
  /** Most levels that one cycle can hold. */
  readonly maxLevels: number;
  /** Distance of the cycle's stop from its average entry, in percent. */
  readonly stopPercent: number;
  /** Closed candles without which the strategy does not decide. */
  readonly lookback: number;
  /** Candles to wait after a cycle has closed before the next one may open. */
  readonly cooldownCandles: number;
  /** `undefined` while the candles, oldest first, do not suffice for every indicator. */
  readonly indicators: (candles: ReadonlyArray<Candle>) => Indicators | undefined;
  /** The levels that are still to be filled, nearest first. Empty when nothing may be opened. */
  readonly levels: (
    indicators: Indicators,
    cycle: CycleView | undefined,
  ) => ReadonlyArray<GridLevel>;
  /** `undefined` when this strategy takes no profit at a price. */
  readonly takeProfit: (indicators: Indicators, cycle: CycleView) => number | undefined;
  /** Judged on a closed candle, at that candle's close. `closedAt` is when it closed. */
  readonly exit: (
    indicators: Indicators,
    cycle: CycleView,
    closedAt: Millis,
  ) => ExitReason | undefined;
};
