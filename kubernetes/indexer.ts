/**
 * Objects by key and by whatever else they are looked up by; every update takes constant time.
 *
 * What an object is filed under is computed from the object again when it leaves, never remembered:
 * so nothing is kept per object but the object, and an index function must always say the same of
 * the same object. It holds as many objects as the server does: what bounds it is the selection
 * that fills it.
 */

import { assert } from "#base/result.ts";
import { keyOf, type ObjectMeta } from "./object.ts";

export type Stored = { readonly metadata: ObjectMeta };

/** For each index, the values under which an object is found. */
export type Indexes<T, Name extends string> = Readonly<
  Record<Name, (object: T) => ReadonlyArray<string>>
>;

export type Indexed<T, Name extends string = string> = {
  /** By `keyOf`. */
  readonly get: (key: string) => T | undefined;
  readonly list: () => ReadonlyArray<T>;
  readonly keys: () => ReadonlyArray<string>;
  readonly by: (index: Name, value: string) => ReadonlyArray<T>;
  readonly size: () => number;
};

export type Indexer<T, Name extends string = string> = Indexed<T, Name> & {
  readonly put: (object: T) => void;
  readonly remove: (key: string) => void;
};

export const createIndexer = <T extends Stored, Name extends string = string>(
  indexes: Indexes<T, Name>,
): Indexer<T, Name> => {
  const objectByKey = new Map<string, T>();
  const files = Object.entries<Indexes<T, Name>[Name]>(indexes).map(([name, valuesOf]) =>
    createFile(name, valuesOf),
  );
  const fileByName = new Map<string, File<T>>(files.map((file) => [file.name, file]));

  const remove = (key: string): void => {
    const object = objectByKey.get(key);
    if (object === undefined) return;
    objectByKey.delete(key);
    for (const file of files) file.remove(key, object);
  };

  return {
    get: (key) => objectByKey.get(key),
    list: () => [...objectByKey.values()],
    keys: () => [...objectByKey.keys()],
    by: (index, value) => {
      const file = fileByName.get(index);
      assert(file !== undefined, `index ${index} exists`);
      return file.find(value);
    },
    size: () => objectByKey.size,
    put: (object) => {
      const key = keyOf(object);
      remove(key);
      objectByKey.set(key, object);
      for (const file of files) file.add(key, object);
    },
    remove,
  };
};

type File<T> = {
  readonly name: string;
  readonly add: (key: string, object: T) => void;
  readonly remove: (key: string, object: T) => void;
  readonly find: (value: string) => ReadonlyArray<T>;
};

const createFile = <T>(name: string, valuesOf: (object: T) => ReadonlyArray<string>): File<T> => {
  const drawers = new Map<string, Map<string, T>>();
  return {
    name,
    add: (key, object) => {
      for (const value of valuesOf(object)) {
        const drawer = drawers.get(value);
        if (drawer === undefined) drawers.set(value, new Map([[key, object]]));
        else drawer.set(key, object);
      }
    },
    remove: (key, object) => {
      for (const value of valuesOf(object)) {
        const drawer = drawers.get(value);
        drawer?.delete(key);
        // A value that nobody has any more, a deleted owner's uid say, leaves nothing behind.
        if (drawer?.size === 0) drawers.delete(value);
      }
    },
    find: (value) => [...(drawers.get(value)?.values() ?? [])],
  };
};
