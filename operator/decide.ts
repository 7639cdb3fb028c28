/**
 * What should happen to one LiveStrategy, given everything that is known about it.
 *
 * Pure: the loop observes and carries out, this decides. It looks at levels and never at events, so
 * running it twice, late, or after a restart comes to the same answer. At most one action a pass: the
 * next pass sees what it has led to. When in doubt, an executor that runs goes on running, because it
 * is what protects the positions.
 */

import type { Fact } from "#base/fact.ts";
import type { Result } from "#base/result.ts";
import type { ExecutorSpec } from "#crds/executor-spec.ts";
import type { ExecutorStatus } from "#crds/executor-status.ts";
import type { LiveStrategy } from "#crds/live-strategy.ts";
import type { Workload } from "./cluster.ts";

export const FINALIZER = "scalpradar.io/executor";

/** Annotation by which a person takes the responsibility for a position that nobody can see. */
export const FORCE_DELETE = "scalpradar.io/force-delete";

export type Observed = {
  readonly strategy: LiveStrategy;
  /** The master switch. Environment Emulator needs none. */
  readonly liveTrading: boolean;
  /** An error is the sentence to show. */
  readonly spec: Result<ExecutorSpec, string>;
  /** An older strategy that trades a symbol of this one on the same account. */
  readonly conflictsWith: string | undefined;
  readonly workload: Workload | undefined;
  /** `undefined` while there is no workload to ask. */
  readonly executor: Fact<ExecutorStatus> | undefined;
};

export type Action =
  | { readonly kind: "None" | "AddFinalizer" | "RemoveFinalizer" | "StopExecutor" }
  | { readonly kind: "StartExecutor" | "ControlExecutor"; readonly spec: ExecutorSpec };

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

export const decide = (observed: Observed): Decision => {
  const absence = absenceOf(observed);
  const action = absence === undefined ? actionToRun(observed) : actionToStop(observed, absence);
  return { action, absence };
};

const NONE: Action = { kind: "None" };

/** The first reason that applies; what is on its way out comes first, then what the person said. */
export const absenceOf = (observed: Observed): Absence | undefined => {
  const { strategy, spec, conflictsWith } = observed;
  if (strategy.metadata.deletionTimestamp !== undefined) {
    return absent("Deleting", "The strategy is being deleted.");
  }
  if (!strategy.spec.enabled) return absent("Disabled", "spec.enabled is false.");
  if (!strategy.spec.liveEligible) {
    return absent("PaperOnly", "spec.liveEligible is false: it runs on paper only.");
  }
  if (!mayTrade(observed)) {
    return absent("LiveTradingOff", "The master switch is off: set LIVE_TRADING to true.");
  }
  if (conflictsWith !== undefined) {
    return absent("AccountConflict", `${conflictsWith} is older and trades a symbol of it there.`);
  }
  return spec.ok ? undefined : absent("InvalidSpec", spec.error);
};

const absent = (reason: AbsenceReason, message: string): Absence => ({ reason, message });

const mayTrade = ({ strategy, liveTrading }: Observed): boolean =>
  liveTrading || strategy.spec.exchange.environment === "Emulator";

const actionToRun = ({ strategy, spec, workload, executor }: Observed): Action => {
  if (!spec.ok) return NONE;
  // Before the first executor, so that a deletion can never outrun us and leave one trading.
  if (!hasFinalizer(strategy)) return { kind: "AddFinalizer" };
  if (workload === undefined) return { kind: "StartExecutor", spec: spec.value };
  return needsControl(executor, spec.value) ? { kind: "ControlExecutor", spec: spec.value } : NONE;
};

/** The executor has not taken over this generation, or was told something else meanwhile. */
const needsControl = (executor: Observed["executor"], spec: ExecutorSpec): boolean =>
  executor?.kind === "Known" &&
  (executor.value.generation !== spec.generation ||
    executor.value.desiredState !== spec.desiredState);

const actionToStop = (observed: Observed, absence: Absence): Action => {
  const { strategy, workload } = observed;
  // A typo must not abandon open positions: what runs goes on with its last good specification.
  if (absence.reason === "InvalidSpec") return NONE;
  if (workload === undefined) {
    return absence.reason === "Deleting" && hasFinalizer(strategy)
      ? { kind: "RemoveFinalizer" }
      : NONE;
  }
  if (workload.phase === "Stopping") return NONE;
  return strategy.spec.onStop === "Flatten" ? actionToFlatten(observed) : stopWhenKnown(observed);
};

/** Flat first, confirmed by the executor, and only then stopped. */
const actionToFlatten = (observed: Observed): Action => {
  const { spec, executor } = observed;
  if (executor?.kind !== "Known") return stopWhenKnown(observed);
  if (isFlat(executor.value)) return { kind: "StopExecutor" };
  if (!spec.ok || executor.value.desiredState === "Flat") return NONE;
  return { kind: "ControlExecutor", spec: { ...spec.value, desiredState: "Flat" } };
};

/**
 * An executor that cannot say what it holds is stopped only when its positions may stay, or when a
 * person has said that they take the responsibility.
 */
const stopWhenKnown = ({ strategy, executor }: Observed): Action => {
  const isRetained = strategy.spec.onStop === "Retain";
  const isForced = strategy.metadata.annotations?.[FORCE_DELETE] === "true";
  return executor?.kind === "Known" || isRetained || isForced ? { kind: "StopExecutor" } : NONE;
};

const isFlat = ({ symbols, reconciled, unsettledOrders }: ExecutorStatus): boolean =>
  reconciled && unsettledOrders === 0 && symbols.every(({ cycle }) => cycle === null);

export const hasFinalizer = ({ metadata }: LiveStrategy): boolean =>
  metadata.finalizers?.includes(FINALIZER) ?? false;
