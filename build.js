/**
 * Builds what the image carries: `node build.js` writes dist/, one entry whose subcommands are loaded
 * on demand, so that an executor holds no more of the program in memory than it runs, and a list of
 * the packages that are in there (sbom.ts).
 *
 * Development needs none of this: Node runs the sources as they are.
 */

import { build } from "esbuild";
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { stdout } from "node:process";
import { fileURLToPath } from "node:url";
import { pageOptions } from "./dashboard/esbuild.js";
import { sbomOf } from "./sbom.ts";

const root = dirname(fileURLToPath(import.meta.url));
const ccxt = join(root, "node_modules", "ccxt", "js", "src", "/");

/**
 * The adapter loads two files of ccxt by paths that it computes, which a bundler cannot follow: here
 * they are imported by name. What ccxt reaches for and we never call becomes an empty module
 * (docs/decisions/0004-ccxt-adapter.md).
 */
const ccxtByFile = {
  name: "ccxt-by-file",
  setup(plugin) {
    plugin.onLoad({ filter: /exchange\/ccxt\/package\.ts$/ }, () => ({
      contents: `export * as errors from "${ccxt}base/errors.js";
        export { default as Bitget } from "${ccxt}pro/bitget.js";`,
      resolveDir: ccxt,
    }));
    // It does without where it finds none: the image has none. Parts of it that are ours are bundled.
    plugin.onResolve({ filter: /^undici$/ }, ({ path }) => ({ path, external: true }));
    plugin.onResolve({ filter: /dydx-v4-client|protobufjs|-proxy-agent$/ }, ({ path }) => ({
      path,
      namespace: "absent",
    }));
    plugin.onLoad({ filter: /.*/, namespace: "absent" }, () => ({
      contents: "export const Long = undefined; export default undefined;",
    }));
  },
};

const { metafile } = await build({
  absWorkingDir: root,
  entryPoints: { scalp: "cli/main.ts" },
  outdir: "dist/scalp",
  bundle: true,
  splitting: true,
  minify: true,
  keepNames: true,
  format: "esm",
  platform: "node",
  target: "node24",
  banner: {
    js: 'import { createRequire as __createRequire } from "node:module"; const require = __createRequire(import.meta.url);',
  },
  plugins: [ccxtByFile],
  legalComments: "none",
  logLevel: "warning",
  metafile: true,
});
// Names carry a hash of the content: what an earlier build left would only make the image larger.
const built = new Set(Object.keys(metafile.outputs).map((path) => basename(path)));
for (const name of readdirSync(join(root, "dist", "scalp"))) {
  if (!built.has(name)) rmSync(join(root, "dist", "scalp", name));
}
const bytes = Object.values(metafile.outputs).reduce((sum, output) => sum + output.bytes, 0);
stdout.write(`dist/scalp built: ${(bytes / 1e6).toFixed(2)} MB\n`);

const page = await build({ ...pageOptions, outdir: "dist", write: false, metafile: true });
const json = (name) => JSON.parse(readFileSync(join(root, name), "utf8"));
const sbom = sbomOf(json("package.json"), json("package-lock.json"), [metafile, page.metafile]);
writeFileSync(join(root, "dist", "sbom.cdx.json"), `${JSON.stringify(sbom, undefined, 2)}\n`);
stdout.write(`dist/sbom.cdx.json: ${sbom.components.length} packages\n`);
