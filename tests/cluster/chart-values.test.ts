/** Every value does something, and a mistake is refused in words that name it. */

import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { allValues, type Value } from "../../charts/generate.ts";
import { withValue } from "./manifests.ts";
import { openChart, type Chart } from "./chart.ts";

let chart: Chart;
beforeAll(async () => {
  chart = await openChart();
}, 1_800_000);
afterAll(() => chart.close());

const exchange = {
  bitget: {
    restUrl: "https://api.example",
    publicStreamUrl: "wss://ws.example/public",
    privateStreamUrl: "wss://ws.example/private",
    accountRequestsPerSecond: 1,
    publicRequestsPerSecond: 2,
  },
};

/** Another value for those whose kind does not tell one. */
const others: Readonly<Record<string, unknown>> = {
  "aggregator.service.type": "NodePort",
  config: { exchanges: exchange },
  "image.digest": `sha256:${"a".repeat(64)}`,
  "image.pullPolicy": "Always",
  "metrics.interval": "5m",
  "networkPolicy.apiServer.cidrs": ["192.0.2.1/32"],
  "networkPolicy.apiServer.ports": [16_443],
  "networkPolicy.clients": [{ namespaceSelector: {} }],
  "networkPolicy.dns": [{ ipBlock: { cidr: "192.0.2.2/32" } }],
  "networkPolicy.exchange.cidrs": ["192.0.2.3/32"],
  "networkPolicy.exchange.except": [],
  "networkPolicy.exchange.ports": [8443],
  "networkPolicy.scrapers": [],
  "operator.logLevel": "debug",
  "policies.allowedSymbols": ["BTC/USDT:USDT"],
  "policies.maxLeverage": 5,
  watchNamespaces: ["trading"],
};
const placed: Readonly<Record<string, unknown>> = {
  tolerations: [{ key: "a", operator: "Exists" }],
  affinity: { podAffinity: {} },
};

const otherThan = ({ path, standard }: Value): unknown => {
  if (path in others) return others[path];
  const [, last = ""] = /([^.]+)$/.exec(path) ?? [];
  if (last in placed) return placed[last];
  if (last === "resources") return { limits: { memory: "999Mi" } };
  if (standard === "auto") return false;
  if (typeof standard === "boolean") return !standard;
  if (typeof standard === "number") return standard + 1;
  if (typeof standard === "string") return "other";
  return Array.isArray(standard) ? ["other"] : { other: "other" };
};

const monitored = ["PodMonitor", "PrometheusRule", "ServiceMonitor"].map(
  (kind) => `monitoring.coreos.com/v1/${kind}`,
);
/** Everything is there, and nothing is made up anew. */
const base = {
  executor: { tokenSecret: "executors-own" },
  aggregator: { apiTokenSecret: "peoples-own" },
  demo: { enabled: true },
};
const rendered = (values: object) =>
  JSON.stringify(chart.render(values, { apiVersions: monitored }));

const values = allValues();

test("all values are seen, each with a sentence", () => {
  expect(values.length).toBeGreaterThan(40);
  expect(values.filter(({ description }) => !/^\S.{3,}\.$/.test(description))).toEqual([]);
});

test("the same values render the same", () => {
  expect(rendered(base)).toBe(rendered(base));
});

test.each(
  values.filter(({ path }) => path !== "global").map((value) => [value.path, value] as const),
)("%s does something", (path, value) => {
  const standard = path === "demo.enabled" ? withValue(base, ["demo", "enabled"], false) : base;
  const changed = withValue(
    base,
    path.split("."),
    path === "demo.enabled" ? true : otherThan(value),
  );
  expect(rendered(Object(changed))).not.toBe(rendered(Object(standard)));
});

/** Path in the message of either JSON schema library that a Helm may have: a.b and a/b. */
const refusals: ReadonlyArray<readonly [string, object, RegExp]> = [
  ["an unknown key", { operatr: {} }, /operatr/],
  [
    "an unknown key further down",
    { operator: { replica: 1 } },
    /operator.*replica|replica.*operator/s,
  ],
  ["too many operators", { operator: { replicas: 3 } }, /operator.replicas.*2/],
  ["a wrong type", { liveTrading: "yes" }, /liveTrading.*boolean/],
  ["leverage that no exchange has", { policies: { maxLeverage: 21 } }, /policies.maxLeverage.*20/],
  ["leverage in words", { policies: { maxLeverage: "ten" } }, /policies.maxLeverage.*integer/],
  [
    "a symbol that would end a text",
    { policies: { allowedSymbols: ["BTC/USDT:USDT'] + ['*"] } },
    /policies.allowedSymbols.0/,
  ],
  [
    "a symbol in other words",
    { policies: { allowedSymbols: ["BTCUSDT"] } },
    /policies.allowedSymbols.0/,
  ],
  ["no leverage", { policies: { maxLeverage: 0 } }, /policies.maxLeverage.*1/],
  ["a value that is taken away", { operator: { replicas: null } }, /operator.*replicas/s],
  ["a pull policy that there is not", { image: { pullPolicy: "Sometimes" } }, /image.pullPolicy/],
  ["a digest that is none", { image: { digest: "sha256:abc" } }, /image.digest/],
  [
    "a quantity that is none",
    { operator: { resources: { limits: { memory: "much" } } } },
    /operator.resources.limits.memory/,
  ],
  [
    "an address without its size",
    { networkPolicy: { exchange: { cidrs: ["10.0.0.1"] } } },
    /networkPolicy.exchange.cidrs.0/,
  ],
  [
    "a switch between",
    { metrics: { podMonitor: { enabled: "maybe" } } },
    /metrics.podMonitor.enabled/,
  ],
  ["a namespace that is no name", { watchNamespaces: ["Trading"] }, /watchNamespaces.0/],
  [
    "a key of the fleet's files that there is not",
    { config: { risk: { maxMarginRatio: 0.5, maxGrids: 1 } } },
    /maxGrids/,
  ],
  [
    "two namespaces without the rights for them",
    { watchNamespaces: ["a", "b"] },
    /watchNamespaces lists a, b: the operator looks after one namespace or all of them, so set clusterWide to true, or list one/,
  ],
];

test.each(refusals)("%s is refused by name", (_, wrong, words) => {
  expect(chart.refusal(wrong)).toMatch(words);
});
