/**
 * Whether a strategy is still on its way to what was asked for, or will not get there without a
 * person: the two conditions that kstatus reads, and what one that should go waits for. Pure.
 */

import type { ExecutorStatus } from "#crds/executor-status.ts";
import { isToFlatten, positionsOf } from "./departure.ts";
import { isDeleting, isPaused, type Decision, type Observed } from "./observed.ts";
import type { ConditionReason } from "./reasons.ts";
import { PAUSED_VERDICT, verdict, type Verdict } from "./verdict.ts";

const MOVING = new Set<ConditionReason>([
  "Deleting",
  "ExecutorStarting",
  "ExecutorStopping",
  "Recovering",
]);

/** kstatus: still on its way to what was asked for. */
export const reconcilingOf = (observed: Observed, decision: Decision, ready: Verdict): Verdict => {
  const { strategy, workload, executor, obstacle } = observed;
  // What an obstacle keeps from starting is stalled, and tools take the first of the two for the word.
  const isHeld = obstacle !== undefined && ready.reason === "ExecutorStarting";
  if (MOVING.has(ready.reason) && !isHeld) return verdict("True", ready.reason, ready.message);
  if (isGoing(decision) && workload !== undefined) {
    return verdict("True", "ExecutorStopping", ready.message);
  }
  if (isPaused(strategy)) return PAUSED_VERDICT;
  const symbols = executor?.kind === "Known" ? pendingOf(executor.value) : [];
  if (symbols.length > 0) {
    const words = `New parameters wait until the position is closed: ${symbols.join(", ")}.`;
    return verdict("True", "SettingsPending", words);
  }
  return updatingOf(observed);
};

const isGoing = ({ absence }: Decision): boolean =>
  absence !== undefined && absence.reason !== "InvalidSpec";

const updatingOf = ({ workload, obstacle }: Observed): Verdict => {
  const [first] = workload?.drift ?? [];
  return first === undefined || obstacle !== undefined
    ? verdict("False", "Settled", "Nothing is under way.")
    : verdict("True", "Updating", `What runs differs from what is asked for: ${first}.`);
};

const pendingOf = ({ symbols }: ExecutorStatus): ReadonlyArray<string> =>
  symbols.flatMap(({ symbol, settingsPending }) => (settingsPending ? [symbol] : []));

/** kstatus: will not get there without a person. */
export const stalledOf = (observed: Observed, decision: Decision): Verdict => {
  const { obstacle, controlProblem } = observed;
  const { absence } = decision;
  if (absence?.reason === "InvalidSpec" || absence?.reason === "AccountConflict") {
    return verdict("True", absence.reason, absence.message);
  }
  if (isHeldUnheard(observed, decision)) {
    return verdict("True", "PositionsUnknown", waitsFor(observed).trim());
  }
  if (obstacle !== undefined) return verdict("True", obstacle.reason, obstacle.message);
  const problem = needsValidSpec(observed, decision);
  if (problem !== undefined) return verdict("True", "InvalidSpec", problem);
  if (controlProblem !== undefined) return verdict("True", "ControlRefused", controlProblem);
  return verdict("False", "Progressing", "Nothing needs a person.");
};

/** Deletion waits for a word of the executor, which has been asked for it in vain. */
const isHeldUnheard = ({ strategy, workload, executor }: Observed, { action }: Decision) => {
  if (!isDeleting(strategy) || action.kind !== "None" || workload === undefined) return false;
  const isComing = workload.phase === "Starting" && workload.problem === undefined;
  const isAsked = executor !== undefined || workload.url === undefined;
  return workload.phase !== "Stopping" && !isComing && isAsked && executor?.kind !== "Known";
};

/** What goes cannot be told how, or started to see to its positions, without one. */
const needsValidSpec = (observed: Observed, { action, absence }: Decision): string | undefined => {
  const { strategy, spec, workload } = observed;
  if (spec.ok || absence === undefined || action.kind !== "None") return undefined;
  const isLeft = workload === undefined ? isDeleting(strategy) : workload.phase !== "Stopping";
  return isLeft ? spec.error : undefined;
};

/** What keeps a strategy that should go from going. */
export const waitsFor = (observed: Observed): string => {
  const { strategy, workload, executor } = observed;
  if (workload === undefined || workload.phase === "Stopping") return "";
  const isFlattening = isToFlatten(observed);
  if (executor?.kind === "Known") {
    const open = executor.value.symbols.flatMap(({ symbol, cycle }) => (cycle ? [symbol] : []));
    if (isFlattening && open.length > 0) {
      return ` Positions are being closed first: ${open.join(", ")}.`;
    }
    const isSeen = ["Flat", "Protected"].includes(positionsOf(executor.value));
    return isSeen ? "" : " Its executor is to see every position and its stop first.";
  }
  const { namespace, name } = strategy.metadata;
  return isDeleting(strategy) || isFlattening
    ? ` Its executor does not say what it holds. Look at its pod; to let go all the same, after a look at the exchange: kubectl annotate livestrategy -n ${namespace} ${name} scalpradar.io/force-delete=true`
    : "";
};
