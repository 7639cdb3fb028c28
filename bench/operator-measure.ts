/**
 * One contestant on one API server: alone, in a namespace of its own, from nothing.
 *
 *     start, idle ─▶ one after the other ─▶ all at once ─▶ end, start again over all of them
 */

import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { sleep } from "#base/clock.ts";
import { systemClock } from "#runtime/clock.ts";
import type { ControlPlane } from "../tests/cluster/control-plane.ts";
import type { Contestant } from "./operator-contestants.ts";
import { isReported, isThere, watchFor } from "./operator-stopwatch.ts";

export type Measured = {
  /** Milliseconds, one a resource, alone. */
  readonly firstChild: ReadonlyArray<number>;
  readonly reported: ReadonlyArray<number>;
  /** Milliseconds from the first create until all are reported. */
  readonly bulk: number;
  /** Milliseconds of processor time for the bulk: the operator's, and the servers'. */
  readonly cpu: number;
  readonly serverCpu: number;
  /** MiB, resident. */
  readonly idle: number;
  readonly loaded: number;
  readonly restarted: number;
};

export type Measuring = {
  readonly plane: ControlPlane;
  readonly contestant: Contestant;
  readonly namespace: string;
  readonly singles: number;
  readonly resources: number;
};

const SETTLE_MS = 5_000;
const CREATED_AT_ONCE = 20;

export const measure = async (measuring: Measuring): Promise<Measured> => {
  const { plane, contestant, namespace, resources } = measuring;
  await plane.call("POST", "/api/v1/namespaces", { metadata: { name: namespace } });
  const tokenFile = join(plane.folder, "bench-token");
  writeFileSync(tokenFile, "bench");
  const world = { kubeconfig: plane.kubeconfig(), namespace, tokenFile };
  const first = contestant.start(world);
  await sleep(systemClock, SETTLE_MS);
  const idle = residentMb(first);
  const single = await createSingly(measuring);
  const bulk = await createAtOnce(measuring, first);
  await sleep(systemClock, SETTLE_MS);
  const loaded = residentMb(first);
  await end(first);
  const second = contestant.start(world);
  await sleep(systemClock, SETTLE_MS + resources * 2);
  const restarted = residentMb(second);
  await end(second);
  return { ...single, ...bulk, idle, loaded, restarted };
};

const createSingly = async ({ plane, contestant, namespace, singles }: Measuring) => {
  const path = contestant.collection(namespace);
  const reports = watchFor(plane, path, isReported);
  const children = ["configmaps", "services", "persistentvolumeclaims"].map((plural) =>
    watchFor(plane, `/api/v1/namespaces/${namespace}/${plural}`, isThere),
  );
  await sleep(systemClock, 500);
  const firstChild: number[] = [];
  const reported: number[] = [];
  for (let index = 0; index < singles; index += 1) {
    const name = `single-${index}`;
    const at = systemClock.elapsed();
    await create(plane, path, contestant.manifest(namespace, name));
    const child = await Promise.any(children.map((watch) => watch.seen(`executor-${name}`)));
    firstChild.push(child - at);
    reported.push((await reports.seen(name)) - at);
  }
  for (const watch of [reports, ...children]) watch.close();
  return { firstChild, reported };
};

const createAtOnce = async (
  { plane, contestant, namespace, resources, singles }: Measuring,
  operator: ChildProcess,
) => {
  const path = contestant.collection(namespace);
  const reports = watchFor(plane, path, isReported);
  await reports.untilCount(singles);
  const cpuBefore = cpuMs(operator.pid);
  const serverBefore = cpuMs(plane.apiServer.pid()) + cpuMs(plane.etcd.pid());
  const at = systemClock.elapsed();
  await createAll({ plane, contestant, namespace, resources });
  const until = await reports.untilCount(singles + resources);
  const cpu = cpuMs(operator.pid) - cpuBefore;
  const serverCpu = cpuMs(plane.apiServer.pid()) + cpuMs(plane.etcd.pid()) - serverBefore;
  reports.close();
  return { bulk: until - at, cpu, serverCpu };
};

export const createAll = async ({
  plane,
  contestant,
  namespace,
  resources,
}: Omit<Measuring, "singles">): Promise<void> => {
  const path = contestant.collection(namespace);
  let next = 0;
  const worker = async () => {
    while (next < resources) {
      next += 1;
      await create(plane, path, contestant.manifest(namespace, `bulk-${next}`));
    }
  };
  await Promise.all(Array.from({ length: CREATED_AT_ONCE }, worker));
};

const create = async (plane: ControlPlane, path: string, manifest: unknown): Promise<void> => {
  const { status, body } = await plane.call("POST", path, manifest);
  if (status !== 201) throw new Error(`create: ${status} ${JSON.stringify(body)}`);
};

export const end = async (child: ChildProcess): Promise<void> => {
  const ended = once(child, "exit");
  child.kill("SIGTERM");
  await ended;
};

const TICK_MS = 10;

/** User and system time, as the kernel counts it. */
const cpuMs = (pid: number | undefined): number => {
  const [, rest = ""] = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ");
  const fields = rest.split(" ");
  return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
};

const residentMb = ({ pid }: ChildProcess): number => {
  const kb = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
  return Number(kb ?? NaN) / 1_024;
};
