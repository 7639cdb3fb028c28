/**
 * Who a child of a LiveStrategy is: its name, its labels, and whom it belongs to.
 *
 * The name says it to people, the label with the strategy's uid to selectors: a strategy that is
 * made again under an old name must not take the pods of the one before for its own.
 */

import { API_VERSION, LIVE_STRATEGY, type LiveStrategy } from "#crds/live-strategy.ts";
import { controllerOf, type KubeObject, type OwnerReference } from "#kubernetes/object.ts";

export const STRATEGY_LABEL = "scalpradar.io/strategy";
export const STRATEGY_UID_LABEL = "scalpradar.io/strategy-uid";
const COMPONENT_LABEL = "app.kubernetes.io/component";

/** On each pod: the dedicated Secret that it was made with, empty without one. */
export const CREDENTIALS_ANNOTATION = "scalpradar.io/credentials-secret";

/** Every child of every strategy, and nothing else. */
export const CHILDREN_SELECTOR =
  "app.kubernetes.io/managed-by=scalp-radar,app.kubernetes.io/component=executor";

type Named = { readonly metadata: { readonly name: string } };

/** Of each of the four children: their kinds differ. */
export const childName = ({ metadata }: Named): string => `executor-${metadata.name}`;

export const childLabels = ({ metadata }: LiveStrategy): Readonly<Record<string, string>> => ({
  "app.kubernetes.io/name": "scalp-executor",
  "app.kubernetes.io/instance": metadata.name,
  "app.kubernetes.io/managed-by": "scalp-radar",
  [COMPONENT_LABEL]: "executor",
  "app.kubernetes.io/part-of": "scalp-radar",
  [STRATEGY_LABEL]: metadata.name,
  [STRATEGY_UID_LABEL]: metadata.uid,
});

/** As little as tells the pods apart: a Deployment's selector can never be changed. */
export const podSelector = ({ metadata }: LiveStrategy) => ({
  [COMPONENT_LABEL]: "executor",
  [STRATEGY_UID_LABEL]: metadata.uid,
});

export const ownerOf = ({ metadata }: LiveStrategy): OwnerReference => ({
  apiVersion: API_VERSION,
  kind: LIVE_STRATEGY,
  name: metadata.name,
  uid: metadata.uid,
  controller: true,
  blockOwnerDeletion: true,
});

/**
 * Whether a child is this strategy's. One that somebody took the owner from is known by its label: the
 * uid in it is nobody else's.
 */
export const isChildOf = (child: KubeObject, strategyUid: string): boolean => {
  const owner = controllerOf(child);
  return owner === undefined
    ? child.metadata.labels?.[STRATEGY_UID_LABEL] === strategyUid
    : owner.uid === strategyUid;
};

/** Metadata of a child that goes when the strategy goes. */
export const ownedMetadata = (strategy: LiveStrategy) => ({
  name: childName(strategy),
  namespace: strategy.metadata.namespace,
  labels: childLabels(strategy),
  ownerReferences: [ownerOf(strategy)],
});
