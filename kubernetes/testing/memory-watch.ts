/** A watch over the memory store: what exists or has changed since, then every change as it comes. */

import type { Timers } from "#base/clock.ts";
import { err, ok, type Result } from "#base/result.ts";
import type { ApiError, Selection, WatchEvent, WatchQuery } from "../api.ts";
import type { Resource } from "../resource.ts";
import { resourceId, type Change, type MemoryStore } from "./memory-store.ts";
import { isSelected } from "./selectors.ts";

/** As often as the API server. */
const BOOKMARK_EVERY_MS = 60_000;
/** A reader that is further behind than this is cut off. */
const BACKLOG_MAX = 10_000;

export const openWatch = (
  { store, timers }: { readonly store: MemoryStore; readonly timers: Timers },
  resource: Resource,
  query: WatchQuery,
  signal: AbortSignal,
): Result<AsyncIterable<WatchEvent>, ApiError> => {
  const first = firstEvents(store, resource, query);
  if (!first.ok) return first;
  const stream = createStream(first.value);
  stream.onEnd(
    store.subscribe((change) => {
      const event = eventOf(change, resource, query);
      if (event !== undefined) stream.push(event);
    }),
  );
  stream.onEnd(timers.after(query.timeoutSeconds * 1_000, stream.end));
  stream.onEnd(every(timers, BOOKMARK_EVERY_MS, () => stream.push(bookmark(store, false))));
  if (signal.aborted) stream.end();
  signal.addEventListener("abort", stream.end, { once: true });
  return ok(stream.read());
};

const firstEvents = (
  store: MemoryStore,
  resource: Resource,
  query: WatchQuery,
): Result<ReadonlyArray<WatchEvent>, ApiError> => {
  const { resourceVersion = "0", sendInitialEvents = false } = query;
  if (Number(resourceVersion) > store.version()) return err(tooLarge(resourceVersion));
  if (sendInitialEvents || resourceVersion === "0") {
    const existing = store
      .all(resource)
      .filter((object) => isSelected(object, query))
      .map((object) => ({ type: "ADDED" as const, object }));
    return ok([...existing, bookmark(store, true)]);
  }
  const changes = store.since(Number(resourceVersion));
  if (changes === undefined) return err({ kind: "Expired", message: "too old resource version" });
  return ok(changes.flatMap((change) => eventOf(change, resource, query) ?? []));
};

export const tooLarge = (resourceVersion: string): ApiError => ({
  kind: "Expired",
  message: `Too large resource version: ${resourceVersion}`,
});

const bookmark = (store: MemoryStore, initialEventsEnd: boolean): WatchEvent => ({
  type: "BOOKMARK",
  resourceVersion: String(store.version()),
  initialEventsEnd,
});

/** To who selects, what comes to be selected is added, and what is so no more is deleted. */
const eventOf = (
  { type, object, before, resource: id }: Change,
  resource: Resource,
  selection: Selection,
): WatchEvent | undefined => {
  if (id !== resourceId(resource)) return undefined;
  const was = before !== undefined && isSelected(before, selection);
  const is = type !== "DELETED" && isSelected(object, selection);
  if (!was && !is) return undefined;
  if (is) return { type: was ? "MODIFIED" : "ADDED", object };
  return { type: "DELETED", object };
};

const createStream = (first: ReadonlyArray<WatchEvent>) => {
  const cleanups: (() => void)[] = [];
  let waiting: WatchEvent[] = [...first];
  let hasEnded = false;
  let wake: () => void = () => {};
  const end = (): void => {
    hasEnded = true;
    for (const cleanup of cleanups.splice(0)) cleanup();
    wake();
  };
  return {
    end,
    onEnd: (cleanup: () => void) => cleanups.push(cleanup),
    push: (event: WatchEvent): void => {
      waiting.push(event);
      if (waiting.length > BACKLOG_MAX + first.length) end();
      wake();
    },
    read: async function* (): AsyncGenerator<WatchEvent> {
      try {
        for (;;) {
          const events = waiting;
          waiting = [];
          yield* events;
          if (waiting.length > 0) continue;
          if (hasEnded) return;
          await new Promise<void>((resolve) => (wake = resolve));
        }
      } finally {
        end();
      }
    },
  };
};

/** Calls back again and again; the answer ends it. */
const every = (timers: Timers, ms: number, callback: () => void): (() => void) => {
  let cancel = () => {};
  const arm = () => {
    cancel = timers.after(ms, () => {
      callback();
      arm();
    });
  };
  arm();
  return () => cancel();
};
