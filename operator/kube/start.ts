/**
 * The operator on an API server: copies, queue and workers, put together.
 *
 * `follow` keeps the copies and runs in every replica, so that a new leader knows the world already.
 * `lead` reconciles, and runs in one. Changes that a person may wait for overtake the first look at
 * everything that there is.
 */

import type { Registry } from "prom-client";
import type { Clock, Timers } from "#base/clock.ts";
import type { Random } from "#base/random.ts";
import type { LiveStrategy } from "#crds/live-strategy.ts";
import type { KubeApi } from "#kubernetes/api.ts";
import { createController } from "#kubernetes/controller.ts";
import { createQueueMetrics } from "#kubernetes/queue-metrics.ts";
import { createReflectorMetrics } from "#kubernetes/reflector-metrics.ts";
import {
  BACKGROUND_PRIORITY,
  createWorkQueue,
  DEFAULT_PRIORITY,
  type WorkQueue,
} from "#kubernetes/work-queue.ts";
import type { Logger } from "#runtime/log.ts";
import type { StrategyEvent, WantedSpec } from "../cluster.ts";
import { createExecutorWatch } from "../executor-watch.ts";
import type { Executors } from "../executors.ts";
import { createOperatorMetrics } from "../metrics.ts";
import { createOperator, type Operator } from "../operator.ts";
import { createKubeCluster, type KubeCluster } from "./cluster.ts";
import { openRecords, type Follower, type Records } from "./records.ts";
import type { WorkloadSettings } from "./workload-settings.ts";

export type KubeOperatorDeps = {
  readonly api: KubeApi;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly log: Logger;
  readonly registry: Registry;
  readonly executors: Executors;
  readonly resolve: (strategy: LiveStrategy) => WantedSpec;
  readonly recordEvent: (strategy: LiveStrategy, event: StrategyEvent) => void;
};

export type KubeOperatorOptions = {
  /** The only namespace that is looked at; all of them where it is absent. */
  readonly namespace: string | undefined;
  readonly liveTrading: boolean;
  readonly workload: WorkloadSettings;
  readonly workers: number;
};

export type KubeOperator = {
  /** Keeps the copies up to date. Once, until the signal aborts. */
  readonly follow: (signal: AbortSignal) => Promise<void>;
  /** Reconciles until the signal aborts; what has begun is let finish. Once. */
  readonly lead: (signal: AbortSignal) => Promise<void>;
  readonly synced: () => boolean;
  readonly followers: ReadonlyArray<Follower>;
  readonly strategies: KubeCluster["strategies"];
};

const NAME = "livestrategy";
/** A reconcile is some ten requests of at most 15 s each; more means that something hangs. */
const RECONCILE_TIMEOUT_MS = 120_000;
const STRATEGIES_MAX = 100_000;

export const createKubeOperator = (
  deps: KubeOperatorDeps,
  options: KubeOperatorOptions,
): KubeOperator => {
  const { clock, timers, log, registry } = deps;
  const queueMetrics = createQueueMetrics(registry);
  const metrics = createOperatorMetrics(registry);
  const queue = createWorkQueue(
    { ...deps, metrics: queueMetrics.forQueue(NAME) },
    { name: NAME, capacity: STRATEGIES_MAX },
  );
  const records = openRecords(
    {
      ...deps,
      metrics: createReflectorMetrics(registry),
      onChange: (key, isNew) => queue.add(key, isNew ? DEFAULT_PRIORITY : BACKGROUND_PRIORITY),
      onGone: (uid) => cluster.forget(uid),
    },
    options.namespace,
  );
  const recordEvent = (strategy: LiveStrategy, event: StrategyEvent) => {
    if (event.reason === "DriftRepaired") metrics.driftRepairs.inc();
    deps.recordEvent(strategy, event);
  };
  const cluster = createKubeCluster({ ...deps, records, settings: options.workload, recordEvent });
  const watch = createExecutorWatch({ ...deps, onNews: (key) => queue.add(key) });
  metrics.observe(cluster, watch.size);
  const operator = createOperator({
    clock,
    cluster,
    askExecutor: ({ metadata: { namespace, name } }, { url }) =>
      url === undefined ? undefined : watch.word(`${namespace}/${name}`, url),
    control: watch.control,
    liveTrading: options.liveTrading,
    resolve: deps.resolve,
    log,
  });
  const controller = createController(
    {
      queue,
      clock,
      timers,
      log,
      metrics: queueMetrics.forController(NAME, options.workers),
    },
    {
      name: NAME,
      workers: options.workers,
      timeoutMs: RECONCILE_TIMEOUT_MS,
      reconcile: (key) => reconcile(cluster, operator, key),
    },
  );
  return {
    follow: async (signal) => {
      await Promise.all(records.reflectors.map((one) => one.run(signal)));
    },
    lead: async (signal) => {
      await untilSynced(records, signal);
      if (signal.aborted) return queue.shutDown();
      enqueueAll(records, queue);
      await Promise.all([controller.run(signal), watch.run(signal)]);
    },
    synced: () => records.reflectors.every((one) => one.synced()),
    followers: records.reflectors,
    strategies: cluster.strategies,
  };
};

const reconcile = async (cluster: KubeCluster, operator: Operator, key: string) =>
  (await cluster.reportUnreadable(key)) ? {} : operator.reconcile(key);

const untilSynced = async ({ reflectors }: Records, signal: AbortSignal): Promise<void> => {
  await Promise.all(reflectors.map((one) => one.untilSynced(signal)));
};

/** What changed before we led was queued by the copies as well; this loses nothing of it. */
const enqueueAll = ({ strategies }: Records, queue: WorkQueue): void => {
  for (const key of strategies.store.keys()) queue.add(key, BACKGROUND_PRIORITY);
};
