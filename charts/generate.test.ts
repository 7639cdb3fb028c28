/** What the chart repeats of something else is what that says. */

import { expect, test } from "@jest/globals";
import { existsSync, readFileSync } from "node:fs";
import { z } from "zod";
import { VERSION } from "#runtime/version.ts";
import { parseYaml } from "#runtime/yaml.ts";
import { chartFiles } from "./generate.ts";
import { values } from "./values.ts";

const files = chartFiles();

test("CRD, demo, values, schema and table are all generated", () => {
  expect(Object.keys(files).map((path) => path.replace("charts/scalp-radar/", ""))).toEqual([
    "values.schema.json",
    "values.yaml",
    "README.md",
    "files/crds/livestrategies.yaml",
    "files/demo/grid-atr.yaml",
    "files/demo/grid-boltrend.yaml",
    "files/demo/grid-multi-tf.yaml",
  ]);
});

test.each(Object.keys(files))(
  "%s is the generated one: run `node charts/generate.ts` if it is not",
  (path) => {
    expect(existsSync(path) && readFileSync(path, "utf8")).toBe(files[path]);
  },
);

const read = (path: string): unknown => {
  const parsed = parseYaml(readFileSync(path, "utf8"));
  return parsed.ok ? parsed.value[0]?.value : parsed.error;
};

test("the values of the file are the defaults of the schema, which takes them", () => {
  const given = read("charts/scalp-radar/values.yaml");
  const parsed = values.safeParse(given);
  expect(parsed.error).toBeUndefined();
  expect(parsed.data).toEqual(given);
});

test("the chart is of this version", () => {
  const chart = z.object({ version: z.string(), appVersion: z.string() });
  expect(chart.parse(read("charts/scalp-radar/Chart.yaml"))).toEqual({
    version: VERSION,
    appVersion: VERSION,
  });
});
