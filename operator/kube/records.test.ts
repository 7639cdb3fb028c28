/** What makes a strategy be looked at again, and what does not. */

import { expect, test } from "@jest/globals";
import { millis } from "#base/clock.ts";
import { liveStrategies, type LiveStrategy } from "#crds/live-strategy.ts";
import type { LiveStrategyStatus } from "#crds/live-strategy-status.ts";
import {
  configMaps,
  deployments,
  pods,
  volumeClaims,
  type Resource,
} from "#kubernetes/resource.ts";
import { createVirtualTime } from "#simulation/time.ts";
import {
  key,
  NAMESPACE,
  openKubeWorld,
  strategyIn,
  write,
  type KubeWorld,
} from "../testing/kube-world.ts";

const openWorld = (around?: Parameters<typeof openKubeWorld>[1]) =>
  openKubeWorld(createVirtualTime(millis(0), 1), around);

type Patch = Readonly<Record<string, unknown>>;

/** By somebody else; the keys that should be looked at again for it. */
const after = async (
  world: KubeWorld,
  act: () => Promise<unknown>,
): Promise<ReadonlyArray<string>> => {
  world.changes.length = 0;
  await act();
  await world.pass();
  return [...new Set(world.changes)].toSorted();
};

const patch = (world: KubeWorld, resource: Resource, name: string, change: Patch) => () =>
  world.server.patchMerge(resource, { namespace: NAMESPACE, name }, change);

const patchStatus =
  ({ server }: KubeWorld, resource: Resource, name: string, status: Patch) =>
  () =>
    server.patchMerge(
      resource,
      { namespace: NAMESPACE, name },
      { status },
      { subresource: "status" },
    );

const started = async (name = "a") => {
  const world = await openWorld();
  await world.start(await world.declare(name));
  return world;
};

test("a strategy that somebody changes, and one that is gone", async () => {
  const world = await started();
  const edit = patch(world, liveStrategies, "a", { spec: { leverage: 9 } });
  expect(await after(world, edit)).toEqual([key("a")]);
  expect(strategyIn(world, "a").spec.leverage).toBe(9);
  const { uid } = strategyIn(world, "a").metadata;
  const remove = () =>
    world.server.remove(liveStrategies, { namespace: NAMESPACE, name: "a" }, { uid });
  expect(await after(world, remove)).toEqual([key("a")]);
});

test("what we write ourselves is no news, neither of the strategy nor of its children", async () => {
  const world = await openWorld();
  const strategy = await world.declare("a");
  expect(await after(world, () => world.start(strategy))).toEqual([]);
  const finalize = () => world.cluster.setFinalizer(strategyIn(world, "a"), true);
  expect(await after(world, finalize)).toEqual([]);
  const report = () => world.cluster.writeStatus(strategyIn(world, "a"), { observedGeneration: 1 });
  expect(await after(world, report)).toEqual([]);
  expect(strategyIn(world, "a")).toMatchObject({
    metadata: { finalizers: ["scalpradar.io/executor"] },
    status: { observedGeneration: 1 },
  });
});

test("what a person writes while we write is news, although our own write carries it", async () => {
  const world = await started();
  const both = async () => {
    const strategy = strategyIn(world, "a");
    await patch(world, liveStrategies, "a", { spec: { leverage: 9 } })();
    await world.cluster.writeStatus(strategy, { observedGeneration: 1 });
  };
  expect(await after(world, both)).toEqual([key("a")]);
});

test.each([
  ["a label of a Deployment", deployments, { metadata: { labels: { a: "b" } } }],
  ["its specification", deployments, { spec: { replicas: 0 } }],
  ["its owner", deployments, { metadata: { ownerReferences: null } }],
  ["the content of a ConfigMap", configMaps, { data: { "spec.json": "{}" } }],
  ["the size of a claim", volumeClaims, { spec: { volumeName: "pv-1" } }],
])("%s that somebody changes", async (_what, resource, change) => {
  const world = await started();
  const changed = patch(world, resource, "executor-a", change);
  expect(await after(world, changed)).toEqual([key("a")]);
});

test("the status of a Deployment is nobody's business, that of a pod is", async () => {
  const world = await started();
  const scaled = patchStatus(world, deployments, "executor-a", { replicas: 1 });
  expect(await after(world, scaled)).toEqual([]);
  const { uid } = strategyIn(world, "a").metadata;
  const labels = {
    "app.kubernetes.io/managed-by": "scalp-radar",
    "app.kubernetes.io/component": "executor",
    "scalpradar.io/strategy": "a",
    "scalpradar.io/strategy-uid": uid,
  };
  const metadata = { namespace: NAMESPACE, name: "executor-a-1", labels };
  const pod = { apiVersion: "v1", kind: "Pod", metadata, spec: {}, status: { phase: "Pending" } };
  expect(await after(world, () => write(world.server, pods, pod))).toEqual([key("a")]);
  const runs = patch(world, pods, "executor-a-1", { status: { phase: "Running" } });
  expect(await after(world, runs)).toEqual([key("a")]);
  expect(world.records.podsOf(uid)).toHaveLength(1);
});

test("a child that somebody removes", async () => {
  const world = await started();
  const found = await world.server.get(deployments, { namespace: NAMESPACE, name: "executor-a" });
  if (!found.ok) throw new Error("it is there");
  const { uid } = found.value.metadata;
  const remove = () =>
    world.server.remove(deployments, { namespace: NAMESPACE, name: "executor-a" }, { uid });
  expect(await after(world, remove)).toEqual([key("a")]);
});

const accountOf = (uid: string, credentialsSecret = ""): LiveStrategyStatus => ({
  account: { uid, credentialsSecret },
});

const sharing = async () => {
  const world = await openWorld();
  for (const [name, uid] of [
    ["a", "sub-1"],
    ["b", "sub-1"],
    ["c", "sub-2"],
  ] as const) {
    await world.declare(name);
    await patchStatus(world, liveStrategies, name, accountOf(uid))();
  }
  await world.pass();
  return world;
};

const specs: ReadonlyArray<
  readonly [string, Partial<Record<keyof LiveStrategy["spec"], unknown>>]
> = [
  ["is disabled", { enabled: false }],
  ["goes to paper", { liveEligible: false }],
  ["trades another symbol", { assets: [{ symbol: "ETH/USDT:USDT" }] }],
  ["is given other keys", { exchange: { credentialsSecretRef: { name: "others" } } }],
];

test.each(specs)("those on its account, when a strategy %s", async (_what, spec) => {
  const world = await sharing();
  const edit = patch(world, liveStrategies, "a", { spec });
  expect(await after(world, edit)).toEqual([key("a"), key("b")]);
});

test("those on its account, when a strategy comes, goes, or is deleted", async () => {
  const world = await sharing();
  const move = patchStatus(world, liveStrategies, "a", accountOf("sub-2"));
  expect(await after(world, move)).toEqual([key("a"), key("b"), key("c")]);
  const { uid } = strategyIn(world, "a").metadata;
  const at = { namespace: NAMESPACE, name: "a" };
  await patch(world, liveStrategies, "a", { metadata: { finalizers: ["example.com/hold"] } })();
  await world.pass();
  const remove = () => world.server.remove(liveStrategies, at, { uid });
  expect(await after(world, remove)).toEqual([key("a"), key("c")]);
});

test("nobody else, when something changes that the account does not hang on", async () => {
  const world = await sharing();
  const edit = patch(world, liveStrategies, "a", { spec: { leverage: 9 } });
  expect(await after(world, edit)).toEqual([key("a")]);
  const together = world.cluster.strategiesOn("sub-1").map(({ metadata }) => metadata.name);
  expect(together.toSorted()).toEqual(["a", "b"]);
});
