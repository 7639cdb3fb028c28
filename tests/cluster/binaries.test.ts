/** Where the programs of a control plane are looked for, and that they are built once. */

import { afterEach, expect, test } from "@jest/globals";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { lockFolder } from "#runtime/lock.ts";
import { binaryNames, findBinaries, type BinariesDeps } from "./binaries.ts";
import { moduleKey, workshopOf } from "./build.ts";

const world = mkdtempSync(join(tmpdir(), "scalp-binaries-"));
afterEach(() => rmSync(world, { recursive: true, force: true }));

const fill = (folder: string, names: ReadonlyArray<string> = binaryNames): string => {
  mkdirSync(folder, { recursive: true });
  for (const name of names) writeFileSync(join(folder, name), "", { mode: 0o755 });
  return folder;
};

const home = join(world, "home");
const assets = join(world, "assets");
const cacheHome = join(world, "cache");
const inHome = join(home, ".cache", "scalp-radar", moduleKey());
const inCacheHome = join(cacheHome, "scalp-radar", moduleKey());

const machine = (deps: Partial<BinariesDeps> = {}): BinariesDeps => ({
  env: {},
  home,
  make: () => Promise.reject(new Error("nothing is to be built")),
  say: () => undefined,
  ...deps,
});

test("a complete KUBEBUILDER_ASSETS comes before the cache", async () => {
  fill(assets);
  fill(inHome);
  const found = await findBinaries(machine({ env: { KUBEBUILDER_ASSETS: assets } }));
  expect(Object.keys(found).toSorted()).toEqual([...binaryNames].toSorted());
  expect(found.etcd).toBe(join(assets, "etcd"));
  expect(found["kube-scheduler"]).toBe(join(assets, "kube-scheduler"));
});

test("an incomplete KUBEBUILDER_ASSETS is passed over, in words that name what it lacks", async () => {
  fill(assets, ["etcd", "kube-apiserver", "kubectl"]);
  fill(inHome);
  const said: string[] = [];
  const env = { KUBEBUILDER_ASSETS: assets };
  const found = await findBinaries(machine({ env, say: (line) => said.push(line) }));
  expect(found.kubectl).toBe(join(inHome, "kubectl"));
  expect(said).toEqual([
    `KUBEBUILDER_ASSETS=${assets} lacks kube-controller-manager, kube-scheduler: looks on`,
  ]);
});

test.each([
  ["is set", { XDG_CACHE_HOME: cacheHome }, inCacheHome],
  ["is empty", { XDG_CACHE_HOME: "" }, inHome],
  ["is absent", {}, inHome],
])("the cache is looked up where it belongs when XDG_CACHE_HOME %s", async (_, env, folder) => {
  fill(inHome);
  fill(inCacheHome);
  expect((await findBinaries(machine({ env }))).etcd).toBe(join(folder, "etcd"));
});

test("a cache that lacks one program is built anew, with nothing of the old one", async () => {
  fill(inHome, ["etcd", "left-over"]);
  const make = (into: string) => Promise.resolve(void fill(into));
  const found = await findBinaries(machine({ make }));
  expect(found.kubectl).toBe(join(inHome, "kubectl"));
  expect(() => rmSync(join(inHome, "left-over"))).toThrow("ENOENT");
});

test("while one builds the others wait, and all find what it has built", async () => {
  const begun = Promise.withResolvers<void>();
  const released = Promise.withResolvers<void>();
  let builds = 0;
  const make = async (into: string): Promise<void> => {
    builds += 1;
    begun.resolve();
    await released.promise;
    fill(into);
  };
  const first = findBinaries(machine({ make }));
  await begun.promise;
  const second = findBinaries(machine({ make }));
  // Asked after the second one has asked, so it too has been refused by then.
  expect(await lockFolder("workshop", workshopOf(inHome))).toMatchObject({ ok: false });
  released.resolve();
  expect(await second).toEqual(await first);
  expect(builds).toBe(1);
});

test("a build that fails leaves no cache behind, and the next one starts afresh", async () => {
  const killed = (into: string): Promise<void> => {
    fill(into, ["etcd"]);
    return Promise.reject(new Error("killed half-way"));
  };
  await expect(findBinaries(machine({ make: killed }))).rejects.toThrow("killed half-way");
  expect(() => rmSync(inHome, { recursive: true })).toThrow("ENOENT");
  const seen: string[] = [];
  const make = (into: string): Promise<void> => {
    seen.push(...readdirSync(into));
    return Promise.resolve(void fill(into));
  };
  await findBinaries(machine({ make }));
  expect(seen).toEqual([]);
});

test("a build that makes too little is an error, not another build", async () => {
  const make = (into: string) => Promise.resolve(void fill(into, ["etcd"]));
  await expect(findBinaries(machine({ make }))).rejects.toThrow("incomplete");
});

test("where nothing can be had and nothing can be built it fails, and says what to do", () => {
  const script = `
    import { findBinaries } from "./tests/cluster/binaries.ts";
    await findBinaries();
  `;
  const { status, stderr } = spawnSync(
    process.execPath,
    ["--input-type=module", "--eval", script],
    { encoding: "utf8", env: { PATH: join(world, "empty"), XDG_CACHE_HOME: cacheHome } },
  );
  expect(status).toBe(1);
  expect(stderr).toContain("Install Go 1.26 or later, or set KUBEBUILDER_ASSETS to a folder");
});

test("the cache is named after the pinned versions", () => {
  expect(moduleKey()).toMatch(/^kubernetes-v1\.36\.3-etcd-v3\.7\.3-[0-9a-f]{12}$/);
});
