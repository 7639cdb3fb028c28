/**
 * What an API server does with an applied manifest, for one machine: identity, generations, deletion.
 *
 * An object is born with an identity, gets a new generation whenever its spec changes, and when its
 * file is gone it is marked and stays until nobody holds on to it any more. Pure.
 */

import { isDeepStrictEqual } from "node:util";
import type { Millis } from "#base/clock.ts";
import type { LiveStrategy, LiveStrategyManifest } from "#crds/live-strategy.ts";
import { keyText } from "../cluster.ts";

/** The latest reset that somebody asked for through the API, by namespace and name. */
export type Resets = ReadonlyMap<string, string>;

export type SyncOptions = {
  readonly resets: Resets;
  readonly now: Millis;
  readonly newUid: () => string;
};

/** The objects as they should be stored. Those that may go are left out. */
export const syncObjects = (
  stored: ReadonlyArray<LiveStrategy>,
  manifests: ReadonlyArray<LiveStrategyManifest>,
  options: SyncOptions,
): ReadonlyArray<LiveStrategy> => {
  const known = new Set(stored.map(({ metadata }) => keyText(metadata)));
  const kept = stored.flatMap((object) => {
    const manifest = manifests.find(
      ({ metadata }) => keyText(metadata) === keyText(object.metadata),
    );
    return keepObject(object, manifest, options) ?? [];
  });
  const born = manifests
    .filter(({ metadata }) => !known.has(keyText(metadata)))
    .map((manifest) => createObject(manifest, options));
  return [...kept, ...born];
};

const keepObject = (
  object: LiveStrategy,
  manifest: LiveStrategyManifest | undefined,
  options: SyncOptions,
): LiveStrategy | undefined => {
  const isDeleting = object.metadata.deletionTimestamp !== undefined;
  if (manifest === undefined || isDeleting) {
    if ((object.metadata.finalizers ?? []).length === 0) return undefined;
    return isDeleting ? annotated(object, manifest) : markDeleted(object, options.now);
  }
  const spec = withReset(manifest, options.resets);
  const { name, namespace, labels, annotations } = manifest.metadata;
  const written = {
    name,
    namespace,
    ...(labels === undefined ? {} : { labels }),
    ...(annotations === undefined ? {} : { annotations }),
  };
  const { uid, generation, creationTimestamp, finalizers } = object.metadata;
  const isSame = isDeepStrictEqual(spec, object.spec);
  const next: LiveStrategy = {
    ...object,
    metadata: {
      ...written,
      uid,
      generation: isSame ? generation : generation + 1,
      ...(creationTimestamp === undefined ? {} : { creationTimestamp }),
      ...(finalizers === undefined ? {} : { finalizers }),
    },
    spec,
  };
  // The very same object when nothing differs: it is then not written again.
  return isDeepStrictEqual(next, object) ? object : next;
};

/** By a file that has come back a person may still say that it is to be let go. */
const annotated = (
  object: LiveStrategy,
  manifest: LiveStrategyManifest | undefined,
): LiveStrategy => {
  const annotations = manifest?.metadata.annotations;
  return annotations === undefined || isDeepStrictEqual(annotations, object.metadata.annotations)
    ? object
    : { ...object, metadata: { ...object.metadata, annotations } };
};

const createObject = (
  manifest: LiveStrategyManifest,
  { resets, now, newUid }: SyncOptions,
): LiveStrategy => ({
  ...manifest,
  metadata: {
    ...manifest.metadata,
    uid: newUid(),
    generation: 1,
    creationTimestamp: new Date(now).toISOString(),
  },
  spec: withReset(manifest, resets),
});

const markDeleted = (object: LiveStrategy, now: Millis): LiveStrategy => ({
  ...object,
  metadata: { ...object.metadata, deletionTimestamp: new Date(now).toISOString() },
});

/** The later of what the file says and what was asked for through the API. */
const withReset = (
  { metadata, spec }: LiveStrategyManifest,
  resets: Resets,
): LiveStrategy["spec"] => {
  const asked = resets.get(keyText(metadata));
  const written = spec.killSwitch?.resetAt;
  if (asked === undefined) return spec;
  const isLater = written === undefined || Date.parse(asked) > Date.parse(written);
  return isLater ? { ...spec, killSwitch: { ...spec.killSwitch, resetAt: asked } } : spec;
};
