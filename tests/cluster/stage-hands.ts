/**
 * The hands of everybody but the operator in one namespace with one strategy: the person's, and those
 * of garbage collector and node, which the test plays itself so that it knows when they are done.
 */

import { z } from "zod";
import { liveStrategies } from "#crds/live-strategy.ts";
import {
  collectionPath,
  configMaps,
  deployments,
  objectPath,
  pods,
  type Resource,
} from "#kubernetes/resource.ts";
import { CHILDREN_SELECTOR } from "#operator/kube/identity.ts";
import { toObject } from "./child-world.ts";
import { collectOne, collectOrphans } from "./collector.ts";
import type { ControlPlane } from "./control-plane.ts";
import { followed, listAll, type Stored } from "./convergence.ts";
import { manifestOf } from "./operator-world.ts";
import { podOf, RUNNING, type PositionHolder } from "./position-holder.ts";
import type { Past, Snapshot } from "./views.ts";

/** Its name; that of its children is `executor-one`. */
export const STRATEGY = "one";
const CHILD = `executor-${STRATEGY}`;

type Fields = Readonly<Record<string, unknown>>;

export type Hands = {
  /** `kubectl create`, of the strategy. */
  readonly create: (spec?: Fields) => Promise<void>;
  /** `kubectl patch --type merge`, of the strategy or its child of this kind. */
  readonly patch: (resource: Resource, patch: Fields) => Promise<void>;
  /** RFC 6902. */
  readonly edit: (resource: Resource, operations: ReadonlyArray<Fields>) => Promise<void>;
  /** `kubectl delete --wait=false`. */
  readonly remove: (resource: Resource) => Promise<void>;
  /** Removes it whatever finalizers it has. */
  readonly erase: (resource: Resource) => Promise<void>;
  /** The object of this kind, if it is there. */
  readonly get: (resource: Resource) => Promise<Stored | undefined>;
  /** Puts the object in again as it was read, under a new uid. */
  readonly putBack: (resource: Resource, object: Stored) => Promise<void>;
  /** What a watch would begin with now, of everything that is followed. */
  readonly snapshots: () => Promise<Past>;
  /** Starts the pod that the Deployment asks for, and in it the executor. */
  readonly runPod: () => Promise<void>;
  /** Does what garbage collector and node would do now. */
  readonly tidy: () => Promise<void>;
};

const MERGE = "application/merge-patch+json";

export const createHands = (
  plane: ControlPlane,
  namespace: string,
  executor: PositionHolder,
): Hands => {
  const pathOf = (resource: Resource, subresource?: string) =>
    objectPath(resource, { namespace, name: nameOf(resource) }, subresource);
  const call = async (method: string, path: string, body?: unknown, type?: string) => {
    const answer = await plane.call(method, path, body, type);
    if (answer.status < 300) return answer.body;
    throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
  };
  const post = async (resource: Resource, manifest: Fields) => {
    await call("POST", collectionPath(resource, namespace), manifest);
  };
  const patch: Hands["patch"] = async (resource, change) => {
    await call("PATCH", pathOf(resource), change, MERGE);
  };
  const remove: Hands["remove"] = async (resource) => {
    await call("DELETE", pathOf(resource));
  };
  return {
    create: (spec) =>
      post(liveStrategies, {
        ...manifestOf(STRATEGY, spec),
        metadata: { name: STRATEGY, namespace },
      }),
    patch,
    edit: async (resource, operations) => {
      await call("PATCH", pathOf(resource), operations, "application/json-patch+json");
    },
    remove,
    erase: async (resource) => {
      await patch(resource, { metadata: { finalizers: null } });
      await remove(resource);
    },
    get: async (resource) =>
      (await listAll(plane, resource, namespace)).find(
        ({ metadata }) => metadata.name === nameOf(resource),
      ),
    putBack: ({ apiVersion, kind, plural }, { metadata, spec, data }) => {
      const { name, labels, annotations, ownerReferences } = metadata;
      const kept = { name, labels, annotations, ownerReferences };
      return post({ apiVersion, kind, plural }, { apiVersion, kind, metadata: kept, spec, data });
    },
    snapshots: async () => {
      const all = followed.map(async (resource) => {
        const selector = resource === liveStrategies ? "" : encodeURIComponent(CHILDREN_SELECTOR);
        const path = `${collectionPath(resource, namespace)}?labelSelector=${selector}`;
        return [resource.plural, snapshotIn(resource, await call("GET", path))] as const;
      });
      return new Map(await Promise.all(all));
    },
    runPod: async () => {
      await post(pods, podOf(CHILD, await call("GET", pathOf(deployments))));
      await call("PATCH", pathOf(pods, "status"), { status: RUNNING }, MERGE);
      executor.boot(await call("GET", pathOf(configMaps)));
    },
    tidy: () => collect(plane, namespace, executor),
  };
};

const nameOf = (resource: Resource): string => (resource === liveStrategies ? STRATEGY : CHILD);

const page = z.object({
  metadata: z.object({ resourceVersion: z.string() }),
  items: z.array(z.looseObject({})),
});

const snapshotIn = ({ apiVersion, kind }: Resource, listed: unknown): Snapshot => {
  const { metadata, items } = page.parse(listed);
  const objects = items.map((item) =>
    toObject({ status: 200, body: { ...item, apiVersion, kind } }),
  );
  return { resourceVersion: metadata.resourceVersion, items: objects };
};

/** Children whose owner is gone, and the pod of a Deployment that is gone. */
const collect = async (
  plane: ControlPlane,
  namespace: string,
  executor: PositionHolder,
): Promise<void> => {
  const owners = await collectOrphans(plane, namespace);
  const left = await listAll(plane, pods, namespace);
  const isDeployed = (await listAll(plane, deployments, namespace)).length > 0;
  if (left.length > 0 && !isDeployed) {
    if (executor.isOpen()) throw new Error("its Deployment went while it held a position");
    // The pod first: an executor that has ended in a pod that is there would be news.
    for (const pod of left) await collectOne(plane, pods, pod);
    executor.end();
  }
  if (owners.length === 0 && executor.isOpen()) throw new Error("nobody looks after its position");
};
