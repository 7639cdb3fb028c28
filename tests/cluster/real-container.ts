/**
 * The real executor in the stand-in node's pods: the process that the pod asks for, with the pod's
 * environment, and with folders where the pod mounts volumes.
 *
 * A claim is a folder that outlives its pods. A ConfigMap is there as it is when the container starts;
 * Secrets are looked at again every second, and a set of them is swapped at once by a link, as the
 * kubelet does both. Mount paths of the pod are paths of the node's folder here, since there is no
 * container that could have a root of its own; for the same reason the process listens on the pod's
 * address and not on all.
 */

import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { sleep } from "#base/clock.ts";
import { err, ok, type Result } from "#base/result.ts";
import { systemClock } from "#runtime/clock.ts";
import { processEnv, type Env } from "#runtime/env.ts";
import type { ControlPlane } from "./control-plane.ts";
import type { Container, Runtime } from "./node.ts";
import type { Exit, Pod } from "./pods.ts";
import { spawnWatched } from "./watched-child.ts";

export type RealRuntimeOptions = {
  /** Of every process beside what its pod says: a session's clock. */
  readonly env: Env;
};

type Volume = Pod["spec"]["volumes"][number];
type Files = Readonly<Record<string, string>>;

const SYNC_MS = 1_000;
const MESSAGE_LENGTH = 2_000;

export const createRealRuntime = (
  plane: Pick<ControlPlane, "call" | "folder">,
  { env }: RealRuntimeOptions,
): Runtime => ({
  start: async (one, address) => {
    const root = join(plane.folder, "pods", one.metadata.uid);
    const folders = new Map<string, string>();
    for (const volume of one.spec.volumes) {
      const made = await mount(plane, one, { volume, root });
      if (!made.ok) return made;
      folders.set(volume.name, made.value);
    }
    return ok(run(plane, one, { root, folders, address, env }));
  },
});

type Mounting = { readonly volume: Volume; readonly root: string };

/** The folder that stands for a volume of the pod; an error where a Secret is missing. */
const mount = async (
  plane: Pick<ControlPlane, "call" | "folder">,
  { metadata: { namespace } }: Pod,
  { volume, root }: Mounting,
): Promise<Result<string, string>> => {
  const { persistentVolumeClaim: claim, configMap, projected } = volume;
  const folder =
    claim === undefined
      ? join(root, volume.name)
      : join(plane.folder, "claims", namespace, claim.claimName);
  mkdirSync(folder, { recursive: true });
  if (configMap !== undefined) {
    const { data } = await read(plane, namespace, `configmaps/${configMap.name}`);
    if (data === undefined) return err(`configmap "${configMap.name}" not found`);
    project(folder, data);
  }
  for (const { secret } of projected?.sources ?? []) {
    const { data } = await read(plane, namespace, `secrets/${secret.name}`);
    if (data === undefined && !secret.optional) return err(`secret "${secret.name}" not found`);
    project(folder, decoded(data ?? {}));
  }
  return ok(folder);
};

const content = z.object({ data: z.record(z.string(), z.string()).optional() });

const read = async ({ call }: Pick<ControlPlane, "call">, namespace: string, path: string) => {
  const { status, body } = await call("GET", `/api/v1/namespaces/${namespace}/${path}`);
  return status === 200 ? { data: content.parse(body).data ?? {} } : { data: undefined };
};

const decoded = (data: Files): Files =>
  Object.fromEntries(
    Object.entries(data).map(([name, value]) => [name, Buffer.from(value, "base64").toString()]),
  );

/** Files are links into a folder that is a link: replacing that one replaces all of them. */
const project = (folder: string, files: Files): void => {
  const current = join(folder, "..data");
  const isSame = Object.entries(files).every(([name, text]) => {
    const path = join(current, name);
    return existsSync(path) && readFileSync(path, "utf8") === text;
  });
  if (isSame) return;
  const version = `..${systemClock.elapsed()}`;
  mkdirSync(join(folder, version));
  for (const [name, text] of Object.entries(files)) {
    writeFileSync(join(folder, version, name), text, { mode: 0o440 });
    const link = join(folder, name);
    if (!existsSync(link)) symlinkSync(join("..data", name), link);
  }
  symlinkSync(version, join(folder, "..data_tmp"));
  renameSync(join(folder, "..data_tmp"), current);
};

type Place = {
  readonly root: string;
  /** By the name of the volume. */
  readonly folders: ReadonlyMap<string, string>;
  readonly address: string;
  readonly env: Env;
};

const run = (plane: Pick<ControlPlane, "call" | "folder">, one: Pod, place: Place): Container => {
  const [container] = one.spec.containers;
  const logPath = join(place.root, "container.log");
  const log = openSync(logPath, "a");
  const { child, pid, ended } = spawnWatched(
    "/usr/bin/env",
    ["-i", ...variablesOf(one, place), process.execPath, "cli/main.ts", ...container.args],
    { stdio: ["ignore", log, log], cwd: process.cwd() },
  );
  closeSync(log);
  const over = new AbortController();
  const exit = new Promise<Exit>((resolve) => {
    child.once("exit", (code) => resolve({ code: code ?? 137, message: tail(logPath) }));
  }).finally(() => over.abort());
  void keepSecrets(plane, one, { place, signal: over.signal });
  return {
    ended: ended.then(() => exit),
    isReady: () => isReady(place.address),
    terminate: () => void process.kill(pid, "SIGTERM"),
    kill: () => {
      child.ref();
      child.kill("SIGKILL");
    },
  };
};

const variablesOf = (one: Pod, { folders, address, env }: Place): ReadonlyArray<string> => {
  const [{ env: own, volumeMounts }] = one.spec.containers;
  const { PATH = "", HOME = "" } = processEnv();
  const mapped = own.map(({ name, value }): readonly [string, string] => {
    const mounted = volumeMounts.find(({ mountPath }) => `${value}/`.startsWith(`${mountPath}/`));
    const folder = folders.get(mounted?.name ?? "");
    if (mounted === undefined || folder === undefined) return [name, value];
    return [name, folder + value.slice(mounted.mountPath.length)];
  });
  const all: Env = { PATH, HOME, ...env, ...Object.fromEntries(mapped), SCALP_HOST: address };
  return Object.entries(all).map(([name, value]) => `${name}=${value}`);
};

const keepSecrets = async (
  plane: Pick<ControlPlane, "call" | "folder">,
  one: Pod,
  { place, signal }: { readonly place: Place; readonly signal: AbortSignal },
): Promise<void> => {
  for (;;) {
    await sleep(systemClock, SYNC_MS, signal);
    if (signal.aborted) return;
    for (const volume of one.spec.volumes) {
      if (volume.projected !== undefined) await mount(plane, one, { volume, root: place.root });
    }
  }
};

const isReady = async (address: string): Promise<boolean> => {
  try {
    return (await fetch(`http://${address}:8080/readyz`)).ok;
  } catch {
    return false;
  }
};

/** What a kubelet takes for last words: the end of what was said. */
const tail = (path: string): string => readFileSync(path, "utf8").slice(-MESSAGE_LENGTH).trim();
