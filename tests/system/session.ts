/** A whole session of `scalp up` in processes of its own, and what a test asks of it. */

import { afterAll } from "@jest/globals";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { globSync, mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { auditLog } from "#exchange/emulator/audit.ts";
import { parseAudit, type AuditEvent } from "#exchange/emulator/audit-events.ts";
import { processEnv, type Env } from "#runtime/env.ts";

const upEvent = z.looseObject({ event: z.string() });
export type UpEvent = z.infer<typeof upEvent>;

export type Run = {
  readonly pid: number;
  /** What was printed on stdout, parsed. */
  readonly events: () => ReadonlyArray<UpEvent>;
  readonly words: () => string;
  /** Resolves with the first event that satisfies, printed already or to come. */
  readonly until: (isWanted: (event: UpEvent) => boolean) => Promise<UpEvent>;
  readonly kill: (signal: NodeJS.Signals) => void;
  /** Exit code; `null` where a signal ended it. */
  readonly ended: Promise<number | null>;
};

/** Whatever a test did not come to end: it would keep the run from ending. */
const running = new Set<ChildProcess>();
afterAll(() =>
  Promise.all(
    [...running].map((child) => {
      const ended = once(child, "close");
      child.kill("SIGTERM");
      return ended;
    }),
  ),
);

export const newHome = (): string => mkdtempSync(join(tmpdir(), "scalp-home-"));

/** `scalp ARGS -o json` from the sources, on a port that is free. */
export const up = (flags: ReadonlyArray<string>, env: Env = {}): Run =>
  watch(
    spawn(process.execPath, ["cli/main.ts", "up", "--port", "0", "-o", "json", ...flags], {
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...processEnv(), LIVE_TRADING: "", ...env },
    }),
  );

const watch = (child: ChildProcess): Run => {
  running.add(child);
  const events: UpEvent[] = [];
  const waiting = new Set<() => void>();
  const tell = () => waiting.forEach((wake) => wake());
  let words = "";
  let rest = "";
  child.stdout?.on("data", (chunk: Buffer) => {
    const lines = (rest + chunk.toString()).split("\n");
    rest = lines.pop() ?? "";
    events.push(...lines.map((line) => upEvent.parse(JSON.parse(line))));
    tell();
  });
  child.stderr?.on("data", (chunk: Buffer) => (words += chunk.toString()));
  const ended = new Promise<number | null>((resolve) => {
    child.once("close", (code) => {
      running.delete(child);
      resolve(code);
    });
  });
  return {
    pid: child.pid ?? 0,
    events: () => events,
    words: () => words,
    until: (isWanted) =>
      new Promise((resolve, reject) => {
        const look = () => {
          const found = events.find(isWanted);
          if (found !== undefined) {
            waiting.delete(look);
            resolve(found);
          }
        };
        waiting.add(look);
        look();
        void ended.then(() => reject(new Error(`it ended before that happened:\n${words}`)));
      }),
    kill: (signal) => void child.kill(signal),
    ended,
  };
};

/** Folder of the only session below a home. */
export const sessionFolder = (home: string): string => {
  const [found = ""] = globSync(join(home, "*", "session.json"));
  return join(found, "..");
};

/** What the emulator wrote down, whoever lives. */
export const auditEvents = (home: string): ReadonlyArray<AuditEvent> => {
  const text = readFileSync(join(sessionFolder(home), "emulator", "events.jsonl"), "utf8");
  const parsed = parseAudit(text);
  if (!parsed.ok) throw new Error(parsed.error);
  return parsed.value;
};

export const auditOf = (home: string) => auditLog(auditEvents(home));

/** Process ids of a parent's children that run this subcommand. */
export const childrenOf = (parent: number, subcommand: string): ReadonlyArray<number> =>
  globSync("/proc/[0-9]*").flatMap((folder) => {
    const [status, command] = [readProc(folder, "status"), readProc(folder, "cmdline")];
    const isChild = status.includes(`\nPPid:\t${parent}\n`);
    const runs = command.split("\0").includes(subcommand);
    return isChild && runs ? [Number(folder.slice("/proc/".length))] : [];
  });

/** Empty for a process that has ended meanwhile. */
const readProc = (folder: string, file: string): string => {
  try {
    return readFileSync(join(folder, file), "utf8");
  } catch {
    return "";
  }
};

const strategies = z.array(
  z.looseObject({ name: z.string(), ready: z.string(), reason: z.string() }),
);

export const isReady =
  (name: string, reason: string) =>
  ({ event, ["strategies"]: list }: UpEvent): boolean =>
    event === "strategies" &&
    strategies.parse(list).some((one) => one.name === name && one.reason === reason);

export const is =
  (name: string) =>
  ({ event }: UpEvent): boolean =>
    event === name;
