/**
 * A complete cluster of one real node: control plane, kubelet, containerd, kube-proxy, DNS and
 * volumes, with our image in it. One at a time on a machine: whoever comes second waits.
 *
 * After `close` nothing of it is left, and nothing either when its owner dies without calling it.
 */

import { homedir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { sleep } from "#base/clock.ts";
import { systemClock } from "#runtime/clock.ts";
import { processEnv } from "#runtime/env.ts";
import { lockFolder, type Lock } from "#runtime/lock.ts";
import { NODE_NAME } from "../cluster/api-server.ts";
import { cacheFolder } from "../cluster/binaries.ts";
import { startControlPlane, type ControlPlane } from "../cluster/control-plane.ts";
import { until } from "../cluster/until.ts";
import { bridgeToLoopback } from "./api-bridge.ts";
import { createContainerd, type Containerd } from "./containerd.ts";
import { dnsObjects } from "./dns-objects.ts";
import { findImages } from "./image-cache.ts";
import { PROJECT_IMAGE } from "./images.ts";
import { HOST_ADDRESS } from "./network.ts";
import { findNodeBinaries, type NodeBinaries } from "./node-binaries.ts";
import { startNodeMachine, type NodeMachine } from "./node-machine.ts";
import { createNodeServers, type NodeServers } from "./node-servers.ts";
import { cniFolder, missingForNode } from "./requirements.ts";
import { provisionVolumes, storageClass } from "./volumes.ts";

export type Cluster = {
  readonly plane: ControlPlane;
  readonly machine: NodeMachine;
  readonly servers: NodeServers & { readonly containerd: Containerd };
  /** Ours, for pods with `imagePullPolicy: Never`. */
  readonly image: string;
  /** Objects of any kind, as `kubectl apply --server-side` takes them. */
  readonly apply: (objects: ReadonlyArray<object>) => Promise<void>;
  /** What kubectl said; rejects with its words when it failed. */
  readonly kubectl: (...args: ReadonlyArray<string>) => Promise<string>;
  /** How long each step of the start took, in milliseconds. */
  readonly steps: ReadonlyMap<string, number>;
  readonly close: () => Promise<void>;
};

const LOCK_TIMEOUT_MS = 30 * 60_000;
const LOCK_POLL_MS = 500;
const NODE_READY_TIMEOUT_MS = 60_000;

export const startCluster = async (): Promise<Cluster> => {
  const missing = missingForNode();
  if (missing.length > 0) throw new Error(missing.join("\n"));
  const binaries = await findNodeBinaries();
  const undo: (() => Promise<void> | void)[] = [];
  let closed: Promise<void> | undefined;
  const close = (): Promise<void> => (closed ??= undoAll(undo));
  try {
    const lock = await claimMachine();
    undo.push(lock.release);
    return await assemble(binaries, undo, close);
  } catch (error) {
    await close();
    throw error;
  }
};

/** The last first. What fails does not keep the others from being undone. */
const undoAll = async (undo: ReadonlyArray<() => Promise<void> | void>): Promise<void> => {
  const failures: unknown[] = [];
  for (const step of undo.toReversed()) {
    try {
      await step();
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length > 0) throw new AggregateError(failures, "the cluster is not all gone");
};

/** Addresses and control groups are the same for every cluster. */
const claimMachine = async (): Promise<Lock> => {
  const folder = join(cacheFolder({ env: processEnv(), home: homedir() }), "node");
  const deadline = systemClock.elapsed() + LOCK_TIMEOUT_MS;
  for (;;) {
    const lock = await lockFolder("real node", folder);
    if (lock.ok) return lock.value;
    if (systemClock.elapsed() > deadline) throw new Error(lock.error);
    await sleep(systemClock, LOCK_POLL_MS);
  }
};

const assemble = async (
  binaries: NodeBinaries,
  undo: (() => Promise<void> | void)[],
  close: () => Promise<void>,
): Promise<Cluster> => {
  const steps = new Map<string, number>();
  const timed = async <T>(step: string, work: Promise<T>): Promise<T> => {
    const started = systemClock.elapsed();
    const result = await work;
    steps.set(step, Math.round(systemClock.elapsed() - started));
    return result;
  };
  const plane = await timed("control plane", startControlPlane(FULL_PLANE));
  undo.push(plane.close);
  const folder = join(plane.folder, "node");
  const archives = await timed("images", findImages(binaries.pause));
  const machine = await timed("machine", startNodeMachine(folder));
  undo.push(machine.close);
  const bridge = await bridgeToLoopback(Number(new URL(plane.url).port));
  undo.push(bridge.close);
  const containerd = createContainerd(machine, cniFolder() ?? "");
  await timed("containerd", containerd.start());
  await timed("images loaded", containerd.load(archives));
  const apply = applyTo(plane);
  await apply([...dnsObjects, storageClass]);
  const servers = createNodeServers(machine, binaries, plane);
  const { kubelet, kubeProxy, dns } = servers;
  await timed("servers", Promise.all([kubelet.start(), kubeProxy.start(), dns.start()]));
  await timed("node ready", untilNodeReady(plane));
  const stopping = new AbortController();
  const provisioning = provisionVolumes(plane, join(plane.folder, "volumes"), stopping.signal);
  undo.push(() => {
    stopping.abort();
    return provisioning;
  });
  return {
    plane,
    machine,
    servers: { ...servers, containerd },
    image: PROJECT_IMAGE,
    apply,
    kubectl: kubectlOn(plane),
    steps,
    close,
  };
};

const FULL_PLANE = { controllers: ["*"], scheduler: true, advertiseAddress: HOST_ADDRESS };

const applyTo =
  ({ kubectl }: ControlPlane) =>
  async (items: ReadonlyArray<object>): Promise<void> => {
    const input = JSON.stringify({ apiVersion: "v1", kind: "List", items });
    const { code, stderr } = await kubectl(["apply", "--server-side", "-f", "-"], { input });
    if (code !== 0) throw new Error(`it cannot be applied: ${stderr}`);
  };

const kubectlOn =
  ({ kubectl }: ControlPlane) =>
  async (...args: ReadonlyArray<string>): Promise<string> => {
    const { code, stdout, stderr } = await kubectl(args);
    if (code !== 0) throw new Error(`kubectl ${args.join(" ")}: ${stderr}`);
    return stdout;
  };

const readiness = z.object({
  status: z.object({
    conditions: z.array(z.object({ type: z.string(), status: z.string() })).default([]),
  }),
});

/** The node takes pods, and pods find their ServiceAccount. */
const untilNodeReady = ({ call }: ControlPlane): Promise<void> =>
  until(
    "the node is ready",
    async () => {
      const node = readiness.safeParse((await call("GET", `/api/v1/nodes/${NODE_NAME}`)).body);
      const isReady = node.data?.status.conditions.some(
        ({ type, status }) => type === "Ready" && status === "True",
      );
      const account = await call("GET", "/api/v1/namespaces/default/serviceaccounts/default");
      return isReady === true && account.status === 200;
    },
    NODE_READY_TIMEOUT_MS,
  );
