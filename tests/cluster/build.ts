/**
 * Builds the control plane's programs from the two pinned Go modules in `go/`, once for all processes
 * of the machine: the first one builds under a lock, the others wait for what it makes.
 *
 * The programs appear in the cache all at once, by a rename, so that a build that was killed leaves
 * nothing that looks complete.
 */

import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { sleep } from "#base/clock.ts";
import { systemClock } from "#runtime/clock.ts";
import { lockFolder } from "#runtime/lock.ts";
import { spawnWatched } from "./watched-child.ts";

const modules = join(import.meta.dirname, "go");
const kubernetesModule = join(modules, "kubernetes");
const etcdModule = join(modules, "etcd");

const BUILD_TIMEOUT_MS = 45 * 60_000;
const LOCK_POLL_MS = 250;

/** Names what is built: another pin, another folder. */
export const moduleKey = (): string =>
  `kubernetes-${kubernetesVersion()}-etcd-${etcdVersion()}-${digestOf([kubernetesModule, etcdModule])}`;

/** Of the pins of some modules. */
export const digestOf = (folders: ReadonlyArray<string>): string => {
  const files = folders.flatMap((folder) =>
    ["go.mod", "go.sum"].map((file) => readFileSync(join(folder, file))),
  );
  return createHash("sha256").update(Buffer.concat(files)).digest("hex").slice(0, 12);
};

const kubernetesVersion = (): string => pinned(kubernetesModule, "k8s.io/kubernetes");
const etcdVersion = (): string => pinned(etcdModule, "go.etcd.io/etcd/server/v3");

/** As `go.mod` requires it, `v1.36.3`. */
export const pinned = (folder: string, name: string): string => {
  const line = new RegExp(`^\\s*(?:require )?${name} (v\\S+)`, "m");
  const [, version] = line.exec(readFileSync(join(folder, "go.mod"), "utf8")) ?? [];
  if (version === undefined) throw new Error(`${folder}/go.mod does not require ${name}`);
  return version;
};

export type Build = {
  /** Where the programs are to appear. */
  readonly folder: string;
  readonly isThere: () => boolean;
  /** Makes them in a folder that is empty. */
  readonly make: (into: string) => Promise<void>;
};

/** Beside the cache, so that what is made there can be renamed into it. */
export const workshopOf = (folder: string): string => join(dirname(folder), "building");

/** Whoever of several processes comes second waits for the first. */
export const buildOnce = async (build: Build): Promise<void> => {
  const workshop = workshopOf(build.folder);
  const deadline = systemClock.elapsed() + BUILD_TIMEOUT_MS;
  while (!build.isThere()) {
    const lock = await lockFolder("build folder", workshop);
    if (lock.ok) {
      try {
        return await buildLocked(build, workshop);
      } finally {
        await lock.value.release();
      }
    }
    if (systemClock.elapsed() > deadline) throw new Error(lock.error);
    await sleep(systemClock, LOCK_POLL_MS);
  }
};

/** What a killed build has left is thrown away. */
const buildLocked = async ({ folder, isThere, make }: Build, workshop: string): Promise<void> => {
  if (isThere()) return;
  const made = join(workshop, "bin");
  rmSync(made, { recursive: true, force: true });
  mkdirSync(made);
  await make(made);
  rmSync(folder, { recursive: true, force: true });
  renameSync(made, folder);
  if (!isThere()) throw new Error(`${folder} is incomplete after its build`);
};

/** Needs Go, and the module proxy for what Go does not have yet. */
export const goBuildBinaries = async (into: string): Promise<void> => {
  requireGo(
    `There is no Kubernetes control plane for the tests, and no Go to build it with. Install Go 1.26 ` +
      `or later, or set KUBEBUILDER_ASSETS to a folder with the programs of Kubernetes ` +
      `${kubernetesVersion()} and of etcd ${etcdVersion()}.`,
  );
  process.stderr.write("building a Kubernetes control plane for the tests (some minutes) ...\n");
  const version = `-X k8s.io/component-base/version.gitVersion=${kubernetesVersion()}`;
  const commands = ["kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubectl"];
  await goBuild(kubernetesModule, [
    `-ldflags=-s -w ${version}`,
    `-o=${into}/`,
    ...commands.map((name) => `k8s.io/kubernetes/cmd/${name}`),
  ]);
  await goBuild(etcdModule, [
    "-ldflags=-s -w",
    `-o=${join(into, "etcd")}`,
    "go.etcd.io/etcd/server/v3",
  ]);
};

/** `otherwise` says what to do on a machine without it. */
export const requireGo = (otherwise: string): void => {
  const go = spawnSync("env", ["go", "version"]);
  if (go.status !== 0) throw new Error(otherwise);
};

/** Its words go to stderr: the module proxy may be slow, and then it says what it waits for. */
export const goBuild = async (cwd: string, args: ReadonlyArray<string>): Promise<void> => {
  const command = ["CGO_ENABLED=0", "go", "build", "-trimpath", "-buildvcs=false", ...args];
  const { child, ended } = spawnWatched("env", command, {
    stdio: ["ignore", process.stderr, process.stderr],
    cwd,
  });
  child.ref();
  await ended;
  if (child.exitCode !== 0) throw new Error(`go build in ${cwd} ended with ${child.exitCode}`);
};
