/**
 * A request with everything that belongs around it: who we are, a deadline, and the few cases in
 * which asking again repeats nothing that may have happened.
 *
 * Those are: a 401, once, with credentials made anew; a 429 whose server says when to come back; and
 * once, a connection that broke before an answer began, as kept ones do, if the request was a read or
 * had not left. All else is the caller's, whose work queue waits between attempts. However often it
 * is asked, one deadline holds for all of it.
 */

import type { Dispatcher } from "undici";
import { sleep, type Clock, type Timers } from "#base/clock.ts";
import { err, ok, type Result } from "#base/result.ts";
import type { ApiError } from "../api.ts";
import type { RequestMetrics } from "../metrics.ts";
import type { Connection } from "./connection.ts";
import { errorOfRefusal, lost, type Access } from "./errors.ts";
import { createReception, type Outcome } from "./reception.ts";
import { openStream, type Opened } from "./stream.ts";

export type CallerDeps = {
  readonly clock: Pick<Clock, "elapsed">;
  readonly timers: Timers;
  readonly metrics: Pick<RequestMetrics, "countRequest">;
};

export type CallerOptions = {
  readonly userAgent: string;
  readonly timeoutMs: number;
  readonly bodyBytesMax: number;
};

export type Ask = {
  readonly access: Access;
  readonly method: "DELETE" | "GET" | "PATCH" | "POST" | "PUT";
  readonly path: string;
  readonly body?: { readonly type: string; readonly text: string };
};

export type Caller = {
  /** The body of a 2xx. */
  readonly call: (ask: Ask) => Promise<Result<string, ApiError>>;
  /** The body as it comes. The deadline is for the head. */
  readonly open: (
    ask: Ask,
    signal: AbortSignal,
  ) => Promise<Result<AsyncIterable<Buffer>, ApiError>>;
};

type Send<T> = (options: Dispatcher.DispatchOptions, deadlineMs: number) => Promise<T>;
type Spent = { renewals: number; repeats: number; waits: number };

/** As client-go. */
const MOST: Readonly<Spent> = { renewals: 1, repeats: 1, waits: 10 };

export const createCaller = (
  deps: CallerDeps,
  connection: Connection,
  options: CallerOptions,
): Caller => {
  const { clock, timers, metrics } = deps;
  const { calls, watches, server, host } = connection;
  const toOptions = createRequestOptions(connection, options.userAgent);
  const bytesMax = options.bodyBytesMax;

  const sendOnce = async <T extends Outcome | Opened>(
    ask: Ask,
    send: () => Promise<T>,
  ): Promise<T> => {
    const startedAt = clock.elapsed();
    const outcome = await send();
    const seconds = (clock.elapsed() - startedAt) / 1000;
    metrics.countRequest({ method: ask.method, code: codeOf(outcome), seconds });
    return outcome;
  };

  const persist = async <T extends Outcome | Opened>(
    ask: Ask,
    send: Send<T>,
    signal?: AbortSignal,
  ): Promise<T | Outcome> => {
    const dueAt = clock.elapsed() + options.timeoutMs;
    const spent: Spent = { renewals: 0, repeats: 0, waits: 0 };
    let refused: string | undefined;
    for (;;) {
      const header = await server.credentials.authorization(refused);
      if (!header.ok) return unsent(header.error);
      const request = toOptions(ask, header.value);
      const outcome = await sendOnce(ask, () => send(request, dueAt - clock.elapsed()));
      const reason = whyAgain(ask.access, outcome, spent);
      const waitMs = reason === "waits" ? retryAfterOf(outcome) : 0;
      const isLate = clock.elapsed() + waitMs >= dueAt;
      if (reason === undefined || isLate) return outcome;
      spent[reason] += 1;
      refused = reason === "renewals" ? header.value : undefined;
      if (waitMs > 0) await sleep(timers, waitMs, signal);
    }
  };

  return {
    call: async (ask) => {
      const outcome = await persist(ask, (request, deadlineMs) => {
        const reception = createReception(deps, { deadlineMs, bytesMax });
        calls.dispatch(request, reception.handler);
        return reception.outcome;
      });
      return settle(ask.access, outcome, host);
    },
    open: async (ask, signal) => {
      const send: Send<Outcome | Opened> = (request, deadlineMs) =>
        openStream(
          deps,
          { dispatcher: watches, options: request, limits: { deadlineMs, bytesMax } },
          signal,
        );
      const outcome = await persist(ask, send, signal);
      if (outcome.kind === "Opened") return ok(outcome.chunks);
      const settled = settle(ask.access, outcome, host);
      return settled.ok ? err(lost(ask.access, "the server did not open a watch")) : settled;
    },
  };
};

/** Headers as the flat list that undici takes without looking at it twice. */
const createRequestOptions = ({ server, prefix }: Connection, userAgent: string) => {
  const fixed = [
    "user-agent",
    userAgent,
    "accept",
    "application/json",
    ...Object.entries(server.headers).flatMap(([name, values]) =>
      values.flatMap((value) => [name, value]),
    ),
  ];
  return ({ method, path, body }: Ask, authorization: string | undefined) => {
    const headers = [...fixed];
    if (authorization !== undefined) headers.push("authorization", authorization);
    if (body !== undefined) headers.push("content-type", body.type);
    return { method, path: `${prefix}${path}`, headers, body: body?.text ?? null };
  };
};

const whyAgain = (
  access: Access,
  outcome: Outcome | Opened,
  spent: Readonly<Spent>,
): keyof Spent | undefined => {
  const reason = reasonToRepeat(access, outcome);
  return reason !== undefined && spent[reason] < MOST[reason] ? reason : undefined;
};

const reasonToRepeat = (access: Access, outcome: Outcome | Opened): keyof Spent | undefined => {
  if (outcome.kind === "Lost") {
    return outcome.isBroken && (access === "Read" || !outcome.isSent) ? "repeats" : undefined;
  }
  if (outcome.kind === "Opened") return undefined;
  if (outcome.status === 401) return "renewals";
  return outcome.status === 429 && outcome.retryAfterMs !== undefined ? "waits" : undefined;
};

const retryAfterOf = (outcome: Outcome | Opened): number =>
  outcome.kind === "Answered" ? (outcome.retryAfterMs ?? 0) : 0;

const codeOf = (outcome: Outcome | Opened): number | undefined => {
  if (outcome.kind === "Opened") return 200;
  return outcome.kind === "Answered" ? outcome.status : undefined;
};

const unsent = (message: string): Outcome => ({
  kind: "Lost",
  isSent: false,
  isBroken: false,
  message,
});

const settle = (access: Access, outcome: Outcome, host: string): Result<string, ApiError> => {
  if (outcome.kind === "Lost") {
    const message = `no answer from the API server at ${host}: ${outcome.message}`;
    return err(lost(outcome.isSent ? access : "Read", message));
  }
  const { status, text } = outcome;
  return status >= 200 && status < 300 ? ok(text) : err(errorOfRefusal(access, outcome));
};
