/**
 * Everything that is asked of an order before it is accepted, in the order in which it is asked.
 * A refusal leaves no trace: no number is used up, nothing is bound.
 */

import type { Millis } from "#base/clock.ts";
import { ok, type Result } from "#base/result.ts";
import { minQuantity, notional, quantity, type Price, type Quantity } from "#trading/money.ts";
import type { PositionSide, Side } from "#trading/market.ts";
import type { Contract } from "../contract.ts";
import { balancesOf, marginFor } from "./margin.ts";
import { refuse, type Refusal } from "./refusal.ts";
import {
  leverageOf,
  settingsOf,
  sideOf,
  type Account,
  type Force,
  type MarginMode,
  type OrderType,
  type Preset,
  type Uid,
} from "./state.ts";
import {
  contractOf,
  findContract,
  lastPrice,
  parseDecimal,
  parseOptionalPrice,
  parsePrice,
  takerPrice,
  ticksNow,
  type Venue,
} from "./venue.ts";

/** Texts as they came over the wire: what they mean is decided here. */
export type OrderRequest = {
  readonly uid: Uid;
  readonly symbol: string;
  readonly side: Side;
  readonly type: OrderType;
  readonly force: Force;
  readonly size: string;
  readonly price: string | undefined;
  readonly clientOid: string | undefined;
  readonly reduceOnly: boolean;
  readonly marginMode: MarginMode;
  readonly presetStopLossPrice: string | undefined;
  readonly presetStopLossExecutePrice: string | undefined;
  readonly presetStopSurplusPrice: string | undefined;
  readonly presetStopSurplusExecutePrice: string | undefined;
};

/** A request that may become an order. */
export type Draft = {
  readonly contract: Contract;
  readonly size: Quantity;
  readonly limit: Price | undefined;
  readonly leverage: number;
  readonly presetStop: Preset | undefined;
  readonly presetTakeProfit: Preset | undefined;
};

/** Bitget's `maxSymbolOrderNum`. */
const ORDERS_PER_SYMBOL_MAX = 200;

const CLIENT_ID = /^[0-9A-Za-z_:#\-+\s]{1,64}$/;

/** `undefined` is fine: the exchange makes one up. */
export const checkClientId = (text: string | undefined): Result<undefined, Refusal> =>
  text === undefined || CLIENT_ID.test(text) ? ok(undefined) : refuse("40305");

export const checkOrder = (
  venue: Venue,
  account: Account,
  request: OrderRequest,
  at: Millis,
): Result<Draft, Refusal> => {
  const found = findContract(venue, request.symbol);
  if (!found.ok) return found;
  const contract = found.value;
  // Orders of the two-sided mode are not taken yet: they would need a position for each side.
  if (account.positionMode === "hedge_mode") return refuse("40774");
  const named = checkName(venue, account, request.clientOid);
  if (!named.ok) return named;
  const limit = checkLimit(contract, request);
  if (!limit.ok) return limit;
  const size = checkSize(account, { request, contract });
  if (!size.ok) return size;
  const side = sideOf(request.side);
  const reference = limit.value ?? lastPrice(venue, contract.symbol, at);
  const large = checkMinimum(venue, contract, {
    size: size.value,
    reference,
    reduceOnly: request.reduceOnly,
  });
  if (!large.ok) return large;
  const presets = checkPresets(contract, request, {
    side,
    reference,
    last: lastPrice(venue, contract.symbol, at),
  });
  if (!presets.ok) return presets;
  const leverage = leverageOf(settingsOf(account, contract.symbol), request.marginMode, side);
  const draft = { contract, size: size.value, limit: limit.value, leverage, ...presets.value };
  return checkRoom(venue, account, { request, draft, at });
};

/** An id that named an order once names that order, whatever has become of it. */
const checkName = (
  { switches }: Venue,
  account: Account,
  clientOid: string | undefined,
): Result<undefined, Refusal> => {
  const wellFormed = checkClientId(clientOid);
  if (!wellFormed.ok || clientOid === undefined) return wellFormed;
  const known = account.orderIdByClientOid.get(clientOid);
  if (known === undefined) return ok(undefined);
  return switches.clientIdReuse === "never" || account.orders.has(known)
    ? refuse("40786")
    : ok(undefined);
};

const checkLimit = (
  contract: Contract,
  { type, price }: OrderRequest,
): Result<Price | undefined, Refusal> => {
  if (type === "market") return ok(undefined);
  if (price === undefined || price === "") return refuse("40019", "price");
  return parsePrice(contract, "price", price);
};

type Sizing = { readonly request: OrderRequest; readonly contract: Contract };

const checkSize = (account: Account, { request, contract }: Sizing): Result<Quantity, Refusal> => {
  const asked = parseSize(contract, request.size);
  if (!asked.ok) return asked;
  const size = asked.value;
  const max = request.type === "market" ? contract.maxMarketSize : contract.maxSize;
  if (size.gt(max)) return refuse("45112");
  if (!request.reduceOnly) return ok(size);
  const position = account.positions.get(contract.symbol);
  if (position === undefined || position.side === sideOf(request.side)) return refuse("22002");
  return ok(minQuantity(size, position.size));
};

/** A size that a customer wrote. */
export const parseSize = (contract: Contract, text: string): Result<Quantity, Refusal> => {
  const size = parseDecimal(text);
  if (size === undefined) return refuse("40020", "size");
  if (!size.mod(contract.step).eq(0)) {
    const detail = `size checkBDScale error value=${text} checkScale=${contract.volumePlace}`;
    return refuse("40808", detail);
  }
  return size.gt(0) ? ok(quantity(size)) : refuse("45111");
};

type Worth = {
  readonly size: Quantity;
  readonly reference: Price;
  readonly reduceOnly: boolean;
};

const checkMinimum = (
  { switches }: Venue,
  contract: Contract,
  { size, reference, reduceOnly }: Worth,
): Result<undefined, Refusal> => {
  if (reduceOnly && switches.reduceBelowMinimum === "allow") return ok(undefined);
  if (size.lt(contract.minSize)) return refuse("45111");
  return notional(size, reference).lt(contract.minNotional)
    ? refuse("45110", contract.minNotional.toFixed())
    : ok(undefined);
};

type Prices = { readonly side: PositionSide; readonly reference: Price; readonly last: Price };

const checkPresets = (
  contract: Contract,
  request: OrderRequest,
  { side, reference, last }: Prices,
): Result<Pick<Draft, "presetStop" | "presetTakeProfit">, Refusal> => {
  const stop = parsePreset(contract, "presetStopLossPrice", {
    trigger: request.presetStopLossPrice,
    execute: request.presetStopLossExecutePrice,
  });
  if (!stop.ok) return stop;
  const takeProfit = parsePreset(contract, "presetStopSurplusPrice", {
    trigger: request.presetStopSurplusPrice,
    execute: request.presetStopSurplusExecutePrice,
  });
  if (!takeProfit.ok) return takeProfit;
  // A stop must be beyond the limit too: one that an entry would fill behind fires at once.
  for (const price of [reference, last]) {
    const behind = stop.value && checkStopSide(side, stop.value.trigger, price);
    if (behind !== undefined && !behind.ok) return behind;
  }
  const short = takeProfit.value && checkTakeProfitSide(side, takeProfit.value.trigger, reference);
  if (short !== undefined && !short.ok) return short;
  return ok({ presetStop: stop.value, presetTakeProfit: takeProfit.value });
};

const parsePreset = (
  contract: Contract,
  name: string,
  preset: { readonly trigger: string | undefined; readonly execute: string | undefined },
): Result<Preset | undefined, Refusal> => {
  const trigger = parseOptionalPrice(contract, name, preset.trigger);
  if (!trigger.ok) return trigger;
  const execute = parseOptionalPrice(contract, name, preset.execute);
  if (!execute.ok) return execute;
  return ok(
    trigger.value === undefined ? undefined : { trigger: trigger.value, execute: execute.value },
  );
};

/** A stop of a long is below the price, one of a short above it; otherwise it has already passed. */
export const checkStopSide = (
  side: PositionSide,
  trigger: Price,
  price: Price,
): Result<undefined, Refusal> => {
  if (side === "long") return trigger.lt(price) ? ok(undefined) : refuse("40917", price.toFixed());
  return trigger.gt(price) ? ok(undefined) : refuse("45122", price.toFixed());
};

export const checkTakeProfitSide = (
  side: PositionSide,
  trigger: Price,
  price: Price,
): Result<undefined, Refusal> => {
  if (side === "long") return trigger.gt(price) ? ok(undefined) : refuse("40915");
  return trigger.lt(price) ? ok(undefined) : refuse("40832");
};

type Candidate = {
  readonly request: OrderRequest;
  readonly draft: Draft;
  readonly at: Millis;
};

/** Room in the book, in the margin mode that is in use, and in the wallet. */
const checkRoom = (
  venue: Venue,
  account: Account,
  { request, draft, at }: Candidate,
): Result<Draft, Refusal> => {
  const { contract, leverage } = draft;
  const resting = [...account.orders.values()].filter(({ symbol }) => symbol === contract.symbol);
  if (resting.length >= ORDERS_PER_SYMBOL_MAX) {
    return refuse("45118", String(ORDERS_PER_SYMBOL_MAX));
  }
  const position = account.positions.get(contract.symbol);
  const mixesModes = position !== undefined && position.marginMode !== request.marginMode;
  if (mixesModes && !request.reduceOnly) return refuse("45117");
  const needed = marginFor(account, contract, {
    side: request.side,
    size: draft.size,
    price: draft.limit ?? takerPrice(contract, request.side, ticksNow(venue, contract.symbol, at)),
    leverage,
    reduceOnly: request.reduceOnly,
  });
  const balances = balancesOf(
    account,
    (symbol) => lastPrice(venue, symbol, at),
    (symbol) => contractOf(venue, symbol),
  );
  const free =
    request.marginMode === "crossed" ? balances.crossedAvailable : balances.isolatedAvailable;
  return needed.gt(free) ? refuse("40762") : ok(draft);
};
