/** Where a cycle's take-profit belongs: the strategy's price on the newest candle, on the tick. */

import { viewCycle } from "../cycle.ts";
import { takeProfitPrice } from "../market.ts";
import { withSymbol, type EngineState, type SymbolState } from "./state.ts";
import { stay, type EngineDeps, type Step } from "./step.ts";

export const retargetTakeProfit = (
  deps: EngineDeps,
  state: EngineState,
  symbol: SymbolState,
): Step => {
  const { cycle, bar, market } = symbol;
  if (cycle === undefined || bar === undefined || market === undefined) return stay(state);
  const strategy = deps.strategyOf(state.settings, symbol.settings);
  const wanted = strategy.takeProfit(bar.indicators, viewCycle(cycle));
  const takeProfit = wanted === undefined ? undefined : takeProfitPrice(market, cycle.side, wanted);
  const isSame =
    takeProfit === undefined || cycle.takeProfit === undefined
      ? takeProfit === cycle.takeProfit
      : takeProfit.eq(cycle.takeProfit);
  return isSame
    ? stay(state)
    : stay(withSymbol(state, { ...symbol, cycle: { ...cycle, takeProfit } }));
};
