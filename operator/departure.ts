/**
 * How the executor of a strategy is ended, and when a deleted strategy may go.
 *
 *     told to withdraw (Retain) or to close (Flatten)  ->  confirmed  ->  stopped  ->  gone
 *
 * A position is never left to chance: it is closed, or seen with its stop, or a person has said that
 * they take the responsibility. What the executor said last is in the strategy's status, so that a
 * restart of the operator, or an executor that somebody else removed, forgets nothing. Pure.
 */

import type { ExecutorSpec } from "#crds/executor-spec.ts";
import type { ExecutorStatus } from "#crds/executor-status.ts";
import type { LiveStrategy } from "#crds/live-strategy.ts";
import type { Positions } from "#crds/live-strategy-status.ts";
import {
  hasFinalizer,
  isDeleting,
  isForced,
  needsControl,
  NONE,
  type Absence,
  type Action,
  type Observed,
} from "./observed.ts";

export const actionToStop = (observed: Observed, absence: Absence): Action => {
  const { workload } = observed;
  // A typo must not abandon open positions: what runs goes on with its last good specification.
  if (absence.reason === "InvalidSpec") return NONE;
  if (workload === undefined) {
    if (absence.reason === "Deleting") return actionWhenGone(observed);
    // Made for an executor that never was, say, because somebody has changed his mind.
    return observed.hasRemains ? { kind: "RemoveRemains" } : NONE;
  }
  if (workload.phase === "Stopping") return NONE;
  return isToFlatten(observed) ? actionToFlatten(observed) : actionToRetain(observed);
};

/** A symbol has one position on an account: where an older strategy trades it, it is not ours. */
export const isToFlatten = ({ strategy, conflictsWith }: Observed): boolean =>
  strategy.spec.onStop === "Flatten" && conflictsWith === undefined;

/** Flat first, confirmed by the executor, and only then stopped. */
const actionToFlatten = (observed: Observed): Action => {
  const { strategy, executor } = observed;
  if (executor?.kind !== "Known") return mayStopUnheard(observed) ? STOP : NONE;
  if (positionsOf(executor.value) === "Flat") return STOP;
  const isGivenUp = isDeaf(observed) && isForced(strategy);
  return tell(observed) ?? (isGivenUp ? STOP : NONE);
};

/** Entries are withdrawn; positions stay, with their stops. */
const actionToRetain = (observed: Observed): Action => {
  const { strategy, executor } = observed;
  if (executor?.kind !== "Known") {
    // Deleted for good, nobody would ever look again: then its word is waited for.
    return !isDeleting(strategy) || mayStopUnheard(observed) ? STOP : NONE;
  }
  const { value } = executor;
  const told = tell(observed);
  if (told !== undefined) return told;
  // Out of the exchange's reach it cannot withdraw now: as it ends it tries for as long as it may.
  const isDone = isWithdrawn(value) || !value.connected || isDeaf(observed);
  return isDone && mayBeLeft(observed, value) ? STOP : NONE;
};

/** A position that nobody has seen a stop for is not left while somebody could place one. */
const mayBeLeft = ({ strategy, conflictsWith }: Observed, status: ExecutorStatus): boolean => {
  if (conflictsWith !== undefined || isForced(strategy)) return true;
  if (!isDeleting(strategy)) return status.protected;
  // Stopped before it knows, it would be started again to see to them, and so on for ever.
  return ["Flat", "Protected"].includes(positionsOf(status));
};

/** A person takes the responsibility, or it never was in a state to open anything. */
const mayStopUnheard = ({ strategy, workload, executor }: Observed): boolean => {
  if (isForced(strategy)) return true;
  const hasSpoken = strategy.status?.executor?.positions !== undefined;
  return !hasSpoken && (executor?.kind === "Waiting" || workload?.phase === "Starting");
};

/** It cannot be told anything: there is nothing valid to say, or it refuses to listen. */
const isDeaf = ({ spec, controlProblem }: Observed): boolean =>
  !spec.ok || controlProblem !== undefined;

/** Tells the executor once; `undefined` when it knows, or cannot be told. */
const tell = (observed: Observed): Action | undefined => {
  const { executor, spec } = observed;
  if (!spec.ok || isDeaf(observed)) return undefined;
  const wanted = { ...spec.value, desiredState: partingState(observed) };
  return needsControl(executor, wanted) ? { kind: "ControlExecutor", spec: wanted } : undefined;
};

/** Who has been told to close everything goes on with that. */
const partingState = (observed: Observed): ExecutorSpec["desiredState"] => {
  const { strategy, conflictsWith } = observed;
  const isClosing = strategy.spec.desiredState === "Flat" && conflictsWith === undefined;
  return isToFlatten(observed) || isClosing ? "Flat" : "Reducing";
};

/**
 * There is no executor any more. Unless its last word was that the positions may be left, it is
 * started again to see to them. A namespace that is being deleted takes no new one: then the
 * finalizer would protect nothing and hold the namespace for good.
 */
const actionWhenGone = (observed: Observed): Action => {
  const { strategy, spec, conflictsWith, obstacle } = observed;
  if (!hasFinalizer(strategy)) return NONE;
  const isEnding = obstacle?.reason === "NamespaceTerminating";
  // Where there is a conflict the older strategy looks after the position.
  const mayGo = isLeftSafe(strategy) || conflictsWith !== undefined || isEnding;
  if (mayGo || isForced(strategy)) return { kind: "RemoveFinalizer" };
  if (!spec.ok || obstacle !== undefined) return NONE;
  const desiredState = partingState(observed);
  return { kind: "StartExecutor", spec: { ...spec.value, desiredState } };
};

/** What the executor said last allows that nobody looks after the positions any more. */
export const isLeftSafe = ({ spec, status }: LiveStrategy): boolean => {
  // Without any word of an executor there has been none.
  const positions = status?.executor?.positions ?? "Flat";
  return positions === "Flat" || (positions === "Protected" && spec.onStop === "Retain");
};

/**
 * What is certain of its positions, also after it has gone. `Flat` stays true only of one that opens
 * nothing any more; of one that still may, the most that can be said is that all carry a stop.
 */
export const positionsOf = (status: ExecutorStatus): Positions => {
  const { symbols, reconciled, unsettledOrders } = status;
  if (!reconciled || unsettledOrders > 0) return "Unknown";
  if (isWithdrawn(status) && symbols.every(({ cycle }) => cycle === null)) return "Flat";
  return status.protected ? "Protected" : "Unprotected";
};

/** It opens nothing any more, and nothing that it has sent can still open something. */
const isWithdrawn = ({ desiredState, unsettledOrders, symbols }: ExecutorStatus): boolean =>
  desiredState !== "Trading" &&
  unsettledOrders === 0 &&
  symbols.every(({ resting }) => resting.length === 0);

const STOP: Action = { kind: "StopExecutor" };
