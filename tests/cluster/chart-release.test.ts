/**
 * A release of the chart from its installation to its end, on a real API server: rights, tokens, what
 * an uninstall leaves, and two releases beside each other.
 */

import { afterAll, afterEach, beforeAll, expect, test } from "@jest/globals";
import { CRD, done, startChartWorld, strategiesIn, type ChartWorld } from "./chart-world.ts";
import { rulesOf, type PolicyRule } from "./identities.ts";
import { edited } from "./manifests.ts";
import { until } from "./until.ts";

let world: ChartWorld;
beforeAll(async () => {
  world = await startChartWorld();
}, 1_800_000);
afterEach(() => world.clear(), 120_000);
afterAll(() => world.close());

const PATIENCE_MS = 120_000;
const HOME = "scalp-radar";

const eleven = ["spec.leverage", 11] as const;
const tooMuch = "spec.leverage 11 is more than the 10 that this installation allows";
const ten = { policies: { maxLeverage: 10 } };

/** As `kubectl auth can-i --list` prints what these rules allow. */
const rowsOf = (rules: ReadonlyArray<PolicyRule>): ReadonlyArray<string> =>
  rules.flatMap(({ apiGroups, resources, resourceNames = [], verbs }) =>
    apiGroups.flatMap((group) =>
      resources.map((resource) => {
        const [plural, sub] = resource.split("/");
        const named = group === "" ? plural : `${plural}.${group}`;
        return `${named}${sub === undefined ? "" : `/${sub}`} [${resourceNames.join(" ")}] [${verbs.join(" ")}]`;
      }),
    ),
  );

const ofOperator = rowsOf(rulesOf("operator"));
const atHome = rowsOf(rulesOf("operator-own-namespace"));

test.each([
  ["one namespace", {}, [], []],
  ["the whole cluster", { clusterWide: true }, ofOperator, rowsOf(rulesOf("aggregator"))],
])(
  "installed for %s, our accounts have the rights of files/rbac and no others",
  async (_, values, operatorElsewhere, aggregatorElsewhere) => {
    done(world.helm("install scalp", HOME, values));
    const rights = (account: string, namespace: string) =>
      world.rights(`scalp-radar/scalp-${account}`, namespace);
    const operators = [...ofOperator, ...atHome].toSorted();
    expect(await rights("operator", "scalp-radar")).toEqual(operators);
    expect(await rights("operator", "trading")).toEqual([...operatorElsewhere].toSorted());
    expect(await rights("aggregator", "scalp-radar")).toEqual(rowsOf(rulesOf("aggregator")));
    expect(await rights("aggregator", "trading")).toEqual(aggregatorElsewhere);
    expect(await rights("executor", "scalp-radar")).toEqual([]);
    expect(await rights("executor", "trading")).toEqual([]);
  },
  PATIENCE_MS,
);

test(
  "tokens are made once: upgrades find them, and a new namespace gets the same",
  async () => {
    done(world.helm("install scalp", HOME));
    const executors = await world.token("scalp-radar", "scalp-executor-token");
    const people = await world.token("scalp-radar", "scalp-api-token");
    expect([executors, people]).toEqual([expect.any(String), expect.any(String)]);
    expect(people).not.toBe(executors);
    done(world.helm("upgrade scalp", HOME, { operator: { replicas: 2 } }));
    const both = ["scalp-radar", "trading"];
    done(world.helm("upgrade scalp", HOME, { clusterWide: true, watchNamespaces: both }));
    expect(await world.token("scalp-radar", "scalp-executor-token")).toBe(executors);
    expect(await world.token("trading", "scalp-executor-token")).toBe(executors);
    expect(await world.token("scalp-radar", "scalp-api-token")).toBe(people);
  },
  PATIENCE_MS,
);

const pathIn = (root: string, object: string) => `${root}/namespaces/scalp-radar/${object}`;
const needed = [
  pathIn("/api/v1", "serviceaccounts/scalp-executor"),
  pathIn("/api/v1", "secrets/scalp-executor-token"),
  pathIn("/apis/networking.k8s.io/v1", "networkpolicies/scalp-executor"),
];
const own = [
  pathIn("/apis/apps/v1", "deployments/scalp-operator"),
  pathIn("/api/v1", "secrets/scalp-api-token"),
  pathIn("/api/v1", "services/scalp-aggregator"),
  pathIn("/apis/networking.k8s.io/v1", "networkpolicies/scalp-deny"),
];

/** Which of them are there. */
const present = async (paths: ReadonlyArray<string>): Promise<ReadonlyArray<string>> => {
  const statuses = await Promise.all(paths.map(world.status));
  return paths.filter((_, index) => statuses[index] === 200);
};

test(
  "uninstalled, it leaves strategies and what their executors need, and takes them over again",
  async () => {
    done(world.helm("install scalp", HOME));
    await world.served();
    const strategy = edited([["metadata.namespace", "scalp-radar"]]);
    const made = await world.plane.call("POST", strategiesIn("scalp-radar"), strategy);
    expect(made.status).toBe(201);
    const before = await world.token("scalp-radar", "scalp-executor-token");
    expect(done(world.helm("uninstall scalp", HOME))).toContain("livestrategies.scalpradar.io");
    expect(await world.status(CRD)).toBe(200);
    expect(await world.status(`${strategiesIn("scalp-radar")}/grid-atr`)).toBe(200);
    expect(await present([...needed, ...own])).toEqual(needed);
    done(world.helm("install scalp", HOME, ten));
    expect(await present([...needed, ...own])).toEqual([...needed, ...own]);
    const other = ["metadata.name", "other"] as const;
    await world.refusal(tooMuch, "scalp-radar", [other, eleven]);
    await world.refusal("", "scalp-radar", [other]);
    expect(await world.token("scalp-radar", "scalp-executor-token")).toBe(before);
  },
  PATIENCE_MS,
);

test(
  "uninstalled without crds.keep it leaves nothing",
  async () => {
    done(world.helm("install scalp", HOME, { crds: { keep: false } }));
    expect(await present([...needed, ...own])).toEqual([...needed, ...own]);
    done(world.helm("uninstall scalp", HOME));
    await until("the CRD is gone", async () => (await world.status(CRD)) === 404);
    expect(await present([...needed, ...own])).toEqual([]);
  },
  PATIENCE_MS,
);

test(
  "two releases live in two namespaces, each with its own limits, and not in one",
  async () => {
    done(world.helm("install blue", "blue"));
    const second = { crds: { enabled: false }, ...ten };
    const twice = world.helm("install green", "blue", second);
    expect(twice.code).not.toBe(0);
    expect(twice.stderr).toContain("cannot be imported into the current release");
    done(world.helm("install green", "green", second));
    await world.served();
    const refused = await world.refusal(tooMuch, "green", [eleven]);
    expect(refused).toContain("'scalp-radar-green-maximum-leverage'");
    await world.refusal("", "blue", [eleven]);
    const tokens = [await world.token("blue", "scalp-executor-token")];
    expect(tokens).not.toContain(await world.token("green", "scalp-executor-token"));
    done(world.helm("uninstall green", "green"));
    expect(await world.status(CRD)).toBe(200);
  },
  PATIENCE_MS,
);
