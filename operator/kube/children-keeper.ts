/**
 * Makes the children of a strategy and keeps them as they should be, with as few writes as can be.
 *
 * A child that is missing is created; one that differs is server-side applied, and what that leaves
 * behind of other people's entries is taken out by a patch that holds only for the version it was
 * made for. What equals is not touched. A child that belongs to somebody else is never touched, and
 * with somebody who keeps changing ours we do not fight (docs/decisions/0010).
 */

import { createHash } from "node:crypto";
import type { Clock } from "#base/clock.ts";
import { err, ok, type Result } from "#base/result.ts";
import type { Answered, ApiError, JsonPatch, KubeApi } from "#kubernetes/api.ts";
import {
  controllerOf,
  type KubeObject,
  type Manifest,
  type ObjectKey,
} from "#kubernetes/object.ts";
import type { LiveStrategy } from "#crds/live-strategy.ts";
import { keyText, type Obstacle } from "../cluster.ts";
import { differences, repairOf, type Difference } from "./difference.ts";
import { nextFight, type FightState, type Repair } from "./drift.ts";
import { isChildOf, STRATEGY_LABEL } from "./identity.ts";
import { pack, unpack } from "./packed.ts";
import type { ChildName, Collection } from "./records.ts";
import { fitted } from "./volume-claim.ts";

export const FIELD_MANAGER = "scalp-operator";

/** On each child: which wish of ours it fulfils. Tells a change of mind from somebody else's hand. */
export const APPLIED = "scalpradar.io/applied";

export type KeeperDeps = {
  readonly api: KubeApi;
  readonly clock: Pick<Clock, "elapsed">;
  readonly children: Readonly<Record<ChildName, Collection<KubeObject>>>;
  /** Somebody had changed a child; the paths that were put right. */
  readonly onRepaired: (strategy: LiveStrategy, words: string) => void;
};

export type Keeper = {
  /** Paths at which the child differs from the wish; empty when nothing has to be written. */
  readonly driftOf: (name: ChildName, wish: Manifest) => ReadonlyArray<string>;
  /** Throws what should be tried again. */
  readonly keep: (
    strategy: LiveStrategy,
    name: ChildName,
    wish: Manifest,
  ) => Promise<Result<undefined, Obstacle>>;
  /** The strategy is gone. */
  readonly forget: (strategyUid: string) => void;
};

export const createKeeper = (deps: KeeperDeps): Keeper => {
  /** By the strategy's uid: a child that is made again is fought over as before. */
  const fights = new Map<string, Partial<Record<ChildName, FightState>>>();
  const mark = createMarker();
  const judge = createJudge(mark);
  return {
    driftOf: (name, wish) => {
      const live = deps.children[name].fresh.get(keyOfManifest(wish));
      if (live === undefined) return [`${wish.kind} is missing`];
      return judge(wish, live).map(({ path }) => `${wish.kind} ${path}`);
    },
    keep: async (strategy, name, wish) => {
      const collection = deps.children[name];
      const seen = collection.fresh.get(keyOfManifest(wish));
      const { manifest } = mark(wish);
      const isKnown = seen !== undefined && isOurs(strategy, name, seen);
      const there = isKnown ? seen : seen && (await lookAgain(deps, collection, manifest));
      const live = pack(there ?? (await create(deps, collection, manifest)));
      // Somebody else's is not in the copy, which would never show that it has gone.
      if (!isOurs(strategy, name, live)) return err(adoptionRefused(wish));
      if (!isKnown) collection.fresh.wrote(live);
      const found = judge(wish, live);
      if (found.length === 0) return ok(undefined);
      if (!wasChangedBySomebody(live, mark(wish))) {
        await mend(deps, collection, manifest, { live, found });
        return ok(undefined);
      }
      const repair = repairIn(deps, strategy, found);
      const { uid } = strategy.metadata;
      const fight = nextFight(fights.get(uid)?.[name], repair);
      if (fight.isOpen) return err(driftFight(wish, fight));
      await mend(deps, collection, manifest, { live, found });
      fights.set(uid, { ...fights.get(uid), [name]: fight });
      deps.onRepaired(strategy, repairedWords(wish, found));
      return ok(undefined);
    },
    forget: (strategyUid) => void fights.delete(strategyUid),
  };
};

type Judge = (wish: Manifest, live: KubeObject) => ReadonlyArray<Difference>;

/**
 * Neither ever changes, so one pair need be compared once, however often it is met. Of the wish only
 * its hash is kept: the wish itself is larger than what it is compared with.
 */
const createJudge = (mark: Marker): Judge => {
  const verdicts = new WeakMap<KubeObject, { hash: string; found: ReadonlyArray<Difference> }>();
  return (wish, live) => {
    const { hash, manifest } = mark(wish);
    const known = verdicts.get(live);
    if (known?.hash === hash) return known.found;
    const found = differences(manifest, unpack(live));
    verdicts.set(live, { hash, found });
    return found;
  };
};

const repairIn = (
  { clock }: KeeperDeps,
  { metadata: { generation } }: LiveStrategy,
  found: ReadonlyArray<Difference>,
): Repair => ({ at: clock.elapsed(), generation, paths: found.map(({ path }) => path) });

/** The wish with its own hash on it. */
type Marked = { readonly manifest: Manifest; readonly hash: string };

type Marker = (wish: Manifest) => Marked;

const createMarker = (): Marker => {
  const markedByWish = new WeakMap<Manifest, Marked>();
  return (wish) => {
    const known = markedByWish.get(wish);
    if (known !== undefined) return known;
    const hash = createHash("sha256").update(JSON.stringify(wish)).digest("hex").slice(0, 16);
    const annotations = { ...wish.metadata.annotations, [APPLIED]: hash };
    const made = { manifest: { ...wish, metadata: { ...wish.metadata, annotations } }, hash };
    markedByWish.set(wish, made);
    return made;
  };
};

/** Ours always carry it: where it is gone, somebody has replaced the whole. */
const wasChangedBySomebody = (live: KubeObject, { hash }: Marked): boolean => {
  const applied = live.metadata.annotations?.[APPLIED];
  return applied === undefined || applied === hash;
};

/** A copy that is late may show what another strategy of that name has left behind. */
const lookAgain = async (
  { api }: KeeperDeps,
  { resource }: Collection<KubeObject>,
  wish: Manifest,
): Promise<KubeObject | undefined> => {
  const found = await api.get(resource, objectKey(wish));
  if (found.ok) return found.value;
  if (found.error.kind === "NotFound") return undefined;
  throw toError(found.error);
};

/** The new object, or the one that has the name. */
const create = async (
  { api }: KeeperDeps,
  { resource }: Collection<KubeObject>,
  wish: Manifest,
): Promise<KubeObject> => {
  const created = await api.create(resource, wish, {
    fieldManager: FIELD_MANAGER,
  });
  const object = created.ok ? created : await ownerOfName(api, resource, wish, created.error);
  return object.value;
};

const ownerOfName = async (
  api: KubeApi,
  resource: Collection<KubeObject>["resource"],
  wish: Manifest,
  error: ApiError,
) => {
  // A name that is taken, or an answer that never came: what is there now tells.
  if (error.kind !== "Conflict" && error.kind !== "Unknown") throw toError(error);
  const existing = await api.get(resource, objectKey(wish));
  if (!existing.ok) throw toError(existing.error);
  return existing;
};

type Comparison = { readonly live: KubeObject; readonly found: ReadonlyArray<Difference> };

const mend = async (
  deps: KeeperDeps,
  collection: Collection<KubeObject>,
  wish: Manifest,
  { live, found }: Comparison,
): Promise<void> => {
  const { api } = deps;
  const { resource, fresh } = collection;
  const options = { fieldManager: FIELD_MANAGER };
  const repair = repairOf(found, live);
  if (repair === undefined) await ownByApply(deps, collection, wish);
  const mended =
    repair === undefined
      ? await api.apply(resource, fitted(wish, unpack(live)), { ...options, force: true })
      : await patchVersion(api, resource, { live, operations: repair, options });
  if (!mended.ok) throw toError(mended.error);
  fresh.wrote(pack(mended.value));
};

type ManagedFields = ReadonlyArray<{
  readonly manager?: string;
  readonly operation?: string;
  readonly subresource?: string;
}>;

/**
 * What was created belongs to us as an update; as that it would keep fields that we no longer ask
 * for. Before the first apply the entry is turned into one of an apply, as kubectl does it.
 */
const ownByApply = async (
  { api }: KeeperDeps,
  { resource }: Collection<KubeObject>,
  wish: Manifest,
): Promise<void> => {
  const live = await api.get(resource, objectKey(wish));
  if (!live.ok) throw toError(live.error);
  const entries = managedFieldsOf(live.value);
  const index = entries.findIndex(
    ({ manager, operation, subresource }) =>
      manager === FIELD_MANAGER && operation === "Update" && subresource === undefined,
  );
  const isOwned = entries.some(
    ({ manager, operation }) => manager === FIELD_MANAGER && operation === "Apply",
  );
  if (index === -1) return;
  const path = `/metadata/managedFields/${index}`;
  const change = isOwned
    ? ({ op: "remove", path } as const)
    : ({ op: "replace", path: `${path}/operation`, value: "Apply" } as const);
  const { resourceVersion } = live.value.metadata;
  const operations = [
    { op: "test", path: "/metadata/resourceVersion", value: resourceVersion },
    change,
  ] as const;
  const turned = await patchVersion(api, resource, { live: live.value, operations });
  if (!turned.ok) throw toError(turned.error);
};

type VersionPatch = {
  readonly live: KubeObject;
  readonly operations: JsonPatch;
  readonly options?: { readonly fieldManager: string };
};

/**
 * A patch for one version of the object. Where somebody was faster the server only says that it is
 * invalid, as of a patch that can never be done: which of them it is, the version tells.
 */
const patchVersion = async (
  api: KubeApi,
  resource: Collection<KubeObject>["resource"],
  { live, operations, options }: VersionPatch,
): Answered<KubeObject> => {
  const key = objectKey(live);
  const patched = await api.patchJson(resource, key, operations, options);
  if (patched.ok || patched.error.kind !== "Invalid") return patched;
  const now = await api.get(resource, key);
  const { resourceVersion } = live.metadata;
  if (!now.ok || now.value.metadata.resourceVersion === resourceVersion) return patched;
  return err({ kind: "Conflict", message: `${live.kind} ${keyText(key)} has changed meanwhile` });
};

const managedFieldsOf = ({ metadata }: KubeObject): ManagedFields =>
  "managedFields" in metadata && Array.isArray(metadata.managedFields)
    ? metadata.managedFields
    : [];

/** A claim may outlive its strategy, and serves the next one of that name. */
const isOurs = ({ metadata }: LiveStrategy, name: ChildName, live: KubeObject): boolean => {
  if (name !== "volumeClaim" || controllerOf(live) !== undefined) {
    return isChildOf(live, metadata.uid);
  }
  return live.metadata.labels?.[STRATEGY_LABEL] === metadata.name;
};

const objectKey = ({ metadata }: Manifest): ObjectKey => ({
  namespace: metadata.namespace ?? "",
  name: metadata.name,
});

const keyOfManifest = (wish: Manifest): string => keyText(objectKey(wish));

const adoptionRefused = (wish: Manifest): Obstacle => ({
  reason: "AdoptionRefused",
  message: `${wish.kind} ${keyOfManifest(wish)} exists and is not ours: delete it, or give the strategy another name.`,
});

const driftFight = (wish: Manifest, { repairs }: FightState): Obstacle => {
  const paths = [...new Set(repairs.flatMap((one) => one.paths))];
  return {
    reason: "DriftFight",
    message: `${wish.kind} ${keyOfManifest(wish)} is changed by somebody again and again (${listed(paths)}). Find out who with kubectl get -o yaml --show-managed-fields and stop it; mending goes on ten minutes after the last time, or when the strategy changes.`,
  };
};

const repairedWords = (wish: Manifest, found: ReadonlyArray<Difference>): string =>
  `${wish.kind} ${keyOfManifest(wish)} was put right: ${listed(found.map(({ path }) => path))}.`;

const LISTED_MAX = 3;

const listed = (paths: ReadonlyArray<string>): string => {
  const shown = paths.slice(0, LISTED_MAX);
  const more = paths.length - shown.length;
  return shown.join(", ") + (more > 0 ? ` and ${more} more` : "");
};

/** For whoever tries again: the class first. */
export const toError = (error: ApiError): ApiFailure => new ApiFailure(error);

class ApiFailure extends Error {
  readonly api: ApiError;

  constructor(api: ApiError) {
    super(`${api.kind}: ${api.message}`);
    this.api = api;
  }
}

export const apiErrorOf = (thrown: unknown): ApiError | undefined =>
  thrown instanceof ApiFailure ? thrown.api : undefined;
