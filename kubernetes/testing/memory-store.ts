/**
 * What an API server keeps: objects, one count of versions over all of them, and the changes that a
 * watch may still ask for.
 */

import { createHash } from "node:crypto";
import type { Clock } from "#base/clock.ts";
import { keyOf, type KubeObject } from "../object.ts";
import type { Resource } from "../resource.ts";

export type Change = {
  readonly type: "ADDED" | "MODIFIED" | "DELETED";
  readonly version: number;
  readonly resource: string;
  readonly object: KubeObject;
  /** What it was before, for those who select by what it says. */
  readonly before: KubeObject | undefined;
};

export type MemoryStore = {
  readonly find: (resource: Resource, key: string) => KubeObject | undefined;
  /** In the order of their keys, as etcd gives them. */
  readonly all: (resource: Resource) => ReadonlyArray<KubeObject>;
  /** Stores the object, or takes it away, under a new version. */
  readonly commit: (resource: Resource, type: Change["type"], object: KubeObject) => KubeObject;
  readonly version: () => number;
  /** Changes after a version; `undefined` where some of them are forgotten. */
  readonly since: (version: number) => ReadonlyArray<Change> | undefined;
  /** Forgets all changes up to now, as compaction does. */
  readonly compact: () => void;
  /** The answer ends it. */
  readonly subscribe: (listener: (change: Change) => void) => () => void;
  readonly nextUid: () => string;
  readonly now: Clock["now"];
};

const CHANGES_MAX = 10_000;

export const resourceId = ({ apiVersion, plural }: Resource): string => `${apiVersion}/${plural}`;

export const createMemoryStore = ({ clock }: { readonly clock: Clock }): MemoryStore => {
  const objectsByResource = new Map<string, Map<string, KubeObject>>();
  const listeners = new Set<(change: Change) => void>();
  let changes: Change[] = [];
  let forgotten = 0;
  // 0 is nobody's version: asked for, it means any.
  let version = 1;
  let uids = 0;

  const objectsOf = (resource: Resource): Map<string, KubeObject> => {
    const id = resourceId(resource);
    const objects = objectsByResource.get(id) ?? new Map<string, KubeObject>();
    objectsByResource.set(id, objects);
    return objects;
  };
  const forget = (count: number): void => {
    forgotten = changes[count - 1]?.version ?? forgotten;
    changes = changes.slice(count);
  };

  return {
    find: (resource, key) => objectsOf(resource).get(key),
    all: (resource) =>
      [...objectsOf(resource)].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, object]) => object),
    commit: (resource, type, content) => {
      version += 1;
      const metadata = { ...content.metadata, resourceVersion: String(version) };
      const object = { ...content, metadata };
      const objects = objectsOf(resource);
      const key = keyOf(object);
      const before = objects.get(key);
      if (type === "DELETED") objects.delete(key);
      else objects.set(key, object);
      const change = { type, version, resource: resourceId(resource), object, before };
      changes.push(change);
      if (changes.length > CHANGES_MAX) forget(CHANGES_MAX / 2);
      for (const listener of listeners) listener(change);
      return object;
    },
    version: () => version,
    since: (from) => (from < forgotten ? undefined : changes.filter((one) => one.version > from)),
    compact: () => {
      forget(changes.length);
      forgotten = version;
    },
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    nextUid: () => {
      uids += 1;
      return uidOf(uids);
    },
    now: clock.now,
  };
};

/** In the form of a UUID, since readers may count on it. */
const uidOf = (count: number): string => {
  const hex = createHash("sha256").update(String(count)).digest("hex");
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    hex.slice(12, 16),
    hex.slice(16, 20),
    hex.slice(20, 32),
  ].join("-");
};
