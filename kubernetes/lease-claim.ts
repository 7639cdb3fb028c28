/**
 * One identity's claim to a Lease: looking at it, taking it, renewing it, giving it back.
 *
 * client-go's algorithm. Another's lease has run out when its record has not changed for as long as
 * it says, by our clock, counted from when we saw the change: clocks need the same rate, not the same
 * time. Ours counts from when the write that got or renewed it was sent, which is before anybody else
 * could see it. Every write is guarded by the version that was looked at, so of two that take a lease
 * one fails. A write whose answer never came is looked at again before it counts for anything.
 */

import type { Clock, Timers } from "#base/clock.ts";
import { err } from "#base/result.ts";
import type { Answered, KubeApi } from "./api.ts";
import { isSameRecord, newLease, recordOf, withRecord, type LeaseRecord } from "./lease-record.ts";
import { microTime } from "./micro-time.ts";
import type { KubeObject, ObjectKey } from "./object.ts";
import { leases } from "./resource.ts";

export type LeaseApi = Pick<KubeApi, "get" | "create" | "replace">;

export type LeaseClaimDeps = {
  readonly api: LeaseApi;
  readonly clock: Clock;
  readonly timers: Timers;
};

export type LeaseClaimOptions = {
  readonly lease: ObjectKey;
  readonly identity: string;
  readonly leaseDurationMs: number;
  /** How long one answer is waited for: a request that is lost leaves time for another. */
  readonly callTimeoutMs: number;
  readonly fieldManager: string;
};

/** All instants are of `clock.elapsed`. */
export type LeaseClaim = {
  /** Tries to get or to renew the lease. Asks nothing of the server after `until`. */
  readonly attempt: (until: number) => Promise<Attempt>;
  /** Gives it back, if it is ours: the next one need not wait for it to run out. */
  readonly release: (until: number) => Promise<boolean>;
  /** When the write was sent that got or renewed the lease last. */
  readonly renewedAt: () => number;
  /** What was seen last. */
  readonly seen: () => Seen | undefined;
};

/** `until`: when it runs out if nobody renews it. */
export type Seen = LeaseRecord & { readonly until: number };

export type Attempt =
  /** It is ours. */
  | "Held"
  /** It is another's, and has not run out. */
  | "Taken"
  | "Unclear";

type Observed = {
  readonly lease: KubeObject;
  readonly record: LeaseRecord;
  /** When we saw the record for the first time. */
  readonly at: number;
};

/** How long a lease lasts that is given back: the shortest that the server takes. */
const RELEASED_SECONDS = 1;
/** The version may move once between looking and writing; twice means that it is not ours. */
const RELEASE_TRIES = 2;

export const createLeaseClaim = (deps: LeaseClaimDeps, options: LeaseClaimOptions): LeaseClaim => {
  const { clock } = deps;
  const { identity } = options;
  const view = createLeaseView(deps, options);

  const claim = async (seen: Observed | "None", until: number): Promise<Attempt> => {
    if (seen === "None") {
      const isMade = await view.write(nextRecord(undefined, options, clock), undefined, until);
      return isMade ? "Held" : "Unclear";
    }
    if (view.settle(seen)) return "Held";
    const { holder } = seen.record;
    const isFree = holder === "" || holder === identity || clock.elapsed() >= expiryOf(seen);
    if (!isFree) return "Taken";
    const isWritten = await view.write(nextRecord(seen.record, options, clock), seen.lease, until);
    return isWritten ? "Held" : "Unclear";
  };

  return {
    attempt: async (until) => {
      const held = view.observed();
      const isHeld = held?.record.holder === identity && clock.elapsed() < expiryOf(held);
      // Who holds it knows the version and need not look first.
      if (isHeld && (await claim(held, until)) === "Held") return "Held";
      const seen = await view.look(until);
      if (seen === "Unclear") return "Unclear";
      const outcome = await claim(seen, until);
      if (outcome !== "Unclear" || !view.isUnsettled()) return outcome;
      const again = await view.look(until);
      return typeof again === "object" && view.settle(again) ? "Held" : "Unclear";
    },
    release: async (until) => {
      for (let tries = 0; tries < RELEASE_TRIES; tries += 1) {
        const seen = await view.look(until);
        if (seen === "Unclear") continue;
        if (seen === "None" || seen.record.holder !== identity) return true;
        if (await view.write(releasedRecord(seen.record, clock), seen.lease, until)) return true;
      }
      return false;
    },
    renewedAt: view.renewedAt,
    seen: () => {
      const observed = view.observed();
      return observed && { ...observed.record, until: expiryOf(observed) };
    },
  };
};

/** What we know of the lease, and of our own writes to it. */
const createLeaseView = (
  deps: LeaseClaimDeps,
  { lease: key, fieldManager, identity, callTimeoutMs }: LeaseClaimOptions,
) => {
  const { api, clock } = deps;
  const inTime = <T>(until: number, ask: () => Answered<T>): Answered<T> =>
    answerInTime(deps, Math.min(until - clock.elapsed(), callTimeoutMs), ask);
  let observed: Observed | undefined;
  /** A write of ours that may have been done. */
  let unsettled: { readonly record: LeaseRecord; readonly at: number } | undefined;
  let renewedAt = -Infinity;

  const observe = (lease: KubeObject): Observed => {
    const record = recordOf(lease);
    const before = observed;
    const isKnown = before !== undefined && isSameRecord(before.record, record);
    observed = { lease, record, at: isKnown ? before.at : clock.elapsed() };
    return observed;
  };
  return {
    observed: () => observed,
    renewedAt: () => renewedAt,
    isUnsettled: () => unsettled !== undefined,
    look: async (until: number): Promise<Observed | "None" | "Unclear"> => {
      const got = await inTime(until, () => api.get(leases, key));
      if (got.ok) return observe(got.value);
      return got.error.kind === "NotFound" ? "None" : "Unclear";
    },
    /** Whether what is there now is the write that nobody answered. */
    settle: ({ record }: Observed): boolean => {
      if (unsettled === undefined || !isSameRecord(record, unsettled.record)) return false;
      renewedAt = unsettled.at;
      unsettled = undefined;
      return true;
    },
    /** Whether it is done for certain. */
    write: async (record: LeaseRecord, before: KubeObject | undefined, until: number) => {
      const sent = { record, at: clock.elapsed() };
      const answer = await inTime(until, () =>
        before === undefined
          ? api.create(leases, newLease(key, record), { fieldManager })
          : api.replace(leases, withRecord(before, record), { fieldManager }),
      );
      if (!answer.ok) {
        if (answer.error.kind === "Unknown") unsettled = sent;
        return false;
      }
      observe(answer.value);
      unsettled = undefined;
      renewedAt = record.holder === identity ? sent.at : -Infinity;
      return true;
    },
  };
};

const expiryOf = ({ record, at }: Observed): number => at + record.durationSeconds * 1_000;

const nextRecord = (
  before: LeaseRecord | undefined,
  { identity, leaseDurationMs }: LeaseClaimOptions,
  clock: Pick<Clock, "now">,
): LeaseRecord => {
  const renewTime = microTime(clock.now());
  const isOurs = before?.holder === identity;
  const others = before === undefined ? 0 : before.transitions + 1;
  return {
    holder: identity,
    durationSeconds: Math.ceil(leaseDurationMs / 1_000),
    acquireTime: isOurs ? before.acquireTime : renewTime,
    renewTime,
    transitions: isOurs ? before.transitions : others,
  };
};

const releasedRecord = (before: LeaseRecord, clock: Pick<Clock, "now">): LeaseRecord => {
  const now = microTime(clock.now());
  return {
    ...before,
    holder: "",
    durationSeconds: RELEASED_SECONDS,
    acquireTime: now,
    renewTime: now,
  };
};

/** What was asked may be done though no answer came, so that is `Unknown`. */
const answerInTime = async <T>(
  { timers }: Pick<LeaseClaimDeps, "timers">,
  ms: number,
  ask: () => Answered<T>,
): Answered<T> => {
  if (ms <= 0) return err({ kind: "Unavailable", message: "there is no time left to ask" });
  let cancel = () => {};
  const late: Answered<T> = new Promise((resolve) => {
    cancel = timers.after(ms, () =>
      resolve(err({ kind: "Unknown", message: "the answer did not come in time" })),
    );
  });
  const answer = await Promise.race([ask(), late]);
  cancel();
  return answer;
};
