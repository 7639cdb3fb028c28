import { expect, test } from "@jest/globals";
import { samplesOf, type Sample } from "./samples.ts";
import { gauges, type GaugeName } from "./gauges.ts";
import { aCycle, aStatus, aStrategy, aSymbol, aTrip, aView, NOW } from "./testing/fixtures.ts";
import type { Strategy } from "./view.ts";

const samples = (...strategies: ReadonlyArray<Strategy>) => samplesOf(aView(...strategies));
const find = (all: ReadonlyArray<Sample>, name: GaugeName) =>
  all.filter((sample) => sample.name === name);

const own = { namespace: "trading", strategy: "grid-atr" };
const sol = { ...own, symbol: "SOL/USDT:USDT" };
const solLong = { ...sol, side: "long" };
const usdt = { ...own, quote: "USDT" };

const rows: ReadonlyArray<[name: GaugeName, labels: Sample["labels"], value: number]> = [
  [
    "scalp_strategy_info",
    { ...own, kind: "grid_atr", mode: "Live", environment: "Emulator", quote: "USDT" },
    1,
  ],
  ["scalp_strategy_ready", own, 1],
  ["scalp_strategy_condition", { ...own, type: "Ready", status: "True" }, 1],
  ["scalp_executor_connected", own, 1],
  ["scalp_executor_reconciled", own, 1],
  ["scalp_executor_start_timestamp_seconds", own, (NOW - 7_200_000) / 1_000],
  ["scalp_executor_last_update_timestamp_seconds", own, NOW / 1_000],
  ["scalp_reconcile_last_success_timestamp_seconds", own, (NOW - 60_000) / 1_000],
  ["scalp_market_data_last_update_timestamp_seconds", sol, (NOW - 500) / 1_000],
  ["scalp_orders_unsettled", own, 1],
  ["scalp_entries_blocked", sol, 0],
  ["scalp_grid_levels", { ...sol, state: "filled" }, 2],
  ["scalp_grid_levels", { ...sol, state: "resting" }, 0],
  ["scalp_position_size_base", solLong, 20],
  ["scalp_position_notional_quote", solLong, 1_980],
  ["scalp_position_entry_price_quote", solLong, 99],
  ["scalp_position_mark_price_quote", solLong, 100],
  ["scalp_position_unrealized_pnl_quote", solLong, 20],
  ["scalp_position_margin_quote", solLong, 330],
  ["scalp_position_opened_timestamp_seconds", solLong, (NOW - 5_400_000) / 1_000],
  ["scalp_position_protected", solLong, 1],
  ["scalp_position_stop_confirmed_timestamp_seconds", solLong, (NOW - 2_000) / 1_000],
  ["scalp_position_stop_distance_ratio", solLong, 0.208],
  ["scalp_net_profit_quote", usdt, -3.2],
  ["scalp_fees_quote", usdt, 0.7],
  ["scalp_session_pnl_quote", usdt, -3.2],
  ["scalp_session_loss_ratio", own, 0.002],
  ["scalp_session_loss_limit_ratio", own, 0.25],
  ["scalp_kill_switch_engaged", { ...own, scope: "strategy" }, 0],
  ["scalp_account_equity_quote", usdt, 1_646],
  ["scalp_account_available_quote", usdt, 1_316],
];

for (const [name, labels, value] of rows) {
  test(`${name} ${JSON.stringify(Object.values(labels).slice(2))} is ${value}`, () => {
    expect(samples(aStrategy())).toContainEqual({
      name,
      labels,
      value: expect.closeTo(value, 9),
    });
  });
}

test("every gauge has a sample in some state of a healthy strategy, and only its own labels", () => {
  const all = samples(aStrategy());
  expect([...new Set(all.map(({ name }) => name))].toSorted()).toEqual(
    Object.keys(gauges).toSorted(),
  );
  for (const { name, labels } of all) {
    expect(Object.keys(labels).toSorted()).toEqual([...gauges[name].labels].toSorted());
  }
});

test("a position without a confirmed stop is not protected and has no stop to measure", () => {
  const naked = aSymbol({ cycle: aCycle({ stop: null }) });
  const all = samples(aStrategy({ status: aStatus({ symbols: [naked] }) }));
  expect(find(all, "scalp_position_protected")).toMatchObject([{ value: 0 }]);
  expect(find(all, "scalp_position_stop_distance_ratio")).toEqual([]);
});

test("what is not known has no sample", () => {
  const blind = aSymbol({ price: null, priceAt: null, cycle: aCycle({ unrealizedPnl: null }) });
  const all = samples(aStrategy({ status: aStatus({ balance: null, symbols: [blind] }) }));
  for (const name of [
    "scalp_account_equity_quote",
    "scalp_position_mark_price_quote",
    "scalp_position_unrealized_pnl_quote",
    "scalp_market_data_last_update_timestamp_seconds",
  ] as const) {
    expect(find(all, name)).toEqual([]);
  }
});

test("a kill switch and its loss are seen", () => {
  const all = samples(aStrategy({ status: aStatus({ killSwitch: aTrip() }) }));
  expect(find(all, "scalp_kill_switch_engaged")).toMatchObject([{ value: 1 }]);
  expect(find(all, "scalp_session_loss_ratio")[0]?.value).toBeCloseTo(0.261, 9);
});

test("a stale executor is not connected; its last numbers stay for a minute", () => {
  const all = samples(aStrategy({ freshness: "Stale", problem: "late" }));
  expect(find(all, "scalp_executor_connected")).toMatchObject([{ value: 0 }]);
  expect(find(all, "scalp_position_size_base")).toHaveLength(1);
});

test("an executor that is offline leaves its connection and the time of its last word", () => {
  const all = samples(aStrategy({ freshness: "Offline", problem: "gone" }));
  expect(all.map(({ name }) => name)).toEqual([
    "scalp_strategy_info",
    "scalp_strategy_ready",
    "scalp_strategy_condition",
    "scalp_executor_connected",
    "scalp_executor_last_update_timestamp_seconds",
  ]);
});

test("a paper strategy has no executor to be connected or not", () => {
  const paper = { liveEligible: false, executorUrl: undefined };
  const all = samples(aStrategy({ member: paper, status: undefined }));
  expect(find(all, "scalp_executor_connected")).toEqual([]);
  expect(find(all, "scalp_strategy_info")).toMatchObject([{ labels: { mode: "Paper" } }]);
});

test("conditions that nobody has agreed on make no labels", () => {
  const odd = { type: "order-4711", status: "True", reason: "", message: "" } as const;
  expect(
    find(samples(aStrategy({ member: { conditions: [odd] } })), "scalp_strategy_condition"),
  ).toEqual([]);
});
