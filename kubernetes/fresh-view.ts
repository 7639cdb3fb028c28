/**
 * A copy that knows what we have just written ourselves.
 *
 * A reflector's copy is late: asked right after a write it shows the state before it, and whoever
 * believed that would write again. So each of our writes is laid over the copy until the copy has
 * caught up with it. It saves requests and proves nothing: every write is guarded or idempotent.
 *
 * What somebody else wrote in between stays news, although our own write is later and carries it:
 * who wrote has not looked at it.
 */

import { keyOf } from "./object.ts";
import type { Stored } from "./indexer.ts";

export type FreshView<T> = {
  readonly get: (key: string) => T | undefined;
  /** What the server answered to a write of ours. */
  readonly wrote: (object: T) => void;
  /** The server has removed this one at our word; while it is on its way out the copy is right. */
  readonly removed: (object: T) => void;
  /** Tell it of every change of the copy. Whether the change was a write of ours, and so no news. */
  readonly caughtUp: (change: Change<T>) => boolean;
  /**
   * What we made and a full sync does not show: somebody has removed it while the copy was blind, and
   * no change of the copy tells. Each is told once.
   */
  readonly undone: () => ReadonlyArray<T>;
};

export type Copy<T> = {
  readonly get: (key: string) => T | undefined;
  /** Everything up to this version is in the copy. */
  readonly followedTo: () => string | undefined;
};

type Change<T> = {
  readonly key: string;
  readonly before: T | undefined;
  readonly after: T | undefined;
  /** Found by a full sync: others may have written in between. */
  readonly isSync: boolean;
};

type Laid<T> = {
  readonly uid: string;
  /** `undefined` once removed. */
  readonly object: T | undefined;
  /** Of the object; of one that was removed, the last that we know. */
  readonly version: string;
  /** Those of our writes that the copy has not shown yet. */
  readonly ours: ReadonlyArray<string>;
};

/** One more is taken for somebody else's, which costs a look. */
const OURS_MAX = 16;

export const createFreshView = <T extends Stored>(copy: Copy<T>): FreshView<T> => {
  const laid = new Map<string, Laid<T>>();
  const lay = ({ metadata }: T, object: T | undefined): void => {
    const key = keyOf({ metadata });
    const { uid, resourceVersion: version } = metadata;
    const before = laid.get(key);
    const ours = [...(before?.ours ?? []), version].slice(-OURS_MAX);
    laid.set(key, { uid, object, version, ours });
  };
  return {
    get: (key) => {
      const one = laid.get(key);
      if (one === undefined) return copy.get(key);
      if (!isOver(copy, key, one)) return one.object;
      laid.delete(key);
      return copy.get(key);
    },
    wrote: (object) => {
      const known = copy.get(keyOf(object));
      const { resourceVersion } = object.metadata;
      const isKnown =
        known !== undefined && !isNewer(resourceVersion, known.metadata.resourceVersion);
      if (!isKnown && !isFollowedTo(copy, resourceVersion)) lay(object, object);
    },
    removed: (object) => {
      const one = laid.get(keyOf(object));
      const known = one === undefined ? copy.get(keyOf(object)) : one.object;
      if (known?.metadata.uid === object.metadata.uid) lay(object, undefined);
    },
    caughtUp: (change) => {
      const one = laid.get(change.key);
      if (one === undefined) return false;
      const { isOver: isDone, isOurs } = judge(one, change);
      if (isDone) laid.delete(change.key);
      return isOurs && !change.isSync;
    },
    undone: () =>
      [...laid].flatMap(([key, one]) => {
        if (one.object === undefined || !isOver(copy, key, one)) return [];
        laid.delete(key);
        return copy.get(key) === undefined ? [one.object] : [];
      }),
  };
};

const judge = <T extends Stored>(
  { object, uid, version, ours }: Laid<T>,
  { before, after }: Change<T>,
): { readonly isOver: boolean; readonly isOurs: boolean } => {
  if (after === undefined) {
    const isIt = before?.metadata.uid === uid;
    return { isOver: isIt, isOurs: isIt && object === undefined };
  }
  const { resourceVersion } = after.metadata;
  if (object === undefined) {
    // What happened before we removed it does not matter any more; what came after, does.
    const isAfter = isNewer(resourceVersion, version);
    return { isOver: isAfter, isOurs: !isAfter };
  }
  return { isOver: !isNewer(version, resourceVersion), isOurs: ours.includes(resourceVersion) };
};

/** A full sync shows neither what was made nor what was removed while the copy was blind. */
const isOver = <T extends Stored>(copy: Copy<T>, key: string, one: Laid<T>): boolean =>
  isFollowedTo(copy, one.version) && (one.object !== undefined || copy.get(key) === undefined);

const isFollowedTo = <T>({ followedTo }: Copy<T>, version: string): boolean => {
  const position = followedTo();
  return position !== undefined && !isNewer(version, position);
};

/**
 * Versions of one collection are comparable as numbers (Kubernetes 1.35, KEP-5504): decimal and
 * without leading zeros, so the longer one is the larger.
 */
const isNewer = (one: string, other: string): boolean =>
  one.length === other.length ? one > other : one.length > other.length;
