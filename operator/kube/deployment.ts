/**
 * The one pod that trades a strategy, and how it is replaced.
 *
 * Whatever is in the template restarts the executor when it changes, so nothing is in it that a
 * running executor can be told: parameters, risk, leverage and desired state go through
 * `PUT /control`. What it reads only when it starts is in the hash. Fields that the server would fill
 * in are said here, so that somebody else's value for one of them is put right.
 */

import { createHash } from "node:crypto";
import type { ExecutorSpec } from "#crds/executor-spec.ts";
import type { LiveStrategy } from "#crds/live-strategy.ts";
import { credentialsOf } from "../status.ts";
import { canonicalJson } from "./canonical.ts";
import { containerOf } from "./container.ts";
import { childLabels, CREDENTIALS_ANNOTATION, ownedMetadata, podSelector } from "./identity.ts";
import { volumesOf } from "./volumes.ts";
import type { WorkloadSettings } from "./workload-settings.ts";

const CONFIG_HASH = "scalpradar.io/config-hash";

export const deploymentOf = (
  strategy: LiveStrategy,
  spec: ExecutorSpec,
  settings: WorkloadSettings,
) => ({
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: ownedMetadata(strategy),
  spec: {
    replicas: 1,
    // A rollout ends the old pod before it starts the new one; after a deletion the new one waits.
    strategy: { type: "Recreate" },
    revisionHistoryLimit: 2,
    progressDeadlineSeconds: 600,
    selector: { matchLabels: podSelector(strategy) },
    template: {
      metadata: {
        labels: childLabels(strategy),
        annotations: {
          [CONFIG_HASH]: configHash(spec),
          [CREDENTIALS_ANNOTATION]: credentialsOf(strategy.spec),
        },
      },
      spec: podOf(strategy, settings),
    },
  },
});

/** Of exactly what an executor reads when it starts and cannot be told while it runs. */
const configHash = ({ exchange, logLevel }: ExecutorSpec): string =>
  createHash("sha256").update(canonicalJson({ exchange, logLevel })).digest("hex");

/** Nobody, as in the image. */
const USER = 65_532;

/** Time to withdraw entries, to write the state down, and for a slow volume to take it. */
const STOP_SECONDS = 60;

/** A node that is lost is given up after this, and not after five minutes. */
const FAILOVER_SECONDS = 30;

const podOf = (strategy: LiveStrategy, settings: WorkloadSettings) => {
  const { nodeSelector = {} } = strategy.spec.executor;
  const { serviceAccountName, imagePullSecrets } = settings;
  return {
    serviceAccountName,
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    restartPolicy: "Always",
    dnsPolicy: "ClusterFirst",
    schedulerName: "default-scheduler",
    terminationGracePeriodSeconds: STOP_SECONDS,
    securityContext: {
      runAsNonRoot: true,
      runAsUser: USER,
      runAsGroup: USER,
      fsGroup: USER,
      fsGroupChangePolicy: "OnRootMismatch",
      seccompProfile: { type: "RuntimeDefault" },
    },
    tolerations: ["not-ready", "unreachable"].map((state) => ({
      key: `node.kubernetes.io/${state}`,
      operator: "Exists",
      effect: "NoExecute",
      tolerationSeconds: FAILOVER_SECONDS,
    })),
    ...(Object.keys(nodeSelector).length > 0 && { nodeSelector }),
    ...(imagePullSecrets.length > 0 && {
      imagePullSecrets: imagePullSecrets.map((name) => ({ name })),
    }),
    containers: [containerOf(strategy, settings)],
    volumes: volumesOf(strategy, settings),
  };
};
