/**
 * Helm, and the chart rendered or installed by it: the one that somebody has put down for us, else one
 * that is on the machine, else one that is built from a pinned Go module, once a machine.
 *
 *   HELM_BINARY → helm ≥ 3.14 on the PATH → ${XDG_CACHE_HOME:-~/.cache}/scalp-radar/helm-… → go build
 *
 * Without any of these it throws: no test of the chart passes for want of Helm.
 */

import { spawnSync } from "node:child_process";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";
import { processEnv, type Env } from "#runtime/env.ts";
import { cacheFolder, isExecutable } from "./binaries.ts";
import { buildOnce, digestOf, goBuild, pinned, requireGo } from "./build.ts";

const helmModule = join(import.meta.dirname, "go", "helm");
const HELM = "helm.sh/helm/v4";

/** `lookup` in hooks, `fromYamlArray` and the flags that the tests use. */
const OLDEST = [3, 14] as const;

export type HelmDeps = {
  readonly env: Env;
  readonly home: string;
  /** Makes the program in a folder, or throws and says what to do. */
  readonly make: (into: string) => Promise<void>;
};

export const helmKey = (): string => `helm-${pinned(helmModule, HELM)}-${digestOf([helmModule])}`;

const goBuildHelm = async (into: string): Promise<void> => {
  requireGo(
    `There is no Helm for the tests, and no Go to build it with. Install Helm ${OLDEST.join(".")} or ` +
      `later or Go 1.26 or later, or set HELM_BINARY to the path of Helm.`,
  );
  process.stderr.write("building Helm for the tests (some minutes) ...\n");
  const version = `-X ${HELM}/internal/version.version=${pinned(helmModule, HELM)}`;
  await goBuild(helmModule, [
    `-ldflags=-s -w ${version}`,
    `-o=${join(into, "helm")}`,
    `${HELM}/cmd/helm`,
  ]);
};

const machine = (): HelmDeps => ({ env: processEnv(), home: homedir(), make: goBuildHelm });

/** Path of the program. */
export const findHelm = async ({ env, home, make }: HelmDeps = machine()): Promise<string> => {
  const given = env["HELM_BINARY"] ?? "";
  if (given !== "") {
    if (isExecutable(given)) return given;
    throw new Error(`HELM_BINARY=${given} is no program`);
  }
  const installed = onPath(env["PATH"] ?? "");
  if (installed !== undefined) return installed;
  const folder = join(cacheFolder({ env, home }), helmKey());
  const path = join(folder, "helm");
  await buildOnce({ folder, make, isThere: () => isExecutable(path) });
  return path;
};

const onPath = (path: string): string | undefined =>
  path
    .split(delimiter)
    .filter((folder) => folder !== "")
    .map((folder) => join(folder, "helm"))
    .find((program) => isExecutable(program) && isRecent(program));

const isRecent = (program: string): boolean => {
  const { stdout } = spawnSync(program, ["version", "--template={{.Version}}"], {
    encoding: "utf8",
  });
  const [, major = "0", minor = "0"] = /^v(\d+)\.(\d+)/.exec(stdout) ?? [];
  return Number(major) > OLDEST[0] || (Number(major) === OLDEST[0] && Number(minor) >= OLDEST[1]);
};

export type HelmAnswer = {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
};

export type HelmOptions = {
  /** Of the cluster; a chart is rendered without one. */
  readonly kubeconfig?: string;
  /** Values, as the user's file would have them. */
  readonly values?: object;
};

export type Helm = (args: ReadonlyArray<string>, options?: HelmOptions) => HelmAnswer;

const TIMEOUT_MS = 180_000;

/** Everything that Helm writes of its own goes into the folder. */
export const helmRunner =
  (program: string, folder: string): Helm =>
  (args, { kubeconfig = "/dev/null", values } = {}) => {
    const given = values === undefined ? [] : ["--values=-"];
    const { PATH = "" } = processEnv();
    const { status, stdout, stderr, error } = spawnSync(program, [...args, ...given], {
      encoding: "utf8",
      input: values === undefined ? "" : JSON.stringify(values),
      env: {
        PATH,
        HOME: folder,
        KUBECONFIG: kubeconfig,
        HELM_CACHE_HOME: join(folder, "helm-cache"),
        HELM_CONFIG_HOME: join(folder, "helm-config"),
        HELM_DATA_HOME: join(folder, "helm-data"),
      },
      timeout: TIMEOUT_MS,
      maxBuffer: 64 * 1024 * 1024,
    });
    if (error !== undefined) throw error;
    return { code: status ?? -1, stdout, stderr };
  };
