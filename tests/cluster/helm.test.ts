/** Where Helm is looked for. */

import { afterEach, expect, test } from "@jest/globals";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findHelm, helmKey, type HelmDeps } from "./helm.ts";

const world = mkdtempSync(join(tmpdir(), "scalp-helm-"));
afterEach(() => rmSync(world, { recursive: true, force: true }));

/** A program that says which Helm it is. */
const put = (folder: string, version = "v0.0.0"): string => {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, "helm");
  writeFileSync(path, `#!/bin/sh\necho ${version}\n`, { mode: 0o755 });
  return path;
};

const home = join(world, "home");
const cached = join(home, ".cache", "scalp-radar", helmKey());
const machine = (deps: Partial<HelmDeps> = {}): HelmDeps => ({
  env: {},
  home,
  make: () => Promise.reject(new Error("nothing is to be built")),
  ...deps,
});

test("HELM_BINARY comes first, and one that is not there is not passed over", async () => {
  const own = put(join(world, "own"));
  const env = { HELM_BINARY: own, PATH: join(world, "bin") };
  put(join(world, "bin"), "v4.0.0");
  expect(await findHelm(machine({ env }))).toBe(own);
  const wrong = { ...env, HELM_BINARY: join(world, "no") };
  await expect(findHelm(machine({ env: wrong }))).rejects.toThrow("is no program");
});

test.each([
  ["v3.14.0", true],
  ["v3.20.1", true],
  ["v4.3.1", true],
  ["v3.13.9", false],
  ["v2.17.0", false],
  ["nonsense", false],
])("Helm %s of the machine is taken: %s", async (version, isTaken) => {
  put(cached);
  const old = put(join(world, "bin"), version);
  const found = await findHelm(
    machine({ env: { PATH: `${join(world, "empty")}:${join(world, "bin")}` } }),
  );
  expect(found).toBe(isTaken ? old : join(cached, "helm"));
});

test("where there is none it is built, once", async () => {
  const builds: string[] = [];
  const make = (into: string) => Promise.resolve(void builds.push(put(into)));
  expect(await findHelm(machine({ make }))).toBe(join(cached, "helm"));
  expect(await findHelm(machine({ make }))).toBe(join(cached, "helm"));
  expect(builds).toHaveLength(1);
});

test("where nothing can be had and nothing can be built it fails, and says what to do", () => {
  const script = `
    import { findHelm } from "./tests/cluster/helm.ts";
    await findHelm();
  `;
  const { status, stderr } = spawnSync(
    process.execPath,
    ["--input-type=module", "--eval", script],
    { encoding: "utf8", env: { PATH: join(world, "empty"), XDG_CACHE_HOME: join(world, "cache") } },
  );
  expect(status).toBe(1);
  expect(stderr).toContain("Install Helm 3.14 or later or Go 1.26 or later, or set HELM_BINARY");
});

test("the cache is named after the pinned version", () => {
  expect(helmKey()).toMatch(/^helm-v4\.3\.1-[0-9a-f]{12}$/);
});
