import { expect, test } from "@jest/globals";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadFleetConfig, loadManifests } from "#operator/local/manifests.ts";
import { validateFiles } from "./validate.ts";

const folderWith = (files: Readonly<Record<string, string>>): string => {
  const folder = mkdtempSync(join(tmpdir(), "validate-"));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return folder;
};
const bad = [
  "apiVersion: scalpradar.io/v1alpha1",
  "kind: LiveStrategy",
  "metadata: {name: a}",
  "spec:",
  "  strategy: {kind: grid_atr, gridAtr: {lvels: 3}}",
  "  leverage: 1000",
  "  assets: [{symbol: BTCUSDT}]",
  "  exchange: {id: bitget, environment: Live}",
].join("\n");

test("the project's own manifests are valid", () => {
  expect(validateFiles(["config/strategies", "config/assets.yaml", "config/risk.yaml"])).toEqual({
    lines: ["3 valid strategies, 0 problems"],
    problems: [],
  });
  const demo = validateFiles(["config/demo/strategies"], { configFolder: "config/demo" });
  expect(demo.problems).toEqual([]);
});

test("a running session refuses the same manifest in the same words", () => {
  const folder = folderWith({ "a.yaml": bad, "b.yaml": "a: [" });
  const fleet = loadFleetConfig("config");
  if (!fleet.ok) throw new Error("config/ is valid");
  const session = loadManifests({ fleet: fleet.value, accountOf: (name) => name }, folder);
  const byFolder = validateFiles([folder]);
  const byFiles = validateFiles([join(folder, "a.yaml"), join(folder, "b.yaml")]);
  expect(session.problems.length).toBeGreaterThan(5);
  expect(byFolder.problems).toEqual(session.problems);
  expect(byFiles).toEqual(byFolder);
  expect(byFolder.lines).toEqual([...session.problems, "0 valid strategies, 6 problems"]);
});

test("the fleet's files are validated as such, and a file that is not there is a problem", () => {
  const folder = folderWith({ "risk.yaml": "a: 1\n" });
  const { problems } = validateFiles([join(folder, "risk.yaml"), join(folder, "none.yaml")]);
  expect(problems.some((line) => line.includes('unknown field "a"'))).toBe(true);
  expect(problems.some((line) => line.includes("none.yaml: cannot be read: ENOENT"))).toBe(true);
  const alone = validateFiles([join(folder, "none.yaml")], { configFolder: folder });
  expect(alone.problems[0]).toContain("risk.yaml:1:1");
});

test("strategies that name different Secrets may share symbols, others may not", () => {
  const manifest = (name: string, secret: string) =>
    bad
      .replace("name: a", `name: ${name}`)
      .replace("lvels: 3", "numLevels: 3")
      .replace("1000", "5\n  liveEligible: true\n  timeframe: 1h")
      .replace("BTCUSDT", "BTC/USDT:USDT")
      .replace("Live}", `Demo, credentialsSecretRef: {name: ${secret}}}`);
  const files = (secret: string) => ({
    "a.yaml": manifest("a", "one"),
    "b.yaml": manifest("b", secret),
  });
  expect(validateFiles([folderWith(files("two"))]).problems).toEqual([]);
  expect(validateFiles([folderWith(files("one"))]).problems).toHaveLength(1);
});
