/** Pods of ours as a namespace that enforces the restricted standard takes them. */

import { PROJECT_IMAGE } from "./images.ts";

export const RESTRICTED = { "pod-security.kubernetes.io/enforce": "restricted" };

export const namespaceOf = (name: string) => ({
  apiVersion: "v1",
  kind: "Namespace",
  metadata: { name, labels: RESTRICTED },
});

/** Nothing that a pod of ours does not need. */
export const podSecurity = {
  runAsNonRoot: true,
  seccompProfile: { type: "RuntimeDefault" },
};

export const containerSecurity = {
  allowPrivilegeEscalation: false,
  capabilities: { drop: ["ALL"] },
  readOnlyRootFilesystem: true,
};

type Place = { readonly name: string; readonly namespace: string };

export const EMULATOR_PORT = 8099;

/** The exchange, as a Deployment and the Service that it is found by. */
export const emulatorOf = (
  { name, namespace }: Place,
  args: ReadonlyArray<string> = [],
): ReadonlyArray<object> => {
  const labels = { app: name };
  const container = {
    name: "emulator",
    image: PROJECT_IMAGE,
    imagePullPolicy: "Never",
    args: ["emulator", "--host=0.0.0.0", `--port=${EMULATOR_PORT}`, "--seed=36", ...args],
    ports: [{ name: "http", containerPort: EMULATOR_PORT }],
    readinessProbe: { httpGet: { path: "/api/v2/public/time", port: "http" }, periodSeconds: 1 },
    resources: { requests: { memory: "128Mi" }, limits: { memory: "256Mi" } },
    securityContext: containerSecurity,
  };
  return [
    {
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata: { name, namespace },
      spec: {
        replicas: 1,
        selector: { matchLabels: labels },
        template: {
          metadata: { labels },
          spec: {
            automountServiceAccountToken: false,
            terminationGracePeriodSeconds: GRACE_SECONDS,
            securityContext: podSecurity,
            containers: [container],
          },
        },
      },
    },
    {
      apiVersion: "v1",
      kind: "Service",
      metadata: { name, namespace },
      spec: { selector: labels, ports: [{ name: "http", port: 80, targetPort: "http" }] },
    },
  ];
};

export const GRACE_SECONDS = 20;

/** Runs a few lines of script with the image's Node and ends. */
export const scriptPod = ({ name, namespace }: Place, script: string) => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name, namespace },
  spec: {
    restartPolicy: "Never",
    automountServiceAccountToken: false,
    securityContext: podSecurity,
    containers: [
      {
        name: "script",
        image: PROJECT_IMAGE,
        imagePullPolicy: "Never",
        command: ["node", "--input-type=module", "--eval", script],
        securityContext: containerSecurity,
      },
    ],
  },
});
