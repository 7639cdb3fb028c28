/**
 * The ground that the scenarios stand on: a whole cluster with our image in it, as strict as a careful
 * one, that comes up by itself and leaves nothing behind.
 */

import { afterAll, beforeAll, expect } from "@jest/globals";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { z } from "zod";
import { systemClock } from "#runtime/clock.ts";
import { processesOf } from "../cluster/processes.ts";
import { until } from "../cluster/until.ts";
import { watchVersions } from "../cluster/versions.ts";
import { startCluster, type Cluster } from "./cluster.ts";
import { familyOf, survivorsOf, traces, type Traces } from "./leftovers.ts";
import { canRunNode, testOnNode } from "./on-node.ts";
import { emulatorOf, EMULATOR_PORT, GRACE_SECONDS, namespaceOf, scriptPod } from "./workloads.ts";

const START_TIMEOUT_MS = 300_000;
const TIMEOUT_MS = 120_000;

const NAMESPACE = "work";
const PODS = `/api/v1/namespaces/${NAMESPACE}/pods`;
const EMULATOR = { name: "emulator", namespace: NAMESPACE };

let before: Traces;
let cluster: Cluster;
beforeAll(async () => {
  if (!canRunNode) return;
  before = await traces();
  cluster = await startCluster();
  const steps = [...cluster.steps].map(([step, ms]) => `${step} ${(ms / 1_000).toFixed(1)} s`);
  process.stderr.write(`the cluster is up: ${steps.join(", ")}\n`);
  await cluster.apply([namespaceOf(NAMESPACE)]);
}, START_TIMEOUT_MS);
afterAll(async () => {
  if (canRunNode) await cluster.close();
}, TIMEOUT_MS);

const pod = z.object({
  metadata: z.object({
    name: z.string(),
    uid: z.string(),
    deletionTimestamp: z.string().optional(),
  }),
  status: z.object({
    phase: z.string().optional(),
    podIP: z.string().optional(),
    containerStatuses: z
      .array(
        z.object({
          state: z.object({
            terminated: z.object({ exitCode: z.int(), reason: z.string() }).optional(),
          }),
        }),
      )
      .default([]),
  }),
});

const emulatorPod = async () => {
  const { body } = await cluster.plane.call("GET", `${PODS}?labelSelector=app%3Demulator`);
  const { items } = z.object({ items: z.array(pod) }).parse(body);
  const found = items.find(({ metadata }) => metadata.deletionTimestamp === undefined);
  if (found === undefined) throw new Error("the emulator has no pod");
  return found;
};

const untilRolledOut = async (): Promise<void> => {
  await cluster.kubectl(
    "rollout",
    "status",
    "deployment/emulator",
    "-n",
    NAMESPACE,
    "--timeout=60s",
  );
};

const serverTime = z.object({ data: z.object({ serverTime: z.string() }) });

const asksTime = async (base: string): Promise<number> => {
  const answer = await fetch(`${base}/api/v2/public/time`, { signal: AbortSignal.timeout(10_000) });
  return Number(serverTime.parse(await answer.json()).data.serverTime);
};

/** Its process as this machine sees it. */
const emulatorProcess = (): number => {
  const isEmulator = (pid: number) =>
    readFileSync(`/proc/${pid}/cmdline`, "utf8").includes("/app/dist/scalp/scalp.js\0emulator");
  const pid = familyOf(cluster.machine.pid)
    .map((member) => Number(member.split(" ")[0]))
    .find(isEmulator);
  if (pid === undefined) throw new Error("the emulator does not run");
  return pid;
};

/** What a script says in a pod of its own. */
const runScript = async (name: string, script: string): Promise<string> => {
  const made = scriptPod({ name, namespace: NAMESPACE }, script);
  const said = await runPod(made);
  await cluster.kubectl("delete", "pod", name, "-n", NAMESPACE, "--grace-period=0", "--force");
  return said;
};

/** Rejects with what it said where it has failed. */
const runPod = async (made: ReturnType<typeof scriptPod>): Promise<string> => {
  const { name } = made.metadata;
  await cluster.apply([made]);
  const phase = async () =>
    pod.parse((await cluster.plane.call("GET", `${PODS}/${name}`)).body).status.phase ?? "";
  await until(`${name} has ended`, async () => /Succeeded|Failed/.test(await phase()));
  const said = await cluster.kubectl("logs", name, "-n", NAMESPACE);
  if ((await phase()) === "Failed") throw new Error(`${name} has failed: ${said}`);
  return said;
};

testOnNode(
  "a Deployment of our image becomes ready",
  async () => {
    const started = systemClock.elapsed();
    await cluster.apply(emulatorOf(EMULATOR));
    await untilRolledOut();
    const seconds = (systemClock.elapsed() - started) / 1_000;
    process.stderr.write(`from apply to ready: ${seconds.toFixed(1)} s\n`);
    expect(familyOf(emulatorProcess())).toHaveLength(1);
  },
  TIMEOUT_MS,
);

testOnNode(
  "it is found by its Service's name from another pod, and reached from this machine",
  async () => {
    // kube-proxy follows a pod that has become ready within a second or two.
    const script = `
      for (const host of ["emulator", "emulator.work.svc.cluster.local"]) {
        const ask = () => fetch("http://" + host + "/api/v2/public/time").catch(() => undefined);
        let answer = await ask();
        while (answer === undefined) answer = await ask();
        console.log(answer.status);
      }
    `;
    expect(await runScript("asks", script)).toBe("200\n200\n");
    const { status } = await emulatorPod();
    expect(await asksTime(`http://${status.podIP}:${EMULATOR_PORT}`)).toBeGreaterThan(0);
    const args = [
      "get",
      "service",
      "emulator",
      "-n",
      NAMESPACE,
      "-o",
      "jsonpath={.spec.clusterIP}",
    ];
    expect(await asksTime(`http://${await cluster.kubectl(...args)}`)).toBeGreaterThan(0);
  },
  TIMEOUT_MS,
);

testOnNode(
  "a pod finds the API server by its Service and trusts it by the authority that is mounted",
  async () => {
    const script = `
      import { readFileSync } from "node:fs";
      import { get } from "node:https";
      const folder = "/var/run/secrets/kubernetes.io/serviceaccount/";
      const token = readFileSync(folder + "token", "utf8");
      const options = { ca: readFileSync(folder + "ca.crt"), headers: { authorization: "Bearer " + token } };
      get("https://kubernetes.default.svc/api/v1/namespaces/work/pods", options, (answer) => {
        answer.on("data", (text) => console.log(answer.statusCode, JSON.parse(text).message));
      });
    `;
    const { spec, ...rest } = scriptPod({ name: "knocks", namespace: NAMESPACE }, script);
    const said = runPod({ ...rest, spec: { ...spec, automountServiceAccountToken: true } });
    expect(await said).toContain(
      '403 pods is forbidden: User "system:serviceaccount:work:default" cannot list resource "pods"',
    );
  },
  TIMEOUT_MS,
);

testOnNode("a pod that asks for more than the restricted standard is refused", async () => {
  const { spec, ...rest } = scriptPod({ name: "greedy", namespace: NAMESPACE }, "");
  const [container] = spec.containers;
  const greedy = {
    ...rest,
    spec: { ...spec, containers: [{ ...container, securityContext: {} }] },
  };
  await expect(cluster.apply([greedy])).rejects.toThrow(
    'violates PodSecurity "restricted:latest": allowPrivilegeEscalation != false',
  );
});

testOnNode("the process is nobody, may do nothing, and can write nothing of its own", async () => {
  const status = readFileSync(`/proc/${emulatorProcess()}/status`, "utf8");
  const fact = (name: string) => new RegExp(`^${name}:\\t(.*)$`, "m").exec(status)?.[1];
  expect(fact("Uid")).toBe("65532\t65532\t65532\t65532");
  expect(fact("CapEff")).toBe("0000000000000000");
  expect(fact("CapBnd")).toBe("0000000000000000");
  expect(fact("NoNewPrivs")).toBe("1");
  expect(fact("Seccomp")).toBe("2");
  const write = 'import { writeFileSync } from "node:fs"; writeFileSync("/app/x", "")';
  await expect(runScript("writes", write)).rejects.toThrow("EROFS: read-only file system");
});

testOnNode("kubectl gets into it, and finds no shell there", async () => {
  const { metadata } = await emulatorPod();
  const exec = ["exec", metadata.name, "-n", NAMESPACE, "--"];
  expect(await cluster.kubectl(...exec, "node", "--version")).toBe(`${process.version}\n`);
  await expect(cluster.kubectl(...exec, "sh")).rejects.toThrow("executable file not found");
});

testOnNode(
  "told to end it ends in order, within its grace",
  async () => {
    const versions = await watchVersions(cluster.plane, PODS);
    const { metadata } = await emulatorPod();
    const started = systemClock.elapsed();
    await cluster.kubectl("delete", "pod", metadata.name, "-n", NAMESPACE);
    const seconds = (systemClock.elapsed() - started) / 1_000;
    versions.stop();
    const ends = versions
      .all()
      .map((version) => pod.parse(version))
      .filter((version) => version.metadata.uid === metadata.uid)
      .flatMap(({ status }) => status.containerStatuses)
      .flatMap(({ state }) => (state.terminated === undefined ? [] : [state.terminated]));
    expect(ends.at(-1)).toEqual({ exitCode: 0, reason: "Completed" });
    // After its grace it would have been killed, and have said 137.
    process.stderr.write(`it ended in ${seconds.toFixed(1)} of ${GRACE_SECONDS} s\n`);
    await untilRolledOut();
    expect((await emulatorPod()).metadata.uid).not.toBe(metadata.uid);
  },
  TIMEOUT_MS,
);

testOnNode(
  "a pod that is deleted by force is gone at once, its container follows, and another one is made",
  async () => {
    const { metadata } = await emulatorPod();
    const doomed = familyOf(emulatorProcess());
    await cluster.kubectl(
      "delete",
      "pod",
      metadata.name,
      "-n",
      NAMESPACE,
      "--force",
      "--grace-period=0",
    );
    expect((await cluster.plane.call("GET", `${PODS}/${metadata.name}`)).status).toBe(404);
    await until("its container has ended", () => survivorsOf(doomed).length === 0);
    await untilRolledOut();
    expect((await emulatorPod()).metadata.uid).not.toBe(metadata.uid);
  },
  TIMEOUT_MS,
);

testOnNode(
  "a claim is given a volume that the pod's group may write, and what is in it stays",
  async () => {
    const claim = {
      apiVersion: "v1",
      kind: "PersistentVolumeClaim",
      metadata: { name: "memory", namespace: NAMESPACE },
      spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } },
    };
    const withMemory = (name: string, script: string) => {
      const { spec, ...rest } = scriptPod({ name, namespace: NAMESPACE }, script);
      const containers = spec.containers.map((container) => ({
        ...container,
        volumeMounts: [{ name: "memory", mountPath: "/memory" }],
      }));
      const volumes = [{ name: "memory", persistentVolumeClaim: { claimName: "memory" } }];
      const securityContext = { ...spec.securityContext, fsGroup: 65_532 };
      return { ...rest, spec: { ...spec, containers, volumes, securityContext } };
    };
    const write = 'import { writeFileSync } from "node:fs"; writeFileSync("/memory/x", "kept")';
    const read =
      'import { readFileSync } from "node:fs"; console.log(readFileSync("/memory/x", "utf8"))';
    await cluster.apply([claim]);
    expect(await runPod(withMemory("writer", write))).toBe("");
    expect(await runPod(withMemory("reader", read))).toBe("kept\n");
  },
  TIMEOUT_MS,
);

testOnNode(
  "after close nothing is left: no process, mount, link, route, control group, folder or tunable",
  async () => {
    const during = await traces();
    expect(during.controlGroups.length).toBeGreaterThan(10);
    const family = familyOf(cluster.machine.pid);
    // At least containerd, kubelet, kube-proxy, CoreDNS, and two processes of the emulator's pod.
    expect(family.length).toBeGreaterThan(6);
    await cluster.close();
    await cluster.close();
    expect(survivorsOf(family)).toEqual([]);
    expect(processesOf(cluster.plane.folder)).toEqual([]);
    expect(existsSync(cluster.plane.folder)).toBe(false);
    expect(await traces()).toEqual(before);
  },
  TIMEOUT_MS,
);

/** Starts a cluster, says where it is, and then only waits. */
const OWNER = `
import { startCluster } from "./tests/e2e/cluster.ts";
setInterval(() => undefined, 1_000);
const { plane, machine } = await startCluster();
console.log(JSON.stringify({ folder: plane.folder, pid: machine.pid }));
`;

testOnNode(
  "nothing outlives an owner that is killed",
  async () => {
    const owner = spawn(process.execPath, ["--input-type=module", "--eval", OWNER], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const [line] = z.tuple([z.instanceof(Buffer)]).parse(await once(owner.stdout, "data"));
    const { folder, pid } = z
      .object({ folder: z.string(), pid: z.int() })
      .parse(JSON.parse(line.toString()));
    const family = familyOf(pid);
    expect(family.length).toBeGreaterThan(4);
    owner.kill("SIGKILL");
    await until("all processes are gone", () => survivorsOf(family).length === 0);
    await until("the folder is gone", () => !existsSync(folder));
    await until("all traces are gone", async () => {
      return JSON.stringify(await traces()) === JSON.stringify(before);
    });
    expect(processesOf(folder)).toEqual([]);
  },
  START_TIMEOUT_MS,
);
