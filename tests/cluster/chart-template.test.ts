/** What the chart renders: the whole list by default, and what each switch adds, takes away or sets. */

import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { gauges } from "#aggregator/gauges.ts";
import { parseYaml } from "#runtime/yaml.ts";
import {
  CHART,
  find,
  manifestsIn,
  nameOf,
  openChart,
  podsIn,
  variablesOf,
  type Chart,
  type Manifest,
} from "./chart.ts";

let chart: Chart;
beforeAll(async () => {
  chart = await openChart();
}, 1_800_000);
afterAll(() => chart.close());

const policyNames = [
  "aggregator-writes",
  "allowed-symbols",
  "live-namespaces",
  "maximum-leverage",
  "operator-writes",
];
const bindingNames = policyNames.flatMap((name) =>
  name.endsWith("-writes") ? [name] : [`${name}-create`, `${name}-update`],
);
const ofPolicies = [
  ...policyNames.map((name) => `ValidatingAdmissionPolicy scalp-radar-${name}`),
  ...bindingNames.map((name) => `ValidatingAdmissionPolicyBinding scalp-radar-${name}`),
];
const ofNetwork = [
  "NetworkPolicy scalp-aggregator",
  "NetworkPolicy scalp-deny",
  "NetworkPolicy scalp-executor",
  "NetworkPolicy scalp-operator",
];
const ofDemo = [
  "ConfigMap scalp-demo",
  "Deployment scalp-emulator",
  "Job scalp-demo-1",
  "NetworkPolicy scalp-demo",
  "NetworkPolicy scalp-emulator",
  "Role scalp-demo",
  "RoleBinding scalp-demo",
  "Secret scalp-demo-credentials",
  "Service scalp-emulator",
  "ServiceAccount scalp-demo",
  "ServiceAccount scalp-emulator",
];
const byDefault = [
  ...ofPolicies,
  ...ofNetwork,
  "ConfigMap scalp-config",
  "CustomResourceDefinition livestrategies.scalpradar.io",
  "Deployment scalp-aggregator",
  "Deployment scalp-operator",
  "Role scalp-aggregator",
  "Role scalp-operator",
  "Role scalp-operator-own",
  "RoleBinding scalp-aggregator",
  "RoleBinding scalp-operator",
  "RoleBinding scalp-operator-own",
  "Secret scalp-api-token",
  "Secret scalp-executor-token",
  "Service scalp-aggregator",
  "ServiceAccount scalp-aggregator",
  "ServiceAccount scalp-executor",
  "ServiceAccount scalp-operator",
];
const monitored = ["PodMonitor", "PrometheusRule", "ServiceMonitor"].map(
  (kind) => `monitoring.coreos.com/v1/${kind}`,
);
const ofMonitoring = [
  "PodMonitor scalp-executor",
  "PodMonitor scalp-operator",
  "PrometheusRule scalp-radar",
  "ServiceMonitor scalp-aggregator",
];

const names = (objects: ReadonlyArray<Manifest>) => objects.map(nameOf).toSorted();

test("by default there is this, and nothing that the cluster might not know", () => {
  expect(names(chart.render())).toEqual(byDefault.toSorted());
});

const inTrading = (list: ReadonlyArray<string>) =>
  list.map((name) => name.replace(" scalp-", " trading/scalp-"));
const shared = ["Role scalp-aggregator", "Role scalp-operator"];
const bindings = shared.map((name) => name.replace("Role", "RoleBinding"));
const executorsOwn = ["NetworkPolicy scalp-executor", "ServiceAccount scalp-executor"];

const switches: ReadonlyArray<
  readonly [
    string,
    object,
    { readonly adds?: ReadonlyArray<string>; readonly removes?: ReadonlyArray<string> },
  ]
> = [
  [
    "no CRD",
    { crds: { enabled: false } },
    { removes: ["CustomResourceDefinition livestrategies.scalpradar.io"] },
  ],
  ["no policies", { policies: { enabled: false } }, { removes: ofPolicies }],
  ["no network policies", { networkPolicy: { enabled: false } }, { removes: ofNetwork }],
  [
    "a second operator",
    { operator: { replicas: 2 } },
    { adds: ["PodDisruptionBudget scalp-operator"] },
  ],
  [
    "tokens of one's own",
    { executor: { tokenSecret: "a" }, aggregator: { apiTokenSecret: "b" } },
    { removes: ["Secret scalp-api-token", "Secret scalp-executor-token"] },
  ],
  ["the demo", { demo: { enabled: true } }, { adds: ofDemo }],
  [
    "the demo without network policies",
    { demo: { enabled: true }, networkPolicy: { enabled: false } },
    { adds: ofDemo.filter((name) => !name.startsWith("NetworkPolicy")), removes: ofNetwork },
  ],
  [
    "monitors in any case",
    {
      metrics: {
        serviceMonitor: { enabled: true },
        podMonitor: { enabled: true },
        prometheusRule: { enabled: true },
      },
    },
    { adds: ofMonitoring },
  ],
  [
    "another namespace",
    { watchNamespaces: ["trading"] },
    {
      adds: inTrading([...shared, ...bindings, ...executorsOwn, "Secret scalp-executor-token"]),
      removes: [...shared, ...bindings, ...executorsOwn],
    },
  ],
  [
    "the whole cluster, executors in two namespaces",
    { clusterWide: true, watchNamespaces: ["scalp-radar", "trading"] },
    {
      adds: [
        ...inTrading([...executorsOwn, "Secret scalp-executor-token"]),
        ...[...shared, ...bindings].map(
          (name) => `Cluster${name.replace("scalp-", "scalp-radar-")}`,
        ),
      ],
      removes: [...shared, ...bindings],
    },
  ],
];

test.each(switches)("%s", (_, values, { adds = [], removes = [] }) => {
  const expected = byDefault.filter((name) => !removes.includes(name)).concat(adds);
  expect(names(chart.render(values))).toEqual(expected.toSorted());
});

test("monitors come with the kinds that the cluster serves, one by one, unless they are refused", () => {
  const added = (values: object, apiVersions: ReadonlyArray<string>) =>
    names(chart.render(values, { apiVersions })).filter((name) => !byDefault.includes(name));
  expect(added({}, monitored)).toEqual(ofMonitoring.toSorted());
  expect(added({}, monitored.slice(1))).toEqual(ofMonitoring.slice(2).toSorted());
  expect(added({ metrics: { podMonitor: { enabled: false } } }, monitored)).toEqual(
    ofMonitoring.slice(2).toSorted(),
  );
});

test("each process is told what it reads, and nothing that it does not", () => {
  const objects = chart.render({ demo: { enabled: true } });
  const sources = {
    operator: ["operator/main.ts", "cli/main.ts"],
    aggregator: ["cli/aggregator.ts"],
  };
  for (const [component, files] of Object.entries(sources)) {
    const text = files.map((path) => readFileSync(join(CHART, "../..", path), "utf8")).join("\n");
    const given = Object.keys(variablesOf(find(objects, `Deployment scalp-${component}`)));
    expect(given.length).toBeGreaterThan(5);
    expect(given.filter((name) => !new RegExp(`\\b${name}\\b`).test(text))).toEqual([]);
  }
});

test.each([
  [{}, { LIVE_TRADING: "false", SCALP_WATCH_NAMESPACE: "scalp-radar" }],
  [
    { liveTrading: true, watchNamespaces: ["trading"] },
    { LIVE_TRADING: "true", SCALP_WATCH_NAMESPACE: "trading" },
  ],
  [{ clusterWide: true }, { SCALP_WATCH_NAMESPACE: "*" }],
  [
    { image: { repository: "r.example/scalp" } },
    {
      SCALP_EXECUTOR_IMAGE: "r.example/scalp:0.1.0",
      SCALP_EXECUTOR_IMAGE_PULL_POLICY: "IfNotPresent",
      SCALP_EXECUTOR_IMAGE_PULL_SECRETS: "",
    },
  ],
  [
    { image: { tag: "7", pullPolicy: "Never", pullSecrets: ["a", "b"] } },
    {
      SCALP_EXECUTOR_IMAGE: "scalp-radar:7",
      SCALP_EXECUTOR_IMAGE_PULL_POLICY: "Never",
      SCALP_EXECUTOR_IMAGE_PULL_SECRETS: "a,b",
    },
  ],
  [
    { image: { digest: `sha256:${"0".repeat(64)}` } },
    { SCALP_EXECUTOR_IMAGE: `scalp-radar:0.1.0@sha256:${"0".repeat(64)}` },
  ],
  [
    { executor: { tokenSecret: "own", resources: { limits: { memory: "1Gi" } } } },
    {
      SCALP_EXECUTOR_TOKEN_SECRET: "own",
      SCALP_EXECUTOR_RESOURCES:
        '{"limits":{"memory":"1Gi"},"requests":{"cpu":"50m","memory":"128Mi"}}',
    },
  ],
  [
    { demo: { enabled: true } },
    { LIVE_TRADING: "false", SCALP_EMULATOR_URL: "http://scalp-emulator.scalp-radar.svc:8099" },
  ],
])("%j tells the operator so", (values, expected) => {
  const told = variablesOf(find(chart.render(values), "Deployment scalp-operator"));
  expect(told).toMatchObject(expected);
});

test("without the demo the operator knows of no emulator", () => {
  const told = variablesOf(find(chart.render(), "Deployment scalp-operator"));
  expect(Object.keys(told)).not.toContain("SCALP_EMULATOR_URL");
});

test("all pods run the one image", () => {
  const objects = chart.render({
    image: { repository: "r.example/scalp", tag: "7" },
    demo: { enabled: true },
  });
  const images = podsIn(objects).flatMap(([, { spec }]) =>
    spec.containers.map(({ image }) => image),
  );
  expect(images).toEqual(Array.from({ length: 4 }, () => "r.example/scalp:7"));
});

test("the CRD is the file's, and stays after an uninstall unless it is not to", () => {
  const [file] = manifestsIn(
    readFileSync(join(CHART, "../../crds/scalpradar.io_livestrategies.yaml"), "utf8"),
  );
  const crd = (values: object) =>
    find(chart.render(values), "CustomResourceDefinition livestrategies.scalpradar.io");
  const kept = crd({});
  expect(kept.metadata.annotations).toEqual({ "helm.sh/resource-policy": "keep" });
  expect(kept["spec"]).toEqual(file?.["spec"]);
  expect(crd({ crds: { keep: false } })).toEqual(file);
});

test("with LiveStrategies stays what their executors need", () => {
  const kept = (values: object) =>
    names(
      chart
        .render(values)
        .filter(({ metadata }) => "helm.sh/resource-policy" in metadata.annotations),
    );
  const needed = [
    "NetworkPolicy scalp-executor",
    "Secret scalp-executor-token",
    "ServiceAccount scalp-executor",
  ];
  expect(kept({})).toEqual(["CustomResourceDefinition livestrategies.scalpradar.io", ...needed]);
  expect(kept({ crds: { enabled: false, keep: false } })).toEqual(needed);
  expect(kept({ crds: { keep: false } })).toEqual([]);
});

test("a token is the same in all namespaces, long, and made anew where none is found", () => {
  const tokens = () =>
    chart
      .render({ clusterWide: true, watchNamespaces: ["a", "b"] })
      .filter(({ kind, metadata }) => kind === "Secret" && metadata.name === "scalp-executor-token")
      .map(
        (object) => z.object({ data: z.object({ token: z.string() }) }).parse(object).data.token,
      );
  const [first = "", ...others] = tokens();
  expect(Buffer.from(first, "base64").toString()).toMatch(/^[A-Za-z0-9]{48}$/);
  expect(others).toEqual([first, first]);
  expect(tokens()).not.toContain(first);
});

test("the fleet's files are those that are given", () => {
  const risk = {
    maxMarginRatio: 0.5,
    maxConcurrentPositions: 3,
    maxLiveGrids: 2,
    minFreeMarginPercent: 30,
    killSwitch: { sessionLossPercent: 10, action: "Flatten" },
  };
  const data = (values: object) =>
    z
      .object({ data: z.record(z.string(), z.string()) })
      .parse(find(chart.render(values), "ConfigMap scalp-config")).data;
  expect(data({})).toEqual({});
  const files = data({ config: { risk } });
  expect(Object.keys(files)).toEqual(["risk.yaml"]);
  const read = parseYaml(files["risk.yaml"] ?? "");
  expect(read.ok && read.value[0]?.value).toEqual(risk);
  const annotation = (values: object) =>
    podsIn([find(chart.render(values), "Deployment scalp-operator")])[0]?.[1].metadata[
      "annotations"
    ];
  expect(annotation({ config: { risk } })).not.toEqual(annotation({}));
});

test("alerts speak of metrics that there are", () => {
  const objects = chart.render({}, { apiVersions: monitored });
  const { spec } = z
    .object({
      spec: z.object({
        groups: z.array(
          z.object({ rules: z.array(z.object({ alert: z.string(), expr: z.string() })) }),
        ),
      }),
    })
    .parse(find(objects, "PrometheusRule scalp-radar"));
  const rules = spec.groups.flatMap((group) => group.rules);
  expect(rules.length).toBeGreaterThanOrEqual(10);
  const used = rules.flatMap(({ expr }) => expr.match(/\bscalp_\w+/g) ?? []);
  expect(used.length).toBeGreaterThanOrEqual(8);
  expect(used.filter((name) => !(name in gauges))).toEqual([]);
  expect(JSON.stringify(rules)).not.toContain("RELEASE_NAMESPACE");
});

test.each([
  ["the default", {}],
  [
    "everything",
    {
      demo: { enabled: true },
      operator: { replicas: 2 },
      clusterWide: true,
      watchNamespaces: ["a", "b"],
    },
  ],
])("lint finds nothing in %s", (_, values) => {
  const { code, stdout, stderr } = chart.helm(
    ["lint", "--strict", CHART, "--kube-version=1.36.3"],
    { values },
  );
  expect([code, stderr]).toEqual([0, ""]);
  expect(stdout).toContain("0 chart(s) failed");
});
