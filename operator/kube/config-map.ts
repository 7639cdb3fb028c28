/**
 * What the executor is told to be, as a file: read when it starts.
 *
 * A running executor is told by `PUT /control`, so a change here restarts nothing. The file is what
 * the next life of the pod begins with, however long the operator is away.
 */

import type { ExecutorSpec } from "#crds/executor-spec.ts";
import type { LiveStrategy } from "#crds/live-strategy.ts";
import { canonicalJson } from "./canonical.ts";
import { ownedMetadata } from "./identity.ts";

export const SPEC_KEY = "spec.json";

export const configMapOf = (strategy: LiveStrategy, spec: ExecutorSpec) => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: ownedMetadata(strategy),
  data: { [SPEC_KEY]: canonicalJson(spec) },
});
