/**
 * The operator against a real API server, in the process of the test: real client, real copies, real
 * queue, the machine's clock. Executors are whatever the test says they answer.
 */

import { err } from "#base/result.ts";
import { unknown } from "#base/fact.ts";
import { resolveExecutorSpec, type ExchangeUrls } from "#crds/resolve.ts";
import type { Clock, Timers } from "#base/clock.ts";
import type { KubeApi } from "#kubernetes/api.ts";
import { createEventRecorder } from "#kubernetes/event-recorder.ts";
import { createHttpApi } from "#kubernetes/http/client.ts";
import { createConnection } from "#kubernetes/http/connection.ts";
import { loadKubeconfig } from "#kubernetes/http/kubeconfig.ts";
import { createRequestMetrics } from "#kubernetes/metrics.ts";
import type { StrategyEvent } from "#operator/cluster.ts";
import type { Executors } from "#operator/executors.ts";
import { createKubeOperator, type KubeOperator } from "#operator/kube/start.ts";
import { DEFAULT_RESOURCES, type WorkloadSettings } from "#operator/kube/workload-settings.ts";
import { loadFleetConfig } from "#operator/local/manifests.ts";
import { systemClock } from "#runtime/clock.ts";
import { silentLogger, type Logger } from "#runtime/log.ts";
import { createRegistry } from "#runtime/metrics.ts";
import { systemRandom } from "#runtime/random.ts";
import type { ControlPlane } from "./control-plane.ts";

export const settings: WorkloadSettings = {
  image: "scalp-radar:test",
  imagePullPolicy: "IfNotPresent",
  imagePullSecrets: [],
  serviceAccountName: "default",
  tokenSecret: "scalp-executor-token",
  defaultCredentialsSecret: "scalp-default-credentials",
  resources: DEFAULT_RESOURCES,
};

export type OperatorOptions = {
  /** A bearer token; the administrator's where absent. */
  readonly token?: string;
  readonly namespace?: string;
  readonly liveTrading?: boolean;
  readonly executors?: Executors;
  readonly workers?: number;
  readonly log?: Logger;
  /** Stands between the operator and the server. */
  readonly around?: (api: KubeApi) => KubeApi;
  /** The operator's own; its requests are timed by the machine's. */
  readonly clock?: Clock & Timers;
  readonly workload?: Partial<WorkloadSettings>;
  readonly emulator?: ExchangeUrls;
  /** Events go to the server as well; those are writes. */
  readonly writesEvents?: boolean;
};

export type RunningOperator = {
  readonly operator: KubeOperator;
  readonly api: KubeApi;
  readonly registry: ReturnType<typeof createRegistry>;
  readonly events: ReadonlyArray<{ readonly name: string } & StrategyEvent>;
  readonly stop: () => Promise<void>;
};

/** Nobody answers: there are no pods. */
export const noExecutors: Executors = {
  status: () => Promise.resolve(unknown("it does not answer")),
  control: () => Promise.resolve(err("it does not answer")),
};

/** Where nobody listens: what executors are told of it is all that counts here. */
export const emulator = {
  restUrl: "http://emulator.trading.svc:8099",
  publicStreamUrl: "ws://emulator.trading.svc:8099/v2/ws/public",
  privateStreamUrl: "ws://emulator.trading.svc:8099/v2/ws/private",
};

/** The product's own client, as the operator uses it. */
export const connect = async (plane: ControlPlane, token?: string, component = "operator") => {
  const server = await loadKubeconfig(
    { clock: systemClock, timers: systemClock },
    { paths: [plane.kubeconfig(token)] },
  );
  if (!server.ok) throw new Error(server.error);
  const registry = createRegistry();
  const metrics = createRequestMetrics(registry, new URL(plane.url).host);
  const connection = createConnection({ metrics }, server.value);
  if (!connection.ok) throw new Error(connection.error);
  const deps = { clock: systemClock, timers: systemClock, metrics };
  const api = createHttpApi(deps, connection.value, { component });
  return { api, registry, close: connection.value.close };
};

export const startOperator = async (
  plane: ControlPlane,
  options: OperatorOptions = {},
): Promise<RunningOperator> => {
  const { api, registry, close } = await connect(plane, options.token);
  const fleet = loadFleetConfig("config");
  if (!fleet.ok) throw new Error(fleet.error.join("\n"));
  const events: ({ readonly name: string } & StrategyEvent)[] = [];
  const log = options.log ?? silentLogger;
  const recorder = createEventRecorder(
    { api, clock: systemClock, timers: systemClock, random: systemRandom, log },
    { controller: "scalpradar.io/operator", instance: "operator-1" },
  );
  const operator = createKubeOperator(
    {
      api: options.around?.(api) ?? api,
      clock: options.clock ?? systemClock,
      timers: options.clock ?? systemClock,
      random: systemRandom,
      log,
      registry,
      executors: options.executors ?? noExecutors,
      resolve: (strategy) => {
        const resolved = resolveExecutorSpec(strategy, fleet.value, {
          emulator: options.emulator ?? emulator,
        });
        return resolved.ok ? resolved : err(resolved.error.map(({ words }) => words).join("; "));
      },
      recordEvent: (strategy, event) => {
        events.push({ name: strategy.metadata.name, ...event });
        if (options.writesEvents) recorder.record(strategy, { ...event, action: "Reconcile" });
      },
    },
    {
      namespace: options.namespace,
      liveTrading: options.liveTrading ?? false,
      workload: { ...settings, ...options.workload },
      workers: options.workers ?? 16,
    },
  );
  const controller = new AbortController();
  const running = [operator.follow, operator.lead, recorder.run].map((run) =>
    run(controller.signal),
  );
  return {
    operator,
    api,
    registry,
    events,
    stop: async () => {
      controller.abort();
      await Promise.all(running);
      await close();
    },
  };
};

/** A LiveStrategy on the emulator, which needs no switch. */
export const manifestOf = (name: string, change: Readonly<Record<string, unknown>> = {}) => ({
  apiVersion: "scalpradar.io/v1alpha1",
  kind: "LiveStrategy",
  metadata: { name, namespace: "trading" },
  spec: {
    liveEligible: true,
    strategy: { kind: "grid_atr", gridAtr: {} },
    timeframe: "1h",
    leverage: 5,
    assets: [{ symbol: "BTC/USDT:USDT" }],
    exchange: { id: "bitget", environment: "Emulator" },
    ...change,
  },
});
