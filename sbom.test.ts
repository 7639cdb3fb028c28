/** The list of other people's packages in the image: those with a byte in it, each of them once. */

import { expect, test } from "@jest/globals";
import { sbomOf, type Lock, type Metafile } from "./sbom.ts";

const program = { name: "scalp-radar", version: "0.1.0", license: "Apache-2.0" };

const lock: Lock = {
  packages: {
    "": { version: "0.1.0" },
    "node_modules/zod": { version: "4.6.7", license: "MIT", integrity: "sha512-3q2+7w==" },
    "node_modules/@preact/signals": { version: "2.11.4", license: "MIT" },
    "node_modules/undici": { version: "8.12.4" },
    "node_modules/a/node_modules/undici": { version: "7.0.0" },
    "node_modules/b/node_modules/undici": { version: "8.12.4" },
    "node_modules/alias": { name: "real", version: "1.0.0", license: "(MIT OR Apache-2.0)" },
  },
};

/** Files and how many bytes of them came out, in one output each. */
const bundle = (...files: ReadonlyArray<readonly [string, number]>): Metafile => ({
  outputs: Object.fromEntries(
    files.map(([path, bytesInOutput], index) => [
      `dist/${index}.js`,
      { inputs: { [path]: { bytesInOutput } } },
    ]),
  ),
});

const purls = (...metafiles: ReadonlyArray<Metafile>): ReadonlyArray<string> =>
  sbomOf(program, lock, metafiles).components.map(({ purl }) => purl);

test.each<[string, Metafile, ReadonlyArray<string>]>([
  ["a file of ours is nobody else's", bundle(["cli/main.ts", 10]), []],
  [
    "a package is named by its folder",
    bundle(["node_modules/zod/v4/core.js", 10]),
    ["pkg:npm/zod@4.6.7"],
  ],
  [
    "a scope belongs to the name",
    bundle(["node_modules/@preact/signals/dist/signals.mjs", 10]),
    ["pkg:npm/%40preact/signals@2.11.4"],
  ],
  ["what left no byte is not in the image", bundle(["node_modules/zod/v4/core.js", 0]), []],
  [
    "several files of a package are one package",
    bundle(["node_modules/zod/a.js", 1], ["node_modules/zod/b.js", 1]),
    ["pkg:npm/zod@4.6.7"],
  ],
  [
    "a package within another one is the inner one",
    bundle(["node_modules/a/node_modules/undici/index.js", 1]),
    ["pkg:npm/undici@7.0.0"],
  ],
  [
    "one version in several folders is listed once, and versions side by side",
    bundle(
      ["node_modules/undici/index.js", 1],
      ["node_modules/b/node_modules/undici/index.js", 1],
      ["node_modules/a/node_modules/undici/index.js", 1],
    ),
    ["pkg:npm/undici@7.0.0", "pkg:npm/undici@8.12.4"],
  ],
  [
    "paths from outside the folder are cut down to the package's",
    bundle(["../main/node_modules/zod/index.js", 1]),
    ["pkg:npm/zod@4.6.7"],
  ],
  [
    "an alias goes by its real name",
    bundle(["node_modules/alias/x.js", 1]),
    ["pkg:npm/real@1.0.0"],
  ],
])("%s", (_, metafile, expected) => {
  expect(purls(metafile)).toEqual(expected);
});

test("packages of all bundles are listed in order, whatever order they come in", () => {
  const [one, other] = [
    bundle(["node_modules/zod/a.js", 1]),
    bundle(["node_modules/undici/a.js", 1]),
  ];
  expect(purls(one, other)).toEqual(["pkg:npm/undici@8.12.4", "pkg:npm/zod@4.6.7"]);
  expect(purls(other, one)).toEqual(purls(one, other));
});

test("a component carries its license and the hash of the lock file, in hexadecimal", () => {
  const { components, ...document } = sbomOf(program, lock, [bundle(["node_modules/zod/a.js", 1])]);
  expect(components).toEqual([
    {
      type: "library",
      "bom-ref": "pkg:npm/zod@4.6.7",
      name: "zod",
      version: "4.6.7",
      purl: "pkg:npm/zod@4.6.7",
      licenses: [{ expression: "MIT" }],
      hashes: [{ alg: "SHA-512", content: "deadbeef" }],
    },
  ]);
  expect(document).toMatchObject({
    bomFormat: "CycloneDX",
    specVersion: "1.6",
    metadata: { component: { type: "application", name: "scalp-radar", version: "0.1.0" } },
  });
});

test("a package that the lock file does not know fails the build", () => {
  const stranger = bundle(["node_modules/stranger/index.js", 1]);
  expect(() => sbomOf(program, lock, [stranger])).toThrow(
    "node_modules/stranger is bundled and not in the lock file",
  );
});
