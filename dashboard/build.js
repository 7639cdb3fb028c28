/**
 * Builds the page into three files that the aggregator serves: `node dashboard/build.js [FOLDER]`.
 *
 * The same sources give the same bytes. The size that a reader pays for is checked here, so that a
 * dependency which costs too much fails the build and not the reader.
 */

import { build } from "esbuild";
import { copyFileSync, mkdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import process, { argv, stderr, stdout } from "node:process";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { pageOptions } from "./esbuild.js";

const SCRIPT_MAX_BYTES = 40_000;

const here = dirname(fileURLToPath(import.meta.url));
const folder = argv[2] ?? join(here, "..", "dist", "dashboard");

mkdirSync(folder, { recursive: true });
await build({ ...pageOptions, outdir: folder });
for (const file of ["index.html", "icon.svg"]) copyFileSync(join(here, file), join(folder, file));

const bytes = gzipSync(readFileSync(join(folder, "app.js")), { level: 9 }).length;
stdout.write(
  `dashboard built in ${folder}: ${(bytes / 1_000).toFixed(1)} kB of script, compressed\n`,
);
if (bytes > SCRIPT_MAX_BYTES) {
  stderr.write(`the script is larger than ${SCRIPT_MAX_BYTES} bytes compressed\n`);
  process.exitCode = 1;
}
