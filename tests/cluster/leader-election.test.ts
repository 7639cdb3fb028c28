/** Replicas in processes of their own elect a leader on a real API server, and are killed. */

import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { startControlPlane, type ControlPlane } from "./control-plane.ts";
import type { Said } from "./elector-process.ts";
import { until } from "./until.ts";
import { spawnWatched } from "./watched-child.ts";

const TIMEOUT_MS = 120_000;
const SCRIPT = fileURLToPath(import.meta.resolve("./elector-process.ts"));
const LEASE = "/apis/coordination.k8s.io/v1/namespaces/default/leases/elector";

let plane: ControlPlane;
beforeAll(async () => {
  plane = await startControlPlane();
}, 45 * 60_000);
afterAll(() => plane.close(), TIMEOUT_MS);

type Process = {
  readonly has: (said: Said) => boolean;
  readonly signal: (name: NodeJS.Signals) => void;
  /** `undefined` when it was killed. */
  readonly exitCode: Promise<number | undefined>;
};

const startReplica = (identity: string): Process => {
  const args = ["--no-warnings", SCRIPT, plane.kubeconfig(), identity];
  const { child } = spawnWatched(process.execPath, args, {
    stdio: ["ignore", "pipe", "inherit"],
    cwd: process.cwd(),
  });
  let said = "";
  child.stdout?.setEncoding("utf8").on("data", (text: string) => (said += text));
  return {
    has: (word) => said.split("\n").includes(word),
    signal: (name) => void child.kill(name),
    exitCode: new Promise((resolve) => child.once("exit", (code) => resolve(code ?? undefined))),
  };
};

const leads = (replica: Process, identity: string) =>
  until(`${identity} leads`, () => replica.has("leads"));

const leaseSchema = z.object({
  spec: z.object({
    holderIdentity: z.string(),
    leaseDurationSeconds: z.number(),
    acquireTime: z.string(),
    renewTime: z.string(),
    leaseTransitions: z.number(),
  }),
});

const readLease = async () => leaseSchema.parse((await plane.call("GET", LEASE)).body).spec;

const kubectlLease = async (): Promise<string> =>
  (await plane.kubectl(["get", "lease", "elector", "-o", "yaml"])).stdout;

const MICRO_TIME = /^ {2}(?:acquire|renew)Time: "\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z"$/gm;

test(
  "one leads at a time: killed, it is followed; asked to stop, it makes way; cut off, it ends",
  async () => {
    const a = startReplica("replica-a");
    await leads(a, "replica-a");
    const yaml = await kubectlLease();
    expect(yaml).toContain("holderIdentity: replica-a\n");
    expect(yaml).toContain("leaseDurationSeconds: 6\n");
    expect(yaml).toContain("leaseTransitions: 0\n");
    expect(yaml.match(MICRO_TIME)).toHaveLength(2);
    const first = await readLease();
    expect(first.renewTime >= first.acquireTime).toBe(true);

    const b = startReplica("replica-b");
    await until("the lease is renewed a few times", async () => {
      const { renewTime } = await readLease();
      return Date.parse(renewTime) - Date.parse(first.renewTime) > 2_000;
    });
    expect(b.has("leads")).toBe(false);
    expect(await readLease()).toMatchObject({
      acquireTime: first.acquireTime,
      leaseTransitions: 0,
    });

    a.signal("SIGKILL");
    expect(await a.exitCode).toBeUndefined();
    const last = await readLease();
    await leads(b, "replica-b");
    const second = await readLease();
    expect(second).toMatchObject({ holderIdentity: "replica-b", leaseTransitions: 1 });
    // Both are times of this machine's clock: the lease of the dead one had run out.
    expect(Date.parse(second.acquireTime) - Date.parse(last.renewTime)).toBeGreaterThanOrEqual(
      3_000,
    );

    b.signal("SIGTERM");
    expect(await b.exitCode).toBe(0);
    expect(b.has("ends")).toBe(true);
    const released = await kubectlLease();
    expect(released).toContain('holderIdentity: ""\n');
    expect(released).toContain("leaseDurationSeconds: 1\n");

    const c = startReplica("replica-c");
    await leads(c, "replica-c");
    expect(await readLease()).toMatchObject({ holderIdentity: "replica-c", leaseTransitions: 2 });

    await plane.apiServer.stop();
    expect(await c.exitCode).toBe(1);
    expect(c.has("ends")).toBe(true);
    await plane.apiServer.start();
  },
  TIMEOUT_MS,
);

test(
  "the server refuses times of three digits, which is what a date of JavaScript has",
  async () => {
    const lease = (renewTime: string) => ({
      apiVersion: "coordination.k8s.io/v1",
      kind: "Lease",
      metadata: { name: "digits" },
      spec: { holderIdentity: "a", renewTime },
    });
    const path = "/apis/coordination.k8s.io/v1/namespaces/default/leases";
    const create = async (renewTime: string) =>
      (await plane.call("POST", path, lease(renewTime))).status;
    expect(await create("2026-11-21T12:00:00.123Z")).toBe(400);
    expect(await create("2026-11-21T12:00:00.123000Z")).toBe(201);
  },
  TIMEOUT_MS,
);
