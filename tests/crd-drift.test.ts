/**
 * The committed CustomResourceDefinition is the generated one, and one that a cluster can live with.
 *
 * What an API server would refuse or silently read otherwise is found here, without one.
 */

import { expect, test } from "@jest/globals";
import { readFileSync } from "node:fs";
import { crdPath, crdYaml } from "#cli/generate-crds.ts";
import { customResourceDefinition } from "#crds/crd.ts";
import type { CrdSchema } from "#crds/crd-schema.ts";
import { liveStrategyRules } from "#crds/live-strategy-rules.ts";
import { blockOfKind } from "#crds/live-strategy.ts";
import { parseYaml } from "#runtime/yaml.ts";
import { parameterTables, type NumberRule } from "#strategies/parameters.ts";

type Named = { readonly path: string; readonly schema: CrdSchema };

const nodesOf = (schema: CrdSchema, path: string): ReadonlyArray<Named> => [
  { path, schema },
  ...Object.entries(schema.properties ?? {}).flatMap(([name, child]) =>
    nodesOf(child, path === "" ? name : `${path}.${name}`),
  ),
  ...(schema.items === undefined ? [] : nodesOf(schema.items, `${path}[]`)),
  ...(schema.additionalProperties === undefined
    ? []
    : nodesOf(schema.additionalProperties, `${path}.*`)),
];

const [version] = customResourceDefinition().spec.versions;
if (version === undefined) throw new Error("the CRD has a version");
const nodes = nodesOf(version.schema.openAPIV3Schema, "");
const pathsWhere = (matches: (schema: CrdSchema, path: string) => boolean) =>
  nodes.filter(({ path, schema }) => matches(schema, path)).map(({ path }) => path);
const fields = (schema: CrdSchema | undefined, ...path: ReadonlyArray<string>) =>
  path.reduce((node, name) => node?.properties?.[name], schema)?.properties ?? {};

test("the committed CRD is the generated one: run `node cli/generate-crds.ts` if it is not", () => {
  expect(readFileSync(crdPath, "utf8")).toBe(crdYaml());
});

test("the file says the same to a YAML parser", () => {
  const parsed = parseYaml(crdYaml());
  expect(parsed.ok && parsed.value[0]?.value).toEqual(
    JSON.parse(JSON.stringify(customResourceDefinition())),
  );
});

test("kubectl can apply it: less than 256 KiB, which an annotation holds", () => {
  expect(JSON.stringify(customResourceDefinition()).length).toBeLessThan(256 * 1024);
});

test("kubectl explain has a sentence for every field", () => {
  expect(nodes.length).toBeGreaterThan(120);
  const silent = pathsWhere(({ description = "" }) => !/^\S.{3,200}\.$/.test(description));
  expect(silent).toEqual(["metadata"]);
});

test("it is structural: a type on every node, no union, nothing beside properties", () => {
  expect(
    pathsWhere(
      ({ type, ...schema }) => type === undefined && schema["x-kubernetes-int-or-string"] !== true,
    ),
  ).toEqual([]);
  expect(
    pathsWhere(({ properties, additionalProperties }) =>
      Boolean(properties && additionalProperties),
    ),
  ).toEqual([]);
  expect(crdYaml()).not.toMatch(/additionalProperties: false|oneOf|anyOf|\$ref/);
});

test("everything is bounded, which is what the cost of a rule is reckoned from", () => {
  const unbounded = pathsWhere((schema, path) => {
    const { type, maxLength, maxItems, maxProperties } = schema;
    if (!path.startsWith("spec") && !path.startsWith("status")) return false;
    if (type === "string") {
      return maxLength === undefined && schema.enum === undefined && schema.format === undefined;
    }
    if (type === "array") return maxItems === undefined;
    if (type === "integer" || type === "number") {
      return schema.minimum === undefined || schema.maximum === undefined;
    }
    return schema.additionalProperties !== undefined && maxProperties === undefined;
  });
  expect(unbounded).toEqual([]);
});

/** An API server rounds a bound down before it compares a whole number with it: 0 passes 0.1. */
test("no bound has a fraction", () => {
  const fractional = pathsWhere(({ minimum = 0, maximum = 0 }) =>
    [minimum, maximum].some((bound) => !Number.isInteger(bound)),
  );
  expect(fractional).toEqual([]);
});

test("every list says how appliers share it", () => {
  const silent = pathsWhere(
    (schema) => schema.type === "array" && schema["x-kubernetes-list-type"] === undefined,
  );
  expect(silent).toEqual([]);
});

test("every rule is in it, once, where it belongs", () => {
  const inCrd = nodes.flatMap(({ schema }) => schema["x-kubernetes-validations"] ?? []);
  expect(inCrd.map(({ rule }) => rule).toSorted()).toEqual(
    liveStrategyRules.map(({ cel }) => cel).toSorted(),
  );
});

test("the columns of kubectl get are those that people know, the message last", () => {
  const [narrow, wide] = [0, 1].map((priority) =>
    version.additionalPrinterColumns
      .filter((column) => (column.priority ?? 0) === priority)
      .map(({ name }) => name),
  );
  expect(narrow).toEqual([
    "Strategy",
    "Symbols",
    "Mode",
    "Ready",
    "Status",
    "Position",
    "PnL-Day",
    "Drawdown",
    "Age",
  ]);
  expect(wide).toEqual(["Account", "Leverage", "Executor", "Kill-Switch", "Message"]);
});

test("every column and selectable field reads a field that exists", () => {
  const paths = new Set(nodes.map(({ path }) => `.${path}`));
  const readPaths = [
    ...version.additionalPrinterColumns.map(({ jsonPath }) => jsonPath),
    ...version.selectableFields.map(({ jsonPath }) => jsonPath),
  ].map((path) => path.replace(/\[\?\(.+\)\]/, "[]"));
  const unknown = readPaths.filter((path) => !paths.has(path));
  expect(unknown).toEqual([".metadata.creationTimestamp"]);
});

const kinds = ["grid_atr", "grid_multi_tf", "grid_boltrend"] as const;

test.each(kinds)(
  "%s has the parameters that the strategy reads, with the same defaults",
  (kind) => {
    const spec = version.schema.openAPIV3Schema;
    const block = fields(spec, "spec", "strategy", blockOfKind[kind]);
    const overrides = fields(
      spec?.properties?.["spec"]?.properties?.["assets"]?.items,
      blockOfKind[kind],
    );
    const table = parameterTables[kind];
    expect(Object.keys(block).toSorted()).toEqual(Object.keys(table).toSorted());
    expect(Object.keys(overrides)).toEqual(Object.keys(block));
    for (const [name, rule] of Object.entries(table)) {
      expect([name, block[name]?.default]).toEqual([name, rule.default]);
      expect([name, overrides[name]?.default]).toEqual([name, undefined]);
    }
  },
);

/** Whether every number that the schema lets through is one that the strategy takes. */
const isWithin = (field: CrdSchema, rule: NumberRule): boolean => {
  const { minimum: least = -Infinity, maximum: most = Infinity, exclusiveMinimum: above } = field;
  const { minimum = -Infinity, maximum = Infinity, exclusiveMinimum = -Infinity } = rule;
  const isAbove = least > exclusiveMinimum || (least === exclusiveMinimum && above === true);
  return least >= minimum && most <= maximum && isAbove;
};
const isWhole = ({ type }: CrdSchema): boolean => type === "integer";

test.each(kinds)("%s accepts no parameter that the strategy would refuse", (kind) => {
  const block = fields(version.schema.openAPIV3Schema, "spec", "strategy", blockOfKind[kind]);
  const wider = Object.entries(parameterTables[kind]).flatMap(([name, rule]) =>
    "minimum" in rule || "exclusiveMinimum" in rule
      ? [[name, isWithin(block[name] ?? {}, rule)] as const]
      : [],
  );
  expect(wider.length).toBeGreaterThan(8);
  expect(wider.filter(([, within]) => !within)).toEqual([]);
  const whole = Object.entries(parameterTables[kind]).filter(
    ([, rule]) => "integer" in rule && rule.integer,
  );
  expect(whole.filter(([name]) => !isWhole(block[name] ?? {}))).toEqual([]);
});
