/**
 * What an API server of Kubernetes 1.36 says of small edits to one valid manifest, word for word: what
 * the schema refuses. The rules between fields are in `crd-rule-cases.ts`.
 *
 * The forms of its sentences are functions, so that a row shows what is particular to it.
 */

import type { Edit } from "./manifests.ts";

/** Edits and every sentence that answers them; none where they are accepted. */
export type CrdCase = {
  readonly edits: ReadonlyArray<Edit>;
  readonly sentences: ReadonlyArray<string>;
};

const refused = (path: string, value: unknown, ...sentences: ReadonlyArray<string>): CrdCase => ({
  edits: [[path, value]],
  sentences,
});

/** The server writes the index of an item in brackets. */
const named = (path: string): string => path.replaceAll(/\.(\d+)/g, "[$1]");

const required = (path: string, value?: null): CrdCase =>
  refused(path, value, `${named(path)}: Required value`);

const unknown = (path: string, value: unknown, below = ""): CrdCase =>
  refused(path, value, `strict decoding error: unknown field "${named(path)}${below}"`);

type TypeNames = { readonly is: string; readonly belongs: string };
const wrongType = (path: string, value: unknown, { is, belongs }: TypeNames): CrdCase => {
  const name = named(path);
  const words = `${name} in body must be of type ${belongs}: "${is}"`;
  return refused(path, value, `${name}: Invalid value: "${is}": ${words}`);
};

type Bound = { readonly printed: string; readonly bound: string };
const outside = (path: string, value: unknown, { printed, bound }: Bound): CrdCase => {
  const name = named(path);
  return refused(
    path,
    value,
    `${name}: Invalid value: ${printed}: ${name} in body should ${bound}`,
  );
};
const above = (path: string, value: number, most: number): CrdCase =>
  outside(path, value, { printed: `${value}`, bound: `be less than or equal to ${most}` });
const below = (path: string, value: number, least: number): CrdCase =>
  outside(path, value, { printed: `${value}`, bound: `be greater than or equal to ${least}` });
const notAbove = (path: string, value: number, bound: number): CrdCase =>
  outside(path, value, { printed: `${value}`, bound: `be greater than ${bound}` });

const unsupported = (path: string, value: string, choices: string): CrdCase =>
  refused(
    path,
    value,
    `${named(path)}: Unsupported value: "${value}": supported values: ${choices}`,
  );

const tooLong = (path: string, value: unknown, most: number): CrdCase =>
  refused(path, value, `${named(path)}: Too long: may not be more than ${most} bytes`);

const tooMany = (path: string, value: unknown, words: string): CrdCase =>
  refused(path, value, `${named(path)}: Too many: ${words}`);

/** Of metadata the server names the field and shows the part of it that is wrong. */
const inMetadata = (path: string, value: unknown, words: string): CrdCase =>
  refused(path, value, `${path}: Invalid value: ${words}`);

const kinds = '"grid_atr", "grid_multi_tf", "grid_boltrend"';
const timeframes = '"1m", "5m", "15m", "1h", "4h", "1d"';
const states = '"Trading", "Reducing", "Flat"';
const environments = '"Live", "Demo", "Emulator"';

const assets = (count: number) =>
  Array.from({ length: count }, (_, index) => ({ symbol: `A${index}/USDT:USDT` }));
const labels = (count: number) =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [`key${index}`, "value"]));
const letters = (count: number) => "a".repeat(count);

const gridAtr = "spec.strategy.gridAtr";
const gridMultiTf = "spec.strategy.gridMultiTf";
const gridBoltrend = "spec.strategy.gridBoltrend";
const risk = "spec.risk";
const executor = "spec.executor";
/** The case of a parameter, of another kind than that of the manifest. */
const ofKind = (kind: string, block: string, { edits, sentences }: CrdCase): CrdCase => ({
  edits: [["spec.strategy", { kind, [block]: {} }], ...edits],
  sentences,
});
const multiTf = (one: CrdCase) => ofKind("grid_multi_tf", "gridMultiTf", one);
const boltrend = (one: CrdCase) => ofKind("grid_boltrend", "gridBoltrend", one);

const ofWholes: ReadonlyArray<CrdCase> = [
  required("spec"),
  required("spec", null),
  wrongType("spec", [], { is: "array", belongs: "object" }),
  wrongType("spec", "grid", { is: "string", belongs: "object" }),
  unknown("invented", 1),
  unknown("spec.invented", 1),
  unknown("spec.simbol", null),
  unknown("spec.risk.maxLeverage", 3),
  unknown(`${gridAtr}.lvels`, 3),
  unknown("spec.assets.0.weight", 2),
  unknown("spec.enabled", { when: 1 }, ".when"),
  unknown("spec.leverage", [{ BTC: 7 }], "[0].BTC"),
  unknown("spec.executor.resources.requests.gpu", 1),
  unknown("metadata.nmae", "grid"),
  unknown("status.phase", "Running"),
];

const ofFields: ReadonlyArray<CrdCase> = [
  wrongType("spec.enabled", "yes", { is: "string", belongs: "boolean" }),
  wrongType("spec.enabled", 1, { is: "integer", belongs: "boolean" }),
  wrongType("spec.liveEligible", "true", { is: "string", belongs: "boolean" }),
  unsupported("spec.desiredState", "Halted", states),
  unsupported("spec.desiredState", "trading", states),
  unsupported("spec.desiredState", "", states),
  refused(
    "spec.desiredState",
    '\u0000\u0007"\u200b<日本>',
    `spec.desiredState: Unsupported value: "\\x00\\a\\"\\u200b<日本>": supported values: ${states}`,
  ),
  required("spec.strategy"),
  required("spec.strategy.kind"),
  unsupported("spec.strategy.kind", "gridATR", kinds),
  refused(
    "spec.strategy.kind",
    1,
    'spec.strategy.kind: Invalid value: "integer": spec.strategy.kind in body must be of type string: "integer"',
    `spec.strategy.kind: Unsupported value: 1: supported values: ${kinds}`,
  ),
  required("spec.timeframe"),
  required("spec.timeframe", null),
  unsupported("spec.timeframe", "2h", timeframes),
  unsupported("spec.timeframe", "1H", timeframes),
  required("spec.leverage"),
  required("spec.leverage", null),
  below("spec.leverage", 0, 1),
  below("spec.leverage", -7, 1),
  above("spec.leverage", 21, 20),
  above("spec.leverage", 1e18, 20),
  wrongType("spec.leverage", "7", { is: "string", belongs: "integer" }),
  wrongType("spec.leverage", [7], { is: "array", belongs: "integer" }),
  refused(
    "spec.leverage",
    2.5,
    'spec.leverage: Invalid value: "number": spec.leverage in body must be of type integer: "number"',
    '<nil>: Invalid value: "": Checked value must be of type integer (default format) in spec.leverage',
  ),
  unsupported("spec.selector.mode", "Off", '"Enforce", "Observe"'),
  unsupported("spec.onStop", "Keep", '"Retain", "Flatten"'),
  wrongType("spec.killSwitch", [], { is: "array", belongs: "object" }),
  wrongType("spec.killSwitch.resetAt", 1763719200, { is: "integer", belongs: "string" }),
  tooLong("spec.killSwitch.resetAt", `2026-11-21T10:00:00.${"0".repeat(20)}Z`, 40),
];

const ofAssets: ReadonlyArray<CrdCase> = [
  required("spec.assets"),
  wrongType("spec.assets", {}, { is: "object", belongs: "array" }),
  tooMany("spec.assets", assets(61), "61: must have at most 60 items"),
  wrongType("spec.assets.0", null, { is: "null", belongs: "object" }),
  wrongType("spec.assets.0", "BTC/USDT:USDT", { is: "string", belongs: "object" }),
  required("spec.assets.0.symbol"),
  wrongType("spec.assets.0.symbol", 7, { is: "integer", belongs: "string" }),
  tooLong("spec.assets.0.symbol", letters(41), 40),
  above("spec.assets.0.gridAtr.numLevels", 9, 6),
  outside("spec.assets.0.gridAtr.slPercent", 1234567.5, {
    printed: "1.2345675e+06",
    bound: "be less than 100",
  }),
];

const ofParameters: ReadonlyArray<CrdCase> = [
  below(`${gridAtr}.maPeriod`, 1, 2),
  above(`${gridAtr}.maPeriod`, 51, 50),
  wrongType(`${gridAtr}.maPeriod`, "14", { is: "string", belongs: "integer" }),
  below(`${gridAtr}.atrPeriod`, 0, 2),
  notAbove(`${gridAtr}.atrMultiplierStart`, 0, 0),
  above(`${gridAtr}.atrMultiplierStart`, 100.5, 100),
  notAbove(`${gridAtr}.atrMultiplierStep`, -1, 0),
  wrongType(`${gridAtr}.atrMultiplierStep`, "1.5", { is: "string", belongs: "number" }),
  below(`${gridAtr}.numLevels`, 0, 1),
  above(`${gridAtr}.numLevels`, 7, 6),
  notAbove(`${gridAtr}.slPercent`, 0, 0),
  outside(`${gridAtr}.slPercent`, 100, { printed: "100", bound: "be less than 100" }),
  outside(`${gridAtr}.slPercent`, 1e20, { printed: "1e+20", bound: "be less than 100" }),
  outside(`${gridAtr}.sides`, [], { printed: "0", bound: "have at least 1 items" }),
  refused(`${gridAtr}.sides`, ["long", "long"], `${gridAtr}.sides[1]: Duplicate value: "long"`),
  refused(
    `${gridAtr}.sides`,
    ["long", "short", "long"],
    `${gridAtr}.sides: Too many: 3: must have at most 2 items`,
    `${gridAtr}.sides[2]: Duplicate value: "long"`,
  ),
  refused(
    `${gridAtr}.sides`,
    ["long", "up"],
    `${gridAtr}.sides[1]: Unsupported value: "up": supported values: "long", "short"`,
  ),
  wrongType(`${gridAtr}.sides`, "long", { is: "string", belongs: "array" }),
  below(`${gridAtr}.cooldownCandles`, -1, 0),
  above(`${gridAtr}.cooldownCandles`, 1001, 1000),
  above(`${gridAtr}.maxHoldCandles`, 100_001, 100_000),
  below(`${gridAtr}.minGridSpacingPct`, -0.1, 0),
  above(`${gridAtr}.minProfitPct`, 10.01, 10),
  above(`${gridAtr}.minAtrPct`, 11, 10),
  multiTf(above(`${gridMultiTf}.stAtrPeriod`, 51, 50)),
  multiTf(notAbove(`${gridMultiTf}.stAtrMultiplier`, 0, 0)),
  boltrend(above(`${gridBoltrend}.bolWindow`, 1001, 1000)),
  boltrend(below(`${gridBoltrend}.longMaWindow`, 1, 2)),
  boltrend(above(`${gridBoltrend}.bolStd`, 10.5, 10)),
  boltrend(above(`${gridBoltrend}.minBolSpread`, 2, 1)),
  boltrend(above(`${gridBoltrend}.atrSpacingMult`, 101, 100)),
];

const ofExchange: ReadonlyArray<CrdCase> = [
  required("spec.exchange"),
  required("spec.exchange.id"),
  unsupported("spec.exchange.id", "binance", '"bitget"'),
  required("spec.exchange.environment"),
  unsupported("spec.exchange.environment", "live", environments),
  unsupported("spec.exchange.environment", "Paper", environments),
  unsupported("spec.exchange.marginMode", "cross", '"crossed", "isolated"'),
  wrongType("spec.exchange.acknowledgeRealMoney", "yes", { is: "string", belongs: "boolean" }),
  wrongType("spec.exchange.credentialsSecretRef", "keys", { is: "string", belongs: "object" }),
  refused(
    "spec.exchange.credentialsSecretRef",
    {},
    "spec.exchange.credentialsSecretRef.name: Required value",
  ),
  tooLong("spec.exchange.credentialsSecretRef.name", letters(254), 253),
];

const ofRisk: ReadonlyArray<CrdCase> = [
  notAbove(`${risk}.maxMarginRatio`, 0, 0),
  above(`${risk}.maxMarginRatio`, 1.01, 1),
  below(`${risk}.maxConcurrentPositions`, 0, 1),
  above(`${risk}.maxConcurrentPositions`, 101, 100),
  below(`${risk}.maxLiveGrids`, 0, 1),
  above(`${risk}.maxLiveGrids`, 101, 100),
  below(`${risk}.minFreeMarginPercent`, -1, 0),
  above(`${risk}.minFreeMarginPercent`, 100.5, 100),
  notAbove(`${risk}.killSwitch.sessionLossPercent`, 0, 0),
  above(`${risk}.killSwitch.sessionLossPercent`, 101, 100),
  unsupported(`${risk}.killSwitch.action`, "Stop", '"BlockEntries", "Flatten"'),
];

const ofExecutor: ReadonlyArray<CrdCase> = [
  unsupported(`${executor}.logLevel`, "trace", '"debug", "info", "warn", "error"'),
  wrongType(`${executor}.resources.limits.cpu`, 1.5, { is: "number", belongs: "integer,string" }),
  wrongType(`${executor}.resources.limits.memory`, true, {
    is: "boolean",
    belongs: "integer,string",
  }),
  tooLong(`${executor}.resources.limits.cpu`, "1".repeat(21), 20),
  tooLong(`${executor}.storage.storageClassName`, letters(254), 253),
  unsupported(`${executor}.storage.deletionPolicy`, "Keep", '"Retain", "Delete"'),
  tooMany(`${executor}.nodeSelector`, labels(17), "17: must have at most 16 items"),
  wrongType(`${executor}.nodeSelector.disk`, 1, { is: "integer", belongs: "string" }),
  tooLong(`${executor}.nodeSelector.disk`, letters(64), 63),
];

const namePart =
  "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
const labelValue =
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";

const ofMetadata: ReadonlyArray<CrdCase> = [
  refused(
    "metadata.name",
    undefined,
    "metadata.name: Required value: name or generateName is required",
  ),
  refused("metadata.name", "", "metadata.name: Required value: name or generateName is required"),
  inMetadata("metadata.labels", { "a b": "c" }, `"a b": name part ${namePart}`),
  inMetadata("metadata.labels", { team: "a b" }, `"a b": ${labelValue}`),
  inMetadata(
    "metadata.labels",
    { team: letters(64) },
    `"${letters(64)}": must be no more than 63 bytes`,
  ),
  inMetadata(
    "metadata.labels",
    { "a/b/c": "d" },
    `"a/b/c": a valid label key ${namePart} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`,
  ),
  inMetadata("metadata.annotations", { "/b": "" }, '"/b": prefix part must be non-empty'),
  tooLong("metadata.annotations", { note: letters(262_144) }, 262_144),
  inMetadata("metadata.finalizers", ["a b"], `"a b": name part ${namePart}`),
];

export const schemaCases: ReadonlyArray<CrdCase> = [
  ...ofWholes,
  ...ofFields,
  ...ofAssets,
  ...ofParameters,
  ...ofExchange,
  ...ofRisk,
  ...ofExecutor,
  ...ofMetadata,
];
