/**
 * Every rule between fields, broken and kept, with the sentences of an API server of Kubernetes 1.36;
 * and what may not change once a LiveStrategy exists.
 */

import type { CrdCase } from "./crd-cases.ts";
import type { Edit } from "./manifests.ts";

const refused = (edits: ReadonlyArray<Edit>, ...sentences: ReadonlyArray<string>): CrdCase => ({
  edits,
  sentences,
});
/** The sentence begins with the place and the value. */
const at = (path: string, message: string, value?: string): string =>
  `${path}: Invalid value: ${value === undefined ? "" : `"${value}": `}${message}`;

const nameFits =
  "a strategy's name must be at most 40 lower case letters, digits and '-', starting with a letter: a Service is named after it";
const oneBlock = "set exactly one of gridAtr, gridMultiTf, gridBoltrend";
const blockOfKind =
  "name the block after the kind: gridAtr for grid_atr, gridMultiTf for grid_multi_tf, gridBoltrend for grid_boltrend";
const overridesOfKind =
  "put the overrides of an asset into the block that is named after strategy.kind, as the strategy's own";
const realMoney = "environment Live places orders with real money: set acknowledgeRealMoney: true";
const someAsset = "an enabled strategy needs at least one asset: list one, or set enabled: false";
const eachOnce = "list each symbol once";
const perpetual = "write the unified ccxt symbol of a perpetual, for example BTC/USDT:USDT";
const hourly = "grid_multi_tf makes its 4h trend of 1h candles: set timeframe: 1h";
const stopFirst =
  "with isolated margin, leverage times slPercent must stay below 100, or liquidation comes before the stop";
const timestamp = "write an RFC 3339 timestamp, for example 2026-11-21T10:00:00Z";
const secretName = "write the name of a Secret: lower case letters, digits, '-' and '.'";
const quantity = "write a quantity, for example 100m, 0.5, 128Mi or 1Gi";
const someSize = "a volume needs a size above 0, for example 1Gi";
const tooMuch = (name: string) =>
  `requests.${name} must not be more than limits.${name}: lower the one or raise the other`;
const nodeLabels =
  "write labels of nodes, for example kubernetes.io/arch: arm64, of at most 63 letters, digits, '-', '_' and '.'";
const storageClass = "write the name of a storage class: lower case letters, digits, '-' and '.'";
const subdomain =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";

const secret = "spec.exchange.credentialsSecretRef.name";
const resetAt = "spec.killSwitch.resetAt";
const letters = (count: number) => "a".repeat(count);
const assets = (...symbols: ReadonlyArray<string>): Edit => [
  "spec.assets",
  symbols.map((symbol) => ({ symbol })),
];
const kind = (name: string, ...blocks: ReadonlyArray<string>): Edit => [
  "spec.strategy",
  { kind: name, ...Object.fromEntries(blocks.map((block) => [block, {}])) },
];
const isolated: Edit = ["spec.exchange.marginMode", "isolated"];
const sixty = Array.from({ length: 60 }, (_, index) => `A${index}/USDT:USDT`);

const ofStrategy: ReadonlyArray<CrdCase> = [
  refused([["spec.strategy.gridBoltrend", {}]], at("spec.strategy", oneBlock)),
  refused([["spec.strategy.gridAtr", undefined]], at("spec.strategy", oneBlock)),
  refused(
    [kind("grid_atr", "gridAtr", "gridMultiTf", "gridBoltrend")],
    at("spec.strategy", oneBlock),
  ),
  refused([["spec.strategy.kind", "grid_boltrend"]], at("spec.strategy", blockOfKind)),
  refused([kind("grid_atr", "gridMultiTf")], at("spec.strategy", blockOfKind)),
  refused([kind("grid_multi_tf", "gridBoltrend")], at("spec.strategy", blockOfKind)),
  refused(
    [kind("grid_multi_tf", "gridMultiTf"), ["spec.timeframe", "4h"]],
    at("spec.timeframe", hourly),
  ),
];

const ofAssets: ReadonlyArray<CrdCase> = [
  refused([assets()], at("spec.assets", someAsset)),
  refused([assets("BTC/USDT:USDT", "BTC/USDT:USDT")], at("spec.assets", eachOnce)),
  refused([assets(...sixty.slice(1), ...sixty.slice(1, 2))], at("spec.assets", eachOnce)),
  ...["BTCUSDT", "btc/usdt:usdt", "BTC/USDT", "BTC/USDT:USDT-261225", ""].map((symbol) =>
    refused([["spec.assets.0.symbol", symbol]], at("spec.assets[0].symbol", perpetual, symbol)),
  ),
  refused(
    [["spec.assets.1.symbol", "ETH/USDT:USDT\n"]],
    at("spec.assets[1].symbol", perpetual, "ETH/USDT:USDT\\n"),
  ),
  refused([["spec.assets.1.gridBoltrend", {}]], at("spec.assets", overridesOfKind)),
  refused([["spec.assets.0.gridMultiTf.numLevels", 2]], at("spec.assets", overridesOfKind)),
];

const ofMoney: ReadonlyArray<CrdCase> = [
  refused([["spec.exchange.environment", "Live"]], at("spec.exchange", realMoney)),
  refused(
    [
      ["spec.exchange.environment", "Live"],
      ["spec.exchange.acknowledgeRealMoney", false],
    ],
    at("spec.exchange", realMoney),
  ),
  refused([isolated], at("spec.leverage", stopFirst)),
  refused([isolated, ["spec.leverage", 5]], at("spec.leverage", stopFirst)),
  refused(
    [isolated, ["spec.leverage", 4], ["spec.assets.1.gridAtr.slPercent", 25]],
    at("spec.leverage", stopFirst),
  ),
  refused(
    [isolated, ["spec.leverage", 5], kind("grid_multi_tf", "gridMultiTf")],
    at("spec.leverage", stopFirst),
  ),
  refused([isolated, kind("grid_boltrend", "gridBoltrend")], at("spec.leverage", stopFirst)),
];

const ofTexts: ReadonlyArray<CrdCase> = [
  ...["1-grid", "grid.atr", letters(41)].map((name) =>
    refused([["metadata.name", name]], at("<nil>", nameFits)),
  ),
  refused(
    [["metadata.name", "Grid"]],
    at("metadata.name", subdomain, "Grid"),
    at("<nil>", nameFits),
  ),
  refused(
    [["metadata.name", letters(254)]],
    at("metadata.name", "must be no more than 253 characters", letters(254)),
    at("<nil>", nameFits),
  ),
  ...[
    "now",
    "2026-11-21",
    "2026-11-21 10:00:00Z",
    "2026-11-21T10:00:00",
    "2026-11-21T10:00Z",
    "2026-02-29T00:00:00Z",
    "2026-11-21T25:00:00Z",
    "",
  ].map((text) => refused([[resetAt, text]], at(resetAt, timestamp, text))),
  ...["Bitget", "-a", "a b"].map((name) => refused([[secret, name]], at(secret, secretName, name))),
  refused(
    [[secret, ""]],
    `${secret}: Invalid value: "": ${secret} in body should be at least 1 chars long`,
    at(secret, secretName, ""),
  ),
  ...[
    ["resources.requests.cpu", "1 Gi"],
    ["resources.requests.memory", "Mi"],
    ["resources.limits.cpu", "-1"],
    ["resources.limits.memory", "1gb"],
    ["storage.size", ""],
  ].map(([path = "", text = ""]) =>
    refused([[`spec.executor.${path}`, text]], at(`spec.executor.${path}`, quantity, text)),
  ),
  refused(
    [["spec.executor.resources.limits.cpu", -1]],
    `spec.executor.resources.limits.cpu: Invalid value: -1: ${quantity}`,
  ),
];

const resources = (name: string, request: string | number, limit: string | number): Edit => [
  "spec.executor.resources",
  { requests: { [name]: request }, limits: { [name]: limit } },
];
const ofExecutor: ReadonlyArray<CrdCase> = [
  ...([0, "0", "0.0Gi"] as const).map((size) =>
    refused(
      [["spec.executor.storage.size", size]],
      `spec.executor.storage.size: Invalid value: ${JSON.stringify(size)}: ${someSize}`,
    ),
  ),
  refused(
    [resources("cpu", "101m", "0.1")],
    at("spec.executor.resources.requests.cpu", tooMuch("cpu")),
  ),
  refused([resources("cpu", 2, 1)], at("spec.executor.resources.requests.cpu", tooMuch("cpu"))),
  refused(
    [resources("memory", "1Gi", "1G")],
    at("spec.executor.resources.requests.memory", tooMuch("memory")),
  ),
  ...[{ "a b": "c" }, { disk: "s s" }, { "Example.com/disk": "ssd" }, { "": "" }].map((selector) =>
    refused(
      [["spec.executor.nodeSelector", selector]],
      at("spec.executor.nodeSelector", nodeLabels),
    ),
  ),
  ...["Fast", "a..b"].map((name) =>
    refused(
      [["spec.executor.storage.storageClassName", name]],
      at("spec.executor.storage.storageClassName", storageClass, name),
    ),
  ),
];

export const ruleCases: ReadonlyArray<CrdCase> = [
  ...ofStrategy,
  ...ofAssets,
  ...ofMoney,
  ...ofTexts,
  ...ofExecutor,
];

/** One edit each. */
const accepted: ReadonlyArray<Edit> = [
  ["spec.enabled", undefined],
  ["spec.enabled", false],
  ["spec.liveEligible", undefined],
  ["spec.liveEligible", null],
  ["spec.desiredState", "Reducing"],
  ["spec.desiredState", "Flat"],
  ["spec.strategy.gridAtr", {}],
  ["spec.strategy.gridAtr.maPeriod", 2],
  ["spec.strategy.gridAtr.maPeriod", 50],
  ["spec.strategy.gridAtr.slPercent", 99.9],
  ["spec.strategy.gridAtr.slPercent", 0.1],
  ["spec.strategy.gridAtr.atrMultiplierStart", 100],
  ["spec.strategy.gridAtr.sides", ["short", "long"]],
  ["spec.strategy.gridAtr.numLevels", 6],
  ["spec.strategy.gridAtr.maxHoldCandles", 100_000],
  ["spec.strategy.gridAtr.minAtrPct", 0],
  kind("grid_multi_tf", "gridMultiTf"),
  kind("grid_boltrend", "gridBoltrend"),
  ...["1m", "5m", "15m", "4h", "1d"].map((timeframe): Edit => ["spec.timeframe", timeframe]),
  ["spec.leverage", 1],
  ["spec.leverage", 20],
  assets(...sixty),
  ["spec.assets.0.gridAtr", null],
  ["spec.assets.0.gridAtr", { numLevels: 4, slPercent: 0.5 }],
  ["spec.assets.0.symbol", "1000BONK/USDT:USDT"],
  ["spec.exchange.environment", "Demo"],
  ["spec.exchange.acknowledgeRealMoney", true],
  [secret, "bitget.grid-atr"],
  [secret, letters(253)],
  ["spec.risk", null],
  ["spec.risk", {}],
  ["spec.risk", { maxMarginRatio: 1, minFreeMarginPercent: 0, maxLiveGrids: 100 }],
  ["spec.risk.killSwitch", { sessionLossPercent: 0.5, action: "BlockEntries" }],
  ["spec.killSwitch", {}],
  [resetAt, "2026-11-21T10:00:00Z"],
  [resetAt, "2026-11-21T10:00:00.5+02:00"],
  [resetAt, "2028-02-29T00:00:00Z"],
  ["spec.selector.mode", "Observe"],
  ["spec.onStop", "Flatten"],
  ["spec.executor.logLevel", "debug"],
  ["spec.executor.resources.requests", { cpu: "100m", memory: "128Mi" }],
  ["spec.executor.resources.limits", { cpu: 2, memory: 268_435_456 }],
  ["spec.executor.resources.limits.cpu", "0.5"],
  ["spec.executor.resources.limits.memory", 1e18],
  ["spec.executor.storage", { size: "1Gi", storageClassName: "fast", deletionPolicy: "Delete" }],
  resources("cpu", "100m", "0.1"),
  resources("memory", "1Gi", "1024Mi"),
  ["spec.executor.storage.storageClassName", ""],
  ["spec.executor.nodeSelector", { "kubernetes.io/arch": "arm64" }],
  ["metadata.name", "a"],
  ["metadata.name", letters(40)],
  ["metadata.labels", { "example.com/Team": "", none: null }],
  ["metadata.annotations", { "example.com/Note": "日本語 \u0000" }],
  ["metadata.finalizers", ["example.com/hold"]],
  // It is dropped, whatever it says: only the operator writes one, and elsewhere.
  ["status", { observedGeneration: "later" }],
];

export const acceptedCases: ReadonlyArray<CrdCase> = [
  ...accepted.map((edit) => refused([edit])),
  refused([["spec.enabled", false], assets()]),
  refused([
    ["spec.exchange.environment", "Live"],
    ["spec.exchange.acknowledgeRealMoney", true],
  ]),
  refused([isolated, ["spec.leverage", 4], ["spec.assets.1.gridAtr.slPercent", 24.9]]),
  refused([kind("grid_multi_tf", "gridMultiTf"), ["spec.assets.0.gridMultiTf.stAtrPeriod", 2]]),
];

/** What exists, the edits that it meets, and the sentences that answer them. */
export type Transition = CrdCase & { readonly from: ReadonlyArray<Edit> };

const isFixed = (field: string): string => `${field} is immutable; create another LiveStrategy`;
const environment = "spec.exchange.environment";
const live: ReadonlyArray<Edit> = [
  [environment, "Live"],
  ["spec.exchange.acknowledgeRealMoney", true],
];
const to = (value: string): string => at(environment, isFixed("exchange.environment"), value);

const mayChange: ReadonlyArray<Edit> = [
  ["spec.enabled", false],
  ["spec.liveEligible", false],
  ["spec.desiredState", "Flat"],
  ["spec.timeframe", "4h"],
  assets("SOL/USDT:USDT"),
  ["spec.strategy.gridAtr.maPeriod", 20],
  ["spec.exchange.credentialsSecretRef", { name: "other" }],
  ["spec.onStop", "Flatten"],
];

export const transitions: ReadonlyArray<Transition> = [
  { from: [], edits: [], sentences: [] },
  {
    from: [],
    edits: [kind("grid_boltrend", "gridBoltrend")],
    sentences: [at("spec.strategy.kind", isFixed("strategy.kind"), "grid_boltrend")],
  },
  {
    from: [kind("grid_multi_tf", "gridMultiTf")],
    edits: [kind("grid_atr", "gridAtr")],
    sentences: [at("spec.strategy.kind", isFixed("strategy.kind"), "grid_atr")],
  },
  { from: [], edits: [[environment, "Demo"]], sentences: [to("Demo")] },
  {
    from: [[environment, "Demo"]],
    edits: [[environment, "Emulator"]],
    sentences: [to("Emulator")],
  },
  { from: [], edits: live, sentences: [to("Live")] },
  { from: live, edits: [[environment, "Emulator"]], sentences: [to("Emulator")] },
  { from: live, edits: [["spec.leverage", 3]], sentences: [] },
  {
    from: live,
    edits: [["spec.exchange.acknowledgeRealMoney", false]],
    sentences: [at("spec.exchange", realMoney)],
  },
  {
    from: live,
    edits: [["spec.exchange.acknowledgeRealMoney", undefined]],
    sentences: [at("spec.exchange", realMoney)],
  },
  { from: [], edits: [isolated], sentences: [at("spec.leverage", stopFirst)] },
  { from: [["spec.leverage", 4]], edits: [isolated], sentences: [] },
  ...mayChange.map((edit): Transition => ({ from: [], edits: [edit], sentences: [] })),
  // Old, new, none again: a reset is a level, and which trips it releases is for the executor to say.
  { from: [], edits: [[resetAt, "2026-11-21T10:00:00Z"]], sentences: [] },
  {
    from: [[resetAt, "2026-11-21T10:00:00Z"]],
    edits: [[resetAt, "2020-01-01T00:00:00Z"]],
    sentences: [],
  },
  {
    from: [[resetAt, "2026-11-21T10:00:00Z"]],
    edits: [["spec.killSwitch", undefined]],
    sentences: [],
  },
];
