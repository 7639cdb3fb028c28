/**
 * A folder of JSON objects, one file each: the local mode's stand-in for the API server's storage.
 *
 * One process owns each folder and writes it; any number read. A write replaces the whole file at
 * once, so a reader sees the old object or the new one, and a process that is killed leaves no half
 * of either. Readers look again when they want to know: there is no watch, only levels.
 */

import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { replaceFile } from "./files.ts";

export type ObjectKey = { readonly namespace: string; readonly name: string };

export type ObjectStore = {
  /** Parsed JSON; the caller parses it into its type. Files that are not JSON are left out. */
  readonly list: () => ReadonlyArray<unknown>;
  readonly get: (key: ObjectKey) => unknown;
  readonly put: (key: ObjectKey, value: object) => void;
  readonly remove: (key: ObjectKey) => void;
};

export const openObjectStore = (folder: string): ObjectStore => {
  mkdirSync(folder, { recursive: true });
  const pathOf = ({ namespace, name }: ObjectKey) => join(folder, `${namespace}.${name}.json`);
  return {
    list: () =>
      readdirSync(folder)
        .filter((name) => name.endsWith(".json"))
        .toSorted()
        .flatMap((name) => {
          const value = readJson(join(folder, name));
          return value === undefined ? [] : [value];
        }),
    get: (key) => readJson(pathOf(key)),
    put: (key, value) => replaceFile(pathOf(key), `${JSON.stringify(value, undefined, 2)}\n`),
    remove: (key) => rmSync(pathOf(key), { force: true }),
  };
};

/** `undefined` for a file that is gone or is not JSON: both mean that there is no such object. */
const readJson = (path: string): unknown => {
  if (!existsSync(path)) return undefined;
  try {
    const value: unknown = JSON.parse(readFileSync(path, "utf8"));
    return value;
  } catch {
    return undefined;
  }
};
