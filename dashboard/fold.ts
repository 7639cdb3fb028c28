/** The picture that the page holds, brought up to date by what the stream says. */

import type { Snapshot, StrategyView, Update } from "#aggregator/api.ts";

export const applyUpdate = (snapshot: Snapshot, update: Update): Snapshot => ({
  ...snapshot,
  ...update.head,
  at: update.at,
  sequence: update.sequence,
  orders: update.orders ?? snapshot.orders,
  strategies:
    update.strategies === undefined
      ? snapshot.strategies
      : mergeStrategies(snapshot.strategies, update.strategies),
});

/** A strategy that is `null` is gone. */
const mergeStrategies = (
  held: Snapshot["strategies"],
  changed: NonNullable<Update["strategies"]>,
): Snapshot["strategies"] => {
  const merged: Record<string, StrategyView> = { ...held };
  for (const [key, strategy] of Object.entries(changed)) {
    if (strategy === null) delete merged[key];
    else merged[key] = strategy;
  }
  return merged;
};
