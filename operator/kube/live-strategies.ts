/** LiveStrategies as the operator keeps them: parsed once for each version of their specification. */

import { err, ok, type Result } from "#base/result.ts";
import { readLiveStrategy } from "#crds/live-strategy-check.ts";
import {
  API_VERSION,
  LIVE_STRATEGY,
  type LiveStrategy,
  type LiveStrategySpec,
} from "#crds/live-strategy.ts";
import { liveStrategyStatus, type LiveStrategyStatus } from "#crds/live-strategy-status.ts";
import type { KubeObject, ObjectMeta } from "#kubernetes/object.ts";

export type CachedStrategy = {
  readonly metadata: ObjectMeta;
  readonly strategy: Result<LiveStrategy, Unreadable>;
};

/** It exists and is not understood: a newer schema wrote it, say. */
export type Unreadable = {
  readonly problem: string;
  readonly status: LiveStrategyStatus | undefined;
};

export type StrategyParser = {
  readonly parse: (object: KubeObject) => CachedStrategy;
  /** The strategy is gone. */
  readonly forget: (uid: string) => void;
};

/** A specification is parsed again only when its generation moves; status changes far more often. */
export const createStrategyParser = (): StrategyParser => {
  const parsed = new Map<
    string,
    { readonly generation: number; readonly spec: LiveStrategySpec }
  >();
  const parse = (object: KubeObject): CachedStrategy => {
    const { metadata } = object;
    const { uid, generation = 0 } = metadata;
    const known = parsed.get(uid);
    if (known?.generation === generation) {
      return { metadata, strategy: ok(assemble(object, known.spec)) };
    }
    const checked = readLiveStrategy(object);
    if (!checked.ok) {
      const problem = checked.error.map(({ words }) => words).join("; ");
      return { metadata, strategy: err({ problem, status: statusIn(object) }) };
    }
    const { spec } = checked.value;
    parsed.set(uid, { generation, spec });
    return { metadata, strategy: ok(assemble(object, spec)) };
  };
  return { parse, forget: (uid) => void parsed.delete(uid) };
};

const assemble = (object: KubeObject, spec: LiveStrategySpec): LiveStrategy => {
  const { metadata } = object;
  const { name, namespace = "default", uid, generation = 0, resourceVersion } = metadata;
  const { labels, annotations, creationTimestamp, deletionTimestamp, finalizers } = metadata;
  return {
    apiVersion: API_VERSION,
    kind: LIVE_STRATEGY,
    metadata: {
      name,
      namespace,
      uid,
      generation,
      resourceVersion,
      ...(labels && { labels }),
      ...(annotations && { annotations }),
      ...(creationTimestamp !== undefined && { creationTimestamp }),
      ...(deletionTimestamp !== undefined && { deletionTimestamp }),
      ...(finalizers && { finalizers: [...finalizers] }),
    },
    spec,
    status: statusIn(object),
  };
};

const statusIn = ({ status }: KubeObject): LiveStrategyStatus | undefined =>
  status === undefined ? undefined : liveStrategyStatus.safeParse(status).data;
