/**
 * Both halves of every rule, on the same examples: the CEL text and the predicate.
 *
 * The CEL here is evaluated as JavaScript, which the little of it that the rules use nearly is. That
 * it compiles and costs little enough on an API server is for an API server to say.
 */

import { expect, test } from "@jest/globals";
import { runInNewContext } from "node:vm";
import { liveStrategyRules } from "./live-strategy-rules.ts";
import type { LiveStrategyRule } from "./rule.ts";

type Example = readonly [self: unknown, oldSelf?: unknown];
type Examples = {
  readonly accept: ReadonlyArray<Example>;
  readonly reject: ReadonlyArray<Example>;
};

const isolated = (leverage: number, block: string, strategy?: number, asset?: number) => ({
  leverage,
  exchange: { marginMode: "isolated" },
  strategy: { [block]: { slPercent: strategy ?? 1 } },
  assets: [{}, { [block]: asset === undefined ? {} : { slPercent: asset } }],
});
const stops = (block: string): Examples => ({
  accept: [
    [isolated(4, block, 20)],
    [isolated(4, block, 20, 24.9)],
    [{ ...isolated(20, block, 50), exchange: { marginMode: "crossed" } }],
    [{ ...isolated(20, block, 50), strategy: { other: {} } }],
  ],
  reject: [[isolated(5, block, 20)], [isolated(4, block, 20, 25)]],
});
const named = (name: string): Example => [{ metadata: { name } }];
const changed = (from: string, to: string): Examples => ({
  accept: [[from, from], [from]],
  reject: [[to, from]],
});
const quantities: Examples = {
  accept: [["100m"], ["0.5"], ["128Mi"], ["1Gi"], [0], [2]],
  reject: [["1 Gi"], ["Mi"], ["-1"], [""], [-1]],
};
const requests = (name: string): Examples => {
  const pair = (request: unknown, limit: unknown): Example => [
    { requests: { [name]: request }, limits: { [name]: limit } },
  ];
  return {
    accept: [
      [{}],
      [{ requests: { [name]: "1" } }],
      [{ requests: { [name]: "1" }, limits: {} }],
      pair("100m", "0.1"),
      pair(1, "1000m"),
      pair("1Gi", "1024Mi"),
      pair("nonsense", "1"),
      pair("2", "nonsense"),
    ],
    reject: [pair("2", "1"), pair("101m", "0.1"), pair("1Gi", "1G"), pair(2, 1)],
  };
};
const kinds = (kind: string, ...blocks: ReadonlyArray<string>): Example => [
  { kind, ...Object.fromEntries(blocks.map((block) => [block, {}])) },
];
const overrides = (kind: string, ...blocks: ReadonlyArray<string>): Example => [
  { strategy: { kind }, assets: blocks.map((block) => ({ [block]: {} })) },
];

/** By the node of the rule, in the order in which the rules of a node stand. */
const examplesByPath: Readonly<Record<string, ReadonlyArray<Examples>>> = {
  "": [
    {
      accept: [named("grid-atr"), named("a"), named(`a${"1".repeat(39)}`)],
      reject: [named(`a${"1".repeat(40)}`), named("1a"), named("a.b"), named("A"), named("a-")],
    },
  ],
  spec: [
    {
      accept: [[{ enabled: true, assets: [{}] }], [{ enabled: false, assets: [] }]],
      reject: [[{ enabled: true, assets: [] }]],
    },
    {
      accept: [overrides("grid_atr", "gridAtr", "x"), overrides("grid_boltrend")],
      reject: [overrides("grid_atr", "gridBoltrend"), overrides("grid_boltrend", "gridAtr")],
    },
    {
      accept: [
        [{ strategy: { kind: "grid_multi_tf" }, timeframe: "1h" }],
        [{ strategy: { kind: "grid_atr" }, timeframe: "4h" }],
      ],
      reject: [[{ strategy: { kind: "grid_multi_tf" }, timeframe: "15m" }]],
    },
    stops("gridAtr"),
    stops("gridMultiTf"),
    stops("gridBoltrend"),
  ],
  "spec.strategy": [
    {
      accept: [kinds("grid_atr", "gridAtr"), kinds("grid_atr", "gridBoltrend")],
      reject: [kinds("grid_atr"), kinds("grid_atr", "gridAtr", "gridMultiTf")],
    },
    {
      accept: [
        kinds("grid_atr", "gridAtr"),
        kinds("grid_multi_tf", "gridMultiTf"),
        kinds("grid_boltrend", "gridBoltrend"),
        kinds("grid_atr"),
        kinds("grid_atr", "gridMultiTf", "gridBoltrend"),
      ],
      reject: [kinds("grid_atr", "gridMultiTf"), kinds("grid_boltrend", "gridAtr")],
    },
  ],
  "spec.strategy.kind": [changed("grid_atr", "grid_boltrend")],
  "spec.exchange.id": [changed("bitget", "other")],
  "spec.exchange.environment": [changed("Demo", "Live")],
  "spec.exchange": [
    {
      accept: [
        [{ environment: "Live", acknowledgeRealMoney: true }],
        [{ environment: "Demo", acknowledgeRealMoney: false }],
      ],
      reject: [[{ environment: "Live", acknowledgeRealMoney: false }]],
    },
  ],
  "spec.assets": [
    {
      accept: [[[]], [[{ symbol: "A" }, { symbol: "B" }]]],
      reject: [[[{ symbol: "A" }, { symbol: "B" }, { symbol: "A" }]]],
    },
  ],
  "spec.assets.[].symbol": [
    {
      accept: [["BTC/USDT:USDT"], ["1000BONK/USDT:USDT"]],
      reject: [["BTC/USDT"], ["BTCUSDT"], ["btc/usdt:usdt"], ["BTC/USDT:USDT-261225"], [""]],
    },
  ],
  "spec.killSwitch.resetAt": [
    {
      accept: [["2026-11-21T10:00:00Z"], ["2026-11-21T10:00:00.5+02:00"], ["2028-02-29T00:00:00Z"]],
      reject: [
        ["2026-02-29T00:00:00Z"],
        ["2026-11-21 10:00:00Z"],
        ["2026-11-21T25:00:00Z"],
        ["2026-11-21T10:00Z"],
        ["2026-11-21T10:00:00"],
        ["now"],
      ],
    },
  ],
  "spec.exchange.credentialsSecretRef.name": [
    { accept: [["bitget-grid-atr"], ["a.b"]], reject: [["Bitget"], ["a b"], ["-a"], [""]] },
  ],
  "spec.executor.resources.requests.cpu": [quantities],
  "spec.executor.resources.requests.memory": [quantities],
  "spec.executor.resources.limits.cpu": [quantities],
  "spec.executor.resources.limits.memory": [quantities],
  "spec.executor.storage.size": [
    quantities,
    { accept: [["1Gi"], ["0.5"], [1], ["nonsense"]], reject: [["0"], ["0.0Gi"], ["00m"], [0]] },
  ],
  "spec.executor.resources": [requests("cpu"), requests("memory")],
  "spec.executor.nodeSelector": [
    {
      accept: [
        [{}],
        [{ "kubernetes.io/arch": "arm64", disk: "", "A.b_c": "1.x_Y" }],
        [{ [`${"a".repeat(253)}/${"b".repeat(63)}`]: "c".repeat(63) }],
      ],
      reject: [
        [{ "a b": "c" }],
        [{ a: "b c" }],
        [{ good: "good", "": "x" }],
        [{ "A/b": "c" }],
        [{ ["a".repeat(64)]: "c" }],
        [{ [`${"a".repeat(254)}/${"b".repeat(63)}`]: "c" }],
      ],
    },
  ],
  "spec.executor.storage.storageClassName": [
    { accept: [["fast"], ["csi.example-1"], [""]], reject: [["Fast"], ["a b"], ["a..b"], ["-a"]] },
  ],
};

const pathKey = ({ path }: LiveStrategyRule) => path.join(".");
const examplesOf = (rule: LiveStrategyRule): Examples => {
  const peers = liveStrategyRules.filter((other) => pathKey(other) === pathKey(rule));
  return examplesByPath[pathKey(rule)]?.[peers.indexOf(rule)] ?? { accept: [], reject: [] };
};

/** What the rules use of CEL, as JavaScript. A map is gone through by its keys. */
const toJavaScript = (cel: string): string =>
  cel
    .replaceAll("self.all(name, ", "Object.keys(self).all(name, ")
    .replaceAll(/has\(([\w.]+)\)/g, "($1 !== undefined)")
    .replaceAll(/\.(all|filter|exists_one)\((\w+), /g, ".$1(($2) => ")
    .replaceAll(/\.exists_one\((.+?)\)\)/g, ".filter($1).length == 1)")
    .replaceAll(".all(", ".every(")
    .replaceAll(".size()", ".length")
    .replaceAll(".matches(", ".match(")
    .replaceAll("type(self) == string", "typeof self == 'string'")
    .replaceAll("double(", "(")
    .replaceAll(/\bstring\(/g, "String(");

const multiples: Readonly<Record<string, number>> = { m: 0.001, Mi: 2 ** 20, G: 1e9, Gi: 2 ** 30 };
const quantity = (text: string) => {
  const amount = (one: string) =>
    Number.parseFloat(one) * (multiples[one.replace(/^[0-9.]+/, "")] ?? 1);
  const value = amount(text);
  return { value, compareTo: (other: { value: number }) => value - other.value };
};

const celHolds = ({ cel }: LiveStrategyRule, [self, oldSelf]: Example): boolean =>
  // A transition rule is not evaluated while there is nothing to compare with.
  (cel.includes("oldSelf") && oldSelf === undefined) ||
  Boolean(runInNewContext(toJavaScript(cel), { self, oldSelf, quantity }));

const cases = liveStrategyRules.flatMap((rule) => {
  const { accept, reject } = examplesOf(rule);
  const name = `${pathKey(rule)}: ${rule.message}`;
  return [
    ...accept.map((example) => ({ name, rule, example, holds: true })),
    ...reject.map((example) => ({ name, rule, example, holds: false })),
  ];
});

test("every rule has an example that it accepts and one that it refuses", () => {
  const lacking = liveStrategyRules.filter((rule) => {
    const { accept, reject } = examplesOf(rule);
    return accept.length === 0 || reject.length === 0;
  });
  expect(lacking.map(pathKey)).toEqual([]);
});

test("the CEL of a rule and its predicate agree on every example", () => {
  const wrong = cases.filter(
    ({ rule, example, holds }) =>
      celHolds(rule, example) !== holds ||
      (rule.broken(example[0], example[1]).length === 0) !== holds,
  );
  expect(wrong.map(({ name, example }) => [name, example])).toEqual([]);
});

test("a message is one sentence that fits a terminal", () => {
  for (const { message } of liveStrategyRules) {
    expect(message).toMatch(/^[a-z][^\n]{10,150}[^.]$/);
  }
});

test("a predicate is silent about a node that the schema has refused", () => {
  const speaking = liveStrategyRules.flatMap((rule) =>
    [undefined, null, true, { assets: "x", strategy: 1, exchange: [], metadata: null }]
      .filter((nonsense) => rule.broken(nonsense, undefined).length > 0)
      .map((nonsense) => [rule.message, nonsense]),
  );
  // No block at all is what this rule is about.
  expect(speaking.map(([message]) => message)).toEqual([
    "set exactly one of gridAtr, gridMultiTf, gridBoltrend",
  ]);
});
