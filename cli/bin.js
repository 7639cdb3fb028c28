#!/usr/bin/env node
/**
 * The `scalp` command. The program needs a Node that runs TypeScript; a machine with an older one got
 * a newer one from npm beside the other packages, and this hands over to it.
 */

import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
const isNewEnough = major > 24 || (major === 24 && minor >= 12);
const carried = join(
  root,
  "node_modules",
  `node-${process.platform}-${process.arch}`,
  "bin",
  "node",
);

if (isNewEnough) {
  await import("./main.ts");
} else if (existsSync(carried)) {
  const main = join(root, "cli", "main.ts");
  const { status, signal } = spawnSync(carried, [main, ...process.argv.slice(2)], {
    stdio: "inherit",
  });
  process.exitCode = status ?? (signal === "SIGINT" ? 130 : 1);
} else {
  process.stderr.write(
    `scalp needs Node 24.12 or later and this is ${process.versions.node}: install it, or run npm install on a platform for which npm carries one (Linux, macOS on Intel)\n`,
  );
  process.exitCode = 1;
}
