/**
 * May this kill switch be reset, and up to which instant?
 *
 * A reset names the trip that somebody has seen: everything up to the executor's last word that shows
 * it, and nothing after. A trip that happens while the request is on its way stays engaged. What is
 * not known is never reset: whoever asks for it has not seen what they would be clearing.
 */

import { millis, type Millis } from "#base/clock.ts";
import type { ResetDetail } from "./api.ts";
import type { Strategy } from "./view.ts";

export type ResetDecision =
  | { readonly kind: "Reset"; readonly at: Millis; readonly sessionPnl: string }
  | { readonly kind: "NotTriggered" }
  /** The switch has tripped again since the asker looked. */
  | { readonly kind: "OtherTrip"; readonly trippedAt: number | null }
  | { readonly kind: "Unknown"; readonly reason: string };

export const decideReset = (
  { heard, freshness, problem }: Strategy,
  seenTrip: number | undefined,
  now: Millis,
): ResetDecision => {
  if (heard === undefined) return { kind: "Unknown", reason: problem ?? "it has not answered yet" };
  const { killSwitch, at } = heard.status;
  const { engaged, trippedAt, sessionPnl } = killSwitch;
  if (!engaged && freshness === "Live") return { kind: "NotTriggered" };
  if (!engaged) return { kind: "Unknown", reason: problem ?? "its last word is old" };
  if (seenTrip !== undefined && seenTrip !== trippedAt) return { kind: "OtherTrip", trippedAt };
  // Its clock may be ahead of ours, and a reset in the future is refused.
  const seenUntil = Math.max(Math.min(at, now), (trippedAt ?? 0) + 1);
  return { kind: "Reset", at: millis(seenUntil), sessionPnl };
};

export const toResetDetail = (strategy: string, decision: ResetDecision): ResetDetail => {
  switch (decision.kind) {
    case "Reset":
      return { strategy, status: "reset", previous_session_pnl: Number(decision.sessionPnl) };
    case "NotTriggered":
      return { strategy, status: "not_triggered" };
    case "OtherTrip":
      return {
        strategy,
        status: "unknown",
        message: "it has tripped again: look before you reset",
      };
    case "Unknown":
      return { strategy, status: "unknown", message: decision.reason };
  }
};
