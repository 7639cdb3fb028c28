/**
 * Time is an input. `runtime/clock.ts` reads the machine's; the simulation passes its own.
 *
 * Two readings, because they answer different questions: `now` is the date that the exchange and
 * people mean, and may jump; `elapsed` only ever moves forward and is what deadlines are made of.
 * Both run at the same rate, which is the machine's times the `--speed` of the session.
 */

import { brandAs, type Brand } from "./brand.ts";

/** Unix epoch milliseconds. */
export type Millis = Brand<number, "Millis">;

export type Clock = {
  readonly now: () => Millis;
  /** Milliseconds since an arbitrary start; never goes back. */
  readonly elapsed: () => number;
};

/** Waiting is an effect too: the shell's timers run at the rate of its clock. */
export type Timers = {
  /** Calls back once, `ms` of clock time from now. The answer cancels it; cancelling twice is fine. */
  readonly after: (ms: number, callback: () => void) => () => void;
};

export const millis = (value: number): Millis => brandAs(value);

/** Resolves after `ms` of clock time, or as soon as the signal aborts. Never rejects. */
export const sleep = (timers: Timers, ms: number, signal?: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal?.aborted === true) return resolve();
    const finish = () => {
      cancel();
      signal?.removeEventListener("abort", finish);
      resolve();
    };
    const cancel = timers.after(ms, finish);
    signal?.addEventListener("abort", finish, { once: true });
  });
