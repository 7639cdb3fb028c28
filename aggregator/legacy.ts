/**
 * Our view in the shapes of the API that this one replaces, so that its clients go on working.
 *
 * Numbers are JSON numbers there, names are snake_case and times ISO-8601 in UTC. Two things are told
 * better than they were: `sl_price` is the stop that the exchange has confirmed, never the one that a
 * formula would give; and what is not known is `null` with a reason beside it, never 0 or `[]`.
 */

import { Big } from "big.js";
import type { ExecutorStatus, OrderRecord } from "#crds/executor-status.ts";
import type { FleetMember } from "./fleet.ts";
import { mergeOrders, mergeTotals, type Money } from "./merge.ts";
import {
  executorsOf,
  isConnected,
  isEnabled,
  openCycles,
  type FleetView,
  type OpenCycle,
  type Strategy,
} from "./view.ts";

export const NO_EXECUTOR = {
  enabled: false,
  message:
    "no executor is active: no strategy is both enabled and live-eligible, or live trading is off",
} as const;

type LegacyPosition = {
  readonly symbol: string;
  readonly direction: "LONG" | "SHORT";
  readonly entry_price: number;
  readonly quantity: number;
  readonly sl_price: number | null;
  readonly tp_price: number | null;
  readonly strategy_name: string;
  readonly type: "grid";
  readonly levels: number;
  readonly levels_max: number;
  readonly leverage: number;
  readonly notional: number;
  readonly entry_time: string;
  readonly current_price: number | null;
  readonly unrealized_pnl: number | null;
  readonly unrealized_pnl_pct: number | null;
  readonly tp_distance_pct: number | null;
  readonly sl_distance_pct: number | null;
  readonly margin_used: number;
  readonly duration_hours: number;
  readonly positions: ReadonlyArray<LegacyLevel>;
};

type LegacyLevel = {
  readonly level: number;
  readonly entry_price: number;
  readonly quantity: number;
  readonly entry_time: string;
  readonly direction: "LONG" | "SHORT";
  readonly pnl_usd: number | null;
  readonly pnl_pct: number | null;
};

type LegacyGridState = {
  readonly grid_positions: Readonly<Record<string, LegacyPosition>>;
  readonly summary: {
    readonly total_positions: number;
    readonly total_assets: number;
    readonly total_margin_used: number;
    readonly total_unrealized_pnl: number | null;
  };
};

/** One executor. `positions` is `null`, not empty, while it has never answered. */
export const legacyStatus = (strategy: Strategy) => {
  const { display, heard, freshness, problem } = strategy;
  const shared = {
    strategy_name: display,
    enabled: isEnabled(strategy),
    connected: isConnected(strategy),
    stale: freshness !== "Live",
    message: problem ?? null,
  };
  if (heard === undefined) {
    return {
      ...shared,
      exchange_balance: null,
      position: null,
      positions: null,
      risk_manager: null,
      executor_grid_state: null,
      as_of: null,
    };
  }
  const { status } = heard;
  const positions = positionsOf(status, display);
  return {
    ...shared,
    exchange_balance: status.balance === null ? null : Number(status.balance.equity),
    position: positions[0] ?? null,
    positions,
    risk_manager: {
      session_pnl: Number(status.killSwitch.sessionPnl),
      kill_switch: status.killSwitch.engaged,
      open_positions_count: positions.length,
      total_orders: status.ledger.fills,
      initial_capital: numberOrNull(status.killSwitch.baseCapital),
      session_start_date: utcDay(status.at),
      drawdown_pct: status.killSwitch.lossPercent,
    },
    executor_grid_state: gridState(positions),
    as_of: isoTime(status.at),
  };
};

/** All executors as one, by the rules of `merge.ts`; `per_strategy` has each of them. */
export const legacyMerged = (view: FleetView) => {
  const executors = executorsOf(view);
  if (executors.length === 0) return NO_EXECUTOR;
  const totals = mergeTotals(view);
  const heardOf = executors.flatMap(({ heard, display }) =>
    heard === undefined ? [] : [{ display, status: heard.status }],
  );
  const positions = heardOf.flatMap(({ status, display }) => positionsOf(status, display));
  const silent = executors.filter(({ heard }) => heard === undefined).map(({ display }) => display);
  return {
    enabled: totals.enabled,
    connected: totals.connected,
    exchange_balance: valueOf(totals.equity),
    exchange_balance_reason: reasonOf(totals.equity),
    position: positions[0] ?? null,
    positions: heardOf.length === 0 ? null : positions,
    risk_manager: {
      session_pnl: valueOf(totals.sessionPnl),
      kill_switch: totals.killSwitch,
      open_positions_count: heardOf.length === 0 ? null : totals.openPositions,
      total_orders: heardOf.length === 0 ? null : totals.fills,
      initial_capital: valueOf(totals.baseCapital),
      drawdown_pct: totals.drawdownPercent.kind === "Known" ? totals.drawdownPercent.value : null,
    },
    executor_grid_state: heardOf.length === 0 ? null : gridState(positions),
    per_strategy: Object.fromEntries(executors.map((each) => [each.display, legacyStatus(each)])),
    stale: totals.notFresh,
    unknown: silent,
  };
};

/** The message of `/ws/live`. There is no simulator behind it, so its parts are truly empty. */
export const legacyUpdate = (view: FleetView) => {
  const merged = legacyMerged(view);
  const heard = executorsOf(view).flatMap((each) => (each.heard === undefined ? [] : [each]));
  return {
    type: "update" as const,
    timestamp: isoTime(view.at),
    strategies: Object.fromEntries(
      view.strategies.map(({ display, member }) => [display, runnerStatus(member)]),
    ),
    kill_switch: mergeTotals(view).killSwitch,
    simulator_positions: [],
    grid_state: liveGridState(merged),
    ranking: [],
    executor: merged,
    // One price a symbol: the newest of the executors that are fresh.
    prices: Object.fromEntries(
      heard
        .filter(({ freshness }) => freshness === "Live")
        .flatMap((each) => each.heard?.status.symbols ?? [])
        .filter(({ price }) => price !== null)
        .toSorted((a, b) => (a.priceAt ?? 0) - (b.priceAt ?? 0))
        .map(({ symbol, price }) => [spot(symbol), { last: Number(price), change_pct: null }]),
    ),
  };
};

/** `GET /api/executor/orders`. */
export const legacyOrders = (view: FleetView, limit: number) => {
  const orders = mergeOrders(view, limit).map(({ order, strategy }) => toOrder(order, strategy));
  return { orders, count: orders.length };
};

/** Grid state of the executors, in spot symbols and marked as live. */
const liveGridState = (merged: ReturnType<typeof legacyMerged>) => {
  if (!("executor_grid_state" in merged) || merged.executor_grid_state === null) return null;
  const { grid_positions: positions, summary } = merged.executor_grid_state;
  return {
    grid_positions: Object.fromEntries(
      Object.entries(positions).map(([key, item]) => [
        key,
        { ...item, symbol: spot(item.symbol), source: "live" as const },
      ]),
    ),
    summary,
  };
};

const runnerStatus = (member: FleetMember) => {
  const ready = member.conditions.find(({ type }) => type === "Ready");
  return {
    name: member.name,
    namespace: member.namespace,
    kind: member.kind,
    enabled: member.enabled,
    live_eligible: member.liveEligible,
    is_active: ready?.status === "True",
    status: ready?.reason ?? null,
  };
};

const positionsOf = (status: ExecutorStatus, display: string): ReadonlyArray<LegacyPosition> =>
  openCycles(status).map(({ symbol, cycle }) =>
    toPosition({ symbol: symbol.symbol, price: symbol.price, cycle, display, at: status.at }),
  );

type PositionInput = {
  readonly symbol: string;
  readonly price: string | null;
  readonly cycle: OpenCycle;
  readonly display: string;
  readonly at: number;
};

const toPosition = ({ symbol, price, cycle, display, at }: PositionInput): LegacyPosition => {
  const current = numberOrNull(price);
  const stop = numberOrNull(cycle.stop?.trigger ?? null);
  const takeProfit = numberOrNull(cycle.takeProfit?.trigger ?? null);
  return {
    symbol,
    direction: direction(cycle),
    entry_price: Number(cycle.averagePrice),
    quantity: Number(cycle.size),
    sl_price: stop,
    tp_price: takeProfit,
    strategy_name: display,
    type: "grid",
    levels: cycle.levels.length,
    levels_max: cycle.levelsMax,
    leverage: cycle.leverage,
    notional: toNumber(new Big(cycle.size).times(cycle.averagePrice)),
    entry_time: isoTime(cycle.openedAt),
    current_price: current,
    unrealized_pnl: numberOrNull(cycle.unrealizedPnl),
    unrealized_pnl_pct: percentOf(cycle.unrealizedPnl, cycle.margin),
    tp_distance_pct: distance(takeProfit, current),
    sl_distance_pct: distance(stop, current),
    margin_used: Number(cycle.margin),
    duration_hours: (at - cycle.openedAt) / MS_PER_HOUR,
    positions: cycle.levels.map((level) => toLevel(level, cycle, price)),
  };
};

const MS_PER_HOUR = 3_600_000;

const toLevel = (
  { level, price: entry, size, filledAt }: OpenCycle["levels"][number],
  cycle: OpenCycle,
  price: string | null,
): LegacyLevel => {
  const sign = cycle.side === "long" ? 1 : -1;
  const pnl = price === null ? null : new Big(price).minus(entry).times(size).times(sign);
  const margin = new Big(entry).times(size).div(Math.max(1, cycle.leverage));
  return {
    level,
    entry_price: Number(entry),
    quantity: Number(size),
    entry_time: isoTime(filledAt),
    direction: direction(cycle),
    pnl_usd: pnl === null ? null : toNumber(pnl),
    pnl_pct: percentOf(pnl?.toFixed() ?? null, margin.toFixed()),
  };
};

const gridState = (positions: ReadonlyArray<LegacyPosition>): LegacyGridState => ({
  grid_positions: Object.fromEntries(
    positions.map((item) => [`${item.strategy_name}:${spot(item.symbol)}`, item]),
  ),
  summary: {
    total_positions: positions.reduce((count, { levels }) => count + levels, 0),
    total_assets: positions.length,
    total_margin_used: addAll(positions.map((each) => each.margin_used)),
    total_unrealized_pnl: addKnown(positions.map((each) => each.unrealized_pnl)),
  },
});

const toOrder = (order: OrderRecord, strategy: string) => ({
  timestamp: isoTime(order.at),
  order_type: order.kind === "entry" ? "entry_limit" : (ORDER_TYPE[order.kind] ?? "close"),
  symbol: order.symbol,
  side: order.side,
  quantity: Number(order.size),
  filled: Number(order.filled),
  average_price: numberOrNull(order.averagePrice),
  price: numberOrNull(order.limit),
  level: order.level,
  fee: Number(order.fee),
  order_id: order.clientOrderId,
  status: ORDER_STATUS[order.state] ?? order.state.toLowerCase(),
  strategy_name: strategy,
  context: order.kind,
  paper_price: null,
});

/** The old words for why a position was closed; whatever is not here was a `close`. */
const ORDER_TYPE: Readonly<Record<string, string>> = {
  sl_global: "sl",
  tp_global: "tp",
  kill_switch: "emergency_close",
  unprotected: "emergency_close",
};

/** The old clients know the states of ccxt. */
const ORDER_STATUS: Readonly<Record<string, string>> = {
  Submitting: "open",
  Open: "open",
  Canceling: "open",
  Filled: "closed",
  Lost: "expired",
};

const spot = (symbol: string): string => symbol.split(":")[0] ?? symbol;

const direction = ({ side }: OpenCycle): "LONG" | "SHORT" => (side === "long" ? "LONG" : "SHORT");

const isoTime = (at: number): string => new Date(at).toISOString();
const utcDay = (at: number): string => isoTime(at).slice(0, 10);

const toNumber = (value: Big): number => Number(value.toFixed());
const numberOrNull = (text: string | null): number | null => (text === null ? null : Number(text));
const valueOf = (money: Money): number | null =>
  money.kind === "Known" ? Number(money.value) : null;
const reasonOf = (money: Money): string | null => (money.kind === "Known" ? null : money.reason);

const distance = (target: number | null, price: number | null): number | null =>
  target === null || price === null || price === 0 ? null : ((target - price) / price) * 100;

const percentOf = (amount: string | null, base: string): number | null =>
  amount === null || new Big(base).eq(0) ? null : toNumber(new Big(amount).div(base).times(100));

const addAll = (values: ReadonlyArray<number>): number =>
  toNumber(values.reduce((total, value) => total.plus(value), new Big(0)));

/** One value that is not known makes the sum so. */
const addKnown = (values: ReadonlyArray<number | null>): number | null => {
  const knownValues = values.filter((value) => value !== null);
  return knownValues.length === values.length ? addAll(knownValues) : null;
};
