/**
 * What a move of the price sets off.
 *
 * The market is sampled once a second. From one sample to the next the price travels through
 * everything in between, the nearer first: a stop that lies behind an entry fires after it, and a
 * stop that came with that entry fires in the same second if the price went through it too. At the
 * same price orders go before plans and the older before the younger. A resting order fills at its
 * own limit; a plan trades at what the sample shows.
 */

import { millis, type Millis } from "#base/clock.ts";
import { SECOND_MS, type ContractSymbol } from "../prices/path.ts";
import { fillOrder } from "./fills.ts";
import { triggerPlan } from "./plans.ts";
import { isStop, type Account, type Order, type Plan } from "./state.ts";
import { contractOf, toTicks, type Venue } from "./venue.ts";

/** Nothing happens to a symbol while its price stays strictly between these, in ticks. */
export type Quiet = { readonly above: number; readonly below: number };

type Waiting = {
  readonly account: Account;
  /** In ticks. */
  readonly level: number;
  /** Which way the price must come. */
  readonly when: "atOrBelow" | "atOrAbove";
  readonly item:
    | { readonly kind: "Order"; readonly order: Order }
    | { readonly kind: "Plan"; readonly plan: Plan };
};

/** `undefined`: nobody waits for this symbol at all. */
export const quietRange = (venue: Venue, symbol: ContractSymbol): Quiet | undefined => {
  const waiting = waitingFor(venue, symbol);
  if (waiting.length === 0) return undefined;
  let above = -Infinity;
  let below = Infinity;
  for (const { level, when } of waiting) {
    if (when === "atOrBelow") above = Math.max(above, level);
    else below = Math.min(below, level);
  }
  return { above, below };
};

/** Carries out all that the sample at this instant reaches. */
export const matchSample = (
  venue: Venue,
  symbol: ContractSymbol,
  ticks: number,
  at: Millis,
): void => {
  const before = venue.path().ticksAt(symbol, millis(at - SECOND_MS)) ?? ticks;
  const falling = ticks <= before;
  for (;;) {
    const [next] = waitingFor(venue, symbol)
      .filter((waiting) => isReached(waiting, ticks))
      .toSorted((a, b) => compare(a, b, falling));
    // Each turn takes one order or plan out of the waiting ones for good, so this ends.
    if (next === undefined) return;
    const { account, item } = next;
    if (item.kind === "Plan") triggerPlan(venue, account, item.plan, at);
    else fillAtLimit(venue, account, item.order, at);
  }
};

const fillAtLimit = (venue: Venue, account: Account, order: Order, at: Millis): void => {
  if (order.limit === undefined) return;
  fillOrder(venue, account, order, { price: order.limit, liquidity: "maker", at });
};

const isReached = ({ level, when }: Waiting, ticks: number): boolean =>
  when === "atOrBelow" ? ticks <= level : ticks >= level;

const compare = (a: Waiting, b: Waiting, falling: boolean): number =>
  (falling ? b.level - a.level : a.level - b.level) ||
  rank(a) - rank(b) ||
  sequenceOf(a) - sequenceOf(b);

const rank = ({ item }: Waiting): number => (item.kind === "Order" ? 0 : 1);

const sequenceOf = ({ item }: Waiting): number =>
  item.kind === "Order" ? item.order.sequence : item.plan.sequence;

const waitingFor = (venue: Venue, symbol: ContractSymbol): ReadonlyArray<Waiting> => {
  const contract = contractOf(venue, symbol);
  const waiting: Waiting[] = [];
  for (const account of venue.state.accounts.values()) {
    for (const order of account.orders.values()) {
      if (order.symbol !== symbol || order.limit === undefined) continue;
      const level = toTicks(contract, order.limit);
      const when = order.side === "buy" ? "atOrBelow" : "atOrAbove";
      waiting.push({ account, level, when, item: { kind: "Order", order } });
    }
    for (const plan of account.plans.values()) {
      if (plan.symbol !== symbol) continue;
      const level = toTicks(contract, plan.trigger);
      const when = isStop(plan.planType) === (plan.side === "long") ? "atOrBelow" : "atOrAbove";
      waiting.push({ account, level, when, item: { kind: "Plan", plan } });
    }
  }
  return waiting;
};
