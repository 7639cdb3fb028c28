/**
 * The client against a real API server: what it answers that no script of ours would think of, and
 * what other clients lose on the way.
 */

import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import type { KubeApi } from "#kubernetes/api.ts";
import { fileCredentials, fixedCredentials } from "#kubernetes/http/credentials.ts";
import { loadInCluster } from "#kubernetes/http/in-cluster.ts";
import type { Manifest } from "#kubernetes/object.ts";
import { configMaps, deployments, leases, type Resource } from "#kubernetes/resource.ts";
import {
  configMap,
  deps,
  fieldManager,
  namespace,
  startClientWorld,
  type ClientWorld,
} from "./client-world.ts";
import { until } from "./until.ts";

const TIMEOUT_MS = 60_000;

let world: ClientWorld;
let plane: ClientWorld["plane"];
let api: KubeApi;
beforeAll(async () => {
  world = await startClientWorld();
  ({ plane, api } = world);
}, 45 * TIMEOUT_MS);
afterAll(() => world.close(), TIMEOUT_MS);

const refused = (kind: string, words = "") => ({
  ok: false,
  error: { kind, message: expect.stringContaining(words) },
});

test("items of a list say what they are, though the server does not", async () => {
  await world.create("listed");
  const raw = await plane.call("GET", "/api/v1/namespaces/default/configmaps");
  expect(raw.body).toMatchObject({ items: [expect.not.objectContaining({ kind: "ConfigMap" })] });
  const listed = await api.list(configMaps, { namespace });
  if (!listed.ok) throw new Error(listed.error.message);
  expect(
    new Set(listed.value.items.map(({ apiVersion, kind }) => `${apiVersion} ${kind}`)),
  ).toEqual(new Set(["v1 ConfigMap"]));
});

const crds: Resource = {
  apiVersion: "apiextensions.k8s.io/v1",
  kind: "CustomResourceDefinition",
  plural: "customresourcedefinitions",
};
const widgets: Resource = { apiVersion: "test.example/v1", kind: "Widget", plural: "widgets" };

const schema = {
  type: "object",
  properties: {
    spec: {
      type: "object",
      "x-kubernetes-preserve-unknown-fields": true,
      properties: {
        size: { type: "integer" },
        parts: {
          type: "array",
          maxItems: 9,
          items: {
            type: "object",
            properties: { name: { type: "string", maxLength: 20 } },
            required: ["name"],
          },
          "x-kubernetes-list-type": "map",
          "x-kubernetes-list-map-keys": ["name"],
        },
      },
      "x-kubernetes-validations": [
        { rule: "!has(self.size) || self.size < 10", message: "a widget is smaller than 10" },
      ],
    },
    status: { type: "object", properties: { state: { type: "string" } } },
  },
};
const widgetCrd: Manifest = {
  apiVersion: "apiextensions.k8s.io/v1",
  kind: "CustomResourceDefinition",
  metadata: { name: "widgets.test.example" },
  spec: {
    group: "test.example",
    scope: "Namespaced",
    names: { plural: "widgets", singular: "widget", kind: "Widget", listKind: "WidgetList" },
    versions: [
      {
        name: "v1",
        served: true,
        storage: true,
        schema: { openAPIV3Schema: schema },
        subresources: { status: {} },
      },
    ],
  },
};
const widget = (name: string, spec: object, fields: object = {}): Manifest => ({
  apiVersion: "test.example/v1",
  kind: "Widget",
  metadata: { name, namespace },
  spec,
  ...fields,
});

test("a kind that is not served is not an object that is not there", async () => {
  const key = { namespace, name: "a" };
  const words = "the server answered 404: 404 page not found";
  expect(await api.get(widgets, key)).toMatchObject(refused("Unavailable", words));
  expect(await api.list(widgets, {})).toMatchObject(refused("Unavailable", words));
  const { signal } = new AbortController();
  const watch = await api.watch(widgets, { timeoutSeconds: 9 }, signal);
  expect(watch).toMatchObject(refused("Unavailable", words));
});

test("a CRD keeps its rules and list types through create and apply, and they hold", async () => {
  expect(await api.create(crds, widgetCrd, { fieldManager })).toMatchObject({ ok: true });
  const applied = await api.apply(crds, widgetCrd, { fieldManager, force: true });
  expect(applied).toMatchObject({ ok: true });
  const live = await plane.call(
    "GET",
    `/apis/${crds.apiVersion}/${crds.plural}/widgets.test.example`,
  );
  expect(live.body).toMatchObject({
    spec: { versions: [{ schema: { openAPIV3Schema: schema } }] },
  });
  await until("widgets are served", async () => (await api.list(widgets, {})).ok);
  const large = await api.create(widgets, widget("large", { size: 10 }), { fieldManager });
  expect(large).toMatchObject(refused("Invalid", "a widget is smaller than 10"));
});

test("fields that nobody has described survive reading and writing back", async () => {
  const spec = { brandNewField: { deep: [1, "ä", null, { x: false }] }, size: 1 };
  expect(await api.create(widgets, widget("new", spec), { fieldManager })).toMatchObject({
    ok: true,
    value: { spec },
  });
  const read = await api.get(widgets, { namespace, name: "new" });
  if (!read.ok) throw new Error(read.error.message);
  const changed = { ...read.value, spec: { ...spec, size: 2 } };
  expect(await api.replace(widgets, changed)).toMatchObject({ ok: true });
  const raw = await plane.call("GET", "/apis/test.example/v1/namespaces/default/widgets/new");
  expect(raw.body).toMatchObject({ spec: { ...spec, size: 2 } });
});

test("the status is written by its subresource, and by nothing else", async () => {
  const key = { namespace, name: "status" };
  await api.create(widgets, widget("status", {}), { fieldManager });
  const patch = { status: { state: "Ready" } };
  const ignored = await api.patchMerge(widgets, key, patch);
  expect(ignored).toMatchObject({ ok: true, value: expect.not.objectContaining(patch) });
  const status = { subresource: "status", fieldManager };
  expect(await api.patchMerge(widgets, key, patch, status)).toMatchObject({ value: patch });
  const operations = [{ op: "replace", path: "/status/state", value: "Stalled" }] as const;
  expect(await api.patchJson(widgets, key, operations, status)).toMatchObject({
    value: { status: { state: "Stalled" } },
  });
  const manifest = widget("status", {}, { status: { state: "Halted" } });
  const applied = await api.apply(widgets, manifest, { ...status, force: true });
  expect(applied).toMatchObject({ ok: true, value: { status: { state: "Halted" } } });
});

test("a stale version, a wrong uid and a failed test change nothing", async () => {
  const key = { namespace, name: "guarded" };
  const first = await world.create("guarded");
  await api.patchMerge(configMaps, key, { data: { is: "newer" } });
  const replaced = await api.replace(configMaps, { ...first, data: { is: "lost" } });
  expect(replaced).toMatchObject(refused("Conflict"));
  const { uid, resourceVersion } = first.metadata;
  const removals = [{ uid: "another" }, { uid, resourceVersion }];
  for (const removal of removals) {
    expect(await api.remove(configMaps, key, removal)).toMatchObject(refused("Conflict"));
  }
  const operations = [
    { op: "test", path: "/data/is", value: "older" },
    { op: "replace", path: "/data/is", value: "lost" },
  ] as const;
  expect(await api.patchJson(configMaps, key, operations)).toMatchObject(refused("Invalid"));
  expect(await api.get(configMaps, key)).toMatchObject({ value: { data: { is: "newer" } } });
});

test("applying what is there already changes no version; a foreign field needs force", async () => {
  const manifest = configMap("applied");
  const first = await api.apply(configMaps, manifest, { fieldManager, force: false });
  const second = await api.apply(configMaps, manifest, { fieldManager, force: false });
  expect(first).toMatchObject({ ok: true });
  expect(second).toEqual(first);
  const other = { ...manifest, data: { is: "another" } };
  const rival = { fieldManager: "rival", force: false };
  const conflict = await api.apply(configMaps, other, rival);
  expect(conflict).toMatchObject(refused("Conflict", 'conflict with "client-test"'));
  expect(await api.apply(configMaps, other, { ...rival, force: true })).toMatchObject({
    value: { data: { is: "another" } },
  });
});

test.each<[string, () => Promise<unknown>, string, string]>([
  [
    "a name that is taken",
    () => api.create(configMaps, configMap("taken"), { fieldManager }),
    "Conflict",
    "already exists",
  ],
  [
    "a namespace that is not there",
    () =>
      api.create(
        configMaps,
        { ...configMap("x"), metadata: { name: "x", namespace: "nowhere" } },
        { fieldManager },
      ),
    "NotFound",
    'namespaces "nowhere" not found',
  ],
  [
    "a name that is none",
    () => api.create(configMaps, configMap("No Name"), { fieldManager }),
    "Invalid",
    "RFC 1123",
  ],
  [
    "an object that is not there",
    () => api.get(configMaps, { namespace, name: "absent" }),
    "NotFound",
    'configmaps "absent" not found',
  ],
  [
    "a deletion of what is not there",
    () => api.remove(configMaps, { namespace, name: "absent" }, { uid: "u" }),
    "NotFound",
    "not found",
  ],
  [
    "a name in upper case that is not there",
    () => api.get(configMaps, { namespace, name: "UPPER-x" }),
    "NotFound",
    'configmaps "UPPER-x" not found',
  ],
  [
    "an apply of what the server manages",
    () =>
      api.apply(
        configMaps,
        configMap("taken", {
          metadata: { name: "taken", namespace, managedFields: [{ manager: "x" }] },
        }),
        { fieldManager, force: true },
      ),
    "Invalid",
    "managedFields must be nil",
  ],
  [
    "a time without microseconds",
    () =>
      api.create(
        leases,
        {
          apiVersion: "coordination.k8s.io/v1",
          kind: "Lease",
          metadata: { name: "l", namespace },
          spec: { renewTime: "2026-11-21T10:00:00.123Z" },
        },
        { fieldManager },
      ),
    "Invalid",
    "000000",
  ],
  [
    "an object of 4 MB",
    () =>
      api.create(configMaps, configMap("big", { data: { x: "x".repeat(4_000_000) } }), {
        fieldManager,
      }),
    "Invalid",
    "too large",
  ],
  [
    "a version from the future",
    () => api.list(configMaps, { resourceVersion: "999999999" }),
    "Expired",
    "Too large resource version",
  ],
  [
    "a version that is none",
    () => api.list(configMaps, { resourceVersion: "x" }),
    "Invalid",
    "resource version",
  ],
])(
  "the server's word on %s",
  async (_, call, kind, words) => {
    await api.create(configMaps, configMap("taken"), { fieldManager });
    expect(await call()).toMatchObject(refused(kind, words));
  },
  TIMEOUT_MS,
);

test("a time with microseconds is taken and given back as it is", async () => {
  const spec = { holderIdentity: "me", renewTime: "2026-11-21T10:00:00.123000Z" };
  const manifest: Manifest = {
    apiVersion: "coordination.k8s.io/v1",
    kind: "Lease",
    metadata: { name: "lease", namespace },
    spec,
  };
  expect(await api.create(leases, manifest, { fieldManager })).toMatchObject({ value: { spec } });
});

test("propagation is passed on: the foreground waits for the children", async () => {
  const name = "parent";
  const manifest: Manifest = {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name, namespace },
    spec: {
      selector: { matchLabels: { app: name } },
      template: {
        metadata: { labels: { app: name } },
        spec: { containers: [{ name: "c", image: "i" }] },
      },
    },
  };
  const made = await api.create(deployments, manifest, { fieldManager });
  if (!made.ok) throw new Error(made.error.message);
  const { uid } = made.value.metadata;
  const removal = { uid, propagation: "Foreground" } as const;
  expect(await api.remove(deployments, { namespace, name }, removal)).toMatchObject({ ok: true });
  expect(await api.get(deployments, { namespace, name })).toMatchObject({
    value: { metadata: { finalizers: ["foregroundDeletion"] } },
  });
});

test("the server sees who asks", async () => {
  await world.create("seen");
  const isOurs = ({ name, verb }: { name: string | undefined; verb: string }) =>
    name === "seen" && verb === "create";
  await until("the creation is in the audit log", () => plane.audit().some(isOurs));
  expect(plane.audit().find(isOurs)?.userAgent).toMatch(
    /^scalp-radar\/\d+\.\d+\.\d+ \(client-test\)$/,
  );
});

test("whoever is not trusted, or not the server that we trust, gets and gives nothing", async () => {
  const stranger = world.open({ ...world.server, credentials: fixedCredentials("Bearer guessed") });
  const key = { namespace, name: "x" };
  expect(await stranger.api.get(configMaps, key)).toMatchObject(
    refused("Forbidden", "Unauthorized"),
  );
  const manifest = configMap("untrusted");
  const forged = world.open({ ...world.server, tls: { ...world.server.tls, ca: undefined } });
  const written = await forged.api.create(configMaps, manifest, { fieldManager });
  expect(written).toMatchObject(refused("Unavailable", "certificate"));
  const elsewhere = world.open({
    ...world.server,
    tls: { ...world.server.tls, serverName: "other.example" },
  });
  const misnamed = await elsewhere.api.create(configMaps, manifest, { fieldManager });
  expect(misnamed).toMatchObject(refused("Unavailable", "other.example"));
  const got = await api.get(configMaps, { namespace, name: "untrusted" });
  expect(got).toMatchObject(refused("NotFound"));
});

/** A token of a service account, made by the server. */
const tokenOf = async (name: string): Promise<string> => {
  const path = `/api/v1/namespaces/default/serviceaccounts`;
  await plane.call("POST", path, { metadata: { name } });
  const { body } = await plane.call("POST", `${path}/${name}/token`, { spec: {} });
  return z.object({ status: z.object({ token: z.string() }) }).parse(body).status.token;
};

test("a token that is replaced in its file is picked up at the first refusal", async () => {
  const path = join(plane.folder, "rotated-token");
  writeFileSync(path, "not-yet-valid");
  const credentials = fileCredentials(deps, path);
  const pod = world.open({ ...world.server, credentials });
  const key = { namespace, name: "x" };
  expect(await pod.api.get(configMaps, key)).toMatchObject(refused("Forbidden", "Unauthorized"));
  writeFileSync(path, await tokenOf("rotated"));
  // Known to the server now, and allowed nothing.
  const words = 'User "system:serviceaccount:default:rotated" cannot get resource "configmaps"';
  expect(await pod.api.get(configMaps, key)).toMatchObject(refused("Forbidden", words));
  const patched = await pod.api.patchMerge(configMaps, key, {});
  expect(patched).toMatchObject(refused("Forbidden", "cannot patch"));
  const text = await pod.registry.metrics();
  expect(text).toMatch(/code="401",method="GET",host="[^"]*"\} 3\n/);
});

test("a pod's folder is enough to get in", async () => {
  const folder = join(plane.folder, "service-account");
  mkdirSync(folder);
  writeFileSync(join(folder, "token"), plane.adminToken);
  writeFileSync(join(folder, "ca.crt"), plane.ca);
  writeFileSync(join(folder, "namespace"), namespace);
  const { hostname, port } = new URL(plane.url);
  const env = { KUBERNETES_SERVICE_HOST: hostname, KUBERNETES_SERVICE_PORT: port };
  const loaded = await loadInCluster(deps, env, folder);
  if (!loaded.ok) throw new Error(loaded.error);
  expect(await world.open(loaded.value).api.list(configMaps, { namespace })).toMatchObject({
    ok: true,
  });
});
