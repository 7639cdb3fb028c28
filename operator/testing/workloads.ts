/** Children of strategies, as they are asked for and as a server stores them, for tests. */

import type { ExecutorSpec } from "#crds/executor-spec.ts";
import type { LiveStrategy } from "#crds/live-strategy.ts";
import type { KubeObject, Manifest } from "#kubernetes/object.ts";
import { childrenOf } from "../kube/children.ts";
import { DEFAULT_RESOURCES, type WorkloadSettings } from "../kube/workload-settings.ts";
import { isJson } from "./json.ts";
import { specOf, strategyOf } from "./samples.ts";

export const settingsOf = (change: Partial<WorkloadSettings> = {}): WorkloadSettings => ({
  image: "registry.example/scalp-radar:1.0.0",
  imagePullPolicy: "IfNotPresent",
  imagePullSecrets: [],
  serviceAccountName: "scalp-executor",
  tokenSecret: "scalp-executor-token",
  defaultCredentialsSecret: "scalp-default-keys",
  resources: DEFAULT_RESOURCES,
  ...change,
});

export type WorkloadChange = {
  readonly strategy?: Partial<LiveStrategy["spec"]>;
  readonly metadata?: Partial<LiveStrategy["metadata"]>;
  readonly spec?: Partial<ExecutorSpec>;
  readonly settings?: Partial<WorkloadSettings>;
};

/** Everything that an executor can have: keys of its own, a registry's secret, chosen nodes. */
export const fullWorkload: WorkloadChange = {
  strategy: {
    exchange: {
      id: "bitget",
      environment: "Live",
      marginMode: "crossed",
      acknowledgeRealMoney: true,
      credentialsSecretRef: { name: "bitget-grid-atr" },
    },
    executor: {
      logLevel: "info",
      nodeSelector: { "scalpradar.io/pool": "trading" },
      resources: { requests: { cpu: "0.1" }, limits: { cpu: 2 } },
      storage: { size: "2048Mi", storageClassName: "fast", deletionPolicy: "Delete" },
    },
  },
  settings: { imagePullSecrets: ["registry"] },
};

export const workloadOf = (change: WorkloadChange = {}) =>
  childrenOf(
    strategyOf(change.strategy, change.metadata),
    specOf(change.spec),
    settingsOf(change.settings),
  );

/** What a server and its controllers add to each kind. */
const additions: Readonly<Record<string, (spec: object) => object>> = {
  ConfigMap: () => ({}),
  PersistentVolumeClaim: (spec) => ({
    spec: { ...spec, volumeMode: "Filesystem", volumeName: "pvc-1" },
    status: { phase: "Bound" },
  }),
  Service: (spec) => ({
    spec: {
      ...spec,
      clusterIPs: ["None"],
      ipFamilies: ["IPv4"],
      ipFamilyPolicy: "SingleStack",
    },
    status: { loadBalancer: {} },
  }),
  Deployment: (spec) => ({ spec, status: { observedGeneration: 1, replicas: 1 } }),
};

export const storedOf = (manifest: Manifest): KubeObject => {
  const { spec } = structuredClone(manifest);
  const added = additions[manifest.kind]?.(isJson(spec) ? spec : {}) ?? {};
  return {
    ...structuredClone(manifest),
    ...added,
    metadata: {
      ...structuredClone(manifest.metadata),
      annotations: { ...manifest.metadata.annotations, "deployment.kubernetes.io/revision": "1" },
      uid: `uid-of-${manifest.kind}`,
      resourceVersion: "7",
      generation: 1,
      creationTimestamp: "2026-11-21T10:00:00Z",
      finalizers: ["kubernetes.io/pvc-protection"],
    },
  };
};
