/** The executor's container: one program, as little as it needs to run, and how it is asked. */

import type { LiveStrategy } from "#crds/live-strategy.ts";
import { resourcesOf } from "./resources.ts";
import { HTTP_PORT } from "./service.ts";
import { mountsOf, pathVariablesOf } from "./volumes.ts";
import type { WorkloadSettings } from "./workload-settings.ts";

export const containerOf = (strategy: LiveStrategy, settings: WorkloadSettings) => ({
  name: "executor",
  image: settings.image,
  imagePullPolicy: settings.imagePullPolicy,
  args: ["executor"],
  env: Object.entries({
    ...pathVariablesOf(strategy),
    SCALP_HOST: "0.0.0.0",
    SCALP_PORT: String(HTTP_PORT),
  }).map(([name, value]) => ({ name, value })),
  ports: [{ name: "http", containerPort: HTTP_PORT, protocol: "TCP" }],
  resources: resourcesOf(strategy.spec.executor.resources ?? {}, settings.resources),
  volumeMounts: mountsOf(strategy),
  // Both answer before the exchange has: a restart would not bring it back.
  startupProbe: probe("/livez", { periodSeconds: 2, timeoutSeconds: 2, failureThreshold: 30 }),
  livenessProbe: probe("/livez", { periodSeconds: 10, timeoutSeconds: 5, failureThreshold: 6 }),
  readinessProbe: probe("/readyz", { periodSeconds: 5, timeoutSeconds: 3, failureThreshold: 2 }),
  securityContext: {
    allowPrivilegeEscalation: false,
    capabilities: { drop: ["ALL"] },
    privileged: false,
    readOnlyRootFilesystem: true,
  },
  terminationMessagePath: "/dev/termination-log",
  // Its last words are in the pod's status then, for an operator that may not read logs.
  terminationMessagePolicy: "FallbackToLogsOnError",
});

type Timing = {
  readonly periodSeconds: number;
  readonly timeoutSeconds: number;
  readonly failureThreshold: number;
};

const probe = (path: string, timing: Timing) => ({
  httpGet: { path, port: "http", scheme: "HTTP" },
  successThreshold: 1,
  ...timing,
});
