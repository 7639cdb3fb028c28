import { afterAll, expect, test } from "@jest/globals";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { inspect } from "node:util";
import { millis } from "#base/clock.ts";
import { ok } from "#base/result.ts";
import { systemClock } from "#runtime/clock.ts";
import { createVirtualTime } from "#simulation/time.ts";
import { loadKubeconfig } from "./kubeconfig.ts";
import { kubeconfigPaths } from "./kubeconfig-files.ts";

const deps = { clock: systemClock, timers: systemClock };
const PEM = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";
const KEY = "-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----\n";
const base64 = (text: string) => Buffer.from(text).toString("base64");

const root = mkdtempSync(join(tmpdir(), "kubeconfig-"));
afterAll(() => rmSync(root, { recursive: true }));
const folder = (): string => mkdtempSync(join(root, "case-"));
const write = (content: unknown, name = "config", into = folder()): string => {
  const path = join(into, name);
  writeFileSync(path, typeof content === "string" ? content : JSON.stringify(content));
  return path;
};

const configOf = (cluster: object, user: object) => ({
  apiVersion: "v1",
  kind: "Config",
  clusters: [{ name: "c", cluster: { server: "https://host:6443", ...cluster } }],
  users: [{ name: "u", user }],
  contexts: [{ name: "x", context: { cluster: "c", user: "u", namespace: "trading" } }],
  "current-context": "x",
});

const load = async (content: unknown, context?: string) => {
  const paths = [write(content)];
  return loadKubeconfig(deps, context === undefined ? { paths } : { paths, context });
};
const loaded = async (content: unknown, context?: string) => {
  const server = await load(content, context);
  if (!server.ok) throw new Error(server.error);
  return server.value;
};

/** As kind, k3s, minikube and the clouds write them. */
const realistic = `
apiVersion: v1
clusters:
- cluster:
    certificate-authority-data: ${base64(PEM)}
    extensions:
    - extension:
        last-update: Sat, 21 Nov 2026 10:00:00 UTC
        provider: minikube.sigs.k8s.io
        version: v1.38.0
      name: cluster_info
    server: https://192.168.49.2:8443
  name: minikube
- cluster: {server: "https://0.0.0.0:6443/", insecure-skip-tls-verify: true}
  name: k3d
contexts:
- context:
    cluster: minikube
    namespace: default
    user: minikube
  name: minikube
- context: {cluster: k3d, user: ""}
  name: nobody
current-context: minikube
kind: Config
preferences: {}
users:
- name: minikube
  user:
    client-certificate-data: ${base64(PEM)}
    client-key-data: ${base64(KEY)}
`;

test("a kubeconfig as tools write it is read: server, authority, certificate, namespace", async () => {
  const server = await loaded(realistic);
  expect(server).toMatchObject({
    url: "https://192.168.49.2:8443",
    tls: { ca: PEM, cert: PEM, serverName: undefined, verify: true },
    namespace: "default",
    headers: {},
  });
  expect(server.tls.key?.reveal()).toBe(KEY);
  expect(await server.credentials.authorization()).toEqual(ok(undefined));
});

test("another context than the current one can be chosen, and may have no user", async () => {
  const server = await loaded(realistic, "nobody");
  expect(server).toMatchObject({
    url: "https://0.0.0.0:6443/",
    tls: { ca: undefined, cert: undefined, key: undefined, verify: false },
    namespace: undefined,
  });
});

test("files that it names are read from beside it", async () => {
  const path = write(
    configOf(
      { "certificate-authority": "pki/ca.crt", "tls-server-name": "kubernetes" },
      { "client-certificate": "pki/me.crt", "client-key": "pki/me.key", tokenFile: "pki/token" },
    ),
  );
  const pki = join(path, "..", "pki");
  mkdirSync(pki);
  for (const [name, text] of [
    ["ca.crt", PEM],
    ["me.crt", PEM],
    ["me.key", KEY],
    ["token", "t"],
  ]) {
    writeFileSync(join(pki, name ?? ""), text ?? "");
  }
  const server = await loadKubeconfig(deps, { paths: [path] });
  if (!server.ok) throw new Error(server.error);
  expect(server.value.tls).toMatchObject({ ca: PEM, cert: PEM, serverName: "kubernetes" });
  expect(await server.value.credentials.authorization()).toEqual(ok("Bearer t"));
});

test.each([
  ["a token", { token: "abc" }, "Bearer abc"],
  ["a name and a password", { username: "ann", password: "p:w" }, `Basic ${base64("ann:p:w")}`],
  ["nothing", {}, undefined],
])("a user may be identified by %s", async (_, user, header) => {
  const { credentials } = await loaded(configOf({}, user));
  expect(await credentials.authorization()).toEqual(ok(header));
});

test("whom to act as is said in headers", async () => {
  const user = {
    as: "ann",
    "as-uid": "7",
    "as-groups": ["one", "two"],
    "as-user-extra": { "a.io/scope": ["x", "y"] },
  };
  expect((await loaded(configOf({}, user))).headers).toEqual({
    "impersonate-user": ["ann"],
    "impersonate-uid": ["7"],
    "impersonate-group": ["one", "two"],
    "impersonate-extra-a.io%2Fscope": ["x", "y"],
  });
});

test("of several files the first that says a thing has said it", async () => {
  const first = write({ "current-context": "y", users: [{ name: "u", user: { token: "mine" } }] });
  const second = write(configOf({}, { token: "theirs" }));
  const third = write({ contexts: [{ name: "y", context: { cluster: "c", user: "u" } }] });
  const absent = join(folder(), "absent");
  const server = await loadKubeconfig(deps, { paths: [absent, first, second, third] });
  expect(server).toMatchObject({ ok: true, value: { url: "https://host:6443" } });
  if (server.ok) expect(await server.value.credentials.authorization()).toEqual(ok("Bearer mine"));
});

test.each([
  [{ KUBECONFIG: `/a${delimiter}${delimiter}/b` }, ["/a", "/b"]],
  [{ KUBECONFIG: "", HOME: "/home/ann" }, ["/home/ann/.kube/config"]],
  [{ HOME: "/home/ann" }, ["/home/ann/.kube/config"]],
])("the files are those of the environment %j", (env, paths) => {
  expect(kubeconfigPaths(env)).toEqual(paths);
});

const config = configOf({}, {});
test.each<[string, unknown, string]>([
  ["no YAML", "a: [", "config:1:5 does not parse: YAML: "],
  ["something else", "just words", "is not one: "],
  ["a list that is none", { ...config, clusters: {} }, "is not one: clusters: "],
  [
    "a server without a protocol",
    configOf({ server: "host:6443" }, {}),
    "is not one: clusters.0.cluster.server: must be an http(s) URL.",
  ],
  [
    "no context",
    { ...config, "current-context": "" },
    'has no current-context: choose one with "kubectl config use-context NAME"; there is "x".',
  ],
  ["nothing", {}, "there is none."],
  [
    "a context that is not there",
    { ...config, "current-context": "q" },
    'no context "q": there is "x".',
  ],
  [
    "a cluster that is not there",
    { ...config, clusters: [] },
    'has no cluster "c", which its context "x" needs: correct the context, or the name; there is none.',
  ],
  ["a user that is not there", { ...config, users: [] }, 'has no user "u", which its context "x"'],
  [
    "an authority that is not there",
    configOf({ "certificate-authority": "/nowhere/ca.crt" }, {}),
    'certificate authority of cluster "c" in /nowhere/ca.crt, but it cannot be read: correct it.',
  ],
  [
    "an authority that is none",
    configOf({ "certificate-authority-data": base64("hello") }, {}),
    'gives the certificate authority of cluster "c" as data, but it is not PEM: correct it.',
  ],
  [
    "a certificate that is none",
    configOf({}, { "client-certificate-data": "%%%" }),
    'client certificate of user "u" as data, but it is not PEM',
  ],
  [
    "a key that is not there",
    configOf({}, { "client-key": "/nowhere/me.key" }),
    'client key of user "u" in /nowhere/me.key, but it cannot be read',
  ],
  [
    "a proxy",
    configOf({ "proxy-url": "http://proxy:3128" }, {}),
    'reaches cluster "c" through a proxy (proxy-url), which is not supported: forward a port',
  ],
  [
    "an old way to log in",
    configOf({}, { "auth-provider": { name: "oidc" } }),
    'user "u" by the auth-provider "oidc", which is not supported: use a credential plugin',
  ],
])("a kubeconfig with %s is refused in a sentence that names it", async (_, content, words) => {
  const path = write(content);
  const server = await loadKubeconfig(deps, { paths: [path] });
  expect(server).toMatchObject({ ok: false, error: expect.stringContaining(words) });
  expect(server).toMatchObject({ error: expect.stringContaining(`The kubeconfig ${path}`) });
});

test("one that is not there is named, and so is one that cannot be read", async () => {
  const path = join(folder(), "absent");
  expect(await loadKubeconfig(deps, { paths: [path] })).toEqual({
    ok: false,
    error: `The kubeconfig ${path} does not exist: set KUBECONFIG to the path of one that does.`,
  });
  const directory = folder();
  expect(await loadKubeconfig(deps, { paths: [directory] })).toEqual({
    ok: false,
    error: `The kubeconfig ${directory} cannot be read: check who may read it.`,
  });
});

const PLUGIN = `
import { appendFileSync, readFileSync } from "node:fs";
const [, , log, printed] = process.argv;
appendFileSync(log, process.env.KUBERNETES_EXEC_INFO + " " + process.env.EXTRA + "\\n");
const runs = readFileSync(log, "utf8").trim().split("\\n").length;
process.stdout.write(printed.replaceAll("RUNS", runs));
if (printed === "") { process.stderr.write("log in\\nfirst"); process.exitCode = 1; }
`;

const plugin = (printed: unknown, fields: object = {}) => {
  const into = folder();
  const log = join(into, "log");
  const text = typeof printed === "string" ? printed : JSON.stringify(printed);
  const exec = {
    apiVersion: "client.authentication.k8s.io/v1",
    command: process.execPath,
    args: [write(PLUGIN, "plugin.mjs", into), log, text],
    env: [{ name: "EXTRA", value: "extra" }],
    ...fields,
  };
  return { content: configOf({}, { exec }), log };
};
const credential = (status: object) => ({
  apiVersion: "client.authentication.k8s.io/v1",
  kind: "ExecCredential",
  status,
});

test("a credential plugin is run once, and again when its token is refused", async () => {
  const { content } = plugin(credential({ token: "token-RUNS" }));
  const { credentials, tls } = await loaded(content);
  expect(await credentials.authorization()).toEqual(ok("Bearer token-1"));
  expect(await credentials.authorization()).toEqual(ok("Bearer token-1"));
  expect(await credentials.authorization("Bearer token-1")).toEqual(ok("Bearer token-2"));
  expect(tls.cert).toBeUndefined();
});

test("a token that has expired by its own word is made anew", async () => {
  const expirationTimestamp = "2020-01-01T00:00:00Z";
  const { content } = plugin(credential({ token: "token-RUNS", expirationTimestamp }));
  const clock = createVirtualTime(millis(0), 1);
  const paths = [write(content)];
  const server = await loadKubeconfig({ clock, timers: systemClock }, { paths });
  if (!server.ok) throw new Error(server.error);
  expect(await server.value.credentials.authorization()).toEqual(ok("Bearer token-2"));
  expect(await server.value.credentials.authorization()).toEqual(ok("Bearer token-2"));
  await clock.runUntil(millis(60_000));
  expect(await server.value.credentials.authorization()).toEqual(ok("Bearer token-3"));
});

test("it may give a client certificate instead", async () => {
  const status = { clientCertificateData: PEM, clientKeyData: KEY };
  const { credentials, tls } = await loaded(plugin(credential(status)).content);
  expect(tls.cert).toBe(PEM);
  expect(tls.key?.reveal()).toBe(KEY);
  expect(inspect(tls)).not.toContain("PRIVATE KEY");
  expect(await credentials.authorization()).toEqual(ok(undefined));
});

test("it is told what to print, and about the cluster if it wants to know", async () => {
  const told = async (fields: object): Promise<unknown> => {
    const { content, log } = plugin(credential({ token: "t" }), fields);
    await loaded(content);
    const [info = "", extra] = readFileSync(log, "utf8").trim().split(" ");
    expect(extra).toBe("extra");
    return JSON.parse(info);
  };
  const apiVersion = "client.authentication.k8s.io/v1";
  const kind = "ExecCredential";
  expect(await told({})).toEqual({ apiVersion, kind, spec: { interactive: false } });
  expect(await told({ provideClusterInfo: true })).toEqual({
    apiVersion,
    kind,
    spec: { interactive: false, cluster: { server: "https://host:6443" } },
  });
});

test.each<[string, { content: unknown }, string]>([
  ["says no", plugin(""), "failed: log in first. Run it by hand"],
  ["is not there", plugin("", { command: "/nowhere/plugin" }), "spawn /nowhere/plugin ENOENT"],
  ["prints words", plugin("my-secret-token"), "what it printed is not an ExecCredential"],
  ["prints something else", plugin('{"kind":"my-secret-token"}'), "is not an ExecCredential"],
  ["asks a person", plugin("", { interactiveMode: "Always" }), "it wants to ask a person"],
])("a plugin that %s is named in a sentence without what it printed", async (_, given, words) => {
  const server = await load(given.content);
  expect(server).toMatchObject({ ok: false, error: expect.stringContaining(words) });
  expect(server).toMatchObject({ error: expect.stringContaining('of user "u" in the kubeconfig') });
  expect(inspect(server)).not.toContain("my-secret-token");
});

test("a plugin that takes too long is not waited for", async () => {
  const { content } = plugin(credential({ token: "t" }));
  const clock = createVirtualTime(millis(0), 1);
  const loading = loadKubeconfig({ clock, timers: clock }, { paths: [write(content)] });
  await clock.runUntil(millis(60_000));
  expect(await loading).toMatchObject({ error: expect.stringContaining("took longer than 60 s") });
});

test("a server that is printed shows no key and no token", async () => {
  const user = { token: "my-token", "client-key-data": base64(KEY) };
  const server = await loaded(configOf({}, user));
  expect(inspect(server, { depth: 9 })).not.toMatch(/my-token|PRIVATE KEY/);
});
