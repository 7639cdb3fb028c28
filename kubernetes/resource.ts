/** Kinds of objects and their addresses on the API server. */

import type { ObjectKey } from "./object.ts";

/** All of ours live in namespaces, but for those that say otherwise. */
export type Resource = {
  /** `v1` for the core group, else `group/version`. */
  readonly apiVersion: string;
  readonly kind: string;
  readonly plural: string;
};

export const configMaps: Resource = { apiVersion: "v1", kind: "ConfigMap", plural: "configmaps" };
export const services: Resource = { apiVersion: "v1", kind: "Service", plural: "services" };
export const pods: Resource = { apiVersion: "v1", kind: "Pod", plural: "pods" };
export const volumeClaims: Resource = {
  apiVersion: "v1",
  kind: "PersistentVolumeClaim",
  plural: "persistentvolumeclaims",
};
export const deployments: Resource = {
  apiVersion: "apps/v1",
  kind: "Deployment",
  plural: "deployments",
};
export const leases: Resource = {
  apiVersion: "coordination.k8s.io/v1",
  kind: "Lease",
  plural: "leases",
};
export const events: Resource = {
  apiVersion: "events.k8s.io/v1",
  kind: "Event",
  plural: "events",
};

/**
 * `/apis/apps/v1/namespaces/trading/deployments`; without a namespace, those of all. An empty one is
 * that of what belongs to the whole cluster: none.
 */
export const collectionPath = ({ apiVersion, plural }: Resource, namespace?: string): string => {
  const root = apiVersion.includes("/") ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
  const within = !namespace ? "" : `/namespaces/${encodeURIComponent(namespace)}`;
  return `${root}${within}/${plural}`;
};

export const objectPath = (
  resource: Resource,
  { namespace, name }: ObjectKey,
  subresource?: string,
): string => {
  const path = `${collectionPath(resource, namespace)}/${encodeURIComponent(name)}`;
  return subresource === undefined ? path : `${path}/${subresource}`;
};
