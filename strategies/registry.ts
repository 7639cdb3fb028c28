/**
 * From a kind and its parameters to a strategy that is bound to them.
 *
 * The parameters are those of one symbol after defaults, the strategy's values and the symbol's
 * overrides; what is bound here never changes again. Expected failures are sentences for the person
 * who wrote the manifest.
 */

import { err, ok, type Result } from "#base/result.ts";
import type { Timeframe } from "#trading/candle.ts";
import type { GridStrategy, StrategyKind } from "#trading/strategy.ts";
import { gridAtr, readGridAtr } from "./grid-atr.ts";
import { gridBoltrend, readGridBoltrend } from "./grid-boltrend.ts";
import { gridMultiTf, multiTfTimeframe, readGridMultiTf } from "./grid-multi-tf.ts";
import { gridAtrTable, gridBoltrendTable, gridMultiTfTable } from "./parameters.ts";
import { parseParameters } from "./parse.ts";

export const bindStrategy = (
  kind: StrategyKind,
  timeframe: Timeframe,
  parameters: Readonly<Record<string, unknown>>,
): Result<GridStrategy, string> => {
  switch (kind) {
    case "grid_atr": {
      const read = parseParameters(gridAtrTable, parameters);
      return read.ok ? ok(gridAtr(timeframe, readGridAtr(read.value))) : read;
    }
    case "grid_multi_tf": {
      const read = parseParameters(gridMultiTfTable, parameters);
      if (!read.ok) return read;
      return timeframe === multiTfTimeframe
        ? ok(gridMultiTf(readGridMultiTf(read.value)))
        : err(`timeframe is ${timeframe}; grid_multi_tf is made of ${multiTfTimeframe} candles`);
    }
    case "grid_boltrend": {
      const read = parseParameters(gridBoltrendTable, parameters);
      return read.ok ? ok(gridBoltrend(timeframe, readGridBoltrend(read.value))) : read;
    }
  }
};
