/**
 * The volume that holds the executor's memory.
 *
 * By default it has no owner: deleting a strategy, by whatever mistake, leaves its journal. A claim
 * can hardly be changed once it is made, so what is asked of an existing one is fitted to it first.
 */

import { z } from "zod";
import type { LiveStrategy } from "#crds/live-strategy.ts";
import type { KubeObject, Manifest } from "#kubernetes/object.ts";
import { canonicalQuantity, largerQuantity } from "./canonical.ts";
import { ownedMetadata } from "./identity.ts";

const DEFAULT_SIZE = "1Gi";

export const volumeClaimOf = (strategy: LiveStrategy) => {
  const { size = DEFAULT_SIZE, storageClassName, deletionPolicy } = strategy.spec.executor.storage;
  const { ownerReferences, ...unowned } = ownedMetadata(strategy);
  const metadata: Manifest["metadata"] =
    deletionPolicy === "Delete" ? { ...unowned, ownerReferences } : unowned;
  return {
    apiVersion: "v1",
    kind: "PersistentVolumeClaim",
    metadata,
    spec: {
      accessModes: ["ReadWriteOnce"],
      resources: { requests: { storage: canonicalQuantity(size) } },
      ...(storageClassName !== undefined && { storageClassName }),
    },
  };
};

const claim = z.object({
  kind: z.literal("PersistentVolumeClaim"),
  spec: z.object({
    accessModes: z.array(z.string()),
    resources: z.object({ requests: z.object({ storage: z.string() }) }),
    storageClassName: z.string().optional(),
  }),
});

/**
 * What may be asked of the object that exists; anything but a claim stays as it is. Of a claim only
 * the size may change, and only upwards: the server would refuse the whole of it for the rest.
 */
export const fitted = (desired: Manifest, live: KubeObject): Manifest => {
  const [wanted, existing] = [claim.safeParse(desired), claim.safeParse(live)];
  if (!wanted.success || !existing.success) return desired;
  const { accessModes, resources, storageClassName } = existing.data.spec;
  const storage = largerQuantity(
    resources.requests.storage,
    wanted.data.spec.resources.requests.storage,
  );
  return {
    ...desired,
    spec: {
      accessModes,
      resources: { requests: { storage } },
      ...(storageClassName !== undefined && { storageClassName }),
    },
  };
};
