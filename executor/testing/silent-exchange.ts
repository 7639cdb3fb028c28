/**
 * A port that knows nothing and does nothing, made by hand: tests put what they need over it.
 *
 * It is the worst of honest exchanges: every read is `Unknown`, every write has an unknown outcome,
 * and the sockets say nothing until they are told to end.
 */

import { unknown, type Fact } from "#base/fact.ts";
import type { Exchange, Outcome } from "#exchange/port.ts";

const nothing = (): Promise<Fact<never>> => Promise.resolve(unknown("the exchange is silent"));
const nobodyKnows = (): Promise<Outcome<never>> =>
  Promise.resolve({ kind: "Unknown", detail: "the exchange is silent" });

export const silentExchange: Exchange = {
  name: "silent",
  requestExpiryMs: 30_000,
  fetchMarkets: nothing,
  fetchCandles: nothing,
  fetchPrices: nothing,
  fetchAccount: nothing,
  fetchBalance: nothing,
  fetchPositions: nothing,
  fetchOpenOrders: nothing,
  fetchPlans: nothing,
  fetchOrder: nothing,
  fetchFills: nothing,
  fetchSymbolFacts: nothing,
  submitEntry: nobodyKnows,
  submitExit: nobodyKnows,
  cancelOrder: nobodyKnows,
  placeProtection: nobodyKnows,
  moveProtection: nobodyKnows,
  cancelPlan: nobodyKnows,
  setLeverage: nobodyKnows,
  setMarginMode: nobodyKnows,
  setOneWayMode: nobodyKnows,
  watch: (_request, _listener, signal) =>
    new Promise((resolve) => {
      if (signal.aborted) resolve();
      else signal.addEventListener("abort", () => resolve(), { once: true });
    }),
  close: () => Promise.resolve(),
};
