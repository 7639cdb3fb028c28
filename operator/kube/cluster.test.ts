/**
 * What the cluster does about obstacles, about names that others have, and about copies that are late;
 * that it all comes together is in tests/cluster.
 */

import { expect, test } from "@jest/globals";
import { millis } from "#base/clock.ts";
import { err, ok } from "#base/result.ts";
import { liveStrategies } from "#crds/live-strategy.ts";
import type { ApiError, KubeApi } from "#kubernetes/api.ts";
import type { KubeObject } from "#kubernetes/object.ts";
import {
  configMaps,
  deployments,
  pods,
  services,
  volumeClaims,
  type Resource,
} from "#kubernetes/resource.ts";
import { createVirtualTime } from "#simulation/time.ts";
import { FINALIZER, FORCE_DELETE } from "../observed.ts";
import {
  key,
  NAMESPACE,
  openKubeWorld,
  strategyIn,
  wanted,
  write,
  type KubeWorld,
} from "../testing/kube-world.ts";

const openWorld = (around?: Parameters<typeof openKubeWorld>[1]) =>
  openKubeWorld(createVirtualTime(millis(0), 1), around);

const NAME = "grid-atr";
const AT = { namespace: NAMESPACE, name: NAME };
const CHILD = { namespace: NAMESPACE, name: `executor-${NAME}` };

const there = async ({ server }: KubeWorld, resource: Resource, at = CHILD): Promise<boolean> =>
  (await server.get(resource, at)).ok;

const stored = async ({ server }: KubeWorld): Promise<KubeObject> => {
  const found = await server.get(liveStrategies, AT);
  if (!found.ok) throw new Error(found.error.message);
  return found.value;
};

const edit = async (world: KubeWorld, patch: Readonly<Record<string, unknown>>) => {
  await world.server.patchMerge(liveStrategies, AT, patch);
  await world.pass();
};

const started = async (around?: (api: KubeApi) => KubeApi) => {
  const world = await openWorld(around);
  const strategy = await world.declare(NAME);
  await world.cluster.setFinalizer(strategy, true);
  await world.start(strategy);
  return { world, strategy: strategyIn(world, NAME) };
};

const refusing =
  (error: ApiError) =>
  (api: KubeApi): KubeApi => ({
    ...api,
    create: async (resource, ...rest) =>
      resource === services ? err(error) : api.create(resource, ...rest),
  });

test.each<readonly [string, ApiError, string, string]>([
  [
    "what the server does not take",
    { kind: "Invalid", message: "quota exceeded" },
    "ApplyRefused",
    "Service: quota exceeded",
  ],
  [
    "what we may not do",
    { kind: "Forbidden", message: "cannot create services" },
    "ApplyRefused",
    "Service: cannot create services",
  ],
  [
    "a namespace that ends",
    { kind: "Forbidden", message: "namespace trading because it is being terminated" },
    "NamespaceTerminating",
    "The namespace is being deleted: no executor can be made there.",
  ],
])("%s is an obstacle, and no Deployment is made", async (_what, error, reason, message) => {
  const world = await openWorld(refusing(error));
  const strategy = await world.declare(NAME);
  await world.start(strategy);
  expect(world.cluster.obstacle(strategy)).toEqual({ reason, message });
  expect(await there(world, deployments)).toBe(false);
  expect(world.cluster.workload(strategy, ok(wanted(strategy)))).toBeUndefined();
});

test.each<ApiError>([
  { kind: "Unavailable", message: "away" },
  { kind: "TooManyRequests", message: "later", retryAfterMs: 1 },
])("what may go well another time is thrown: $kind", async (error) => {
  const world = await openWorld(refusing(error));
  const strategy = await world.declare(NAME);
  await expect(world.start(strategy)).rejects.toThrow(error.kind);
  expect(world.cluster.obstacle(strategy)).toBeUndefined();
});

test("an obstacle is tried again within a minute, when the strategy changes, and by a new one", async () => {
  const world = await openWorld(refusing({ kind: "Invalid", message: "quota" }));
  const strategy = await world.declare(NAME);
  const held = () => world.cluster.obstacle(strategyIn(world, NAME))?.reason;
  await world.start(strategy);
  await world.pass(50_000);
  expect(held()).toBe("ApplyRefused");
  await world.pass(10_000);
  expect(held()).toBeUndefined();

  await world.start(strategy);
  expect(held()).toBe("ApplyRefused");
  await edit(world, { spec: { leverage: 9 } });
  expect(held()).toBeUndefined();

  await world.start(strategy);
  const { uid } = strategy.metadata;
  await world.server.remove(liveStrategies, AT, { uid });
  await world.pass();
  await world.declare(NAME);
  expect(held()).toBeUndefined();
});

test("an executor that runs is put right whatever keeps its volume from growing", async () => {
  const { world, strategy } = await started((api) => ({
    ...api,
    apply: async (resource, ...rest) =>
      resource === volumeClaims
        ? err({ kind: "Forbidden", message: "storage class does not grow" })
        : api.apply(resource, ...rest),
  }));
  await edit(world, { spec: { executor: { storage: { size: "9Gi" } } } });
  await world.server.patchMerge(deployments, CHILD, { spec: { replicas: 0 } });
  await world.pass();
  await world.start(strategy);
  expect(await world.server.get(deployments, CHILD)).toMatchObject({
    value: { spec: { replicas: 1 } },
  });
  expect(world.cluster.obstacle(strategyIn(world, NAME))).toEqual({
    reason: "ApplyRefused",
    message: "PersistentVolumeClaim: storage class does not grow",
  });
});

test("the end of an executor takes its Deployment, Service and ConfigMap, and leaves the claim", async () => {
  const { world, strategy } = await started();
  expect(world.cluster.hasRemains(strategy)).toBe(true);
  await world.cluster.stopWorkload(strategy);
  expect(world.cluster.workload(strategy, ok(wanted(strategy)))).toBeUndefined();
  expect(world.cluster.hasRemains(strategy)).toBe(false);
  for (const resource of [deployments, services, configMaps]) {
    expect(await there(world, resource)).toBe(false);
  }
  expect(await there(world, volumeClaims)).toBe(true);
  expect(world.writes.at(-1)).toBe(`remove Deployment ${CHILD.name}`);
});

test("what is not ours outlives the end of the executor", async () => {
  const { world, strategy } = await started();
  const owner = { apiVersion: "v1", kind: "X", name: "x", uid: "uid-x", controller: true };
  await world.server.patchMerge(services, CHILD, { metadata: { ownerReferences: [owner] } });
  await world.pass();
  await world.cluster.stopWorkload(strategy);
  expect([await there(world, services), await there(world, deployments)]).toEqual([true, false]);
});

test("an end that was cut short is finished the next time", async () => {
  let isAway = true;
  const { world, strategy } = await started((api) => ({
    ...api,
    remove: async (resource, ...rest) =>
      isAway && resource === deployments
        ? err({ kind: "Unavailable", message: "away" })
        : api.remove(resource, ...rest),
  }));
  await expect(world.cluster.stopWorkload(strategy)).rejects.toThrow("away");
  await world.pass();
  expect(world.cluster.workload(strategy, ok(wanted(strategy)))?.phase).toBe("Starting");
  isAway = false;
  await world.cluster.stopWorkload(strategy);
  expect(world.cluster.workload(strategy, ok(wanted(strategy)))).toBeUndefined();
});

const podOf = (uid: string) => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: {
    namespace: NAMESPACE,
    name: `pod-of-${uid}`,
    labels: {
      "app.kubernetes.io/managed-by": "scalp-radar",
      "app.kubernetes.io/component": "executor",
      "scalpradar.io/strategy": NAME,
      "scalpradar.io/strategy-uid": uid,
    },
  },
});

test("pods of an older strategy of the name are not this one's", async () => {
  const { world, strategy } = await started();
  await world.cluster.stopWorkload(strategy);
  await write(world.server, pods, podOf("uid-of-an-older-one"));
  await world.pass();
  const seen = () => world.cluster.workload(strategy, ok(wanted(strategy)));
  expect(seen()).toBeUndefined();
  await write(world.server, pods, podOf(strategy.metadata.uid));
  await world.pass();
  expect(seen()?.phase).toBe("Stopping");
});

test("nothing is made for a strategy that is not any more what the copy shows", async () => {
  const world = await openWorld();
  const strategy = await world.declare(NAME);
  await world.server.patchMerge(liveStrategies, AT, { spec: { enabled: false } });
  await expect(world.cluster.applyWorkload(strategy, wanted(strategy))).rejects.toThrow(
    "the strategy is not what it was",
  );
  const { uid } = strategy.metadata;
  await world.server.remove(liveStrategies, AT, { uid });
  await expect(world.cluster.applyWorkload(strategy, wanted(strategy))).rejects.toThrow("NotFound");
  expect(world.writes).toEqual([]);
});

test("what fails is over only when everything that was begun with it is", async () => {
  const slow = Promise.withResolvers<void>();
  const world = await openWorld((api) => ({
    ...api,
    create: async (resource, ...rest) => {
      if (resource === services) return err({ kind: "Unavailable", message: "lost" });
      await slow.promise;
      return api.create(resource, ...rest);
    },
  }));
  const strategy = await world.declare(NAME);
  const steps: string[] = [];
  const applied = world.cluster
    .applyWorkload(strategy, wanted(strategy))
    .catch(({ message }: Error) => steps.push(message));
  await world.pass();
  steps.push("the ConfigMap is made");
  slow.resolve();
  await applied;
  expect(steps).toEqual(["the ConfigMap is made", "Unavailable: lost"]);
  expect(await there(world, configMaps)).toBe(true);
});

test("what the server has just shown in its answer is not asked for again, but only once", async () => {
  let looks = 0;
  const world = await openWorld((api) => ({
    ...api,
    get: (resource, ...rest) => {
      if (resource === liveStrategies) looks += 1;
      return api.get(resource, ...rest);
    },
  }));
  await world.cluster.setFinalizer(await world.declare(NAME), true);
  const strategy = strategyIn(world, NAME);
  await world.cluster.applyWorkload(strategy, wanted(strategy));
  expect(looks).toBe(0);
  await world.pass();
  await world.cluster.stopWorkload(strategy);
  await world.cluster.applyWorkload(strategy, wanted(strategy));
  expect(looks).toBe(1);
});

test("the finalizer stays while the Deployment is there, whatever the copy says", async () => {
  const { world, strategy } = await started();
  const { metadata } = await stored(world);
  await world.server.remove(liveStrategies, AT, { uid: metadata.uid });
  await world.pass();
  const going = strategyIn(world, NAME);
  await expect(world.cluster.setFinalizer(going, false)).rejects.toThrow("still there");
  await world.cluster.stopWorkload(strategy);
  await world.cluster.setFinalizer(going, false);
  // At once, before the copy has seen it.
  expect(world.cluster.strategy(key(NAME))).toBeUndefined();
  expect(await there(world, liveStrategies, AT)).toBe(false);
  await world.cluster.setFinalizer(going, false);
});

test("finalizers of others stay, and with them the strategy", async () => {
  const { world } = await started();
  const finalizers = ["example.com/hold", FINALIZER];
  await edit(world, { metadata: { finalizers } });
  await world.server.remove(liveStrategies, AT, { uid: (await stored(world)).metadata.uid });
  await world.pass();
  await world.cluster.stopWorkload(strategyIn(world, NAME));
  await world.cluster.setFinalizer(strategyIn(world, NAME), false);
  expect((await stored(world)).metadata.finalizers).toEqual(["example.com/hold"]);
  expect(strategyIn(world, NAME).metadata.finalizers).toEqual(["example.com/hold"]);
});

test("a finalizer is not set on a version that somebody has changed, nor on another strategy", async () => {
  const world = await openWorld();
  const strategy = await world.declare(NAME);
  await world.server.patchMerge(liveStrategies, AT, {
    metadata: { finalizers: ["example.com/x"] },
  });
  await expect(world.cluster.setFinalizer(strategy, true)).rejects.toThrow("Conflict");
  expect((await stored(world)).metadata.finalizers).toEqual(["example.com/x"]);
});

test("a status goes to the strategy that it is about, and to no other one of its name", async () => {
  const { world, strategy } = await started();
  const report = () => world.cluster.writeStatus(strategy, { observedGeneration: 1 });
  await report();
  expect((await stored(world))["status"]).toEqual({ observedGeneration: 1 });
  await edit(world, { metadata: { finalizers: null } });
  await world.server.remove(liveStrategies, AT, { uid: strategy.metadata.uid });
  await expect(report()).rejects.toThrow("NotFound");
  await world.declare(NAME);
  await expect(report()).rejects.toThrow("metadata.uid");
  expect((await stored(world))["status"]).toBeUndefined();
});

test("what is gone from the status goes from the server's", async () => {
  const { world } = await started();
  const long = { observedGeneration: 1, summary: { mode: "Live", position: "long 1 BTC" } };
  await world.cluster.writeStatus(strategyIn(world, NAME), long);
  const short = { observedGeneration: 1, summary: { mode: "Off" } };
  await world.cluster.writeStatus(strategyIn(world, NAME), short);
  expect((await stored(world))["status"]).toEqual(short);
});

const makeUnreadable = async (world: KubeWorld) => {
  await edit(world, { spec: { leverage: "much" } });
  expect(world.cluster.strategy(key(NAME))).toBeUndefined();
};

test("one that is not understood is told so once, and keeps what runs", async () => {
  const { world } = await started();
  expect(await world.cluster.reportUnreadable(key(NAME))).toBe(false);
  expect(await world.cluster.reportUnreadable(key("absent"))).toBe(false);
  await makeUnreadable(world);
  const written = world.writes.length;
  expect(await world.cluster.reportUnreadable(key(NAME))).toBe(true);
  await world.pass();
  expect(await world.cluster.reportUnreadable(key(NAME))).toBe(true);
  expect(world.writes.slice(written)).toEqual([`merge LiveStrategy ${NAME}`]);
  expect((await stored(world))["status"]).toMatchObject({
    observedGeneration: 2,
    conditions: [
      { type: "Ready", status: "False", reason: "InvalidSpec" },
      { type: "Stalled", status: "True", reason: "InvalidSpec" },
    ],
  });
  expect(await there(world, deployments)).toBe(true);
});

test("one that is not understood goes only when it is deleted and a person forces it", async () => {
  const { world, strategy } = await started();
  await makeUnreadable(world);
  await edit(world, { metadata: { annotations: { [FORCE_DELETE]: "true" } } });
  await world.cluster.reportUnreadable(key(NAME));
  expect(await there(world, deployments)).toBe(true);
  await world.server.remove(liveStrategies, AT, { uid: strategy.metadata.uid });
  await world.pass();
  expect(await world.cluster.reportUnreadable(key(NAME))).toBe(true);
  expect(await there(world, deployments)).toBe(false);
  expect(await there(world, liveStrategies, AT)).toBe(false);
});

test("of all strategies the oldest comes first", async () => {
  const world = await openWorld();
  for (const name of ["c", "a", "b"]) {
    await world.declare(name);
    await world.pass(2_000);
  }
  expect(world.cluster.strategies().map(({ metadata }) => metadata.name)).toEqual(["c", "a", "b"]);
});
