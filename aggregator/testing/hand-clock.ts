/** A clock that stands still until a test moves it, with timers that fire in order of their time. */

import { millis, type Clock, type Timers } from "#base/clock.ts";
import { NOW } from "./fixtures.ts";

export type HandClock = Clock &
  Timers & {
    readonly speed: number;
    /** Moves on, firing what falls due, and lets everything that waits for it run. */
    readonly advance: (ms: number) => Promise<void>;
    readonly waiting: () => number;
  };

export const createHandClock = (): HandClock => {
  let passed = 0;
  let timers: ReadonlyArray<{ readonly due: number; readonly callback: () => void }> = [];

  const fireNext = (until: number): boolean => {
    const next = timers.toSorted((a, b) => a.due - b.due).find(({ due }) => due <= until);
    if (next === undefined) return false;
    timers = timers.filter((timer) => timer !== next);
    passed = Math.max(passed, next.due);
    next.callback();
    return true;
  };

  return {
    now: () => millis(NOW + passed),
    elapsed: () => passed,
    speed: 1,
    after: (ms, callback) => {
      const timer = { due: passed + ms, callback };
      timers = [...timers, timer];
      return () => {
        timers = timers.filter((each) => each !== timer);
      };
    },
    advance: async (ms) => {
      const until = passed + ms;
      do await settled();
      while (fireNext(until));
      passed = until;
      await settled();
    },
    waiting: () => timers.length,
  };
};

/** Lets promises that are already resolved run their course. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
