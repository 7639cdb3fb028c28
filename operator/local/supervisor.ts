/**
 * Keeps one child process per strategy alive, and ends it in order.
 *
 * A child that ends by itself is started again with growing pauses; one that keeps running for a
 * while has earned a short pause again. Ending is SIGTERM, time to withdraw its entries, and only
 * then SIGKILL. The children watch the channel to us: when we die, however we die, they end too, so
 * there is never an executor without a supervisor.
 */

import { spawn, type ChildProcess } from "node:child_process";
import { closeSync, mkdirSync, openSync } from "node:fs";
import { dirname } from "node:path";
import type { Clock, Timers } from "#base/clock.ts";
import type { Env } from "#runtime/env.ts";
import type { Logger } from "#runtime/log.ts";
import type { Workload } from "../cluster.ts";

export type SupervisorDeps = {
  /** The machine's own time: processes do not run faster because the session's clock does. */
  readonly clock: Pick<Clock, "elapsed">;
  readonly timers: Timers;
  readonly log: Logger;
};

export type ChildCommand = {
  /** Program and arguments. */
  readonly argv: readonly [string, ...string[]];
  readonly env: Env;
  /** What the child logs goes here. */
  readonly logPath: string;
};

export type Supervisor = {
  readonly workload: (id: string) => Pick<Workload, "phase" | "url" | "problem"> | undefined;
  readonly start: (id: string, command: ChildCommand) => void;
  /** Resolves once the process has ended. */
  readonly stop: (id: string) => Promise<void>;
  /** Those that are named last are ended last: others need them to end in order. */
  readonly stopAll: (last?: ReadonlyArray<string>) => Promise<void>;
  /** Process id, for tests that kill. */
  readonly pid: (id: string) => number | undefined;
};

const PAUSE_MS = 500;
const PAUSE_MAX_MS = 30_000;
/** A child that has lived this long had a good start. */
const HEALTHY_MS = 30_000;
const STOP_MAX_MS = 20_000;

type Child = {
  readonly command: ChildCommand;
  phase: Workload["phase"];
  url: string | undefined;
  problem: string | undefined;
  process: ChildProcess | undefined;
  startedAt: number;
  pauseMs: number;
  cancelRestart: () => void;
};

export const createSupervisor = (deps: SupervisorDeps): Supervisor => {
  const children = new Map<string, Child>();
  const launch = (id: string, child: Child): void => {
    const process = spawnChild(child.command);
    Object.assign(child, { phase: "Starting", url: undefined, process });
    child.startedAt = deps.clock.elapsed();
    process.on("message", (message) => listen(child, message));
    // A program that cannot be started reports an error and never exits.
    process.once("error", ({ message }) => ended(id, child, `it cannot be started: ${message}`));
    process.once("exit", (code, signal) =>
      ended(id, child, signal === null ? `it ended with exit code ${code}` : `ended by ${signal}`),
    );
  };
  const ended = (id: string, child: Child, how: string): void => {
    if (child.phase === "Stopping") {
      children.delete(id);
      return;
    }
    if (child.process === undefined) return;
    deps.log.warn({ id, how, problem: child.problem }, "child process ended");
    Object.assign(child, { phase: "Restarting", url: undefined, process: undefined });
    child.problem ??= how;
    const wasHealthy = deps.clock.elapsed() - child.startedAt >= HEALTHY_MS;
    const pause = wasHealthy ? PAUSE_MS : child.pauseMs;
    child.pauseMs = Math.min(pause * 2, PAUSE_MAX_MS);
    child.cancelRestart = deps.timers.after(pause, () => launch(id, child));
  };
  const stop = (id: string): Promise<void> => {
    const child = children.get(id);
    if (child === undefined) return Promise.resolve();
    child.cancelRestart();
    child.phase = "Stopping";
    if (child.process === undefined) {
      children.delete(id);
      return Promise.resolve();
    }
    return endProcess(deps.timers, child.process);
  };
  return {
    workload: (id) => {
      const child = children.get(id);
      return child === undefined
        ? undefined
        : { phase: child.phase, url: child.url, problem: child.problem };
    },
    start: (id, command) => {
      if (children.has(id)) return;
      const child: Child = {
        command,
        phase: "Starting",
        url: undefined,
        problem: undefined,
        process: undefined,
        startedAt: 0,
        pauseMs: PAUSE_MS,
        cancelRestart: () => {},
      };
      children.set(id, child);
      launch(id, child);
    },
    stop,
    stopAll: async (last = []) => {
      await Promise.all([...children.keys()].filter((id) => !last.includes(id)).map(stop));
      await Promise.all([...children.keys()].map(stop));
    },
    pid: (id) => children.get(id)?.process?.pid,
  };
};

const spawnChild = ({ argv, env, logPath }: ChildCommand): ChildProcess => {
  mkdirSync(dirname(logPath), { recursive: true });
  const logFile = openSync(logPath, "a", 0o600);
  const [program, ...args] = argv;
  const child = spawn(program, args, { env, stdio: ["ignore", logFile, logFile, "ipc"] });
  closeSync(logFile);
  return child;
};

/** A child says where it answers, or why it cannot go on. */
const listen = (target: Child, message: unknown): void => {
  const child = target;
  if (typeof message !== "object" || message === null) return;
  if ("url" in message && typeof message.url === "string") {
    child.url = message.url;
    child.phase = "Running";
    child.problem = undefined;
  }
  if ("problem" in message && typeof message.problem === "string") child.problem = message.problem;
};

const endProcess = (timers: Timers, child: ChildProcess): Promise<void> =>
  new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) return resolve();
    const cancel = timers.after(STOP_MAX_MS, () => child.kill("SIGKILL"));
    child.once("exit", () => {
      cancel();
      resolve();
    });
    child.kill("SIGTERM");
  });
