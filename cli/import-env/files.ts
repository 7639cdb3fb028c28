/**
 * Writes files with keys in them: for the owner alone, each whole or not at all, and none of them
 * unless all could be written down first.
 */

import {
  closeSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { err, ok, type Result } from "#base/result.ts";
import { syncFolder } from "#runtime/files.ts";

export type SecretFile = { readonly name: string; readonly text: string };

/** The paths of the files, or why there are none. With `force`, what is there is replaced. */
export const writeSecretFiles = (
  folder: string,
  files: ReadonlyArray<SecretFile>,
  { force }: { readonly force: boolean },
): Result<ReadonlyArray<string>, string> => {
  const paths = files.map(({ name }) => join(folder, name));
  const taken = paths.filter((path) => isTaken(path, force));
  if (taken.length > 0) {
    const remedy = force ? "which is a folder" : "which is there already (--force)";
    return err(`nothing is written because of ${taken.join(", ")}, ${remedy}`);
  }
  const aside: string[] = [];
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    for (const { name, text } of files) {
      const path = join(folder, `${name}.${process.pid}.tmp`);
      writeAside(path, text, () => aside.push(path));
    }
    for (const path of paths) renameSync(`${path}.${process.pid}.tmp`, path);
    syncFolder(folder);
    return ok(paths);
  } catch (error) {
    for (const path of aside) rmSync(path, { force: true });
    return err(`cannot write into ${folder}: ${String(error)}`);
  }
};

const isTaken = (path: string, force: boolean): boolean => {
  const there = lstatSync(path, { throwIfNoEntry: false });
  return there !== undefined && (!force || there.isDirectory());
};

const OWNER_ONLY = 0o600;

/** Refused where something of that name is: it may be a link, or readable by others. */
const writeAside = (path: string, text: string, onOpen: () => void): void => {
  const file = openSync(path, "wx", OWNER_ONLY);
  onOpen();
  try {
    writeFileSync(file, text);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
};
