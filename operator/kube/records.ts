/**
 * What the operator keeps of the API server: a copy of each collection, and what it wrote itself.
 *
 * Children are followed by their label, so that the copies hold nothing of other people's. The
 * status of a Deployment, a Service or a claim is not read by anybody and not kept.
 */

import type { Clock, Timers } from "#base/clock.ts";
import type { Random } from "#base/random.ts";
import { liveStrategies } from "#crds/live-strategy.ts";
import type { KubeApi, Selection } from "#kubernetes/api.ts";
import { createFreshView, type Copy, type FreshView } from "#kubernetes/fresh-view.ts";
import type { Indexed, Stored } from "#kubernetes/indexer.ts";
import type { KubeObject } from "#kubernetes/object.ts";
import type { ReflectorMetrics } from "#kubernetes/reflector-metrics.ts";
import { createReflector, type Reflector } from "#kubernetes/reflector.ts";
import {
  configMaps,
  deployments,
  pods,
  services,
  volumeClaims,
  type Resource,
} from "#kubernetes/resource.ts";
import type { Logger } from "#runtime/log.ts";
import { keyText } from "../cluster.ts";
import { credentialsOf } from "../status.ts";
import { CHILDREN_SELECTOR, STRATEGY_LABEL, STRATEGY_UID_LABEL } from "./identity.ts";
import { pack } from "./packed.ts";
import { createStrategyParser, type CachedStrategy } from "./live-strategies.ts";

export type RecordsDeps = {
  readonly api: KubeApi;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly log: Logger;
  readonly metrics?: ReflectorMetrics;
  /** A strategy that should be looked at again, and whether a person is likely to wait for it. */
  readonly onChange: (key: string, isNew: boolean) => void;
  /** A strategy or a child of this uid is gone. */
  readonly onGone: (uid: string) => void;
};

export type Collection<T> = {
  readonly resource: Resource;
  readonly fresh: FreshView<T>;
};

export type ChildName = "configMap" | "volumeClaim" | "service" | "deployment";

export type Records = {
  readonly strategies: Collection<CachedStrategy> & {
    readonly store: Indexed<CachedStrategy, "account">;
    readonly parse: (object: KubeObject) => CachedStrategy;
  };
  readonly children: Readonly<Record<ChildName, Collection<KubeObject>>>;
  readonly podsOf: (strategyUid: string) => ReadonlyArray<KubeObject>;
  readonly reflectors: ReadonlyArray<Follower>;
};

/** What is asked of each of them alike. */
export type Follower = Pick<
  Reflector<Stored>,
  "run" | "synced" | "untilSynced" | "stats" | "problem"
> & {
  readonly resource: Resource;
  /** Everything that is in the copy, whatever of it is kept. */
  readonly copied: () => ReadonlyArray<Stored>;
};

/** `namespace`: the only one that is looked at; all of them where it is absent. */
export const openRecords = (deps: RecordsDeps, namespace: string | undefined): Records => {
  const selection: Selection = namespace === undefined ? {} : { namespace };
  const childSelection: Selection = { ...selection, labelSelector: CHILDREN_SELECTOR };
  const strategies = followStrategies(deps, selection);
  const follow = (resource: Resource) => followChildren(deps, resource, childSelection);
  const [configMap, volumeClaim, service, deployment] = [
    follow(configMaps),
    follow(volumeClaims),
    follow(services),
    follow(deployments),
  ];
  const pod = createReflector<KubeObject, "strategy">(deps, {
    resource: pods,
    selection: childSelection,
    trim: trimPod,
    indexes: { strategy: ({ metadata }) => [metadata.labels?.[STRATEGY_UID_LABEL] ?? ""] },
    onChange: ({ before, after }) => tellOwner(deps, after ?? before),
  });
  return {
    strategies,
    children: { configMap, volumeClaim, service, deployment },
    podsOf: (uid) => pod.store.by("strategy", uid),
    reflectors: [
      { ...strategies.reflector, resource: liveStrategies, copied: strategies.store.list },
      ...[configMap, volumeClaim, service, deployment].map(({ reflector, resource }) => ({
        ...reflector,
        resource,
        copied: reflector.store.list,
      })),
      { ...pod, resource: pods, copied: pod.store.list },
    ],
  };
};

const followStrategies = (deps: RecordsDeps, selection: Selection) => {
  const parser = createStrategyParser();
  const reflector: Reflector<CachedStrategy, "account"> = createReflector(deps, {
    resource: liveStrategies,
    selection,
    trim: parser.parse,
    indexes: { account: accountsOf },
    onChange: (change, isSync) => {
      const { key, before, after } = change;
      if (after === undefined && before !== undefined) {
        parser.forget(before.metadata.uid);
        deps.onGone(before.metadata.uid);
      }
      const accounts = [before, after].flatMap((one) => (one === undefined ? [] : accountsOf(one)));
      for (const account of new Set(accounts)) {
        for (const other of reflector.store.by("account", account)) {
          if (fleetFacts(before) !== fleetFacts(after)) deps.onChange(keyOfCached(other), false);
        }
      }
      const isOurs = fresh.caughtUp({ ...change, isSync });
      // Whoever remembers something of it hears that it is gone.
      if (!isOurs || after === undefined) deps.onChange(key, reflector.synced());
    },
  });
  const fresh = createFreshView<CachedStrategy>(copyOf(reflector));
  return {
    resource: liveStrategies,
    fresh,
    store: reflector.store,
    parse: parser.parse,
    reflector,
  };
};

const copyOf = <T extends Stored, Name extends string>({
  store,
  stats,
}: Pick<Reflector<T, Name>, "store" | "stats">): Copy<T> => ({
  get: store.get,
  followedTo: () => stats().resourceVersion,
});

const accountsOf = ({ strategy }: CachedStrategy): ReadonlyArray<string> => {
  const uid = strategy.ok ? strategy.value.status?.account?.uid : undefined;
  return uid === undefined ? [] : [uid];
};

/** What of one strategy the verdict on another one's account hangs on. */
const fleetFacts = (cached: CachedStrategy | undefined): string => {
  if (cached === undefined || !cached.strategy.ok) return "";
  const { spec, status, metadata } = cached.strategy.value;
  const isTrading = spec.enabled && spec.liveEligible && metadata.deletionTimestamp === undefined;
  // Given other keys, it is on the account no more, although it has not named another one yet.
  const isStillThere = status?.account?.credentialsSecret === credentialsOf(spec);
  const symbols = spec.assets.map(({ symbol }) => symbol);
  return JSON.stringify([isTrading, isStillThere, status?.account?.uid, symbols]);
};

const keyOfCached = ({ metadata }: CachedStrategy): string =>
  keyText({ namespace: metadata.namespace ?? "", name: metadata.name });

const followChildren = (deps: RecordsDeps, resource: Resource, selection: Selection) => {
  const reflector: Reflector<KubeObject, never> = createReflector(deps, {
    resource,
    selection,
    trim: pack,
    indexes: {},
    onChange: (change, isSync) => {
      const { before, after } = change;
      const isOurs = fresh.caughtUp({ ...change, isSync });
      if (after === undefined && before !== undefined) deps.onGone(before.metadata.uid);
      if (!isOurs && isWorthALook(before, after)) tellOwner(deps, after ?? before);
    },
    onSynced: () => {
      for (const child of fresh.undone()) tellOwner(deps, child);
    },
  });
  const fresh = createFreshView<KubeObject>(copyOf(reflector));
  return { resource, fresh, reflector };
};

/** Kinds with a generation also change when only their status does. */
const isWorthALook = (before: KubeObject | undefined, after: KubeObject | undefined): boolean => {
  if (before === undefined || after === undefined) return true;
  if (before.metadata.generation === undefined) return true;
  return factsOf(before) !== factsOf(after);
};

const factsOf = ({ metadata }: KubeObject): string =>
  JSON.stringify([
    metadata.uid,
    metadata.generation,
    metadata.labels,
    metadata.annotations,
    metadata.ownerReferences,
    metadata.deletionTimestamp,
  ]);

const tellOwner = ({ onChange }: RecordsDeps, child: KubeObject | undefined): void => {
  const name = child?.metadata.labels?.[STRATEGY_LABEL];
  const namespace = child?.metadata.namespace;
  if (name !== undefined && namespace !== undefined) onChange(keyText({ namespace, name }), true);
};

/** A pod's specification is the Deployment's; what is asked of it is how it is. */
const trimPod = ({ apiVersion, kind, metadata, status }: KubeObject): KubeObject => ({
  apiVersion,
  kind,
  metadata,
  status,
});
