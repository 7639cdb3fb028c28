/**
 * What an operator gets to see of the server: stands between it and its client, and makes it see late,
 * nothing at all for a while, or the world as it once was. What it asks for object by object and what
 * it writes goes through as ever: only the copies are kept from the truth.
 *
 * A stream that is held back loses nothing. One that is cut off has lost what came meanwhile: the
 * server has forgotten it, so only a full sync tells.
 */

import { err, ok, type Result } from "#base/result.ts";
import type { ApiError, KubeApi, WatchEvent, WatchQuery } from "#kubernetes/api.ts";
import type { KubeObject } from "#kubernetes/object.ts";
import type { Resource } from "#kubernetes/resource.ts";

/** As the server stores it, with the version of the list that it was in. */
export type Snapshot = {
  readonly items: ReadonlyArray<KubeObject>;
  readonly resourceVersion: string;
};

/** By plural. */
export type Past = ReadonlyMap<string, Snapshot>;

export type View = {
  readonly around: (api: KubeApi) => KubeApi;
  /** From now on events of this kind wait. */
  readonly hold: (resource: Resource) => void;
  /** Ends all streams, and opens none. */
  readonly blind: () => void;
  /** What waits comes through; who was blind has to sync in full. */
  readonly open: () => void;
};

type State = {
  readonly past: Past;
  /** Plurals. */
  readonly held: Set<string>;
  readonly missed: Set<string>;
  readonly known: Set<string>;
  isBlind: boolean;
  opened: PromiseWithResolvers<void>;
  cut: AbortController;
};

/** `past`: what the first sync of each of these kinds shows, and no more until `open`. */
export const createView = (past: Past = new Map()): View => {
  const state: State = {
    past,
    held: new Set(past.keys()),
    missed: new Set(),
    known: new Set(),
    isBlind: false,
    opened: Promise.withResolvers(),
    cut: new AbortController(),
  };
  return {
    around: (api) => ({ ...api, watch: watchThrough(state, api) }),
    hold: ({ plural }) => void state.held.add(plural),
    blind: () => {
      state.isBlind = true;
      for (const plural of state.known) state.missed.add(plural);
      state.cut.abort();
      state.cut = new AbortController();
    },
    open: () => {
      state.isBlind = false;
      state.held.clear();
      state.opened.resolve();
      state.opened = Promise.withResolvers();
    },
  };
};

const EXPIRED = err<ApiError>({ kind: "Expired", message: "too old resource version" });
const OVER = err<ApiError>({ kind: "Unavailable", message: "the watch was called off" });

const watchThrough =
  (state: State, api: KubeApi): KubeApi["watch"] =>
  async (resource, query, signal) => {
    const { plural } = resource;
    const isFirst = !state.known.has(plural);
    state.known.add(plural);
    if (state.isBlind) await untilOpen(state, plural, signal);
    if (signal.aborted) return OVER;
    if (state.missed.delete(plural) && query.sendInitialEvents !== true) return EXPIRED;
    const shown = isFirst ? state.past.get(plural) : undefined;
    const watch = { resource, query, signal };
    return shown === undefined ? follow(state, api, watch) : ok(fromPast(state, api, watch, shown));
  };

type Watch = {
  readonly resource: Resource;
  readonly query: WatchQuery;
  readonly signal: AbortSignal;
};

type Events = AsyncIterable<WatchEvent>;

const follow = async (
  state: State,
  api: KubeApi,
  { resource, query, signal }: Watch,
): Promise<Result<Events, ApiError>> => {
  const both = AbortSignal.any([signal, state.cut.signal]);
  const answer = await api.watch(resource, query, both);
  return answer.ok ? ok(late(state, answer.value, resource.plural, both)) : answer;
};

async function* late(state: State, events: Events, plural: string, signal: AbortSignal) {
  for await (const event of events) {
    await untilOpen(state, plural, signal);
    if (signal.aborted) return;
    yield event;
  }
}

/** The state of once, and what has happened since as soon as it is let through. */
async function* fromPast(
  state: State,
  api: KubeApi,
  { resource, query, signal }: Watch,
  { items, resourceVersion }: Snapshot,
): AsyncGenerator<WatchEvent, void, undefined> {
  for (const object of items) yield { type: "ADDED", object };
  yield { type: "BOOKMARK", resourceVersion, initialEventsEnd: true };
  await untilOpen(state, resource.plural, signal);
  if (signal.aborted) return;
  const { sendInitialEvents, ...selection } = query;
  const since = { ...selection, resourceVersion };
  const answer = await follow(state, api, { resource, query: since, signal });
  if (answer.ok) yield* answer.value;
}

const untilOpen = async (state: State, plural: string, signal: AbortSignal): Promise<void> => {
  while ((state.isBlind || state.held.has(plural)) && !signal.aborted) {
    await Promise.race([state.opened.promise, aborted(signal)]);
  }
};

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) return resolve();
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
