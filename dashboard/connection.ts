/**
 * The stream of `/api/v1/stream`, for as long as there is a token: reads, resumes, and never gives up.
 *
 * The server says something every second, so ten silent seconds mean that the connection is dead
 * whatever the browser believes. A refused token ends the session; everything else is tried again.
 */

import { effect } from "@preact/signals";
import type { Snapshot, Update } from "#aggregator/api.ts";
import { applyUpdate } from "./fold.ts";
import { signOut } from "./session.ts";
import { createEventReader, type ServerEvent } from "./sse.ts";
import { heardAt, link, snapshot, ticks, token } from "./state.ts";

const SILENCE_MS = 10_000;
const RETRY_MS = [1_000, 2_000, 4_000, 8_000];

export const startConnection = (): void => {
  effect(() => {
    const current = token.value;
    if (current === undefined) return;
    const leaving = new AbortController();
    void follow(current, leaving.signal);
    return () => leaving.abort();
  });
};

const follow = async (current: string, leaving: AbortSignal): Promise<void> => {
  let lastEventId: string | undefined;
  let failures = 0;
  link.value = { kind: "Connecting" };
  while (!leaving.aborted) {
    const problem = await readOnce(current, lastEventId, leaving, (event) => {
      lastEventId = event.id;
      failures = 0;
      take(event);
    });
    if (leaving.aborted) return;
    if (link.value.kind !== "Lost") {
      link.value = { kind: "Lost", since: performance.now(), reason: problem };
    }
    await pause(RETRY_MS[Math.min(failures, RETRY_MS.length - 1)] ?? 0, leaving);
    failures += 1;
  }
};

/** Reads until the connection ends, and says why it did. */
const readOnce = async (
  current: string,
  lastEventId: string | undefined,
  leaving: AbortSignal,
  onEvent: (event: ServerEvent) => void,
): Promise<string> => {
  const silence = new AbortController();
  let cancelSilence = pauseThen(SILENCE_MS, () => silence.abort());
  try {
    const response = await fetch("/api/v1/stream", {
      headers: {
        authorization: `Bearer ${current}`,
        ...(lastEventId !== undefined && { "last-event-id": lastEventId }),
      },
      signal: AbortSignal.any([leaving, silence.signal]),
    });
    if (response.status === 401) {
      signOut("That token was refused.");
      return "refused";
    }
    if (!response.ok || response.body === null) return `the server answers ${response.status}`;
    const events = createEventReader();
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return "the server ended the connection";
      cancelSilence();
      cancelSilence = pauseThen(SILENCE_MS, () => silence.abort());
      for (const event of events.take(value)) onEvent(event);
    }
  } catch {
    return silence.signal.aborted ? "the server is silent" : "the server cannot be reached";
  } finally {
    cancelSilence();
  }
};

const take = ({ name, data }: ServerEvent): void => {
  if (name === "snapshot") {
    const whole: Snapshot = JSON.parse(data);
    snapshot.value = whole;
  } else if (name === "update" && snapshot.value !== undefined) {
    const update: Update = JSON.parse(data);
    snapshot.value = applyUpdate(snapshot.value, update);
  }
  ticks.value = performance.now();
  heardAt.value = { session: snapshot.value?.at ?? 0, page: ticks.value };
  if (link.value.kind !== "Live") link.value = { kind: "Live" };
};

const pauseThen = (ms: number, callback: () => void): (() => void) => {
  const timer = setTimeout(callback, ms);
  return () => clearTimeout(timer);
};

const pause = (ms: number, leaving: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const finish = () => {
      cancel();
      leaving.removeEventListener("abort", finish);
      resolve();
    };
    const cancel = pauseThen(ms, finish);
    leaving.addEventListener("abort", finish);
  });
