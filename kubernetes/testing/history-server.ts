/**
 * An API server as its readers see it: one history of writes, and views of it that may be late.
 *
 * It keeps the rules that a reader may rely on (events of a stream come in the order of their
 * versions, a bookmark stands for all before it, a page is of one version, a newest state is read
 * consistently) and breaks everything else on command: connections are cut or go silent, the cache
 * behind which a restarted server answers lags, history is compacted, requests are refused or never
 * answered, watch-list is missing.
 */

import type { Timers } from "#base/clock.ts";
import { chance } from "#base/random.ts";
import { err, ok } from "#base/result.ts";
import type {
  Answered,
  ApiError,
  KubeApi,
  ListQuery,
  Page,
  WatchEvent,
  WatchQuery,
} from "../api.ts";
import { keyOf, type KubeObject } from "../object.ts";
import { createPipe, type Pipe } from "./pipe.ts";

type Write = {
  readonly version: number;
  readonly type: "ADDED" | "MODIFIED" | "DELETED";
  readonly object: KubeObject;
};

type Stream = {
  readonly pipe: Pipe<WatchEvent>;
  /** The version that it began with. */
  from: number;
  /** The last version that was sent. */
  cursor: number;
  /** The connection stands and nothing comes. */
  isSilent: boolean;
};

export type WatchListSupport =
  | "Yes"
  /** Does not know the parameter. */
  | "Refused"
  /** Its storage cannot: an error in the stream. */
  | "Broken"
  /** Something between drops the last bookmark. */
  | "Endless";

type World = {
  readonly timers: Timers;
  readonly seed: number;
  history: Write[];
  version: number;
  /** Nothing before it can be read any more. */
  compacted: number;
  /** What the cache of the server that answers has come to; no bound while undefined. */
  behindAt: number | undefined;
  support: WatchListSupport;
  isSwallowing: boolean;
  readonly refusals: ApiError[];
  readonly streams: Set<Stream>;
  openMax: number;
  readonly watches: WatchQuery[];
  readonly lists: ListQuery[];
  draws: number;
};

export const createHistoryServer = ({
  timers,
  seed,
}: {
  readonly timers: Timers;
  readonly seed: number;
}) => {
  const world: World = {
    timers,
    seed,
    history: [],
    version: 100,
    compacted: 0,
    behindAt: undefined,
    support: "Yes",
    isSwallowing: false,
    refusals: [],
    streams: new Set(),
    openMax: 0,
    watches: [],
    lists: [],
    draws: 0,
  };
  beat(world);
  const api: Pick<KubeApi, "list" | "watch"> = {
    list: (_resource, query) => list(world, query),
    watch: (_resource, query, signal) => watch(world, query, signal),
  };
  return { api, ...writersOf(world), ...faultsOf(world), ...sightsOf(world) };
};

/** A cluster's own leases are renewed all the time, so versions never stand still. */
const BEAT_MS = 10_000;

const beat = (target: World): void => {
  const world = target;
  world.timers.after(BEAT_MS, () => {
    world.version += 1;
    beat(world);
  });
};

const writersOf = (world: World) => ({
  /** Creates or changes. */
  write: (name: string, value: string, metadata: Readonly<Record<string, unknown>> = {}) => {
    world.version += 1;
    const known = stateAt(world, world.version).get(`trading/${name}`);
    const object: KubeObject = {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: {
        name,
        namespace: "trading",
        uid: known?.metadata.uid ?? `uid-${world.version}`,
        resourceVersion: String(world.version),
        ...metadata,
      },
      data: { value },
    };
    append(world, { version: world.version, type: known ? "MODIFIED" : "ADDED", object });
  },
  remove: (name: string) => {
    const known = stateAt(world, world.version).get(`trading/${name}`);
    if (known === undefined) return;
    world.version += 1;
    const metadata = { ...known.metadata, resourceVersion: String(world.version) };
    append(world, { version: world.version, type: "DELETED", object: { ...known, metadata } });
  },
  /** Somebody writes other resources: versions go on. */
  writeElsewhere: (times: number) => {
    world.version += times;
  },
});

const faultsOf = (world: World) => ({
  /** Nothing before now can be gone on from. */
  compact: () => {
    world.compacted = world.version;
  },
  /** Streams and the cache stay that far back until `catchUp`, as after a restart behind etcd. */
  fallBehind: (versions: number) => {
    world.behindAt = Math.max(100, world.version - versions);
  },
  catchUp: () => {
    world.behindAt = undefined;
    deliverAll(world);
  },
  /** An older state is the state again, and connections break: a backup was restored. */
  restore: (versions: number) => {
    world.version -= versions;
    world.history = world.history.filter(({ version }) => version <= world.version);
    for (const { pipe } of world.streams) pipe.fail("terminated");
  },
  cut: () => {
    for (const { pipe } of world.streams) pipe.fail("terminated");
  },
  end: () => {
    for (const { pipe } of world.streams) pipe.end();
  },
  /** Open streams stay open, and nothing comes on them any more. */
  silence: () => {
    for (const stream of world.streams) stream.isSilent = true;
  },
  sendError: (error: ApiError) => {
    for (const { pipe } of world.streams) {
      pipe.push({ type: "ERROR", error });
      pipe.end();
    }
  },
  /** Sends the last writes once more, as no server should. */
  repeat: (writes: number) => {
    for (const stream of world.streams) {
      for (const { type, object } of world.history.slice(-writes)) {
        stream.pipe.push({ type, object });
      }
    }
  },
  /** Answers the next requests with the error. */
  refuse: (error: ApiError, times: number) => {
    for (let index = 0; index < times; index += 1) world.refusals.push(error);
  },
  /** Requests are never answered. */
  swallow: (isSwallowing: boolean) => {
    world.isSwallowing = isSwallowing;
  },
  supportWatchList: (support: WatchListSupport) => {
    world.support = support;
  },
  heal: () => {
    world.refusals.length = 0;
    world.isSwallowing = false;
    world.behindAt = undefined;
    deliverAll(world);
  },
});

const sightsOf = (world: World) => ({
  state: () => stateAt(world, world.version),
  version: () => world.version,
  openStreams: () => world.streams.size,
  openStreamsMax: () => world.openMax,
  watches: world.watches as ReadonlyArray<WatchQuery>,
  lists: world.lists as ReadonlyArray<ListQuery>,
});

const stateAt = ({ history }: World, version: number): ReadonlyMap<string, KubeObject> => {
  const state = new Map<string, KubeObject>();
  for (const { version: at, type, object } of history) {
    if (at > version) break;
    if (type === "DELETED") state.delete(keyOf(object));
    else state.set(keyOf(object), object);
  }
  return state;
};

const append = (world: World, write: Write): void => {
  world.history.push(write);
  deliverAll(world);
};

const visibleVersion = ({ behindAt, version }: World): number => behindAt ?? version;

const latency = (world: World): number => {
  world.draws += 1;
  return 1 + 30 * chance(world.seed, "latency", world.draws);
};

const deliverAll = (world: World): void => {
  for (const stream of world.streams) {
    world.timers.after(latency(world), () => deliver(world, stream));
  }
};

const deliver = (world: World, stream: Stream): void => {
  if (stream.isSilent || !stream.pipe.isOpen()) return;
  for (const { version, type, object } of world.history) {
    if (version <= stream.cursor || version > visibleVersion(world)) continue;
    stream.cursor = version;
    stream.pipe.push({ type, object });
  }
};

const BOOKMARK_EVERY_MS = 60_000;

const bookmarkLater = (world: World, stream: Stream): void => {
  world.timers.after(BOOKMARK_EVERY_MS, () => {
    if (!stream.pipe.isOpen()) return;
    deliver(world, stream);
    const version = visibleVersion(world);
    // A real server says nothing of the version that a stream began with, nor of any before.
    if (!stream.isSilent && version > stream.from) {
      stream.cursor = version;
      stream.pipe.push(bookmark(version, false));
    }
    bookmarkLater(world, stream);
  });
};

const bookmark = (version: number, initialEventsEnd: boolean): WatchEvent => ({
  type: "BOOKMARK",
  resourceVersion: String(version),
  initialEventsEnd,
});

const unavailable: ApiError = { kind: "Unavailable", message: "the request was called off" };
const expired: ApiError = { kind: "Expired", message: "too old resource version" };

/** Waits for the network; the error with which the request ends here, if it does. */
const arrive = async (world: World, signal?: AbortSignal): Promise<ApiError | undefined> => {
  await new Promise<void>((resolve) => {
    signal?.addEventListener("abort", () => resolve(), { once: true });
    if (signal?.aborted === true) resolve();
    else world.timers.after(latency(world), () => world.isSwallowing || resolve());
  });
  return signal?.aborted === true ? unavailable : world.refusals.shift();
};

const watch = async (
  world: World,
  query: WatchQuery,
  signal: AbortSignal,
): Answered<AsyncIterable<WatchEvent>> => {
  world.watches.push(query);
  const refusal = await arrive(world, signal);
  if (refusal !== undefined) return err(refusal);
  if (query.sendInitialEvents === true && world.support === "Refused") {
    return err({ kind: "Invalid", message: "sendInitialEvents is forbidden" });
  }
  const stream: Stream = {
    pipe: createPipe(signal, () => world.streams.delete(stream)),
    from: 0,
    cursor: 0,
    isSilent: false,
  };
  world.streams.add(stream);
  world.openMax = Math.max(world.openMax, world.streams.size);
  world.timers.after(query.timeoutSeconds * 1_000, stream.pipe.end);
  bookmarkLater(world, stream);
  if (query.sendInitialEvents === true) sendState(world, stream, query);
  else goOn(world, stream, query);
  return ok(stream.pipe.items);
};

const goOn = (world: World, target: Stream, { resourceVersion }: WatchQuery): void => {
  const stream = target;
  const from = Number(resourceVersion);
  // No version, or "0": a reader that is content with whatever there is gets it, however old.
  if (!(from > 0)) {
    sendObjects(world, stream, visibleVersion(world));
    return;
  }
  if (from < world.compacted) return fail(stream, expired);
  stream.from = from;
  stream.cursor = from;
  deliver(world, stream);
};

/** How long a server waits for its cache to have the version that it is asked for. */
const FRESH_WITHIN_MS = 3_000;

const sendState = (world: World, stream: Stream, { resourceVersion }: WatchQuery): void => {
  if (world.support === "Broken") {
    return fail(stream, { kind: "Unavailable", message: "storage feature is disabled" });
  }
  const wanted = resourceVersion === undefined ? world.version : Number(resourceVersion);
  const send = (): void => {
    if (!stream.pipe.isOpen()) return;
    const version = visibleVersion(world);
    sendObjects(world, stream, version);
    if (world.support !== "Endless") stream.pipe.push(bookmark(version, true));
  };
  if (wanted <= visibleVersion(world)) return send();
  world.timers.after(FRESH_WITHIN_MS, () =>
    wanted <= visibleVersion(world) ? send() : fail(stream, tooLarge(wanted)),
  );
};

/** In the words and of the kind in which the client passes it on. */
const tooLarge = (version: number): ApiError => ({
  kind: "Expired",
  message: `Timeout: Too large resource version: ${version}`,
});

const fail = ({ pipe }: Stream, error: ApiError): void => {
  pipe.push({ type: "ERROR", error });
  pipe.end();
};

/** In no order that means anything. */
const sendObjects = (world: World, target: Stream, version: number): void => {
  const stream = target;
  stream.from = version;
  stream.cursor = version;
  const objects = [...stateAt(world, version).values()].toSorted((a, b) =>
    a.metadata.uid < b.metadata.uid ? 1 : -1,
  );
  for (const object of objects) stream.pipe.push({ type: "ADDED", object });
};

const list = async (world: World, query: ListQuery): Answered<Page> => {
  world.lists.push(query);
  const refusal = await arrive(world);
  if (refusal !== undefined) return err(refusal);
  const [of = "", from = "0"] = query.continue?.split("/") ?? [];
  const version = Number(of) || versionToList(world, query);
  if (version < world.compacted) return err(expired);
  const objects = [...stateAt(world, version).values()];
  const start = Number(from);
  const stop = start + (query.limit ?? Infinity);
  return ok({
    items: objects.slice(start, stop),
    resourceVersion: String(version),
    continue: stop < objects.length ? `${version}/${stop}` : undefined,
  });
};

const versionToList = (world: World, { resourceVersion }: ListQuery): number =>
  resourceVersion === undefined ? world.version : visibleVersion(world);
