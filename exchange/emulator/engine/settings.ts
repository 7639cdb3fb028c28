/** Leverage, margin mode and position mode: real state, and refused while something depends on it. */

import type { Millis } from "#base/clock.ts";
import { ok, type Result } from "#base/result.ts";
import type { PositionSide } from "#trading/market.ts";
import type { Contract } from "../contract.ts";
import { balancesOf } from "./margin.ts";
import { refuse, type Refusal } from "./refusal.ts";
import {
  leverageOf,
  settingsOf,
  type Account,
  type MarginMode,
  type Position,
  type SymbolSettings,
  type Uid,
} from "./state.ts";
import type { PositionMode } from "./switches.ts";
import { accountOf, contractOf, findContract, lastPrice, type Venue } from "./venue.ts";

export type LeverageRequest = {
  readonly uid: Uid;
  readonly symbol: string;
  readonly leverage: string;
  /** For isolated margin, where each side may have its own; `undefined`: both. */
  readonly side: PositionSide | undefined;
};

export const setLeverage = (
  venue: Venue,
  at: Millis,
  request: LeverageRequest,
): Result<SymbolSettings, Refusal> => {
  const account = accountOf(venue, request.uid);
  const found = findContract(venue, request.symbol);
  if (!found.ok) return found;
  const contract = found.value;
  const leverage = /^\d{1,4}$/.test(request.leverage) ? Number(request.leverage) : 0;
  if (leverage < 1) return refuse("40020", "leverage");
  if (leverage > contract.maxLeverage) return refuse("40797");
  const before = settingsOf(account, contract.symbol);
  const after = withLeverage(before, leverage, request.side);
  if (isSame(before, after)) {
    return venue.switches.sameLeverage === "accept" ? ok(before) : refuse("40814");
  }
  if (hasOrders(account, contract)) return refuse("45097");
  const position = account.positions.get(contract.symbol);
  if (position !== undefined) {
    const relevered = relever(venue, account, { position, after, at });
    if (!relevered.ok) return relevered;
  }
  return keepSettings(venue, account, { contract, settings: after, at });
};

const withLeverage = (
  settings: SymbolSettings,
  leverage: number,
  side: PositionSide | undefined,
): SymbolSettings => {
  if (settings.marginMode === "crossed") return { ...settings, crossedLeverage: leverage };
  return {
    ...settings,
    isolatedLongLeverage: side === "short" ? settings.isolatedLongLeverage : leverage,
    isolatedShortLeverage: side === "long" ? settings.isolatedShortLeverage : leverage,
  };
};

const isSame = (a: SymbolSettings, b: SymbolSettings): boolean =>
  a.crossedLeverage === b.crossedLeverage &&
  a.isolatedLongLeverage === b.isolatedLongLeverage &&
  a.isolatedShortLeverage === b.isolatedShortLeverage;

const hasOrders = (account: Account, { symbol }: Contract): boolean =>
  [...account.orders.values()].some((order) => order.symbol === symbol);

type Relevering = {
  readonly position: Position;
  readonly after: SymbolSettings;
  readonly at: Millis;
};

/** A position at another leverage binds more or less; more must be there. */
const relever = (
  venue: Venue,
  account: Account,
  { position, after, at }: Relevering,
): Result<undefined, Refusal> => {
  const leverage = leverageOf(after, position.marginMode, position.side);
  if (leverage === position.leverage) return ok(undefined);
  const { available } = balancesOf(
    account,
    (symbol) => lastPrice(venue, symbol, at),
    (symbol) => contractOf(venue, symbol),
  );
  const more = position.cost.div(leverage).minus(position.cost.div(position.leverage));
  if (more.gt(available)) return refuse("40893");
  const changed: Position = { ...position, leverage, updatedAt: at };
  account.positions.set(position.symbol, changed);
  const { symbol } = position;
  venue.emit({ kind: "PositionChanged", at, uid: account.uid, symbol, position: changed });
  return ok(undefined);
};

type Kept = {
  readonly contract: Contract;
  readonly settings: SymbolSettings;
  readonly at: Millis;
};

const keepSettings = (
  venue: Venue,
  account: Account,
  { contract: { symbol }, settings, at }: Kept,
): Result<SymbolSettings, Refusal> => {
  account.settings.set(symbol, settings);
  venue.emit({ kind: "SettingsChanged", at, uid: account.uid, symbol, settings });
  return ok(settings);
};

export type MarginModeRequest = {
  readonly uid: Uid;
  readonly symbol: string;
  readonly marginMode: MarginMode;
};

export const setMarginMode = (
  venue: Venue,
  at: Millis,
  { uid, symbol, marginMode }: MarginModeRequest,
): Result<SymbolSettings, Refusal> => {
  const account = accountOf(venue, uid);
  const found = findContract(venue, symbol);
  if (!found.ok) return found;
  const contract = found.value;
  const before = settingsOf(account, contract.symbol);
  if (before.marginMode === marginMode) return ok(before);
  if (hasOrders(account, contract) || account.positions.has(contract.symbol)) {
    return refuse("45117");
  }
  return keepSettings(venue, account, { contract, settings: { ...before, marginMode }, at });
};

export type PositionModeRequest = { readonly uid: Uid; readonly mode: PositionMode };

export const setPositionMode = (
  venue: Venue,
  at: Millis,
  { uid, mode }: PositionModeRequest,
): Result<PositionMode, Refusal> => {
  const account = accountOf(venue, uid);
  if (account.positionMode === mode) return ok(mode);
  if (account.positions.size > 0 || account.orders.size > 0) return refuse("40920");
  account.positionMode = mode;
  venue.emit({ kind: "PositionModeChanged", at, uid, mode });
  return ok(mode);
};
