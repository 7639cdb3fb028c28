/**
 * Kubernetes Events: what happened to an object, said to the people who look at it.
 *
 * Recording costs the caller nothing and never fails: a few workers write what waits, and what cannot
 * be written is dropped in the end, because an event is a courtesy and never a fact that anybody
 * decides by. What repeats itself within six minutes is one event with a series, counted here and
 * written at most every half minute. Where we may not write events, which is the cluster's owner's
 * choice, that is said once in the log and no more is tried.
 *
 * Each series is a key of a work queue, which keeps the times at which it is to be written. What was
 * counted and not written when the process ends is lost.
 */

import type { Clock, Millis, Timers } from "#base/clock.ts";
import type { Random } from "#base/random.ts";
import { assert, type Result } from "#base/result.ts";
import type { Logger } from "#runtime/log.ts";
import type { ApiError, KubeApi } from "./api.ts";
import {
  eventManifest,
  eventName,
  namespaceOf,
  seriesFields,
  type EventWords,
  type Regarding,
  type Reporter,
} from "./event-object.ts";
import type { KubeObject } from "./object.ts";
import { events } from "./resource.ts";
import { backoffMs, createWorkQueue, type WorkQueue } from "./work-queue.ts";

export type EventRecorder = {
  readonly record: (regarding: Regarding, words: EventWords) => void;
  /** Writes until the signal aborts, and then what is due, for a few seconds at most. Once. */
  readonly run: (signal: AbortSignal) => Promise<void>;
};

export type EventRecorderDeps = {
  readonly api: Pick<KubeApi, "create" | "patchMerge">;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly log: Pick<Logger, "warn">;
};

export type EventRecorderOptions = Reporter & {
  /** Of different events that wait or may still repeat; more are dropped. */
  readonly capacity?: number;
};

const CAPACITY = 1_000;
const WORKERS = 2;
/** client-go's. */
const SERIES_MS = 6 * 60_000;
const PATCH_EVERY_MS = 30_000;
const TRIES_MAX = 12;
const DRAIN_MS = 5_000;

type Entry = {
  readonly name: string;
  readonly regarding: Regarding;
  readonly words: EventWords;
  readonly firstAt: Millis;
  count: number;
  lastObservedAt: Millis;
  /** By `clock.elapsed`, as all that is computed with. */
  seenAt: number;
  /** 0 before it exists. */
  writtenCount: number;
  patchedAt: number;
  tries: number;
};

type Recorder = {
  readonly deps: EventRecorderDeps;
  readonly reporter: Reporter;
  readonly queue: WorkQueue;
  readonly entryByKey: Map<string, Entry>;
  isOff: boolean;
};

export const createEventRecorder = (
  deps: EventRecorderDeps,
  { controller, instance, capacity = CAPACITY }: EventRecorderOptions,
): EventRecorder => {
  assert(isQualifiedName(controller), "events are reported by a qualified name");
  assert(instance !== "", "events are reported by an instance");
  const { clock, log } = deps;
  // What is dropped while it waits keeps its place in the queue for a moment.
  const queue = createWorkQueue(deps, { name: "events", capacity: 2 * capacity });
  const entryByKey = new Map<string, Entry>();
  const recorder: Recorder = {
    deps,
    reporter: { controller, instance },
    queue,
    entryByKey,
    isOff: false,
  };
  let sequence = 0;
  let isFull = false;

  const begin = (key: string, regarding: Regarding, words: EventWords): void => {
    if (entryByKey.size >= capacity) {
      if (!isFull) log.warn({ capacity }, "too many different events, some are dropped");
      isFull = true;
      return;
    }
    isFull = false;
    sequence += 1;
    const now = clock.now();
    entryByKey.set(key, {
      name: eventName(regarding, now, sequence),
      regarding,
      words,
      firstAt: now,
      count: 1,
      lastObservedAt: now,
      seenAt: clock.elapsed(),
      writtenCount: 0,
      patchedAt: -Infinity,
      tries: 0,
    });
    queue.add(key);
  };
  return {
    record: (regarding, words) => {
      if (recorder.isOff) return;
      const { type, reason, note } = words;
      const key = JSON.stringify([regarding.metadata.uid, type, reason, note]);
      const entry = entryByKey.get(key);
      const elapsed = clock.elapsed();
      if (entry === undefined) return begin(key, regarding, words);
      entry.count += 1;
      entry.lastObservedAt = clock.now();
      entry.seenAt = elapsed;
      queue.addAfter(key, entry.patchedAt + PATCH_EVERY_MS - elapsed);
    },
    run: async (signal) => {
      let drainUntil = Infinity;
      const stop = () => {
        drainUntil = clock.elapsed() + DRAIN_MS;
        queue.shutDown();
      };
      if (signal.aborted) stop();
      signal.addEventListener("abort", stop, { once: true });
      const isOver = () => clock.elapsed() >= drainUntil;
      await Promise.all(Array.from({ length: WORKERS }, () => work(recorder, isOver)));
      recorder.isOff = true;
    },
  };
};

/** An optional domain and a name of at most 63 characters, as the API server wants it. */
const isQualifiedName = (text: string): boolean =>
  /^(?:[a-z0-9](?:[-.a-z0-9]{0,251}[a-z0-9])?\/)?[A-Za-z0-9](?:[-._A-Za-z0-9]{0,61}[A-Za-z0-9])?$/.test(
    text,
  );

const work = async (recorder: Recorder, isOver: () => boolean): Promise<void> => {
  const { queue } = recorder;
  for (let key = await queue.get(); key !== undefined; key = await queue.get()) {
    if (!isOver() && !recorder.isOff) await flush(recorder, key);
    queue.done(key);
  }
};

const flush = async (recorder: Recorder, key: string): Promise<void> => {
  const { deps, queue, entryByKey } = recorder;
  const entry = entryByKey.get(key);
  if (entry === undefined) return;
  if (entry.writtenCount === entry.count) {
    const idleMs = deps.clock.elapsed() - entry.seenAt;
    if (idleMs >= SERIES_MS) entryByKey.delete(key);
    else queue.addAfter(key, SERIES_MS - idleMs);
    return;
  }
  const { count } = entry;
  const answer = await write(recorder, entry);
  if (recorder.isOff) return;
  if (!answer.ok) return fail(recorder, key, entry, answer.error);
  entry.tries = 0;
  entry.writtenCount = count;
  // What came meanwhile has asked for its own time, which is earlier.
  queue.addAfter(key, SERIES_MS);
};

const write = (
  { deps, reporter }: Recorder,
  entry: Entry,
): Promise<Result<KubeObject, ApiError>> => {
  const { api, clock } = deps;
  const fieldManager = reporter.controller;
  const { name, regarding } = entry;
  if (entry.writtenCount === 0) {
    const manifest = eventManifest(name, reporter, { ...entry, series: entry });
    return api.create(events, manifest, { fieldManager });
  }
  entry.patchedAt = clock.elapsed();
  const key = { namespace: namespaceOf(regarding), name };
  return api.patchMerge(events, key, { series: seriesFields(entry) }, { fieldManager });
};

const fail = (recorder: Recorder, key: string, entry: Entry, error: ApiError): void => {
  const { deps, queue, entryByKey } = recorder;
  const failed = entry;
  failed.tries += 1;
  const verdict = failed.tries < TRIES_MAX ? verdictOf(error, entry.writtenCount === 0) : "Drop";
  switch (verdict) {
    case "Drop": {
      const { name } = entry.regarding.metadata;
      deps.log.warn({ name, reason: entry.words.reason, error }, "an event could not be written");
      return void entryByKey.delete(key);
    }
    case "Forget":
      return void entryByKey.delete(key);
    case "TurnOff":
      return turnOff(recorder, error);
    case "Exists":
      failed.writtenCount = 1;
      return queue.add(key);
    case "Remake":
      failed.writtenCount = 0;
      return queue.add(key);
    case "Retry": {
      const askedMs = "retryAfterMs" in error ? (error.retryAfterMs ?? 0) : 0;
      return queue.addAfter(key, Math.max(askedMs, backoffMs(entry.tries - 1, deps.random)));
    }
  }
};

type Verdict = "Drop" | "Forget" | "TurnOff" | "Exists" | "Remake" | "Retry";

const verdictOf = (error: ApiError, isNew: boolean): Verdict => {
  switch (error.kind) {
    case "Invalid":
      return "Drop";
    case "Forbidden":
      return isEnding(error) ? "Forget" : "TurnOff";
    case "NotFound":
      // Its namespace is gone, and with it the reader; or it has expired, and is made again.
      return isNew ? "Forget" : "Remake";
    case "Conflict":
      // An earlier attempt that nobody answered has made it after all.
      return isNew ? "Exists" : "Retry";
    case "Expired":
    case "TooManyRequests":
    case "Unavailable":
    case "Unknown":
      return "Retry";
  }
};

/** Nothing is made in a namespace that is being deleted; that says nothing about our rights. */
const isEnding = ({ message }: ApiError): boolean => message.includes("being terminated");

const turnOff = (recorder: Recorder, error: ApiError): void => {
  const off = recorder;
  off.isOff = true;
  recorder.entryByKey.clear();
  recorder.deps.log.warn({ error }, "events may not be written here and are not recorded");
};
