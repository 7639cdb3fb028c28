/**
 * The world as the operator sees it: strategies, the executor of each, and a way to write back.
 *
 * Two implementations: `local/` keeps strategies in files and runs executors as child processes; the
 * one for Kubernetes follows and runs them as Deployments. The operator never knows which: it looks
 * at levels, decides, and asks for one thing at a time.
 */

import type { ExecutorSpec } from "#crds/executor-spec.ts";
import type { LiveStrategy } from "#crds/live-strategy.ts";
import type { LiveStrategyStatus } from "#crds/live-strategy-status.ts";
import type { ObjectKey } from "#runtime/object-store.ts";

export type { ObjectKey };

export type Cluster = {
  /** Every strategy that exists, those on their way out included, oldest first. */
  readonly strategies: () => ReadonlyArray<LiveStrategy>;
  readonly workload: (strategy: LiveStrategy) => Workload | undefined;
  /** Starts the executor, or replaces one that was started differently. */
  readonly startWorkload: (strategy: LiveStrategy, spec: ExecutorSpec) => Promise<void>;
  /** Ends the executor in order: it withdraws its entries and leaves positions to their stops. */
  readonly stopWorkload: (strategy: LiveStrategy) => Promise<void>;
  readonly setFinalizer: (strategy: LiveStrategy, wanted: boolean) => Promise<void>;
  readonly writeStatus: (strategy: LiveStrategy, status: LiveStrategyStatus) => Promise<void>;
  /** A sentence for people, when something has happened. */
  readonly recordEvent: (strategy: LiveStrategy, event: StrategyEvent) => void;
};

export type Workload = {
  readonly phase: "Starting" | "Running" | "Restarting" | "Stopping";
  /** Where the executor answers, once it does. */
  readonly url: string | undefined;
  /** Why it is not running, in its own last words. */
  readonly problem: string | undefined;
};

export type StrategyEvent = {
  readonly type: "Normal" | "Warning";
  readonly reason: string;
  readonly note: string;
};

export const keyText = ({ namespace, name }: ObjectKey): string => `${namespace}/${name}`;
