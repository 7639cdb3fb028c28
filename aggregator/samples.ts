/**
 * The fleet in numbers for Prometheus, as a pure list: which gauge, which labels, what value.
 *
 * The list is made anew for every scrape, so the series of a strategy that is gone are gone with it.
 * A fact that is not known has no sample: a gauge that says 0 would be believed. The numbers of an
 * executor that has been silent for a minute are left out too; `scalp_executor_connected` and the
 * time of its last word stay, and are what alerts are made of. No label holds an id, a price or free
 * text.
 */

import { conditionTypes, gauges, type GaugeName } from "./gauges.ts";
import { netProfit } from "./merge.ts";
import { modeOf } from "./snapshot.ts";
import { isConnected, type FleetView, type Heard, type OpenCycle, type Strategy } from "./view.ts";

export type Sample = {
  readonly name: GaugeName;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
};

export const samplesOf = ({ strategies }: FleetView): ReadonlyArray<Sample> =>
  strategies.flatMap((strategy) => [
    ...declared(strategy),
    ...(strategy.heard === undefined ? [] : reachable(strategy, strategy.heard)),
    ...(strategy.heard === undefined || strategy.freshness === "Offline"
      ? []
      : reported(strategy, strategy.heard)),
  ]);

type Add = (
  name: GaugeName,
  value: number | string | null,
  extra?: Readonly<Record<string, string>>,
) => ReadonlyArray<Sample>;

const adder =
  ({ member }: Strategy): Add =>
  (name, value, extra = {}) =>
    value === null
      ? []
      : [
          {
            name,
            labels: { namespace: member.namespace, strategy: member.name, ...extra },
            value: Number(value),
          },
        ];

const declared = (strategy: Strategy): ReadonlyArray<Sample> => {
  const add = adder(strategy);
  const { member } = strategy;
  const ready = member.conditions.find(({ type }) => type === "Ready");
  return [
    ...add("scalp_strategy_info", 1, {
      kind: member.kind,
      mode: modeOf(member),
      environment: member.environment,
      quote: quoteOf(member.symbols[0] ?? ""),
    }),
    ...add("scalp_strategy_ready", ready?.status === "True" ? 1 : 0),
    ...member.conditions
      .filter(({ type }) => conditionTypes.has(type))
      .flatMap(({ type, status }) => add("scalp_strategy_condition", 1, { type, status })),
    ...(member.executorUrl === undefined
      ? []
      : add("scalp_executor_connected", isConnected(strategy) ? 1 : 0)),
  ];
};

const reachable = (strategy: Strategy, { status }: Heard): ReadonlyArray<Sample> =>
  adder(strategy)("scalp_executor_last_update_timestamp_seconds", seconds(status.at));

const reported = (strategy: Strategy, { status }: Heard): ReadonlyArray<Sample> => {
  const add = adder(strategy);
  const quote = { quote: quoteOf(status.symbols[0]?.symbol ?? "") };
  const { killSwitch, balance, ledger } = status;
  const net = netProfit(status);
  return [
    ...add("scalp_executor_start_timestamp_seconds", seconds(status.startedAt)),
    ...add("scalp_executor_reconciled", status.reconciled ? 1 : 0),
    ...add("scalp_reconcile_last_success_timestamp_seconds", secondsOrNull(status.reconciledAt)),
    ...add("scalp_orders_unsettled", status.unsettledOrders),
    ...add("scalp_kill_switch_engaged", killSwitch.engaged ? 1 : 0, { scope: "strategy" }),
    ...add("scalp_session_pnl_quote", killSwitch.sessionPnl, quote),
    ...add("scalp_session_loss_ratio", killSwitch.lossPercent / 100),
    ...add("scalp_session_loss_limit_ratio", killSwitch.thresholdPercent / 100),
    ...add("scalp_net_profit_quote", net.kind === "Known" ? net.value : null, quote),
    ...add("scalp_fees_quote", ledger.fees, quote),
    ...add("scalp_account_equity_quote", balance?.equity ?? null, quote),
    ...add("scalp_account_available_quote", balance?.available ?? null, quote),
    ...status.symbols.flatMap((symbol) => [
      ...add("scalp_market_data_last_update_timestamp_seconds", secondsOrNull(symbol.priceAt), {
        symbol: symbol.symbol,
      }),
      ...add("scalp_grid_levels", symbol.resting.length, {
        symbol: symbol.symbol,
        state: "resting",
      }),
      ...add("scalp_grid_levels", symbol.cycle?.levels.length ?? 0, {
        symbol: symbol.symbol,
        state: "filled",
      }),
      ...add("scalp_entries_blocked", symbol.blocked === null ? 0 : 1, { symbol: symbol.symbol }),
      ...(symbol.cycle === null ? [] : position(add, symbol.symbol, symbol.price, symbol.cycle)),
    ]),
  ];
};

const position = (
  add: Add,
  symbol: string,
  price: string | null,
  cycle: OpenCycle,
): ReadonlyArray<Sample> => {
  const labels = { symbol, side: cycle.side };
  const { stop } = cycle;
  return [
    ...add("scalp_position_size_base", cycle.size, labels),
    ...add(
      "scalp_position_notional_quote",
      Number(cycle.size) * Number(cycle.averagePrice),
      labels,
    ),
    ...add("scalp_position_entry_price_quote", cycle.averagePrice, labels),
    ...add("scalp_position_mark_price_quote", price, labels),
    ...add("scalp_position_unrealized_pnl_quote", cycle.unrealizedPnl, labels),
    ...add("scalp_position_margin_quote", cycle.margin, labels),
    ...add("scalp_position_opened_timestamp_seconds", seconds(cycle.openedAt), labels),
    ...add("scalp_position_protected", stop === null ? 0 : 1, labels),
    ...(stop === null
      ? []
      : [
          ...add(
            "scalp_position_stop_confirmed_timestamp_seconds",
            seconds(stop.confirmedAt),
            labels,
          ),
          ...add("scalp_position_stop_distance_ratio", distanceRatio(stop.trigger, price), labels),
        ]),
  ];
};

/** How far the price may still go to the stop, as a share of the price. */
const distanceRatio = (trigger: string, price: string | null): number | null =>
  price === null || Number(price) === 0
    ? null
    : Math.abs(Number(trigger) - Number(price)) / Number(price);

const seconds = (ms: number): number => ms / 1_000;
const secondsOrNull = (ms: number | null): number | null => (ms === null ? null : seconds(ms));

/** `BTC/USDT:USDT` is quoted in USDT; amounts in different quotes must never be added up. */
const quoteOf = (symbol: string): string => /^[^/]+\/([A-Z0-9]+)/.exec(symbol)?.[1] ?? "unknown";

export const gaugeNames: ReadonlyArray<GaugeName> = Object.keys(gauges).filter(isGaugeName);

function isGaugeName(name: string): name is GaugeName {
  return name in gauges;
}
