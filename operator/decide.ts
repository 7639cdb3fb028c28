/**
 * What should happen to one LiveStrategy, given everything that is known about it.
 *
 * Pure: the loop observes and carries out, this decides. It looks at levels and never at events, so
 * running it twice, late, or after a restart comes to the same answer. One action at a time: the next
 * look sees what it has led to. When in doubt, an executor that runs goes on running, because it is
 * what protects the positions. How an executor is ended is in `departure.ts`.
 */

import { actionToStop } from "./departure.ts";
import {
  hasFinalizer,
  isDeleting,
  isPaused,
  needsControl,
  NONE,
  type Absence,
  type AbsenceReason,
  type Action,
  type Decision,
  type Observed,
} from "./observed.ts";

export const decide = (observed: Observed): Decision => {
  const absence = absenceOf(observed);
  const action = absence === undefined ? actionToRun(observed) : actionToStop(observed, absence);
  return { action, absence };
};

/** The first reason that applies; what is on its way out comes first, then what the person said. */
export const absenceOf = (observed: Observed): Absence | undefined => {
  const { strategy, spec, conflictsWith } = observed;
  if (isDeleting(strategy)) {
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

const actionToRun = (observed: Observed): Action => {
  const { strategy, spec, workload, obstacle, executor, controlProblem } = observed;
  if (!spec.ok) return NONE;
  const isHeld = isPaused(strategy) || obstacle !== undefined;
  if (workload === undefined) {
    if (isHeld) return NONE;
    // Before the first executor, so that a deletion can never outrun us and leave one trading.
    return hasFinalizer(strategy)
      ? { kind: "StartExecutor", spec: spec.value }
      : { kind: "AddFinalizer" };
  }
  if (!hasFinalizer(strategy)) return { kind: "AddFinalizer" };
  // It ends before another one begins: two on one account would be worse than none for a while.
  if (workload.phase === "Stopping") return NONE;
  const isToldInVain = controlProblem !== undefined;
  if (!isToldInVain && needsControl(executor, spec.value)) {
    return { kind: "ControlExecutor", spec: spec.value };
  }
  if (isHeld || workload.drift.length === 0) return NONE;
  return { kind: "UpdateExecutor", spec: spec.value };
};
