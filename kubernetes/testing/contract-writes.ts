/** The contract of what is written, one object at a time. */

import { deepEqual, equal, notEqual } from "node:assert/strict";
import type { KubeObject, Manifest } from "../object.ts";
import { configMaps, deployments, leases } from "../resource.ts";
import { createMap, fieldManager, kind, map, value, type ContractCase } from "./contract-words.ts";

export const writeCases: ReadonlyArray<ContractCase> = [
  {
    name: "what is created can be read, with a uid, a version and the time",
    run: async (api, namespace) => {
      const made = await createMap(api, namespace, "a", { data: { color: "red" } });
      for (const field of ["uid", "resourceVersion", "creationTimestamp"] as const) {
        equal(typeof made.metadata[field], "string");
      }
      equal(made.metadata.generation, undefined);
      const read = value(await api.get(configMaps, { namespace, name: "a" }));
      deepEqual(read["data"], { color: "red" });
      deepEqual(identityOf(read), identityOf(made));
      equal(read.kind, "ConfigMap");
      equal(read.apiVersion, "v1");
    },
  },
  {
    name: "a name is given once",
    run: async (api, namespace) => {
      await createMap(api, namespace, "a");
      equal(kind(await api.create(configMaps, map(namespace, "a"), { fieldManager })), "Conflict");
    },
  },
  {
    name: "what does not exist is not found, whatever is asked of it",
    run: async (api, namespace) => {
      const key = { namespace, name: "none" };
      equal(kind(await api.get(configMaps, key)), "NotFound");
      equal(kind(await api.patchMerge(configMaps, key, { data: {} })), "NotFound");
      equal(kind(await api.patchJson(configMaps, key, [])), "NotFound");
      equal(kind(await api.remove(configMaps, key, { uid: "other" })), "NotFound");
      const stale = map(namespace, "none", { metadata: { resourceVersion: "1" } });
      equal(kind(await api.replace(configMaps, stale)), "NotFound");
    },
  },
  {
    name: "a replacement is for one version of one object",
    run: async (api, namespace) => {
      const first = await createMap(api, namespace, "a", { data: { turn: "1" } });
      const second = value(await api.replace(configMaps, { ...first, data: { turn: "2" } }));
      notEqual(second.metadata.resourceVersion, first.metadata.resourceVersion);
      equal(second.metadata.uid, first.metadata.uid);
      equal(second.metadata.creationTimestamp, first.metadata.creationTimestamp);
      const stale = await api.replace(configMaps, { ...first, data: { turn: "3" } });
      equal(kind(stale), "Conflict");
      const metadata = { ...second.metadata, uid: "11111111-2222-4333-8444-555555555555" };
      equal(kind(await api.replace(configMaps, { ...second, metadata })), "Conflict");
      deepEqual(value(await api.get(configMaps, { namespace, name: "a" }))["data"], { turn: "2" });
    },
  },
  {
    name: "a lease is replaced by version only",
    run: async (api, namespace) => {
      const lease = {
        apiVersion: "coordination.k8s.io/v1",
        kind: "Lease",
        spec: { holderIdentity: "a" },
      };
      const made = value(
        await api.create(
          leases,
          { ...lease, metadata: { namespace, name: "a" } },
          { fieldManager },
        ),
      );
      equal(made.metadata.generation, undefined);
      const unversioned = await api.replace(leases, {
        ...lease,
        metadata: { namespace, name: "a" },
      });
      equal(kind(unversioned), "Invalid");
      const next = value(await api.replace(leases, { ...made, spec: { holderIdentity: "b" } }));
      equal(
        kind(await api.replace(leases, { ...made, spec: { holderIdentity: "c" } })),
        "Conflict",
      );
      notEqual(next.metadata.resourceVersion, made.metadata.resourceVersion);
    },
  },
  {
    name: "a write that changes nothing makes no new version",
    run: async (api, namespace) => {
      const made = await createMap(api, namespace, "a", { data: { color: "red" } });
      const key = { namespace, name: "a" };
      const writes = [
        await api.replace(configMaps, made, { fieldManager }),
        await api.patchMerge(configMaps, key, { data: { color: "red" } }, { fieldManager }),
        await api.patchJson(
          configMaps,
          key,
          [{ op: "replace", path: "/data/color", value: "red" }],
          { fieldManager },
        ),
      ];
      for (const write of writes) {
        equal(value(write).metadata.resourceVersion, made.metadata.resourceVersion);
      }
    },
  },
  {
    name: "a merge patch merges, removes by null, and heeds the version in it",
    run: async (api, namespace) => {
      const made = await createMap(api, namespace, "a", { data: { keep: "1", drop: "1" } });
      const key = { namespace, name: "a" };
      const patch = { data: { drop: null, more: "2" }, metadata: { labels: { a: "b" } } };
      const patched = value(await api.patchMerge(configMaps, key, patch));
      deepEqual(patched["data"], { keep: "1", more: "2" });
      deepEqual(patched.metadata.labels, { a: "b" });
      const { resourceVersion } = made.metadata;
      const stale = { metadata: { resourceVersion }, data: { keep: "3" } };
      equal(kind(await api.patchMerge(configMaps, key, stale)), "Conflict");
    },
  },
  {
    name: "a JSON patch is done as a whole or not at all",
    run: async (api, namespace) => {
      await createMap(api, namespace, "a", {
        data: { y: "1" },
        metadata: { finalizers: ["a.b/c"], annotations: { "a.b/x": "1" } },
      });
      const key = { namespace, name: "a" };
      const patched = value(
        await api.patchJson(configMaps, key, [
          { op: "test", path: "/metadata/annotations/a.b~1x", value: "1" },
          { op: "add", path: "/data/z", value: "2" },
          { op: "add", path: "/metadata/finalizers/-", value: "a.b/d" },
          { op: "remove", path: "/metadata/finalizers/0" },
        ]),
      );
      deepEqual(patched["data"], { y: "1", z: "2" });
      deepEqual(patched.metadata.finalizers, ["a.b/d"]);
      const refused = [
        { op: "test", path: "/data/z", value: "3" },
        { op: "remove", path: "/data/none" },
      ] as const;
      for (const operation of refused) {
        const change = { op: "replace", path: "/data/z", value: "4" } as const;
        equal(kind(await api.patchJson(configMaps, key, [change, operation])), "Invalid");
      }
      deepEqual(value(await api.get(configMaps, key))["data"], { y: "1", z: "2" });
    },
  },
  {
    name: "an apply creates, changes, and changes nothing that is so already",
    run: async (api, namespace) => {
      const options = { fieldManager, force: true };
      const made = value(
        await api.apply(configMaps, map(namespace, "a", { data: { a: "1" } }), options),
      );
      const next = value(
        await api.apply(configMaps, map(namespace, "a", { data: { a: "2" } }), options),
      );
      equal(next.metadata.uid, made.metadata.uid);
      deepEqual(next["data"], { a: "2" });
      const same = value(
        await api.apply(configMaps, map(namespace, "a", { data: { a: "2" } }), options),
      );
      equal(same.metadata.resourceVersion, next.metadata.resourceVersion);
    },
  },
  {
    name: "a uid in a patch or an apply guards it, in words of its own",
    run: async (api, namespace) => {
      const options = { fieldManager, force: true };
      const uid = "11111111-2222-4333-8444-555555555555";
      await createMap(api, namespace, "a", { data: { a: "1" } });
      const foreign = (name: string) =>
        map(namespace, name, { data: { a: "2" }, metadata: { uid } });
      equal(kind(await api.apply(configMaps, foreign("a"), options)), "Invalid");
      equal(kind(await api.apply(configMaps, foreign("none"), options)), "Conflict");
      const key = { namespace, name: "a" };
      equal(kind(await api.patchMerge(configMaps, key, { metadata: { uid } })), "Invalid");
      deepEqual(value(await api.get(configMaps, key))["data"], { a: "1" });
    },
  },
  {
    name: "a deletion is of one object, and of one version where it says so",
    run: async (api, namespace) => {
      const made = await createMap(api, namespace, "a");
      const key = { namespace, name: "a" };
      const { uid, resourceVersion } = made.metadata;
      const other = "11111111-2222-4333-8444-555555555555";
      equal(kind(await api.remove(configMaps, key, { uid: other })), "Conflict");
      value(await api.patchMerge(configMaps, key, { data: { a: "1" } }));
      equal(kind(await api.remove(configMaps, key, { uid, resourceVersion })), "Conflict");
      equal(value(await api.remove(configMaps, key, { uid })), undefined);
      equal(kind(await api.get(configMaps, key)), "NotFound");
      equal(kind(await api.remove(configMaps, key, { uid })), "NotFound");
      notEqual((await createMap(api, namespace, "a")).metadata.uid, uid);
    },
  },
  {
    name: "a finalizer holds what is deleted until it is taken off",
    run: async (api, namespace) => {
      const metadata = { finalizers: ["example.com/held"] };
      const { uid } = (await createMap(api, namespace, "a", { metadata })).metadata;
      const key = { namespace, name: "a" };
      value(await api.remove(configMaps, key, { uid }));
      const held = value(await api.get(configMaps, key));
      equal(typeof held.metadata.deletionTimestamp, "string");
      value(await api.remove(configMaps, key, { uid }));
      const again = value(await api.get(configMaps, key));
      equal(again.metadata.deletionTimestamp, held.metadata.deletionTimestamp);
      value(await api.patchMerge(configMaps, key, { metadata: { finalizers: null } }));
      equal(kind(await api.get(configMaps, key)), "NotFound");
    },
  },
  {
    name: "a generation counts versions of the spec, and status is written by its own path",
    run: async (api, namespace) => {
      const made = value(
        await api.create(deployments, deployment(namespace, "a"), { fieldManager }),
      );
      const key = { namespace, name: "a" };
      equal(made.metadata.generation, 1);
      equal(observed(made), undefined);
      const labeled = { metadata: { labels: { a: "b" } }, status: { observedGeneration: 7 } };
      const patched = value(await api.patchMerge(deployments, key, labeled));
      equal(patched.metadata.generation, 1);
      equal(observed(patched), undefined);
      const subresource = "status";
      const status = { status: { observedGeneration: 1 }, spec: { replicas: 9 } };
      const reported = value(await api.patchMerge(deployments, key, status, { subresource }));
      equal(observed(reported), 1);
      equal(reported.metadata.generation, 1);
      const scaled = value(await api.patchMerge(deployments, key, { spec: { replicas: 2 } }));
      equal(scaled.metadata.generation, 2);
      equal(observed(scaled), 1);
    },
  },
];

const deployment = (namespace: string, name: string): Manifest => ({
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { namespace, name },
  spec: {
    replicas: 1,
    selector: { matchLabels: { app: name } },
    template: {
      metadata: { labels: { app: name } },
      spec: { containers: [{ name: "main", image: "none" }] },
    },
  },
});

const observed = (object: KubeObject): unknown => {
  const status = object["status"];
  const isSet = typeof status === "object" && status !== null && "observedGeneration" in status;
  return isSet ? status.observedGeneration : undefined;
};

const identityOf = ({ metadata }: KubeObject): object => ({
  uid: metadata.uid,
  resourceVersion: metadata.resourceVersion,
  creationTimestamp: metadata.creationTimestamp,
});
