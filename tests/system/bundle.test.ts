/**
 * What the image carries, run as the image runs it: the files that the Dockerfile's last stage copies,
 * in a folder of their own that nobody may write, as a user who is nobody.
 */

import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { spawnSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { z } from "zod";
import { processEnv } from "#runtime/env.ts";
import { VERSION } from "#runtime/version.ts";

const NOBODY = 65_532;
const BUILD_MAX_MS = 60_000;
const SESSION_MAX_MS = 60_000;

const image = mkdtempSync(join(tmpdir(), "scalp-image-"));
const home = mkdtempSync(join(tmpdir(), "scalp-home-"));
const isRoot = process.getuid?.() === 0;

/** `COPY --from=files /build/A /build/B TARGET`, for every such line. */
const copies = [
  ...readFileSync("Dockerfile", "utf8").matchAll(/^COPY --from=files (.+) (\S+)$/gm),
].flatMap(([, from = "", target = ""]) =>
  from.split(" ").map((path) => {
    const source = path.replace("/build/", "");
    return { source, to: target.endsWith("/") ? join(target, basename(source)) : target };
  }),
);

const [, entry = ""] =
  /^ENTRYPOINT \["node", "\/app\/(.+)"\]$/m.exec(readFileSync("Dockerfile", "utf8")) ?? [];

beforeAll(() => {
  for (const builder of ["build.js", "dashboard/build.js"]) {
    const built = spawnSync(process.execPath, [builder], { encoding: "utf8" });
    if (built.status !== 0) throw new Error(built.stderr);
  }
  for (const { source, to } of copies) cpSync(source, join(image, to), { recursive: true });
  chmodSync(image, 0o755);
  mkdirSync(join(home, "work"));
  if (isRoot) for (const folder of [home, join(home, "work")]) chownSync(folder, NOBODY, NOBODY);
}, BUILD_MAX_MS);

afterAll(() => {
  for (const folder of [image, home]) rmSync(folder, { recursive: true, force: true });
});

/** Somewhere else, as nobody where we may become nobody, and with no environment but the path. */
const scalp = (...args: ReadonlyArray<string>) =>
  spawnSync(process.execPath, [join(image, entry), ...args], {
    cwd: join(home, "work"),
    encoding: "utf8",
    env: { PATH: processEnv()["PATH"] },
    ...(isRoot ? { uid: NOBODY, gid: NOBODY } : {}),
  });

test("the image carries the program, the page, the configuration and the resource's definition", () => {
  expect(copies.map(({ source }) => source)).toEqual([
    "package.json",
    "LICENSE",
    "config",
    "crds/scalpradar.io_livestrategies.yaml",
    "dist",
  ]);
});

test("it says its version and its commands", () => {
  expect(scalp("--version")).toMatchObject({ status: 0, stdout: `${VERSION}\n` });
  const help = scalp("--help");
  expect(help.status).toBe(0);
  for (const name of ["up", "emulator", "validate", "get", "reset", "executor", "aggregator"]) {
    expect(help.stdout).toContain(`  ${name} `);
  }
});

test("it judges manifests from any folder, by the fleet's files that it carries", () => {
  expect(scalp("validate", join(image, "config", "strategies"))).toMatchObject({ status: 0 });
  const broken = scalp("validate", join(image, "package.json"));
  expect(broken.status).toBe(1);
  expect(broken.stdout).toContain("package.json");
});

test("a process that lacks its environment says which variables, and starts nothing", () => {
  const executor = scalp("executor");
  expect(executor.status).toBe(1);
  expect(executor.stderr).toContain("environment variable SCALP_SPEC_FILE");
  expect(executor.stderr).toContain("environment variable SCALP_STATE_DIR");
  const aggregator = scalp("aggregator");
  expect(aggregator.status).toBe(1);
  expect(aggregator.stderr).toContain("environment variable SCALP_FLEET_DIR");
});

const event = z.looseObject({
  event: z.string(),
  code: z.number().optional(),
  equal: z.boolean().optional(),
  strategies: z.array(z.object({ name: z.string(), reason: z.string() })).default([]),
});

test(
  "a whole session runs from it: an executor trades, the books are equal, the end is in order",
  () => {
    const up = scalp(
      "up",
      "--home",
      join(home, "sessions"),
      "--port",
      "0",
      "--for",
      "10s",
      "-o",
      "json",
    );
    expect({ status: up.status, stderr: up.status === 0 ? "" : up.stderr }).toEqual({
      status: 0,
      stderr: "",
    });
    const events = up.stdout
      .trim()
      .split("\n")
      .map((line) => event.parse(JSON.parse(line)));
    const reasons = events.flatMap(({ strategies }) => strategies.map(({ reason }) => reason));
    expect(reasons).toContain("Trading");
    expect(events.filter((one) => one.event === "ledger").map(({ equal }) => equal)).toEqual([
      true,
    ]);
    expect(events.at(-1)).toMatchObject({ event: "ended", code: 0 });
  },
  SESSION_MAX_MS,
);
