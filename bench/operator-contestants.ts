/**
 * Who is measured: our operator, and two minimal ones that make the same four children.
 *
 * The peers' sources lie outside of this project (`PEERS_DIR`, default ../shared/peers/operators): one
 * in Go on controller-runtime, one in Python on kopf. They are built into the cache, by the hash of
 * their sources, and run as their authors would run them.
 */

import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { processEnv, type Env } from "#runtime/env.ts";

export type Contestant = {
  readonly name: string;
  /** The collection of what it reconciles, in one namespace. */
  readonly collection: (namespace: string) => string;
  readonly manifest: (namespace: string, name: string) => unknown;
  readonly start: (world: ContestantWorld) => ChildProcess;
  /** It makes some a second, so it is given fewer. */
  readonly isSlow: boolean;
};

export type ContestantWorld = {
  readonly kubeconfig: string;
  readonly namespace: string;
  readonly tokenFile: string;
};

const ROOT = dirname(import.meta.dirname);

const ours: Contestant = {
  name: "scalp operator",
  isSlow: false,
  collection: (namespace) => `/apis/scalpradar.io/v1alpha1/namespaces/${namespace}/livestrategies`,
  manifest: (namespace, name) => ({
    apiVersion: "scalpradar.io/v1alpha1",
    kind: "LiveStrategy",
    metadata: { name, namespace },
    spec: {
      liveEligible: true,
      strategy: { kind: "grid_atr", gridAtr: {} },
      timeframe: "1h",
      leverage: 5,
      assets: [{ symbol: "BTC/USDT:USDT" }],
      exchange: { id: "bitget", environment: "Emulator" },
    },
  }),
  start: ({ kubeconfig, namespace, tokenFile }) =>
    run(process.execPath, [join(ROOT, "dist/scalp/scalp.js"), "operator"], {
      KUBECONFIG: kubeconfig,
      SCALP_NAMESPACE: namespace,
      SCALP_WATCH_NAMESPACE: "*",
      SCALP_TOKEN_FILE: tokenFile,
      SCALP_EXECUTOR_IMAGE: "localhost/executor:1",
      SCALP_EMULATOR_URL: "http://emulator:8099",
      SCALP_PORT: "0",
      SCALP_LOG_LEVEL: "warn",
      // As in the image.
      NODE_OPTIONS: "--max-semi-space-size=1 --max-old-space-size=400",
      MALLOC_ARENA_MAX: "1",
    }),
};

const peerCollection = (namespace: string) =>
  `/apis/bench.example.com/v1/namespaces/${namespace}/benchstrategies`;

const peerManifest = (namespace: string, name: string) => ({
  apiVersion: "bench.example.com/v1",
  kind: "BenchStrategy",
  metadata: { name, namespace },
  spec: { strategy: "grid_atr", leverage: 5, symbol: "BTC/USDT:USDT" },
});

const controllerRuntime = (): Contestant => {
  const binary = buildGoPeer();
  return {
    name: "controller-runtime",
    isSlow: false,
    collection: peerCollection,
    manifest: peerManifest,
    start: ({ kubeconfig }) => run(binary, [], { KUBECONFIG: kubeconfig }),
  };
};

const kopf = (): Contestant => {
  const python = installPythonPeer();
  return {
    name: "kopf",
    isSlow: true,
    collection: peerCollection,
    manifest: peerManifest,
    start: ({ kubeconfig, namespace }) =>
      run(
        join(python, "bin/kopf"),
        ["run", "-q", "-n", namespace, "--standalone", join(peersFolder(), "kopf/peer.py")],
        { KUBECONFIG: kubeconfig },
      ),
  };
};

export const contestants = (): ReadonlyArray<Contestant> => [ours, controllerRuntime(), kopf()];

export const onlyOurs = (): ReadonlyArray<Contestant> => [ours];

const run = (program: string, args: ReadonlyArray<string>, env: Env): ChildProcess => {
  const child = spawn(program, args, {
    env: { ...processEnv(), ...env },
    stdio: ["ignore", "ignore", "inherit"],
  });
  process.once("exit", () => child.kill("SIGKILL"));
  return child;
};

const peersFolder = (): string => {
  const folder = processEnv()["PEERS_DIR"] ?? join(ROOT, "../shared/peers/operators");
  if (existsSync(folder)) return folder;
  throw new Error(`${folder} is not there: set PEERS_DIR to the peers' sources`);
};

const cacheFor = (name: string, files: ReadonlyArray<string>): string => {
  const hash = createHash("sha256");
  for (const file of files) hash.update(readFileSync(file));
  const cache = processEnv()["XDG_CACHE_HOME"] ?? join(homedir(), ".cache");
  return join(cache, "scalp-radar", `${name}-${hash.digest("hex").slice(0, 12)}`);
};

const buildGoPeer = (): string => {
  const source = join(peersFolder(), "controller-runtime");
  const files = ["go.mod", "go.sum", "main.go"].map((file) => join(source, file));
  const folder = cacheFor("peer-controller-runtime", files);
  const binary = join(folder, "peer");
  if (existsSync(binary)) return binary;
  mkdirSync(folder, { recursive: true });
  must("go", ["build", "-trimpath", "-ldflags=-s -w", "-o", binary, "."], {
    cwd: source,
    env: { CGO_ENABLED: "0" },
  });
  return binary;
};

const installPythonPeer = (): string => {
  const requirements = join(peersFolder(), "kopf/requirements.txt");
  const folder = cacheFor("peer-kopf", [requirements]);
  const mark = join(folder, "installed");
  if (existsSync(mark)) return folder;
  must("python3", ["-m", "venv", folder], { cwd: ROOT, env: {} });
  must(join(folder, "bin/pip"), ["install", "-q", "-r", requirements], { cwd: ROOT, env: {} });
  writeFileSync(mark, "");
  return folder;
};

const must = (
  program: string,
  args: ReadonlyArray<string>,
  { cwd, env }: { readonly cwd: string; readonly env: Env },
): void => {
  const ended = spawnSync(program, args, {
    cwd,
    env: { ...processEnv(), ...env },
    stdio: ["ignore", "inherit", "inherit"],
  });
  if (ended.status !== 0) throw new Error(`${program} ${args.join(" ")}: ended ${ended.status}`);
};
