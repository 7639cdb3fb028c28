/**
 * The address of the one pod: a name that resolves to it, without a virtual address in between.
 *
 * The pod is found even while it is not ready, because that is when its status is most worth reading.
 */

import type { LiveStrategy } from "#crds/live-strategy.ts";
import { ownedMetadata, podSelector } from "./identity.ts";

export const HTTP_PORT = 8080;

export const serviceOf = (strategy: LiveStrategy) => ({
  apiVersion: "v1",
  kind: "Service",
  metadata: ownedMetadata(strategy),
  spec: {
    type: "ClusterIP",
    clusterIP: "None",
    publishNotReadyAddresses: true,
    sessionAffinity: "None",
    internalTrafficPolicy: "Cluster",
    selector: podSelector(strategy),
    ports: [{ name: "http", port: HTTP_PORT, targetPort: "http", protocol: "TCP" }],
  },
});
