/**
 * A machine that our code runs on, with all that can be wrong with one: its clock is off, it stands
 * still, and what it sends to the API server or hears from it is late or lost.
 *
 * While it stands still nothing of it runs, but its clocks go on and what it has sent arrives.
 */

import { millis, sleep, type Clock, type Timers } from "#base/clock.ts";
import { err } from "#base/result.ts";
import type { Answered, KubeApi } from "../api.ts";

export type Faults = {
  requestMs: number;
  answerMs: number;
  /** Requests never arrive. */
  isDeaf: boolean;
  /** Answers never arrive, though what was asked is done. */
  isMute: boolean;
};

export type UnreliableNode = {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly api: Pick<KubeApi, "get" | "create" | "replace">;
  readonly faults: Faults;
  readonly pause: (ms: number) => void;
  readonly isPaused: () => boolean;
  /** Stops for good, as by SIGKILL. */
  readonly kill: () => void;
};

/** When the client gives up: as the HTTP client's deadline. */
const GIVE_UP_MS = 15_000;

export const createUnreliableNode = (
  time: Clock & Timers,
  api: KubeApi,
  { nowOffsetMs = 0 }: { readonly nowOffsetMs?: number } = {},
): UnreliableNode => {
  const faults: Faults = { requestMs: 1, answerMs: 1, isDeaf: false, isMute: false };
  let pausedUntil = -Infinity;
  const isPaused = () => time.elapsed() < pausedUntil;
  const timers = stoppableTimers(time, () => pausedUntil - time.elapsed());

  const ask = async <T>(access: "Read" | "Write", call: () => Answered<T>): Answered<T> => {
    const { isDeaf, requestMs, answerMs } = faults;
    await sleep(time, requestMs);
    const answer = isDeaf ? undefined : await call();
    const isLost = answer === undefined || faults.isMute;
    await sleep(timers, isLost ? GIVE_UP_MS : answerMs);
    if (!isLost) return answer;
    const kind = access === "Read" ? "Unavailable" : "Unknown";
    return err({ kind, message: "no answer came" });
  };
  return {
    clock: {
      now: () => millis(time.now() + nowOffsetMs),
      elapsed: () => time.elapsed() + Math.abs(nowOffsetMs),
    },
    timers,
    api: {
      get: (resource, key) => ask("Read", () => api.get(resource, key)),
      create: (resource, manifest, options) =>
        ask("Write", () => api.create(resource, manifest, options)),
      replace: (resource, manifest, options) =>
        ask("Write", () => api.replace(resource, manifest, options)),
    },
    faults,
    pause: (ms) => {
      pausedUntil = Math.max(pausedUntil, time.elapsed() + ms);
    },
    isPaused,
    kill: () => {
      pausedUntil = Infinity;
    },
  };
};

/** Timers whose callbacks wait for as long as `leftMs` is positive, for ever if it is infinite. */
const stoppableTimers = (time: Timers, leftMs: () => number): Timers => ({
  after: (ms, callback) => {
    let cancel = () => {};
    const fire = () => {
      const left = leftMs();
      if (left <= 0) callback();
      else if (left < Infinity) cancel = time.after(left, fire);
    };
    cancel = time.after(ms, fire);
    return () => cancel();
  },
});
