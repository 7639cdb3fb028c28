/**
 * The kill switch: a latch that a session's realised loss trips and only a later word releases.
 *
 * A session is one UTC day. The loss is what fills and fees have really booked that day, and what it
 * is measured against is the equity at the session's first candle: it survives restarts, so that
 * restarting a losing strategy does not give it a fresh allowance. A reset names the instant from
 * which it speaks: it releases a trip that happened before, never one that happened after, so an old
 * manifest applied again does nothing (incidents 9, 19, 34).
 */

import type { Millis } from "#base/clock.ts";
import { addAmount, amount, ZERO_AMOUNT, type Amount } from "./money.ts";

export type KillSwitch = {
  readonly trip: Trip | undefined;
  readonly lastResetAt: Millis | undefined;
  /** UTC day of the running session, as days since the Unix epoch. */
  readonly sessionDay: number;
  /** Realised profit and loss of the session, after fees. */
  readonly sessionPnl: Amount;
  /** `undefined` until the first known balance. */
  readonly baseCapital: Amount | undefined;
};

export type Trip = { readonly at: Millis; readonly reason: string };

export const restingKillSwitch: KillSwitch = {
  trip: undefined,
  lastResetAt: undefined,
  sessionDay: 0,
  sessionPnl: ZERO_AMOUNT,
  baseCapital: undefined,
};

const DAY_MS = 86_400_000;

/** Begins the session of `at` if it is a new day, measured against `equity`. */
export const openSession = (
  killSwitch: KillSwitch,
  equity: Amount | undefined,
  at: Millis,
): KillSwitch => {
  const sessionDay = Math.floor(at / DAY_MS);
  if (sessionDay !== killSwitch.sessionDay) {
    return {
      ...killSwitch,
      sessionDay,
      sessionPnl: ZERO_AMOUNT,
      baseCapital: equity ?? killSwitch.baseCapital,
    };
  }
  return killSwitch.baseCapital === undefined && equity !== undefined
    ? { ...killSwitch, baseCapital: equity }
    : killSwitch;
};

/** Books a realised result, and trips when the session has lost too much. */
export const bookResult = (
  killSwitch: KillSwitch,
  net: Amount,
  limitPercent: number,
  at: Millis,
): KillSwitch => {
  const session = openSession(killSwitch, undefined, at);
  const booked = { ...session, sessionPnl: addAmount(session.sessionPnl, net) };
  const loss = lossPercent(booked);
  if (booked.trip !== undefined || loss < limitPercent) return booked;
  const reason = `session loss ${loss.toFixed(1)}% >= ${limitPercent.toFixed(1)}%`;
  return { ...booked, trip: { at, reason } };
};

/** Loss of the session in percent of its base; 0 while it wins or has no base. */
export const lossPercent = ({ sessionPnl, baseCapital }: KillSwitch): number =>
  baseCapital === undefined || baseCapital.lte(0) || sessionPnl.gte(0)
    ? 0
    : amount(sessionPnl.times(-100).div(baseCapital)).toNumber();

/** Releases a trip that happened before `resetAt`. A reset from the future waits for its time. */
export const resetKillSwitch = (
  killSwitch: KillSwitch,
  resetAt: Millis | undefined,
  at: Millis,
): KillSwitch =>
  resetAt === undefined ||
  resetAt > at ||
  killSwitch.trip === undefined ||
  killSwitch.trip.at >= resetAt
    ? killSwitch
    : { ...killSwitch, trip: undefined, lastResetAt: resetAt, sessionPnl: ZERO_AMOUNT };
