import { expect, test } from "@jest/globals";
import { millis } from "#base/clock.ts";
import { createEngine } from "#trading/engine/engine.ts";
import type { EngineEvent } from "#trading/engine/events.ts";
import { initialState } from "#trading/engine/state.ts";
import { BTC, settingsOf, START } from "#trading/testing/scene.ts";
import { createStrategies } from "./settings.ts";
import { openStore, type Storage } from "./store.ts";

const engine = createEngine({ strategyOf: createStrategies() });
const state = initialState(settingsOf([BTC]), START);
const identity = { strategyUid: "uid-1" };

/** A folder in memory. */
const memory = () => {
  const files = { snapshot: undefined as string | undefined, journal: "" };
  const storage: Storage = {
    name: "state folder /state",
    readSnapshot: () => files.snapshot,
    readJournal: () => files.journal,
    append: (text) => {
      files.journal += text;
      return Promise.resolve();
    },
    replace: (snapshot, journal) => {
      files.snapshot = snapshot;
      files.journal = journal;
      return Promise.resolve();
    },
  };
  return { files, storage };
};

const open = (storage: Storage, uid = "uid-1") => {
  const opened = openStore(storage, { strategyUid: uid }, engine);
  if (!opened.ok) throw new Error(opened.error);
  return opened.value;
};

const problemOf = (storage: Storage, uid = "uid-1"): string => {
  const opened = openStore(storage, { strategyUid: uid }, engine);
  return opened.ok ? "" : opened.error;
};

const stopping: EngineEvent = { kind: "Stopping", at: millis(START + 1) };
const control: EngineEvent = {
  kind: "ControlSet",
  at: millis(START + 2),
  desiredState: "Flat",
  killSwitchResetAt: undefined,
};

/** A folder that was begun, and then had two events appended. */
const used = async () => {
  const { files, storage } = memory();
  const store = open(storage);
  await store.compact(state, "account-1");
  await store.append([stopping]);
  await store.append([control]);
  return { files, storage };
};

test("an unused folder has nothing to recover", () => {
  expect(open(memory().storage).recovered).toBeUndefined();
});

test("snapshot and journal rebuild the state, and the numbering goes on", async () => {
  const { storage } = await used();
  const store = open(storage);
  expect(store.accountUid).toBe("account-1");
  expect(store.recovered?.n).toBe(2);
  expect(store.recovered?.state.stopping).toBe(true);
  expect(store.recovered?.state.desiredState).toBe("Flat");
  expect(store.length()).toBe(2);
});

test("folding the journal into a snapshot changes nothing that is recovered", async () => {
  const { storage, files } = await used();
  const before = open(storage);
  if (before.recovered === undefined) throw new Error("nothing recovered");
  await before.compact(before.recovered.state, "account-1");
  expect(files.journal).toBe("");
  expect(open(storage).recovered).toEqual(before.recovered);
});

test("a crash between the two replacements loses nothing and repeats nothing", async () => {
  const { storage, files } = await used();
  const before = open(storage);
  const { journal } = files;
  if (before.recovered === undefined) throw new Error("nothing recovered");
  await before.compact(before.recovered.state, "account-1");
  files.journal = journal; // The new snapshot is there, the old journal too.
  expect(open(storage).recovered).toEqual(before.recovered);
});

test.each<[string, (files: { snapshot: string | undefined; journal: string }) => void, RegExp]>([
  [
    "damage in the journal",
    (files) => (files.journal = `x${files.journal}`),
    /line 1 does not match/,
  ],
  [
    "a missing record",
    (files) => (files.journal = files.journal.split("\n").slice(1).join("\n")),
    /missing/,
  ],
  ["a journal without a snapshot", (files) => (files.snapshot = undefined), /without its snapshot/],
  ["a damaged snapshot", (files) => (files.snapshot = "0 {}"), /snapshot is damaged/],
])("%s is refused, with the folder and the remedy", async (_name, spoil, problem) => {
  const { storage, files } = await used();
  spoil(files);
  expect(problemOf(storage)).toMatch(problem);
  expect(problemOf(storage)).toContain("state folder /state");
  expect(problemOf(storage)).toContain("backup");
});

test("a folder of another strategy is refused", async () => {
  const { storage } = await used();
  expect(problemOf(storage, "uid-2")).toMatch(/strategyUid is uid-1, and this executor is uid-2/);
});

test("a folder of a newer version is refused", async () => {
  const { storage, files } = await used();
  const { frame } = await import("./journal.ts");
  files.snapshot = frame(JSON.stringify({ schema: 99, ...identity }));
  expect(problemOf(storage)).toMatch(/schema is 99, and this version reads up to 1/);
});
