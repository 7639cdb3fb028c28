/**
 * The children of a strategy on a real API server: what we ask for is what it stores, a claim grows,
 * the pod is one that a strict namespace takes, and no field of the server's is unknown to us.
 */

import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { z } from "zod";
import type { LiveStrategy } from "#crds/live-strategy.ts";
import type { Manifest } from "#kubernetes/object.ts";
import { canonicalQuantity } from "#operator/kube/canonical.ts";
import { differences } from "#operator/kube/difference.ts";
import { childKinds, shapes } from "#operator/kube/shapes.ts";
import { fitted } from "#operator/kube/volume-claim.ts";
import { patched } from "#operator/testing/json.ts";
import { keptAsWritten, quantities } from "#operator/testing/quantities.ts";
import { fullWorkload, workloadOf, type WorkloadChange } from "#operator/testing/workloads.ts";
import { schemasOf, walkSchema } from "./child-schemas.ts";
import {
  apply,
  bind,
  content,
  createByDryRun,
  createNamespace,
  repair,
  toObject,
} from "./child-world.ts";
import { startControlPlane, type ControlPlane } from "./control-plane.ts";

const START_TIMEOUT_MS = 120_000;
const TIMEOUT_MS = 60_000;

let plane: ControlPlane;
beforeAll(async () => {
  plane = await startControlPlane();
  await createNamespace(plane.call, "trading");
}, START_TIMEOUT_MS);
afterAll(() => plane.close(), TIMEOUT_MS);

const childrenOf = (change?: WorkloadChange): ReadonlyArray<Manifest> =>
  Object.values(workloadOf(change));

const paths = (found: ReturnType<typeof differences>) =>
  found.map(({ kind, path }) => `${kind} ${path}`);

const workloads: ReadonlyArray<readonly [name: string, WorkloadChange]> = [
  ["with nothing but defaults", { metadata: { name: "plain" } }],
  ["with everything that there is", { ...fullWorkload, metadata: { name: "full" } }],
  [
    "with amounts in other spellings",
    {
      metadata: { name: "amounts" },
      strategy: {
        executor: {
          logLevel: "info",
          storage: { size: "1.5Gi", deletionPolicy: "Retain" },
          resources: {
            requests: { cpu: "0.05", memory: "1024Ki" },
            limits: { cpu: "1000m", memory: "1024Mi" },
          },
        },
      },
    },
  ],
  [
    "with as little as can be",
    {
      metadata: { name: "little" },
      strategy: {
        executor: {
          logLevel: "info",
          storage: { storageClassName: "", deletionPolicy: "Retain" },
          nodeSelector: {},
          resources: { limits: { cpu: 0 } },
        },
      },
      settings: { resources: { requests: {}, limits: {} } },
    },
  ],
];

test.each(workloads)("a workload %s is stored as it is asked for", async (_name, change) => {
  for (const child of childrenOf(change)) {
    const live = await apply(plane.call, child);
    expect([child.kind, paths(differences(child, live))]).toEqual([child.kind, []]);
    expect(content(await apply(plane.call, child))).toEqual(content(live));
  }
});

const limitsOf = z.object({
  spec: z.object({
    template: z.object({
      spec: z.object({
        containers: z.array(
          z.object({ resources: z.object({ limits: z.object({ memory: z.string() }) }) }),
        ),
      }),
    }),
  }),
});

/** How the server writes each amount in a list of resources. */
const storedAmounts = async (
  amounts: ReadonlyArray<string | number>,
): Promise<ReadonlyArray<string>> => {
  const containers = amounts.map((memory, index) => ({
    name: `c${index}`,
    image: "x",
    resources: { limits: { memory } },
  }));
  const { deployment } = workloadOf();
  const answer = await createByDryRun(plane.call, {
    ...deployment,
    metadata: { ...deployment.metadata, name: "quantities" },
    spec: {
      ...deployment.spec,
      template: { ...deployment.spec.template, spec: { containers } },
    },
  });
  return limitsOf
    .parse(toObject(answer))
    .spec.template.spec.containers.map(({ resources }) => resources.limits.memory);
};

test("the server writes every amount as our table says, and keeps what is canonical", async () => {
  const written = quantities.map(([amount]) => amount);
  expect(await storedAmounts(written)).toEqual(quantities.map(([, stored]) => stored));
  const kept = keptAsWritten.map(([amount]) => amount);
  expect(await storedAmounts(kept)).toEqual(kept);
  const canonical = [...written, ...kept].map(canonicalQuantity);
  expect(await storedAmounts(canonical)).toEqual(canonical);
});

type Storage = LiveStrategy["spec"]["executor"]["storage"];

const claimOf = (name: string, storage: Partial<Storage>): Manifest =>
  workloadOf({
    metadata: { name },
    strategy: {
      executor: {
        logLevel: "info",
        storage: {
          size: "1Gi",
          storageClassName: "grows",
          deletionPolicy: "Retain",
          ...storage,
        },
      },
    },
  }).volumeClaim;

test("a bound claim grows with its strategy, and is left alone when that asks for less", async () => {
  const storageClass = {
    metadata: { name: "grows" },
    provisioner: "example.com/none",
    allowVolumeExpansion: true,
  };
  toObject(await plane.call("POST", "/apis/storage.k8s.io/v1/storageclasses", storageClass));
  await apply(plane.call, claimOf("bound", {}));
  await bind(plane.call, claimOf("bound", {}));

  const larger = claimOf("bound", { size: "2048Mi" });
  const grown = await repair(plane.call, larger);
  expect(paths(grown.found)).toEqual(["Changed spec.resources.requests[storage]"]);
  expect(paths(grown.left)).toEqual([]);
  expect(grown.live["spec"]).toMatchObject({ resources: { requests: { storage: "2Gi" } } });

  const smaller = claimOf("bound", { size: "512Mi", storageClassName: "another" });
  expect(paths(differences(smaller, grown.live))).toEqual([]);
  const kept = await apply(plane.call, fitted(smaller, grown.live));
  expect(content(kept)).toEqual(content(grown.live));
});

test("a claim that is to be deleted with its strategy has an owner, and loses it with that wish", async () => {
  const [retained, owned] = [claimOf("kept", {}), claimOf("kept", { deletionPolicy: "Delete" })];
  await apply(plane.call, retained);
  const deleted = await repair(plane.call, owned);
  expect([paths(deleted.found), paths(deleted.left)]).toEqual([
    ["Missing metadata.ownerReferences"],
    [],
  ]);
  const kept = await repair(plane.call, retained);
  expect([paths(kept.found), paths(kept.left)]).toEqual([["Foreign metadata.ownerReferences"], []]);
  expect(kept.live.metadata.ownerReferences).toBeUndefined();
});

const pods = "/api/v1/namespaces/strict/pods?dryRun=All";

test("a namespace that enforces the restricted standard takes the pod, and not a looser one", async () => {
  await createNamespace(plane.call, "strict", {
    "pod-security.kubernetes.io/enforce": "restricted",
  });
  const { metadata, spec } = workloadOf(fullWorkload).deployment.spec.template;
  const pod = { metadata: { ...metadata, name: "executor" }, spec };
  const admitted = await plane.call("POST", pods, pod);
  expect([admitted.status, admitted.status < 300 ? "" : admitted.body]).toEqual([201, ""]);
  const loose = patched(pod, [
    { op: "remove", path: "/spec/containers/0/securityContext/capabilities" },
  ]);
  expect(await plane.call("POST", pods, loose)).toMatchObject({
    status: 403,
    body: { message: expect.stringContaining("unrestricted capabilities") },
  });
});

test("every field that the server knows is ours, unwanted, or left alone on purpose", async () => {
  const documents = ["/openapi/v3/api/v1", "/openapi/v3/apis/apps/v1"];
  const schemas = await schemasOf(plane.call, documents);
  const roots = {
    ConfigMap: "io.k8s.api.core.v1.ConfigMap",
    PersistentVolumeClaim: "io.k8s.api.core.v1.PersistentVolumeClaim",
    Service: "io.k8s.api.core.v1.Service",
    Deployment: "io.k8s.api.apps.v1.Deployment",
  };
  const walked = childKinds.map((kind) => walkSchema(schemas, shapes[kind], roots[kind]));
  expect(walked.flatMap(({ problems }) => problems)).toEqual([]);
  expect(walked.reduce((sum, { fields }) => sum + fields, 0)).toBeGreaterThan(250);
});
