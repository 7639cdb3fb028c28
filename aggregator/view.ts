/**
 * What the aggregator knows at one instant: every strategy, and the last thing its executor said.
 *
 * Pure data, made by `poll.ts` and read by everything else. The last answer is kept when an executor
 * goes silent, with its age and the reason; nothing that is read from here may pass for fresh unless
 * `freshness` says `Live`.
 */

import type { Millis } from "#base/clock.ts";
import type { ExecutorStatus, OrderRecord } from "#crds/executor-status.ts";
import { fleetKeyText, isLive, type FleetMember } from "./fleet.ts";

/** `Stale` as soon as one poll fails, `Offline` when nothing has been heard for a minute. */
export type Freshness = "Live" | "Stale" | "Offline";

export type Heard = {
  readonly status: ExecutorStatus;
  /** Newest first. */
  readonly orders: ReadonlyArray<OrderRecord>;
  /** Why the orders are those of an earlier answer, or of none; `undefined` when they are fresh. */
  readonly ordersProblem: string | undefined;
  /** Session time at which the status was received. */
  readonly receivedAt: Millis;
  /** Machine milliseconds since then. */
  readonly ageMs: number;
};

export type Strategy = {
  readonly key: string;
  /** What people call it: unique in this view. */
  readonly display: string;
  readonly member: FleetMember;
  /** `undefined` until the executor has answered once. */
  readonly heard: Heard | undefined;
  readonly freshness: Freshness;
  /** Why the last word is not fresh; `undefined` when it is. */
  readonly problem: string | undefined;
  /** Machine milliseconds since we know that there is an executor to ask. */
  readonly knownForMs: number;
};

export type FleetView = {
  /** Session time. */
  readonly at: Millis;
  readonly speed: number;
  /** Why the list of strategies may be out of date. */
  readonly problems: ReadonlyArray<string>;
  readonly strategies: ReadonlyArray<Strategy>;
};

export const OFFLINE_AFTER_MS = 60_000;
export const STALE_AFTER_MS = 10_000;

/** The strategies that have an executor, heard or not: what the old system called executors. */
export const executorsOf = ({ strategies }: FleetView): ReadonlyArray<Strategy> =>
  strategies.filter(({ member }) => member.executorUrl !== undefined);

/** An executor that is there to trade; one that is winding down is not enabled any more. */
export const isEnabled = ({ member }: Strategy): boolean => isLive(member);

/** Connected is said by the executor, and only a fresh word counts. */
export const isConnected = ({ heard, freshness }: Strategy): boolean =>
  freshness === "Live" && heard?.status.connected === true;

export type OpenCycle = NonNullable<ExecutorStatus["symbols"][number]["cycle"]>;

export const openCycles = (
  status: ExecutorStatus,
): ReadonlyArray<{
  readonly symbol: ExecutorStatus["symbols"][number];
  readonly cycle: OpenCycle;
}> =>
  status.symbols.flatMap((symbol) =>
    symbol.cycle === null ? [] : [{ symbol, cycle: symbol.cycle }],
  );

/** True when an answer is by the executor of this very strategy: ports and pod addresses are reused. */
export const isAbout = (member: FleetMember, status: ExecutorStatus): boolean =>
  status.strategyUid === member.uid &&
  fleetKeyText({ namespace: status.namespace, name: status.strategy }) === fleetKeyText(member);
