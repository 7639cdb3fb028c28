/**
 * The product on a real node, put together by hand: the operator in a pod with the rights of the
 * chart, the exchange in another one, and a strategy that is applied and deleted with kubectl.
 */

import { afterAll, beforeAll, expect } from "@jest/globals";
import { z } from "zod";
import { liveStrategyStatus } from "#crds/live-strategy-status.ts";
import { systemClock } from "#runtime/clock.ts";
import { installCrd } from "../cluster/crd.ts";
import { installIdentities, RELEASE } from "../cluster/identities.ts";
import { manifestOf } from "../cluster/operator-world.ts";
import { until } from "../cluster/until.ts";
import { startCluster, type Cluster } from "./cluster.ts";
import { canRunNode, testOnNode } from "./on-node.ts";
import { containerSecurity, emulatorOf, namespaceOf, podSecurity } from "./workloads.ts";

const START_TIMEOUT_MS = 300_000;
const TIMEOUT_MS = 240_000;
const STEP_TIMEOUT_MS = 90_000;

const NAMESPACE = "trading";
const NAME = "grid-atr";
const KEYS = { apiKey: "key-of-grid", secret: "secret-of-grid", passphrase: "pass-of-grid" };
const TOKEN = "token-of-executors";

let cluster: Cluster;
beforeAll(async () => {
  if (!canRunNode) return;
  cluster = await startCluster();
  await installCrd(cluster.plane);
  (await installIdentities(cluster.plane, "Namespaced", [NAMESPACE])).close();
  await cluster.apply([
    namespaceOf(RELEASE),
    namespaceOf(NAMESPACE),
    secretOf("scalp-operator-token", RELEASE, { token: TOKEN }),
    secretOf("scalp-executor-token", NAMESPACE, { token: TOKEN }),
    secretOf(NAME, NAMESPACE, KEYS),
    ...emulatorOf({ name: "emulator", namespace: NAMESPACE }, [
      `--account=${KEYS.apiKey}:${KEYS.secret}:${KEYS.passphrase}:10000`,
    ]),
    operator(cluster.image),
  ]);
}, START_TIMEOUT_MS);
afterAll(async () => {
  if (canRunNode) await cluster.close();
}, TIMEOUT_MS);

const secretOf = (
  name: string,
  namespace: string,
  stringData: Readonly<Record<string, string>>,
) => ({
  apiVersion: "v1",
  kind: "Secret",
  metadata: { name, namespace },
  stringData,
});

const operator = (image: string) => {
  const labels = { app: "operator" };
  const container = {
    name: "operator",
    image,
    imagePullPolicy: "Never",
    args: ["operator"],
    env: Object.entries({
      SCALP_EXECUTOR_IMAGE: image,
      SCALP_EXECUTOR_IMAGE_PULL_POLICY: "Never",
      SCALP_TOKEN_FILE: "/etc/scalp/token/token",
      SCALP_WATCH_NAMESPACE: NAMESPACE,
      SCALP_EMULATOR_URL: `http://emulator.${NAMESPACE}`,
      SCALP_HOST: "0.0.0.0",
    }).map(([name, value]) => ({ name, value })),
    ports: [{ name: "http", containerPort: 8080 }],
    readinessProbe: { httpGet: { path: "/readyz", port: "http" }, periodSeconds: 1 },
    volumeMounts: [{ name: "token", mountPath: "/etc/scalp/token", readOnly: true }],
    securityContext: containerSecurity,
  };
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "operator", namespace: RELEASE },
    spec: {
      replicas: 1,
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: {
          serviceAccountName: "scalp-operator",
          securityContext: podSecurity,
          containers: [container],
          volumes: [{ name: "token", secret: { secretName: "scalp-operator-token" } }],
        },
      },
    },
  };
};

const strategy = manifestOf(NAME, {
  onStop: "Flatten",
  exchange: { id: "bitget", environment: "Emulator", credentialsSecretRef: { name: NAME } },
});

const seen = z.object({ status: liveStrategyStatus.default({}) });

const conditionOf = async (type: string) => {
  const path = `/apis/scalpradar.io/v1alpha1/namespaces/${NAMESPACE}/livestrategies/${NAME}`;
  const { status } = seen.parse((await cluster.plane.call("GET", path)).body);
  return status.conditions?.find((condition) => condition.type === type);
};

const untilReady = (reason: string): Promise<void> =>
  until(
    `the strategy is ${reason}`,
    async () => (await conditionOf("Ready"))?.reason === reason,
    STEP_TIMEOUT_MS,
  );

/** For whoever reads why it did not come to that. */
const explained = async (work: Promise<void>): Promise<void> => {
  try {
    await work;
  } catch (error) {
    for (const args of [
      ["get", "pods,pvc,lstrat", "-A", "-o", "wide"],
      ["get", "events", "-n", NAMESPACE, "--sort-by=.lastTimestamp"],
      ["logs", "-n", RELEASE, "deployment/operator", "--tail=40"],
      ["logs", "-n", NAMESPACE, `deployment/executor-${NAME}`, "--tail=40"],
    ]) {
      const { stdout, stderr } = await cluster.plane.kubectl(args);
      process.stderr.write(`${stdout}${stderr}\n`);
    }
    throw error;
  }
};

testOnNode(
  "a strategy that is applied gets its executor, trades, and leaves when it is deleted",
  async () => {
    const rollout = ["rollout", "status", "--timeout=60s"];
    await cluster.kubectl(...rollout, "deployment/emulator", "-n", NAMESPACE);
    await explained(
      cluster.kubectl(...rollout, "deployment/operator", "-n", RELEASE).then(() => undefined),
    );
    const started = systemClock.elapsed();
    await cluster.apply([strategy]);
    await explained(untilReady("Trading"));
    const seconds = (systemClock.elapsed() - started) / 1_000;
    process.stderr.write(`from apply to Trading: ${seconds.toFixed(1)} s\n`);
    expect(await conditionOf("Ready")).toMatchObject({ status: "True" });

    const executors = [
      "get",
      "pods",
      "-n",
      NAMESPACE,
      "-l",
      "app.kubernetes.io/component=executor",
    ];
    await cluster.kubectl("wait", "--for=condition=Ready", "--timeout=60s", ...executors.slice(1));
    const shown = await cluster.kubectl(...executors, "--no-headers");
    expect(shown.trim().split("\n")).toHaveLength(1);
    expect(shown).toMatch(/ 1\/1 +Running +0 /);
    const columns = await cluster.kubectl("get", "lstrat", NAME, "-n", NAMESPACE);
    expect(columns).toContain("Trading");

    await cluster.kubectl("delete", "lstrat", NAME, "-n", NAMESPACE, "--timeout=90s");
    await until(
      "its pod is gone",
      async () => (await cluster.kubectl(...executors, "-o", "name")) === "",
      STEP_TIMEOUT_MS,
    );
    const left = await cluster.kubectl("get", "deployments,pvc", "-n", NAMESPACE, "-o", "name");
    // What it has learned stays.
    expect(left.trim().split("\n").toSorted()).toEqual([
      "deployment.apps/emulator",
      `persistentvolumeclaim/executor-${NAME}`,
    ]);
  },
  TIMEOUT_MS,
);
