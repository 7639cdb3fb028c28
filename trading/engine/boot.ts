/** A new life of the process, new settings, and setting the symbols up on the exchange. */

import { millis, type Millis } from "#base/clock.ts";
import { isLive } from "../order.ts";
import type { Market } from "../market.ts";
import { isSameSettings, type Settings, type SymbolSettings } from "../settings.ts";
import { applyPending } from "./cycle-end.ts";
import { syncEntries } from "./entries.ts";
import type { EngineCommand, EngineEvent } from "./events.ts";
import { doubtOrder } from "./orders.ts";
import {
  newSymbolState,
  touch,
  withSymbol,
  type EngineState,
  type PendingSettings,
  type SymbolState,
} from "./state.ts";
import { alert, chain, forEachSymbol, stay, type Step } from "./step.ts";

/** A symbol that could not be set up is tried again after this long. */
const SETUP_RETRY_MS = 60_000;
const NOT_LISTED = "the exchange does not list it";

/** Whatever was in flight when the last life ended is in doubt; everything is asked anew. */
export const boot = (
  state: EngineState,
  { at, epoch, requestExpiryMs }: Extract<EngineEvent, { kind: "Booted" }>,
): Step => {
  const symbols = new Map(
    [...state.symbols].map(([key, symbol]) => [key, rebootSymbol(symbol, at)] as const),
  );
  const inFlight = [...state.orders.values()].filter(
    (order) => isLive(order) && order.state.kind !== "Open",
  );
  return chain(
    {
      ...state,
      symbols,
      epoch,
      sequence: 0,
      requestExpiryMs,
      recovering: { since: state.version + 1 },
      stopping: false,
    },
    ...inFlight.map((order) => doubtOrder(order, at)),
  );
};

const rebootSymbol = (symbol: SymbolState, at: Millis): SymbolState => ({
  ...symbol,
  setup: { kind: "Pending" },
  retryAt: undefined,
  mismatch: undefined,
  protection: {
    ...symbol.protection,
    pending: new Map(),
    strays: new Map(),
    askedAt: undefined,
    cover: symbol.cycle === undefined ? { kind: "Covered" } : { kind: "Unseen", since: at },
  },
});

/** Takes each symbol's market over, and prepares those that are not prepared. */
export const observeMarkets = (
  state: EngineState,
  { markets, at }: Extract<EngineEvent, { kind: "MarketsObserved" }>,
): Step =>
  forEachSymbol(state, (current, symbol) => {
    const market = markets.find((one) => one.symbol === symbol.symbol);
    if (market === undefined) return failSetup(current, symbol, NOT_LISTED, at);
    const next = isSameMarket(symbol.market, market) ? symbol : { ...symbol, market };
    return [
      withSymbol(current, next),
      symbol.setup.kind === "Ready" ? [] : [prepare(current.settings, next)],
    ];
  });

const isSameMarket = (a: Market | undefined, b: Market): boolean => isSameSettings(a, b);

const prepare = (settings: Settings, symbol: SymbolState): EngineCommand => ({
  kind: "PrepareSymbol",
  symbol: symbol.symbol,
  leverage: symbol.settings.leverage,
  marginMode: settings.marginMode,
  // Leverage moves the liquidation price: never under an open position (incident 29).
  readOnly: symbol.cycle !== undefined,
});

export const prepareSymbol = (
  state: EngineState,
  { symbol: key, outcome, at }: Extract<EngineEvent, { kind: "SymbolPrepared" }>,
): Step => {
  const symbol = state.symbols.get(key);
  if (symbol === undefined) return stay(state);
  if (outcome.kind === "Failed") return failSetup(state, symbol, outcome.reason, at);
  const { leverage } = outcome;
  const ready = withSymbol(state, { ...symbol, setup: { kind: "Ready", leverage } });
  const wanted = symbol.settings.leverage;
  const detail = `the exchange has ${leverage}x, wanted is ${wanted}x: no new entries until flat`;
  return chain(
    ready,
    (current) => [
      current,
      leverage === wanted ? [] : [alert("warning", "LeverageDivergent", key, detail)],
    ],
    (current) => syncIfThere(current, key, at),
  );
};

const syncIfThere = (state: EngineState, key: SymbolState["symbol"], at: Millis): Step => {
  const symbol = state.symbols.get(key);
  return symbol === undefined ? stay(state) : syncEntries(state, symbol, at);
};

const failSetup = (state: EngineState, symbol: SymbolState, reason: string, at: Millis): Step => {
  const { setup } = symbol;
  const isNews = setup.kind !== "Failed" || setup.reason !== reason;
  return [
    withSymbol(state, { ...symbol, setup: { kind: "Failed", reason, at } }),
    isNews ? [alert("warning", "SetupFailed", symbol.symbol, reason)] : [],
  ];
};

/** Prepares again what failed a while ago, and what became flat with another leverage. */
export const retrySetup = (state: EngineState, symbol: SymbolState, at: Millis): Step => {
  const { setup, market, cycle, settings } = symbol;
  if (market === undefined) return stay(state);
  const hasFailed = setup.kind === "Failed" && at >= millis(setup.at + SETUP_RETRY_MS);
  const diverges =
    setup.kind === "Ready" && setup.leverage !== settings.leverage && cycle === undefined;
  return hasFailed || diverges
    ? [
        withSymbol(state, { ...symbol, setup: { kind: "Pending" } }),
        [prepare(state.settings, symbol)],
      ]
    : stay(state);
};

/** New settings: at once where nothing is open, when flat everywhere else. */
export const configure = (
  state: EngineState,
  { settings, at }: Extract<EngineEvent, { kind: "Configured" }>,
): Step => {
  if (isSameSettings(settings, state.settings)) return stay(state);
  const known = [...state.symbols.values()].map((symbol) => withPending(symbol, settings));
  const added = settings.symbols
    .filter(({ symbol }) => !state.symbols.has(symbol))
    .map((symbol) => touch(state, newSymbolState(symbol, at)));
  const symbols = new Map([...known, ...added].map((symbol) => [symbol.symbol, symbol] as const));
  return chain(
    { ...state, settings, symbols },
    (current) => forEachSymbol(current, (inner, symbol) => syncEntries(inner, symbol, at)),
    (current) => forEachSymbol(current, (inner, symbol) => applyPending(inner, symbol, at)),
  );
};

const withPending = (symbol: SymbolState, settings: Settings): SymbolState => {
  const wanted = settings.symbols.find((one) => one.symbol === symbol.symbol);
  return { ...symbol, pending: pendingOf(symbol, wanted) };
};

const pendingOf = (
  symbol: SymbolState,
  wanted: SymbolSettings | undefined,
): PendingSettings | undefined => {
  if (wanted === undefined) return { kind: "Drop" };
  return isSameSettings(wanted, symbol.settings)
    ? undefined
    : { kind: "Replace", settings: wanted };
};
