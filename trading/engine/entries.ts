/**
 * Brings the resting entries of a symbol to what is wanted, one difference at a time.
 *
 * Level-based: it looks at what should rest and at what does, never at what just happened, so it is
 * called after anything. A level has at most one order that is not settled; whatever is in doubt
 * keeps its level until the exchange has said what became of it. Replacing is cancel, then confirmed
 * cancel, then place: never two orders for one level.
 */

import type { Millis } from "#base/clock.ts";
import { entrySide } from "../market.ts";
import { applyToOrder, newOrder, type Order, type OrderRole } from "../order.ts";
import { hasLevel } from "../cycle.ts";
import type { EngineCommand } from "./events.ts";
import {
  openOrdersOf,
  withOrder,
  withSymbol,
  type Blocked,
  type EngineState,
  type SymbolState,
  type WantedEntry,
} from "./state.ts";
import { chain, nextOrderId, stay, type Part, type Step } from "./step.ts";

/** A resting limit is replaced when the level has moved by more than this share of its price. */
const PRICE_DRIFT_MAX = 0.002;
/** Or when the size that is wanted differs by more than this share. */
const SIZE_DRIFT_MAX = 0.05;

export const syncEntries = (state: EngineState, symbol: SymbolState, at: Millis): Step => {
  const blocked = gateOf(state, symbol);
  const wanted = blocked === undefined ? symbol.wanted.filter(isOnSide(symbol)) : [];
  const resting = openOrdersOf(state, symbol.symbol).filter(({ role }) => role.kind === "Entry");
  const waits = symbol.retryAt !== undefined && at < symbol.retryAt;
  return chain(
    state,
    ...resting
      .filter((order) => order.state.kind === "Open" && !isWanted(order, wanted))
      .map(
        (order): Part =>
          (current) =>
            cancelEntry(current, order, at),
      ),
    ...(waits ? [] : wanted)
      .filter((entry) => isFree(entry, symbol, resting))
      .map(
        (entry): Part =>
          (current) =>
            placeEntry(current, symbol, entry, at),
      ),
  );
};

/** Why no new entry of the symbol may be sent, whatever its candles say; `undefined` when one may. */
export const gateOf = (state: EngineState, symbol: SymbolState): Blocked | undefined =>
  gateOfStrategy(state) ?? gateOfSymbol(symbol);

const gateOfStrategy = (state: EngineState): Blocked | undefined => {
  if (state.stopping) return blockedBy("stopping", "the executor is stopping");
  if (state.recovering !== undefined) {
    return blockedBy("recovering", "the exchange has not yet settled everything that was in doubt");
  }
  const { trip } = state.killSwitch;
  if (trip !== undefined) return blockedBy("kill_switch_live", trip.reason);
  return state.desiredState === "Trading"
    ? undefined
    : blockedBy("not_trading", `desiredState is ${state.desiredState}`);
};

const gateOfSymbol = (symbol: SymbolState): Blocked | undefined =>
  gateOfSetup(symbol) ?? gateOfPosition(symbol);

const gateOfSetup = ({ pending, setup, market, settings }: SymbolState): Blocked | undefined => {
  if (pending !== undefined) {
    return blockedBy("settings_pending", "newer parameters apply once the symbol is flat");
  }
  if (setup.kind === "Failed") return blockedBy("setup_failed", setup.reason);
  if (setup.kind === "Pending" || market === undefined) {
    return blockedBy("setup_pending", "leverage and modes are not read back yet");
  }
  if (!market.active) return blockedBy("market_closed", "the exchange takes no new orders");
  const detail = `the exchange has ${setup.leverage}x, wanted is ${settings.leverage}x`;
  return setup.leverage === settings.leverage ? undefined : blockedBy("leverage_divergent", detail);
};

const gateOfPosition = ({ mismatch, protection, cycle }: SymbolState): Blocked | undefined => {
  if (mismatch !== undefined) {
    return blockedBy("position_mismatch", "our fills do not add up to the exchange's position");
  }
  if (protection.cover.kind === "Exposed") {
    return blockedBy("unprotected", "the position has no sufficient stop on the exchange");
  }
  if (cycle?.closing !== undefined) return blockedBy("closing", cycle.closing.reason);
  return cycle?.adopted === true
    ? blockedBy("adopted", "the position was found on the exchange: it is never added to")
    : undefined;
};

const blockedBy = (reason: string, detail: string): Blocked => ({ reason, detail });

/** An entry on the other side of an open cycle would not add to it but take from it. */
const isOnSide =
  ({ cycle }: SymbolState) =>
  ({ side }: WantedEntry): boolean =>
    cycle === undefined || side === cycle.side;

const isWanted = (order: Order, wanted: ReadonlyArray<WantedEntry>): boolean =>
  wanted.some((entry) => isServedBy(entry, order) && isNear(entry, order));

/** True for an order at the entry's level, on its side. */
const isServedBy = (entry: WantedEntry, { role, side }: Order): boolean =>
  role.kind === "Entry" && role.level === entry.level && side === entrySide(entry.side);

const isNear = (entry: WantedEntry, { role, size }: Order): boolean => {
  if (role.kind !== "Entry") return false;
  const price = role.limit.minus(entry.limit).abs().div(entry.limit);
  const amount = size.minus(entry.size).abs().div(entry.size);
  return price.lte(PRICE_DRIFT_MAX) && amount.lte(SIZE_DRIFT_MAX);
};

/** No order at this level and side, not even one that is still going away. */
const isFree = (entry: WantedEntry, symbol: SymbolState, resting: ReadonlyArray<Order>): boolean =>
  !hasLevel(symbol.cycle, entry.level) && !resting.some((order) => isServedBy(entry, order));

const placeEntry = (
  state: EngineState,
  { symbol }: SymbolState,
  { level, side, limit, size, stop }: WantedEntry,
  at: Millis,
): Step => {
  const [numbered, id] = nextOrderId(state);
  const order = newOrder(
    { id, symbol, side: entrySide(side), size, role: { kind: "Entry", level, limit, stop } },
    at,
  );
  const command: EngineCommand = {
    kind: "SubmitEntry",
    id,
    symbol,
    side: order.side,
    size,
    limit,
    stop,
  };
  return [withOrder(numbered, order), [command]];
};

const cancelEntry = (state: EngineState, order: Order, at: Millis): Step => {
  const canceling = applyToOrder(order, { kind: "CancelRequested" }, at);
  return canceling === order
    ? stay(state)
    : [withOrder(state, canceling), [{ kind: "CancelOrder", id: order.id, symbol: order.symbol }]];
};

/** Takes an entry off the wanted list until the next candle: the exchange will not have it. */
export const dropWanted = (
  state: EngineState,
  symbol: SymbolState,
  role: Extract<OrderRole, { kind: "Entry" }>,
): EngineState =>
  withSymbol(state, {
    ...symbol,
    wanted: symbol.wanted.filter(
      (entry) => entry.level !== role.level || !entry.limit.eq(role.limit),
    ),
  });
