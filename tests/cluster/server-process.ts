/** One server of the control plane: started until it is ready, stopped hard, and started again. */

import { closeSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { sleep } from "#base/clock.ts";
import { systemClock } from "#runtime/clock.ts";
import { spawnWatched, type WatchedChild } from "./watched-child.ts";

export type ServerProcess = {
  /** Of the process that runs now. Throws while none does. */
  readonly pid: () => number;
  /** `SIGSTOP` makes a server that accepts and never answers; `SIGCONT` lets it go on. */
  readonly signal: (name: NodeJS.Signals) => void;
  /** SIGKILL, and the process is gone when this resolves. Stopping twice is fine. */
  readonly stop: () => Promise<void>;
  /** With the same port and data; ready when this resolves. */
  readonly start: () => Promise<void>;
};

type ServerCommand = {
  readonly name: string;
  readonly binary: string;
  readonly flags: ReadonlyArray<string>;
  /** Where it runs and where its output goes. */
  readonly folder: string;
  readonly isReady: () => Promise<boolean>;
};

const READY_TIMEOUT_MS = 60_000;
const READY_POLL_MS = 50;
const LOG_TAIL_LENGTH = 4_000;

export const createServerProcess = (command: ServerCommand): ServerProcess => {
  const { name } = command;
  const logPath = join(command.folder, `${name}.log`);
  let running: WatchedChild | undefined;

  const start = async (): Promise<void> => {
    if (running !== undefined) throw new Error(`${name} runs already`);
    const started = launch(command, logPath);
    running = started;
    void started.ended.then(() => (running = running === started ? undefined : running));
    const deadline = systemClock.elapsed() + READY_TIMEOUT_MS;
    while (!(await command.isReady())) {
      if (running !== started) throw new Error(`${name} ended unready:\n${tail(logPath)}`);
      if (systemClock.elapsed() > deadline) {
        await kill(started);
        throw new Error(`${name} was not ready in time:\n${tail(logPath)}`);
      }
      await sleep(systemClock, READY_POLL_MS);
    }
  };

  const current = (): WatchedChild => {
    if (running === undefined) throw new Error(`${name} does not run:\n${tail(logPath)}`);
    return running;
  };

  return {
    pid: () => current().pid,
    signal: (signal) => void current().child.kill(signal),
    stop: async () => {
      if (running !== undefined) await kill(running);
    },
    start,
  };
};

const launch = ({ binary, flags, folder }: ServerCommand, logPath: string): WatchedChild => {
  const log = openSync(logPath, "a");
  try {
    return spawnWatched(binary, flags, { stdio: ["ignore", log, log], cwd: folder });
  } finally {
    closeSync(log);
  }
};

const kill = async ({ child, ended }: WatchedChild): Promise<void> => {
  child.ref();
  child.kill("SIGKILL");
  await ended;
};

const tail = (path: string): string => readFileSync(path, "utf8").slice(-LOG_TAIL_LENGTH);
