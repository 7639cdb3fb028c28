/** Runs every block of the documents that is marked `sh run`, as a reader would, in a new home. */

import { expect, test } from "@jest/globals";
import { spawnSync } from "node:child_process";
import { globSync, mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { processEnv } from "#runtime/env.ts";
import { blocksOf } from "../docs-markdown.ts";

const TIMEOUT_MS = 180_000;

const blocks = ["README.md", ...globSync("docs/**/*.md")].flatMap((path) =>
  blocksOf(readFileSync(path, "utf8"))
    .filter(({ info }) => info === "sh run")
    .map(({ line, lines }) => ({ place: `${path}:${line}`, script: lines.join("\n") })),
);

/** The reader's shell: a home with nothing in it, no real exchange, and no outer make. */
const freshEnv = () => {
  const { MAKEFLAGS, MFLAGS, MAKEOVERRIDES, ...env } = processEnv();
  const home = mkdtempSync(join(tmpdir(), "scalp-docs-"));
  const path = `${dirname(process.execPath)}:${env["PATH"] ?? ""}`;
  return { ...env, PATH: path, HOME: home, SCALP_HOME: join(home, "scalp"), LIVE_TRADING: "" };
};

test("there is something to run", () => {
  expect(blocks.length).toBeGreaterThan(0);
});

test.each(blocks)(
  "$place does what it says, with exit code 0",
  ({ script }) => {
    const { status, stderr } = spawnSync("bash", ["-euo", "pipefail", "-c", script], {
      encoding: "utf8",
      env: freshEnv(),
      timeout: TIMEOUT_MS,
    });
    expect({ status, words: status === 0 ? "" : stderr }).toEqual({ status: 0, words: "" });
  },
  TIMEOUT_MS,
);
