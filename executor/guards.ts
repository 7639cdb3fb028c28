/**
 * The last look before an entry leaves: evaluated synchronously, with nothing between it and the
 * bytes. Whatever was true when the engine decided may have changed since, while the request waited
 * for its turn or the journal for the disk. Protection and exits are never guarded: they reduce risk.
 */

import { gateOf } from "#trading/engine/entries.ts";
import type { EngineState } from "#trading/engine/state.ts";
import { entrySide } from "#trading/market.ts";
import type { ClientOrderId } from "#trading/order.ts";
import { ACCOUNT_AGE_MAX_MS, ageOf, PRICE_AGE_MAX_MS, type Facts } from "./facts.ts";

/** An entry that has waited longer than this was decided on a world that is gone. */
const DECISION_AGE_MAX_MS = 30_000;

export type GuardFacts = {
  readonly state: EngineState;
  readonly facts: Facts;
  readonly now: number;
  readonly elapsed: number;
};

/** Why the entry must not be sent now; `undefined` lets it go. */
export const guardEntry = (
  { state, facts, now, elapsed }: GuardFacts,
  id: ClientOrderId,
): string | undefined => {
  const order = state.orders.get(id);
  if (order?.state.kind !== "Submitting") return "the order is no longer waiting to be sent";
  const symbol = state.symbols.get(order.symbol);
  if (symbol === undefined) return "the symbol is no longer traded";
  const blocked = gateOf(state, symbol);
  if (blocked !== undefined) return `${blocked.reason}: ${blocked.detail}`;
  // A fill on the other side has overtaken it: it would not open anything, but take from that.
  if (symbol.cycle !== undefined && order.side !== entrySide(symbol.cycle.side)) {
    return `the position is ${symbol.cycle.side}`;
  }
  if (now - order.createdAt > DECISION_AGE_MAX_MS) return "decided too long ago";
  const priceAge = ageOf(facts.prices.get(order.symbol), elapsed);
  if (priceAge > PRICE_AGE_MAX_MS) return `stale price: ${ageText(priceAge)}`;
  const accountAge = ageOf(facts.account, elapsed);
  return accountAge > ACCOUNT_AGE_MAX_MS ? `stale account: ${ageText(accountAge)}` : undefined;
};

const ageText = (ms: number): string =>
  Number.isFinite(ms) ? `${(ms / 1_000).toFixed(1)} s old` : "never seen";
