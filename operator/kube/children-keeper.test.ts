/**
 * What is written for a child, and what is not, where answers get lost, copies are late and names are
 * taken. What other hands do to it on a real server is in tests/cluster/drift.test.ts.
 */

import { expect, test } from "@jest/globals";
import { millis } from "#base/clock.ts";
import { err, ok } from "#base/result.ts";
import type { KubeApi } from "#kubernetes/api.ts";
import type { KubeObject } from "#kubernetes/object.ts";
import { configMaps, deployments, services, volumeClaims } from "#kubernetes/resource.ts";
import { createVirtualTime } from "#simulation/time.ts";
import { NAMESPACE, openKubeWorld, wanted, write, type KubeWorld } from "../testing/kube-world.ts";

const openWorld = (around?: Parameters<typeof openKubeWorld>[1]) =>
  openKubeWorld(createVirtualTime(millis(0), 1), around);

const NAME = "grid-atr";
const CHILD = { namespace: NAMESPACE, name: `executor-${NAME}` };

const change = async (
  { server, pass }: KubeWorld,
  resource: typeof deployments,
  patch: Readonly<Record<string, unknown>>,
): Promise<KubeObject> => {
  const changed = await server.patchMerge(resource, CHILD, patch);
  if (!changed.ok) throw new Error(changed.error.message);
  await pass();
  return changed.value;
};

const started = async (around?: (api: KubeApi) => KubeApi) => {
  const world = await openWorld(around);
  const strategy = await world.declare(NAME);
  await world.start(strategy);
  return { world, strategy };
};

const repairs = ({ events }: KubeWorld): number =>
  events.filter((one) => one.startsWith(`${NAME} DriftRepaired`)).length;

test("each child is made once, the Deployment last, and nothing more is written", async () => {
  const { world, strategy } = await started();
  expect(world.writes.toSorted()).toEqual([
    `create ConfigMap ${CHILD.name}`,
    `create Deployment ${CHILD.name}`,
    `create PersistentVolumeClaim ${CHILD.name}`,
    `create Service ${CHILD.name}`,
  ]);
  expect(world.writes.at(-1)).toBe(`create Deployment ${CHILD.name}`);
  await world.start(strategy);
  expect(world.writes).toHaveLength(4);
  expect(repairs(world)).toBe(0);
});

test("a creation whose answer is lost is neither repeated nor forgotten", async () => {
  let lost = 0;
  const { world, strategy } = await started((api) => ({
    ...api,
    create: async (...args) => {
      const created = await api.create(...args);
      lost += 1;
      return lost <= 4 ? err({ kind: "Unknown", message: "no answer" }) : created;
    },
  }));
  expect(lost).toBe(4);
  expect(world.cluster.obstacle(strategy)).toBeUndefined();
  await world.start(strategy);
  expect(world.writes).toHaveLength(4);
});

test("a creation that was never done is done the next time", async () => {
  let isAway = true;
  const world = await openWorld((api) => ({
    ...api,
    create: async (...args) =>
      isAway ? err({ kind: "Unavailable", message: "away" }) : api.create(...args),
  }));
  const strategy = await world.declare(NAME);
  await expect(world.start(strategy)).rejects.toThrow("Unavailable: away");
  isAway = false;
  await world.start(strategy);
  expect(await world.server.get(deployments, CHILD)).toMatchObject({ ok: true });
});

test("with the name taken nothing is written to it, and nothing of it is believed later", async () => {
  const world = await openWorld();
  const strategy = await world.declare(NAME);
  const stranger = { apiVersion: "v1", kind: "ConfigMap", metadata: CHILD, data: { a: "b" } };
  const theirs = await write(world.server, configMaps, stranger);
  await world.start(strategy);
  expect(world.cluster.obstacle(strategy)).toEqual({
    reason: "AdoptionRefused",
    message: `ConfigMap ${NAMESPACE}/${CHILD.name} exists and is not ours: delete it, or give the strategy another name.`,
  });
  expect(await world.server.get(configMaps, CHILD)).toMatchObject({ value: theirs });
  expect(await world.server.get(deployments, CHILD)).toMatchObject({ ok: false });

  await world.server.remove(configMaps, CHILD, { uid: theirs.metadata.uid });
  await world.start(strategy);
  expect(world.cluster.obstacle(strategy)).toBeUndefined();
  expect(await world.server.get(deployments, CHILD)).toMatchObject({ ok: true });
});

test("a claim that an older strategy of the name has left is taken over, another's is not", async () => {
  const rows = [
    { labels: { "scalpradar.io/strategy": NAME }, isTaken: true },
    { labels: { "scalpradar.io/strategy": "another" }, isTaken: false },
    { labels: {}, isTaken: false },
  ];
  for (const { labels, isTaken } of rows) {
    const world = await openWorld();
    const strategy = await world.declare(NAME);
    const spec = {
      accessModes: ["ReadWriteOnce"],
      resources: { requests: { storage: "5Gi" } },
    };
    const annotations = { "scalpradar.io/applied": "of the older one" };
    const metadata = { ...CHILD, labels, annotations };
    const claim = { apiVersion: "v1", kind: "PersistentVolumeClaim", metadata, spec };
    const before = await write(world.server, volumeClaims, claim);
    await world.start(strategy);
    const after = await world.server.get(volumeClaims, CHILD);
    if (!after.ok) throw new Error("the claim stays");
    expect(after.value.metadata.uid).toBe(before.metadata.uid);
    expect(after.value["spec"]).toEqual(spec);
    expect(world.cluster.obstacle(strategy)?.reason).toBe(isTaken ? undefined : "AdoptionRefused");
    expect(repairs(world)).toBe(0);
  }
});

test("one that somebody took the owner from is ours all the same, and gets it back", async () => {
  const { world, strategy } = await started();
  await change(world, deployments, { metadata: { ownerReferences: null } });
  expect(world.cluster.workload(strategy, ok(wanted(strategy)))?.drift).toEqual([
    "Deployment metadata.ownerReferences",
  ]);
  await world.start(strategy);
  const mended = await world.server.get(deployments, CHILD);
  expect(mended).toMatchObject({
    value: { metadata: { ownerReferences: [{ uid: strategy.metadata.uid }] } },
  });
  expect(repairs(world)).toBe(1);
});

test("one that has another owner is somebody else's, whatever its labels say", async () => {
  const { world, strategy } = await started();
  const owner = { apiVersion: "v1", kind: "X", name: "x", uid: "uid-x", controller: true };
  await change(world, services, { metadata: { ownerReferences: [owner] } });
  const written = world.writes.length;
  await world.start(strategy);
  expect(world.cluster.obstacle(strategy)?.reason).toBe("AdoptionRefused");
  expect(world.writes).toHaveLength(written);
});

test("a repair that comes too late is tried again with what is there now", async () => {
  let isOvertaken = false;
  const { world, strategy } = await started((api) => ({
    ...api,
    patchJson: async (resource, at, ...rest) => {
      if (isOvertaken && resource === deployments) {
        isOvertaken = false;
        // As the Deployment's controller does, which reports what it sees.
        const status = { status: { replicas: 1 } };
        await api.patchMerge(deployments, CHILD, status, { subresource: "status" });
      }
      return api.patchJson(resource, at, ...rest);
    },
  }));
  const more = { "more.json": "{}" };
  const paused = { spec: { paused: true } };
  await change(world, deployments, paused);
  await change(world, configMaps, { data: more });
  isOvertaken = true;
  await expect(world.start(strategy)).rejects.toThrow("Conflict: Deployment");
  expect(world.cluster.obstacle(strategy)).toBeUndefined();
  expect(repairs(world)).toBe(1);
  await world.pass();
  await world.start(strategy);
  expect(repairs(world)).toBe(2);
  const { drift } = world.cluster.workload(strategy, ok(wanted(strategy))) ?? {};
  expect(drift).toEqual([]);
});

test("a repair that the server will never take is an obstacle, in the server's words", async () => {
  const { world, strategy } = await started((api) => ({
    ...api,
    patchJson: () => Promise.resolve(err({ kind: "Invalid", message: "quota exceeded" })),
  }));
  await change(world, deployments, { spec: { paused: true } });
  await world.start(strategy);
  expect(world.cluster.obstacle(strategy)).toEqual({
    reason: "ApplyRefused",
    message: "Deployment: quota exceeded",
  });
  expect(repairs(world)).toBe(0);
});

const scaleAway = (world: KubeWorld) => change(world, deployments, { spec: { replicas: 0 } });

test("three repairs in ten minutes are made, the fourth is not, and later it is", async () => {
  const { world, strategy } = await started();
  for (const count of [1, 2, 3]) {
    await scaleAway(world);
    await world.start(strategy);
    expect(repairs(world)).toBe(count);
  }
  await scaleAway(world);
  const written = world.writes.length;
  await world.start(strategy);
  expect(world.cluster.obstacle(strategy)?.reason).toBe("DriftFight");
  expect(world.cluster.obstacle(strategy)?.message).toContain("(spec.replicas)");
  expect(world.writes).toHaveLength(written);
  await world.pass(600_000);
  await world.start(strategy);
  expect(repairs(world)).toBe(4);
});

test("a child that is removed and made again does not begin a fight anew", async () => {
  const { world, strategy } = await started();
  for (const count of [1, 2, 3]) {
    const { metadata } = await scaleAway(world);
    await world.start(strategy);
    expect(repairs(world)).toBe(count);
    await world.server.remove(deployments, CHILD, { uid: metadata.uid });
    await world.pass();
    await world.start(strategy);
  }
  await scaleAway(world);
  await world.start(strategy);
  expect(world.cluster.obstacle(strategy)?.reason).toBe("DriftFight");
});

test("a fight over one child keeps nobody from mending another one", async () => {
  const { world, strategy } = await started();
  for (let count = 1; count <= 4; count += 1) {
    await scaleAway(world);
    await world.start(strategy);
  }
  await change(world, services, { spec: { type: "NodePort" } });
  await world.start(strategy);
  expect(await world.server.get(services, CHILD)).toMatchObject({
    value: { spec: { type: "ClusterIP" } },
  });
  expect(repairs(world)).toBe(4);
});
