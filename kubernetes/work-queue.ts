/**
 * The keys that want a reconcile, each at most once, in the order in which they deserve it.
 *
 * client-go's contract: a key that is added while it is worked on is handed out once more after
 * `done`; never to two workers at a time, and once however often it was added. Unlike there, what a
 * key waits for is one thing: the earliest of the times asked for counts, an `add` makes a delayed key
 * due now, and what is due already takes no later time. Whoever reconciles looks at the whole world
 * and asks for its next time itself, so nothing is lost by that. `agenda.ts` has the order.
 *
 *              addAfter, addRateLimited                      get
 *   (nowhere) ─────────────────────────▶ delayed ──▶ due ─────────▶ worked on ──done──▶ (nowhere)
 *        └───────────────────── add ──────────────────▲              │
 *                                                     └── done, when added meanwhile
 */

import type { Clock, Timers } from "#base/clock.ts";
import type { Random } from "#base/random.ts";
import { assert } from "#base/result.ts";
import { createAgenda } from "./agenda.ts";

export type WorkQueue = {
  readonly add: (key: string, priority?: number) => void;
  /** What is worked on keeps the priority that it was handed out with, unless told otherwise. */
  readonly addAfter: (key: string, ms: number, priority?: number) => void;
  /** Counts as a failure of the key: the delay grows with them. */
  readonly addRateLimited: (key: string, priority?: number) => void;
  /** The next failure backs off from the beginning again. */
  readonly forget: (key: string) => void;
  /** Failures since the key was last forgotten. */
  readonly retries: (key: string) => number;
  /** The next key, which is the caller's until `done`; `undefined` once shut down and drained. */
  readonly get: () => Promise<string | undefined>;
  readonly done: (key: string) => void;
  /** Takes nothing more in, drops what is delayed, and lets what is due be taken. */
  readonly shutDown: () => void;
  /** Keys that could be handed out now. */
  readonly length: () => number;
};

export type WorkQueueDeps = {
  readonly clock: Pick<Clock, "elapsed">;
  readonly timers: Timers;
  readonly random: Random;
  readonly metrics?: WorkQueueMetrics;
};

export type WorkQueueMetrics = {
  readonly added: () => void;
  readonly delayed: () => void;
  readonly handedOut: (waitedMs: number) => void;
  readonly finished: (workedMs: number) => void;
  /** Hands over what tells, whenever metrics are read, how long each key has been worked on. */
  readonly observe: (workedMs: () => ReadonlyArray<number>) => void;
};

export type WorkQueueOptions = {
  readonly name: string;
  /** Of keys. One more is a defect: there are no more keys than objects. */
  readonly capacity: number;
};

/** What a change deserves that a person made. */
export const DEFAULT_PRIORITY = 0;
/** For what is only looked at again, as after the first list: changes overtake it for a minute. */
export const BACKGROUND_PRIORITY = -60;

const BACKOFF_BASE_MS = 250;
const BACKOFF_MAX_MS = 5 * 60_000;

type Work = { readonly since: number; readonly priority: number };

/**
 * The delay after a failure that follows `failures` others. Nominally 250 ms, doubled by each, at most
 * 5 minutes; chance takes up to half of it away, so it is in (nominal / 2, nominal]. Keys that failed
 * together thus do not come back together, not even at the longest delay.
 */
export const backoffMs = (failures: number, random: Random): number =>
  Math.min(BACKOFF_BASE_MS * 2 ** failures, BACKOFF_MAX_MS) * (1 - random() / 2);

export const createWorkQueue = (
  { clock, timers, random, metrics }: WorkQueueDeps,
  { name, capacity }: WorkQueueOptions,
): WorkQueue => {
  const workByKey = new Map<string, Work>();
  const failuresByKey = new Map<string, number>();
  const takers: ((key: string | undefined) => void)[] = [];
  let isClosed = false;

  const take = (): string | undefined => {
    const entry = agenda.take();
    if (entry === undefined) return undefined;
    const now = clock.elapsed();
    workByKey.set(entry.key, { since: now, priority: entry.priority });
    metrics?.handedOut(Math.max(0, now - entry.dueAt));
    return entry.key;
  };
  const agenda = createAgenda({
    clock,
    timers,
    onDue: () => metrics?.added(),
    onOffer: () => takers.shift()?.(take()),
  });
  const add = (key: string, ms: number, priority = DEFAULT_PRIORITY): void => {
    if (isClosed) return;
    assert(agenda.has(key) || agenda.size() < capacity, `queue ${name} has room for ${capacity}`);
    if (ms > 0) metrics?.delayed();
    agenda.ask(key, clock.elapsed() + Math.max(0, ms), priority);
  };
  metrics?.observe(() => {
    const now = clock.elapsed();
    return [...workByKey.values()].map(({ since }) => now - since);
  });

  return {
    add: (key, priority) => add(key, 0, priority),
    addAfter: (key, ms, priority) => add(key, ms, priority ?? workByKey.get(key)?.priority),
    addRateLimited: (key, priority) => {
      const failures = failuresByKey.get(key) ?? 0;
      failuresByKey.set(key, failures + 1);
      assert(failuresByKey.size <= capacity, `queue ${name} forgets what has gone well`);
      add(key, backoffMs(failures, random), priority ?? workByKey.get(key)?.priority);
    },
    forget: (key) => void failuresByKey.delete(key),
    retries: (key) => failuresByKey.get(key) ?? 0,
    get: async () => {
      const key = take();
      if (key !== undefined || isClosed) return key;
      return new Promise((resolve) => takers.push(resolve));
    },
    done: (key) => {
      const work = workByKey.get(key);
      assert(work !== undefined, "a key is done once, by whom it was handed to");
      workByKey.delete(key);
      metrics?.finished(clock.elapsed() - work.since);
      agenda.release(key);
    },
    shutDown: () => {
      isClosed = true;
      agenda.close();
      for (const taker of takers.splice(0)) taker(undefined);
    },
    length: agenda.offered,
  };
};
