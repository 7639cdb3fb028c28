/** What the operator counts of its own; requests, queue and reflectors are counted where they are. */

import { Counter, Gauge, type Registry } from "prom-client";
import type { Cluster } from "./cluster.ts";
import { isPaused } from "./observed.ts";
import { conditionReasons } from "./reasons.ts";

export type OperatorMetrics = {
  readonly driftRepairs: Counter;
  /** Reads the fleet whenever metrics are read. */
  readonly observe: (fleet: Pick<Cluster, "strategies">, executorsFollowed: () => number) => void;
};

export const createOperatorMetrics = (registry: Registry): OperatorMetrics => {
  const registers = [registry];
  const driftRepairs = new Counter({
    name: "operator_drift_repairs_total",
    help: "Children of strategies that somebody had changed and that were put right.",
    registers,
  });
  return {
    driftRepairs,
    observe: (fleet, executorsFollowed) => {
      gauge(registry, "operator_executors_followed", {
        help: "Executors that are asked for their status every two seconds.",
        read: executorsFollowed,
      });
      gauge(registry, "operator_strategies_paused", {
        help: "LiveStrategies whose annotation scalpradar.io/paused is true.",
        read: () => fleet.strategies().filter(isPaused).length,
      });
      gauge(registry, "operator_strategies_sharing_account", {
        help: "LiveStrategies that share an exchange account, and with it its rate limit.",
        read: () =>
          fleet.strategies().filter(({ status }) => status?.account?.sharedWith?.length).length,
      });
      countByReason(registry, fleet);
    },
  };
};

const gauge = (
  registry: Registry,
  name: string,
  { help, read }: { readonly help: string; readonly read: () => number },
): void => {
  const made: Gauge = new Gauge({
    name,
    help,
    registers: [registry],
    collect: () => made.set(read()),
  });
};

/** Labels are the closed list of reasons, so that the number of series is bounded. */
const countByReason = (registry: Registry, fleet: Pick<Cluster, "strategies">): void => {
  const made: Gauge<"reason"> = new Gauge({
    name: "operator_strategies",
    help: "LiveStrategies by the reason of their condition Ready.",
    labelNames: ["reason"],
    registers: [registry],
    collect: () => {
      for (const reason of Object.keys(conditionReasons)) made.set({ reason }, 0);
      for (const { status } of fleet.strategies()) {
        const ready = status?.conditions?.find(({ type }) => type === "Ready");
        if (ready !== undefined) made.inc({ reason: ready.reason });
      }
    },
  });
};
