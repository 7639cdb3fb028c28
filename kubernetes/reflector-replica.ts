/**
 * The copy of a collection, and the one place that changes it: every change is told as a step from
 * one level to the next.
 *
 * For each key the steps form a chain without a gap: what a step starts from is what the one before
 * ended with. An object that was deleted and made again under the same name has another uid, and is
 * told as the end of one and the beginning of another even when the deletion itself was never seen:
 * who takes it for an update believes that the old one's children are the new one's.
 *
 * The order in which the server tells is the truth. Since 1.35 versions of one resource may be
 * compared, but here they are for equality only: a cluster that was restored from a backup goes on
 * from an older version, and a copy that insisted on the newer one would never follow it again.
 */

import type { Logger } from "#runtime/log.ts";
import type { WatchEvent } from "./api.ts";
import { createIndexer, type Indexed, type Indexes, type Stored } from "./indexer.ts";
import { keyOf, type KubeObject, type ObjectMeta } from "./object.ts";

export type Change<T> = {
  readonly key: string;
  readonly before: T | undefined;
  readonly after: T | undefined;
};

export type ReplicaOptions<T, Name extends string> = {
  /** What to keep of an object. Total: one that throws ends the reflector. */
  readonly trim: (object: KubeObject) => T;
  readonly indexes: Indexes<T, Name>;
  /**
   * Called when the store has the change. Must neither throw nor wait. A change that a full sync has
   * found may stand for several, not all by the same hand.
   */
  readonly onChange: (change: Change<T>, isSync: boolean) => void;
};

export type ObjectEvent = Extract<WatchEvent, { readonly object: KubeObject }>;

/** A full sync in the making: nothing of it is in the store before `adopt`. */
export type Snapshot = {
  readonly take: (event: ObjectEvent) => void;
  /** Makes the store equal to what was taken. */
  readonly adopt: () => void;
};

/** The side that the server's words go into, whatever is kept of them. */
export type Sink = {
  readonly apply: (event: ObjectEvent) => void;
  readonly snapshot: () => Snapshot;
};

export type Replica<T, Name extends string> = Sink & { readonly store: Indexed<T, Name> };

export const createReplica = <T extends Stored, Name extends string>(
  { log }: { readonly log: Pick<Logger, "error"> },
  { trim, indexes, onChange }: ReplicaOptions<T, Name>,
): Replica<T, Name> => {
  const store = createIndexer(indexes);

  const tell = (change: Change<T>, isSync: boolean): void => {
    try {
      onChange(change, isSync);
    } catch (err) {
      // A defect of the listener's. The copy must not stop for it: others read it too.
      log.error({ err, key: change.key }, "listener of a change failed");
    }
  };

  const end = (before: T, isSync: boolean): void => {
    const key = keyOf(before);
    store.remove(key);
    tell({ key, before, after: undefined }, isSync);
  };

  const put = (after: T, isSync: boolean): void => {
    const key = keyOf(after);
    const known = store.get(key);
    if (known !== undefined && isSameVersion(known, after)) return;
    if (known !== undefined && !isSameObject(known, after)) end(known, isSync);
    const before = store.get(key);
    store.put(after);
    tell({ key, before, after }, isSync);
  };

  const drop = (gone: KubeObject): void => {
    const known = store.get(keyOf(gone));
    // The end of an older one that had the name says nothing about the one that has it now.
    if (known !== undefined && isSameObject(known, gone)) end(known, false);
  };

  const adopt = (objectByKey: ReadonlyMap<string, T>): void => {
    for (const known of store.list()) if (!objectByKey.has(keyOf(known))) end(known, true);
    for (const object of objectByKey.values()) put(object, true);
  };

  return {
    store,
    apply: ({ type, object }) =>
      type === "DELETED" ? drop(object) : put(trim(strip(object)), false),
    snapshot: () => {
      const objectByKey = new Map<string, T>();
      return {
        take: ({ type, object }) => {
          if (type === "DELETED") objectByKey.delete(keyOf(object));
          else objectByKey.set(keyOf(object), trim(strip(object)));
        },
        adopt: () => {
          adopt(objectByKey);
          objectByKey.clear();
        },
      };
    },
  };
};

const isSameObject = (a: Stored, b: Stored): boolean => a.metadata.uid === b.metadata.uid;

const isSameVersion = (a: Stored, b: Stored): boolean =>
  isSameObject(a, b) && a.metadata.resourceVersion === b.metadata.resourceVersion;

const LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration";

/** Without the two copies of itself that an object carries: more than half of it, and of no use. */
const strip = (object: KubeObject): KubeObject => {
  const whole: ObjectMeta & { readonly managedFields?: unknown } = object.metadata;
  const { managedFields, annotations = {}, ...metadata } = whole;
  const { [LAST_APPLIED]: lastApplied, ...others } = annotations;
  const kept = Object.keys(others).length === 0 ? {} : { annotations: others };
  return { ...object, metadata: { ...metadata, ...kept } };
};
