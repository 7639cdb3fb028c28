/** `/metrics`: the samples of the present view, and what the aggregator says about itself. */

import { Counter, Gauge, type Registry } from "prom-client";
import type { PollOutcome } from "./poll.ts";
import { gauges, type GaugeName } from "./gauges.ts";
import { gaugeNames, samplesOf } from "./samples.ts";
import type { FleetView } from "./view.ts";

export type Metrics = {
  readonly countPoll: (outcome: PollOutcome) => void;
  /** The text that Prometheus scrapes. */
  readonly expose: (view: FleetView, clients: Clients) => Promise<string>;
  readonly contentType: string;
};

/** Readers of the live data, by the way they take. */
type Clients = { readonly stream: number; readonly websocket: number };

export const createMetrics = (registry: Registry, version: string): Metrics => {
  const gaugeByName = new Map(gaugeNames.map((name) => [name, newGauge(name, registry)]));
  new Gauge({
    name: "scalp_build_info",
    help: "1; what is running.",
    labelNames: ["version", "node_version", "component"],
    registers: [registry],
  }).set({ version, node_version: process.version, component: "aggregator" }, 1);
  const polls = new Counter({
    name: "scalp_aggregator_polls_total",
    help: "Questions to executors, by whether a usable answer came.",
    labelNames: ["outcome"],
    registers: [registry],
  });
  const readers = new Gauge({
    name: "scalp_aggregator_clients",
    help: "Open connections that are sent live data.",
    labelNames: ["transport"],
    registers: [registry],
  });
  return {
    countPoll: (outcome) => polls.inc({ outcome }),
    expose: async (view, { stream, websocket }) => {
      readers.set({ transport: "stream" }, stream);
      readers.set({ transport: "websocket" }, websocket);
      for (const gauge of gaugeByName.values()) gauge.reset();
      for (const { name, labels, value } of samplesOf(view)) {
        gaugeByName.get(name)?.set(labels, value);
      }
      return registry.metrics();
    },
    contentType: registry.contentType,
  };
};

const newGauge = (name: GaugeName, registry: Registry): Gauge => {
  const { help, labels } = gauges[name];
  return new Gauge({ name, help, labelNames: [...labels], registers: [registry] });
};
