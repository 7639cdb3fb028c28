/**
 * Virtual time: a queue of what is to happen, in the order of the instants at which it happens.
 *
 * Nothing waits for the machine. Time jumps to the next entry, the entry runs, and everything that
 * follows from it without waiting is let run before the next one: so the same world with the same
 * seed goes the same way, however fast or busy the machine is. Entries of one instant run in an order
 * that the seed decides, which tries interleavings that a first-come order never would.
 */

import { millis, type Clock, type Millis, type Timers } from "#base/clock.ts";
import { chance } from "#base/random.ts";

export type VirtualTime = Clock &
  Timers & {
    /** Runs everything that is due up to and at `until`. */
    readonly runUntil: (until: Millis) => Promise<void>;
    /** How many entries have run. */
    readonly ran: () => number;
  };

type Entry = {
  readonly at: number;
  /** Decides among entries of one instant. */
  readonly rank: number;
  readonly sequence: number;
  readonly callback: () => void;
  isCanceled: boolean;
};

export const createVirtualTime = (start: Millis, seed: number): VirtualTime => {
  const heap: Entry[] = [];
  let now: number = start;
  let sequence = 0;
  let ran = 0;
  return {
    now: () => millis(Math.floor(now)),
    elapsed: () => now - start,
    ran: () => ran,
    after: (ms, callback) => {
      sequence += 1;
      const entry: Entry = {
        at: now + Math.max(0, ms),
        rank: chance(seed, "rank", sequence),
        sequence,
        callback,
        isCanceled: false,
      };
      push(heap, entry);
      return () => {
        entry.isCanceled = true;
      };
    },
    runUntil: async (until) => {
      await settle();
      for (let next = heap[0]; next !== undefined && next.at <= until; next = heap[0]) {
        pop(heap);
        if (next.isCanceled) continue;
        now = next.at;
        ran += 1;
        next.callback();
        await settle();
      }
      now = Math.max(now, until);
    },
  };
};

/** Lets run whatever does not wait for time: every promise that can go on has gone on. */
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

const isBefore = (a: Entry, b: Entry): boolean => {
  if (a.at !== b.at) return a.at < b.at;
  return a.rank === b.rank ? a.sequence < b.sequence : a.rank < b.rank;
};

/** A binary heap in an array: the first entry is the next one. */
const push = (heap: Entry[], entry: Entry): void => {
  heap.push(entry);
  let index = heap.length - 1;
  while (index > 0) {
    const parent = (index - 1) >> 1;
    if (!swapIfBefore(heap, index, parent)) return;
    index = parent;
  }
};

const pop = (heap: Entry[]): void => {
  const last = heap.pop();
  if (last === undefined || heap.length === 0) return;
  heap[0] = last;
  let index = 0;
  for (;;) {
    const left = 2 * index + 1;
    const right = left + 1;
    const child = isChildBefore(heap, right, left) ? right : left;
    if (child >= heap.length || !swapIfBefore(heap, child, index)) return;
    index = child;
  }
};

const isChildBefore = (heap: ReadonlyArray<Entry>, a: number, b: number): boolean => {
  const [first, second] = [heap[a], heap[b]];
  return first !== undefined && second !== undefined && isBefore(first, second);
};

const swapIfBefore = (entries: Entry[], a: number, b: number): boolean => {
  const heap = entries;
  const [first, second] = [heap[a], heap[b]];
  if (first === undefined || second === undefined || !isBefore(first, second)) return false;
  heap[a] = second;
  heap[b] = first;
  return true;
};
