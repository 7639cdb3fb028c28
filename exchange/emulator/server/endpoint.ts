/** What an endpoint is: a pure answer to parameters, from the exchange as it is at this instant. */

import type { Millis } from "#base/clock.ts";
import { assert, ok, type Result } from "#base/result.ts";
import type { AccountView, Engine } from "../engine/engine.ts";
import { refuse, type Refusal } from "../engine/refusal.ts";
import type { Uid } from "../engine/state.ts";
import { contractSymbol, type ContractSymbol } from "../prices/path.ts";
import type { MarketView } from "./market-view.ts";
import type { Params } from "./wire.ts";

export type Hall = {
  readonly engine: Engine;
  readonly market: MarketView;
};

export type PublicEndpoint = (hall: Hall, params: Params) => Result<unknown, Refusal>;

export type Customer = { readonly uid: Uid; readonly at: Millis };

export type PrivateEndpoint = (
  hall: Hall,
  params: Params,
  customer: Customer,
) => Result<unknown, Refusal>;

/** Keyed by method and path: `GET /api/v2/public/time`. */
export type Endpoints<T> = Readonly<Record<string, T>>;

/** The only kind of contract that the emulator trades. */
export const PRODUCT_TYPE = "USDT-FUTURES";

export const isOurProduct = (productType: string | undefined): boolean =>
  productType === undefined || productType.toUpperCase() === PRODUCT_TYPE;

export const readSymbol = ({ engine }: Hall, name: string): Result<ContractSymbol, Refusal> => {
  const symbol = /^[A-Z0-9]{1,20}USDT$/.test(name) ? contractSymbol(name) : undefined;
  return symbol !== undefined && engine.contracts.has(symbol) ? ok(symbol) : refuse("40034", name);
};

export const accountOf = ({ engine }: Hall, uid: Uid): AccountView => {
  const account = engine.account(uid);
  assert(account !== undefined, `account ${uid} is open`);
  return account;
};
