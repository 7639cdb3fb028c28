/**
 * What must exist for the strategies of a server, told from their specifications alone: it knows
 * nothing of what has happened, so it says the same after any history. Pure.
 */

import { checkLiveStrategy } from "#crds/live-strategy-check.ts";
import type { FleetConfig } from "#crds/fleet.ts";
import type { LiveStrategy } from "#crds/live-strategy.ts";
import { resolveExecutorSpec } from "#crds/resolve.ts";
import type { Manifest } from "#kubernetes/object.ts";
import { childrenOf } from "#operator/kube/children.ts";
import { differences } from "#operator/kube/difference.ts";
import type { Objects, Stored } from "./convergence.ts";
import { emulator, settings } from "./operator-world.ts";

const CHILDREN = ["ConfigMap", "Deployment", "PersistentVolumeClaim", "Service"];
/** A claim is left behind on purpose. */
const WORKLOAD = CHILDREN.filter((kind) => kind !== "PersistentVolumeClaim");

/** A sentence for each thing that is not as it should be; nothing is under way any more. */
export const violationsIn = (fleet: FleetConfig, objects: Objects): ReadonlyArray<string> => {
  const strategies = objects["LiveStrategy"] ?? [];
  const living = new Set(strategies.map(({ metadata }) => metadata.uid));
  return [
    ...strategies.flatMap((one) => violationsOf(fleet, one, objects)),
    ...WORKLOAD.flatMap((kind) =>
      (objects[kind] ?? [])
        .filter(isOurs)
        .filter((child) => !living.has(ownerOf(child) ?? ""))
        .map(({ metadata }) => `${kind} ${metadata.name} belongs to nobody`),
    ),
  ];
};

const isOurs = ({ metadata }: Stored): boolean =>
  metadata.labels?.["app.kubernetes.io/managed-by"] === "scalp-radar";

const ownerOf = ({ metadata }: Stored): string | undefined => metadata.ownerReferences?.[0]?.uid;

const violationsOf = (
  fleet: FleetConfig,
  object: Stored,
  objects: Objects,
): ReadonlyArray<string> => {
  const { name, uid, deletionTimestamp } = object.metadata;
  const checked = checkLiveStrategy(object);
  if (!checked.ok) return [`${name} is not understood`];
  if (deletionTimestamp !== undefined) return [`${name} is still on its way out`];
  const strategy = checked.value;
  const own = (kind: string) =>
    (objects[kind] ?? []).filter((child) => child.metadata.name === `executor-${name}`);
  const said = statusViolations(strategy, readyReasonOf(strategy));
  if (!isToRun(strategy)) {
    const left = WORKLOAD.filter((kind) => own(kind).some((child) => ownerOf(child) === uid));
    return [...said, ...left.map((kind) => `${name} is off and has its ${kind}`)];
  }
  const isHeld = strategy.metadata.finalizers?.includes("scalpradar.io/executor") === true;
  const wishes = wishesOf(fleet, strategy);
  const made = wishes.flatMap((wish) => {
    const [child] = own(wish.kind);
    if (child === undefined) return [`${name} has no ${wish.kind}`];
    const live = { ...child, apiVersion: wish.apiVersion, kind: wish.kind };
    return differences(wish, live).map(({ path }) => `${wish.kind} of ${name} differs in ${path}`);
  });
  return [...said, ...made, ...(isHeld ? [] : [`${name} runs without a finalizer`])];
};

const isToRun = ({ spec }: LiveStrategy): boolean => spec.enabled && spec.liveEligible;

/** There are no kubelets: an executor is never further than that. */
const readyReasonOf = ({ spec }: LiveStrategy): string => {
  if (!spec.enabled) return "Disabled";
  return spec.liveEligible ? "ExecutorStarting" : "PaperOnly";
};

const statusViolations = (
  { metadata: { name, generation }, status }: LiveStrategy,
  wanted: string,
): ReadonlyArray<string> => {
  const said = (type: string) => status?.conditions?.find((one) => one.type === type);
  const [ready, stalled] = [said("Ready")?.reason, said("Stalled")];
  return [
    ...(status?.observedGeneration === generation ? [] : [`${name} has a status of old`]),
    ...(ready === wanted ? [] : [`${name} is said to be ${ready} and not ${wanted}`]),
    ...(stalled?.status === "False" ? [] : [`${name} is stalled: ${stalled?.message}`]),
  ];
};

const wishesOf = (fleet: FleetConfig, strategy: LiveStrategy): ReadonlyArray<Manifest> => {
  const spec = resolveExecutorSpec(strategy, fleet, { emulator });
  if (!spec.ok) throw new Error(`${strategy.metadata.name} cannot be resolved`);
  return Object.values(childrenOf(strategy, spec.value, settings));
};
