/**
 * The proof that no other process uses a folder.
 *
 * The lock is a listening socket in the folder: the kernel lets go of it when its owner dies, however
 * it dies, so there is never a stale lock to be argued about (a PID file cannot tell a dead owner
 * from a reused number, and in containers numbers repeat).
 */

import { existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { connect, createServer, type Server } from "node:net";
import { join, relative } from "node:path";
import { err, ok, type Result } from "#base/result.ts";

export type Lock = { readonly release: () => Promise<void> };

/** `what` names the folder in the sentence that refuses, such as `state folder`. */
export const lockFolder = async (what: string, path: string): Promise<Result<Lock, string>> => {
  mkdirSync(path, { recursive: true, mode: 0o700 });
  // A socket's path may have some hundred characters at most: the relative one is the shorter.
  const socketPath = shorter(join(path, "lock"), relative(process.cwd(), join(path, "lock")));
  const inUse = `${what} ${path} is in use by another process: end that process, or use another folder`;
  if (await isAlive(socketPath)) return err(inUse);
  if (!(await removeDead(socketPath))) return err(inUse);
  return new Promise((resolve) => {
    const server = createServer((socket) => socket.end());
    server.once("error", (error: NodeJS.ErrnoException) => {
      const why = `${what} ${path} cannot be locked: ${error.message}`;
      resolve(err(error.code === "EADDRINUSE" ? inUse : why));
    });
    server.listen(socketPath, () => {
      server.unref();
      resolve(ok({ release: () => closeServer(server) }));
    });
  });
};

/**
 * Takes a dead socket out of the way. It is moved before it is judged, so that of two processes that
 * start at once neither can remove the socket on which the other has just begun to listen.
 */
const removeDead = async (socketPath: string): Promise<boolean> => {
  if (!existsSync(socketPath)) return true;
  const aside = `${socketPath}.${process.pid}`;
  try {
    renameSync(socketPath, aside);
  } catch {
    // Somebody else moved it first, and is about to listen: `listen` will tell.
    return true;
  }
  if (await isAlive(aside)) {
    renameSync(aside, socketPath);
    return false;
  }
  rmSync(aside, { force: true });
  return true;
};

const shorter = (a: string, b: string): string => (b.length < a.length ? b : a);

/** True when somebody accepts on the socket. A file without a listener is left over from a crash. */
const isAlive = (socketPath: string): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(socketPath);
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });

const closeServer = (server: Server): Promise<void> =>
  new Promise((resolve) => server.close(() => resolve()));
