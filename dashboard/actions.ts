/** What the page can ask for. Every answer becomes one sentence. */

import type { Refusal, ResetAnswer, ResetRequest, StrategyView } from "#aggregator/api.ts";
import { signOut } from "./session.ts";
import { token } from "./state.ts";

const ANSWER_TIMEOUT_MS = 10_000;

export type Outcome = { readonly done: boolean; readonly sentence: string };

/** Resets the trip that the reader has seen, and no other. */
export const resetKillSwitch = async (strategy: StrategyView): Promise<Outcome> => {
  const trippedAt = strategy.executor?.status?.killSwitch.trippedAt ?? undefined;
  const body: ResetRequest = trippedAt === undefined ? {} : { trippedAt };
  const path = `/api/executor/kill-switch/reset?strategy=${encodeURIComponent(strategy.key)}`;
  try {
    const response = await fetch(path, {
      method: "POST",
      headers: {
        authorization: `Bearer ${token.value ?? ""}`,
        "content-type": "application/json",
      },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS),
    });
    if (response.status === 401) signOut("That token was refused.");
    const answer: ResetAnswer | Refusal = await response.json();
    if ("error" in answer) return { done: false, sentence: answer.error };
    return { done: true, sentence: sentenceOf(strategy, answer) };
  } catch {
    // It may have arrived: the page shows what became of it, and asking again is harmless.
    return {
      done: false,
      sentence: "No answer came. The switch below shows whether it was reset.",
    };
  }
};

const sentenceOf = ({ display }: StrategyView, { status }: ResetAnswer): string =>
  status === "reset"
    ? `Reset of ${display} asked for. The operator carries it to the executor.`
    : `The kill switch of ${display} was not engaged any more.`;
