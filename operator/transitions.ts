/** The events that a change of status is worth: a sentence when something has happened. Pure. */

import type { Condition, LiveStrategyStatus } from "#crds/live-strategy-status.ts";
import type { StrategyEvent } from "./cluster.ts";
import { eventReasons, type EventReason } from "./reasons.ts";

export const eventsOf = (
  before: LiveStrategyStatus | undefined,
  after: LiveStrategyStatus,
): ReadonlyArray<StrategyEvent> => {
  const change = (type: string): Change => ({
    from: find(before, type),
    to: find(after, type),
  });
  return [
    readyEvent(change("Ready")),
    turned(change("KillSwitchEngaged"), "True")
      ? warning("KillSwitchEngaged", find(after, "KillSwitchEngaged")?.message ?? "")
      : undefined,
    wentFrom(change("KillSwitchEngaged"), "True", "False")
      ? normal("KillSwitchReset", "Entries may be sent again.")
      : undefined,
    turned(change("Protected"), "False")
      ? warning("StopMissing", "A position has no stop that the exchange has shown.")
      : undefined,
    wentFrom(change("Protected"), "False", "True")
      ? normal("StopPlaced", "Every position has its stop again.")
      : undefined,
    stalledEvent(change("Stalled"), find(after, "Ready")),
    becameReason(change("Reconciling"), "SettingsPending", normal),
    becameReason(change("AccountConflict"), "AccountShared", warning),
  ].flatMap((event) => (event === undefined ? [] : [event]));
};

type Change = { readonly from: Condition | undefined; readonly to: Condition | undefined };

const readyEvent = ({ from, to }: Change): StrategyEvent | undefined => {
  if (to === undefined || from?.reason === to.reason || hasOwnEvent(to.reason)) return undefined;
  if (!isEventReason(to.reason)) return undefined;
  return to.status === "True" || isPlanned(to.reason) || isComingUp(from, to)
    ? normal(to.reason, to.message)
    : warning(to.reason, to.message);
};

/** What `Ready` has not said already. */
const stalledEvent = ({ from, to }: Change, ready: Condition | undefined) => {
  const isSaid = to?.status !== "True" || from?.reason === to.reason || ready?.reason === to.reason;
  return isSaid || !isEventReason(to.reason) ? undefined : warning(to.reason, to.message);
};

const becameReason = (
  { from, to }: Change,
  reason: EventReason,
  say: (reason: EventReason, note: string) => StrategyEvent,
): StrategyEvent | undefined =>
  to?.reason === reason && from?.reason !== reason ? say(reason, to.message) : undefined;

const isEventReason = (reason: string): reason is EventReason =>
  Object.hasOwn(eventReasons, reason);

/** Said once, by the condition that is about it. */
const hasOwnEvent = (reason: string): boolean =>
  reason === "KillSwitchEngaged" || reason === "Unprotected";

/** States that somebody has asked for, or that pass by themselves. */
const isPlanned = (reason: string): boolean =>
  [
    "Deleting",
    "Disabled",
    "ExecutorStarting",
    "ExecutorStopping",
    "LiveTradingOff",
    "PaperOnly",
    "Recovering",
  ].includes(reason);

/** An executor that has just started reaches its exchange a moment after it answers. */
const isComingUp = (from: Condition | undefined, to: Condition): boolean =>
  to.reason === "Disconnected" && from?.status !== "True";

const turned = ({ from, to }: Change, status: Condition["status"]): boolean =>
  to?.status === status && from?.status !== status;

const wentFrom = (
  { from, to }: Change,
  before: Condition["status"],
  after: Condition["status"],
): boolean => from?.status === before && to?.status === after;

const find = (status: LiveStrategyStatus | undefined, type: string): Condition | undefined =>
  status?.conditions?.find((condition) => condition.type === type);

const normal = (reason: EventReason, note: string): StrategyEvent => ({
  type: "Normal",
  reason,
  note,
});
const warning = (reason: EventReason, note: string): StrategyEvent => ({
  type: "Warning",
  reason,
  note,
});
