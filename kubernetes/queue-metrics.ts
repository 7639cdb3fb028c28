/**
 * What work queues and controllers report, under controller-runtime's names, so that the dashboards
 * and alerts that people have for other operators show ours too.
 *
 * Every series exists from the start, at 0: a rate over a counter that appears with its first failure
 * does not see that failure. Ages of running work are computed when they are read.
 */

import { Counter, Gauge, Histogram, type Registry } from "prom-client";
import type { WorkQueueMetrics } from "./work-queue.ts";

export type QueueMetrics = {
  readonly forQueue: (name: string) => WorkQueueMetrics;
  readonly forController: (name: string, workers: number) => ControllerMetrics;
};

export type ReconcileOutcome = "success" | "error" | "requeue_after";

export type ControllerMetrics = {
  readonly started: () => void;
  /** It was told to stop; that is an error at once, whenever it ends. */
  readonly timedOut: () => void;
  readonly concluded: (outcome: ReconcileOutcome) => void;
  readonly ended: (ms: number) => void;
};

const OUTCOMES: ReadonlyArray<ReconcileOutcome> = ["success", "error", "requeue_after"];

/** From what a cache answers to what a request's deadline and a backoff leave waiting. */
const WAIT_BUCKETS = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 60, 300];
/** Fine where a reconcile of a few requests lies, up to the longest that one may take. */
const WORK_BUCKETS = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

export const createQueueMetrics = (registry: Registry): QueueMetrics => {
  const queues = queueSeries(registry);
  const controllers = controllerSeries(registry);
  return {
    forQueue: (name) => metricsOfQueue(queues, name),
    forController: (name, workers) => metricsOfController(controllers, name, workers),
  };
};

const queueSeries = (registry: Registry) => {
  const common = { labelNames: ["name", "controller"] as const, registers: [registry] };
  const workedMsByQueue = new Map<string, () => ReadonlyArray<number>>();
  /** A gauge over the ages of what is being worked on, in seconds. */
  const ageGauge = (name: string, help: string, of: (ms: ReadonlyArray<number>) => number) => {
    const collect = () => {
      for (const [queue, workedMs] of workedMsByQueue) {
        gauge.set({ name: queue, controller: queue }, of(workedMs()) / 1_000);
      }
    };
    const gauge = new Gauge({ ...common, name, help, collect });
  };
  ageGauge(
    "workqueue_unfinished_work_seconds",
    "How long all keys that are worked on now have been, together. Growth means stuck workers.",
    (ms) => ms.reduce((sum, one) => sum + one, 0),
  );
  ageGauge(
    "workqueue_longest_running_processor_seconds",
    "How long the key that has been worked on longest has been.",
    (ms) => Math.max(0, ...ms),
  );
  return {
    workedMsByQueue,
    depth: new Gauge({
      ...common,
      name: "workqueue_depth",
      help: "Keys that are due and not worked on, or due again.",
    }),
    adds: new Counter({
      ...common,
      name: "workqueue_adds_total",
      help: "How often a key became due that was not.",
    }),
    retries: new Counter({
      ...common,
      name: "workqueue_retries_total",
      help: "Adds with a delay: retries after failures, and later looks that were asked for.",
    }),
    wait: new Histogram({
      ...common,
      name: "workqueue_queue_duration_seconds",
      help: "How long a key was due before it was handed out.",
      buckets: WAIT_BUCKETS,
    }),
    work: new Histogram({
      ...common,
      name: "workqueue_work_duration_seconds",
      help: "How long a key was worked on.",
      buckets: WORK_BUCKETS,
    }),
  };
};

const metricsOfQueue = (
  { depth, adds, retries, wait, work, workedMsByQueue }: ReturnType<typeof queueSeries>,
  name: string,
): WorkQueueMetrics => {
  const labels = { name, controller: name };
  depth.set(labels, 0);
  adds.inc(labels, 0);
  retries.inc(labels, 0);
  wait.zero(labels);
  work.zero(labels);
  return {
    added: () => {
      adds.inc(labels);
      depth.inc(labels);
    },
    delayed: () => retries.inc(labels),
    handedOut: (waitedMs) => {
      depth.dec(labels);
      wait.observe(labels, waitedMs / 1_000);
    },
    finished: (workedMs) => work.observe(labels, workedMs / 1_000),
    observe: (workedMs) => void workedMsByQueue.set(name, workedMs),
  };
};

const controllerSeries = (registry: Registry) => {
  const common = { labelNames: ["controller"] as const, registers: [registry] };
  return {
    total: new Counter({
      name: "controller_runtime_reconcile_total",
      help: "Reconciles, by how they went.",
      labelNames: ["controller", "result"] as const,
      registers: [registry],
    }),
    errors: new Counter({
      ...common,
      name: "controller_runtime_reconcile_errors_total",
      help: "Reconciles that threw or took too long.",
    }),
    timeouts: new Counter({
      ...common,
      name: "controller_runtime_reconcile_timeouts_total",
      help: "Reconciles that were told to stop because they took too long.",
    }),
    time: new Histogram({
      ...common,
      name: "controller_runtime_reconcile_time_seconds",
      help: "How long a reconcile took.",
      buckets: WORK_BUCKETS,
    }),
    workers: new Gauge({
      ...common,
      name: "controller_runtime_max_concurrent_reconciles",
      help: "How many keys may be reconciled at a time.",
    }),
    active: new Gauge({
      ...common,
      name: "controller_runtime_active_workers",
      help: "How many keys are being reconciled.",
    }),
  };
};

const metricsOfController = (
  { total, errors, timeouts, time, workers, active }: ReturnType<typeof controllerSeries>,
  controller: string,
  concurrency: number,
): ControllerMetrics => {
  const labels = { controller };
  for (const result of OUTCOMES) total.inc({ controller, result }, 0);
  errors.inc(labels, 0);
  timeouts.inc(labels, 0);
  time.zero(labels);
  workers.set(labels, concurrency);
  active.set(labels, 0);
  return {
    started: () => active.inc(labels),
    timedOut: () => timeouts.inc(labels),
    concluded: (result) => {
      total.inc({ controller, result });
      if (result === "error") errors.inc(labels);
    },
    ended: (ms) => {
      active.dec(labels);
      time.observe(labels, ms / 1_000);
    },
  };
};
