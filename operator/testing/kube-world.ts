/**
 * The operator's kube cluster over an API server in memory and virtual time. What stands between them
 * is the test's: answers that get lost, and copies that are late.
 */

import { millis, type Clock, type Millis, type Timers } from "#base/clock.ts";
import { chance } from "#base/random.ts";
import { liveStrategies, type LiveStrategy } from "#crds/live-strategy.ts";
import type { KubeApi } from "#kubernetes/api.ts";
import type { KubeObject, Manifest } from "#kubernetes/object.ts";
import type { Resource } from "#kubernetes/resource.ts";
import { createMemoryApi } from "#kubernetes/testing/memory-api.ts";
import { silentLogger } from "#runtime/log.ts";
import type { StrategyEvent } from "../cluster.ts";
import { createKubeCluster, type KubeCluster } from "../kube/cluster.ts";
import { openRecords } from "../kube/records.ts";
import { specOf, strategyOf } from "./samples.ts";
import { settingsOf } from "./workloads.ts";

export const NAMESPACE = "trading";
export const key = (name: string): string => `${NAMESPACE}/${name}`;

/** Time that passes when it is told to. */
type Time = Clock & Timers & { readonly runUntil: (until: Millis) => Promise<void> };

export const openKubeWorld = async (
  time: Time,
  around: (api: KubeApi) => KubeApi = (api) => api,
) => {
  const server = createMemoryApi({ clock: time, timers: time });
  const writes: string[] = [];
  const api = around(counting(server, writes));
  const changes: string[] = [];
  const events: string[] = [];
  let draws = 0;
  const records = openRecords(
    {
      api,
      clock: time,
      timers: time,
      random: () => chance(1, "world", (draws += 1)),
      log: silentLogger,
      onChange: (changed) => void changes.push(changed),
      onGone: (uid) => cluster.forget(uid),
    },
    undefined,
  );
  const cluster = createKubeCluster({
    api,
    clock: time,
    records,
    settings: settingsOf(),
    recordEvent: ({ metadata }, { reason, note }: StrategyEvent) =>
      void events.push(`${metadata.name} ${reason}: ${note}`),
  });
  const stopping = new AbortController();
  const running = records.reflectors.map((one) => one.run(stopping.signal));
  const pass = (ms = 100) => time.runUntil(millis(time.now() + ms));
  await pass(2_000);
  return {
    server,
    records,
    cluster,
    /** `verb Kind name` of what was written through the operator's client. */
    writes,
    /** Keys that should be looked at again, since this was last emptied. */
    changes,
    events,
    pass,
    /** A person applies a strategy, and the copies see it. */
    declare: async (
      name: string,
      spec: Partial<LiveStrategy["spec"]> = {},
    ): Promise<LiveStrategy> => {
      const { metadata: _metadata, status: _status, ...rest } = strategyOf(spec, { name });
      await write(server, liveStrategies, {
        ...rest,
        metadata: { name, namespace: NAMESPACE, generation: 1 },
      });
      await pass();
      return strategyIn({ cluster }, name);
    },
    /** The children are as the strategy asks for, and the copies see it. */
    start: async (strategy: LiveStrategy) => {
      const current = strategyIn({ cluster }, strategy.metadata.name);
      await cluster.applyWorkload(current, wanted(current));
      await pass();
    },
    stop: async () => {
      stopping.abort();
      await pass();
      await Promise.all(running);
    },
  };
};

export type KubeWorld = Awaited<ReturnType<typeof openKubeWorld>>;

export const strategyIn = (
  { cluster }: { readonly cluster: Pick<KubeCluster, "strategy"> },
  name: string,
): LiveStrategy => {
  const found = cluster.strategy(key(name));
  if (found === undefined) throw new Error(`${name} is not there`);
  return found;
};

/** What its executor is told. */
export const wanted = ({ metadata: { name, uid, generation } }: LiveStrategy) =>
  specOf({ name, uid, generation });

/** Whatever an API server answers to somebody who may do everything. */
export const write = async (
  server: KubeApi,
  resource: Resource,
  manifest: Manifest,
): Promise<KubeObject> => {
  const made = await server.apply(resource, manifest, { fieldManager: "person", force: true });
  if (!made.ok) throw new Error(made.error.message);
  return made.value;
};

const counting = (api: KubeApi, writes: string[]): KubeApi => ({
  ...api,
  create: (resource, manifest, options) => {
    writes.push(`create ${resource.kind} ${manifest.metadata.name}`);
    return api.create(resource, manifest, options);
  },
  apply: (resource, manifest, options) => {
    writes.push(`apply ${resource.kind} ${manifest.metadata.name}`);
    return api.apply(resource, manifest, options);
  },
  patchJson: (resource, at, operations, options) => {
    writes.push(`patch ${resource.kind} ${at.name}`);
    return api.patchJson(resource, at, operations, options);
  },
  patchMerge: (resource, at, patch, options) => {
    writes.push(`merge ${resource.kind} ${at.name}`);
    return api.patchMerge(resource, at, patch, options);
  },
  remove: (resource, at, options) => {
    writes.push(`remove ${resource.kind} ${at.name}`);
    return api.remove(resource, at, options);
  },
});
