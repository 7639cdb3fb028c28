/**
 * Everything that is known about one LiveStrategy, and what may be done about it: the words that
 * `decide.ts`, `departure.ts` and the conditions speak. Pure.
 */

import type { Fact } from "#base/fact.ts";
import type { ExecutorSpec } from "#crds/executor-spec.ts";
import type { ExecutorStatus } from "#crds/executor-status.ts";
import type { LiveStrategy } from "#crds/live-strategy.ts";
import type { Obstacle, WantedSpec, Workload } from "./cluster.ts";

export const FINALIZER = "scalpradar.io/executor";

/** Annotation by which a person takes the responsibility for a position that nobody can see. */
export const FORCE_DELETE = "scalpradar.io/force-delete";

/** Annotation that stops making and mending; deletion, stopping and control go on. */
export const PAUSED = "scalpradar.io/paused";

/** It answers, and cannot begin: no keys, or no exchange. It has not traded in this life. */
export type Waiting = { readonly kind: "Waiting"; readonly reason: string };

/** What the executor says of itself, or why nobody knows. */
export type ExecutorWord = Fact<ExecutorStatus> | Waiting;

export type Observed = {
  readonly strategy: LiveStrategy;
  /** The master switch. Environment Emulator needs none. */
  readonly liveTrading: boolean;
  readonly spec: WantedSpec;
  /** An older strategy that trades a symbol of this one on the same account. */
  readonly conflictsWith: string | undefined;
  /** Others that trade on the same account, with other symbols. */
  readonly sharedWith: ReadonlyArray<string>;
  readonly workload: Workload | undefined;
  /** There is something left of a workload, or made for one, although there is no executor. */
  readonly hasRemains: boolean;
  readonly obstacle: Obstacle | undefined;
  /** `undefined` while there is no workload to ask. */
  readonly executor: ExecutorWord | undefined;
  /** Why the executor did not take over what it was told last; `undefined` when it did. */
  readonly controlProblem: string | undefined;
};

export type Action =
  | {
      readonly kind: "None" | "AddFinalizer" | "RemoveFinalizer" | "StopExecutor" | "RemoveRemains";
    }
  | {
      readonly kind: "StartExecutor" | "UpdateExecutor" | "ControlExecutor";
      readonly spec: ExecutorSpec;
    };

export type Decision = {
  readonly action: Action;
  /** Why no executor should run; `undefined` when one should. */
  readonly absence: Absence | undefined;
};

export type AbsenceReason =
  | "Deleting"
  | "Disabled"
  | "PaperOnly"
  | "LiveTradingOff"
  | "AccountConflict"
  | "InvalidSpec";

export type Absence = { readonly reason: AbsenceReason; readonly message: string };

export const NONE: Action = { kind: "None" };

/** The executor has not taken over this generation, or was told something else meanwhile. */
export const needsControl = (executor: Observed["executor"], spec: ExecutorSpec): boolean => {
  if (executor?.kind !== "Known") return false;
  const { generation, desiredState } = executor.value;
  // One that knows a newer generation than we do: our view is the stale one.
  if (generation > spec.generation) return false;
  return generation < spec.generation || desiredState !== spec.desiredState;
};

/** What is asked for lets an executor open positions. */
export const isToTrade = (action: Action): boolean =>
  "spec" in action && action.spec.desiredState === "Trading";

export const isDeleting = ({ metadata }: LiveStrategy): boolean =>
  metadata.deletionTimestamp !== undefined;

export const hasFinalizer = ({ metadata }: LiveStrategy): boolean =>
  metadata.finalizers?.includes(FINALIZER) ?? false;

export const isPaused = ({ metadata }: LiveStrategy): boolean =>
  metadata.annotations?.[PAUSED] === "true";

export const isForced = ({ metadata }: LiveStrategy): boolean =>
  metadata.annotations?.[FORCE_DELETE] === "true";
