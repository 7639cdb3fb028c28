/** A folder as the executor's storage: locked, its journal appended and synced, its snapshot replaced. */

import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  truncateSync,
} from "node:fs";
import { open, type FileHandle } from "node:fs/promises";
import { join } from "node:path";
import { err, ok, type Result } from "#base/result.ts";
import { replaceFile, syncFolder } from "#runtime/files.ts";
import { lockFolder } from "#runtime/lock.ts";
import { parseLines } from "./journal.ts";
import type { Storage } from "./store.ts";

export type Folder = { readonly storage: Storage; readonly close: () => Promise<void> };

/** What is locked may be free soon; what cannot be used stays so until somebody changes it. */
export type FolderProblem = { readonly kind: "Locked" | "Unusable"; readonly detail: string };

export const openFolder = async (path: string): Promise<Result<Folder, FolderProblem>> => {
  const made = makeFolder(path);
  if (!made.ok) return err({ kind: "Unusable", detail: made.error });
  const lock = await lockFolder("state folder", path);
  if (!lock.ok) return err({ kind: "Locked", detail: lock.error });
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
    await lock.value.release();
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
