/**
 * The words of an API server, recorded: Kubernetes 1.36 (apiextensions-apiserver 0.36.3) with the
 * committed CRD. What follows them in parentheses is ours.
 */

import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { checkManifest } from "./live-strategy-check.ts";
import type { LiveStrategyManifest } from "./live-strategy.ts";
import { nearest, pathText, valueText } from "./problems.ts";

const manifest = {
  apiVersion: "scalpradar.io/v1alpha1",
  kind: "LiveStrategy",
  metadata: { name: "grid-atr", namespace: "trading" },
  spec: {
    enabled: true,
    liveEligible: true,
    strategy: { kind: "grid_atr", gridAtr: { maPeriod: 14 } },
    timeframe: "1h",
    leverage: 7,
    assets: [{ symbol: "BTC/USDT:USDT", gridAtr: { numLevels: 4 } }, { symbol: "ETH/USDT:USDT" }],
    exchange: { id: "bitget", environment: "Emulator" },
  },
};

/** The manifest with the value at the path, absent for `undefined`. */
const withValue = (path: string, value: unknown): unknown => {
  const steps = path.split(".");
  const change = (node: unknown, [step, ...rest]: ReadonlyArray<string>): unknown => {
    if (step === undefined) return value;
    if (Array.isArray(node)) {
      return node.map((item, index) => (String(index) === step ? change(item, rest) : item));
    }
    const fields = new Map(Object.entries(node ?? {}));
    const next = change(fields.get(step), rest);
    if (next === undefined) fields.delete(step);
    else fields.set(step, next);
    return Object.fromEntries(fields);
  };
  return change(manifest, steps);
};

const wordsOf = (value: unknown, inForce?: LiveStrategyManifest): ReadonlyArray<string> => {
  const checked = checkManifest(value, inForce);
  return checked.ok ? [] : checked.error.map(({ words }) => words);
};

const gridAtr = "spec.strategy.gridAtr";
/** Path, value, and every sentence that the server answers with. */
const refused: ReadonlyArray<readonly [string, unknown, ...ReadonlyArray<string>]> = [
  ["spec", undefined, "spec: Required value"],
  ["spec", null, "spec: Required value"],
  ["spec.leverage", undefined, "spec.leverage: Required value"],
  ["spec.leverage", null, "spec.leverage: Required value"],
  ["spec.exchange.environment", null, "spec.exchange.environment: Required value"],
  ["spec.assets", null, "spec.assets: Required value"],
  [
    "spec.leverage",
    1000,
    "spec.leverage: Invalid value: 1000: spec.leverage in body should be less than or equal to 20",
  ],
  [
    "spec.leverage",
    0,
    "spec.leverage: Invalid value: 0: spec.leverage in body should be greater than or equal to 1",
  ],
  [
    "spec.leverage",
    "7",
    'spec.leverage: Invalid value: "string": spec.leverage in body must be of type integer: "string"',
  ],
  [
    "spec.leverage",
    1.5,
    'spec.leverage: Invalid value: "number": spec.leverage in body must be of type integer: "number"',
  ],
  [
    "spec.enabled",
    "yes please",
    'spec.enabled: Invalid value: "string": spec.enabled in body must be of type boolean: "string"',
  ],
  [
    "spec.killSwitch",
    [],
    'spec.killSwitch: Invalid value: "array": spec.killSwitch in body must be of type object: "array"',
  ],
  [
    "spec.assets",
    {},
    'spec.assets: Invalid value: "object": spec.assets in body must be of type array: "object"',
  ],
  [
    "spec.assets.0",
    null,
    'spec.assets[0]: Invalid value: "null": spec.assets[0] in body must be of type object: "null"',
  ],
  [
    "spec.timeframe",
    1,
    'spec.timeframe: Invalid value: "integer": spec.timeframe in body must be of type string: "integer"',
    'spec.timeframe: Unsupported value: 1: supported values: "1m", "5m", "15m", "1h", "4h", "1d"',
  ],
  [
    "spec.strategy.kind",
    "gridATR",
    'spec.strategy.kind: Unsupported value: "gridATR": supported values: "grid_atr", "grid_multi_tf", "grid_boltrend"',
  ],
  [`${gridAtr}.lvels`, 1, `strict decoding error: unknown field "${gridAtr}.lvels"`],
  [
    `${gridAtr}.slPercent`,
    100,
    `${gridAtr}.slPercent: Invalid value: 100: ${gridAtr}.slPercent in body should be less than 100`,
  ],
  [
    `${gridAtr}.slPercent`,
    0,
    `${gridAtr}.slPercent: Invalid value: 0: ${gridAtr}.slPercent in body should be greater than 0`,
  ],
  [
    `${gridAtr}.slPercent`,
    1e20,
    `${gridAtr}.slPercent: Invalid value: 1e+20: ${gridAtr}.slPercent in body should be less than 100`,
  ],
  [
    `${gridAtr}.sides`,
    [],
    `${gridAtr}.sides: Invalid value: 0: ${gridAtr}.sides in body should have at least 1 items`,
  ],
  [`${gridAtr}.sides`, ["long", "long"], `${gridAtr}.sides[1]: Duplicate value: "long"`],
  [
    `${gridAtr}.sides`,
    [null],
    `${gridAtr}.sides[0]: Invalid value: "null": ${gridAtr}.sides[0] in body must be of type string: "null"`,
    `${gridAtr}.sides[0]: Unsupported value: null: supported values: "long", "short"`,
  ],
  [
    "spec.assets",
    Array.from({ length: 61 }, (_, index) => ({ symbol: `A${index}/USDT:USDT` })),
    "spec.assets: Too many: 61: must have at most 60 items",
  ],
  [
    "spec.assets.0.symbol",
    "BTC/USDT",
    'spec.assets[0].symbol: Invalid value: "BTC/USDT": write the unified ccxt symbol of a perpetual, for example BTC/USDT:USDT',
  ],
  [
    "spec.assets",
    [{ symbol: "BTC/USDT:USDT" }, { symbol: "BTC/USDT:USDT" }],
    "spec.assets: Invalid value: list each symbol once",
  ],
  [
    "spec.assets",
    [],
    "spec.assets: Invalid value: an enabled strategy needs at least one asset: list one, or set enabled: false",
  ],
  [
    "spec.assets.1.gridBoltrend",
    {},
    "spec.assets: Invalid value: put the overrides of an asset into the block that is named after strategy.kind, as the strategy's own",
  ],
  [
    "spec.strategy.gridBoltrend",
    {},
    "spec.strategy: Invalid value: set exactly one of gridAtr, gridMultiTf, gridBoltrend",
  ],
  [
    gridAtr,
    undefined,
    "spec.strategy: Invalid value: set exactly one of gridAtr, gridMultiTf, gridBoltrend",
  ],
  [
    "spec.strategy",
    { kind: "grid_atr", gridBoltrend: {} },
    "spec.strategy: Invalid value: name the block after the kind: gridAtr for grid_atr, gridMultiTf for grid_multi_tf, gridBoltrend for grid_boltrend",
  ],
  [
    "spec.exchange.environment",
    "Live",
    "spec.exchange: Invalid value: environment Live places orders with real money: set acknowledgeRealMoney: true",
  ],
  [
    "spec.exchange.marginMode",
    "isolated",
    "spec.leverage: Invalid value: with isolated margin, leverage times slPercent must stay below 100, or liquidation comes before the stop",
  ],
  [
    "spec.exchange.credentialsSecretRef.name",
    "",
    'spec.exchange.credentialsSecretRef.name: Invalid value: "": spec.exchange.credentialsSecretRef.name in body should be at least 1 chars long',
    "spec.exchange.credentialsSecretRef.name: Invalid value: \"\": write the name of a Secret: lower case letters, digits, '-' and '.'",
  ],
  [
    "spec.killSwitch.resetAt",
    "2026-11-21",
    'spec.killSwitch.resetAt: Invalid value: "2026-11-21": write an RFC 3339 timestamp, for example 2026-11-21T10:00:00Z',
  ],
  [
    "spec.executor.resources.limits.cpu",
    1.5,
    'spec.executor.resources.limits.cpu: Invalid value: "number": spec.executor.resources.limits.cpu in body must be of type integer,string: "number"',
  ],
  [
    "spec.executor.resources.requests.cpu",
    "1 Gi",
    'spec.executor.resources.requests.cpu: Invalid value: "1 Gi": write a quantity, for example 100m, 0.5, 128Mi or 1Gi',
  ],
  [
    "spec.executor.nodeSelector",
    Object.fromEntries(Array.from({ length: 17 }, (_, index) => [`k${index}`, "v"])),
    "spec.executor.nodeSelector: Too many: 17: must have at most 16 items",
  ],
];

test.each([
  ["spec.enabled", { when: 1 }, "spec.enabled.when"],
  ["spec.leverage", [{ BTC: 7 }], "spec.leverage[0].BTC"],
  [`${gridAtr}.sides`, [["long"], { up: 1 }], `${gridAtr}.sides[1].up`],
  ["spec.executor.nodeSelector.disk", { type: "ssd" }, "spec.executor.nodeSelector.disk.type"],
  ["spec.executor.storage.size", { max: "1Gi" }, "spec.executor.storage.size.max"],
])("a field below a value of the wrong type is unknown: %s = %j", (path, value, field) => {
  const words = wordsOf(withValue(path, value)).join("\n");
  expect(words).toContain(
    `strict decoding error: unknown field "${field}" (no field belongs here)`,
  );
  expect(words).toContain(" must be of type ");
});

test("a value that is there several times is named once", () => {
  const sides = ["long", "short", "long", "long", "short"];
  expect(wordsOf(withValue(`${gridAtr}.sides`, sides))).toEqual([
    `${gridAtr}.sides: Too many: 5: must have at most 2 items`,
    `${gridAtr}.sides[2]: Duplicate value: "long"`,
    `${gridAtr}.sides[4]: Duplicate value: "short"`,
  ]);
});

test("a status that comes with a manifest is dropped, once its fields are known", () => {
  expect(wordsOf(withValue("status", { observedGeneration: "x", conditions: [{}] }))).toEqual([]);
  expect(wordsOf(withValue("status", { phase: 1 }))).toEqual([
    expect.stringContaining('unknown field "status.phase"'),
  ]);
});

test.each(refused)("%s = %j is refused in the server's words", (path, value, ...sentences) => {
  const words = wordsOf(withValue(path, value));
  expect(words).toHaveLength(sentences.length);
  // Ours may go on with a remedy in parentheses, and not otherwise.
  for (const [index, sentence] of sentences.entries()) {
    const said = words[index] ?? "";
    expect(said.slice(0, sentence.length)).toBe(sentence);
    expect(said.slice(sentence.length)).toMatch(/^(?: \(.+\))?$/);
  }
});

const accepted: ReadonlyArray<readonly [string, unknown]> = [
  ["spec.enabled", undefined],
  ["spec.risk", null],
  ["spec.risk", {}],
  ["spec.risk.maxLiveGrids", null],
  ["spec.killSwitch", null],
  ["spec.assets.0.gridAtr", null],
  [gridAtr, {}],
  [`${gridAtr}.sides`, ["short", "long"]],
  [`${gridAtr}.slPercent`, 99.9],
  ["spec.executor.resources.limits.cpu", 2],
  ["status", { conditions: [] }],
  ["metadata.creationTimestamp", null],
  ["metadata.managedFields", [{ manager: "kubectl" }]],
];

test.each(accepted)("%s = %j is accepted", (path, value) => {
  expect(wordsOf(withValue(path, value))).toEqual([]);
});

test("what is immutable may not change, and may be repeated", () => {
  const inForce = checkManifest(manifest);
  if (!inForce.ok) throw new Error("the manifest is valid");
  expect(wordsOf(manifest, inForce.value)).toEqual([]);
  expect(wordsOf(withValue("spec.exchange.environment", "Demo"), inForce.value)).toEqual([
    'spec.exchange.environment: Invalid value: "Demo": exchange.environment is immutable; create another LiveStrategy',
  ]);
  const other = withValue("spec.strategy", { kind: "grid_boltrend", gridBoltrend: {} });
  expect(wordsOf(other, inForce.value)).toContain(
    'spec.strategy.kind: Invalid value: "grid_boltrend": strategy.kind is immutable; create another LiveStrategy',
  );
});

const remedies: ReadonlyArray<readonly [string, unknown, string]> = [
  [`${gridAtr}.ma_period`, 7, "did you mean maPeriod?"],
  [`${gridAtr}.lvels`, 7, "known are maPeriod, "],
  [`${gridAtr}.numLevel`, 7, "did you mean numLevels?"],
  [`${gridAtr}.levels`, 7, "did you mean numLevels?"],
  ["spec.simbol", "x", "known are enabled, "],
  ["spec.leverage", "7", "write it without quotes"],
  ["spec.leverage", 2.5, "write a whole number"],
  ["spec.enabled", "on", "write true or false"],
  ["spec.timeframe", 1, "write it in quotes"],
  ["spec.timeframe", null, "one of 1m, 5m, 15m, 1h, 4h, 1d"],
  ["spec.executor.resources.limits.cpu", 0.5, "write it in quotes"],
];

test.each(remedies)("%s = %j comes with its remedy", (path, value, remedy) => {
  expect(wordsOf(withValue(path, value)).join("\n")).toContain(`(${remedy}`);
});

test("everything wrong is said at once, whatever else is wrong", () => {
  const words = wordsOf({
    ...manifest,
    metadata: { name: "Grid", nmae: 1 },
    spec: {
      strategy: { kind: "grid_atr", gridAtr: { maPeriod: 1, x: 1 }, gridBoltrend: {} },
      leverage: 1000,
      assets: [{ symbol: "BTC" }, { symbol: "BTC" }],
      exchange: { id: "bitget", environment: "Live" },
    },
  });
  for (const part of [
    "a strategy's name",
    '"metadata.nmae" (did you mean name?)',
    "maPeriod in body",
    'gridAtr.x"',
    "set exactly one",
    "timeframe: Required",
    "less than or equal to 20",
    "unified ccxt symbol",
    "each symbol once",
    "acknowledgeRealMoney",
  ]) {
    expect(words.join("\n")).toContain(part);
  }
});

test("whatever a document holds, it is judged and not thrown at", () => {
  fc.assert(
    fc.property(
      fc.jsonValue(),
      fc.constantFrom("spec", "metadata", "spec.strategy"),
      (value, path) => {
        expect(Array.isArray(wordsOf(withValue(path, value)))).toBe(true);
        expect(wordsOf(value).length).toBeGreaterThan(0);
      },
    ),
  );
});

test("keys that objects are born with are unknown fields like others", () => {
  for (const name of ["constructor", "toString", "__proto__"]) {
    const spec = Object.defineProperty({ ...manifest.spec }, name, { value: 1, enumerable: true });
    expect(wordsOf({ ...manifest, spec })).toEqual([
      expect.stringContaining(`unknown field "spec.${name}"`),
    ]);
  }
});

test("numbers are printed as the server prints them", () => {
  const printed = [1, 1000, 0.1, 99.9, 1e6 + 0.5, 1e20, 1e300, 1e-7, -2.5].map(valueText);
  expect(printed).toEqual([
    "1",
    "1000",
    "0.1",
    "99.9",
    "1.0000005e+06",
    "1e+20",
    "1e+300",
    "1e-07",
    "-2.5",
  ]);
});

test("texts and whole values are printed as the server prints them", () => {
  const printed = [
    'a"\\',
    "\u0000\u0007\b\f\n\r\t\v\u007f",
    "é 日本 \u{1f600}",
    "\u0085\u200b\u2028\u{e0001}",
    "\ud800",
    { b: "<&>", a: [null, { d: 1, c: "\u2028" }] },
    undefined,
  ].map(valueText);
  expect(printed).toEqual([
    '"a\\"\\\\"',
    '"\\x00\\a\\b\\f\\n\\r\\t\\v\\x7f"',
    '"é 日本 \u{1f600}"',
    '"\\u0085\\u200b\\u2028\\U000e0001"',
    '"\ufffd"',
    '{"a":[null,{"c":"\\u2028","d":1}],"b":"\\u003c\\u0026\\u003e"}',
    "null",
  ]);
});

test("a path is written as the server writes it", () => {
  expect(pathText(["spec", "assets", 0, "symbol"])).toBe("spec.assets[0].symbol");
});

test("the nearest name is the one that was mistyped, if any is near", () => {
  const known = ["maPeriod", "atrPeriod", "numLevels"];
  expect(nearest("ma_period", known)).toBe("maPeriod");
  expect(nearest("numLevel", known)).toBe("numLevels");
  expect(nearest("xyz", known)).toBeUndefined();
  expect(nearest("a".repeat(100_000), known)).toBeUndefined();
});
