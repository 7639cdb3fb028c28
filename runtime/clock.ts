/**
 * The machine's time, and the one clock of a session that runs faster or elsewhere than it.
 *
 * A session is an instant of the machine's monotonic clock, the date that the session gives to it,
 * and a speed. Every process of the session is handed the same three numbers, so all of them read
 * the same time and every time budget scales with it. The monotonic clock is the operating system's
 * (`CLOCK_MONOTONIC` on Linux), which all processes of one machine share.
 */

import { millis, type Clock, type Millis, type Timers } from "#base/clock.ts";

export type ClockSession = {
  /** Milliseconds of the machine's monotonic clock. */
  readonly machineMs: number;
  /** What the session's clock shows at that instant. */
  readonly sessionMs: Millis;
  readonly speed: number;
};

export type SessionClock = Clock & Timers & { readonly speed: number };

/** The machine's own time, at its own speed. */
export const systemClock: SessionClock = {
  now: () => millis(Date.now()),
  elapsed: () => machineMs(),
  after: (ms, callback) => startTimer(ms, callback),
  speed: 1,
};

export const startSession = (sessionMs: Millis, speed: number): ClockSession => ({
  machineMs: machineMs(),
  sessionMs,
  speed,
});

export const sessionClock = (session: ClockSession): SessionClock => ({
  now: () => millis(Math.floor(session.sessionMs + sinceStart(session))),
  elapsed: () => machineMs() * session.speed,
  after: (ms, callback) => startTimer(ms / session.speed, callback),
  speed: session.speed,
});

const sinceStart = ({ machineMs: start, speed }: ClockSession): number =>
  (machineMs() - start) * speed;

const machineMs = (): number => Number(process.hrtime.bigint()) / 1e6;

/** `setTimeout` fires at once for anything longer than this, so long waits are taken in pieces. */
const LONGEST_TIMEOUT_MS = 2 ** 31 - 1;

const startTimer = (ms: number, callback: () => void): (() => void) => {
  const due = machineMs() + ms;
  let timer: NodeJS.Timeout;
  const arm = () => {
    const left = due - machineMs();
    timer =
      left > LONGEST_TIMEOUT_MS
        ? setTimeout(arm, LONGEST_TIMEOUT_MS)
        : setTimeout(callback, Math.max(0, left));
  };
  arm();
  return () => clearTimeout(timer);
};
