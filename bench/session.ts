/**
 * `scalp up` as a child process, from the sources or from the bundle, and what it says.
 *
 * Benchmarks measure the program as it is run, from outside: no hook, no shortcut.
 */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { z } from "zod";
import { sleep } from "#base/clock.ts";
import { systemClock } from "#runtime/clock.ts";
import { processEnv } from "#runtime/env.ts";

export type Program = "sources" | "bundle";

export type SessionEvent = z.infer<typeof sessionEvent>;

export type Session = {
  readonly pid: number;
  /** Milliseconds since the process was asked for. */
  readonly since: () => number;
  /** The first event, past or to come, that fits; ends the benchmark when there is none in time. */
  readonly until: (fits: (event: SessionEvent) => boolean) => Promise<SessionEvent>;
  /** Ctrl-C, and until everything has ended. */
  readonly end: () => Promise<void>;
};

const strategy = z.object({
  name: z.string(),
  reason: z.string(),
  executorUrl: z.string().nullable(),
  summary: z.record(z.string(), z.string()),
});

const sessionEvent = z.object({
  event: z.string(),
  state: z.string().optional(),
  strategies: z.array(strategy).default([]),
});

const ROOT = dirname(import.meta.dirname);
const ENTRIES = {
  sources: join(ROOT, "cli", "main.ts"),
  bundle: join(ROOT, "dist", "scalp", "scalp.js"),
};
const UNTIL_MAX_MS = 60_000;
const POLL_MS = 5;

export const newHome = (): string => mkdtempSync(join(tmpdir(), "scalp-bench-"));

export const startSession = (
  program: Program,
  home: string,
  flags: ReadonlyArray<string> = [],
): Session => {
  if (!existsSync(ENTRIES[program])) throw new Error("there is no bundle: run node build.js first");
  const startedAt = systemClock.elapsed();
  const args = ["up", "--home", home, "--port", "0", "-o", "json", ...flags];
  const child = spawn(process.execPath, [ENTRIES[program], ...args], {
    // Somewhere without a folder of strategies, so that the demo's are run.
    cwd: home,
    env: processEnv(),
    stdio: ["ignore", "pipe", "ignore"],
  });
  const events: SessionEvent[] = [];
  createInterface({ input: child.stdout }).on("line", (line) => {
    events.push(sessionEvent.parse(JSON.parse(line)));
  });
  const exited = once(child, "exit");
  // A benchmark that fails must not leave a session behind.
  process.once("exit", () => child.kill("SIGINT"));
  return {
    pid: child.pid ?? 0,
    since: () => systemClock.elapsed() - startedAt,
    until: async (fits) => {
      const until = systemClock.elapsed() + UNTIL_MAX_MS;
      while (systemClock.elapsed() < until && child.exitCode === null) {
        const found = events.find(fits);
        if (found !== undefined) return found;
        await sleep(systemClock, POLL_MS);
      }
      child.kill("SIGINT");
      throw new Error(`the session did not say what was waited for; its home is ${home}`);
    },
    end: async () => {
      child.kill("SIGINT");
      await exited;
    },
  };
};

/** The one executor of the demo, once it answers. */
export const findExecutor = async (session: Session) => {
  const ready = await session.until(({ event }) => event === "ready");
  const answered = await session.until(({ strategies }) => strategies.some(isAnswering));
  const url = answered.strategies.find(isAnswering)?.executorUrl ?? "";
  const token = readFileSync(join(ready.state ?? "", "secrets", "executor-token"), "utf8").trim();
  return { url, token, pid: childOf(session.pid, "executor") };
};

/** The position is in the summary once the executor has told it. */
export const isAnswering = ({ summary }: z.infer<typeof strategy>): boolean =>
  summary["position"] !== undefined;

const childOf = (parent: number, subcommand: string): number => {
  const pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  const isChild = (pid: string) =>
    readProc(pid, "status").includes(`\nPPid:\t${parent}\n`) &&
    readProc(pid, "cmdline").split("\0").includes(subcommand);
  const found = pids.find(isChild);
  if (found === undefined) throw new Error(`no ${subcommand} runs below process ${parent}`);
  return Number(found);
};

/** Empty for a process that has just ended. */
export const readProc = (pid: number | string, file: string): string => {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "utf8");
  } catch {
    return "";
  }
};

/** Values of the samples whose names, labels included, begin so. */
export const readMetrics = async (
  { url, token }: { readonly url: string; readonly token: string },
  prefix: string,
): Promise<ReadonlyArray<readonly [name: string, value: number]>> => {
  const response = await fetch(`${url}/metrics`, { headers: { authorization: `Bearer ${token}` } });
  const text = await response.text();
  return text
    .split("\n")
    .filter((line) => line.startsWith(prefix))
    .map((line) => [line.slice(0, line.lastIndexOf(" ")), Number(line.split(" ").at(-1))] as const);
};
