/**
 * A whole cluster that a user installs the chart on, with a shell in which `helm` and `kubectl` are
 * those of the tests, and the log of the demo's exchange as the witness.
 *
 * Nothing here keeps the test's own process from its work while it waits: the node's way to the API
 * server and the volumes of its pods are in that process.
 */

import { execFile } from "node:child_process";
import { linkSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { z } from "zod";
import { liveStrategyStatus, type Condition } from "#crds/live-strategy-status.ts";
import { auditLog, type AuditReport } from "#exchange/emulator/audit.ts";
import { parseAudit } from "#exchange/emulator/audit-events.ts";
import { processEnv, type Env } from "#runtime/env.ts";
import { findBinaries } from "../cluster/binaries.ts";
import { CHART } from "../cluster/chart.ts";
import { findHelm } from "../cluster/helm.ts";
import { until } from "../cluster/until.ts";
import { spawnWatched } from "../cluster/watched-child.ts";
import { startCluster, type Cluster } from "./cluster.ts";
import { namespaceOf } from "./workloads.ts";

export const NAMESPACE = "scalp-radar";

export type ChartWorld = {
  readonly cluster: Cluster;
  /** A line as a user types it; what it printed. Rejects with its words where it fails. */
  readonly shell: (line: string) => Promise<string>;
  /** A line that does not end by itself: resolves once it has printed what is looked for. */
  readonly open: (line: string, wanted: RegExp) => Promise<Opened>;
  readonly helm: (command: string) => Promise<string>;
  /** In the release's namespace. */
  readonly kubectl: (command: string) => Promise<string>;
  readonly apply: (object: object) => Promise<void>;
  readonly strategy: (name: string) => Promise<Seen>;
  readonly untilReady: (name: string, reason: string) => Promise<Condition>;
  /** Of a component, those that nobody has deleted. */
  readonly pods: (component: string) => Promise<ReadonlyArray<Pod>>;
  /** The log is read from here on, and outlives the exchange's pod. */
  readonly keepLog: () => Promise<void>;
  /** What the exchange's own log proves so far. */
  readonly audit: () => AuditReport;
  readonly close: () => Promise<void>;
};

export type Opened = { readonly found: string; readonly stop: () => Promise<void> };

export type Seen = {
  readonly uid: string;
  readonly condition: (type: string) => Condition | undefined;
};

export type Pod = {
  readonly name: string;
  readonly uid: string;
  /** Of its one container. */
  readonly containerId: string;
  readonly restarts: number;
  readonly isReady: boolean;
};

/** Longer than any wait of ours within a line. */
const LINE_TIMEOUT_MS = 150_000;
const STEP_TIMEOUT_MS = 90_000;

export const startChartWorld = async (): Promise<ChartWorld> => {
  const cluster = await startCluster();
  const folder = mkdtempSync(join(tmpdir(), "scalp-user-"));
  const env = await userEnv(cluster, folder);
  const shell = shellWith(env);
  const kubectl = (command: string) => shell(`kubectl --namespace=${NAMESPACE} ${command}`);
  const pods = podsBy(kubectl);
  const log = join(cluster.machine.folder, "events.jsonl");
  const strategy = async (name: string) =>
    seenIn(await kubectl(`get livestrategy ${name} --output=json`));
  await cluster.apply([namespaceOf(NAMESPACE)]);
  return {
    cluster,
    shell,
    open: (line, wanted) => openLine(env, line, wanted),
    helm: (command) => shell(`helm ${command} --namespace=${NAMESPACE}`),
    kubectl,
    apply: (object) => cluster.apply([object]),
    strategy,
    untilReady: (name, reason) => untilReady(strategy, name, reason),
    pods,
    keepLog: async () => {
      const [emulator] = await pods("emulator");
      if (emulator === undefined) throw new Error("the exchange has no pod");
      linkSync(logOf(cluster, emulator), log);
    },
    audit: () => auditOf(log),
    close: async () => {
      rmSync(folder, { recursive: true, force: true });
      await cluster.close();
    },
  };
};

/** Arguments by which the release of `install` and `upgrade` has the image that the node has. */
export const chartWith = (image: string, ...values: ReadonlyArray<string>): string => {
  const [repository = "", tag = ""] = image.split(":");
  const own = [`image.repository=${repository}`, `image.tag=${tag}`, "image.pullPolicy=Never"];
  return [CHART, ...[...own, ...values].map((value) => `--set=${value}`)].join(" ");
};

const userEnv = async ({ plane }: Cluster, folder: string): Promise<Env> => {
  const programs = [(await findBinaries()).kubectl, await findHelm()].map(dirname);
  return {
    PATH: [...programs, processEnv()["PATH"] ?? ""].join(delimiter),
    HOME: folder,
    KUBECONFIG: plane.kubeconfig(),
  };
};

const shellWith =
  (env: Env) =>
  (line: string): Promise<string> =>
    new Promise((resolve, reject) => {
      const options = { env, timeout: LINE_TIMEOUT_MS };
      execFile("/bin/sh", ["-c", line], options, (error, stdout, stderr) => {
        if (error === null) return resolve(stdout);
        reject(new Error(`${line}\n${stderr === "" ? error.message : stderr}`));
      });
    });

const openLine = async (env: Env, line: string, wanted: RegExp): Promise<Opened> => {
  const variables = Object.entries(env).map(([name, value]) => `${name}=${value}`);
  const command = ["-i", ...variables, "/bin/sh", "-c", `exec ${line}`];
  const { child, ended } = spawnWatched("/usr/bin/env", command, {
    stdio: ["ignore", "pipe", "pipe"],
    cwd: "/",
  });
  const stop = async () => {
    child.ref();
    child.kill("SIGTERM");
    await ended;
  };
  let words = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding("utf8").on("data", (text: string) => (words += text));
  }
  try {
    await until(`${line} prints ${wanted}`, () => wanted.test(words));
  } catch (error) {
    await stop();
    throw new Error(`${line} has printed: ${words}`, { cause: error });
  }
  const [all, first] = wanted.exec(words) ?? [];
  return { found: first ?? all ?? "", stop };
};

const seen = z.object({
  metadata: z.object({ uid: z.string() }),
  status: liveStrategyStatus.default({}),
});

const seenIn = (json: string): Seen => {
  const { metadata, status } = seen.parse(JSON.parse(json));
  return {
    uid: metadata.uid,
    condition: (type) => status.conditions?.find((condition) => condition.type === type),
  };
};

const untilReady = async (
  strategy: ChartWorld["strategy"],
  name: string,
  reason: string,
): Promise<Condition> => {
  let ready: Condition | undefined;
  const isSo = async () => {
    ready = (await strategy(name)).condition("Ready");
    return ready?.reason === reason;
  };
  try {
    await until(`${name} is ${reason}`, isSo, STEP_TIMEOUT_MS);
  } catch (error) {
    throw new Error(`${name} is ${ready?.reason}: ${ready?.message}`, { cause: error });
  }
  if (ready === undefined) throw new Error(`${name} has no condition Ready`);
  return ready;
};

const podList = z.object({
  items: z.array(
    z.object({
      metadata: z.object({
        name: z.string(),
        uid: z.string(),
        deletionTimestamp: z.string().optional(),
      }),
      status: z.object({
        containerStatuses: z
          .array(
            z.object({
              containerID: z.string().default(""),
              ready: z.boolean(),
              restartCount: z.int(),
            }),
          )
          .default([]),
      }),
    }),
  ),
});

const podsBy =
  (kubectl: ChartWorld["kubectl"]): ChartWorld["pods"] =>
  async (component) => {
    const selector = `--selector=app.kubernetes.io/component=${component}`;
    const { items } = podList.parse(JSON.parse(await kubectl(`get pods ${selector} -o json`)));
    return items
      .filter(({ metadata }) => metadata.deletionTimestamp === undefined)
      .map(({ metadata: { name, uid }, status: { containerStatuses } }) => ({
        name,
        uid,
        containerId: containerStatuses[0]?.containerID.replace("containerd://", "") ?? "",
        restarts: containerStatuses[0]?.restartCount ?? 0,
        isReady: containerStatuses[0]?.ready ?? false,
      }));
  };

/** Where the node has the volume in which the exchange writes it. */
const logOf = ({ machine }: Cluster, { uid }: Pod): string =>
  join(
    machine.folder,
    "lib/kubelet/pods",
    uid,
    "volumes/kubernetes.io~empty-dir/state/events.jsonl",
  );

/** The last line may be half written. */
const auditOf = (log: string): AuditReport => {
  const text = readFileSync(log, "utf8");
  const parsed = parseAudit(text.slice(0, text.lastIndexOf("\n") + 1));
  if (!parsed.ok) throw new Error(parsed.error);
  return auditLog(parsed.value);
};
