/**
 * What is true of a strategy, in the form that every Kubernetes tool understands.
 *
 * `Ready` sums up, and its reason is the STATUS column. `lastTransitionTime` moves only when the
 * status does; everything that reads conditions relies on it. Reasons are a closed list, because
 * alerts match them. Pure.
 */

import type { Millis } from "#base/clock.ts";
import type { ExecutorStatus } from "#crds/executor-status.ts";
import type { Condition } from "#crds/live-strategy-status.ts";
import type { Workload } from "./cluster.ts";
import type { Decision, Observed } from "./decide.ts";

export type ConditionType =
  | "Ready"
  | "Reconciling"
  | "Stalled"
  | "Connected"
  | "Protected"
  | "Reconciled"
  | "KillSwitchEngaged"
  | "AccountConflict";

type Verdict = Pick<Condition, "status" | "reason" | "message">;

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
    ["Reconciling", reconcilingOf(ready)],
    ["Stalled", stalledOf(decision)],
    ["Connected", factOf(status, ({ connected }) => connected, "Connected", "Disconnected")],
    ["Protected", factOf(status, (one) => one.protected, "StopsSeen", "StopMissing")],
    ["Reconciled", factOf(status, ({ reconciled }) => reconciled, "Agrees", "InDoubt")],
    ["KillSwitchEngaged", killSwitchOf(status)],
    ["AccountConflict", conflictOf(decision)],
  ];
  return verdicts.map(([type, verdict]) =>
    toCondition(
      strategy.status?.conditions ?? [],
      { type, ...verdict },
      {
        observedGeneration: strategy.metadata.generation,
        now,
      },
    ),
  );
};

export const readyOf = ({ workload, executor }: Observed, { absence }: Decision): Verdict => {
  if (absence !== undefined) return verdict("False", absence.reason, absence.message);
  const waiting = waitingOf(workload);
  if (waiting !== undefined) return waiting;
  if (executor === undefined || executor.kind === "Unknown") {
    return verdict("Unknown", "ExecutorUnreachable", executor?.reason ?? "It was not asked yet.");
  }
  return readyOfStatus(executor.value);
};

const waitingOf = (workload: Workload | undefined): Verdict | undefined => {
  switch (workload?.phase) {
    case undefined:
    case "Starting":
      return verdict("False", "ExecutorStarting", workload?.problem ?? "It is starting.");
    case "Stopping":
      return verdict("False", "ExecutorStopping", "The executor is stopping.");
    case "Restarting":
      return verdict("False", "ExecutorRestarting", workload?.problem ?? "It has ended.");
    case "Running":
      return undefined;
  }
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
    Flat: "It stays flat.",
  };
  return verdict("True", status.desiredState, message[status.desiredState]);
};

/** kstatus: still on its way to what was asked for. */
const reconcilingOf = ({ reason }: Verdict): Verdict => {
  const isMoving = ["Deleting", "ExecutorStarting", "ExecutorStopping", "Recovering"].includes(
    reason,
  );
  return isMoving
    ? verdict("True", reason, "On the way to what was asked for.")
    : verdict("False", "Settled", "Nothing is under way.");
};

/** kstatus: will not get there without a person. */
const stalledOf = ({ absence }: Decision): Verdict =>
  absence?.reason === "InvalidSpec" || absence?.reason === "AccountConflict"
    ? verdict("True", absence.reason, absence.message)
    : verdict("False", "Progressing", "Nothing needs a person.");

const factOf = (
  status: ExecutorStatus | undefined,
  holds: (status: ExecutorStatus) => boolean,
  yes: string,
  no: string,
): Verdict => {
  if (status === undefined) return verdict("Unknown", "NoExecutor", "No executor has answered.");
  return holds(status) ? verdict("True", yes, "") : verdict("False", no, "");
};

const killSwitchOf = (status: ExecutorStatus | undefined): Verdict => {
  if (status === undefined) return verdict("Unknown", "NoExecutor", "No executor has answered.");
  const { engaged, reason } = status.killSwitch;
  return engaged ? verdict("True", "Tripped", reason ?? "") : verdict("False", "Resting", "");
};

const conflictOf = ({ absence }: Decision): Verdict =>
  absence?.reason === "AccountConflict"
    ? verdict("True", "SymbolShared", absence.message)
    : verdict("False", "None", "");

const verdict = (status: Condition["status"], reason: string, message: string): Verdict => ({
  status,
  reason,
  message,
});

const toCondition = (
  previous: ReadonlyArray<Condition>,
  update: Verdict & { readonly type: ConditionType },
  { observedGeneration, now }: { readonly observedGeneration: number; readonly now: Millis },
): Condition => {
  const before = previous.find(({ type }) => type === update.type);
  const lastTransitionTime =
    before?.status === update.status
      ? before.lastTransitionTime
      : new Date(now).toISOString().replace(/\.\d+Z$/, "Z");
  return { ...update, observedGeneration, lastTransitionTime };
};
