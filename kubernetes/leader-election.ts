/**
 * One of several replicas leads, by a Lease.
 *
 * Leadership is a matter of efficiency, not a fence: a leader that stands still for longer than the
 * lease wakes up beside its successor and may finish the write it was about to send. So every effect
 * is guarded by uids and versions, and who loses the lead ends its process: what it had under way must
 * not go on.
 *
 * By its own clock a replica leads only until the renew deadline has passed since it sent the last
 * write that renewed the lease, which is before the lease can run out for anybody else. Asked to stop,
 * it tells the work to end, keeps the lease until it has, and then gives it back.
 */

import { Gauge, type Registry } from "prom-client";
import { sleep, type Clock, type Timers } from "#base/clock.ts";
import type { Random } from "#base/random.ts";
import { assert } from "#base/result.ts";
import type { Logger } from "#runtime/log.ts";
import { createLeaseClaim, type LeaseApi, type LeaseClaim } from "./lease-claim.ts";
import type { ObjectKey } from "./object.ts";

export type LeaderElector = {
  /**
   * Waits for the lead, then runs `lead`, whose signal aborts when it must end: at the latest when the
   * lead is lost. Once. Throws what `lead` throws, and then keeps the lease until it runs out.
   */
  readonly run: (
    lead: (signal: AbortSignal) => Promise<void>,
    signal: AbortSignal,
  ) => Promise<LeadEnd>;
  /** By our own clock, now. */
  readonly isLeader: () => boolean;
  /** Why the loop that gets and keeps the lease is stuck, if it is: for the liveness probe. */
  readonly problem: () => string | undefined;
};

export type LeadEnd =
  /** The work has ended, or never began, and nobody needs to wait for our lease. */
  | "Released"
  /** Another may lead, or what we led did not end in time. The process must end. */
  | "Lost";

export type LeaderElectorDeps = {
  readonly api: LeaseApi;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly log: Pick<Logger, "info" | "warn">;
  readonly metrics: LeaderMetrics;
};

export type LeaderElectorOptions = {
  readonly lease: ObjectKey;
  /** Of this process alone: what has the same identity leads at once. */
  readonly identity: string;
  readonly fieldManager: string;
  readonly leaseDurationMs?: number;
  readonly renewDeadlineMs?: number;
  readonly retryMs?: number;
  /** How long the work may take to end when it is asked to. */
  readonly drainMs?: number;
};

export type LeaderMetrics = { readonly setLeader: (isLeader: boolean) => void };

export const createLeaderMetrics = (registry: Registry, name: string): LeaderMetrics => {
  const status = new Gauge({
    name: "leader_election_master_status",
    help: "1 in the replica that leads by the named lease, 0 in the others.",
    labelNames: ["name"],
    registers: [registry],
  });
  status.set({ name }, 0);
  return { setLeader: (isLeader) => status.set({ name }, isLeader ? 1 : 0) };
};

/** Followers come back after one to 2.2 retry periods, so that they do not come together. */
const JITTER = 1.2;
/** Beyond the lease; as controller-manager. */
const STUCK_AFTER_MS = 20_000;

export const createLeaderElector = (
  deps: LeaderElectorDeps,
  options: LeaderElectorOptions,
): LeaderElector => {
  const settings = settled(options);
  const { clock, metrics } = deps;
  const callTimeoutMs = settings.renewDeadlineMs / 2;
  const claim = createLeaseClaim(deps, { ...settings, callTimeoutMs });
  const state: State = { isLeading: false, turnedAt: undefined };
  const elector = { deps, settings, claim, state };
  return {
    run: async (lead, signal) => {
      state.turnedAt = clock.elapsed();
      try {
        if (!(await follow(elector, signal))) return "Released";
        state.isLeading = true;
        metrics.setLeader(true);
        return await leadUntilEnd(elector, lead, signal);
      } finally {
        state.isLeading = false;
        state.turnedAt = undefined;
        metrics.setLeader(false);
      }
    },
    isLeader: () => state.isLeading && clock.elapsed() < deadlineOf(elector),
    problem: () => {
      const quietMs = clock.elapsed() - (state.turnedAt ?? clock.elapsed());
      return quietMs > settings.leaseDurationMs + STUCK_AFTER_MS
        ? `the loop that keeps the lease has stood still for ${Math.round(quietMs / 1_000)} s`
        : undefined;
    },
  };
};

type Settings = Required<LeaderElectorOptions>;
type State = { isLeading: boolean; turnedAt: number | undefined };
type Elector = {
  readonly deps: LeaderElectorDeps;
  readonly settings: Settings;
  readonly claim: LeaseClaim;
  readonly state: State;
};

const settled = (options: LeaderElectorOptions): Settings => {
  const settings = {
    leaseDurationMs: 15_000,
    renewDeadlineMs: 10_000,
    retryMs: 2_000,
    drainMs: 25_000,
    ...options,
  };
  const { identity, leaseDurationMs, renewDeadlineMs, retryMs } = settings;
  assert(identity !== "", "an elector has an identity");
  assert(
    leaseDurationMs > renewDeadlineMs,
    "a lease lasts longer than its holder tries to renew it",
  );
  assert(renewDeadlineMs > retryMs * JITTER, "there is time to try to renew a lease twice");
  return settings;
};

const deadlineOf = ({ claim, settings }: Elector): number =>
  claim.renewedAt() + settings.renewDeadlineMs;

/** Resolves with true when the lease is ours, and with false when we are to stop before. */
const follow = async (elector: Elector, signal: AbortSignal): Promise<boolean> => {
  const { deps, settings, claim, state } = elector;
  const { clock, log } = deps;
  const { lease, identity } = settings;
  let reported = "";
  while (!signal.aborted) {
    const attempt = await claim.attempt(clock.elapsed() + settings.renewDeadlineMs);
    state.turnedAt = clock.elapsed();
    if (attempt === "Held" && clock.elapsed() < deadlineOf(elector)) {
      if (!signal.aborted) {
        log.info({ lease, identity, transitions: claim.seen()?.transitions }, "leading");
        return true;
      }
      await release(elector);
      return false;
    }
    const holder = claim.seen()?.holder ?? "";
    const isNews = holder !== "" && holder !== identity && holder !== reported;
    if (isNews) log.info({ lease, identity, holder }, "another one leads");
    reported = holder;
    await sleep(deps.timers, untilNextTry(elector), signal);
  }
  return false;
};

/** Not later than the end of another's lease, so that a dead leader is followed at once. */
const untilNextTry = ({ deps, settings, claim }: Elector): number => {
  const jittered = settings.retryMs * (1 + JITTER * deps.random());
  const leaseLeftMs = (claim.seen()?.until ?? 0) - deps.clock.elapsed();
  return leaseLeftMs > 0 ? Math.min(jittered, Math.ceil(leaseLeftMs)) : jittered;
};

const leadUntilEnd = async (
  elector: Elector,
  lead: (signal: AbortSignal) => Promise<void>,
  signal: AbortSignal,
): Promise<LeadEnd> => {
  const { deps, settings } = elector;
  const { lease, identity } = settings;
  const leadership = new AbortController();
  const ended = new AbortController();
  const stop = () => leadership.abort();
  signal.addEventListener("abort", stop, { once: true });
  if (signal.aborted) stop();

  const work = outcomeOf(lead, leadership.signal, ended);
  const ends = [renew(elector, ended.signal), overrun(elector, signal, ended.signal)];
  // Whatever ends the lead ends the work, a defect of ours too.
  const end = await Promise.race(ends).finally(stop);
  if (end === "Lost") {
    ended.abort();
    deps.log.warn({ lease, identity }, "the lead is lost");
    return "Lost";
  }
  const outcome = await work;
  if (outcome.kind === "Failed") throw outcome.error;
  await release(elector);
  return "Released";
};

type Work = { readonly kind: "Ended" } | { readonly kind: "Failed"; readonly error: unknown };

const outcomeOf = async (
  lead: (signal: AbortSignal) => Promise<void>,
  signal: AbortSignal,
  ended: AbortController,
): Promise<Work> => {
  try {
    await lead(signal);
    return { kind: "Ended" };
  } catch (error) {
    return { kind: "Failed", error };
  } finally {
    ended.abort();
  }
};

/** Keeps the lease until the work has ended, or until it cannot be kept. */
const renew = async (elector: Elector, ended: AbortSignal): Promise<"Ended" | "Lost"> => {
  const { deps, settings, claim, state } = elector;
  const { clock, timers } = deps;
  let nextAt = claim.renewedAt() + settings.retryMs;
  for (;;) {
    await sleep(
      timers,
      Math.max(0, Math.min(nextAt, deadlineOf(elector)) - clock.elapsed()),
      ended,
    );
    state.turnedAt = clock.elapsed();
    if (ended.aborted) return "Ended";
    if (clock.elapsed() >= deadlineOf(elector)) return "Lost";
    const attempt = await claim.attempt(deadlineOf(elector));
    if (attempt === "Taken") return "Lost";
    nextAt = (attempt === "Held" ? claim.renewedAt() : clock.elapsed()) + settings.retryMs;
  }
};

/** The work was asked to end and did not in time. Silent otherwise. */
const overrun = async (
  { deps, settings }: Elector,
  signal: AbortSignal,
  ended: AbortSignal,
): Promise<"Lost"> => {
  if (!signal.aborted) {
    await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
  }
  await sleep(deps.timers, settings.drainMs, ended);
  return ended.aborted ? new Promise(() => {}) : "Lost";
};

const release = async ({ deps, settings, claim, state }: Elector): Promise<void> => {
  const { lease, identity, retryMs } = settings;
  state.isLeading = false;
  const isReleased = await claim.release(deps.clock.elapsed() + 2 * retryMs);
  if (isReleased) deps.log.info({ lease, identity }, "the lease is given back");
  else deps.log.warn({ lease, identity }, "the lease could not be given back and will run out");
};
