/** Who finds whom: selectors of Services, budgets, monitors and network policies against real labels. */

import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { z } from "zod";
import { childLabels } from "#operator/kube/identity.ts";
import { strategyOf } from "#operator/testing/samples.ts";
import { find, nameOf, openChart, podsIn, type Chart, type Manifest } from "./chart.ts";

let chart: Chart;
beforeAll(async () => {
  chart = await openChart();
}, 1_800_000);
afterAll(() => chart.close());

const selector = z.object({
  matchLabels: z.record(z.string(), z.string()).default({}),
  matchExpressions: z
    .array(z.object({ key: z.string(), operator: z.literal("In"), values: z.array(z.string()) }))
    .default([]),
});
type Labels = Readonly<Record<string, string>>;

const selects = (given: unknown, labels: Labels): boolean => {
  const { matchLabels, matchExpressions } = selector.parse(given);
  return (
    Object.entries(matchLabels).every(([key, value]) => labels[key] === value) &&
    matchExpressions.every(({ key, values }) => values.includes(labels[key] ?? ""))
  );
};

const executorLabels = childLabels(strategyOf());

/** Labels of every pod that there can be, by what it is. */
const podsOf = (objects: ReadonlyArray<Manifest>): ReadonlyMap<string, Labels> =>
  new Map([
    ...podsIn(objects).map(([name, { metadata }]) => [name, metadata.labels] as const),
    ["executor", executorLabels],
    ["a stranger", { "app.kubernetes.io/name": "web" }],
  ]);

const selectedBy = (objects: ReadonlyArray<Manifest>, given: unknown): ReadonlyArray<string> =>
  [...podsOf(objects)].filter(([, labels]) => selects(given, labels)).map(([name]) => name);

const everything = {
  demo: { enabled: true },
  operator: { replicas: 2 },
  metrics: {
    serviceMonitor: { enabled: true },
    podMonitor: { enabled: true },
    prometheusRule: { enabled: true },
  },
};

const specOf = (object: Manifest) => z.record(z.string(), z.unknown()).parse(object["spec"]);

test.each([
  ["Service scalp-aggregator", ["Deployment scalp-aggregator"]],
  ["Service scalp-emulator", ["Deployment scalp-emulator"]],
  ["Deployment scalp-operator", ["Deployment scalp-operator"]],
  ["Deployment scalp-aggregator", ["Deployment scalp-aggregator"]],
  ["Deployment scalp-emulator", ["Deployment scalp-emulator"]],
  ["PodDisruptionBudget scalp-operator", ["Deployment scalp-operator"]],
  ["PodMonitor scalp-operator", ["Deployment scalp-operator"]],
  ["PodMonitor scalp-executor", ["executor"]],
])("%s selects %j", (name, pods) => {
  const objects = chart.render(everything);
  const { selector: given } = specOf(find(objects, name));
  const labels = name.startsWith("Service ") ? { matchLabels: given } : given;
  expect(selectedBy(objects, labels)).toEqual(pods);
});

test("the ServiceMonitor finds the aggregator's Service and no other, with its token", () => {
  const objects = chart.render(everything);
  const { selector: given, endpoints } = specOf(find(objects, "ServiceMonitor scalp-aggregator"));
  const services = objects.filter(({ kind }) => kind === "Service");
  expect(services.filter(({ metadata }) => selects(given, metadata.labels)).map(nameOf)).toEqual([
    "Service scalp-aggregator",
  ]);
  expect(endpoints).toEqual([
    expect.objectContaining({
      honorLabels: true,
      authorization: { type: "Bearer", credentials: { name: "scalp-api-token", key: "token" } },
    }),
  ]);
});

const peer = z.object({
  namespaceSelector: selector.optional(),
  podSelector: selector.optional(),
  ipBlock: z.object({ cidr: z.string(), except: z.array(z.string()).default([]) }).optional(),
});
const rule = z.object({
  from: z.array(peer).optional(),
  to: z.array(peer).optional(),
  ports: z.array(z.object({ protocol: z.string(), port: z.number() })),
});
const policySpec = z.object({
  podSelector: z.unknown(),
  policyTypes: z.tuple([z.literal("Ingress"), z.literal("Egress")]),
  ingress: z.array(rule).default([]),
  egress: z.array(rule).default([]),
});

const networkPolicies = (objects: ReadonlyArray<Manifest>) =>
  objects
    .filter(({ kind }) => kind === "NetworkPolicy")
    .map(({ metadata, spec }) => ({ ...metadata, ...policySpec.parse(spec) }));

/** Pods of a peer as `component@namespace`, addresses as they are. */
const words = (
  objects: ReadonlyArray<Manifest>,
  given: z.infer<typeof peer>,
): ReadonlyArray<string> => {
  if (given.ipBlock !== undefined) {
    const { cidr, except } = given.ipBlock;
    return [except.length === 0 ? cidr : `${cidr} but ${except.length} ranges`];
  }
  const namespaces = given.namespaceSelector;
  const where =
    namespaces?.matchLabels["kubernetes.io/metadata.name"] ??
    namespaces?.matchExpressions.flatMap(({ values }) => values).join("+") ??
    "here";
  const who =
    given.podSelector === undefined
      ? ["any pod"]
      : given.podSelector.matchLabels["k8s-app"] === undefined
        ? selectedBy(objects, given.podSelector).map((name) => name.replace(/^\w+ scalp-/, ""))
        : ["dns"];
  return who.map((name) => `${name}@${where === "" ? "anywhere" : where}`);
};

const table = (objects: ReadonlyArray<Manifest>, name: string) => {
  const found = networkPolicies(objects).filter((policy) => policy.name === name);
  const side = (rules: ReadonlyArray<z.infer<typeof rule>>) =>
    rules.flatMap(({ from, to, ports }) =>
      [...(from ?? []), ...(to ?? [])].flatMap((one) =>
        words(objects, one).map((text) => `${text}:${ports.map(({ port }) => port).join(",")}`),
      ),
    );
  return found.map((policy) => ({
    in: policy.namespace,
    pods: selectedBy(objects, policy.podSelector).map((pod) => pod.replace(/^\w+ scalp-/, "")),
    ingress: side(policy.ingress),
    egress: side(policy.egress),
  }));
};

const names = ["dns@anywhere:53,53", "169.254.0.0/16:53,53"];
const apiServer = ["0.0.0.0/0:443,6443", "::/0:443,6443"];
const prometheus = "any pod@monitoring:8080";

test("pods of the release speak with nobody but as said", () => {
  const objects = chart.render({ demo: { enabled: true } });
  expect(table(objects, "scalp-deny")).toEqual([
    {
      in: "scalp-radar",
      pods: ["aggregator", "emulator", "operator", "demo-1"],
      ingress: [],
      egress: [],
    },
  ]);
  const toExecutors = "executor@scalp-radar:8080";
  expect(table(objects, "scalp-operator")).toEqual([
    {
      in: "scalp-radar",
      pods: ["operator"],
      ingress: [prometheus],
      egress: [...names, ...apiServer, toExecutors],
    },
  ]);
  expect(table(objects, "scalp-aggregator")).toEqual([
    {
      in: "scalp-radar",
      pods: ["aggregator"],
      ingress: [prometheus],
      egress: [...names, ...apiServer, toExecutors],
    },
  ]);
  expect(table(objects, "scalp-emulator")).toEqual([
    { in: "scalp-radar", pods: ["emulator"], ingress: ["executor@scalp-radar:8099"], egress: [] },
  ]);
  expect(table(objects, "scalp-demo")).toEqual([
    { in: "scalp-radar", pods: ["demo-1"], ingress: [], egress: [...names, ...apiServer] },
  ]);
});

test("executors reach names and the exchange, and are reached by operator and aggregator", () => {
  const values = { clusterWide: true, watchNamespaces: ["a", "b"] };
  const expected = {
    pods: ["executor"],
    ingress: ["aggregator@scalp-radar:8080", "operator@scalp-radar:8080", prometheus],
    egress: [...names, "0.0.0.0/0 but 6 ranges:443"],
  };
  expect(table(chart.render(values), "scalp-executor")).toEqual([
    { in: "a", ...expected },
    { in: "b", ...expected },
  ]);
  expect(table(chart.render(values), "scalp-operator")[0]?.egress).toContain("executor@a+b:8080");
});

test("with the demo they reach the emulator, with nobody else's address", () => {
  const objects = chart.render({ demo: { enabled: true }, networkPolicy: { scrapers: [] } });
  expect(table(objects, "scalp-executor")).toEqual([
    {
      in: "scalp-radar",
      pods: ["executor"],
      ingress: ["aggregator@scalp-radar:8080", "operator@scalp-radar:8080"],
      egress: [...names, "0.0.0.0/0 but 6 ranges:443", "emulator@scalp-radar:8099"],
    },
  ]);
});

test("an exchange at known addresses has no exceptions, and clients are let in by name", () => {
  const ingress = {
    namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "ingress" } },
  };
  const objects = chart.render({
    networkPolicy: { exchange: { cidrs: ["192.0.2.0/24"], ports: [8443] }, clients: [ingress] },
  });
  expect(table(objects, "scalp-executor")[0]?.egress).toContain("192.0.2.0/24:8443");
  expect(table(objects, "scalp-aggregator")[0]?.ingress).toEqual([
    prometheus,
    "any pod@ingress:8080",
  ]);
});
