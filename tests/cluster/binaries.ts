/**
 * The programs of a control plane: those that somebody has put down for us, else those that an earlier
 * run has built, else built here from pinned Go modules (some five minutes, once a machine).
 *
 *   KUBEBUILDER_ASSETS → ${XDG_CACHE_HOME:-~/.cache}/scalp-radar/kubernetes-… → go build into that
 *
 * Without any of these it throws: a test that needs a control plane never passes for want of one.
 */

import { accessSync, constants } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { processEnv, type Env } from "#runtime/env.ts";
import { buildOnce, goBuildBinaries, moduleKey } from "./build.ts";

export const binaryNames = [
  "etcd",
  "kube-apiserver",
  "kube-controller-manager",
  "kube-scheduler",
  "kubectl",
] as const;

/** Path by name. */
export type Binaries = Readonly<Record<(typeof binaryNames)[number], string>>;

export type BinariesDeps = {
  readonly env: Env;
  readonly home: string;
  /** Makes the programs in a folder, or throws and says what to do. */
  readonly make: (into: string) => Promise<void>;
  readonly say: (line: string) => void;
};

const machine = (): BinariesDeps => ({
  env: processEnv(),
  home: homedir(),
  make: goBuildBinaries,
  say: (line) => void process.stderr.write(`${line}\n`),
});

export const findBinaries = async (
  { env, home, make, say }: BinariesDeps = machine(),
): Promise<Binaries> => {
  const assets = env["KUBEBUILDER_ASSETS"];
  if (isSet(assets)) {
    const missing = missingFrom(assets);
    if (missing.length === 0) return binariesIn(assets);
    say(`KUBEBUILDER_ASSETS=${assets} lacks ${missing.join(", ")}: looks on`);
  }
  const folder = join(cacheFolder({ env, home }), moduleKey());
  await buildOnce({ folder, make, isThere: () => missingFrom(folder).length === 0 });
  return binariesIn(folder);
};

/** Where what was built once a machine is kept. */
export const cacheFolder = ({ env, home }: Pick<BinariesDeps, "env" | "home">): string => {
  const cacheHome = env["XDG_CACHE_HOME"];
  return join(isSet(cacheHome) ? cacheHome : join(home, ".cache"), "scalp-radar");
};

const isSet = (value: string | undefined): value is string => value !== undefined && value !== "";

const missingFrom = (folder: string): ReadonlyArray<string> =>
  binaryNames.filter((name) => !isExecutable(join(folder, name)));

export const isExecutable = (path: string): boolean => {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
};

const binariesIn = (folder: string): Binaries => ({
  etcd: join(folder, "etcd"),
  "kube-apiserver": join(folder, "kube-apiserver"),
  "kube-controller-manager": join(folder, "kube-controller-manager"),
  "kube-scheduler": join(folder, "kube-scheduler"),
  kubectl: join(folder, "kubectl"),
});
