import { expect, test } from "@jest/globals";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openObjectStore } from "./object-store.ts";

const key = { namespace: "trading", name: "grid-atr" };
const open = () => {
  const folder = mkdtempSync(join(tmpdir(), "objects-"));
  return { folder, store: openObjectStore(folder) };
};

test("what was put is found again, by another reader too", () => {
  const { folder, store } = open();
  store.put(key, { spec: { enabled: true } });
  expect(openObjectStore(folder).get(key)).toEqual({ spec: { enabled: true } });
  expect(store.list()).toEqual([{ spec: { enabled: true } }]);
});

test("what was removed is gone, and removing it again is no error", () => {
  const { store } = open();
  store.put(key, {});
  store.remove(key);
  store.remove(key);
  expect(store.get(key)).toBeUndefined();
});

test("a file that is not JSON is no object", () => {
  const { folder, store } = open();
  writeFileSync(join(folder, "trading.broken.json"), "{");
  expect(store.list()).toEqual([]);
});
