/**
 * The fleet of a cluster: a copy of its LiveStrategies that follows the API server.
 *
 * The copy is late by as long as the server is away. It is shown for a while, since the executors go
 * on being asked meanwhile; then nobody knows any more which strategies there are, and that is said.
 * A copy that has never been complete shows nothing.
 */

import type { Clock, Timers } from "#base/clock.ts";
import type { Random } from "#base/random.ts";
import { err, ok, type Result } from "#base/result.ts";
import { liveStrategies } from "#crds/live-strategy.ts";
import { readLiveStrategy } from "#crds/live-strategy-check.ts";
import type { KubeApi } from "#kubernetes/api.ts";
import { keyOf, type KubeObject } from "#kubernetes/object.ts";
import type { ReflectorMetrics } from "#kubernetes/reflector-metrics.ts";
import { createReflector, type Reflector } from "#kubernetes/reflector.ts";
import type { Stored } from "#kubernetes/indexer.ts";
import type { Logger } from "#runtime/log.ts";
import type { Fleet, FleetList, FleetMember } from "./fleet.ts";
import { resetKillSwitch } from "./kube-fleet-reset.ts";
import { whyUnread } from "./kube-fleet-words.ts";
import { inOrder, readMember } from "./member.ts";

export type KubeFleetDeps = {
  readonly api: Pick<KubeApi, "get" | "list" | "patchMerge" | "watch">;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly log: Logger;
  readonly metrics?: ReflectorMetrics;
};

export type KubeFleet = Fleet & {
  /** Keeps the copy up to date. Once, until the signal aborts. */
  readonly run: (signal: AbortSignal) => Promise<void>;
  /** Why the copy is stuck, if it is: a fault of ours that only a new process ends. */
  readonly lifeProblem: () => string | undefined;
};

/** The server is heard once a minute, or within two when one stream follows another. */
const OLD_AFTER_MS = 180_000;
/** Longer than the longest pause of a copy that cannot reach the server, and than its watchdog. */
const STUCK_AFTER_MS = 600_000;

/** `namespace`: the only one that is looked at; all of them where it is absent. */
export const createKubeFleet = (
  deps: KubeFleetDeps,
  { namespace }: { readonly namespace: string | undefined },
): KubeFleet => {
  const reflector = createReflector<Kept, never>(deps, {
    resource: liveStrategies,
    selection: namespace === undefined ? {} : { namespace },
    trim: keep,
    indexes: {},
    onChange: () => {},
  });
  return {
    run: reflector.run,
    list: () => listOf(reflector),
    resetKillSwitch: (target, at) => resetKillSwitch(deps, target, at),
    lifeProblem: () => {
      const isStuck =
        reflector.problem() === undefined && reflector.stats().lastEventAgeMs > STUCK_AFTER_MS;
      return isStuck ? "livestrategies: nothing was heard for too long" : undefined;
    },
  };
};

/** What is kept of a strategy: all that is asked of it later. */
type Kept = Stored & {
  /** Absent when not even what this process needs is there. */
  readonly member: FleetMember | undefined;
  readonly problem: string | undefined;
};

/** A strategy that only a newer version understands is shown as far as it goes, and spoken of. */
const keep = (object: KubeObject): Kept => {
  const { name, namespace = "", uid, resourceVersion } = object.metadata;
  const metadata = { name, namespace, uid, resourceVersion };
  const member = readMember(object);
  if (!member.ok) return { metadata, member: undefined, problem: member.error };
  const checked = readLiveStrategy(object);
  const faults = checked.ok ? [] : checked.error.map(({ words }) => words);
  const isWhole = faults.length === 0;
  return {
    metadata,
    member: member.value,
    problem: isWhole ? undefined : `${keyOf(object)} is not fully understood: ${faults.join("; ")}`,
  };
};

const listOf = ({
  store,
  synced,
  stats,
  problem,
}: Pick<Reflector<Kept, never>, "store" | "synced" | "stats" | "problem">): Result<
  FleetList,
  string
> => {
  const why = (silence: string): string => {
    const found = problem();
    return found === undefined ? silence : whyUnread(found);
  };
  if (!synced()) {
    return err(`cannot read the strategies: ${why("the API server has not answered yet")}`);
  }
  const { lastEventAgeMs } = stats();
  if (lastEventAgeMs > OLD_AFTER_MS) {
    const seconds = Math.floor(lastEventAgeMs / 1_000);
    return err(
      `cannot read the strategies, the last word about them is ${seconds} s old: ${why("the API server says nothing any more")}`,
    );
  }
  const kept = store.list();
  return ok({
    members: inOrder(kept.flatMap(({ member }) => (member === undefined ? [] : [member]))),
    problems: kept.flatMap((one) => (one.problem === undefined ? [] : [one.problem])).toSorted(),
  });
};
