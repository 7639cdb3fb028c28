/** A registry of metrics per process: passed in, never a global, so that tests can have their own. */

import { collectDefaultMetrics, Registry } from "prom-client";

/** Gauges whose names end in `_total`, which `promtool check metrics` refuses (client_js #283). */
const MISNAMED = [
  "nodejs_active_handles_total",
  "nodejs_active_requests_total",
  "nodejs_active_resources_total",
];

export const createRegistry = (): Registry => {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  for (const name of MISNAMED) registry.removeSingleMetric(name);
  return registry;
};
