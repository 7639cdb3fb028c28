/** The executors' own API as the operator uses it: look at the status, hand over the specification. */

import { known, unknown } from "#base/fact.ts";
import { millis } from "#base/clock.ts";
import { err, ok, type Result } from "#base/result.ts";
import type { ExecutorSpec } from "#crds/executor-spec.ts";
import { executorStatus } from "#crds/executor-status.ts";
import type { Secret } from "#runtime/secret.ts";
import type { ExecutorWord } from "./observed.ts";

export type Executors = {
  readonly status: (url: string) => Promise<ExecutorWord>;
  /** An error says why the executor refuses it. Throws when it may take it over another time. */
  readonly control: (url: string, spec: ExecutorSpec) => Promise<Result<undefined, string>>;
};

const TIMEOUT_MS = 2_000;

/** It answers, and has nothing to report: it cannot begin yet. */
const WAITING = 503;

/** It has understood what it is told, and does not want it: asking again changes nothing. */
const REFUSED = new Set([409, 422]);

export const createExecutors = ({ token }: { readonly token: Secret }): Executors => {
  const authorization = `Bearer ${token.reveal()}`;
  return {
    status: async (url) => {
      try {
        const response = await fetch(`${url}/status`, {
          headers: { authorization },
          signal: AbortSignal.timeout(TIMEOUT_MS),
        });
        const body: unknown = await response.json();
        if (response.status === WAITING) {
          return { kind: "Waiting", reason: problemIn(body, WAITING) };
        }
        if (!response.ok) return unknown(problemIn(body, response.status));
        const parsed = executorStatus.safeParse(body);
        return parsed.success
          ? known(parsed.data, millis(parsed.data.at))
          : unknown("its status does not have the form that was agreed");
      } catch (error) {
        return unknown(`it does not answer: ${messageOf(error)}`);
      }
    },
    control: async (url, spec) => {
      const response = await fetch(`${url}/control`, {
        method: "PUT",
        headers: { authorization, "content-type": "application/json" },
        body: JSON.stringify(spec),
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
      const body: unknown = await response.json();
      if (response.ok) return ok(undefined);
      const problem = problemIn(body, response.status);
      if (REFUSED.has(response.status)) return err(problem);
      throw new Error(`the executor was not told: ${problem}`);
    },
  };
};

const problemIn = (body: unknown, status: number): string =>
  typeof body === "object" && body !== null && "error" in body && typeof body.error === "string"
    ? body.error
    : `it answers ${status}`;

const messageOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);
