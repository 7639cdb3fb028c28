/**
 * What is true of a strategy, in the form that every Kubernetes tool understands.
 *
 * `Ready` sums up, and its reason is the STATUS column. `lastTransitionTime` moves only when the
 * status does; everything that reads conditions relies on it. Reasons are a closed list
 * (`reasons.ts`), because alerts match them. Pure.
 */

import type { Millis } from "#base/clock.ts";
import type { ExecutorStatus } from "#crds/executor-status.ts";
import type { Condition, LiveStrategyStatus } from "#crds/live-strategy-status.ts";
import { setCondition } from "#kubernetes/conditions.ts";
import { isPaused, type Decision, type Observed } from "./observed.ts";
import { reconcilingOf, stalledOf, waitsFor } from "./progress.ts";
import type { ConditionReason } from "./reasons.ts";
import { PAUSED_VERDICT, verdict, type Verdict } from "./verdict.ts";

export type ConditionType =
  | "Ready"
  | "Reconciling"
  | "Stalled"
  | "Connected"
  | "Protected"
  | "Reconciled"
  | "KillSwitchEngaged"
  | "AccountConflict";

/** All conditions of one strategy, in a fixed order. */
export const conditionsOf = (
  observed: Observed,
  decision: Decision,
  now: Millis,
): ReadonlyArray<Condition> => {
  const { strategy, executor } = observed;
  const ready = readyOf(observed, decision);
  const status = executor?.kind === "Known" ? executor.value : undefined;
  const verdicts: ReadonlyArray<readonly [ConditionType, Verdict]> = [
    ["Ready", ready],
    ["Reconciling", reconcilingOf(observed, decision, ready)],
    ["Stalled", stalledOf(observed, decision)],
    ["Connected", factOf(status, ({ connected }) => connected, "Connected", "Disconnected")],
    ["Protected", factOf(status, (one) => one.protected, "StopsSeen", "StopMissing")],
    ["Reconciled", factOf(status, ({ reconciled }) => reconciled, "Agrees", "InDoubt")],
    ["KillSwitchEngaged", killSwitchOf(status)],
    ["AccountConflict", conflictOf(observed, decision)],
  ];
  const before = strategy.status?.conditions ?? [];
  const when = { observedGeneration: strategy.metadata.generation, now };
  // One by one onto nothing but what there was of the same type: the order is ours.
  return verdicts.flatMap(([type, one]) =>
    setCondition(only(before, type), { type, ...one }, when),
  );
};

/** Of a strategy that is not understood: what was said of it stays, and that nothing is done. */
export const statusOfUnreadable = (
  {
    problem,
    status,
  }: { readonly problem: string; readonly status: LiveStrategyStatus | undefined },
  observedGeneration: number,
  now: Millis,
): LiveStrategyStatus => {
  const words = `This version of the operator does not understand it: ${problem}`;
  const said = [
    { type: "Ready", ...verdict("False", "InvalidSpec", words) },
    { type: "Stalled", ...verdict("True", "InvalidSpec", words) },
  ];
  const conditions = said.reduce<ReadonlyArray<Condition>>(
    (conditions, update) => setCondition(conditions, update, { observedGeneration, now }),
    status?.conditions ?? [],
  );
  return { ...status, observedGeneration, conditions: [...conditions] };
};

export const readyOf = (observed: Observed, { absence }: Decision): Verdict => {
  if (absence !== undefined) {
    return verdict("False", absence.reason, absence.message + waitsFor(observed));
  }
  const waiting = waitingOf(observed);
  if (waiting !== undefined) return waiting;
  const { executor } = observed;
  switch (executor?.kind) {
    case undefined:
      return verdict("Unknown", "ExecutorUnreachable", "It was not asked yet.");
    case "Unknown":
      return verdict("Unknown", "ExecutorUnreachable", executor.reason);
    case "Waiting":
      return verdict("False", "ExecutorWaiting", executor.reason);
    case "Known":
      return readyOfStatus(executor.value);
  }
};

/** Until the executor has been there once, nothing is known: `Unknown`, not `False`. */
const waitingOf = (observed: Observed): Verdict | undefined => {
  const { workload } = observed;
  switch (workload?.phase) {
    case undefined:
      return missingOf(observed);
    case "Starting":
      return verdict("Unknown", "ExecutorStarting", workload?.problem ?? "It is starting.");
    case "Stopping":
      return verdict("False", "ExecutorStopping", "The executor is stopping.");
    case "Restarting":
      return verdict("False", "ExecutorRestarting", workload?.problem ?? "It has ended.");
    case "Running":
      return undefined;
  }
};

const missingOf = ({ strategy, obstacle }: Observed): Verdict => {
  if (obstacle !== undefined) return verdict("False", obstacle.reason, obstacle.message);
  if (isPaused(strategy)) return PAUSED_VERDICT;
  return verdict("Unknown", "ExecutorStarting", "It is starting.");
};

const readyOfStatus = (status: ExecutorStatus): Verdict => {
  const { killSwitch } = status;
  if (killSwitch.engaged) {
    return verdict("False", "KillSwitchEngaged", killSwitch.reason ?? "The kill switch tripped.");
  }
  if (!status.protected) {
    return verdict("False", "Unprotected", "The exchange has not shown a stop for every position.");
  }
  if (!status.reconciled) {
    return verdict("False", "Recovering", "Orders and positions are being compared.");
  }
  if (!status.connected) return verdict("False", "Disconnected", "The exchange is not reached.");
  const message = {
    Trading: "Entries may be sent.",
    Reducing: "Nothing is opened.",
    Flat: "Positions are closed, and nothing is opened.",
  };
  return verdict("True", status.desiredState, message[status.desiredState]);
};

const factOf = (
  status: ExecutorStatus | undefined,
  holds: (status: ExecutorStatus) => boolean,
  yes: ConditionReason,
  no: ConditionReason,
): Verdict => {
  if (status === undefined) return verdict("Unknown", "NoExecutor", "No executor has answered.");
  return holds(status) ? verdict("True", yes, "") : verdict("False", no, "");
};

const killSwitchOf = (status: ExecutorStatus | undefined): Verdict => {
  if (status === undefined) return verdict("Unknown", "NoExecutor", "No executor has answered.");
  const { engaged, reason } = status.killSwitch;
  return engaged ? verdict("True", "Tripped", reason ?? "") : verdict("False", "Resting", "");
};

const conflictOf = ({ sharedWith }: Observed, { absence }: Decision): Verdict => {
  if (absence?.reason === "AccountConflict") {
    return verdict("True", "SymbolShared", absence.message);
  }
  if (sharedWith.length === 0) return verdict("False", "None", "");
  const words = `${sharedWith.join(", ")}: one rate limit and one margin for all of them.`;
  return verdict("False", "AccountShared", words);
};

const only = (conditions: ReadonlyArray<Condition>, type: ConditionType) =>
  conditions.filter((condition) => condition.type === type).slice(0, 1);
