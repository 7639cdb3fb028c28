/**
 * Writes to a LiveStrategy: its finalizer and its status, never its specification.
 *
 * The finalizer is guarded by the version that was looked at. A status goes to the uid that it is
 * about; the last one wins, which is the same writer's later word.
 */

import { isDeepStrictEqual } from "node:util";
import type { Clock } from "#base/clock.ts";
import { liveStrategies, type LiveStrategy } from "#crds/live-strategy.ts";
import type { KubeApi } from "#kubernetes/api.ts";
import type { KubeObject, ObjectMeta } from "#kubernetes/object.ts";
import { deployments } from "#kubernetes/resource.ts";
import { statusOfUnreadable } from "../conditions.ts";
import { FINALIZER, FORCE_DELETE } from "../observed.ts";
import { FIELD_MANAGER, toError } from "./children-keeper.ts";
import { childName, isChildOf } from "./identity.ts";
import { type Unreadable } from "./live-strategies.ts";
import { mergePatch } from "./merge-patch.ts";
import type { Records } from "./records.ts";

export type WritesDeps = {
  readonly api: KubeApi;
  readonly clock: Pick<Clock, "now">;
  readonly records: Pick<Records, "strategies">;
};

/** A person has said that it may go, executor and all. */
export const mayGoUnread = ({
  annotations,
  deletionTimestamp,
  finalizers,
}: Pick<ObjectMeta, "annotations" | "deletionTimestamp" | "finalizers">): boolean =>
  annotations?.[FORCE_DELETE] === "true" &&
  deletionTimestamp !== undefined &&
  finalizers?.includes(FINALIZER) === true;

/** Nothing can be decided for it but that it may go, when a person says so. */
export const settleUnreadable = async (
  self: WritesDeps,
  { namespace = "", name, uid, resourceVersion, ...metadata }: ObjectMeta,
  unreadable: Unreadable,
): Promise<void> => {
  const { finalizers = [], generation = 0 } = metadata;
  if (mayGoUnread(metadata)) {
    return setFinalizer(self, { namespace, name, uid, resourceVersion, finalizers }, false);
  }
  const status = statusOfUnreadable(unreadable, generation, self.clock.now());
  if (isDeepStrictEqual(status, unreadable.status)) return;
  await patchStatus(self, { namespace, name, uid }, mergePatch(unreadable.status ?? {}, status));
};

type Held = Pick<LiveStrategy["metadata"], "namespace" | "name" | "uid" | "resourceVersion"> & {
  readonly finalizers?: ReadonlyArray<string> | undefined;
};

export const setFinalizer = async (
  { api, records }: WritesDeps,
  { namespace, name, uid, resourceVersion, finalizers = [] }: Held,
  wanted: boolean,
): Promise<void> => {
  if (!wanted) await refuseWhileDeployed(api, { namespace, name, uid });
  const others = finalizers.filter((one) => one !== FINALIZER);
  const patch = {
    metadata: { uid, resourceVersion, finalizers: wanted ? [...others, FINALIZER] : others },
  };
  const patched = await api.patchMerge(liveStrategies, { namespace, name }, patch, {
    fieldManager: FIELD_MANAGER,
  });
  if (patched.ok) return remember(records, patched.value);
  const isGone = !wanted && patched.error.kind === "NotFound";
  if (!isGone) throw toError(patched.error);
};

/** The last finalizer that goes takes the strategy with it: nothing may be written to it any more. */
const remember = ({ strategies }: WritesDeps["records"], object: KubeObject): void => {
  const { deletionTimestamp, finalizers = [] } = object.metadata;
  const isGone = deletionTimestamp !== undefined && finalizers.length === 0;
  strategies.fresh[isGone ? "removed" : "wrote"](strategies.parse(object));
};

/** A copy that is late must not let a strategy go whose executor is being made. */
const refuseWhileDeployed = async (
  api: KubeApi,
  { namespace, name, uid }: Identity,
): Promise<void> => {
  const found = await api.get(deployments, { namespace, name: childName({ metadata: { name } }) });
  if (!found.ok && found.error.kind === "NotFound") return;
  if (!found.ok) throw toError(found.error);
  if (isChildOf(found.value, uid)) throw new Error("its Deployment is still there");
};

type Identity = Pick<LiveStrategy["metadata"], "namespace" | "name" | "uid">;

export const patchStatus = async (
  { api, records }: WritesDeps,
  { namespace, name, uid }: Identity,
  status: Readonly<Record<string, unknown>>,
): Promise<void> => {
  const patch = { metadata: { uid }, status };
  const written = await api.patchMerge(liveStrategies, { namespace, name }, patch, {
    fieldManager: FIELD_MANAGER,
    subresource: "status",
  });
  // Also where it is gone and the copy is late: what nobody has read has not been said.
  if (!written.ok) throw toError(written.error);
  records.strategies.fresh.wrote(records.strategies.parse(written.value));
};
