/**
 * A full sync by LIST, for servers without watch-list: pages of one consistent read.
 *
 * The first page names no version, so that the server reads its newest state; a page after it names
 * only the token that it was given. A token outlives its version by little: then the list starts
 * again, for half of an old state and half of a new one is no state at all.
 */

import { sleep, type Timers } from "#base/clock.ts";
import { err, ok, type Result } from "#base/result.ts";
import type { Answered, ApiError, KubeApi, Selection } from "./api.ts";
import type { Sink, Snapshot } from "./reflector-replica.ts";
import type { Resource } from "./resource.ts";

/** What client-go asks for. */
const PAGE_SIZE = 500;
const PAGE_WITHIN_MS = 60_000;
/** A list that expires again and again is slower than the server forgets. */
const ATTEMPTS_MAX = 3;

export type ListDeps = {
  readonly api: Pick<KubeApi, "list">;
  readonly timers: Timers;
  readonly sink: Sink;
};

export type ListRequest = { readonly resource: Resource; readonly selection: Selection };
export type Listed = { readonly snapshot: Snapshot; readonly resourceVersion: string };

export const listAll = async (
  deps: ListDeps,
  request: ListRequest,
  signal: AbortSignal,
): Promise<Result<Listed, ApiError>> => {
  for (let attempt = 1; ; attempt += 1) {
    const listed = await listOnce(deps, request, signal);
    if (listed.ok || listed.error.kind !== "Expired" || attempt === ATTEMPTS_MAX) return listed;
  }
};

const listOnce = async (
  { api, timers, sink }: ListDeps,
  { resource, selection }: ListRequest,
  signal: AbortSignal,
): Promise<Result<Listed, ApiError>> => {
  const snapshot = sink.snapshot();
  let token: string | undefined;
  while (!signal.aborted) {
    const query = { ...selection, limit: PAGE_SIZE, ...(token && { continue: token }) };
    const page = await answerOf(timers, api.list(resource, query), signal);
    if (!page.ok) return page;
    for (const object of page.value.items) snapshot.take({ type: "ADDED", object });
    token = page.value.continue;
    if (!token) return ok({ snapshot, resourceVersion: page.value.resourceVersion });
  }
  return unanswered;
};

/** The answer, or that none came in time; at once when the signal aborts. */
const answerOf = async <T>(
  timers: Timers,
  answer: Answered<T>,
  signal: AbortSignal,
): Promise<Result<T, ApiError>> => {
  const answered = new AbortController();
  const tooLate = sleep(timers, PAGE_WITHIN_MS, AbortSignal.any([signal, answered.signal]));
  try {
    return await Promise.race([answer, tooLate.then(() => unanswered)]);
  } finally {
    answered.abort();
  }
};

const unanswered = err<ApiError>({
  kind: "Unavailable",
  message: `no answer to a list within ${PAGE_WITHIN_MS} ms`,
});
