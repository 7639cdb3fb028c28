/** What a condition says, before it is known whether that is news. Pure. */

import type { Condition } from "#crds/live-strategy-status.ts";
import type { ConditionReason } from "./reasons.ts";

export type Verdict = Pick<Condition, "status" | "message"> & { readonly reason: ConditionReason };

/** Half a character would come back from the server as another one, and be written for ever. */
export const verdict = (
  status: Condition["status"],
  reason: ConditionReason,
  message: string,
): Verdict => ({ status, reason, message: message.slice(0, MESSAGE_MAX).toWellFormed() });

/** Far below the API server's limit; a longer one would be of no use to anybody. */
const MESSAGE_MAX = 1_024;

export const PAUSED_VERDICT: Verdict = verdict(
  "False",
  "Paused",
  "Remove the annotation scalpradar.io/paused to go on.",
);
