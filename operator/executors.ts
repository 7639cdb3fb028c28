/** The executors' own API as the operator uses it: look at the status, hand over the specification. */

import { known, unknown, type Fact } from "#base/fact.ts";
import { millis, type Clock } from "#base/clock.ts";
import { err, ok, type Result } from "#base/result.ts";
import type { ExecutorSpec } from "#crds/executor-spec.ts";
import { executorStatus, type ExecutorStatus } from "#crds/executor-status.ts";
import type { Secret } from "#runtime/secret.ts";

export type Executors = {
  readonly status: (url: string) => Promise<Fact<ExecutorStatus>>;
  /** An error says why the executor took nothing over. */
  readonly control: (url: string, spec: ExecutorSpec) => Promise<Result<undefined, string>>;
};

const TIMEOUT_MS = 2_000;

export const createExecutors = (deps: {
  readonly clock: Pick<Clock, "now">;
  readonly token: Secret;
}): Executors => {
  const authorization = `Bearer ${deps.token.reveal()}`;
  return {
    status: async (url) => {
      try {
        const response = await fetch(`${url}/status`, {
          headers: { authorization },
          signal: AbortSignal.timeout(TIMEOUT_MS),
        });
        const body: unknown = await response.json();
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
      try {
        const response = await fetch(`${url}/control`, {
          method: "PUT",
          headers: { authorization, "content-type": "application/json" },
          body: JSON.stringify(spec),
          signal: AbortSignal.timeout(TIMEOUT_MS),
        });
        const body: unknown = await response.json();
        return response.ok ? ok(undefined) : err(problemIn(body, response.status));
      } catch (error) {
        return err(`it does not answer: ${messageOf(error)}`);
      }
    },
  };
};

const problemIn = (body: unknown, status: number): string =>
  typeof body === "object" && body !== null && "error" in body && typeof body.error === "string"
    ? body.error
    : `it answers ${status}`;

const messageOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);
