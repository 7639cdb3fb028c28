/**
 * Status conditions: what is true of an object, in the form that every Kubernetes tool understands.
 *
 * `type` is a fact, `reason` a stable CamelCase word that alerts may match, `message` a sentence for
 * people. `lastTransitionTime` moves only when `status` does; everything that reads conditions relies
 * on it. Pure.
 */

import type { Millis } from "#base/clock.ts";
import { wholeSeconds } from "./micro-time.ts";

export type Condition = ConditionUpdate & {
  /** Generation of the spec that it speaks about. */
  readonly observedGeneration?: number | undefined;
  readonly lastTransitionTime: string;
};

export type ConditionUpdate = {
  readonly type: string;
  readonly status: "True" | "False" | "Unknown";
  readonly reason: string;
  readonly message: string;
};

/**
 * `before` with one condition set, in the same place, or at the end where it was not there. The very
 * same list where that changes nothing, so that a caller can tell that there is nothing to write.
 */
export const setCondition = (
  before: ReadonlyArray<Condition>,
  update: ConditionUpdate,
  { observedGeneration, now }: { readonly observedGeneration: number; readonly now: Millis },
): ReadonlyArray<Condition> => {
  const { type, status, reason, message } = update;
  const old = before.find((condition) => condition.type === type);
  const lastTransitionTime = old?.status === status ? old.lastTransitionTime : wholeSeconds(now);
  const next = { type, status, reason, message, observedGeneration, lastTransitionTime };
  if (old === undefined) return [...before, next];
  const isSame =
    old.status === status &&
    old.reason === reason &&
    old.message === message &&
    old.observedGeneration === observedGeneration;
  return isSame ? before : before.map((condition) => (condition === old ? next : condition));
};
