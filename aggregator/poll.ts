/**
 * Asks every executor for its status and orders, every two seconds of the machine's time, and keeps
 * the last answers. The fleet is listed with every round, and more often before the first list.
 *
 *     known --answer--> Live --poll fails--> Stale --60 s--> Offline
 *                        ^---------answer------+----------------+
 *
 * Each executor is asked on its own, at most one question of a round at a time, so that one that
 * hangs delays nobody. An answer counts only if it is about the strategy that was asked, and only if
 * that strategy and address are still what the fleet says when it arrives. An executor that repeats
 * the same instant again and again is stuck, and as stale as one that says nothing.
 */

import type { Clock, Millis, Timers } from "#base/clock.ts";
import type { Result } from "#base/result.ts";
import type { ExecutorStatus, OrderRecord } from "#crds/executor-status.ts";
import type { Logger } from "#runtime/log.ts";
import type { ExecutorClient } from "./executor-client.ts";
import {
  displayNames,
  fleetKeyText,
  type Fleet,
  type FleetList,
  type FleetMember,
} from "./fleet.ts";
import {
  isAbout,
  OFFLINE_AFTER_MS,
  STALE_AFTER_MS,
  type FleetView,
  type Freshness,
  type Strategy,
} from "./view.ts";

export type PollDeps = {
  readonly fleet: Pick<Fleet, "list">;
  readonly executors: Pick<ExecutorClient, "status" | "orders">;
  /** The session's, for the instants that people read. */
  readonly clock: Pick<Clock, "now"> & { readonly speed: number };
  /** The machine's, for intervals, time-outs and ages: silence does not depend on `--speed`. */
  readonly machine: Pick<Clock, "elapsed"> & Timers;
  readonly log: Logger;
  readonly onPoll?: (outcome: PollOutcome) => void;
};

export type PollOutcome = "answered" | "failed";

export type Poller = {
  readonly view: () => FleetView;
  /** True once the fleet is known and everyone in it has been asked once. */
  readonly isReady: () => boolean;
  /** Asks everybody now and resolves when all have answered or failed. Never rejects. */
  readonly refresh: () => Promise<void>;
  readonly close: () => void;
};

const POLL_INTERVAL_MS = 2_000;
/** Until the strategies are known nobody is asked, and a list costs nothing. */
const LOOK_INTERVAL_MS = 250;
const ANSWER_TIMEOUT_MS = 4_000;
/** More strategies than any fleet that one aggregator is meant for; a limit, not a target. */
const MEMBERS_MAX = 500;
/** Prices and timers move an executor several times a second, in whatever market. */
const STUCK_AFTER_MS = 30_000;

/** What is held for one strategy between polls. */
type Entry = {
  readonly member: FleetMember;
  readonly knownSince: number;
  readonly heard: HeardAt | undefined;
  readonly problem: string | undefined;
};

type HeardAt = {
  readonly status: ExecutorStatus;
  readonly orders: ReadonlyArray<OrderRecord>;
  readonly ordersProblem: string | undefined;
  readonly receivedAt: Millis;
  readonly receivedElapsed: number;
  /** When `status.at` last moved. */
  readonly movedElapsed: number;
};

export const startPolling = (deps: PollDeps): Poller => {
  let entries: ReadonlyMap<string, Entry> = new Map();
  let problems: ReadonlyArray<string> = [];
  let known = false;
  let ready = false;
  const closing = new AbortController();
  const asking = new Map<string, Promise<void>>();

  const takeFleet = (): boolean => {
    const listed = listBounded(deps.fleet);
    problems = listed.ok ? listed.value.problems : [listed.error];
    if (!listed.ok) return false;
    known = true;
    const now = deps.machine.elapsed();
    entries = new Map(
      listed.value.members.map((member) => {
        const key = fleetKeyText(member);
        return [key, carryOver(entries.get(key), member, now)] as const;
      }),
    );
    return true;
  };

  const askOne = async (key: string, member: FleetMember, url: string): Promise<void> => {
    const answer = await askWithin(deps, url, closing.signal);
    const entry = entries.get(key);
    if (closing.signal.aborted || entry === undefined) return;
    // The strategy was made anew or its executor moved while we waited: the answer is about the past.
    if (entry.member.uid !== member.uid || entry.member.executorUrl !== url) return;
    const next = takeAnswer(deps, entry, answer);
    deps.onPoll?.(next.problem === undefined ? "answered" : "failed");
    logTransition(deps.log, key, entry, next);
    entries = new Map(entries).set(key, next);
  };

  const askAll = (): ReadonlyArray<Promise<void>> =>
    [...entries].flatMap(([key, { member }]) => {
      const url = member.executorUrl;
      if (url === undefined) return [];
      const running = asking.get(key);
      if (running !== undefined) return [running];
      const question = askOne(key, member, url).finally(() => asking.delete(key));
      asking.set(key, question);
      return [question];
    });

  const refresh = async (): Promise<void> => {
    const listed = takeFleet();
    await Promise.all(askAll());
    if (listed) ready = true;
  };

  const round = (): void => {
    if (closing.signal.aborted) return;
    void refresh();
    cancelNext = deps.machine.after(known ? POLL_INTERVAL_MS : LOOK_INTERVAL_MS, round);
  };
  let cancelNext = deps.machine.after(0, round);

  return {
    view: () => toView(deps, [...entries.values()], problems),
    isReady: () => ready,
    refresh,
    close: () => {
      closing.abort();
      cancelNext();
    },
  };
};

const listBounded = (fleet: Pick<Fleet, "list">): Result<FleetList, string> => {
  const listed = fleet.list();
  if (!listed.ok || listed.value.members.length <= MEMBERS_MAX) return listed;
  const { members, problems } = listed.value;
  const tooMany = `${members.length} strategies are declared and only ${MEMBERS_MAX} are followed`;
  return {
    ok: true,
    value: { members: members.slice(0, MEMBERS_MAX), problems: [...problems, tooMany] },
  };
};

/** The same strategy keeps its last answer; one that was deleted and made anew starts from nothing. */
const carryOver = (entry: Entry | undefined, member: FleetMember, now: number): Entry => {
  if (entry === undefined || entry.member.uid !== member.uid) {
    return { member, knownSince: now, heard: undefined, problem: undefined };
  }
  if (entry.member.executorUrl === member.executorUrl) return { ...entry, member };
  const problem = entry.heard === undefined ? undefined : "the executor has moved or ended";
  return { ...entry, member, knownSince: now, problem };
};

type Answer = {
  readonly status: Result<ExecutorStatus, string>;
  readonly orders: Result<ReadonlyArray<OrderRecord>, string>;
};

const askWithin = async (
  { executors, machine }: PollDeps,
  url: string,
  closing: AbortSignal,
): Promise<Answer> => {
  const timeout = new AbortController();
  const cancel = machine.after(ANSWER_TIMEOUT_MS, () => timeout.abort());
  const signal = AbortSignal.any([timeout.signal, closing]);
  const [status, orders] = await Promise.all([
    executors.status(url, signal),
    executors.orders(url, signal),
  ]);
  cancel();
  return { status, orders };
};

const takeAnswer = ({ clock, machine }: PollDeps, entry: Entry, answer: Answer): Entry => {
  const { status, orders } = answer;
  if (!status.ok) return { ...entry, problem: status.error };
  if (!isAbout(entry.member, status.value)) {
    const { namespace, strategy } = status.value;
    return { ...entry, problem: `the executor of ${namespace}/${strategy} answers in its place` };
  }
  const before = entry.heard;
  const now = machine.elapsed();
  const heard = {
    status: status.value,
    orders: orders.ok ? orders.value : (before?.orders ?? []),
    ordersProblem: orders.ok ? undefined : orders.error,
    receivedAt: clock.now(),
    receivedElapsed: now,
    movedElapsed: before?.status.at === status.value.at ? before.movedElapsed : now,
  };
  const stuck = now - heard.movedElapsed > STUCK_AFTER_MS;
  return { ...entry, heard, problem: stuck ? "the executor repeats an old answer" : undefined };
};

/** Says what changed and not what goes on: a silent executor is a line, not a line every 2 s. */
const logTransition = (log: Logger, strategy: string, before: Entry, after: Entry): void => {
  const first = before.heard === undefined && after.heard !== undefined;
  if (after.problem === before.problem && !first) return;
  if (after.problem === undefined) log.info({ strategy }, "executor answers");
  else log.warn({ strategy, problem: after.problem }, "executor has no fresh answer");
};

const toView = (
  { clock, machine }: PollDeps,
  entries: ReadonlyArray<Entry>,
  problems: ReadonlyArray<string>,
): FleetView => {
  const now = machine.elapsed();
  const names = displayNames(entries.map(({ member }) => member));
  return {
    at: clock.now(),
    speed: clock.speed,
    problems,
    strategies: entries.map((entry) => toStrategy(entry, names, now)),
  };
};

const toStrategy = (
  { member, heard, problem, knownSince }: Entry,
  names: ReadonlyMap<string, string>,
  now: number,
): Strategy => {
  const key = fleetKeyText(member);
  const ageMs = heard === undefined ? undefined : now - heard.receivedElapsed;
  const gone = member.executorUrl === undefined;
  const reason = gone ? "no executor runs" : (problem ?? silenceOf(ageMs));
  return {
    key,
    display: names.get(key) ?? key,
    member,
    heard: heard === undefined || ageMs === undefined ? undefined : { ...heard, ageMs },
    freshness: gone ? "Offline" : freshnessOf(ageMs, reason),
    problem: reason,
    knownForMs: now - knownSince,
  };
};

const silenceOf = (ageMs: number | undefined): string | undefined => {
  if (ageMs === undefined) return "the executor has not answered yet";
  return ageMs > STALE_AFTER_MS ? "the executor has not answered for a while" : undefined;
};

const freshnessOf = (ageMs: number | undefined, problem: string | undefined): Freshness => {
  if (ageMs === undefined || ageMs > OFFLINE_AFTER_MS) return "Offline";
  return problem === undefined ? "Live" : "Stale";
};
