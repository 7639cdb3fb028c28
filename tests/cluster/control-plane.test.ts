/**
 * The ground that the tests of the operator stand on: a control plane that is real, that can be
 * broken and mended, and that leaves nothing behind.
 */

import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { startControlPlane, type ControlPlane } from "./control-plane.ts";
import { installCrd } from "./crd.ts";
import { claimPlaneFolder, isFree } from "./plane-folder.ts";
import { isStopped, processesOf } from "./processes.ts";
import { createServerProcess } from "./server-process.ts";
import { until } from "./until.ts";

const TIMEOUT_MS = 60_000;
/** The first one may have to build the programs. */
const BUILD_TIMEOUT_MS = 45 * 60_000;

let plane: ControlPlane;
beforeAll(async () => {
  plane = await startControlPlane({ audit: true });
}, BUILD_TIMEOUT_MS);
afterAll(() => plane.close(), TIMEOUT_MS);

const CONFIG_MAPS = "/api/v1/namespaces/default/configmaps";

const createConfigMap = ({ call }: ControlPlane, name: string) =>
  call("POST", CONFIG_MAPS, { metadata: { name }, data: { is: name } });

const list = z.looseObject({
  metadata: z.looseObject({ resourceVersion: z.string() }),
  items: z.array(z.looseObject({ metadata: z.looseObject({ name: z.string() }) })),
});

const configMapNames = async ({ call }: ControlPlane): Promise<ReadonlyArray<string>> =>
  list.parse((await call("GET", CONFIG_MAPS)).body).items.map(({ metadata }) => metadata.name);

const portOf = (url: string): number => Number(new URL(url).port);

test("comes up as the pinned version and says that it is ready", async () => {
  expect(await plane.call("GET", "/readyz")).toEqual({ status: 200, body: "ok" });
  const { body } = await plane.call("GET", "/version");
  expect(body).toMatchObject({ gitVersion: "v1.36.3" });
});

test("without its token or its authority nobody gets in", async () => {
  const stranger = await plane.kubectl(["get", "namespaces"], { token: "guessed" });
  expect(stranger).toMatchObject({ code: 1, stdout: "" });
  expect(stranger.stderr).toContain("must be logged in");
  await expect(fetch(`${plane.url}/readyz`)).rejects.toThrow("fetch failed");
});

test("kubectl works with a kubeconfig, reads its input and reports its failure", async () => {
  const manifest = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "from-input" } };
  const applied = await plane.kubectl(["apply", "-f", "-"], { input: JSON.stringify(manifest) });
  expect(applied).toEqual({ code: 0, stdout: "configmap/from-input created\n", stderr: "" });
  const absent = await plane.kubectl(["get", "configmap", "absent"]);
  expect(absent.code).toBe(1);
  expect(absent.stderr).toContain('configmaps "absent" not found');
});

test("a service account may do what a role grants it, and nothing before", async () => {
  await plane.kubectl(["create", "serviceaccount", "reader"]);
  const { stdout } = await plane.kubectl(["create", "token", "reader"]);
  const token = stdout.trim();
  const asReader = () => plane.kubectl(["get", "configmaps"], { token });
  const refused = await asReader();
  expect(refused.code).toBe(1);
  expect(refused.stderr).toContain(
    'User "system:serviceaccount:default:reader" cannot list resource "configmaps"',
  );

  await plane.kubectl(["create", "role", "reader", "--verb=list", "--resource=configmaps"]);
  const binding = ["create", "rolebinding", "reader", "--role=reader"];
  await plane.kubectl([...binding, "--serviceaccount=default:reader"]);
  await until("the role is in force", async () => (await asReader()).code === 0);
});

test("the audit log says who wrote what, and what became of it", async () => {
  await createConfigMap(plane, "audited");
  await createConfigMap(plane, "audited");
  const writes = () =>
    plane
      .audit()
      .filter(({ verb, requestURI }) => verb === "create" && requestURI === CONFIG_MAPS)
      .filter(({ name }) => name === "audited");
  await until("both writes are in the log", () => writes().length === 2);
  const expected = {
    verb: "create",
    user: "admin",
    userAgent: "control-plane-test",
    resource: "configmaps",
    subresource: undefined,
    namespace: "default",
    requestURI: CONFIG_MAPS,
  };
  expect(writes()).toMatchObject([
    { ...expected, code: 201 },
    { ...expected, code: 409 },
  ]);
  expect(Date.parse(writes()[0]?.at ?? "")).toBeGreaterThan(0);
});

test(
  "both servers come back after SIGKILL with their data, on their ports",
  async () => {
    await createConfigMap(plane, "survivor");
    const { apiServer, etcd } = plane;
    const killed = [apiServer.pid(), etcd.pid()];
    await Promise.all([apiServer.stop(), etcd.stop()]);
    expect(() => apiServer.pid()).toThrow("does not run");
    await expect(plane.call("GET", "/readyz")).rejects.toThrow("ECONNREFUSED");
    await Promise.all([etcd.start(), apiServer.start()]);
    expect(killed).not.toContain(apiServer.pid());
    expect(killed).not.toContain(etcd.pid());
    expect(await configMapNames(plane)).toContain("survivor");
  },
  TIMEOUT_MS,
);

test(
  "the API server gets over an etcd that was killed while it ran",
  async () => {
    await plane.etcd.stop();
    await plane.etcd.start();
    await until("it writes again", async () => {
      const { status } = await createConfigMap(plane, "after-etcd");
      return status === 201 || status === 409;
    });
    expect(await configMapNames(plane)).toContain("after-etcd");
  },
  TIMEOUT_MS,
);

test("a server that is stopped by a signal answers when it goes on", async () => {
  plane.apiServer.signal("SIGSTOP");
  await until("it is stopped", () => isStopped(plane.apiServer.pid()));
  const answer = plane.call("GET", "/readyz");
  plane.apiServer.signal("SIGCONT");
  expect(await answer).toMatchObject({ status: 200 });
});

test(
  "after a compaction an old resource version is gone, and was there before",
  async () => {
    const { body } = await plane.call("GET", CONFIG_MAPS);
    const old = list.parse(body).metadata.resourceVersion;
    await createConfigMap(plane, "younger");
    const asOf = () =>
      plane.call("GET", `${CONFIG_MAPS}?resourceVersion=${old}&resourceVersionMatch=Exact`);
    const restart = async () => {
      await plane.apiServer.stop();
      await plane.apiServer.start();
    };
    await restart();
    expect(await asOf()).toMatchObject({ status: 200 });
    await plane.etcd.compact();
    await restart();
    expect(await asOf()).toMatchObject({ status: 410, body: { reason: "Expired" } });
    expect(await configMapNames(plane)).toContain("younger");
  },
  TIMEOUT_MS,
);

test("LiveStrategies are served once their definition is installed", async () => {
  await installCrd(plane);
  const listed = await plane.kubectl(["get", "lstrat", "--all-namespaces"]);
  expect(listed).toMatchObject({ code: 0, stderr: expect.stringContaining("No resources") });
});

test(
  "two planes at once know nothing of each other, and one closes alone",
  async () => {
    const [one, other] = await Promise.all([startControlPlane(), startControlPlane()]);
    try {
      expect(new Set([plane, one, other].map(({ url }) => url)).size).toBe(3);
      await createConfigMap(one, "of-one");
      expect(await configMapNames(one)).toContain("of-one");
      expect(await configMapNames(other)).not.toContain("of-one");
      expect(one.audit()).toEqual([]);
      await one.close();
      expect(await other.call("GET", "/readyz")).toMatchObject({ status: 200 });
    } finally {
      await Promise.all([one.close(), other.close()]);
    }
  },
  TIMEOUT_MS,
);

test(
  "controllers and the scheduler do their work when they are asked for",
  async () => {
    const full = await startControlPlane({
      controllers: [
        "deployment-controller",
        "replicaset-controller",
        "serviceaccount-controller",
        "garbage-collector-controller",
        "namespace-controller",
      ],
      scheduler: true,
    });
    try {
      await full.kubectl(["create", "namespace", "work"]);
      await full.kubectl(["create", "deployment", "web", "--image=none", "--namespace=work"]);
      await until("the scheduler has looked for a node for the pod", async () => {
        const { body } = await full.call("GET", "/api/v1/namespaces/work/pods");
        return JSON.stringify(body).includes("no nodes available to schedule pods");
      });
      await full.kubectl(["delete", "namespace", "work", "--wait=false"]);
      await until("the namespace is gone", async () => {
        const { status } = await full.call("GET", "/api/v1/namespaces/work");
        return status === 404;
      });
    } finally {
      await full.close();
    }
  },
  TIMEOUT_MS,
);

test(
  "after close nothing is left: no process, no folder, no port",
  async () => {
    const closing = await startControlPlane({ controllers: ["namespace-controller"] });
    const { folder } = closing;
    // kube-apiserver, etcd and the controllers with a watcher each, and the folder's watcher.
    expect(processesOf(folder)).toHaveLength(7);
    await closing.apiServer.stop();
    await closing.close();
    await closing.close();
    expect(processesOf(folder)).toEqual([]);
    expect(existsSync(folder)).toBe(false);
    expect(await isFree(portOf(closing.url))).toBe(true);
  },
  TIMEOUT_MS,
);

/** Starts a control plane, says where it is, and then only waits. */
const OWNER = `
import { startControlPlane } from "./tests/cluster/control-plane.ts";
const { folder, url, apiServer } = await startControlPlane({ scheduler: true });
apiServer.signal("SIGSTOP");
console.log(JSON.stringify({ folder, url }));
setInterval(() => undefined, 1_000);
`;

test(
  "nothing outlives an owner that is killed, not even a server that is stopped",
  async () => {
    const owner = spawn(process.execPath, ["--input-type=module", "--eval", OWNER], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const [line] = z.tuple([z.instanceof(Buffer)]).parse(await once(owner.stdout, "data"));
    const { folder, url } = z
      .object({ folder: z.string(), url: z.string() })
      .parse(JSON.parse(line.toString()));
    const before = processesOf(folder);
    owner.kill("SIGKILL");
    // Three servers with a watcher each, and the folder's watcher.
    expect(before).toHaveLength(7);
    await until("all processes are gone", () => processesOf(folder).length === 0);
    await until("the folder is gone", () => !existsSync(folder));
    expect(await isFree(portOf(url))).toBe(true);
  },
  TIMEOUT_MS,
);

test("a folder that another plane has claimed is left to it, with its ports", async () => {
  const parent = mkdtempSync(join(tmpdir(), "scalp-claims-"));
  const [one, other] = [await claimPlaneFolder(parent), await claimPlaneFolder(parent)];
  expect(one.path).not.toBe(other.path);
  const ports = [...Object.values(one.ports), ...Object.values(other.ports)];
  expect(new Set(ports).size).toBe(ports.length);
  await Promise.all([one.remove(), other.remove()]);
  expect(existsSync(one.path)).toBe(false);
  rmSync(parent, { recursive: true });
});

test("a server that cannot start says why in its own words", async () => {
  const folder = mkdtempSync(join(tmpdir(), "scalp-server-"));
  const server = createServerProcess({
    name: "broken",
    binary: "/bin/sh",
    flags: ["-c", "echo the disk is full >&2; exit 3"],
    folder,
    isReady: () => Promise.resolve(false),
  });
  await expect(server.start()).rejects.toThrow("broken ended unready:\nthe disk is full");
  await expect(server.stop()).resolves.toBeUndefined();
  expect(readFileSync(join(folder, "broken.log"), "utf8")).toBe("the disk is full\n");
  rmSync(folder, { recursive: true });
});
