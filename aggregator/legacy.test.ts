import { expect, test } from "@jest/globals";
import { executorOrders, executorStatus } from "#crds/executor-status.ts";
import { legacyMerged, legacyOrders, legacyStatus, legacyUpdate, NO_EXECUTOR } from "./legacy.ts";
import {
  aCycle,
  anOrder,
  aStatus,
  aStrategy,
  aSymbol,
  aTrip,
  aView,
  NOW,
} from "./testing/fixtures.ts";

const solItem = {
  symbol: "SOL/USDT:USDT",
  direction: "LONG",
  entry_price: 99,
  quantity: 20,
  sl_price: 79.2,
  tp_price: 101.5,
  strategy_name: "grid-atr",
  type: "grid",
  levels: 2,
  levels_max: 3,
  leverage: 6,
  notional: 1980,
  entry_time: "2021-12-04T03:30:00.000Z",
  current_price: 100,
  unrealized_pnl: 20,
  unrealized_pnl_pct: expect.closeTo(6.0606, 4),
  tp_distance_pct: expect.closeTo(1.5, 9),
  sl_distance_pct: expect.closeTo(-20.8, 9),
  margin_used: 330,
  duration_hours: 1.5,
  positions: [
    {
      level: 0,
      entry_price: 100,
      quantity: 10,
      entry_time: "2021-12-04T03:30:00.000Z",
      direction: "LONG",
      pnl_usd: 0,
      pnl_pct: 0,
    },
    {
      level: 1,
      entry_price: 98,
      quantity: 10,
      entry_time: "2021-12-04T04:00:00.000Z",
      direction: "LONG",
      pnl_usd: 20,
      pnl_pct: expect.closeTo(12.2449, 4),
    },
  ],
};

test("one executor's status has the old shape, to the digit of the old example", () => {
  expect(legacyStatus(aStrategy())).toEqual({
    strategy_name: "grid-atr",
    enabled: true,
    connected: true,
    stale: false,
    message: null,
    as_of: "2021-12-04T05:00:00.000Z",
    exchange_balance: 1646,
    position: solItem,
    positions: [solItem],
    risk_manager: {
      session_pnl: -3.2,
      kill_switch: false,
      open_positions_count: 1,
      total_orders: 4,
      initial_capital: 1600,
      session_start_date: "2021-12-04",
      drawdown_pct: 0.2,
    },
    executor_grid_state: {
      grid_positions: { "grid-atr:SOL/USDT": solItem },
      summary: {
        total_positions: 2,
        total_assets: 1,
        total_margin_used: 330,
        total_unrealized_pnl: 20,
      },
    },
  });
});

const withCycle = (change: Parameters<typeof aCycle>[0], price: string | null = "100") =>
  legacyStatus(
    aStrategy({ status: aStatus({ symbols: [aSymbol({ cycle: aCycle(change), price })] }) }),
  );

test("a stop that the exchange has not confirmed is null, never a formula's and never 0", () => {
  expect(withCycle({ stop: null, takeProfit: null }).position).toMatchObject({
    sl_price: null,
    sl_distance_pct: null,
    tp_price: null,
    tp_distance_pct: null,
  });
});

test("a price that is not known leaves everything that depends on it null", () => {
  const status = withCycle({ unrealizedPnl: null }, null);
  expect(status.position).toMatchObject({
    current_price: null,
    unrealized_pnl: null,
    unrealized_pnl_pct: null,
    sl_price: 79.2,
    sl_distance_pct: null,
    positions: [{ pnl_usd: null, pnl_pct: null }, { pnl_usd: null }],
  });
  expect(status.executor_grid_state?.summary.total_unrealized_pnl).toBeNull();
});

test("a short gains when the price falls", () => {
  expect(withCycle({ side: "short" }).position).toMatchObject({
    direction: "SHORT",
    positions: [{ direction: "SHORT", pnl_usd: 0 }, { pnl_usd: -20 }],
  });
});

test("garbage that parses does not end in an exception", () => {
  const status = aStatus({
    symbols: [aSymbol({ cycle: aCycle({ leverage: 0, margin: "0" }), price: "0" })],
  });
  expect(() => legacyStatus(aStrategy({ status: executorStatus.parse(status) }))).not.toThrow();
});

test("an executor that was never heard has no positions to speak of, which is not none", () => {
  expect(legacyStatus(aStrategy({ status: undefined }))).toMatchObject({
    connected: false,
    stale: true,
    message: "the executor has not answered yet",
    exchange_balance: null,
    positions: null,
    risk_manager: null,
  });
});

test("without an executor the answer says so", () => {
  const paper = aStrategy({ member: { executorUrl: undefined }, status: undefined });
  expect(legacyMerged(aView(paper))).toBe(NO_EXECUTOR);
  expect(NO_EXECUTOR).toMatchObject({ enabled: false, message: expect.any(String) });
});

const other = aStrategy({
  member: { name: "grid-multi-tf" },
  status: aStatus({
    strategy: "grid-multi-tf",
    account: { ...aStatus().account, uid: "200" },
    killSwitch: aTrip(),
    symbols: [aSymbol({ symbol: "BTC/USDT:USDT" })],
  }),
});

test("the merged status has every position, the first as `position`, and each strategy's own", () => {
  const merged = legacyMerged(aView(aStrategy(), other));
  expect(merged).toMatchObject({
    enabled: true,
    connected: true,
    exchange_balance: 3292,
    exchange_balance_reason: null,
    position: { symbol: "SOL/USDT:USDT" },
    positions: [{ symbol: "SOL/USDT:USDT" }, { symbol: "BTC/USDT:USDT" }],
    risk_manager: {
      session_pnl: -420.8,
      kill_switch: true,
      open_positions_count: 2,
      total_orders: 8,
      initial_capital: 3200,
      drawdown_pct: 13.15,
    },
    executor_grid_state: {
      grid_positions: { "grid-atr:SOL/USDT": {}, "grid-multi-tf:BTC/USDT": {} },
      summary: { total_positions: 4, total_assets: 2, total_margin_used: 660 },
    },
    per_strategy: {
      "grid-atr": { strategy_name: "grid-atr" },
      "grid-multi-tf": { risk_manager: { kill_switch: true } },
    },
    stale: [],
    unknown: [],
  });
});

test("a silent executor is named beside what the others say, and no sum pretends to be whole", () => {
  const silent = aStrategy({ member: { name: "grid-new" }, status: undefined });
  expect(legacyMerged(aView(aStrategy(), silent))).toMatchObject({
    connected: false,
    exchange_balance: null,
    exchange_balance_reason: "grid-new has not answered yet",
    positions: [{ symbol: "SOL/USDT:USDT" }],
    stale: ["grid-new"],
    unknown: ["grid-new"],
  });
  expect(legacyMerged(aView(silent))).toMatchObject({ positions: null, executor_grid_state: null });
});

const orderRows: ReadonlyArray<[kind: string, state: string, type: string, status: string]> = [
  ["entry", "Open", "entry_limit", "open"],
  ["entry", "Unknown", "entry_limit", "unknown"],
  ["entry", "Lost", "entry_limit", "expired"],
  ["sl_global", "Filled", "sl", "closed"],
  ["tp_global", "Filled", "tp", "closed"],
  ["signal_exit", "Canceled", "close", "canceled"],
  ["unprotected", "Rejected", "emergency_close", "rejected"],
];

for (const [kind, state, type, status] of orderRows) {
  test(`an order of kind ${kind} that is ${state} is ${type}, ${status}`, () => {
    const { orders } = executorOrders.parse({ orders: [anOrder({ kind, state })] });
    expect(legacyOrders(aView(aStrategy({ orders })), 50)).toMatchObject({
      count: 1,
      orders: [{ order_type: type, status, context: kind }],
    });
  });
}

test("an order record has the old fields", () => {
  const view = aView(aStrategy({ orders: [anOrder({ averagePrice: null, limit: null })] }));
  expect(legacyOrders(view, 50).orders[0]).toEqual({
    timestamp: "2021-12-04T05:00:00.000Z",
    order_type: "entry_limit",
    symbol: "SOL/USDT:USDT",
    side: "buy",
    quantity: 10,
    filled: 10,
    average_price: null,
    price: null,
    level: 0,
    fee: 0.2,
    order_id: "ga-1-1",
    status: "closed",
    strategy_name: "grid-atr",
    context: "entry",
    paper_price: null,
  });
});

test("the live update marks grids as live, in spot symbols, with one price a symbol", () => {
  const later = aStrategy({
    member: { name: "later" },
    status: aStatus({
      strategy: "later",
      symbols: [aSymbol({ cycle: null, price: "101", priceAt: NOW + 1 })],
    }),
  });
  const paper = aStrategy({
    member: { name: "paper", liveEligible: false, executorUrl: undefined, conditions: [] },
    status: undefined,
  });
  expect(legacyUpdate(aView(later, aStrategy(), paper))).toMatchObject({
    type: "update",
    kill_switch: false,
    strategies: {
      "grid-atr": { is_active: true, status: "Trading" },
      paper: { enabled: true, live_eligible: false, is_active: false, status: null },
    },
    grid_state: {
      grid_positions: { "grid-atr:SOL/USDT": { symbol: "SOL/USDT", source: "live" } },
    },
    executor: { enabled: true },
    prices: { "SOL/USDT": { last: 101, change_pct: null } },
    simulator_positions: [],
    ranking: [],
  });
});

test("the prices of an executor that is silent are not passed on as prices", () => {
  const stale = aStrategy({ freshness: "Stale", problem: "late" });
  expect(legacyUpdate(aView(stale)).prices).toEqual({});
});

test("without an executor the live update has no grids to show", () => {
  expect(legacyUpdate(aView())).toMatchObject({ executor: NO_EXECUTOR, grid_state: null });
});
