/**
 * The architecture, as a test.
 *
 * Dependencies point down this table and nowhere else. The table is the contract that
 * docs/ARCHITECTURE.md explains; changing it is changing the architecture, so do it on purpose.
 */

import { expect, test } from "@jest/globals";
import { globSync, readFileSync } from "node:fs";

type Layer = { readonly layers: ReadonlyArray<string>; readonly packages: ReadonlyArray<string> };

const core = ["base", "trading", "strategies", "exchange", "runtime", "crds"];

/** For each folder: which folders of ours it may import, and which packages. The longest name wins. */
const allowed: Readonly<Record<string, Layer>> = {
  base: { layers: [], packages: [] },
  crds: { layers: ["base"], packages: ["zod"] },
  trading: { layers: ["base"], packages: ["big.js"] },
  strategies: { layers: ["base", "trading"], packages: [] },
  exchange: { layers: ["base", "trading"], packages: [] },
  "exchange/ccxt": {
    layers: ["base", "trading", "exchange"],
    packages: ["ccxt", "big.js", "node:*"],
  },
  "exchange/emulator": {
    layers: ["base", "trading", "exchange", "runtime"],
    packages: ["big.js", "express", "ws", "zod", "node:*"],
  },
  runtime: {
    layers: ["base"],
    packages: ["express", "js-yaml", "pino", "prom-client", "zod", "node:*"],
  },
  kubernetes: {
    layers: ["base", "runtime"],
    packages: ["@kubernetes/client-node/*", "prom-client", "undici", "undici/*", "zod", "node:*"],
  },
  executor: {
    layers: ["base", "crds", "trading", "strategies", "exchange", "runtime"],
    packages: ["big.js", "express", "prom-client", "zod", "node:*"],
  },
  operator: {
    layers: ["base", "crds", "runtime", "kubernetes"],
    packages: ["express", "prom-client", "zod", "node:*"],
  },
  aggregator: {
    layers: ["base", "crds", "runtime", "kubernetes"],
    packages: ["big.js", "express", "prom-client", "ws", "zod", "node:*"],
  },
  dashboard: { layers: ["aggregator"], packages: ["preact", "preact/hooks", "@preact/signals"] },
  simulation: {
    layers: [...core, "executor", "operator", "aggregator"],
    packages: ["big.js", "prom-client", "node:*"],
  },
  cli: {
    layers: [...core, "kubernetes", "executor", "operator", "aggregator", "simulation"],
    packages: ["@commander-js/extra-typings", "big.js", "zod", "node:*"],
  },
  bench: {
    layers: [...core, "kubernetes", "executor", "operator", "aggregator", "simulation", "cli"],
    packages: ["@commander-js/extra-typings", "zod", "node:*"],
  },
};

/** The dashboard may know the shape of what it is sent, and nothing else of the aggregator. */
const dashboardMayImport = "#aggregator/api.ts";

/** Ambient inputs. A pure layer that reads one cannot be replayed. */
const ambient = [
  /\bDate\.now\b/,
  /\bnew Date\(\)/,
  /\bMath\.random\b/,
  /\bperformance\b/,
  /\bprocess\./,
  /\bfetch\(/,
  /\bset(?:Timeout|Interval|Immediate)\b/,
  /\basync\b/,
  /\bPromise\b/,
  /\bconsole\./,
];

/** Pure: no clock, chance, environment, network, log or promise. */
const isPure = (path: string): boolean =>
  /^(?:trading|strategies|crds)\//.test(path) || operatorCore.test(path);

const operatorCore =
  /^operator\/(?:accounts|conditions|decide|departure|observed|progress|reasons|status|transitions|verdict)\.ts$/;

/** Time and chance come in as ports; the few files that implement them are named. */
const ambientTime = [
  /\bDate\.now\b/,
  /\bnew Date\(\)/,
  /\bMath\.random\b/,
  /\bset(?:Timeout|Interval)\b/,
];
const mayReadTheMachine = new Set(["runtime/clock.ts", "runtime/random.ts"]);

const sources = globSync("*/**/*.{ts,tsx}", { exclude: ["node_modules/**", "dist/**"] })
  .map((path) => path.replaceAll("\\", "/"))
  .filter((path) => !/\.test\.tsx?$/.test(path) && Object.keys(allowed).some((l) => isIn(l, path)))
  .map((path) => ({ path, layer: layerOfPath(path), text: readFileSync(path, "utf8") }));

function isIn(layer: string, path: string): boolean {
  return path.startsWith(`${layer}/`);
}

function layerOfPath(path: string): string {
  return Object.keys(allowed)
    .filter((layer) => isIn(layer, path))
    .reduce((longest, layer) => (layer.length > longest.length ? layer : longest), "");
}

const importsOf = (text: string): ReadonlyArray<string> =>
  [
    ...text.matchAll(/^(?:import|export)\s[^;]*?from\s+"([^"]+)"/gms),
    ...text.matchAll(/\bimport\("([^"]+)"\)/g),
    ...text.matchAll(/^import\s+"([^"]+)"/gm),
  ].map(([, from]) => from ?? "");

const mayImport = (layer: string, specifier: string): boolean => {
  const rules = allowed[layer] ?? { layers: [], packages: [] };
  if (specifier.startsWith("./")) return true;
  if (specifier.startsWith("../")) return !specifier.startsWith("../../");
  if (layer === "dashboard" && specifier.startsWith("#")) return specifier === dashboardMayImport;
  if (specifier.startsWith("#")) {
    const [, target = ""] = /^#([^/]+)\//.exec(specifier) ?? [];
    const own = layer.split("/")[0];
    return target === own || rules.layers.includes(target);
  }
  return rules.packages.some((name) =>
    name.endsWith("*") ? specifier.startsWith(name.slice(0, -1)) : specifier === name,
  );
};

/** Violations of the import table in one file. Exported shape of the check, so that it can be tested. */
const importViolations = (layer: string, path: string, text: string): ReadonlyArray<string> =>
  importsOf(text)
    .filter((specifier) => !mayImport(layer, specifier))
    .map((specifier) => `${path} imports ${specifier}`);

const matches = (path: string, text: string, patterns: ReadonlyArray<RegExp>) =>
  patterns
    .filter((pattern) => pattern.test(text))
    .map((pattern) => `${path} uses ${pattern.source}`);

test("the check sees the sources", () => {
  expect(sources.length).toBeGreaterThan(10);
  expect(new Set(sources.map(({ layer }) => layer)).size).toBeGreaterThanOrEqual(4);
});

test("dependencies point down", () => {
  const violations = sources.flatMap(({ layer, path, text }) =>
    importViolations(layer, path, text),
  );
  expect(violations).toEqual([]);
});

test("a planted upward import is found", () => {
  const planted = 'import { z } from "zod";\nimport { step } from "#executor/loop.ts";\n';
  expect(importViolations("trading", "trading/x.ts", planted)).toEqual([
    "trading/x.ts imports zod",
    "trading/x.ts imports #executor/loop.ts",
  ]);
});

test("pure files read no clock, chance, environment or network, and promise nothing", () => {
  const violations = sources
    .filter(({ path }) => isPure(path))
    .flatMap(({ path, text }) => matches(path, text, ambient));
  expect(violations).toEqual([]);
});

test("a planted clock is found", () => {
  expect(matches("trading/x.ts", "const at = Date.now();", ambient)).toHaveLength(1);
});

test("only the clock reads the machine's time, and nobody its chance", () => {
  const violations = sources
    .filter(({ path, layer }) => layer !== "dashboard" && !mayReadTheMachine.has(path))
    .flatMap(({ path, text }) => matches(path, text, ambientTime));
  expect(violations).toEqual([]);
});

test("process.env is read in one place", () => {
  const readers = sources
    .filter(({ text }) => /\bprocess\.env\b/.test(text))
    .map(({ path }) => path);
  expect(readers.filter((path) => path !== "runtime/env.ts")).toEqual([]);
});

test("every source file opens by saying what it is for", () => {
  const silent = sources.filter(({ text }) => !text.startsWith("/**")).map(({ path }) => path);
  expect(silent).toEqual([]);
});

test("no folder or file is named after a habit", () => {
  const habits = /(?:^|\/)(?:utils?|common|helpers?|types|misc|index)(?:\/|\.tsx?$)/;
  expect(sources.map(({ path }) => path).filter((path) => habits.test(path))).toEqual([]);
});
