import { expect, test } from "@jest/globals";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { millis, type Clock } from "#base/clock.ts";
import { ok } from "#base/result.ts";
import { openObjectStore } from "#runtime/object-store.ts";
import { FINALIZER } from "../observed.ts";
import { specOf } from "../testing/samples.ts";
import { openLocalCluster, type LocalCluster } from "./cluster.ts";
import { loadFleetConfig } from "./manifests.ts";
import type { ChildCommand, Supervisor } from "./supervisor.ts";

const fleet = loadFleetConfig("config");
if (!fleet.ok) throw new Error(fleet.error.join("\n"));
const fleetConfig = fleet.value;
const clock: Clock = { now: () => millis(0), elapsed: () => 0 };

const manifest = (name: string, symbol: string, leverage = 5): string =>
  [
    "apiVersion: scalpradar.io/v1alpha1",
    "kind: LiveStrategy",
    `metadata: {name: ${name}, namespace: trading}`,
    "spec:",
    "  liveEligible: true",
    "  strategy: {kind: grid_atr, gridAtr: {}}",
    "  timeframe: 1h",
    `  leverage: ${leverage}`,
    "  exchange: {id: bitget, environment: Emulator}",
    "  assets:",
    `  - symbol: ${symbol}/USDT:USDT`,
    "",
  ].join("\n");

/** Remembers what it was asked to run, and runs nothing. */
const createIdle = () => {
  const started = new Map<string, ChildCommand>();
  const supervisor: Supervisor = {
    workload: (id) =>
      started.has(id) ? { phase: "Starting", url: undefined, problem: undefined } : undefined,
    start: (id, command) => void started.set(id, command),
    stop: (id) => {
      started.delete(id);
      return Promise.resolve();
    },
    stopAll: () => Promise.resolve(),
    pid: () => undefined,
  };
  return { started, supervisor };
};

const createFolders = (files: Readonly<Record<string, string>>) => {
  const root = mkdtempSync(join(tmpdir(), "cluster-"));
  const folders = { manifests: join(root, "manifests"), state: join(root, "state") };
  mkdirSync(folders.manifests);
  const save = (name: string, text: string) => writeFileSync(join(folders.manifests, name), text);
  for (const [name, text] of Object.entries(files)) save(name, text);
  const open = () => {
    const { started, supervisor } = createIdle();
    const opened = openLocalCluster(
      {
        clock,
        supervisor,
        fleet: fleetConfig,
        command: ["node", "scalp", "executor"],
        environmentOf: ({ metadata }) => ({ OWN: metadata.name }),
        accountOf: (name) => name,
        onEvent: () => {},
      },
      folders,
    );
    if (!opened.ok) throw new Error(opened.error);
    return { cluster: opened.value, started };
  };
  return { folders, save, open };
};

const two = { "a.yaml": manifest("a", "BTC"), "b.yaml": manifest("b", "ETH") };

const startAll = async (cluster: LocalCluster) => {
  cluster.sync();
  for (const strategy of cluster.strategies()) {
    const { name, uid } = strategy.metadata;
    await cluster.applyWorkload(strategy, specOf({ name, uid }));
  }
};

test("every executor has a folder of its own, named after its strategy, and its own environment", async () => {
  const { folders, open } = createFolders(two);
  const { cluster, started } = open();
  await startAll(cluster);
  for (const { metadata } of cluster.strategies()) {
    const { name, uid } = metadata;
    const folder = join(folders.state, "executors", `${name}-${uid.slice(0, 8)}`);
    expect(started.get(uid)).toEqual({
      argv: ["node", "scalp", "executor"],
      logPath: join(folder, "executor.log"),
      env: {
        OWN: name,
        SCALP_SPEC_FILE: join(folder, "spec.json"),
        SCALP_STATE_DIR: join(folder, "memory"),
      },
    });
    expect(JSON.parse(readFileSync(join(folder, "spec.json"), "utf8"))).toMatchObject({ name });
  }
  expect(started.size).toBe(2);
});

test("who starts again finds the same strategies with the same folders", async () => {
  const { open } = createFolders(two);
  const first = open();
  await startAll(first.cluster);
  const second = open();
  await startAll(second.cluster);
  expect(second.cluster.strategies()).toEqual(first.cluster.strategies());
  expect([...second.started]).toEqual([...first.started]);
});

test("a strategy that was deleted and comes back does not find another one's memory", async () => {
  const { folders, save, open } = createFolders(two);
  const { cluster } = open();
  cluster.sync();
  const [before] = cluster.strategies();
  rmSync(join(folders.manifests, "a.yaml"));
  cluster.sync();
  expect(cluster.strategies().map(({ metadata }) => metadata.name)).toEqual(["b"]);
  save("a.yaml", manifest("a", "BTC"));
  cluster.sync();
  const again = cluster.strategies().find(({ metadata }) => metadata.name === "a");
  expect(again?.metadata.uid).not.toBe(before?.metadata.uid);
});

test("a saved change is a new generation of that strategy and of no other", () => {
  const { save, open } = createFolders(two);
  const { cluster } = open();
  cluster.sync();
  save("a.yaml", manifest("a", "BTC", 10));
  cluster.sync();
  expect(cluster.strategies().map(({ metadata }) => metadata.generation)).toEqual([2, 1]);
});

test("a reset that was asked for through the API reaches that strategy and no other", () => {
  const { folders, open } = createFolders(two);
  const { cluster } = open();
  cluster.sync();
  const resetAt = "2026-11-21T10:00:00.000Z";
  const key = { namespace: "trading", name: "b" };
  openObjectStore(join(folders.state, "cluster", "patches")).put(key, {
    metadata: key,
    spec: { killSwitch: { resetAt } },
  });
  cluster.sync();
  expect(cluster.strategies().map(({ spec }) => spec.killSwitch?.resetAt)).toEqual([
    undefined,
    resetAt,
  ]);
});

test("a strategy that holds an executor stays until it is let go", async () => {
  const { folders, open } = createFolders({ "a.yaml": manifest("a", "BTC") });
  const { cluster } = open();
  cluster.sync();
  const hold = async (wanted: boolean) => {
    for (const strategy of cluster.strategies()) await cluster.setFinalizer(strategy, wanted);
  };
  await hold(true);
  expect(cluster.strategies()[0]?.metadata.finalizers).toEqual([FINALIZER]);
  rmSync(join(folders.manifests, "a.yaml"));
  cluster.sync();
  expect(cluster.strategies()[0]?.metadata.deletionTimestamp).toBe("1970-01-01T00:00:00.000Z");
  await hold(false);
  cluster.sync();
  expect(cluster.strategies()).toEqual([]);
});

test("strategies are found by their key, and by the account that their executor has named", async () => {
  const { open } = createFolders(two);
  const { cluster } = open();
  cluster.sync();
  expect(cluster.strategy("trading/b")?.metadata.name).toBe("b");
  expect(cluster.strategy("trading/c")).toBeUndefined();
  const [first] = cluster.strategies();
  if (first === undefined) throw new Error("there is a strategy");
  await cluster.writeStatus(first, { account: { uid: "1001" } });
  expect(cluster.strategiesOn("1001").map(({ metadata }) => metadata.name)).toEqual(["a"]);
  expect(cluster.strategiesOn("2002")).toEqual([]);
});

test("a status outlives the process, and a word that is written is the whole status", async () => {
  const { open } = createFolders({ "a.yaml": manifest("a", "BTC") });
  const { cluster } = open();
  cluster.sync();
  for (const status of [{ account: { uid: "1" } }, { executor: { positions: "Flat" as const } }]) {
    for (const strategy of cluster.strategies()) await cluster.writeStatus(strategy, status);
  }
  const again = open();
  expect(again.cluster.strategies()[0]?.status).toEqual({ executor: { positions: "Flat" } });
});

test("a child process is a workload that nobody else changes, until it has ended", async () => {
  const { open } = createFolders({ "a.yaml": manifest("a", "BTC") });
  const { cluster } = open();
  cluster.sync();
  const [strategy] = cluster.strategies();
  if (strategy === undefined) throw new Error("there is a strategy");
  const wanted = ok(specOf());
  expect(cluster.workload(strategy, wanted)).toBeUndefined();
  await cluster.applyWorkload(strategy, specOf());
  expect(cluster.workload(strategy, wanted)).toEqual({
    phase: "Starting",
    url: undefined,
    address: undefined,
    problem: undefined,
    drift: [],
  });
  expect(cluster.obstacle(strategy)).toBeUndefined();
  await cluster.stopWorkload(strategy);
  expect(cluster.workload(strategy, wanted)).toBeUndefined();
});

test("a file may pause its strategy, without a new generation", () => {
  const { save, open } = createFolders({ "a.yaml": manifest("a", "BTC") });
  const { cluster } = open();
  cluster.sync();
  const noted = 'namespace: trading, annotations: {scalpradar.io/paused: "true"}';
  save("a.yaml", manifest("a", "BTC").replace("namespace: trading", noted));
  cluster.sync();
  const [strategy] = cluster.strategies();
  expect(strategy?.metadata).toMatchObject({
    generation: 1,
    annotations: { "scalpradar.io/paused": "true" },
  });
});

test("a stored strategy that is not understood stops the start, with the folder and the remedy", () => {
  const { folders } = createFolders({});
  const path = join(folders.state, "cluster", "livestrategies");
  openObjectStore(path).put({ namespace: "trading", name: "a" }, { kind: "Something" });
  const { supervisor } = createIdle();
  const opened = openLocalCluster(
    {
      clock,
      supervisor,
      fleet: fleetConfig,
      command: ["node"],
      environmentOf: () => ({}),
      accountOf: (name) => name,
      onEvent: () => {},
    },
    folders,
  );
  expect(opened.ok ? "" : opened.error).toMatch(`${path}: a stored strategy is not understood`);
  expect(opened.ok ? "" : opened.error).toContain("move the folder away");
});
