/**
 * Workers that take keys from a queue and reconcile them: one key at most once at a time.
 *
 * A reconcile that throws is retried by the queue, with backoff, and logged here, once. One that takes
 * too long is told to stop and is an error at once; but its key is not handed out again before it has
 * really ended, since two reconciles of one key would overwrite each other's work.
 *
 * When the signal of `run` aborts, nothing is begun any more and what runs is let finish. How long it
 * may take is bounded by the timeout for those that heed their signal; who must not wait for the
 * others ends the process.
 */

import type { Clock, Timers } from "#base/clock.ts";
import type { Logger } from "#runtime/log.ts";
import type { ControllerMetrics } from "./queue-metrics.ts";
import type { WorkQueue } from "./work-queue.ts";

export type Controller = { readonly run: (signal: AbortSignal) => Promise<void> };

export type ControllerDeps = {
  /** The controller's own: it is shut down when the controller stops. */
  readonly queue: Omit<WorkQueue, "add" | "length">;
  readonly clock: Pick<Clock, "elapsed">;
  readonly timers: Timers;
  readonly log: Pick<Logger, "warn">;
  readonly metrics: ControllerMetrics;
};

export type ControllerOptions = {
  readonly name: string;
  readonly workers: number;
  readonly timeoutMs: number;
  readonly reconcile: Reconcile;
};

/** The signal aborts when the time is up. */
export type Reconcile = (key: string, signal: AbortSignal) => Promise<ReconcileResult>;

export type ReconcileResult = {
  /** When to look again if nothing changes. */
  readonly requeueAfterMs?: number;
  /** With which priority; the present one by default. */
  readonly priority?: number;
};

export const createController = (deps: ControllerDeps, options: ControllerOptions): Controller => {
  const { queue } = deps;
  let begun = 0;
  const work = async (signal: AbortSignal): Promise<void> => {
    for (;;) {
      const key = await queue.get();
      if (key === undefined) return;
      if (!signal.aborted) {
        begun += 1;
        await reconcileOnce(deps, options, { key, reconcileId: `${options.name}-${begun}` });
      }
      queue.done(key);
    }
  };
  return {
    run: async (signal) => {
      if (signal.aborted) queue.shutDown();
      signal.addEventListener("abort", queue.shutDown, { once: true });
      await Promise.all(Array.from({ length: options.workers }, () => work(signal)));
    },
  };
};

type Turn = { readonly key: string; readonly reconcileId: string };

const reconcileOnce = async (
  deps: ControllerDeps,
  { name: controller, timeoutMs, reconcile }: ControllerOptions,
  { key, reconcileId }: Turn,
): Promise<void> => {
  const { queue, clock, timers, log, metrics } = deps;
  const fail = (err: unknown): void => {
    metrics.concluded("error");
    log.warn(
      { controller, key, reconcileId, retries: queue.retries(key), err },
      "reconcile failed",
    );
  };
  const startedAt = clock.elapsed();
  const timeout = new AbortController();
  const cancel = timers.after(timeoutMs, () => {
    metrics.timedOut();
    const reason = new Error(`the reconcile took longer than ${timeoutMs} ms`);
    fail(reason);
    timeout.abort(reason);
  });

  metrics.started();
  const outcome = await settled(() => reconcile(key, timeout.signal));
  cancel();
  metrics.ended(clock.elapsed() - startedAt);

  if (timeout.signal.aborted) return queue.addRateLimited(key);
  if ("error" in outcome) {
    fail(outcome.error);
    return queue.addRateLimited(key);
  }
  const { requeueAfterMs, priority } = outcome.result;
  queue.forget(key);
  if (requeueAfterMs !== undefined) queue.addAfter(key, requeueAfterMs, priority);
  metrics.concluded(requeueAfterMs === undefined ? "success" : "requeue_after");
};

type Outcome = { readonly result: ReconcileResult } | { readonly error: unknown };

const settled = async (reconcile: () => Promise<ReconcileResult>): Promise<Outcome> => {
  try {
    return { result: await reconcile() };
  } catch (error) {
    return { error };
  }
};
