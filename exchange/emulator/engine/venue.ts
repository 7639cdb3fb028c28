/**
 * What the files of this folder share while they carry out one operation: the state, the rules, the
 * prices, and where to say what happened.
 */

import { Big } from "big.js";
import type { Millis } from "#base/clock.ts";
import { assert, ok, type Result } from "#base/result.ts";
import { price, type Price } from "#trading/money.ts";
import type { Side } from "#trading/market.ts";
import type { Contract } from "../contract.ts";
import {
  contractSymbol,
  ticksToPrice,
  type ContractSymbol,
  type PricePath,
} from "../prices/path.ts";
import { refuse, type Refusal } from "./refusal.ts";
import type { EngineEvent } from "./events.ts";
import type { Account, EngineState, Uid } from "./state.ts";
import type { Switches } from "./switches.ts";

export type Venue = {
  readonly state: EngineState;
  readonly contracts: ReadonlyMap<ContractSymbol, Contract>;
  readonly switches: Switches;
  /** With the shocks so far. */
  readonly path: () => PricePath;
  readonly emit: (event: EngineEvent) => void;
  /** Something about the orders or plans of the symbol has changed. */
  readonly touch: (symbol: ContractSymbol) => void;
};

/** Half a spread, in ticks: what it costs to trade at once. */
const HALF_SPREAD_TICKS = 1;

export const accountOf = (venue: Venue, id: Uid): Account => {
  const account = venue.state.accounts.get(id);
  assert(account !== undefined, `account ${id} is open`);
  return account;
};

export const contractOf = (venue: Venue, symbol: ContractSymbol): Contract => {
  const contract = venue.contracts.get(symbol);
  assert(contract !== undefined, `${symbol} is listed`);
  return contract;
};

/** For a symbol that a customer wrote. */
export const findContract = (venue: Venue, text: string): Result<Contract, Refusal> => {
  const contract = /^[A-Z0-9]{1,20}USDT$/.test(text)
    ? venue.contracts.get(contractSymbol(text))
    : undefined;
  return contract === undefined ? refuse("40034", text) : ok(contract);
};

export const ticksNow = (venue: Venue, symbol: ContractSymbol, at: Millis): number => {
  const ticks = venue.path().ticksAt(symbol, at);
  assert(ticks !== undefined, `${symbol} has a price at ${at}`);
  return ticks;
};

export const lastPrice = (venue: Venue, symbol: ContractSymbol, at: Millis): Price =>
  ticksToPrice(ticksNow(venue, symbol, at), contractOf(venue, symbol).pricePlace);

/** What one pays who does not wait: a buyer the ask, a seller the bid. */
export const takerTicks = (side: Side, ticks: number): number =>
  side === "buy" ? ticks + HALF_SPREAD_TICKS : Math.max(1, ticks - HALF_SPREAD_TICKS);

export const takerPrice = (contract: Contract, side: Side, ticks: number): Price =>
  ticksToPrice(takerTicks(side, ticks), contract.pricePlace);

/** Exact: every price that gets this far is a multiple of the tick. */
export const toTicks = (contract: Contract, value: Price): number =>
  value.div(contract.tick).toNumber();

const DECIMAL = /^\d{1,20}(?:\.\d{1,20})?$/;

/** A decimal as customers write it: digits and a point, no sign, no exponent. */
export const parseDecimal = (text: string): Big | undefined =>
  DECIMAL.test(text) ? new Big(text) : undefined;

/** A price that a customer wrote. */
export const parsePrice = (
  contract: Contract,
  name: string,
  text: string,
): Result<Price, Refusal> => {
  const value = parseDecimal(text);
  if (value === undefined || value.eq(0)) return refuse("40020", name);
  return value.mod(contract.tick).eq(0)
    ? ok(price(value))
    : refuse("45115", contract.tick.toFixed());
};

/** The same where nothing, or an empty text, means that there is none. */
export const parseOptionalPrice = (
  contract: Contract,
  name: string,
  text: string | undefined,
): Result<Price | undefined, Refusal> =>
  text === undefined || text === "" || Number(text) === 0
    ? ok(undefined)
    : parsePrice(contract, name, text);
