/**
 * Writes the files of the chart that say what something else says: `node charts/generate.ts`.
 *
 * Values, their schema and their table come from `values.ts`; the CRD and the strategies of the demo
 * are copies, since a chart can read only what lies in its own folder. A test fails on drift.
 */

import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { z } from "zod";
import { crdPath } from "#cli/generate-crds.ts";
import { toYaml } from "#runtime/yaml.ts";
import { values } from "./values.ts";

const CHART = "charts/scalp-radar";
const DEMO = "config/demo/strategies";

/** Text by path, from the root of the repository. */
export const chartFiles = (): Readonly<Record<string, string>> => ({
  [`${CHART}/values.schema.json`]: `${JSON.stringify(valuesSchema(), undefined, 2)}\n`,
  [`${CHART}/values.yaml`]: valuesYaml(),
  [`${CHART}/README.md`]: readme(),
  [`${CHART}/files/crds/livestrategies.yaml`]: readFileSync(crdPath, "utf8"),
  ...Object.fromEntries(
    readdirSync(DEMO).map((name) => [
      `${CHART}/files/demo/${name}`,
      readFileSync(join(DEMO, name), "utf8"),
    ]),
  ),
});

/** As of what templates read: a value with a default is there, and taking it away is refused. */
const valuesSchema = () => z.toJSONSchema(values, { target: "draft-7", io: "output" });

const node = z.object({
  description: z.string().optional(),
  default: z.unknown().optional(),
  get properties(): z.ZodOptional<z.ZodRecord<z.ZodString, typeof node>> {
    return z.record(z.string(), node).optional();
  },
});
type Node = z.infer<typeof node>;

export type Value = {
  /** `operator.replicas` */
  readonly path: string;
  readonly description: string;
  /** Absent where the value is. */
  readonly standard: unknown;
};

/** A value with a default is one, whatever is inside; everything else is a group of values. */
const valuesIn = ({ properties = {} }: Node, path: string): ReadonlyArray<Value> =>
  Object.entries(properties).flatMap(([key, child]) => {
    const own = path === "" ? key : `${path}.${key}`;
    const { description = "", default: standard } = child;
    const isGroup = standard === undefined && child.properties !== undefined;
    return isGroup ? valuesIn(child, own) : [{ path: own, description, standard }];
  });

export const allValues = (): ReadonlyArray<Value> => valuesIn(node.parse(valuesSchema()), "");

const HEAD = "# Generated from charts/values.ts by: node charts/generate.ts";

const valuesYaml = (): string => `${HEAD}\n\n${linesOf(node.parse(valuesSchema()), "")}`;

const linesOf = ({ properties = {} }: Node, indent: string): string =>
  Object.entries(properties)
    .flatMap(([key, child]) => {
      const { description, default: standard } = child;
      const comment = description === undefined ? "" : `${indent}# ${description}\n`;
      if (standard !== undefined) return [comment + indented(toYaml({ [key]: standard }), indent)];
      if (child.properties === undefined) return [];
      return [`${comment}${indent}${key}:\n${linesOf(child, `${indent}  `)}`];
    })
    .join(indent === "" ? "\n" : "");

const indented = (text: string, indent: string): string => text.replaceAll(/^(?=.)/gm, indent);

const readme = (): string => {
  const rows = allValues().map(
    ({ path, description, standard }) =>
      `| \`${path}\` | ${standard === undefined ? "–" : `\`${JSON.stringify(standard)}\``} | ${description.replaceAll("|", "\\|")} |`,
  );
  return [
    readFileSync(join("charts", "readme-head.md"), "utf8").trimEnd(),
    "",
    "| value | default | meaning |",
    "|---|---|---|",
    ...rows,
    "",
  ].join("\n");
};

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  for (const [path, text] of Object.entries(chartFiles())) {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
}
