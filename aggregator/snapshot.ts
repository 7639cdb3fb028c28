/** The view in the words of `/api/v1`: one head, one part for each strategy, and the newest orders. */

import { unknown } from "#base/fact.ts";
import { alarmsOf } from "./alarms.ts";
import type { ConditionView, ExecutorView, Head, OrderView, StrategyView } from "./api.ts";
import type { FleetMember } from "./fleet.ts";
import {
  marginUsed,
  mergeAccounts,
  mergeOrders,
  mergeTotals,
  netProfit,
  unrealizedPnl,
} from "./merge.ts";
import { isConnected, type FleetView, type Strategy } from "./view.ts";

/** The parts that change on their own. The stream sends those that have changed. */
export type Parts = {
  readonly head: Head;
  readonly strategies: Readonly<Record<string, StrategyView>>;
  readonly orders: ReadonlyArray<OrderView>;
};

/** Orders in a snapshot; the rest is asked for by `/api/executor/orders`. */
const ORDERS_SHOWN = 50;

export const toParts = (view: FleetView, version: string): Parts => ({
  head: {
    version,
    at: view.at,
    speed: view.speed,
    problems: view.problems,
    totals: mergeTotals(view),
    accounts: mergeAccounts(view),
    alarms: alarmsOf(view),
  },
  strategies: Object.fromEntries(view.strategies.map((each) => [each.key, toStrategyView(each)])),
  orders: mergeOrders(view, ORDERS_SHOWN).map(({ order, strategy, key }) => ({
    strategyKey: key,
    display: strategy,
    order,
  })),
});

const toStrategyView = (strategy: Strategy): StrategyView => {
  const { key, display, member } = strategy;
  const conditions = member.conditions.map(toCondition);
  return {
    key,
    namespace: member.namespace,
    name: member.name,
    display,
    kind: member.kind,
    mode: modeOf(member),
    environment: strategy.heard?.status.account.environment ?? member.environment,
    timeframe: member.timeframe ?? null,
    leverage: member.leverage ?? null,
    symbols: member.symbols,
    ready: conditions.find(({ type }) => type === "Ready") ?? null,
    conditions,
    executor: toExecutorView(strategy),
  };
};

export const modeOf = ({ enabled, liveEligible }: FleetMember): StrategyView["mode"] => {
  if (!enabled) return "Disabled";
  return liveEligible ? "Live" : "Paper";
};

const toCondition = ({ type, status, reason, message }: ConditionView): ConditionView => ({
  type,
  status,
  reason,
  message,
});

const toExecutorView = (strategy: Strategy): ExecutorView | null => {
  const { heard, freshness, problem, member } = strategy;
  if (heard === undefined && member.executorUrl === undefined) return null;
  const silent = unknown(problem ?? "the executor has not answered yet");
  const status = heard?.status;
  return {
    freshness,
    problem: problem ?? null,
    connected: isConnected(strategy),
    receivedAt: heard?.receivedAt ?? null,
    status: status ?? null,
    netProfit: status === undefined ? silent : netProfit(status),
    unrealizedPnl: status === undefined ? silent : unrealizedPnl(status),
    marginUsed: status === undefined ? silent : marginUsed(status),
  };
};
