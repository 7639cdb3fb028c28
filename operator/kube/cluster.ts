/**
 * The cluster as Kubernetes: LiveStrategies on the API server, executors as Deployments.
 *
 * Looks come from copies that follow the server; every write is guarded by a uid or a version, or
 * says the same however often it is sent, so a copy that is late costs a repeated question and
 * nothing else. What only a person can end is kept as an obstacle and tried again once a minute.
 */

import type { Clock } from "#base/clock.ts";
import { settleAll } from "#base/settle.ts";
import type { ExecutorSpec } from "#crds/executor-spec.ts";
import { liveStrategies, type LiveStrategy } from "#crds/live-strategy.ts";
import type { KubeApi } from "#kubernetes/api.ts";
import type { ObjectMeta } from "#kubernetes/object.ts";
import {
  keyText,
  type Cluster,
  type Obstacle,
  type ObjectKey,
  type StrategyEvent,
  type WantedSpec,
  type Workload,
} from "../cluster.ts";
import { childrenOf, type Children } from "./children.ts";
import { apiErrorOf, createKeeper, toError, type Keeper } from "./children-keeper.ts";
import { childName, isChildOf } from "./identity.ts";
import { mergePatch } from "./merge-patch.ts";
import type { ChildName, Records } from "./records.ts";
import { HTTP_PORT } from "./service.ts";
import { mayGoUnread, patchStatus, setFinalizer, settleUnreadable } from "./strategy-writes.ts";
import { workloadOf } from "./workload.ts";
import type { WorkloadSettings } from "./workload-settings.ts";

export type KubeClusterDeps = {
  readonly api: KubeApi;
  readonly clock: Clock;
  readonly records: Records;
  readonly settings: WorkloadSettings;
  readonly recordEvent: (strategy: LiveStrategy, event: StrategyEvent) => void;
};

export type KubeCluster = Cluster & {
  /**
   * Says of a strategy that exists and is not understood that it is so, and whether it is so. What
   * runs for it goes on as it is.
   */
  readonly reportUnreadable: (key: string) => Promise<boolean>;
  /** A strategy or a child is gone, and with it what was remembered of it. */
  readonly forget: (uid: string) => void;
};

type Remembered = { readonly obstacle: Obstacle; readonly at: number; readonly generation: number };

type Self = KubeClusterDeps & {
  readonly keeper: Keeper;
  readonly wish: Wish;
  readonly obstacles: Map<string, Remembered>;
  /** By uid, the version that the server itself has just shown us in its answer. */
  readonly shown: Map<string, string>;
};

const OBSTACLE_TRIED_AGAIN_AFTER_MS = 55_000;

export const createKubeCluster = (deps: KubeClusterDeps): KubeCluster => {
  const { records, recordEvent } = deps;
  const onRepaired = (strategy: LiveStrategy, note: string) =>
    recordEvent(strategy, { type: "Warning", reason: "DriftRepaired", note });
  const keeper = createKeeper({ ...deps, children: records.children, onRepaired });
  const wish = createWish(deps.settings);
  const self: Self = { ...deps, keeper, wish, obstacles: new Map(), shown: new Map() };
  const { store, fresh } = records.strategies;
  const readable = (key: string): LiveStrategy | undefined => {
    const cached = fresh.get(key)?.strategy;
    return cached?.ok === true ? cached.value : undefined;
  };
  return {
    strategies: () => oldestFirst(store.keys().flatMap((key) => readable(key) ?? [])),
    strategiesOn: (account) =>
      store
        .by("account", account)
        .flatMap(({ metadata }) => readable(keyText(toKey(metadata))) ?? []),
    strategy: readable,
    reportUnreadable: async (key) => {
      const cached = fresh.get(key);
      if (cached === undefined || cached.strategy.ok) return false;
      const { metadata, strategy } = cached;
      if (mayGoUnread(metadata)) await stopWorkload(self, { metadata });
      await settleUnreadable(self, metadata, strategy.error);
      return true;
    },
    workload: (strategy, spec) => seenWorkload(self, strategy, spec),
    hasRemains: (strategy) => removableOf(self, strategy).length > 0,
    obstacle: (strategy) => obstacleOf(self, strategy),
    prepareWorkload: async (strategy, spec) => {
      note(self, strategy, await keepAll(self, strategy, { spec, names: NEEDED }));
    },
    applyWorkload: (strategy, spec) => applyWorkload(self, strategy, spec),
    stopWorkload: (strategy) => stopWorkload(self, strategy),
    setFinalizer: async ({ metadata }, wanted) => {
      await setFinalizer(self, metadata, wanted);
      const held = readable(keyText(metadata))?.metadata;
      const version = held?.uid === metadata.uid ? held.resourceVersion : undefined;
      if (wanted && version !== undefined) self.shown.set(metadata.uid, version);
    },
    writeStatus: ({ metadata, status: before }, status) =>
      patchStatus(self, metadata, mergePatch(before ?? {}, status)),
    recordEvent,
    forget: (uid) => {
      self.obstacles.delete(uid);
      self.shown.delete(uid);
      keeper.forget(uid);
    },
  };
};

type Wish = (strategy: LiveStrategy, spec: ExecutorSpec) => Children;

/** As many as are worked on at once, and some. */
const WISHES_MAX = 128;

/** A reconcile asks for the same children again and again: the last ones are kept. */
const createWish = (settings: WorkloadSettings): Wish => {
  const made = new Map<string, Children>();
  return (strategy, spec) => {
    const { uid, generation } = strategy.metadata;
    const key = `${uid} ${generation} ${spec.desiredState}`;
    const known = made.get(key);
    if (known !== undefined) return known;
    const children = childrenOf(strategy, spec, settings);
    const [oldest] = made.keys();
    if (made.size >= WISHES_MAX && oldest !== undefined) made.delete(oldest);
    made.set(key, children);
    return children;
  };
};

const toKey = ({ namespace = "", name }: { namespace?: string; name: string }): ObjectKey => ({
  namespace,
  name,
});

const oldestFirst = (strategies: ReadonlyArray<LiveStrategy>): ReadonlyArray<LiveStrategy> =>
  strategies.toSorted((a, b) => {
    const [one, other] = [a.metadata.creationTimestamp ?? "", b.metadata.creationTimestamp ?? ""];
    return one === other ? 0 : one < other ? -1 : 1;
  });

const childKey = (strategy: LiveStrategy): string =>
  keyText({ namespace: strategy.metadata.namespace, name: childName(strategy) });

const seenWorkload = (
  { records, keeper, wish }: Self,
  strategy: LiveStrategy,
  spec: WantedSpec,
): Workload | undefined => {
  const { uid, namespace } = strategy.metadata;
  const deployment = records.children.deployment.fresh.get(childKey(strategy));
  const isOurs = deployment !== undefined && isChildOf(deployment, uid);
  const drift =
    spec.ok && isOurs
      ? wishes(wish(strategy, spec.value)).flatMap(([name, child]) => keeper.driftOf(name, child))
      : [];
  return workloadOf({
    deployment: isOurs ? deployment : undefined,
    pods: records.podsOf(uid),
    address: `http://${childName(strategy)}.${namespace}.svc:${HTTP_PORT}`,
    port: HTTP_PORT,
    drift,
  });
};

const wishes = (children: Children) =>
  [
    ["configMap", children.configMap],
    ["volumeClaim", children.volumeClaim],
    ["service", children.service],
    ["deployment", children.deployment],
  ] as const satisfies ReadonlyArray<readonly [ChildName, unknown]>;

const obstacleOf = (
  { obstacles, clock }: Self,
  { metadata }: LiveStrategy,
): Obstacle | undefined => {
  const known = obstacles.get(metadata.uid);
  if (known === undefined) return undefined;
  const isOld = clock.elapsed() - known.at >= OBSTACLE_TRIED_AGAIN_AFTER_MS;
  if (!isOld && known.generation === metadata.generation) return known.obstacle;
  obstacles.delete(metadata.uid);
  return undefined;
};

/** What the pod needs. The Deployment comes last: its being there says that all are. */
const NEEDED = ["configMap", "volumeClaim", "service"] as const;

const applyWorkload = async (
  self: Self,
  strategy: LiveStrategy,
  spec: ExecutorSpec,
): Promise<void> => {
  const isAbsent = (name: ChildName) =>
    self.records.children[name].fresh.get(childKey(strategy)) === undefined;
  const isNew = isAbsent("deployment");
  if (isNew || NEEDED.some(isAbsent)) await refuseUnlessCurrent(self, strategy);
  const missing = await keepAll(self, strategy, { spec, names: NEEDED });
  // One that runs is put right whatever keeps, say, its volume from growing.
  const own =
    missing !== undefined && isNew
      ? undefined
      : await keepAll(self, strategy, { spec, names: ["deployment"] });
  note(self, strategy, own ?? missing);
};

/** A copy that is late must make nothing for a strategy that is gone, or that wants no executor now. */
const refuseUnlessCurrent = async (
  { api, shown }: Self,
  { metadata: { namespace, name, uid, generation, resourceVersion } }: LiveStrategy,
): Promise<void> => {
  const isJustShown = shown.has(uid) && shown.get(uid) === resourceVersion;
  // It was true when it was answered; later it must be asked for.
  shown.delete(uid);
  if (isJustShown) return;
  const found = await api.get(liveStrategies, { namespace, name });
  if (!found.ok) throw toError(found.error);
  const { metadata } = found.value;
  if (metadata.uid === uid && metadata.generation === generation) return;
  throw new Error("the strategy is not what it was");
};

type Wanted = { readonly spec: ExecutorSpec; readonly names: ReadonlyArray<ChildName> };

/** The first obstacle, if there is any. */
const keepAll = async (
  { keeper, wish }: Self,
  strategy: LiveStrategy,
  { spec, names }: Wanted,
): Promise<Obstacle | undefined> => {
  const children = wish(strategy, spec);
  const keep = async (name: ChildName): Promise<Obstacle | undefined> => {
    try {
      const kept = await keeper.keep(strategy, name, children[name]);
      return kept.ok ? undefined : kept.error;
    } catch (thrown) {
      const refusal = refusalOf(thrown, children[name].kind);
      if (refusal === undefined) throw thrown;
      return refusal;
    }
  };
  const obstacles = await settleAll(names.map(keep));
  return obstacles.find((one) => one !== undefined);
};

const note = (
  { obstacles, clock }: Self,
  { metadata: { uid, generation } }: LiveStrategy,
  obstacle: Obstacle | undefined,
): void => {
  if (obstacle === undefined) obstacles.delete(uid);
  else obstacles.set(uid, { obstacle, at: clock.elapsed(), generation });
};

const refusalOf = (thrown: unknown, kind: string): Obstacle | undefined => {
  const error = apiErrorOf(thrown);
  if (error?.kind !== "Invalid" && error?.kind !== "Forbidden") return undefined;
  return error.message.includes("being terminated")
    ? {
        reason: "NamespaceTerminating",
        message: "The namespace is being deleted: no executor can be made there.",
      }
    : { reason: "ApplyRefused", message: `${kind}: ${error.message}` };
};

/** The pod is ended by the cluster's garbage collector, which gives it its grace period. */
const stopWorkload = async (self: Self, strategy: Owner): Promise<void> => {
  const { api } = self;
  for (const { collection, child } of removableOf(self, strategy)) {
    const { namespace = "", name, uid } = child.metadata;
    const options = { uid, propagation: "Background" } as const;
    const removed = await api.remove(collection.resource, { namespace, name }, options);
    if (!removed.ok && removed.error.kind !== "NotFound") throw toError(removed.error);
    collection.fresh.removed(child);
  }
};

type Owner = { readonly metadata: Pick<ObjectMeta, "namespace" | "name" | "uid"> };

/** The Deployment goes last: while it is there, whoever comes next knows that this is not over. */
const REMOVABLE = ["service", "configMap", "deployment"] as const;

const removableOf = ({ records }: Self, { metadata }: Owner) => {
  const key = keyText({ ...toKey(metadata), name: childName({ metadata }) });
  return REMOVABLE.flatMap((name) => {
    const collection = records.children[name];
    const child = collection.fresh.get(key);
    return child !== undefined && isChildOf(child, metadata.uid) ? [{ collection, child }] : [];
  });
};
