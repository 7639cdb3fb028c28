/** `scalp aggregator` as a process of its own, with nothing in its environment but what it needs. */

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { z } from "zod";
import { processEnv } from "#runtime/env.ts";
import { clientOf, EXECUTOR_TOKEN, PAGE_TOKEN, scratch, type Client } from "./aggregator-world.ts";
import type { ControlPlane } from "./control-plane.ts";
import { spawnWatched } from "./watched-child.ts";

export type AggregatorProcess = {
  readonly ask: Client;
  /** SIGTERM; resolves with the exit code. */
  readonly end: () => Promise<number>;
  readonly kill: () => Promise<void>;
};

export const startAggregatorProcess = async (
  plane: ControlPlane,
  token: string,
): Promise<AggregatorProcess> => {
  const folder = scratch(plane);
  const variables = variablesIn(folder, plane.kubeconfig(token));
  const { child, pid, ended } = spawnWatched(
    "/usr/bin/env",
    ["-i", ...variables, process.execPath, "cli/main.ts", "aggregator"],
    { stdio: ["ignore", "ignore", "pipe"], cwd: process.cwd() },
  );
  child.ref();
  const exit = new Promise<number>((resolve) => {
    child.once("exit", (code) => resolve(code ?? -1));
  });
  const kill = async () => {
    child.kill("SIGKILL");
    await ended;
  };
  const url = await urlSaid(child.stderr, exit);
  if (url === undefined) throw new Error("the aggregator has ended before it listened");
  return {
    ask: clientOf(url),
    end: async () => {
      process.kill(pid, "SIGTERM");
      return exit;
    },
    kill,
  };
};

const variablesIn = (folder: string, kubeconfig: string): ReadonlyArray<string> => {
  const file = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text, { mode: 0o600 });
    return join(folder, name);
  };
  const env = {
    PATH: processEnv()["PATH"] ?? "",
    KUBECONFIG: kubeconfig,
    SCALP_WATCH_NAMESPACE: "trading",
    SCALP_STATIC_DIR: folder,
    SCALP_API_TOKEN_FILE: file("api-token", PAGE_TOKEN),
    SCALP_TOKEN_FILE: file("executor-token", EXECUTOR_TOKEN),
    SCALP_PORT: "0",
  };
  return Object.entries(env).map(([name, value]) => `${name}=${value}`);
};

const listening = z.object({ msg: z.literal("aggregator listens"), url: z.string() });

/** From its log. */
const urlSaid = async (
  stderr: NodeJS.ReadableStream | null,
  exit: Promise<number>,
): Promise<string | undefined> => {
  if (stderr === null) return undefined;
  const said = new Promise<string>((resolve) => {
    createInterface({ input: stderr }).on("line", (line) => {
      const parsed = listening.safeParse(parseJson(line));
      if (parsed.success) resolve(parsed.data.url);
    });
  });
  return Promise.race([said, exit.then(() => undefined)]);
};

const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};
