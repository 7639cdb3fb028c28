/** From the specification that the operator hands over to the settings that the engine decides by. */

import { createHash } from "node:crypto";
import { assert } from "#base/result.ts";
import type { ExecutorSpec } from "#crds/executor-spec.ts";
import { bindStrategy } from "#strategies/registry.ts";
import type { EngineDeps } from "#trading/engine/step.ts";
import { marketSymbol } from "#trading/market.ts";
import type { Settings, SymbolSettings } from "#trading/settings.ts";
import type { GridStrategy } from "#trading/strategy.ts";

const OWNER_LENGTH = 10;

/** First part of every client order id: short, and different for every strategy ever made. */
export const ownerOf = (strategyUid: string): string =>
  createHash("sha256").update(strategyUid).digest("hex").slice(0, OWNER_LENGTH);

export const toSettings = (spec: ExecutorSpec): Settings => ({
  owner: ownerOf(spec.uid),
  generation: spec.generation,
  kind: spec.kind,
  timeframe: spec.timeframe,
  marginMode: spec.exchange.marginMode,
  symbols: spec.assets.map(({ symbol, group, parameters }) => ({
    symbol: marketSymbol(symbol),
    group: group ?? undefined,
    leverage: spec.leverage,
    parameters,
  })),
  groupLimits: spec.groupLimits,
  risk: {
    maxMarginRatio: spec.risk.maxMarginRatio,
    maxConcurrentPositions: spec.risk.maxConcurrentPositions,
    maxLiveGrids: spec.risk.maxLiveGrids,
    minFreeMarginPercent: spec.risk.minFreeMarginPercent,
    sessionLossPercent: spec.risk.killSwitch.sessionLossPercent,
    killSwitchAction: spec.risk.killSwitch.action,
  },
});

/** Every problem of the parameters, a line each; empty when the strategies can be bound. */
export const settingsProblems = (settings: Settings): ReadonlyArray<string> =>
  settings.symbols.flatMap(({ symbol, parameters }) => {
    const bound = bindStrategy(settings.kind, settings.timeframe, parameters);
    return bound.ok ? [] : [`${symbol}: ${bound.error}`];
  });

/** Binds strategies once per parameter object: the engine asks for them on every event. */
export const createStrategies = (): EngineDeps["strategyOf"] => {
  const bound = new WeakMap<SymbolSettings, GridStrategy>();
  return (settings, symbol) => {
    const known = bound.get(symbol);
    if (known !== undefined) return known;
    const made = bindStrategy(settings.kind, settings.timeframe, symbol.parameters);
    assert(made.ok, `parameters of ${symbol.symbol} were checked before they got here`);
    bound.set(symbol, made.value);
    return made.value;
  };
};
