/**
 * One watch, from its request to its end, with a bound on every wait.
 *
 * Whatever the end, the stream's own signal is aborted before this returns: so there is never a
 * second stream beside a forgotten first. A connection on which nothing comes is dead even if the
 * machine does not know it; the server sends a bookmark a minute, so two and a half minutes of
 * silence are enough to tell.
 */

import type { Clock, Timers } from "#base/clock.ts";
import { err, ok, type Result } from "#base/result.ts";
import type { KubeApi, WatchEvent, WatchQuery } from "./api.ts";
import type { Outcome } from "./reflector-verdict.ts";
import type { Resource } from "./resource.ts";

/** An API server that waits for its own cache answers within seconds. */
const ACCEPTED_WITHIN_MS = 30_000;
const SILENT_AFTER_MS = 150_000;
const SHORT_MS = 1_000;

export type StreamDeps = {
  readonly api: Pick<KubeApi, "watch">;
  readonly clock: Pick<Clock, "elapsed">;
  readonly timers: Timers;
};

export type StreamEvent = Exclude<WatchEvent, { readonly type: "ERROR" }>;

export type StreamRequest = {
  readonly resource: Resource;
  readonly query: WatchQuery;
  readonly onAccepted: () => void;
  readonly onEvent: (event: StreamEvent) => void;
};

export const readStream = async (
  deps: StreamDeps,
  request: StreamRequest,
  signal: AbortSignal,
): Promise<Outcome> => {
  const stop = new AbortController();
  const stopped = AbortSignal.any([signal, stop.signal]);
  try {
    const late = deps.timers.after(ACCEPTED_WITHIN_MS, () => stop.abort());
    const answer = await deps.api.watch(request.resource, request.query, stopped);
    late();
    if (signal.aborted) return { kind: "Stopped" };
    if (stop.signal.aborted) return unanswered;
    if (!answer.ok) return { kind: "Refused", error: answer.error };
    request.onAccepted();
    const events = answer.value[Symbol.asyncIterator]();
    return await drain(deps, events, { ...request, signal, stop });
  } finally {
    stop.abort();
  }
};

const unanswered: Outcome = {
  kind: "Refused",
  error: { kind: "Unavailable", message: `no answer to a watch within ${ACCEPTED_WITHIN_MS} ms` },
};

type Drain = Pick<StreamRequest, "onEvent"> & {
  readonly signal: AbortSignal;
  readonly stop: AbortController;
};

const drain = async (
  { clock, timers }: StreamDeps,
  events: AsyncIterator<WatchEvent>,
  { onEvent, signal, stop }: Drain,
): Promise<Outcome> => {
  const openedAt = clock.elapsed();
  let heard = 0;
  const watchdog = startWatchdog({ clock, timers }, () => stop.abort());
  try {
    for (;;) {
      const step = await nextOf(events);
      if (signal.aborted) return { kind: "Stopped" };
      if (watchdog.isSilent()) return { kind: "Silent" };
      if (!step.ok) return { kind: "Broken", message: step.error };
      if (step.value.done === true) {
        const wasShort = heard === 0 && clock.elapsed() - openedAt < SHORT_MS;
        return { kind: "Ended", wasShort };
      }
      const event = step.value.value;
      if (event.type === "ERROR") return { kind: "Errored", error: event.error };
      heard += 1;
      watchdog.heard();
      onEvent(event);
    }
  } finally {
    watchdog.stop();
  }
};

/** A stream that throws is a broken connection; what our own listener throws is not. */
const nextOf = async (
  events: AsyncIterator<WatchEvent>,
): Promise<Result<IteratorResult<WatchEvent>, string>> => {
  try {
    return ok(await events.next());
  } catch (cause) {
    return err(cause instanceof Error ? cause.message : String(cause));
  }
};

/** One timer at a time, however many events come. */
const startWatchdog = (
  { clock, timers }: Pick<StreamDeps, "clock" | "timers">,
  onSilence: () => void,
) => {
  let heardAt = clock.elapsed();
  let isSilent = false;
  const arm = (ms: number): (() => void) =>
    timers.after(ms, () => {
      const left = heardAt + SILENT_AFTER_MS - clock.elapsed();
      if (left > 0) {
        cancel = arm(left);
        return;
      }
      isSilent = true;
      onSilence();
    });
  let cancel = arm(SILENT_AFTER_MS);
  return {
    heard: () => {
      heardAt = clock.elapsed();
    },
    isSilent: () => isSilent,
    stop: () => cancel(),
  };
};
