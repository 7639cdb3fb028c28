/**
 * What an executor counts about itself. What it holds and earns is in its status, which the
 * aggregator exports for the whole fleet; here is what only this process knows.
 *
 * Labels take values from closed unions only; an id or a price in a label would give every order its
 * own time series.
 */

import { Counter, Gauge, Histogram, type Registry } from "prom-client";

export type ExecutorMetrics = ReturnType<typeof createExecutorMetrics>;

export const createExecutorMetrics = (registry: Registry) => {
  const registers = [registry];
  return {
    eventsTotal: new Counter({
      name: "executor_events_total",
      help: "Events that changed the engine's state and were journaled.",
      labelNames: ["kind"],
      registers,
    }),
    ordersTotal: new Counter({
      name: "executor_orders_total",
      help: "Orders sent, by role and by how the exchange answered.",
      labelNames: ["role", "outcome"],
      registers,
    }),
    protectionsTotal: new Counter({
      name: "executor_protection_requests_total",
      help: "Stops and take-profits placed, moved or canceled, by how the exchange answered.",
      labelNames: ["outcome"],
      registers,
    }),
    alertsTotal: new Counter({
      name: "executor_alerts_total",
      help: "What the engine found worth a person's attention, by reason.",
      labelNames: ["reason"],
      registers,
    }),
    unknownReadsTotal: new Counter({
      name: "executor_unknown_reads_total",
      help: "Reads of the exchange that told nothing, by what was asked.",
      labelNames: ["read"],
      registers,
    }),
    journalSyncDuration: new Histogram({
      name: "executor_journal_sync_duration_seconds",
      help: "Time until a group of events was durable; no order leaves before that.",
      // A disk is good below 10 ms; beyond a second the order it holds up is stale.
      buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5],
      registers,
    }),
    candleToOrderDuration: new Histogram({
      name: "executor_candle_to_order_duration_seconds",
      help: "From the push that ends a candle to the first order request that follows from it, in seconds of the machine whatever the session's speed; the wait for a place in the rate budget is not in it.",
      labelNames: ["request"],
      // Most of it is reads of the exchange, two round trips; beyond a second entries are late.
      buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5],
      registers,
    }),
    inboxSize: new Gauge({
      name: "executor_inbox_events",
      help: "Events that wait for the engine.",
      registers,
    }),
  };
};
