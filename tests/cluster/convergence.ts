/**
 * What a namespace looks like once an operator has done its work, in a form in which two runs can be
 * compared: identities, versions and times say nothing and are taken out, everything else counts.
 *
 * What the operator has done to get there is read from the server's audit log. The end may be right
 * although something was deleted and made again on the way.
 */

import { z } from "zod";
import { liveStrategies } from "#crds/live-strategy.ts";
import {
  collectionPath,
  configMaps,
  deployments,
  pods,
  services,
  volumeClaims,
  type Resource,
} from "#kubernetes/resource.ts";
import type { ObjectMeta } from "#kubernetes/object.ts";
import type { AuditEvent } from "./audit.ts";
import type { ControlPlane } from "./control-plane.ts";
import type { RunningOperator } from "./operator-world.ts";
import { until } from "./until.ts";

/** Everything that the operator follows. */
export const followed: ReadonlyArray<Resource> = [
  liveStrategies,
  configMaps,
  volumeClaims,
  services,
  deployments,
  pods,
];

/** An object as the server stores it; one in a list of a kind that is built in does not say which. */
export type Stored = { readonly metadata: ObjectMeta; readonly [field: string]: unknown };

/** What generic machinery reads; the rest is kept as it is. */
const stored = z.looseObject({
  metadata: z.looseObject({ name: z.string(), uid: z.string(), resourceVersion: z.string() }),
});

const list = z.object({ items: z.array(stored) });

/** What the server has now, by a consistent read. */
export const listAll = async (
  { call }: Pick<ControlPlane, "call">,
  resource: Resource,
  namespace?: string,
): Promise<ReadonlyArray<Stored>> => {
  const { status, body } = await call("GET", collectionPath(resource, namespace));
  if (status !== 200) throw new Error(`${resource.plural} are not listed: ${status}`);
  return list.parse(body).items;
};

/** All objects of each kind. */
export type Objects = Readonly<Record<string, ReadonlyArray<Stored>>>;

/** Everything that an operator has to do with. */
export const objectsIn = async (plane: ControlPlane, namespace?: string): Promise<Objects> =>
  Object.fromEntries(
    await Promise.all(
      followed.map(
        async (resource) => [resource.kind, await listAll(plane, resource, namespace)] as const,
      ),
    ),
  );

/** Canonical objects by `Kind/name`. */
export type World = Readonly<Record<string, unknown>>;

export const worldOf = async (plane: ControlPlane, namespace: string): Promise<World> => {
  const listed = Object.entries(await objectsIn(plane, namespace));
  const objects = listed.flatMap(([kind, all]) => all.map((object) => [kind, object] as const));
  const words = new Map<string, string>([[namespace, "namespace"]]);
  for (const [kind, { metadata }] of objects) words.set(metadata.uid, `uid of ${kind}`);
  return Object.fromEntries(
    objects
      // Made by a controller in every namespace of a whole cluster.
      .filter(([, { metadata }]) => metadata.name !== "kube-root-ca.crt")
      .map(([kind, object]) => [`${kind}/${object.metadata.name}`, canonical(object, words)]),
  );
};

const VOLATILE = new Set(["uid", "resourceVersion", "creationTimestamp", "lastTransitionTime"]);
/** Hashes of what is compared anyway, and uids are part of what they are of. */
const HASHES = new Set(["scalpradar.io/applied"]);

const canonical = (object: Stored, words: ReadonlyMap<string, string>): unknown => {
  let text = JSON.stringify(object, (key, value: unknown) => {
    if (VOLATILE.has(key)) return undefined;
    if (HASHES.has(key)) return "hash";
    return key === "managedFields" ? managersIn(value) : value;
  });
  for (const [id, word] of words) text = text.replaceAll(id, word);
  return JSON.parse(text.replaceAll(UID, "uid of somebody who is gone"));
};

const UID = /\b[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}\b/g;

const managedFields = z.array(
  z.object({ manager: z.string(), operation: z.string(), subresource: z.string().default("") }),
);

/** Who owns fields, and how: what was taken over halfway would be left as it is for good. */
const managersIn = (value: unknown): ReadonlyArray<string> =>
  managedFields
    .parse(value)
    .map(({ manager, operation, subresource }) => `${manager} ${operation} ${subresource}`.trim())
    .toSorted();

const READS = new Set(["get", "list", "watch"]);

/** `create deployments`, `patch livestrategies/status`. */
export const wordsOf = ({ verb, resource, subresource }: AuditEvent): string =>
  `${verb} ${resource}${subresource === undefined ? "" : `/${subresource}`}`;

/** Neither the tests' own hands nor the server's own housekeeping. */
const isOperators = ({ userAgent }: AuditEvent): boolean => userAgent.startsWith("scalp-radar/");

export const isWrite = (event: AuditEvent): boolean =>
  isOperators(event) && !READS.has(event.verb) && event.resource !== "leases";

let marks = 0;

/** The log up to now: a request of our own has come out at its end. */
export const auditedSoFar = async (plane: ControlPlane): Promise<ReadonlyArray<AuditEvent>> => {
  marks += 1;
  const mark = `/version?mark=${marks}`;
  await plane.call("GET", mark);
  const isLogged = () => plane.audit().some(({ requestURI }) => requestURI === mark);
  await until("the audit log has come so far", isLogged);
  return plane.audit();
};

/** How often each object was made and taken away by the operator, and how often it was written. */
export type Effects = Readonly<Record<string, number>>;

/** Creations and deletions only: a write that is repeated harms nobody, an object that is does. */
export const effectsIn = (audit: ReadonlyArray<AuditEvent>, namespace: string): Effects =>
  count(
    audit
      .filter((event) => isWrite(event) && event.namespace === namespace && event.code < 300)
      .filter(({ verb }) => verb === "create" || verb === "delete")
      .map((event) => `${wordsOf(event)} ${event.name ?? ""}`),
  );

export const count = (words: ReadonlyArray<string>): Readonly<Record<string, number>> => {
  const counts = new Map<string, number>();
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
  return Object.fromEntries([...counts].toSorted(([a], [b]) => (a < b ? -1 : 1)));
};

/** Nothing is due and nothing is worked on. What waits for a later look does not count. */
export const isIdle = async ({ registry }: RunningOperator): Promise<boolean> =>
  (await gauge(registry, "workqueue_depth")) === 0 &&
  (await gauge(registry, "controller_runtime_active_workers")) === 0;

type Registry = RunningOperator["registry"];

const gauge = async (registry: Registry, name: string): Promise<number> => {
  const metric = await registry.getSingleMetric(name)?.get();
  if (metric === undefined) throw new Error(`${name} is no metric`);
  return metric.values.reduce((sum, { value }) => sum + value, 0);
};

/** The sum over all labels. */
export const metricOf = ({ registry }: RunningOperator, name: string): Promise<number> =>
  gauge(registry, name);
