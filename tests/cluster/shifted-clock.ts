/** The machine's time, which a test may move on: what waits for a minute then waits no longer. */

import { millis, type Clock, type Timers } from "#base/clock.ts";
import { systemClock } from "#runtime/clock.ts";

export type ShiftedClock = Clock & Timers & { readonly advance: (ms: number) => void };

type Waiting = { readonly due: number; readonly callback: () => void; cancel: () => void };

export const createShiftedClock = (): ShiftedClock => {
  const waiting = new Set<Waiting>();
  let shift = 0;
  const elapsed = () => systemClock.elapsed() + shift;
  const arm = (one: Waiting): void => {
    one.cancel = systemClock.after(Math.max(0, one.due - elapsed()), () => {
      waiting.delete(one);
      one.callback();
    });
  };
  return {
    now: () => millis(systemClock.now() + shift),
    elapsed,
    after: (ms, callback) => {
      const one: Waiting = { due: elapsed() + ms, callback, cancel: () => undefined };
      waiting.add(one);
      arm(one);
      return () => {
        waiting.delete(one);
        one.cancel();
      };
    },
    advance: (ms) => {
      shift += ms;
      for (const one of waiting) {
        one.cancel();
        arm(one);
      }
    },
  };
};
