/**
 * What an API server makes of an object that is written: the fields that are its own stay as they are,
 * a generation counts versions of the spec, status is written by its subresource only, and a write
 * that changes nothing is none. Pure.
 */

import { isDeepStrictEqual } from "node:util";
import type { Millis } from "#base/clock.ts";
import type { ApiError, DeleteOptions } from "../api.ts";
import { wholeSeconds } from "../micro-time.ts";
import type { KubeObject, Manifest, ObjectMeta } from "../object.ts";
import type { Resource } from "../resource.ts";

/** Workloads and custom resources have a generation and a status of their own; the others we use, not. */
const hasStatus = ({ apiVersion }: Resource): boolean =>
  apiVersion.startsWith("apps/") || (apiVersion.includes(".") && !apiVersion.includes(".k8s.io/"));

export const created = (
  resource: Resource,
  manifest: Manifest,
  { uid, at }: { readonly uid: string; readonly at: Millis },
): KubeObject => {
  const { status, ...content } = manifest;
  const { deletionTimestamp: _none, ...metadata } = manifest.metadata;
  return {
    ...(hasStatus(resource) || status === undefined ? content : { ...content, status }),
    apiVersion: resource.apiVersion,
    kind: resource.kind,
    metadata: {
      ...metadata,
      uid,
      resourceVersion: "",
      creationTimestamp: wholeSeconds(at),
      ...(hasStatus(resource) && { generation: 1 }),
    },
  };
};

type Editing = {
  readonly resource: Resource;
  readonly before: KubeObject;
  readonly subresource: string | undefined;
};

/** `before` itself where nothing changes. */
export const changed = (editing: Editing, wanted: Manifest): KubeObject => {
  const { resource, before, subresource } = editing;
  const after =
    subresource === undefined
      ? changedMain(resource, before, wanted)
      : withField(before, subresource, wanted[subresource]);
  return isDeepStrictEqual(after, before) ? before : after;
};

const changedMain = (resource: Resource, before: KubeObject, wanted: Manifest): KubeObject => {
  const after = {
    ...(hasStatus(resource) ? withField(wanted, "status", before["status"]) : wanted),
    apiVersion: before.apiVersion,
    kind: before.kind,
    metadata: withServerFields(wanted.metadata, before.metadata),
  };
  const { generation } = before.metadata;
  if (generation === undefined || isDeepStrictEqual(specOf(after), specOf(before))) return after;
  return { ...after, metadata: { ...after.metadata, generation: generation + 1 } };
};

const withField = <T extends Manifest>(object: T, name: string, value: unknown): T => {
  const { [name]: _before, ...others } = object;
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- only a field that T leaves open goes
  return (value === undefined ? others : { ...others, [name]: value }) as unknown as T;
};

/** What the server alone decides, as it was. */
const withServerFields = (wanted: Manifest["metadata"], before: ObjectMeta): ObjectMeta => {
  const { generation: _generation, deletionTimestamp: _deletion, ...free } = wanted;
  const {
    name,
    namespace,
    uid,
    resourceVersion,
    creationTimestamp,
    generation,
    deletionTimestamp,
  } = before;
  return {
    ...free,
    name,
    ...(namespace !== undefined && { namespace }),
    uid,
    resourceVersion,
    ...(creationTimestamp !== undefined && { creationTimestamp }),
    ...(generation !== undefined && { generation }),
    ...(deletionTimestamp !== undefined && { deletionTimestamp }),
  };
};

const specOf = ({ metadata: _metadata, status: _status, ...content }: KubeObject): object =>
  content;

/** Why the write is not for this object, or not for this version of it. */
export const preconditionError = (
  before: KubeObject,
  { uid, resourceVersion }: Partial<ObjectMeta>,
): ApiError | undefined => {
  if (uid !== undefined && uid !== before.metadata.uid) {
    return { kind: "Conflict", message: `uid is ${before.metadata.uid}, not ${uid}` };
  }
  return versionError(before, resourceVersion);
};

/** A patch has no precondition on the uid: to it, a uid is a field that cannot be changed. */
export const patchError = (
  before: KubeObject,
  { uid, resourceVersion }: Partial<ObjectMeta>,
): ApiError | undefined =>
  uid !== undefined && uid !== before.metadata.uid
    ? { kind: "Invalid", message: "metadata.uid: field is immutable" }
    : versionError(before, resourceVersion);

const versionError = (
  { metadata }: KubeObject,
  resourceVersion: string | undefined,
): ApiError | undefined =>
  resourceVersion === undefined || resourceVersion === metadata.resourceVersion
    ? undefined
    : { kind: "Conflict", message: "the object has been modified" };

/** Held by no finalizer, it goes at once: `undefined`. */
export const deleting = (
  before: KubeObject,
  propagation: DeleteOptions["propagation"],
  at: Millis,
): KubeObject | undefined => {
  const { metadata } = before;
  const held = metadata.finalizers ?? [];
  const extra = { Foreground: ["foregroundDeletion"], Orphan: ["orphan"], Background: [] };
  const added = extra[propagation ?? "Background"].filter((name) => !held.includes(name));
  const finalizers = [...held, ...added];
  if (finalizers.length === 0) return undefined;
  if (metadata.deletionTimestamp !== undefined && added.length === 0) return before;
  const { generation } = metadata;
  return {
    ...before,
    metadata: {
      ...metadata,
      finalizers,
      deletionTimestamp: metadata.deletionTimestamp ?? wholeSeconds(at),
      ...(generation !== undefined && { generation: generation + 1 }),
    },
  };
};
