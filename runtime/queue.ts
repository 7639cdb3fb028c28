/**
 * A bounded queue between sources that push and one loop that drains.
 *
 * The reader takes everything that waits at once, so that a group of events costs one write to disk.
 * Overflow means that the reader is stuck: that is a defect, so it throws rather than drops.
 */

import { assert } from "#base/result.ts";

export type Queue<T> = {
  readonly push: (item: T) => void;
  /** Everything that waits, in order, at least one; `undefined` once closed and drained. */
  readonly takeAll: () => Promise<ReadonlyArray<T> | undefined>;
  /** Lets the reader drain what is left, then ends it. Later pushes are ignored. */
  readonly close: () => void;
  readonly size: () => number;
};

export const createQueue = <T>(capacity: number): Queue<T> => {
  let items: T[] = [];
  let closed = false;
  let wake: () => void = () => {};

  return {
    push: (item) => {
      if (closed) return;
      assert(items.length < capacity, `queue holds fewer than ${capacity} items`);
      items.push(item);
      wake();
    },
    takeAll: async () => {
      if (items.length === 0 && !closed) {
        await new Promise<void>((resolve) => (wake = resolve));
      }
      if (items.length === 0) return undefined;
      const taken = items;
      items = [];
      return taken;
    },
    close: () => {
      closed = true;
      wake();
    },
    size: () => items.length,
  };
};
