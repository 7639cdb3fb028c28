/**
 * The world as the operator sees it: strategies, the executor of each, and a way to write back.
 *
 * Two implementations: `local/` keeps strategies in files and runs executors as child processes,
 * `kube/` follows the API server and runs them as Deployments. The operator never knows which: it
 * looks at levels, decides, and asks for one thing at a time. A call that throws is tried again
 * later; a refusal that only a person can end is an `Obstacle` the next time somebody looks.
 */

import type { Result } from "#base/result.ts";
import type { ExecutorSpec } from "#crds/executor-spec.ts";
import type { LiveStrategy } from "#crds/live-strategy.ts";
import type { LiveStrategyStatus } from "#crds/live-strategy-status.ts";
import type { ObjectKey } from "#runtime/object-store.ts";

export type { ObjectKey };

export type Cluster = {
  /** Every strategy that exists, those on their way out included, oldest first. */
  readonly strategies: () => ReadonlyArray<LiveStrategy>;
  /** Those whose executor has named this account, as the exchange knows it. */
  readonly strategiesOn: (accountUid: string) => ReadonlyArray<LiveStrategy>;
  readonly strategy: (key: string) => LiveStrategy | undefined;
  readonly workload: (strategy: LiveStrategy, spec: WantedSpec) => Workload | undefined;
  /** Whether something that an executor needs is there, whether or not an executor is. */
  readonly hasRemains: (strategy: LiveStrategy) => boolean;
  /** Why the workload cannot be made or put right, until a person does something. */
  readonly obstacle: (strategy: LiveStrategy) => Obstacle | undefined;
  /** Makes what the executor will need, and nothing that trades: needs no finalizer. */
  readonly prepareWorkload: (strategy: LiveStrategy, spec: ExecutorSpec) => Promise<void>;
  /** Makes the executor, or puts right what differs from what is asked for. */
  readonly applyWorkload: (strategy: LiveStrategy, spec: ExecutorSpec) => Promise<void>;
  /** Ends the executor in order: it withdraws its entries and leaves positions to their stops. */
  readonly stopWorkload: (strategy: LiveStrategy) => Promise<void>;
  readonly setFinalizer: (strategy: LiveStrategy, wanted: boolean) => Promise<void>;
  readonly writeStatus: (strategy: LiveStrategy, status: LiveStrategyStatus) => Promise<void>;
  /** A sentence for people, when something has happened. */
  readonly recordEvent: (strategy: LiveStrategy, event: StrategyEvent) => void;
};

/** An error is the sentence that says why there is none. */
export type WantedSpec = Result<ExecutorSpec, string>;

export type Workload = {
  readonly phase: "Starting" | "Running" | "Restarting" | "Stopping";
  /** Where the operator reaches it, once it answers. */
  readonly url: string | undefined;
  /** Where others reach it, whichever pod or process it is. */
  readonly address: string | undefined;
  /** Why it is not running, in its own last words. */
  readonly problem: string | undefined;
  /**
   * The Secret with whose keys it was started, empty for the default one: for a while it is not the
   * one that is asked for. Absent where that is not known.
   */
  readonly credentialsSecret?: string | undefined;
  /** What differs from what is asked for, a path each; empty when all is as it should be. */
  readonly drift: ReadonlyArray<string>;
};

export type Obstacle = {
  readonly reason: "AdoptionRefused" | "DriftFight" | "ApplyRefused" | "NamespaceTerminating";
  readonly message: string;
};

export type StrategyEvent = {
  readonly type: "Normal" | "Warning";
  readonly reason: string;
  readonly note: string;
};

export const keyText = ({ namespace, name }: ObjectKey): string => `${namespace}/${name}`;
