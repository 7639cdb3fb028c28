/**
 * A copy of a collection of the API server that follows it through everything that breaks.
 *
 * Once synced, the copy is complete at some instant of the server's history and moves forward only:
 * it never shows an older state than it has shown, whichever API server answers. It is late by as
 * long as an outage lasts, and `stats` says how late. There is one stream at any time, and none
 * after the signal.
 *
 * A full sync replaces nothing until it is complete, so listeners never see half of the world; what
 * they are told are steps between levels (`reflector-replica.ts`), whatever the stream was. What
 * follows from which failure is a table (`reflector-verdict.ts`).
 */

import { sleep, type Clock, type Timers } from "#base/clock.ts";
import type { Random } from "#base/random.ts";
import { assert, unreachable } from "#base/result.ts";
import type { Logger } from "#runtime/log.ts";
import type { ApiError, KubeApi, Selection } from "./api.ts";
import type { Indexed, Stored } from "./indexer.ts";
import { resume, syncByList, syncByStream, type Attempt } from "./reflector-attempt.ts";
import { createBackoff, type Backoff } from "./reflector-backoff.ts";
import type { ReflectorMetrics } from "./reflector-metrics.ts";
import { createReplica, type ReplicaOptions, type Sink } from "./reflector-replica.ts";
import {
  errorOf,
  isBehind,
  isForPeople,
  judge,
  type Outcome,
  type Patience,
  type Verdict,
} from "./reflector-verdict.ts";
import type { Resource } from "./resource.ts";

/** How long a server without watch-list is spared the question. */
const WATCH_LIST_ASKED_AGAIN_AFTER_MS = 600_000;
const RETRY_AFTER_MAX_MS = 300_000;
const RETRY_AFTER_UNSAID_MS = 1_000;

export type ReflectorDeps = {
  readonly api: Pick<KubeApi, "list" | "watch">;
  readonly clock: Pick<Clock, "elapsed">;
  readonly timers: Timers;
  readonly random: Random;
  readonly log: Logger;
  readonly metrics?: ReflectorMetrics;
};

export type ReflectorOptions<T, Name extends string = string> = ReplicaOptions<T, Name> & {
  readonly resource: Resource;
  readonly selection: Selection;
  /** Called when a full sync is complete and has been told of. Must neither throw nor wait. */
  readonly onSynced?: () => void;
};

export type ReflectorStats = {
  readonly synced: boolean;
  /** The newest version that was followed to. */
  readonly resourceVersion: string | undefined;
  /** Full syncs after the first. */
  readonly relists: number;
  /** Watches asked for after the first. */
  readonly restarts: number;
  /** Since the server was last heard, or since the beginning. */
  readonly lastEventAgeMs: number;
};

export type Reflector<T, Name extends string = string> = {
  readonly store: Indexed<T, Name>;
  /** Follows until the signal aborts. Once. */
  readonly run: (signal: AbortSignal) => Promise<void>;
  /** Whether the store has once been complete; it stays so, if late. */
  readonly synced: () => boolean;
  /** Resolves when synced, or when the signal aborts. */
  readonly untilSynced: (signal: AbortSignal) => Promise<void>;
  readonly stats: () => ReflectorStats;
  /** What keeps us from following the server, until it accepts us again. */
  readonly problem: () => ApiError | undefined;
};

export const createReflector = <T extends Stored, Name extends string = string>(
  deps: ReflectorDeps,
  options: ReflectorOptions<T, Name>,
): Reflector<T, Name> => {
  const replica = createReplica(deps, options);
  const self = createSelf(deps, options, replica);
  const { resource } = options;
  deps.metrics?.track(resource.plural, () => ({ ...statsOf(self), items: replica.store.size() }));
  let isStarted = false;
  return {
    store: replica.store,
    run: async (signal) => {
      assert(!isStarted, "a reflector runs once");
      isStarted = true;
      await follow(self, signal);
    },
    synced: () => self.syncs > 0,
    untilSynced: (signal) => untilSynced(self, signal),
    stats: () => statsOf(self),
    problem: () => self.problem,
  };
};

type Self = {
  readonly deps: ReflectorDeps & { readonly sink: Sink };
  readonly onSynced: () => void;
  readonly resource: Resource;
  readonly selection: Selection;
  readonly backoff: Backoff;
  /** The newest version seen. A stream goes on from it; a full sync must not be older. */
  version: string | undefined;
  /** No stream may go on: what came between would be lost. */
  mustSync: boolean;
  /** Watch-list has failed; if a LIST works now, that was not for an outage. */
  doubtsWatchList: boolean;
  listsUntil: number;
  /** Since when the server has been behind the version. */
  behindSince: number | undefined;
  /** Since when it has refused us. */
  refusedSince: number | undefined;
  syncs: number;
  watches: number;
  heardAt: number;
  problem: ApiError | undefined;
  /** What the log was last told of; forgotten when the server is heard, not when it only accepts. */
  complaint: ApiError["kind"] | undefined;
  readonly waiting: Set<() => void>;
};

const createSelf = (
  deps: ReflectorDeps,
  {
    resource,
    selection,
    onSynced,
  }: Pick<ReflectorOptions<never>, "resource" | "selection" | "onSynced">,
  sink: Sink,
): Self => ({
  deps: { ...deps, sink },
  onSynced: onSynced ?? (() => {}),
  resource,
  selection,
  backoff: createBackoff(deps),
  version: undefined,
  mustSync: true,
  doubtsWatchList: false,
  listsUntil: -Infinity,
  behindSince: undefined,
  refusedSince: undefined,
  syncs: 0,
  watches: 0,
  heardAt: deps.clock.elapsed(),
  problem: undefined,
  complaint: undefined,
  waiting: new Set(),
});

const follow = async (self: Self, signal: AbortSignal): Promise<void> => {
  while (!signal.aborted) {
    const { phase, outcome } = await attempt(self, signal);
    if (signal.aborted) return;
    const error = errorOf(outcome);
    const verdict = judge(phase, outcome, patienceOf(self, error));
    if (error !== undefined && verdict.next !== "List") complain(self, error);
    if (verdict.next !== "Same") self.mustSync = true;
    if (verdict.next === "Afresh") self.version = undefined;
    self.doubtsWatchList = verdict.next === "List";
    if (self.doubtsWatchList) sayWithoutWatchList(self, outcome);
    const ms = waitOf(self, verdict, error);
    if (ms > 0) await sleep(self.deps.timers, ms, signal);
  }
};

const patienceOf = (self: Self, error: ApiError | undefined): Patience => {
  const now = self.deps.clock.elapsed();
  self.behindSince = error !== undefined && isBehind(error) ? (self.behindSince ?? now) : undefined;
  const isRefused = error !== undefined && isForPeople(error);
  self.refusedSince = isRefused ? (self.refusedSince ?? now) : undefined;
  return {
    unheardMs: now - self.heardAt,
    behindMs: now - (self.behindSince ?? now),
    refusedMs: now - (self.refusedSince ?? now),
  };
};

const attempt = async (self: Self, signal: AbortSignal): Promise<Attempt> => {
  const { deps, resource, selection, version } = self;
  const options = { resource, selection, version, on: listenersOf(self) };
  if (!self.mustSync) return resume(deps, options, signal);
  deps.metrics?.listStarted(resource.plural);
  const now = deps.clock.elapsed();
  if (!self.doubtsWatchList && now >= self.listsUntil) return syncByStream(deps, options, signal);
  const listed = await syncByList(deps, options, signal);
  if (self.doubtsWatchList && !self.mustSync) {
    self.listsUntil = now + WATCH_LIST_ASKED_AGAIN_AFTER_MS;
  }
  return listed;
};

const listenersOf = (self: Self) => ({
  watchStarted: () => {
    self.watches += 1;
    self.deps.metrics?.watchStarted(self.resource.plural);
  },
  accepted: () => {
    self.problem = undefined;
  },
  heard: () => {
    self.heardAt = self.deps.clock.elapsed();
    if (self.complaint === undefined) return;
    self.complaint = undefined;
    self.deps.log.info({ resource: self.resource.plural }, "the server is heard again");
  },
  movedTo: (version: string) => {
    self.version = version;
  },
  synced: (version: string) => {
    self.version = version;
    self.mustSync = false;
    self.syncs += 1;
    self.onSynced();
    for (const resolve of self.waiting) resolve();
  },
});

const waitOf = ({ backoff }: Self, { wait }: Verdict, error: ApiError | undefined): number => {
  const said = error !== undefined && "retryAfterMs" in error ? error.retryAfterMs : 0;
  const asked = Math.min(said ?? 0, RETRY_AFTER_MAX_MS);
  switch (wait) {
    case "None":
      return 0;
    case "Server":
      return Math.max(asked, RETRY_AFTER_UNSAID_MS);
    case "Backoff":
      return Math.max(asked, backoff.next());
    case "Slow":
      return Math.max(asked, backoff.longest());
    default:
      return unreachable(wait);
  }
};

/** Which is no problem, unless the LIST that is next has one. */
const sayWithoutWatchList = ({ deps, resource }: Self, outcome: Outcome): void =>
  deps.log.info({ resource: resource.plural, outcome }, "no watch-list is to be had");

/** An outage is one line in the log, not one a minute. */
const complain = (self: Self, problem: ApiError): void => {
  const { log } = self.deps;
  const facts = { resource: self.resource.plural, problem };
  if (self.complaint === problem.kind) log.debug(facts, "the server is still not followed");
  else if (isForPeople(problem)) log.error(facts, "the server refuses to be followed");
  else log.warn(facts, "the server is not followed");
  self.complaint = problem.kind;
  self.problem = problem;
};

const statsOf = (self: Self): ReflectorStats => ({
  synced: self.syncs > 0,
  resourceVersion: self.version,
  relists: Math.max(0, self.syncs - 1),
  restarts: Math.max(0, self.watches - 1),
  lastEventAgeMs: self.deps.clock.elapsed() - self.heardAt,
});

const untilSynced = ({ syncs, waiting }: Self, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (syncs > 0 || signal.aborted) return resolve();
    const finish = () => {
      waiting.delete(finish);
      signal.removeEventListener("abort", finish);
      resolve();
    };
    waiting.add(finish);
    signal.addEventListener("abort", finish, { once: true });
  });
