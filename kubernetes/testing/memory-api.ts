/**
 * An API server in memory, for tests of what is written against the port.
 *
 * What it does, it does as a real one; `api-contract.ts` is run against both. Versions, conflicts,
 * preconditions, generations, status as a subresource, finalizers, selectors, pages and watches are
 * there. What is not: schemas and defaults, field ownership (`apply` merges, with lists as a whole),
 * admission, authorization, graceful deletion of pods, and everything that a controller manager does,
 * such as garbage collection.
 */

import type { Clock, Timers } from "#base/clock.ts";
import { err, ok, type Result } from "#base/result.ts";
import type { ApiError, JsonPatch, KubeApi } from "../api.ts";
import { keyOf, type KubeObject, type Manifest } from "../object.ts";
import type { Resource } from "../resource.ts";
import { createList } from "./memory-list.ts";
import { createMemoryStore, type MemoryStore } from "./memory-store.ts";
import { openWatch } from "./memory-watch.ts";
import { changed, created, deleting, patchError, preconditionError } from "./memory-writes.ts";
import { jsonPatched, mergePatched } from "./patches.ts";

export type MemoryApi = KubeApi & {
  /** Forgets the changes that watches could go on from. */
  readonly compact: () => void;
};

export const createMemoryApi = (deps: {
  readonly clock: Clock;
  readonly timers: Timers;
}): MemoryApi => {
  const store = createMemoryStore(deps);
  const list = createList(store);
  const create = createCreate(store);
  const edit = createEdit(store);
  return {
    get: async (resource, key) => found(store, resource, keyOf({ metadata: key })),
    list: async (resource, query) => list(resource, query),
    watch: async (resource, query, signal) =>
      openWatch({ store, timers: deps.timers }, resource, query, signal),
    create: async (resource, manifest) => create(resource, manifest),
    apply: async (resource, manifest, { subresource }) => {
      const key = keyOf(manifest);
      const isNew = subresource === undefined && store.find(resource, key) === undefined;
      if (isNew) return createByApply(create, resource, manifest);
      return edit({ resource, key, subresource }, (before) => merged(before, manifest));
    },
    replace: async (resource, manifest, { subresource } = {}) =>
      edit({ resource, key: keyOf(manifest), subresource }, (before) =>
        versioned(before, manifest),
      ),
    patchJson: async (resource, key, operations, { subresource } = {}) =>
      edit({ resource, key: keyOf({ metadata: key }), subresource }, (before) =>
        operatedOn(before, operations),
      ),
    patchMerge: async (resource, key, patch, { subresource } = {}) =>
      edit({ resource, key: keyOf({ metadata: key }), subresource }, (before) =>
        merged(before, patch),
      ),
    remove: async (resource, key, { uid, resourceVersion, propagation }) => {
      const before = found(store, resource, keyOf({ metadata: key }));
      if (!before.ok) return before;
      const guard = { uid, ...(resourceVersion !== undefined && { resourceVersion }) };
      const refusal = preconditionError(before.value, guard);
      if (refusal !== undefined) return err(refusal);
      const after = deleting(before.value, propagation, store.now());
      if (after === undefined) store.commit(resource, "DELETED", before.value);
      else if (after !== before.value) store.commit(resource, "MODIFIED", after);
      return ok(undefined);
    },
    compact: store.compact,
  };
};

type Stored = Result<KubeObject, ApiError>;

const found = (store: MemoryStore, resource: Resource, key: string): Stored => {
  const object = store.find(resource, key);
  if (object !== undefined) return ok(object);
  return err({ kind: "NotFound", message: `${resource.plural} "${key}" not found` });
};

const createCreate =
  (store: MemoryStore) =>
  (resource: Resource, manifest: Manifest): Stored => {
    const key = keyOf(manifest);
    if (store.find(resource, key) !== undefined) {
      return err({ kind: "Conflict", message: `${resource.plural} "${key}" already exists` });
    }
    if (manifest.metadata.resourceVersion !== undefined) {
      return err(invalid("resourceVersion should not be set on objects to be created"));
    }
    const identity = { uid: store.nextUid(), at: store.now() };
    return ok(store.commit(resource, "ADDED", created(resource, manifest, identity)));
  };

type Target = {
  readonly resource: Resource;
  readonly key: string;
  readonly subresource: string | undefined;
};

/** Stores what `next` makes of what is there. */
const createEdit =
  (store: MemoryStore) =>
  (
    { resource, key, subresource }: Target,
    next: (before: KubeObject) => Result<Manifest, ApiError>,
  ): Stored => {
    const before = found(store, resource, key);
    if (!before.ok) return before;
    const wanted = next(before.value);
    if (!wanted.ok) return wanted;
    const refusal = patchError(before.value, wanted.value.metadata);
    if (refusal !== undefined) return err(refusal);
    const after = changed({ resource, before: before.value, subresource }, wanted.value);
    if (after === before.value) return before;
    const { deletionTimestamp, finalizers = [] } = after.metadata;
    // The last finalizer of what is being deleted lets it go.
    const isGone = deletionTimestamp !== undefined && finalizers.length === 0;
    return ok(store.commit(resource, isGone ? "DELETED" : "MODIFIED", after));
  };

/** Who names a uid means an object that exists. */
const createByApply = (
  create: ReturnType<typeof createCreate>,
  resource: Resource,
  manifest: Manifest,
): Stored =>
  manifest.metadata.uid === undefined
    ? create(resource, manifest)
    : err({ kind: "Conflict", message: "uid mismatch: no existing object was found" });

const versioned = (before: KubeObject, manifest: Manifest): Result<Manifest, ApiError> => {
  if (manifest.metadata.resourceVersion === undefined) {
    return err(invalid("resourceVersion must be specified for an update"));
  }
  const refusal = preconditionError(before, manifest.metadata);
  return refusal === undefined ? ok(manifest) : err(refusal);
};

const merged = (
  before: KubeObject,
  patch: Readonly<Record<string, unknown>>,
): Result<Manifest, ApiError> => toManifest(before, mergePatched(before, patch));

const operatedOn = (before: KubeObject, operations: JsonPatch): Result<Manifest, ApiError> => {
  const patched = jsonPatched(before, operations);
  return patched.ok ? toManifest(before, patched.value) : err(invalid(patched.error));
};

/** What was an object and was patched still is one, unless the patch took its name. */
const toManifest = ({ metadata }: KubeObject, patched: unknown): Result<Manifest, ApiError> =>
  isManifest(patched) && patched.metadata.name === metadata.name
    ? ok(patched)
    : err(invalid("a patch must leave the name of an object alone"));

const isManifest = (value: unknown): value is Manifest =>
  typeof value === "object" &&
  value !== null &&
  "metadata" in value &&
  typeof value.metadata === "object" &&
  value.metadata !== null &&
  "name" in value.metadata;

const invalid = (message: string): ApiError => ({ kind: "Invalid", message });
