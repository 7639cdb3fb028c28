/**
 * What follows from the way in which an attempt to follow the server has ended. Pure: the table of
 * everything that goes wrong on a watch.
 *
 *              ┌─────── watch-list is not to be had ──────┐
 *              ▼                                          │
 *            List ───► Follow ◄─── bookmark ─── Sync ◄────┤
 *              │        │    ▲                    ▲       │
 *              │        │    └─ the same version  │       │
 *              │        └──── version in doubt ───┘       │
 *              └────────────── failed ────────────────────┘
 *
 * A broken connection or an overloaded server costs nothing but time: the stream goes on from the
 * same version. Whatever puts that version in doubt costs a full sync, not older than what was seen.
 * Only when the server disowns even that is it asked for its newest state, by a consistent read;
 * never for whatever it happens to have.
 */

import { unreachable } from "#base/result.ts";
import type { ApiError } from "./api.ts";

export type Phase = "Sync" | "List" | "Follow";

export type Outcome =
  /** Our own signal has ended it. */
  | { readonly kind: "Stopped" }
  /** The server has ended it in order; `wasShort` when that was at once and nothing had come. */
  | { readonly kind: "Ended"; readonly wasShort: boolean }
  /** Nothing has come for too long, though the connection stands. */
  | { readonly kind: "Silent" }
  | { readonly kind: "Broken"; readonly message: string }
  /** The answer to the request itself. */
  | { readonly kind: "Refused"; readonly error: ApiError }
  /** An ERROR event on a stream that was accepted. */
  | { readonly kind: "Errored"; readonly error: ApiError };

export type Verdict = {
  /**
   * `Same` goes on with what has ended. `Sync` is a full sync not older than what was seen, `Afresh`
   * one by a consistent read, `List` one without watch-list.
   */
  readonly next: "Same" | "Sync" | "Afresh" | "List";
  /** `Server` waits for as long as the server says. */
  readonly wait: "None" | "Backoff" | "Slow" | "Server";
};

/** How long it has been so, whatever was tried meanwhile. */
export type Patience = {
  /** Since the server was last heard. */
  readonly unheardMs: number;
  /** Since the server has been behind the version that we have. */
  readonly behindMs: number;
  /** Since it has refused us for good, as it says. */
  readonly refusedMs: number;
};

/** An API server that catches up with another one does so within seconds. */
const CATCH_UP_WITHIN_MS = 10_000;
/** Twice as long as a stream may be silent: one after another was. */
const STUCK_AFTER_MS = 300_000;

/** A server that has just started knows neither rights nor kinds yet, and says so. */
const BOOTED_WITHIN_MS = 60_000;

const onward: Verdict = { next: "Same", wait: "None" };
const again: Verdict = { next: "Same", wait: "Backoff" };
const slowly: Verdict = { next: "Same", wait: "Slow" };
const sync: Verdict = { next: "Sync", wait: "Backoff" };
const afresh: Verdict = { next: "Afresh", wait: "Backoff" };
const noWatchList: Verdict = { next: "List", wait: "None" };

export const judge = (phase: Phase, outcome: Outcome, patience: Patience): Verdict => {
  switch (outcome.kind) {
    case "Stopped":
      return onward;
    case "Ended":
      if (phase === "Sync") return noWatchList;
      return outcome.wasShort ? again : onward;
    case "Silent":
      if (phase === "Sync") return noWatchList;
      // The server accepts to go on from a version that it does not have, and says nothing before it
      // has: after the restore of a backup that may be never.
      return patience.unheardMs < STUCK_AFTER_MS ? again : sync;
    case "Broken":
      return again;
    case "Refused":
      return judgeError(phase, outcome.error, patience);
    case "Errored":
      return judgeErrorEvent(phase, outcome.error, patience);
    default:
      return unreachable(outcome);
  }
};

const judgeError = (phase: Phase, error: ApiError, patience: Patience): Verdict => {
  const { behindMs, refusedMs } = patience;
  if (!isBehind(error)) {
    const verdict = verdicts[phase][error.kind];
    const isEarly = verdict.wait === "Slow" && refusedMs < BOOTED_WITHIN_MS;
    return isEarly ? { ...verdict, wait: "Backoff" } : verdict;
  }
  // What does not catch up has lost what we have seen.
  if (behindMs >= CATCH_UP_WITHIN_MS) return afresh;
  return { next: phase === "Follow" ? "Sync" : "Same", wait: "Server" };
};

/** In a stream, an error without a meaning may be the version's: asking again could be for ever. */
const judgeErrorEvent = (phase: Phase, error: ApiError, patience: Patience): Verdict => {
  const verdict = judgeError(phase, error, patience);
  if (verdict !== again || error.kind === "TooManyRequests") return verdict;
  return phase === "Sync" ? noWatchList : sync;
};

const verdicts: Readonly<Record<Phase, Readonly<Record<ApiError["kind"], Verdict>>>> = {
  Follow: {
    Expired: sync,
    TooManyRequests: again,
    Forbidden: slowly,
    // The kind itself is gone, and its objects with it.
    NotFound: { next: "Sync", wait: "Slow" },
    Invalid: sync,
    Unavailable: again,
    Conflict: again,
    Unknown: again,
  },
  Sync: {
    Expired: afresh,
    TooManyRequests: again,
    Forbidden: slowly,
    NotFound: slowly,
    Invalid: noWatchList,
    Unavailable: again,
    Conflict: again,
    Unknown: again,
  },
  List: {
    Expired: again,
    TooManyRequests: again,
    Forbidden: slowly,
    NotFound: slowly,
    Invalid: slowly,
    Unavailable: again,
    Conflict: again,
    Unknown: again,
  },
};

/** The server has not seen what we have: a timeout, which only its words tell from others. */
export const isBehind = ({ message }: ApiError): boolean =>
  /too large resource version/i.test(message);

/** What only a person can repair, unless the server is just starting. */
export const isForPeople = ({ kind }: ApiError): boolean =>
  kind === "Forbidden" || kind === "NotFound" || kind === "Invalid";

/** What to tell of an outcome; an end in order is nothing to tell. */
export const errorOf = (outcome: Outcome): ApiError | undefined => {
  switch (outcome.kind) {
    case "Refused":
    case "Errored":
      return outcome.error;
    case "Broken":
      return unavailable(outcome.message);
    case "Silent":
      return unavailable("the stream has gone silent");
    case "Ended":
      return outcome.wasShort ? unavailable("the stream was ended at once") : undefined;
    case "Stopped":
      return undefined;
    default:
      return unreachable(outcome);
  }
};

const unavailable = (message: string): ApiError => ({ kind: "Unavailable", message });
