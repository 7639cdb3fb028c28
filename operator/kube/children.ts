/**
 * Everything that runs for one LiveStrategy, as it should be. Pure: the same strategy, the same
 * children, to the byte, which is what lets an unchanged world go without a single write.
 */

import type { ExecutorSpec } from "#crds/executor-spec.ts";
import type { LiveStrategy } from "#crds/live-strategy.ts";
import type { Manifest } from "#kubernetes/object.ts";
import { configMapOf } from "./config-map.ts";
import { deploymentOf } from "./deployment.ts";
import { serviceOf } from "./service.ts";
import { volumeClaimOf } from "./volume-claim.ts";
import type { WorkloadSettings } from "./workload-settings.ts";

/** In the order in which they are made: the pod needs the others. */
export type Children = {
  readonly configMap: Manifest;
  readonly volumeClaim: Manifest;
  readonly service: Manifest;
  readonly deployment: Manifest;
};

export const childrenOf = (
  strategy: LiveStrategy,
  spec: ExecutorSpec,
  settings: WorkloadSettings,
) =>
  ({
    configMap: configMapOf(strategy, spec),
    volumeClaim: volumeClaimOf(strategy),
    service: serviceOf(strategy),
    deployment: deploymentOf(strategy, spec, settings),
  }) satisfies Children;
