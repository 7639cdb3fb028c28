/**
 * Everything that the engine knows, and everything that a decision may depend on.
 *
 * The state changes only by events, and every event that changes it is journaled, so the journal
 * rebuilds it exactly. What changes all the time (prices, equity, when something was last seen) is
 * not in here: a decision that needs such a fact gets it on the event that asks for the decision.
 */

import type { Millis } from "#base/clock.ts";
import { brandAs } from "#base/brand.ts";
import { assert } from "#base/result.ts";
import type { Cycle } from "../cycle.ts";
import { restingKillSwitch, type KillSwitch } from "../kill-switch.ts";
import type { Market, MarketSymbol, PositionSide } from "../market.ts";
import { ZERO_AMOUNT, type Amount, type Price, type Quantity } from "../money.ts";
import { isLive, isSettled, type ClientOrderId, type Order } from "../order.ts";
import type { Plan } from "../reports.ts";
import type { DesiredState, Settings, SymbolSettings } from "../settings.ts";
import type { ExitReason, Indicators } from "../strategy.ts";

export type EngineState = {
  /** How many events have changed the state: a clock that no two changes share. */
  readonly version: number;
  readonly settings: Settings;
  readonly epoch: number;
  /** Of the last client order id that was made in this epoch. */
  readonly sequence: number;
  readonly requestExpiryMs: number;
  /** Since a boot, until the exchange has been asked about everything that is in doubt. */
  readonly recovering: Recovery | undefined;
  readonly stopping: boolean;
  readonly desiredState: DesiredState;
  readonly killSwitch: KillSwitch;
  readonly symbols: ReadonlyMap<MarketSymbol, SymbolState>;
  /** Every live order, and the newest finished ones. */
  readonly orders: ReadonlyMap<ClientOrderId, Order>;
  readonly ledger: Ledger;
  /** Trade ids already booked, oldest first. */
  readonly trades: ReadonlySet<string>;
  /** Newest last. */
  readonly closed: ReadonlyArray<ClosedCycle>;
};

/** Ends with an account snapshot that was asked for after this version. */
export type Recovery = { readonly since: number };

export type SymbolState = {
  readonly symbol: MarketSymbol;
  readonly settings: SymbolSettings;
  /** Newer settings, or the wish to be dropped, that wait until the symbol is flat. */
  readonly pending: PendingSettings | undefined;
  /** `undefined` until the exchange has told, or when it does not list the symbol. */
  readonly market: Market | undefined;
  readonly setup: Setup;
  /** The newest closed candle that was decided on. */
  readonly bar: Bar | undefined;
  /** Entries that should rest until the next candle. */
  readonly wanted: ReadonlyArray<WantedEntry>;
  /** Why the last candle led to no entries, if it led to none. */
  readonly verdict: Blocked | undefined;
  readonly cycle: Cycle | undefined;
  readonly protection: Protection;
  readonly mismatch: Mismatch | undefined;
  readonly lastClosedAt: Millis | undefined;
  /** Fills up to here are part of what was adopted or came before us; they are never booked. */
  readonly bookedSince: Millis;
  /** Version at which an order, fill or plan of it last changed: older snapshots say nothing. */
  readonly touched: number;
  /** New entries wait until then, after a refusal that will pass. */
  readonly retryAt: Millis | undefined;
  readonly realized: Amount;
};

export type PendingSettings =
  | { readonly kind: "Replace"; readonly settings: SymbolSettings }
  | { readonly kind: "Drop" };

export type Setup =
  | { readonly kind: "Pending" }
  | { readonly kind: "Ready"; readonly leverage: number }
  | { readonly kind: "Failed"; readonly reason: string; readonly at: Millis };

export type Bar = {
  readonly openTime: Millis;
  readonly indicators: Indicators;
};

export type WantedEntry = {
  readonly level: number;
  readonly side: PositionSide;
  readonly limit: Price;
  readonly size: Quantity;
  readonly stop: Price;
};

export type Blocked = { readonly reason: string; readonly detail: string };

/** What the exchange last showed of a symbol's stops and take-profits. */
export type Protection = {
  readonly plans: ReadonlyArray<Plan>;
  readonly cover: Cover;
  /** Writes on their way, by what they are about: a plan kind to place, or a plan id. */
  readonly pending: ReadonlyMap<string, Millis>;
  readonly askedAt: Millis | undefined;
  /** Plans seen while flat, and when first: leftovers, unless a fill is still on its way to us. */
  readonly strays: ReadonlyMap<string, Millis>;
};

export type Cover =
  /** Flat, or the exchange has shown stops for at least the position's size. */
  | { readonly kind: "Covered" }
  /** The position has changed and nobody has looked yet. Its entries carried their stops. */
  | { readonly kind: "Unseen"; readonly since: Millis }
  /** The exchange has shown less stop than position. */
  | { readonly kind: "Exposed"; readonly since: Millis };

/** The exchange holds something else than our fills add up to. */
export type Mismatch = {
  readonly since: Millis;
  readonly side: PositionSide | undefined;
  readonly size: Quantity;
};

export type Ledger = {
  readonly fills: number;
  /** Before fees. */
  readonly realized: Amount;
  readonly fees: Amount;
  /** Wallet at the first known balance, minus what had been booked by then. */
  readonly openingWallet: Amount | undefined;
  /** Exchange time of the newest fill that was booked. */
  readonly lastFillAt: Millis | undefined;
};

export type ClosedCycle = {
  readonly symbol: MarketSymbol;
  readonly side: PositionSide;
  readonly openedAt: Millis;
  readonly closedAt: Millis;
  readonly levels: number;
  readonly size: Quantity;
  readonly averageEntry: Price;
  /** `undefined` when the fills that closed it could not be found. */
  readonly averageExit: Price | undefined;
  readonly fees: Amount;
  readonly netPnl: Amount | undefined;
  readonly reason: ExitReason;
};

const unprotected: Protection = {
  plans: [],
  cover: { kind: "Covered" },
  pending: new Map(),
  askedAt: undefined,
  strays: new Map(),
};

export const newSymbolState = (settings: SymbolSettings, at: Millis): SymbolState => ({
  symbol: settings.symbol,
  settings,
  pending: undefined,
  market: undefined,
  setup: { kind: "Pending" },
  bar: undefined,
  wanted: [],
  verdict: { reason: "no_candle", detail: "no closed candle has been decided on yet" },
  cycle: undefined,
  protection: unprotected,
  mismatch: undefined,
  lastClosedAt: undefined,
  bookedSince: at,
  touched: 0,
  retryAt: undefined,
  realized: ZERO_AMOUNT,
});

export const initialState = (settings: Settings, at: Millis): EngineState => ({
  version: 0,
  settings,
  epoch: 0,
  sequence: 0,
  requestExpiryMs: 0,
  recovering: { since: 0 },
  stopping: false,
  desiredState: "Trading",
  killSwitch: restingKillSwitch,
  symbols: new Map(
    settings.symbols.map((symbol) => [symbol.symbol, newSymbolState(symbol, at)] as const),
  ),
  orders: new Map(),
  ledger: {
    fills: 0,
    realized: ZERO_AMOUNT,
    fees: ZERO_AMOUNT,
    openingWallet: undefined,
    lastFillAt: undefined,
  },
  trades: new Set(),
  closed: [],
});

export const symbolStateOf = (state: EngineState, symbol: MarketSymbol): SymbolState => {
  const found = state.symbols.get(symbol);
  assert(found !== undefined, `symbol ${symbol} is tracked`);
  return found;
};

/** The symbol, marked as changed by the event that is being applied. */
export const touch = (state: EngineState, symbol: SymbolState): SymbolState => ({
  ...symbol,
  touched: state.version + 1,
});

/** Returns the same state when nothing differs, so that an idle event costs no journal entry. */
export const withSymbol = (state: EngineState, next: SymbolState): EngineState =>
  state.symbols.get(next.symbol) === next
    ? state
    : { ...state, symbols: new Map(state.symbols).set(next.symbol, next) };

/** Finished orders that are remembered: late reports and the order history need them. */
const FINISHED_ORDERS_MAX = 400;

export const withOrder = (state: EngineState, order: Order): EngineState => {
  if (state.orders.get(order.id) === order) return state;
  const orders = new Map(state.orders).set(order.id, order);
  const finished = [...orders.values()].filter(isSettled);
  for (const { id } of finished.slice(0, Math.max(0, finished.length - FINISHED_ORDERS_MAX))) {
    orders.delete(id);
  }
  return { ...state, orders };
};

/** Orders of a symbol that are live, or finished with fills still missing. */
export const openOrdersOf = (state: EngineState, symbol: MarketSymbol): ReadonlyArray<Order> =>
  [...state.orders.values()].filter((order) => order.symbol === symbol && !isSettled(order));

export const liveOrders = (state: EngineState): ReadonlyArray<Order> =>
  [...state.orders.values()].filter(isLive);

/** Ids of plans and of other people share a type with ours, so that their fills can be recorded. */
export const asOrderId = (text: string): ClientOrderId => brandAs(text);
