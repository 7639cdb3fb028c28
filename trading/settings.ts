/**
 * What the engine is told to do: a LiveStrategy with everything resolved.
 *
 * Settings arrive as an event and are journaled like any other, so that a replay decides by the
 * settings that were in force at the time. Parameters of a symbol never change while it holds a
 * position or an order: the new ones wait until it is flat (incident 40).
 */

import type { Timeframe } from "./candle.ts";
import type { MarketSymbol } from "./market.ts";
import type { MarginMode } from "./reports.ts";
import type { StrategyKind } from "./strategy.ts";

export type Settings = {
  /** First part of every client order id: names the strategy, never another one. */
  readonly owner: string;
  readonly generation: number;
  readonly kind: StrategyKind;
  readonly timeframe: Timeframe;
  readonly marginMode: MarginMode;
  /** In the order of the manifest, which breaks ties. */
  readonly symbols: ReadonlyArray<SymbolSettings>;
  /** Most cycles in one direction, by correlation group. */
  readonly groupLimits: Readonly<Record<string, number>>;
  readonly risk: RiskSettings;
};

export type SymbolSettings = {
  readonly symbol: MarketSymbol;
  readonly group: string | undefined;
  readonly leverage: number;
  readonly parameters: Readonly<Record<string, unknown>>;
};

export type RiskSettings = {
  /** Margin of open cycles and resting entries together, as a share of equity. */
  readonly maxMarginRatio: number;
  readonly maxConcurrentPositions: number;
  /** Symbols that may hold a cycle or rest an entry at the same time. */
  readonly maxLiveGrids: number;
  /** Share of equity, in percent, that must stay free when a cycle opens. */
  readonly minFreeMarginPercent: number;
  /** Realised loss of a UTC day in percent of the day's base capital. */
  readonly sessionLossPercent: number;
  readonly killSwitchAction: "BlockEntries" | "Flatten";
};

export type DesiredState = "Trading" | "Reducing" | "Flat";

/** Deep equality of plain settings: they are small, and hold neither functions nor decimals. */
export const isSameSettings = (a: unknown, b: unknown): boolean =>
  JSON.stringify(a) === JSON.stringify(b);
