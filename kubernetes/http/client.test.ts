import { afterEach, expect, test } from "@jest/globals";
import { millis } from "#base/clock.ts";
import { VERSION } from "#runtime/version.ts";
import { createVirtualTime } from "#simulation/time.ts";
import type { KubeApi } from "../api.ts";
import { deployments, pods, type Resource } from "../resource.ts";
import { startScriptedApi, type ScriptedApi, type ScriptedOptions } from "./scripted-api.ts";
import { answer } from "./scripted-server.ts";

const key = { namespace: "trading", name: "a b" };
const manifest = {
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name: "grid", namespace: "trading", resourceVersion: "5" },
  spec: { replicas: 1, unheardOf: { "Ünïcode ✓": [null] } },
};
const stored = { ...manifest, metadata: { ...manifest.metadata, uid: "u-1" } };
const crds: Resource = {
  apiVersion: "apiextensions.k8s.io/v1",
  kind: "CustomResourceDefinition",
  plural: "customresourcedefinitions",
};

let scripted: ScriptedApi;
afterEach(() => scripted.close());

const startAnswering = async (body: unknown, options?: ScriptedOptions, status = 200) => {
  const time = createVirtualTime(millis(0), 1);
  const text = typeof body === "string" ? body : JSON.stringify(body);
  const react = () => ({ bytes: answer(status, text), ending: "Keep" as const });
  scripted = await startScriptedApi(time, react, options);
  return scripted;
};

type Body = readonly [type: string, content: unknown];
const options = { fieldManager: "scalp/operator" };
const manager = "fieldManager=scalp%2Foperator";
const workloads = "/apis/apps/v1/namespaces/trading/deployments";

test.each<[string, (api: KubeApi) => Promise<unknown>, string, Body | undefined]>([
  ["get", (api) => api.get(pods, key), "GET /api/v1/namespaces/trading/pods/a%20b", undefined],
  [
    "get of what belongs to the whole cluster",
    (api) => api.get(crds, { namespace: "", name: "x.y" }),
    "GET /apis/apiextensions.k8s.io/v1/customresourcedefinitions/x.y",
    undefined,
  ],
  [
    "create",
    (api) => api.create(deployments, manifest, options),
    `POST ${workloads}?${manager}`,
    ["application/json", manifest],
  ],
  [
    "apply with force",
    (api) => api.apply(deployments, manifest, { ...options, force: true }),
    `PATCH ${workloads}/grid?${manager}&force=true`,
    ["application/apply-patch+yaml", manifest],
  ],
  [
    "apply without, to a subresource",
    (api) => api.apply(deployments, manifest, { ...options, force: false, subresource: "status" }),
    `PATCH ${workloads}/grid/status?${manager}&force=false`,
    ["application/apply-patch+yaml", manifest],
  ],
  [
    "replace",
    (api) => api.replace(deployments, manifest),
    `PUT ${workloads}/grid`,
    ["application/json", manifest],
  ],
  [
    "replace of a subresource",
    (api) => api.replace(deployments, manifest, { ...options, subresource: "status" }),
    `PUT ${workloads}/grid/status?${manager}`,
    ["application/json", manifest],
  ],
  [
    "patchJson",
    (api) => api.patchJson(deployments, key, [{ op: "remove", path: "/spec/x" }], options),
    `PATCH ${workloads}/a%20b?${manager}`,
    ["application/json-patch+json", [{ op: "remove", path: "/spec/x" }]],
  ],
  [
    "patchMerge",
    (api) => api.patchMerge(deployments, key, { spec: { x: null } }, { subresource: "status" }),
    `PATCH ${workloads}/a%20b/status`,
    ["application/merge-patch+json", { spec: { x: null } }],
  ],
  [
    "remove",
    (api) =>
      api.remove(deployments, key, { uid: "u", resourceVersion: "7", propagation: "Foreground" }),
    `DELETE ${workloads}/a%20b`,
    [
      "application/json",
      {
        apiVersion: "v1",
        kind: "DeleteOptions",
        preconditions: { uid: "u", resourceVersion: "7" },
        propagationPolicy: "Foreground",
      },
    ],
  ],
  [
    "remove of whatever version",
    (api) => api.remove(deployments, key, { uid: "u" }),
    `DELETE ${workloads}/a%20b`,
    ["application/json", { apiVersion: "v1", kind: "DeleteOptions", preconditions: { uid: "u" } }],
  ],
])("%s is one request", async (_, call, line, body) => {
  const { server, api } = await startAnswering(stored);
  expect(await call(api)).toMatchObject({ ok: true });
  expect(server.requests).toHaveLength(1);
  const [request] = server.requests;
  expect(`${request?.method} ${request?.path}`).toBe(line);
  const headers = new Map(request?.headers);
  expect(headers.get("content-type")).toBe(body?.[0]);
  expect(headers.get("accept")).toBe("application/json");
  expect(headers.get("authorization")).toBe("Bearer token-1");
  expect(headers.get("user-agent")).toBe(`scalp-radar/${VERSION} (test)`);
  expect(request?.body === "" ? undefined : JSON.parse(request?.body ?? "")).toEqual(body?.[1]);
});

test("a write answers with the object as the server has it, unknown fields included", async () => {
  const { api } = await startAnswering(stored, {}, 201);
  expect(await api.create(deployments, manifest, options)).toEqual({ ok: true, value: stored });
});

const list = { kind: "PodList", metadata: { resourceVersion: "31", continue: "more" }, items: [] };

test("a list asks for what it is given, and for nothing else", async () => {
  const { server, api } = await startAnswering(list);
  const answered = await api.list(pods, {
    namespace: "trading",
    labelSelector: "app in (a,b)",
    fieldSelector: "metadata.name=x",
    limit: 500,
    continue: "a+b/c=",
    resourceVersion: "0",
  });
  expect(answered).toMatchObject({ ok: true, value: { resourceVersion: "31", continue: "more" } });
  await api.list(pods, {});
  expect(server.requests.map(({ path }) => path)).toEqual([
    "/api/v1/namespaces/trading/pods?labelSelector=app%20in%20(a%2Cb)" +
      "&fieldSelector=metadata.name%3Dx&limit=500&continue=a%2Bb%2Fc%3D&resourceVersion=0",
    "/api/v1/pods",
  ]);
});

test("a watch always asks for bookmarks, and for a version only if it has one", async () => {
  const { server, api } = await startAnswering("");
  const { signal } = new AbortController();
  const first = await api.watch(pods, { sendInitialEvents: true, timeoutSeconds: 290 }, signal);
  const query = { namespace: "n", labelSelector: "a=b", resourceVersion: "7", timeoutSeconds: 9 };
  const second = await api.watch(pods, query, signal);
  expect([first.ok, second.ok]).toEqual([true, true]);
  expect(server.requests.map(({ path }) => path)).toEqual([
    "/api/v1/pods?watch=true&allowWatchBookmarks=true&timeoutSeconds=290" +
      "&sendInitialEvents=true&resourceVersionMatch=NotOlderThan",
    "/api/v1/namespaces/n/pods?watch=true&allowWatchBookmarks=true&labelSelector=a%3Db" +
      "&timeoutSeconds=9&resourceVersion=7",
  ]);
});

test.each([
  ["of a server behind a path", "/k8s/clusters/c-1", "/k8s/clusters/c-1/api/v1/pods"],
  ["of one whose path ends in a slash", "/", "/api/v1/pods"],
])("the address %s goes before every path", async (_, suffix, path) => {
  const other = await startAnswering(list);
  const { url } = other.server;
  const { api, close } = await startScriptedApi(
    createVirtualTime(millis(0), 1),
    () => ({ bytes: "", ending: "End" }),
    { server: { url: `${url}${suffix}` } },
  );
  expect(await api.list(pods, {})).toMatchObject({ ok: true });
  expect(other.server.requests.map(({ path }) => path)).toEqual([path]);
  await close();
});

test("each header of an impersonation is sent, every group on its own", async () => {
  const headers = { "impersonate-user": ["ann"], "impersonate-group": ["one", "two"] };
  const { server, api } = await startAnswering(list, { server: { headers } });
  await api.list(pods, {});
  const sent = server.requests[0]?.headers.filter(([name]) => name.startsWith("impersonate"));
  expect(sent).toEqual([
    ["impersonate-user", "ann"],
    ["impersonate-group", "one"],
    ["impersonate-group", "two"],
  ]);
});

test.each(["", "<html>", "{}", '{"kind":"Status","metadata":{}}', JSON.stringify(stored).slice(1)])(
  "a 200 with %j is no answer to a read, and leaves a write unknown",
  async (body) => {
    const { server, api } = await startAnswering(body);
    const read = { ok: false, error: { kind: "Unavailable" } };
    const write = { ok: false, error: { kind: "Unknown" } };
    expect(await api.get(pods, key)).toMatchObject(read);
    expect(await api.list(pods, {})).toMatchObject(read);
    expect(await api.create(deployments, manifest, options)).toMatchObject(write);
    expect(await api.apply(deployments, manifest, { ...options, force: true })).toMatchObject(
      write,
    );
    expect(await api.replace(deployments, manifest)).toMatchObject(write);
    expect(await api.patchMerge(deployments, key, {})).toMatchObject(write);
    expect(await api.patchJson(deployments, key, [])).toMatchObject(write);
    expect(server.requests).toHaveLength(7);
  },
);

test.each([
  ["gone: a Status", { kind: "Status", status: "Success" }, { ok: true, value: undefined }],
  ["held by a finalizer: the object", stored, { ok: true, value: undefined }],
  ["a page", "<html>", { ok: false, error: { kind: "Unknown" } }],
])("a deletion is answered by what it came to: %s", async (_, body, expected) => {
  const { api } = await startAnswering(body);
  expect(await api.remove(deployments, key, { uid: "u" })).toMatchObject(expected);
});
