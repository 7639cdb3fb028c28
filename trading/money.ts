/**
 * Prices, quantities and amounts of quote currency.
 *
 * Anything that reaches an exchange or a ledger is an exact decimal; sums and products of decimals
 * are exact, and a quotient is taken only where a price is an average, at `DECIMALS` places.
 * Indicators are statistics and stay `number`; `market.ts` is the single gate from one world to the
 * other, because only a market knows its tick and its step.
 */

import { Big } from "big.js";
import { brandAs, type Brand } from "#base/brand.ts";
import { assert } from "#base/result.ts";

/** Quote currency per unit of base currency. */
export type Price = Brand<Big, "Price">;
/** Units of base currency. Never negative: direction lives in `Side` and `PositionSide`. */
export type Quantity = Brand<Big, "Quantity">;
/** Quote currency. Signed, because profit and loss are amounts too. */
export type Amount = Brand<Big, "Amount">;

/** Places kept by a division. An average price is divided once, from exact sums, when it is read. */
const DECIMALS = 20;
Big.DP = DECIMALS;

export const price = (value: Big.BigSource): Price => {
  const big = new Big(value);
  assert(big.gt(0), `price ${big.toFixed()} is positive`);
  return brandAs(big);
};

export const quantity = (value: Big.BigSource): Quantity => {
  const big = new Big(value);
  assert(big.gte(0), `quantity ${big.toFixed()} is not negative`);
  return brandAs(big);
};

export const amount = (value: Big.BigSource): Amount => brandAs(new Big(value));

export const ZERO_QUANTITY: Quantity = quantity(0);
export const ZERO_AMOUNT: Amount = amount(0);

export const addQuantity = (a: Quantity, b: Quantity): Quantity => quantity(a.plus(b));

/** The smaller of two sizes: what a reduction may at most take away. */
export const minQuantity = (a: Quantity, b: Quantity): Quantity => (a.lte(b) ? a : b);

export const addAmount = (a: Amount, b: Amount): Amount => amount(a.plus(b));

export const sumAmounts = (amounts: ReadonlyArray<Amount>): Amount =>
  amounts.reduce(addAmount, ZERO_AMOUNT);

export const notional = (size: Quantity, at: Price): Amount => amount(size.times(at));

/** Plain digits, never an exponent: exchanges and people read it. */
export const toText = (value: Big): string => value.toFixed();
