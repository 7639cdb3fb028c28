/** How steps are put together: each part takes the state on and adds what it asks for. */

import type { GridStrategy } from "../strategy.ts";
import type { MarketSymbol } from "../market.ts";
import { clientOrderId, type ClientOrderId } from "../order.ts";
import type { Settings, SymbolSettings } from "../settings.ts";
import type { AlertReason, EngineCommand } from "./events.ts";
import type { EngineState, SymbolState } from "./state.ts";

export type Step = readonly [EngineState, ReadonlyArray<EngineCommand>];
export type Part = (state: EngineState) => Step;

export type EngineDeps = {
  /** The strategy of one symbol, bound to its parameters. They were checked before they got here. */
  readonly strategyOf: (settings: Settings, symbol: SymbolSettings) => GridStrategy;
};

export const stay = (state: EngineState): Step => [state, []];

/** Runs the parts one after the other on the growing state. */
export const chain = (state: EngineState, ...parts: ReadonlyArray<Part>): Step => {
  const commands: EngineCommand[] = [];
  let current = state;
  for (const part of parts) {
    const [next, asked] = part(current);
    current = next;
    commands.push(...asked);
  }
  return [current, commands];
};

/** Runs a part for every symbol, in the manifest's order, each on the state that the last one left. */
export const forEachSymbol = (
  state: EngineState,
  part: (state: EngineState, symbol: SymbolState) => Step,
): Step =>
  chain(
    state,
    ...[...state.symbols.keys()].map((key): Part => (current) => {
      const symbol = current.symbols.get(key);
      return symbol === undefined ? stay(current) : part(current, symbol);
    }),
  );

/** Runs a part for one symbol, if it is still there. */
export const forSymbol =
  (key: MarketSymbol, part: (state: EngineState, symbol: SymbolState) => Step): Part =>
  (state) => {
    const symbol = state.symbols.get(key);
    return symbol === undefined ? stay(state) : part(state, symbol);
  };

export const nextOrderId = (state: EngineState): readonly [EngineState, ClientOrderId] => {
  const sequence = state.sequence + 1;
  return [{ ...state, sequence }, clientOrderId(state.settings.owner, state.epoch, sequence)];
};

export const alert = (
  severity: "info" | "warning" | "critical",
  reason: AlertReason,
  symbol: MarketSymbol | undefined,
  detail: string,
): EngineCommand => ({ kind: "Alert", severity, reason, symbol, detail });
