/**
 * A replica as a process of its own, so that it can be killed: node elector-process.ts KUBECONFIG
 * IDENTITY. It says on stdout when it leads, ends in order on SIGTERM, and exits with 1 when it has
 * lost the lead. Times are shorter than usual.
 */

import { Registry } from "prom-client";
import { createHttpApi } from "#kubernetes/http/client.ts";
import { createConnection } from "#kubernetes/http/connection.ts";
import { loadKubeconfig } from "#kubernetes/http/kubeconfig.ts";
import { createLeaderElector, createLeaderMetrics } from "#kubernetes/leader-election.ts";
import { createRequestMetrics } from "#kubernetes/metrics.ts";
import { systemClock } from "#runtime/clock.ts";
import { silentLogger } from "#runtime/log.ts";
import { systemRandom } from "#runtime/random.ts";

export type Said = "leads" | "ends";

const say = (word: Said) => process.stdout.write(`${word}\n`);

const [, , kubeconfig = "", identity = ""] = process.argv;
const deps = { clock: systemClock, timers: systemClock };
const server = await loadKubeconfig(deps, { paths: [kubeconfig] });
if (!server.ok) throw new Error(server.error);
const registry = new Registry();
const metrics = createRequestMetrics(registry, new URL(server.value.url).host);
const connection = createConnection({ metrics }, server.value);
if (!connection.ok) throw new Error(connection.error);
const api = createHttpApi({ ...deps, metrics }, connection.value, { component: "elector" });

const elector = createLeaderElector(
  {
    ...deps,
    api,
    random: systemRandom,
    log: silentLogger,
    metrics: createLeaderMetrics(registry, "elector"),
  },
  {
    lease: { namespace: "default", name: "elector" },
    identity,
    fieldManager: "elector-test",
    leaseDurationMs: 6_000,
    renewDeadlineMs: 4_500,
    retryMs: 800,
  },
);
const stop = new AbortController();
process.once("SIGTERM", () => stop.abort());
const end = await elector.run(async (signal) => {
  say("leads");
  await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
  say("ends");
}, stop.signal);
await connection.value.close();
process.exit(end === "Lost" ? 1 : 0);
