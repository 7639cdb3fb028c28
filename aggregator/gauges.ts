/**
 * The gauges that the aggregator exposes: what each says, and its closed set of labels.
 *
 * Money carries the `quote` currency; what belongs to one position carries symbol and side. The
 * account's gauges stand under every strategy that trades on it: with shared keys they repeat, so sum
 * them over accounts and never over strategies.
 */

type Gauge = { readonly help: string; readonly labels: ReadonlyArray<string> };

const strategy = ["namespace", "strategy"];
const symbol = [...strategy, "symbol"];
const position = [...symbol, "side"];
const money = [...strategy, "quote"];

export const gauges = {
  scalp_strategy_info: {
    help: "1 for every declared strategy; joins its facts onto other series.",
    labels: [...strategy, "kind", "mode", "environment", "quote"],
  },
  scalp_strategy_ready: {
    help: "1 while the condition Ready of the strategy is True.",
    labels: strategy,
  },
  scalp_strategy_condition: {
    help: "1 for the present status of each condition of the strategy.",
    labels: [...strategy, "type", "status"],
  },
  scalp_executor_connected: {
    help: "1 while the executor answers and says that it is connected to its exchange.",
    labels: strategy,
  },
  scalp_executor_reconciled: {
    help: "1 once the executor has asked the exchange about everything that was in doubt.",
    labels: strategy,
  },
  scalp_executor_start_timestamp_seconds: {
    help: "When the executor process started.",
    labels: strategy,
  },
  scalp_executor_last_update_timestamp_seconds: {
    help: "The instant of the executor's last status that reached us.",
    labels: strategy,
  },
  scalp_reconcile_last_success_timestamp_seconds: {
    help: "When the executor last agreed with the exchange about its orders and positions.",
    labels: strategy,
  },
  scalp_market_data_last_update_timestamp_seconds: {
    help: "When the executor last received a price of the symbol.",
    labels: symbol,
  },
  scalp_orders_unsettled: {
    help: "Orders that are alive or whose outcome is not known yet.",
    labels: strategy,
  },
  scalp_entries_blocked: {
    help: "1 while no entry may be sent for the symbol; the page and the API say why.",
    labels: symbol,
  },
  scalp_grid_levels: {
    help: "Levels of the symbol's grid that are filled, and entry orders that rest.",
    labels: [...symbol, "state"],
  },
  scalp_position_size_base: { help: "Size of the open position.", labels: position },
  scalp_position_notional_quote: {
    help: "Size of the open position times its average entry price.",
    labels: position,
  },
  scalp_position_entry_price_quote: { help: "Average entry price.", labels: position },
  scalp_position_mark_price_quote: {
    help: "Last price that the executor has for the symbol.",
    labels: position,
  },
  scalp_position_unrealized_pnl_quote: {
    help: "Profit of the open position at the last price, before fees.",
    labels: position,
  },
  scalp_position_margin_quote: { help: "Margin that the position binds.", labels: position },
  scalp_position_opened_timestamp_seconds: {
    help: "When the first level of the position was filled.",
    labels: position,
  },
  scalp_position_protected: {
    help: "1 while the exchange shows a stop that covers the position.",
    labels: position,
  },
  scalp_position_stop_confirmed_timestamp_seconds: {
    help: "When the exchange last showed the position's stop.",
    labels: position,
  },
  scalp_position_stop_distance_ratio: {
    help: "Distance from the last price to the confirmed stop, as a share of the price.",
    labels: position,
  },
  scalp_net_profit_quote: {
    help: "Realised profit after fees since the executor's first boot, from its ledger.",
    labels: money,
  },
  scalp_fees_quote: {
    help: "Fees since the executor's first boot, from its ledger.",
    labels: money,
  },
  scalp_session_pnl_quote: {
    help: "Realised profit of the present UTC day, which the kill switch judges.",
    labels: money,
  },
  scalp_session_loss_ratio: {
    help: "Realised loss of the present UTC day as a share of the day's base capital.",
    labels: strategy,
  },
  scalp_session_loss_limit_ratio: {
    help: "The session loss at which the kill switch engages.",
    labels: strategy,
  },
  scalp_kill_switch_engaged: {
    help: "1 while the kill switch keeps the strategy from opening positions.",
    labels: [...strategy, "scope"],
  },
  scalp_account_equity_quote: {
    help: "Equity of the exchange account that the strategy trades on.",
    labels: money,
  },
  scalp_account_available_quote: {
    help: "Free margin of the exchange account that the strategy trades on.",
    labels: money,
  },
} as const satisfies Readonly<Record<string, Gauge>>;

export type GaugeName = keyof typeof gauges;

/** The conditions that a strategy can have; others would be labels that nobody has agreed on. */
export const conditionTypes: ReadonlySet<string> = new Set([
  "Ready",
  "Reconciling",
  "Stalled",
  "Connected",
  "Protected",
  "Reconciled",
  "KillSwitchEngaged",
  "AccountConflict",
]);
