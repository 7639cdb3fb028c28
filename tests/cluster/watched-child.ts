/**
 * A child process that cannot outlive its owner, however the owner dies.
 *
 * A shell forks a watcher and then becomes the program, so that the program has the process id that
 * we were given and the watcher is there before it. The watcher reads a pipe that only the owner
 * holds open: when the owner dies, by SIGKILL too, the kernel closes the pipe and the watcher acts.
 * A child that has ended is reported on the pipe first, so that no other process with its number is
 * ever killed.
 *
 *   owner ──pipe──▶ watcher (sh)   reads a line: exits; reads end of file: kill -9 program
 *     └──────────▶ program         exec by the shell that forked the watcher
 */

import { spawn, type ChildProcess, type IOType } from "node:child_process";
import { Writable, type Stream } from "node:stream";

export type WatchedChild = {
  readonly child: ChildProcess;
  readonly pid: number;
  /** The program has ended and the watcher knows it. */
  readonly ended: Promise<void>;
};

type Stdio = IOType | number | Stream;

type Spawning = {
  readonly stdio: readonly [Stdio, Stdio, Stdio];
  readonly cwd: string;
};

const RUN_WATCHED = `
  (trap "" HUP INT TERM; read -r _ <&3 || kill -9 $$) > /dev/null 2>&1 &
  exec 3<&-
  exec "$@"
`;

/** Nothing of it keeps the owner from ending: the watcher cleans up after that. */
export const spawnWatched = (
  program: string,
  args: ReadonlyArray<string>,
  { stdio, cwd }: Spawning,
): WatchedChild => {
  const child = spawn("/bin/sh", ["-c", RUN_WATCHED, "sh", program, ...args], {
    stdio: [...stdio, "pipe"],
    cwd,
  });
  const { pid } = child;
  if (pid === undefined) throw new Error("/bin/sh cannot be started");
  const tell = openPipe(child);
  child.unref();
  const ended = new Promise<void>((resolve) => child.once("exit", () => tell(resolve)));
  return { child, pid, ended };
};

/** Waits for the owner's death and then removes the path. Calling the answer sends it away. */
export const removeWhenOwnerDies = (path: string): (() => Promise<void>) =>
  whenOwnerDies('sleep 1; rm -rf "$1"', path);

/** The same with a script of one's own, whose `$1` is the subject. */
export const whenOwnerDies = (script: string, subject: string): (() => Promise<void>) => {
  const waiting = `trap "" HUP INT TERM; read -r _ <&3 || {\n${script}\n}`;
  const child = spawn("/bin/sh", ["-c", waiting, "sh", subject], {
    stdio: ["ignore", "ignore", "ignore", "pipe"],
  });
  const tell = openPipe(child);
  child.unref();
  return () =>
    new Promise((resolve) => {
      child.ref();
      child.once("exit", () => resolve());
      tell(() => undefined);
    });
};

/** The way to tell the watcher that there is nothing left to do. */
const openPipe = (child: ChildProcess): ((onTold: () => void) => void) => {
  const pipe = child.stdio[3];
  if (!(pipe instanceof Writable)) throw new Error("the watcher has no pipe");
  // The watcher may be gone before it is told: that is what was wanted.
  pipe.on("error", () => undefined);
  if ("unref" in pipe && typeof pipe.unref === "function") pipe.unref();
  return (onTold) => {
    pipe.end("ended\n", () => {
      pipe.destroy();
      onTold();
    });
  };
};
