/**
 * What has happened between two statuses of one executor, in words that a person would use. Pure.
 *
 * `scalp up` prints them, and with `-o json` each is one object on stdout.
 */

import type { ClosedCycleRecord, ExecutorStatus, SymbolStatus } from "#crds/executor-status.ts";

export type News =
  | {
      readonly event: "level-filled";
      readonly strategy: string;
      readonly symbol: string;
      readonly side: "long" | "short";
      readonly level: number;
      readonly price: string;
      readonly size: string;
      readonly at: number;
    }
  | {
      readonly event: "stop-confirmed";
      readonly strategy: string;
      readonly symbol: string;
      readonly trigger: string;
      readonly at: number;
    }
  | ({ readonly event: "cycle-closed"; readonly strategy: string } & ClosedCycleRecord)
  | {
      readonly event: "kill-switch";
      readonly strategy: string;
      readonly engaged: boolean;
      readonly reason: string | null;
      readonly at: number;
    };

export const newsOf = (
  before: ExecutorStatus | undefined,
  after: ExecutorStatus,
): ReadonlyArray<News> => [
  ...after.symbols.flatMap((symbol) =>
    newsOfSymbol(
      before?.symbols.find((one) => one.symbol === symbol.symbol),
      symbol,
      after,
    ),
  ),
  ...newCycles(before, after).map((cycle) => ({
    event: "cycle-closed" as const,
    strategy: after.strategy,
    ...cycle,
  })),
  ...killSwitchNews(before, after),
];

const newsOfSymbol = (
  before: SymbolStatus | undefined,
  { symbol, cycle }: SymbolStatus,
  { strategy, at }: ExecutorStatus,
): ReadonlyArray<News> => {
  if (cycle === null) return [];
  const known = before?.cycle?.openedAt === cycle.openedAt ? before.cycle : undefined;
  const filled = cycle.levels
    .filter((level) => !known?.levels.some((one) => one.level === level.level))
    .map((level): News => ({
      event: "level-filled",
      strategy,
      symbol,
      side: cycle.side,
      level: level.level,
      price: level.price,
      size: level.size,
      at: level.filledAt,
    }));
  const trigger = cycle.stop?.trigger;
  return trigger === undefined || trigger === known?.stop?.trigger
    ? filled
    : [...filled, { event: "stop-confirmed", strategy, symbol, trigger, at }];
};

/** Newest first in the status, oldest first in the news. */
const newCycles = (
  before: ExecutorStatus | undefined,
  after: ExecutorStatus,
): ReadonlyArray<ClosedCycleRecord> => {
  const last = before?.closedCycles[0];
  const isKnown = (cycle: ClosedCycleRecord) =>
    last !== undefined && cycle.symbol === last.symbol && cycle.closedAt === last.closedAt;
  const count = after.closedCycles.findIndex(isKnown);
  const fresh = count < 0 ? after.closedCycles : after.closedCycles.slice(0, count);
  // The first look at an executor that has lived before is not news.
  return before === undefined ? [] : fresh.toReversed();
};

const killSwitchNews = (
  before: ExecutorStatus | undefined,
  { strategy, killSwitch, at }: ExecutorStatus,
): ReadonlyArray<News> =>
  killSwitch.engaged === (before?.killSwitch.engaged ?? false)
    ? []
    : [
        {
          event: "kill-switch",
          strategy,
          engaged: killSwitch.engaged,
          reason: killSwitch.reason,
          at,
        },
      ];
