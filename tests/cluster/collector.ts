/**
 * The garbage collector, played by a test: it is done when this is, and not in its own time.
 */

import { liveStrategies } from "#crds/live-strategy.ts";
import {
  configMaps,
  deployments,
  objectPath,
  services,
  volumeClaims,
  type Resource,
} from "#kubernetes/resource.ts";
import type { ControlPlane } from "./control-plane.ts";
import { listAll, type Stored } from "./convergence.ts";

const KINDS = [configMaps, volumeClaims, services, deployments];

/** Removes children whose owner is gone; the strategies that there are. */
export const collectOrphans = async (
  plane: ControlPlane,
  namespace: string,
): Promise<ReadonlyArray<Stored>> => {
  const children = await Promise.all(
    KINDS.map(async (kind) =>
      (await listAll(plane, kind, namespace)).map((child) => ({ kind, child })),
    ),
  );
  // Read last: a child whose owner is not among them has lost it for good.
  const owners = await listAll(plane, liveStrategies, namespace);
  const living = new Set(owners.map(({ metadata }) => metadata.uid));
  for (const { kind, child } of children.flat()) {
    const { ownerReferences = [] } = child.metadata;
    const isOwned = ownerReferences.some(({ uid }) => living.has(uid));
    if (ownerReferences.length > 0 && !isOwned) await collectOne(plane, kind, child);
  }
  return owners;
};

/** By its uid: another one may have taken the name. */
export const collectOne = async (
  { call }: ControlPlane,
  resource: Resource,
  { metadata: { namespace = "", name, uid } }: Stored,
): Promise<void> => {
  const path = objectPath(resource, { namespace, name });
  await call("DELETE", path, { preconditions: { uid }, gracePeriodSeconds: 0 });
};
