/**
 * The chart on a real API server: dry runs of all that it renders, what it says and enforces once it is
 * installed, its pods under the strictest Pod Security, and the demo's Job.
 */

import { afterAll, afterEach, beforeAll, expect, test } from "@jest/globals";
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { blocksOf, wordsOf } from "../docs-markdown.ts";
import { done, startChartWorld, strategiesIn, type ChartWorld } from "./chart-world.ts";
import { CHART, find, podOf, podsIn, type Manifest } from "./chart.ts";
import { until } from "./until.ts";
import { verdictOf } from "./verdicts.ts";

let world: ChartWorld;
beforeAll(async () => {
  world = await startChartWorld();
}, 1_800_000);
afterEach(() => world.clear(), 120_000);
afterAll(() => world.close());

const PATIENCE_MS = 120_000;
const HOME = "scalp-radar";

const everything = {
  demo: { enabled: true },
  operator: { replicas: 2 },
  clusterWide: true,
  watchNamespaces: ["scalp-radar", "trading"],
  aggregator: { service: { type: "LoadBalancer" } },
  networkPolicy: { clients: [{ namespaceSelector: {} }] },
  liveTrading: true,
  policies: { liveNamespaces: ["trading"] },
};

test.each([
  ["the default", {}],
  ["the demo", { demo: { enabled: true } }],
  ["another namespace", { watchNamespaces: ["trading"] }],
  ["everything", everything],
])(
  "the server takes each object of %s",
  async (_, values) => {
    const objects = world.chart.render(values);
    const { code, stdout, stderr } = await world.plane.kubectl(
      ["apply", "--server-side", "--dry-run=server", "--validate=strict", "--filename=-"],
      { input: JSON.stringify({ apiVersion: "v1", kind: "List", items: objects }) },
    );
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout.trim().split("\n")).toHaveLength(objects.length);
  },
  PATIENCE_MS,
);

const eleven = ["spec.leverage", 11] as const;
const tooMuch =
  "spec.leverage 11 is more than the 10 that this installation allows: lower spec.leverage, or have policies.maxLeverage raised";
const ten = { policies: { maxLeverage: 10 } };

test(
  "installed, it says what comes next, and the server holds the rules and the limits",
  async () => {
    const notes = done(world.helm("install scalp", HOME, ten));
    expect(notes).toContain("STATUS: deployed");
    expect(notes).toContain("Live trading is off");
    expect(notes).toContain(
      "kubectl create secret generic scalp-default-credentials --namespace=scalp-radar",
    );
    expect(notes).toContain("Not installed: ServiceMonitor, PodMonitor, PrometheusRule.");
    await world.served();
    const refused = await world.refusal(tooMuch, "scalp-radar", [eleven]);
    expect(refused).toContain("'scalp-radar-maximum-leverage'");
    await world.refusal("", "trading", [eleven]);
    await world.refusal("", "scalp-radar", []);
    await world.refusal("spec.strategy", "trading", [["spec.strategy.kind", "grid_multi_tf"]]);
    done(world.helm("upgrade scalp", HOME, { policies: { maxLeverage: 11 } }));
    await world.refusal("", "scalp-radar", [eleven]);
    done(world.helm("upgrade scalp", HOME, { ...ten, clusterWide: true }));
    await world.refusal(tooMuch, "trading", [eleven]);
  },
  PATIENCE_MS,
);

const live = [
  ["spec.exchange.environment", "Live"],
  ["spec.exchange.acknowledgeRealMoney", true],
] as const;
const onlyEther = ["spec.assets", [{ symbol: "ETH/USDT:USDT" }]] as const;

test(
  "symbols and namespaces are limited, and a star is all",
  async () => {
    const policies = { allowedSymbols: ["ETH/USDT:USDT"], liveNamespaces: ["green"] };
    done(world.helm("install scalp", HOME, { policies, clusterWide: true }));
    await world.served();
    const byEther = await world.refusal(
      "spec.assets lists BTC/USDT:USDT, and this installation allows only ETH/USDT:USDT",
      "trading",
      [],
    );
    expect(byEther).toContain("'scalp-radar-allowed-symbols'");
    const words = "environment Live is real money, and this installation allows it";
    const elsewhere = `${words} only in green, not in namespace trading`;
    const byNamespace = await world.refusal(elsewhere, "trading", [onlyEther, ...live]);
    expect(byNamespace).toContain("'scalp-radar-live-namespaces'");
    await world.refusal("", "green", [onlyEther, ...live]);
    done(world.helm("upgrade scalp", HOME, { clusterWide: true }));
    await world.refusal("", "trading", []);
    await world.refusal(`${words} nowhere`, "green", live);
    const all = { policies: { liveNamespaces: ["*"] }, clusterWide: true };
    done(world.helm("upgrade scalp", HOME, all));
    await world.refusal("", "green", live);
  },
  PATIENCE_MS,
);

const policyList = z.object({
  items: z.array(
    z.object({
      metadata: z.object({ name: z.string() }),
      status: z
        .object({
          typeChecking: z
            .object({ expressionWarnings: z.array(z.unknown()).optional() })
            .optional(),
        })
        .optional(),
    }),
  ),
});

test(
  "the expressions of the policies fit the types of what they read",
  async () => {
    done(world.helm("install scalp", HOME));
    const path = "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies";
    const checks = async () =>
      policyList
        .parse((await world.plane.call("GET", path)).body)
        .items.flatMap(({ status }) => status?.typeChecking ?? []);
    await until("all are checked", async () => (await checks()).length === 5);
    expect((await checks()).flatMap(({ expressionWarnings = [] }) => expressionWarnings)).toEqual(
      [],
    );
  },
  PATIENCE_MS,
);

const asPod = (name: string, { metadata, spec }: ReturnType<typeof podOf>) => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name, labels: metadata.labels },
  spec,
});

test(
  "every pod is one that the strictest Pod Security lets in",
  async () => {
    const values = { demo: { enabled: true }, crds: { enabled: false } };
    const objects = world.chart.render(values);
    const accounts = objects.filter(({ kind }) => kind === "ServiceAccount");
    await world.plane.kubectl(["apply", "--filename=-"], {
      input: JSON.stringify({ apiVersion: "v1", kind: "List", items: accounts }),
    });
    const pods = podsIn(objects);
    expect(pods.map(([name]) => name).toSorted()).toEqual([
      "Deployment scalp-aggregator",
      "Deployment scalp-emulator",
      "Deployment scalp-operator",
      "Job scalp-demo-1",
    ]);
    const path = "/api/v1/namespaces/scalp-radar/pods?dryRun=All";
    for (const [index, [, pod]] of pods.entries()) {
      expect(
        verdictOf(await world.plane.call("POST", path, asPod(`pod-${index}`, pod))).message,
      ).toBe("");
    }
    const operator = podOf(find(objects, "Deployment scalp-operator"));
    const loose = { ...operator, spec: { ...operator.spec, securityContext: {} } };
    const refused = await world.plane.call("POST", path, asPod("loose", loose));
    expect(verdictOf(refused).message).toContain('violates PodSecurity "restricted:latest"');
  },
  PATIENCE_MS,
);

const data = z.object({ data: z.record(z.string(), z.string()) });

/** The demo's Job, run here with the account that it has there. */
const runJob = async (objects: ReadonlyArray<Manifest>, namespace: string) => {
  const folder = join(world.plane.folder, "demo");
  const files = data.parse(find(objects, "ConfigMap scalp-demo")).data;
  mkdirSync(folder, { recursive: true });
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  const made = await world.plane.kubectl(["create", "token", "scalp-demo", `--namespace=${HOME}`]);
  writeFileSync(join(folder, "token"), made.stdout.trim());
  writeFileSync(join(folder, "ca.crt"), world.plane.ca);
  const { hostname, port } = new URL(world.plane.url);
  const { status, stdout } = spawnSync(
    process.execPath,
    [join(folder, "create-demo.mjs"), folder, namespace, folder],
    {
      encoding: "utf8",
      env: {
        KUBERNETES_SERVICE_HOST: hostname,
        KUBERNETES_SERVICE_PORT: port,
        NODE_EXTRA_CA_CERTS: join(folder, "ca.crt"),
      },
      timeout: PATIENCE_MS,
    },
  );
  return { code: status, said: stdout };
};

test(
  "the demo's Job creates its three strategies once, and leaves alone what somebody has changed",
  async () => {
    const [line = ""] = blocksOf(readFileSync(join(CHART, "README.md"), "utf8"))[0]?.lines ?? [];
    const [program, ...args] = wordsOf(line);
    expect(program).toBe("helm");
    const notes = done(world.chart.helm(args, { kubeconfig: world.plane.kubeconfig() }));
    expect(notes).toContain("kubectl get livestrategies --namespace=scalp-radar --watch");
    const objects = world.chart.render({ demo: { enabled: true } });
    const first = await runJob(objects, "scalp-radar");
    expect(first.code).toBe(0);
    expect(first.said.match(/^[\w-]+\.json: created$/gm)).toEqual([
      "grid-atr.json: created",
      "grid-boltrend.json: created",
      "grid-multi-tf.json: created",
    ]);
    const path = `${strategiesIn("scalp-radar")}/grid-atr`;
    await world.plane.call(
      "PATCH",
      path,
      { spec: { leverage: 2 } },
      "application/merge-patch+json",
    );
    const second = await runJob(objects, "scalp-radar");
    expect(second.code).toBe(0);
    expect(second.said.match(/already exists/g)).toHaveLength(3);
    const { body } = await world.plane.call("GET", path);
    expect(body).toMatchObject({
      spec: {
        leverage: 2,
        exchange: {
          environment: "Emulator",
          credentialsSecretRef: { name: "scalp-demo-credentials" },
        },
      },
    });
    expect(await world.rights("scalp-radar/scalp-demo", "scalp-radar")).toEqual([
      "livestrategies.scalpradar.io [] [create]",
    ]);
    done(world.helm("uninstall scalp", HOME));
  },
  PATIENCE_MS,
);
