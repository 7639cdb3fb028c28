/**
 * Where the program's own files are: the page, the configuration, the version.
 *
 * The same code runs as sources (`cli/`) and as a bundle (`dist/scalp/`), at different depths, so the
 * root is looked for and not counted: it is the nearest folder above that has a package.json.
 */

import { existsSync } from "node:fs";
import { dirname, join } from "node:path";

const rootAbove = (folder: string): string => {
  const above = dirname(folder);
  return above === folder || existsSync(join(folder, "package.json")) ? folder : rootAbove(above);
};

const ROOT = rootAbove(import.meta.dirname);

/** Assets, risk and exchanges that hold where nothing else is said. */
export const CONFIG_FOLDER = join(ROOT, "config");

/** The page, built. */
export const PAGE_FOLDER = join(ROOT, "dist", "dashboard");
