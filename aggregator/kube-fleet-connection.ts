/**
 * From the environment to the fleet of a cluster that is followed: as the pod's own service account,
 * or as a kubeconfig says.
 */

import type { Registry } from "prom-client";
import { ok, type Result } from "#base/result.ts";
import { createHttpApi } from "#kubernetes/http/client.ts";
import { createConnection, type Server } from "#kubernetes/http/connection.ts";
import { loadInCluster } from "#kubernetes/http/in-cluster.ts";
import { kubeconfigPaths } from "#kubernetes/http/kubeconfig-files.ts";
import { loadKubeconfig } from "#kubernetes/http/kubeconfig.ts";
import { createRequestMetrics } from "#kubernetes/metrics.ts";
import { createReflectorMetrics } from "#kubernetes/reflector-metrics.ts";
import { systemClock } from "#runtime/clock.ts";
import type { Env } from "#runtime/env.ts";
import type { Logger } from "#runtime/log.ts";
import { createRegistry } from "#runtime/metrics.ts";
import { systemRandom } from "#runtime/random.ts";
import { createKubeFleet, type KubeFleet } from "./kube-fleet.ts";

export type FollowedFleet = {
  readonly fleet: KubeFleet;
  /** What the client and the copy tell about themselves. */
  readonly registry: Registry;
  /** Follows no more, and has no connection when it resolves. */
  readonly close: () => Promise<void>;
};

/** A person waits for a reset, two of these, and their browser for ten seconds. */
const RESET_TIMEOUT_MS = 4_000;

const machine = { clock: systemClock, timers: systemClock, random: systemRandom };

/** `watched`: the namespace whose strategies are shown, `*` for all; our own where absent. */
export const followCluster = async (
  { env, log }: { readonly env: Env; readonly log: Logger },
  watched: string | undefined,
): Promise<Result<FollowedFleet, string>> => {
  const server = await serverOf(env);
  if (!server.ok) return server;
  const registry = createRegistry();
  const metrics = createRequestMetrics(registry, new URL(server.value.url).host);
  const connection = createConnection({ metrics }, server.value);
  if (!connection.ok) return connection;
  const deps = { ...machine, metrics };
  const component = "aggregator";
  const { list, watch } = createHttpApi(deps, connection.value, { component });
  const { get, patchMerge } = createHttpApi(deps, connection.value, {
    component,
    timeoutMs: RESET_TIMEOUT_MS,
  });
  const namespace = watched ?? server.value.namespace ?? "default";
  const fleet = createKubeFleet(
    {
      ...machine,
      log,
      api: { get, list, patchMerge, watch },
      metrics: createReflectorMetrics(registry),
    },
    { namespace: namespace === "*" ? undefined : namespace },
  );
  const ending = new AbortController();
  const following = fleet.run(ending.signal);
  return ok({
    fleet,
    registry,
    close: async () => {
      ending.abort();
      await following;
      await connection.value.close();
    },
  });
};

const serverOf = (env: Env): Promise<Result<Server, string>> =>
  env["KUBECONFIG"] === undefined
    ? loadInCluster(machine, env)
    : loadKubeconfig(machine, { paths: kubeconfigPaths(env) });
