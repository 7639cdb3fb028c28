/**
 * A folder as the executor's storage, and the proof that no other process uses it.
 *
 * The lock is a listening socket in the folder: the kernel lets go of it when its owner dies, however
 * it dies, so there is never a stale lock to be argued about (a PID file cannot tell a dead owner
 * from a reused number, and in containers numbers repeat).
 */

import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
} from "node:fs";
import { open, type FileHandle } from "node:fs/promises";
import { connect, createServer, type Server } from "node:net";
import { join, relative } from "node:path";
import { err, ok, type Result } from "#base/result.ts";
import { replaceFile, syncFolder } from "#runtime/files.ts";
import { parseLines } from "./journal.ts";
import type { Storage } from "./store.ts";

export type Folder = { readonly storage: Storage; readonly close: () => Promise<void> };

export const openFolder = async (path: string): Promise<Result<Folder, string>> => {
  const made = makeFolder(path);
  if (!made.ok) return made;
  const lock = await takeLock(path);
  if (!lock.ok) return lock;
  const journalPath = join(path, "journal.log");
  const snapshotPath = join(path, "snapshot.json");
  cutTornTail(journalPath);
  let file: FileHandle = await open(journalPath, "a", 0o600);
  syncFolder(path);
  const storage: Storage = {
    name: `state folder ${path}`,
    readSnapshot: () => (existsSync(snapshotPath) ? readFileSync(snapshotPath, "utf8") : undefined),
    readJournal: () => readFileSync(journalPath, "utf8"),
    append: async (text) => {
      await file.appendFile(text);
      await file.datasync();
    },
    replace: async (snapshot, journal) => {
      replaceFile(snapshotPath, snapshot);
      await file.close();
      replaceFile(journalPath, journal);
      file = await open(journalPath, "a", 0o600);
    },
  };
  const close = async () => {
    await file.close();
    await new Promise<void>((resolve) => lock.value.close(() => resolve()));
  };
  return ok({ storage, close });
};

const makeFolder = (path: string): Result<undefined, string> => {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
    const probe = join(path, ".writable");
    const file = openSync(probe, "w", 0o600);
    fsyncSync(file);
    closeSync(file);
    rmSync(probe);
    return ok(undefined);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return err(`state folder ${path} cannot be written: ${why}`);
  }
};

/** A crash can leave half a line at the end; later lines must not be appended to it. */
const cutTornTail = (journalPath: string): void => {
  if (!existsSync(journalPath)) return;
  const text = readFileSync(journalPath, "utf8");
  const lines = parseLines(text);
  if (lines.ok && lines.value.soundLength < text.length) {
    truncateSync(journalPath, Buffer.byteLength(text.slice(0, lines.value.soundLength)));
  }
};

const takeLock = async (path: string): Promise<Result<Server, string>> => {
  // A socket's path may have some hundred characters at most: the relative one is the shorter.
  const socketPath = shorter(join(path, "lock"), relative(process.cwd(), join(path, "lock")));
  const inUse = `state folder ${path} is in use by another process: end that process, or use another folder`;
  if (await isAlive(socketPath)) return err(inUse);
  if (!(await removeDead(socketPath))) return err(inUse);
  return new Promise((resolve) => {
    const server = createServer((socket) => socket.end());
    server.once("error", (error: NodeJS.ErrnoException) => {
      const why = `state folder ${path} cannot be locked: ${error.message}`;
      resolve(err(error.code === "EADDRINUSE" ? inUse : why));
    });
    server.listen(socketPath, () => {
      server.unref();
      resolve(ok(server));
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
