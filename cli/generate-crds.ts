/** Writes the CustomResourceDefinition that the schema describes: `node cli/generate-crds.ts`. */

import { writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { customResourceDefinition } from "#crds/crd.ts";
import { toYaml } from "#runtime/yaml.ts";

export const crdPath = "crds/scalpradar.io_livestrategies.yaml";

export const crdYaml = (): string =>
  `# Generated from crds/live-strategy.ts by: node cli/generate-crds.ts\n${toYaml(customResourceDefinition())}`;

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  writeFileSync(crdPath, crdYaml());
}
