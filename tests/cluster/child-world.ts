/**
 * The children of a strategy on a real API server, other hands that change them, and the repair as
 * the operator does it: one patch if something foreign is in the way, else server-side apply.
 */

import { z } from "zod";
import type { JsonPatch } from "#kubernetes/api.ts";
import type { KubeObject, Manifest } from "#kubernetes/object.ts";
import {
  collectionPath,
  configMaps,
  deployments,
  objectPath,
  services,
  volumeClaims,
} from "#kubernetes/resource.ts";
import { differences, repairOf, type Difference } from "#operator/kube/difference.ts";
import { fitted } from "#operator/kube/volume-claim.ts";
import { inAnyOrder } from "#operator/testing/json.ts";
import type { ApiAnswer, ApiCall } from "./api-call.ts";

const OURS = "scalp-operator";
const OTHER = "somebody-else";

const resources = [configMaps, volumeClaims, services, deployments];

const pathOf = ({ kind, metadata: { namespace = "", name } }: Manifest, query = ""): string => {
  const resource = resources.find((one) => one.kind === kind);
  if (resource === undefined) throw new Error(`${kind} is no kind of child`);
  return `${objectPath(resource, { namespace, name })}${query}`;
};

/** What generic machinery reads; the rest is kept as it is. A dry run has no version. */
const stored = z.looseObject({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: z.looseObject({
    name: z.string(),
    uid: z.string(),
    resourceVersion: z.string().default(""),
  }),
});

export const toObject = ({ status, body }: ApiAnswer): KubeObject => {
  if (status >= 300) throw new Error(`refused: ${status} ${JSON.stringify(body)}`);
  return stored.parse(body);
};

export const createNamespace = async (
  call: ApiCall,
  name: string,
  labels: Readonly<Record<string, string>> = {},
): Promise<void> => {
  toObject(await call("POST", "/api/v1/namespaces", { metadata: { name, labels } }));
  // Pods are refused without it.
  const account = { metadata: { name: "scalp-executor" } };
  toObject(await call("POST", `/api/v1/namespaces/${name}/serviceaccounts`, account));
};

export const read = async (call: ApiCall, child: Manifest): Promise<KubeObject> =>
  toObject(await call("GET", pathOf(child)));

export const apply = async (call: ApiCall, child: Manifest): Promise<KubeObject> => {
  const path = pathOf(child, `?fieldManager=${OURS}&force=true`);
  return toObject(await call("PATCH", path, child, "application/apply-patch+yaml"));
};

/** Says that a claim has its volume, which no controller here does. */
export const bind = async (call: ApiCall, claim: Manifest): Promise<KubeObject> => {
  const path = `${pathOf(claim)}/status`;
  const status = { status: { phase: "Bound", capacity: { storage: "1Gi" } } };
  return toObject(await call("PATCH", path, status, "application/merge-patch+json"));
};

export const createByDryRun = (call: ApiCall, child: Manifest): Promise<ApiAnswer> => {
  const resource = resources.find(({ kind }) => kind === child.kind) ?? deployments;
  return call("POST", `${collectionPath(resource, child.metadata.namespace)}?dryRun=All`, child);
};

/** What somebody else does, as a manager of fields of their own. */
export const change = (call: ApiCall, child: Manifest, patch: JsonPatch): Promise<ApiAnswer> =>
  call("PATCH", pathOf(child, `?fieldManager=${OTHER}`), patch, "application/json-patch+json");

export type Repaired = {
  readonly found: ReadonlyArray<Difference>;
  /** After one round. */
  readonly left: ReadonlyArray<Difference>;
  readonly live: KubeObject;
};

export const repair = async (call: ApiCall, child: Manifest): Promise<Repaired> => {
  const before = await read(call, child);
  const found = differences(child, before);
  const patch = repairOf(found, before);
  if (patch !== undefined) {
    const path = pathOf(child, `?fieldManager=${OURS}`);
    toObject(await call("PATCH", path, patch, "application/json-patch+json"));
  }
  // Also after the patch: what was changed belongs to us again.
  if (found.some(({ kind }) => kind !== "Foreign")) await apply(call, fitted(child, before));
  const live = await read(call, child);
  return { found, left: differences(child, live), live };
};

/** What an object says, without who wrote which version of it. */
export const content = (object: KubeObject): unknown => {
  const { resourceVersion, generation, managedFields, ...metadata } = z
    .looseObject({ managedFields: z.unknown() })
    .parse(object.metadata);
  return inAnyOrder({ ...object, metadata });
};
