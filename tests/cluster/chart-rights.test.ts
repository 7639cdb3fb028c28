/** Rights and admission policies of the chart: those of its files, under the names of the release. */

import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { CHART, find, manifestsIn, nameOf, openChart, type Chart, type Manifest } from "./chart.ts";
import { rulesOf } from "./identities.ts";

let chart: Chart;
beforeAll(async () => {
  chart = await openChart();
}, 1_800_000);
afterAll(() => chart.close());

const roles = z.looseObject({ rules: z.array(z.unknown()) });
const bindingShape = z.looseObject({
  roleRef: z.object({ kind: z.string(), name: z.string() }),
  subjects: z.array(z.object({ name: z.string(), namespace: z.string() })),
});

test.each([
  ["in a namespace", {}, "Role", "scalp"],
  ["in the cluster", { clusterWide: true }, "ClusterRole", "scalp-radar"],
])("%s the rights are those of files/rbac, for our accounts", (_, values, kind, prefix) => {
  const objects = chart.render(values);
  const bound = ["operator", "aggregator"] as const;
  for (const identity of bound) {
    const name = `${prefix}-${identity}`;
    expect(roles.parse(find(objects, `${kind} ${name}`)).rules).toEqual(rulesOf(identity));
    expect(bindingShape.parse(find(objects, `${kind}Binding ${name}`))).toMatchObject({
      roleRef: { kind, name },
      subjects: [{ name: `scalp-${identity}`, namespace: "scalp-radar" }],
    });
  }
  const own = roles.parse(find(objects, "Role scalp-operator-own"));
  expect(own.rules).toEqual(rulesOf("operator-own-namespace"));
  expect(rulesOf("executor")).toEqual([]);
  expect(
    objects.filter(({ kind }) => kind.endsWith("Binding") && !kind.startsWith("Validating")),
  ).toHaveLength(3);
});

const policySpec = z.looseObject({
  paramKind: z.unknown().optional(),
  paramRef: z.unknown().optional(),
  variables: z.array(z.object({ name: z.string(), expression: z.string() })).default([]),
});
const limitNames = new Set(["most", "allowed"]);

const policyFiles = (): ReadonlyArray<Manifest> =>
  readdirSync(join(CHART, "files/policies")).flatMap((name) =>
    manifestsIn(readFileSync(join(CHART, "files/policies", name), "utf8")),
  );
const policiesIn = (objects: ReadonlyArray<Manifest>) =>
  objects.filter(({ kind }) => kind.startsWith("ValidatingAdmission"));

/** All but the limits, and where they come from. */
const byName = (objects: ReadonlyArray<Manifest>) =>
  Object.fromEntries(
    objects.map((object) => {
      const {
        paramKind: _kind,
        paramRef: _ref,
        variables,
        ...rest
      } = policySpec.parse(object["spec"]);
      const others = variables.filter(({ name }) => !limitNames.has(name));
      return [nameOf(object), { ...rest, variables: others }];
    }),
  );
const limitsIn = (objects: ReadonlyArray<Manifest>) =>
  policiesIn(objects).flatMap(({ spec }) =>
    policySpec
      .parse(spec)
      .variables.flatMap(({ name, expression }) => (limitNames.has(name) ? [expression] : [])),
  );

test("in namespace scalp-radar, for the whole cluster, the policies are the files with the limits", () => {
  const rendered = policiesIn(chart.render({ clusterWide: true }));
  expect(rendered).toHaveLength(13);
  expect(byName(rendered)).toEqual(byName(policyFiles()));
  expect(limitsIn(policyFiles())).toHaveLength(3);
  expect(JSON.stringify(rendered)).not.toContain("param");
});

const list = (texts: string) => `'${texts}'.split(',').filter(one, one != '')`;

test.each([
  [{}, [list("*"), list(""), "'20'"]],
  [
    {
      maxLeverage: 5,
      allowedSymbols: ["BTC/USDT:USDT", "ETH/USDT:USDT"],
      liveNamespaces: ["a", "b"],
    },
    [list("BTC/USDT:USDT,ETH/USDT:USDT"), list("a,b"), "'5'"],
  ],
])("limits of %j are in the policies", (policies, expressions) => {
  expect(limitsIn(chart.render({ policies }))).toEqual(expressions);
});

test("an installation of one namespace limits that one, under names of its own", () => {
  const objects = chart.render({ watchNamespaces: ["trading"] }, { namespace: "blue" });
  const rendered = policiesIn(objects);
  const foreign = rendered.filter(({ metadata }) => !metadata.name.startsWith("scalp-radar-blue-"));
  expect(foreign).toEqual([]);
  const text = JSON.stringify(rendered);
  expect(text).not.toContain("serviceaccount:scalp-radar:");
  expect(text).toContain("system:serviceaccount:blue:scalp-operator");
  const limits = rendered.filter(
    ({ kind, metadata: { name } }) => kind.endsWith("Binding") && !name.endsWith("-writes"),
  );
  expect(limits).toHaveLength(6);
  const here = { key: "kubernetes.io/metadata.name", operator: "In", values: ["trading"] };
  for (const { spec } of limits) {
    expect(spec).toMatchObject({
      policyName: expect.stringMatching(/^scalp-radar-blue-/),
      matchResources: { namespaceSelector: { matchExpressions: [here] } },
    });
  }
});
