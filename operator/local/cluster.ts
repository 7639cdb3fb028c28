/**
 * The cluster of one machine: manifests in a folder, objects in another, executors as processes.
 *
 *     STATE/cluster/livestrategies/   the objects, as an API server would store them
 *     STATE/cluster/patches/          resets that were asked for through the aggregator
 *     STATE/cluster/manifests.json    what each file said last without a problem
 *     STATE/executors/NAME-UID/       an executor's memory, its specification, and its log
 *
 * Everything is a level: the folders are looked at again and again, and whoever starts again finds
 * what there is. Folders of executors are never removed.
 */

import { randomUUID } from "node:crypto";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import type { Clock } from "#base/clock.ts";
import { err, ok, type Result } from "#base/result.ts";
import type { ExecutorSpec } from "#crds/executor-spec.ts";
import type { FleetConfig } from "#crds/fleet.ts";
import { checkLiveStrategy } from "#crds/live-strategy-check.ts";
import {
  liveStrategyManifest,
  type LiveStrategy,
  type LiveStrategyManifest,
} from "#crds/live-strategy.ts";
import type { Env } from "#runtime/env.ts";
import { replaceFile } from "#runtime/files.ts";
import { openObjectStore, type ObjectStore } from "#runtime/object-store.ts";
import { keyText, type Cluster, type StrategyEvent } from "../cluster.ts";
import { FINALIZER } from "../observed.ts";
import { loadManifests, type LoadedManifests } from "./manifests.ts";
import { syncObjects, type Resets } from "./objects.ts";
import type { ChildCommand, Supervisor } from "./supervisor.ts";

export type LocalClusterDeps = {
  readonly clock: Clock;
  readonly supervisor: Supervisor;
  readonly fleet: FleetConfig;
  /** Program and arguments that run an executor. */
  readonly command: readonly [string, ...string[]];
  /** Everything that one executor needs in its environment, keys included; nobody else's. */
  readonly environmentOf: (strategy: LiveStrategy) => Env;
  readonly accountOf: (strategyName: string) => string;
  /** Every strategy trades there, whatever its manifest says: the session has no other exchange. */
  readonly environment?: "Emulator";
  readonly onEvent: (strategy: LiveStrategy, event: StrategyEvent) => void;
};

export type LocalFolders = { readonly manifests: string; readonly state: string };

export type LocalCluster = Cluster & {
  /** Reads the manifests again if a file has changed, and brings the objects up to date. */
  readonly sync: () => LoadedManifests;
};

export const openLocalCluster = (
  deps: LocalClusterDeps,
  folders: LocalFolders,
): Result<LocalCluster, string> => {
  const path = join(folders.state, "cluster", "livestrategies");
  const objects = openObjectStore(path);
  const stored = readObjects(path, objects.list());
  return stored.ok ? ok(createCluster(deps, folders, objects, stored.value)) : stored;
};

const createCluster = (
  deps: LocalClusterDeps,
  folders: LocalFolders,
  objects: ObjectStore,
  stored: ReadonlyArray<LiveStrategy>,
): LocalCluster => {
  const patches = openObjectStore(join(folders.state, "cluster", "patches"));
  const source = createManifestSource(deps, folders);
  let current = stored;
  const put = (object: LiveStrategy): void => {
    objects.put(object.metadata, object);
    current = current.map((one) => (isSame(one, object) ? object : one));
  };
  const change = (strategy: LiveStrategy, to: (object: LiveStrategy) => LiveStrategy) => {
    const object = current.find((one) => isSame(one, strategy));
    if (object !== undefined) put(to(object));
    return Promise.resolve();
  };
  return {
    sync: () => {
      const loaded = source.read(current);
      const manifests = loaded.manifests.map((manifest) => placed(manifest, deps.environment));
      const next = syncObjects(current, manifests, {
        resets: resetsIn(patches.list()),
        now: deps.clock.now(),
        newUid: randomUUID,
      });
      for (const gone of current.filter((one) => !next.some((other) => isSame(one, other)))) {
        objects.remove(gone.metadata);
        patches.remove(gone.metadata);
      }
      for (const object of next.filter((one) => !current.includes(one))) {
        objects.put(object.metadata, object);
      }
      current = next;
      return loaded;
    },
    strategies: () => current,
    strategiesOn: (accountUid) =>
      current.filter(({ status }) => status?.account?.uid === accountUid),
    strategy: (key) => current.find(({ metadata }) => keyText(metadata) === key),
    workload: ({ metadata }) => {
      const child = deps.supervisor.workload(metadata.uid);
      return child === undefined ? undefined : { ...child, address: child.url, drift: [] };
    },
    hasRemains: () => false,
    // Nobody but us starts processes here.
    obstacle: () => undefined,
    prepareWorkload: () => Promise.resolve(),
    applyWorkload: (strategy, spec) => {
      deps.supervisor.start(strategy.metadata.uid, prepare(deps, folders.state, strategy, spec));
      return Promise.resolve();
    },
    // Not awaited: an executor takes its time to withdraw, and other strategies must not wait.
    stopWorkload: ({ metadata }) => {
      void deps.supervisor.stop(metadata.uid);
      return Promise.resolve();
    },
    setFinalizer: (strategy, wanted) =>
      change(strategy, (object) => ({
        ...object,
        metadata: { ...object.metadata, finalizers: wanted ? [FINALIZER] : [] },
      })),
    writeStatus: (strategy, status) => change(strategy, (object) => ({ ...object, status })),
    recordEvent: deps.onEvent,
  };
};

const placed = (
  manifest: LiveStrategyManifest,
  environment: LocalClusterDeps["environment"],
): LiveStrategyManifest => {
  if (environment === undefined) return manifest;
  const { spec } = manifest;
  return { ...manifest, spec: { ...spec, exchange: { ...spec.exchange, environment } } };
};

const isSame = (a: LiveStrategy, b: LiveStrategy): boolean => a.metadata.uid === b.metadata.uid;

/** Strategies that were stored and are not understood may hold positions: better not to begin. */
const readObjects = (
  path: string,
  stored: ReadonlyArray<unknown>,
): Result<ReadonlyArray<LiveStrategy>, string> => {
  const checked = stored.map(checkLiveStrategy);
  const problems = checked.flatMap((one) => (one.ok ? [] : one.error.map(({ words }) => words)));
  return problems.length === 0
    ? ok(checked.flatMap((one) => (one.ok ? [one.value] : [])))
    : err(
        `${path}: a stored strategy is not understood: ${problems.join("; ")}. Run the version that wrote it, or move the folder away.`,
      );
};

type ManifestSource = { readonly read: (current: ReadonlyArray<LiveStrategy>) => LoadedManifests };

/** Reads the folder again when a file of it has changed, and remembers each file's last good word. */
const createManifestSource = (deps: LocalClusterDeps, folders: LocalFolders): ManifestSource => {
  const memoryPath = join(folders.state, "cluster", "manifests.json");
  let loaded = readMemory(memoryPath);
  let seen: string | undefined;
  return {
    read: (current) => {
      const signature = signatureOf(folders.manifests);
      if (loaded !== undefined && signature === seen) return loaded;
      const stored = (name: string, namespace: string) =>
        current.find(({ metadata }) => metadata.name === name && metadata.namespace === namespace);
      const { fleet, accountOf } = deps;
      loaded = loadManifests({ fleet, accountOf, previous: loaded, stored }, folders.manifests);
      replaceFile(memoryPath, JSON.stringify(loaded));
      seen = signature;
      return loaded;
    },
  };
};

/** Names, sizes and times of the folder's files: equal while nobody has saved anything. */
const signatureOf = (folder: string): string =>
  existsSync(folder)
    ? readdirSync(folder)
        .toSorted()
        .map((name) => {
          const { mtimeMs, size } = statSync(join(folder, name), { throwIfNoEntry: false }) ?? {};
          return `${name} ${mtimeMs} ${size}`;
        })
        .join("\n")
    : "";

/** Our own file; one that is not there, or not whole, remembers nothing. */
const readMemory = (path: string): LoadedManifests | undefined => {
  if (!existsSync(path)) return undefined;
  const parsed = memory.safeParse(parseJson(readFileSync(path, "utf8")));
  return parsed.success ? parsed.data : undefined;
};

const lines = z.array(z.string());
const memory = z.object({
  files: z.array(
    z.object({ path: z.string(), problems: lines, manifests: z.array(liveStrategyManifest) }),
  ),
  problems: lines,
  warnings: lines,
  manifests: z.array(liveStrategyManifest),
});

const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

const patch = z.object({
  metadata: z.object({ namespace: z.string(), name: z.string() }),
  spec: z.object({ killSwitch: z.object({ resetAt: z.string() }) }),
});

const resetsIn = (stored: ReadonlyArray<unknown>): Resets =>
  new Map(
    stored.flatMap((value) => {
      const parsed = patch.safeParse(value);
      return parsed.success
        ? [[keyText(parsed.data.metadata), parsed.data.spec.killSwitch.resetAt] as const]
        : [];
    }),
  );

/** Writes the executor's specification down and says how to run it. */
const prepare = (
  { command, environmentOf }: LocalClusterDeps,
  state: string,
  strategy: LiveStrategy,
  spec: ExecutorSpec,
): ChildCommand => {
  const { name, uid } = strategy.metadata;
  const folder = join(state, "executors", `${name}-${uid.slice(0, 8)}`);
  const specPath = join(folder, "spec.json");
  replaceFile(specPath, `${JSON.stringify(spec, undefined, 2)}\n`);
  return {
    argv: command,
    logPath: join(folder, "executor.log"),
    env: {
      ...environmentOf(strategy),
      SCALP_SPEC_FILE: specPath,
      SCALP_STATE_DIR: join(folder, "memory"),
    },
  };
};
