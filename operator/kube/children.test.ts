import { expect, test } from "@jest/globals";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { assert } from "#base/result.ts";
import { executorSpec } from "#crds/executor-spec.ts";
import type { LiveStrategy } from "#crds/live-strategy.ts";
import { isJson } from "../testing/json.ts";
import { specOf, strategyOf } from "../testing/samples.ts";
import { fullWorkload, settingsOf, workloadOf, type WorkloadChange } from "../testing/workloads.ts";
import { canonicalJson } from "./canonical.ts";
import { childrenOf } from "./children.ts";
import { deploymentOf } from "./deployment.ts";
import { CHILDREN_SELECTOR } from "./identity.ts";
import { shapes, type Shape } from "./shapes.ts";

const podOf = (change?: WorkloadChange) => workloadOf(change).deployment.spec.template.spec;
const containerOf = (change?: WorkloadChange) => {
  const [container] = podOf(change).containers;
  assert(container !== undefined, "the pod has a container");
  return container;
};
const templateOf = (change?: WorkloadChange) =>
  canonicalJson(workloadOf(change).deployment.spec.template);

const executor = { logLevel: "info", storage: { deletionPolicy: "Retain" } } as const;
const children = Object.values(workloadOf(fullWorkload));

test("every child is named after the strategy, in its namespace, and says whose it is", () => {
  expect(children.map(({ kind }) => kind)).toEqual([
    "ConfigMap",
    "PersistentVolumeClaim",
    "Service",
    "Deployment",
  ]);
  for (const { metadata } of children) {
    expect(metadata).toMatchObject({ name: "executor-grid-atr", namespace: "trading" });
    expect(metadata.labels).toEqual({
      "app.kubernetes.io/name": "scalp-executor",
      "app.kubernetes.io/instance": "grid-atr",
      "app.kubernetes.io/managed-by": "scalp-radar",
      "app.kubernetes.io/component": "executor",
      "app.kubernetes.io/part-of": "scalp-radar",
      "scalpradar.io/strategy": "grid-atr",
      "scalpradar.io/strategy-uid": "uid-1",
    });
    for (const term of CHILDREN_SELECTOR.split(",")) {
      const [name = "", value] = term.split("=");
      expect(metadata.labels?.[name]).toBe(value);
    }
  }
});

const owner = {
  apiVersion: "scalpradar.io/v1alpha1",
  kind: "LiveStrategy",
  name: "grid-atr",
  uid: "uid-1",
  controller: true,
  blockOwnerDeletion: true,
};
const storage = (change: Partial<LiveStrategy["spec"]["executor"]["storage"]>): WorkloadChange => ({
  strategy: { executor: { ...executor, storage: { deletionPolicy: "Retain", ...change } } },
});

test("everything goes with the strategy, but the journal only when that is asked for", () => {
  const owners = ({ configMap, volumeClaim, service, deployment }: ReturnType<typeof workloadOf>) =>
    [configMap, service, deployment, volumeClaim].map(({ metadata }) => metadata.ownerReferences);
  expect(owners(workloadOf())).toEqual([[owner], [owner], [owner], undefined]);
  expect(owners(workloadOf(storage({ deletionPolicy: "Delete" })))[3]).toEqual([owner]);
});

test("the ConfigMap carries the whole specification, the same text for the same content", () => {
  const spec = specOf({ groupLimits: { b: 1, a: 2 } });
  const reversed = Object.fromEntries(Object.entries(spec).toReversed());
  const text = workloadOf({ spec }).configMap.data["spec.json"];
  expect(executorSpec.parse(JSON.parse(text))).toEqual(spec);
  const again = childrenOf(strategyOf(), executorSpec.parse(reversed), settingsOf());
  expect(again.configMap.data["spec.json"]).toBe(text);
});

test("the claim asks for a volume of one node, of a class only when one is named", () => {
  const specs = [{}, { size: "2048Mi", storageClassName: "fast" }, { size: 1_073_741_824 }].map(
    (change) => workloadOf(storage(change)).volumeClaim.spec,
  );
  const claim = (size: string) => ({
    accessModes: ["ReadWriteOnce"],
    resources: { requests: { storage: size } },
  });
  expect(specs).toEqual([
    claim("1Gi"),
    { ...claim("2Gi"), storageClassName: "fast" },
    claim("1073741824"),
  ]);
});

test("the Service names the pod even while it is not ready, and no other strategy's", () => {
  expect(workloadOf().service.spec).toMatchObject({
    clusterIP: "None",
    publishNotReadyAddresses: true,
    ports: [{ name: "http", port: 8080, targetPort: "http" }],
  });
  const selector = workloadOf().service.spec.selector;
  expect(selector).toEqual({
    "app.kubernetes.io/component": "executor",
    "scalpradar.io/strategy-uid": "uid-1",
  });
  expect(workloadOf().deployment.spec.selector.matchLabels).toEqual(selector);
  expect(workloadOf().deployment.spec.template.metadata.labels).toMatchObject(selector);
  const other = workloadOf({ metadata: { uid: "uid-2" } });
  expect(other.service.spec.selector).not.toEqual(selector);
});

test("the Deployment never runs two pods and gives up a lost node after 30 seconds", () => {
  expect(workloadOf().deployment.spec).toMatchObject({
    replicas: 1,
    strategy: { type: "Recreate" },
    revisionHistoryLimit: 2,
    progressDeadlineSeconds: 600,
  });
  expect(podOf()).toMatchObject({
    terminationGracePeriodSeconds: 60,
    tolerations: ["not-ready", "unreachable"].map((state) => ({
      key: `node.kubernetes.io/${state}`,
      effect: "NoExecute",
      tolerationSeconds: 30,
    })),
  });
});

test("the pod is nobody, holds no token of the API server, and can change nothing but its volume", () => {
  expect(podOf()).toMatchObject({
    serviceAccountName: "scalp-executor",
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    securityContext: {
      runAsNonRoot: true,
      runAsUser: 65_532,
      runAsGroup: 65_532,
      fsGroup: 65_532,
      fsGroupChangePolicy: "OnRootMismatch",
      seccompProfile: { type: "RuntimeDefault" },
    },
  });
  expect(containerOf().securityContext).toEqual({
    allowPrivilegeEscalation: false,
    capabilities: { drop: ["ALL"] },
    privileged: false,
    readOnlyRootFilesystem: true,
  });
  const writable = containerOf(fullWorkload).volumeMounts.filter((mount) => !("readOnly" in mount));
  expect(writable.map(({ name }) => name)).toEqual(["state", "tmp"]);
});

test("the environment is what the executor reads, each path one that is mounted", () => {
  const program = readFileSync("executor/main.ts", "utf8");
  const read = new Set([...program.matchAll(/\bSCALP_[A-Z_]+/g)].map(([name]) => name));
  const { env, volumeMounts } = containerOf(fullWorkload);
  expect(env.map(({ name }) => name).toSorted()).toEqual([...read].toSorted());
  const mounts = volumeMounts.map(({ mountPath }) => mountPath);
  for (const { name, value } of env.filter(({ name: named }) => /_(?:FILE|DIR)$/.test(named))) {
    const mount = mounts.find((path) => value === path || value.startsWith(`${path}/`));
    expect([name, mount === undefined]).toEqual([name, false]);
  }
  expect(Object.fromEntries(env.map(({ name, value }) => [name, value]))).toMatchObject({
    SCALP_HOST: "0.0.0.0",
    SCALP_PORT: "8080",
  });
});

test("the memory of another strategy of the same name is another folder", () => {
  const [one, other] = ["uid-1", "uid-2"].map(
    (uid) =>
      containerOf({ metadata: { uid } }).env.find(({ name }) => name === "SCALP_STATE_DIR")?.value,
  );
  expect(one).toBe("/var/lib/scalp/uid-1");
  expect(other).toBe("/var/lib/scalp/uid-2");
});

const projected = (secret: string, keys: ReadonlyArray<string>, optional: boolean) => ({
  defaultMode: 0o440,
  sources: [
    {
      secret: {
        name: secret,
        items: keys.map((key) => ({ key, path: key })),
        ...(optional && { optional }),
      },
    },
  ],
});
const keys = ["apiKey", "secret", "passphrase"];
const volume = (change: WorkloadChange, name: string) =>
  podOf(change).volumes.find((one) => one.name === name);

test("keys are files of their Secrets and need not be there; the token must be", () => {
  expect(volume(fullWorkload, "keys-dedicated")).toEqual({
    name: "keys-dedicated",
    projected: projected("bitget-grid-atr", keys, true),
  });
  expect(volume({}, "keys-default")).toEqual({
    name: "keys-default",
    projected: projected("scalp-default-keys", keys, true),
  });
  expect(volume({}, "token")).toEqual({
    name: "token",
    projected: projected("scalp-executor-token", ["token"], false),
  });
});

test("without keys of its own there is neither a volume nor a variable for them", () => {
  expect(volume({}, "keys-dedicated")).toBeUndefined();
  expect(canonicalJson(podOf())).not.toMatch(/dedicated/i);
});

test("the executor reads only its own key of the ConfigMap", () => {
  expect(volume({}, "spec")).toMatchObject({
    configMap: { name: "executor-grid-atr", items: [{ key: "spec.json", path: "spec.json" }] },
  });
  expect(volume({}, "state")).toMatchObject({
    persistentVolumeClaim: { claimName: "executor-grid-atr" },
  });
});

test("every volume is mounted and every mount has its volume", () => {
  const names = (list: ReadonlyArray<{ readonly name: string }>) => list.map(({ name }) => name);
  expect(names(containerOf(fullWorkload).volumeMounts)).toEqual(names(podOf(fullWorkload).volumes));
});

test.each([
  ["startupProbe", "/livez"],
  ["livenessProbe", "/livez"],
  ["readinessProbe", "/readyz"],
] as const)("%s asks %s", (probe, path) => {
  expect(containerOf()[probe]).toMatchObject({ httpGet: { path, port: "http" } });
});

test("resources are the strategy's over the cluster's", () => {
  const asked = { requests: { cpu: "0.2" }, limits: { memory: "1024Mi" } };
  expect(
    containerOf({ strategy: { executor: { ...executor, resources: asked } } }).resources,
  ).toEqual({ requests: { cpu: "200m", memory: "128Mi" }, limits: { memory: "1Gi" } });
  expect(containerOf().resources).toEqual({
    requests: { cpu: "50m", memory: "128Mi" },
    limits: { memory: "256Mi" },
  });
});

const untouched: ReadonlyArray<readonly [name: string, WorkloadChange]> = [
  ["generation", { metadata: { generation: 99 }, spec: { generation: 99 } }],
  ["desired state", { strategy: { desiredState: "Flat" }, spec: { desiredState: "Flat" } }],
  ["leverage", { strategy: { leverage: 2 }, spec: { leverage: 2 } }],
  ["timeframe", { strategy: { timeframe: "4h" }, spec: { timeframe: "4h" } }],
  [
    "assets and parameters",
    {
      strategy: { assets: [{ symbol: "ETH/USDT:USDT" }] },
      spec: { assets: [{ symbol: "ETH/USDT:USDT", group: "alts", parameters: { maPeriod: 9 } }] },
    },
  ],
  ["group limits", { spec: { groupLimits: { alts: 1 } } }],
  ["risk", { spec: { risk: { ...specOf().risk, maxMarginRatio: 0.1 } } }],
  ["reset of the kill switch", { spec: { killSwitchResetAt: "2026-11-21T10:00:00Z" } }],
  ["selector and stop", { strategy: { selector: { mode: "Observe" }, onStop: "Flatten" } }],
  ["labels and annotations", { metadata: { labels: { a: "b" }, annotations: { c: "d" } } }],
  [
    "storage",
    { strategy: { executor: { ...executor, storage: { size: "9Gi", deletionPolicy: "Delete" } } } },
  ],
];

test.each(untouched)("a change of %s does not restart the pod", (_name, change) => {
  expect(templateOf(change)).toBe(templateOf());
});

const restarting: ReadonlyArray<readonly [name: string, WorkloadChange]> = [
  ["margin mode", { spec: { exchange: { ...specOf().exchange, marginMode: "isolated" } } }],
  ["an address", { spec: { exchange: { ...specOf().exchange, restUrl: "https://other" } } }],
  ["a rate", { spec: { exchange: { ...specOf().exchange, accountRequestsPerSecond: 3 } } }],
  ["environment", { spec: { exchange: { ...specOf().exchange, environment: "Demo" } } }],
  ["log level", { spec: { logLevel: "debug" } }],
  ["image", { settings: { image: "registry.example/scalp-radar:2.0.0" } }],
  ["keys", { strategy: { exchange: fullExchange() } }],
  ["nodes", { strategy: { executor: { ...executor, nodeSelector: { a: "b" } } } }],
  ["resources", { strategy: { executor: { ...executor, resources: { limits: { cpu: 1 } } } } }],
];

function fullExchange(): LiveStrategy["spec"]["exchange"] {
  return { ...strategyOf().spec.exchange, credentialsSecretRef: { name: "other" } };
}

test.each(restarting)("a change of %s restarts the pod", (_name, change) => {
  expect(templateOf(change)).not.toBe(templateOf());
});

/**
 * A new version of the operator must not restart executors that trade: this hash changes only when
 * the pod has to change, and each change is a line of the changelog.
 */
test("the pod of a fixed strategy is this one, in every version", () => {
  const strategy = strategyOf(fullWorkload.strategy, { name: "golden", uid: "uid-golden" });
  const spec = specOf({
    logLevel: "info",
    exchange: {
      id: "bitget",
      environment: "Live",
      marginMode: "crossed",
      restUrl: "https://api.bitget.com",
      publicStreamUrl: "wss://ws.bitget.com/v2/ws/public",
      privateStreamUrl: "wss://ws.bitget.com/v2/ws/private",
      accountRequestsPerSecond: 10,
      publicRequestsPerSecond: 20,
    },
  });
  const settings = settingsOf({ imagePullSecrets: ["registry"] });
  const { template } = deploymentOf(strategy, spec, settings).spec;
  expect(createHash("sha256").update(canonicalJson(template)).digest("hex")).toBe(
    "c1c63e697f97cffe1079b4c4443c88ba5fae1c00eb6bf344ed1e36caf80764f0",
  );
});

const unknownFields = (shape: Shape, value: unknown, path: string): ReadonlyArray<string> => {
  if (shape.kind === "List" && Array.isArray(value)) {
    return value.flatMap((item) => unknownFields(shape.item, item, `${path}[]`));
  }
  if (shape.kind !== "Object" || !isJson(value)) return [];
  return Object.entries(value).flatMap(([name, child]) => {
    const own = shape.fields[name];
    return own === undefined ? [`${path}.${name}`] : unknownFields(own, child, `${path}.${name}`);
  });
};

test("every field that is asked for is one that is compared", () => {
  const shapeOf = (kind: string) => Object.entries(shapes).find(([name]) => name === kind)?.[1];
  for (const child of children) {
    const shape = shapeOf(child.kind);
    expect(shape === undefined ? [child.kind] : unknownFields(shape, child, "")).toEqual([]);
  }
});

const unstored = (value: unknown, path: string): ReadonlyArray<string> => {
  if (!isJson(value)) return value === "" || value === null || value === 0 ? [path] : [];
  const members = Object.entries(value);
  if (members.length === 0) return [path];
  return members.flatMap(([name, child]) => unstored(child, `${path}.${name}`));
};

test("nothing is asked for that a server would leave out: no empty value, no zero", () => {
  expect(children.flatMap((child) => unstored(child, child.kind))).toEqual([]);
});
