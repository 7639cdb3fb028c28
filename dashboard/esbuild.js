/** How the page is bundled: for its build, and for the list of what is in it. */

import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));

/** @type {import("esbuild").BuildOptions} */
export const pageOptions = {
  absWorkingDir: join(here, ".."),
  entryPoints: [join(here, "app.tsx"), join(here, "app.css")],
  bundle: true,
  minify: true,
  format: "esm",
  target: ["es2023", "chrome123", "firefox120", "safari17.5"],
  jsx: "automatic",
  jsxImportSource: "preact",
  legalComments: "none",
  logLevel: "warning",
};
