/**
 * When each key is wanted, and which of those that are due goes first.
 *
 * A key waits in one place only, however often it is asked for: the earliest instant asked for counts.
 *
 * Order: one point of priority is worth a head start of one second. Asked for instant t with priority
 * p, a key ranks at t − p seconds, and the lowest rank goes first; asked for more than once, it ranks
 * as the best of them. So within a priority it is first come, first served, and nothing waits for
 * ever: what has priority q overtakes it only if it was wanted for less than q − p seconds later.
 *
 * A key that was taken is held: it may be asked for, but is not offered until it is released.
 */

import type { Clock, Timers } from "#base/clock.ts";
import { createHeap } from "./heap.ts";

export type Agenda = {
  readonly ask: (key: string, at: number, priority: number) => void;
  /** The first of what is due and not held, which is held from now on. */
  readonly take: () => Entry | undefined;
  readonly release: (key: string) => void;
  readonly has: (key: string) => boolean;
  /** Keys that wait, due or not. */
  readonly size: () => number;
  /** Keys that `take` could give now. */
  readonly offered: () => number;
  /** Nothing becomes due any more; nothing may be asked for. */
  readonly close: () => void;
};

export type Entry = {
  readonly key: string;
  readonly dueAt: number;
  /** The highest asked with. */
  readonly priority: number;
  readonly rank: number;
  /** Decides among equal ranks. */
  readonly sequence: number;
};

export type AgendaDeps = {
  readonly clock: Pick<Clock, "elapsed">;
  readonly timers: Timers;
  /** A key has become due. */
  readonly onDue: () => void;
  /** There is one more to take. */
  readonly onOffer: () => void;
};

export const HEAD_START_MS = 1_000;

/** Timers are no finer than this: what is due within it is due. */
const DUE_WITHIN_MS = 1;

type Place = { readonly entry: Entry; readonly isDue: boolean; readonly withdraw: () => void };

export const createAgenda = ({ clock, timers, onDue, onOffer }: AgendaDeps): Agenda => {
  const placeByKey = new Map<string, Place>();
  const held = new Set<string>();
  const due = createHeap<Entry>((a, b) =>
    a.rank === b.rank ? a.sequence < b.sequence : a.rank < b.rank,
  );
  const delayed = createHeap<Entry>((a, b) => a.dueAt < b.dueAt);
  let sequence = 0;

  /** Puts the entry where it waits; says whether it can be taken. */
  const settle = (entry: Entry): boolean => {
    const before = placeByKey.get(entry.key);
    before?.withdraw();
    const isDue = entry.dueAt <= clock.elapsed() + DUE_WITHIN_MS;
    const heap = isDue ? due : delayed;
    const isOffered = isDue && !held.has(entry.key);
    const withdraw = isOffered || !isDue ? heap.push(entry) : () => {};
    placeByKey.set(entry.key, { entry, isDue, withdraw });
    if (isDue && before?.isDue !== true) onDue();
    return isOffered;
  };
  const ring = (): void => {
    const now = clock.elapsed() + DUE_WITHIN_MS;
    let offers = 0;
    let next = delayed.peek();
    while (next !== undefined && next.dueAt <= now) {
      if (settle(next)) offers += 1;
      next = delayed.peek();
    }
    alarm.set(next?.dueAt);
    // Only now, so that the first of those that came due together is the first to be taken.
    for (; offers > 0; offers -= 1) onOffer();
  };
  const alarm = createAlarm({ clock, timers }, ring);

  return {
    ask: (key, at, priority) => {
      const asked = { key, dueAt: at, priority, rank: at - priority * HEAD_START_MS, sequence };
      sequence += 1;
      const before = placeByKey.get(key)?.entry;
      const entry = before === undefined ? asked : collapse(before, asked);
      if (entry === before) return;
      const isOffered = settle(entry);
      alarm.set(delayed.peek()?.dueAt);
      if (isOffered) onOffer();
    },
    take: () => {
      const entry = due.pop();
      if (entry === undefined) return undefined;
      placeByKey.delete(entry.key);
      held.add(entry.key);
      return entry;
    },
    release: (key) => {
      held.delete(key);
      const place = placeByKey.get(key);
      if (place?.isDue === true && settle(place.entry)) onOffer();
    },
    has: (key) => placeByKey.has(key),
    size: () => placeByKey.size,
    offered: due.size,
    close: () => alarm.set(undefined),
  };
};

/** Rings once, at the instant that was last set. */
const createAlarm = ({ clock, timers }: Pick<AgendaDeps, "clock" | "timers">, ring: () => void) => {
  let armed: { readonly at: number; readonly cancel: () => void } | undefined;
  const ringNow = () => {
    armed = undefined;
    ring();
  };
  return {
    set: (at: number | undefined): void => {
      if (at === armed?.at) return;
      armed?.cancel();
      armed =
        at === undefined ? undefined : { at, cancel: timers.after(at - clock.elapsed(), ringNow) };
    },
  };
};

/** `before` itself where the new ask adds nothing. */
const collapse = (before: Entry, asked: Entry): Entry => {
  const isEarlier = asked.dueAt < before.dueAt;
  const isAhead = asked.rank < before.rank;
  const isHigher = asked.priority > before.priority;
  if (!isEarlier && !isAhead && !isHigher) return before;
  const { rank, sequence } = isAhead ? asked : before;
  return {
    key: before.key,
    dueAt: Math.min(before.dueAt, asked.dueAt),
    priority: Math.max(before.priority, asked.priority),
    rank,
    sequence,
  };
};
