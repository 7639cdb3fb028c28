/**
 * Manifests made from the schema: each field absent, null, at and beyond each bound, huge, in foreign
 * scripts, and of every type but its own.
 */

import type { CrdSchema } from "#crds/crd-schema.ts";
import { liveStrategySchema } from "#crds/crd.ts";
import { withValue, type Path } from "./manifests.ts";

export type Walked = { readonly path: Path; readonly value: unknown; readonly manifest: unknown };

type Field = { readonly path: Path; readonly schema: CrdSchema };

const blocks = { gridAtr: "grid_atr", gridMultiTf: "grid_multi_tf", gridBoltrend: "grid_boltrend" };

/** Every field of the schema, also those of a list's items and of a map's values. */
export const fieldsOf = (schema: CrdSchema, path: Path): ReadonlyArray<Field> => [
  { path, schema },
  ...Object.entries(schema.properties ?? {}).flatMap(([name, child]) =>
    fieldsOf(child, [...path, name]),
  ),
  ...(schema.items === undefined ? [] : fieldsOf(schema.items, [...path, 0])),
  ...(schema.additionalProperties === undefined
    ? []
    : fieldsOf(schema.additionalProperties, [...path, "key"])),
];

/** A manifest of the kind in which every field of the spec is written. */
const manifestWith = (block: keyof typeof blocks) => {
  const schema = liveStrategySchema.properties?.["spec"]?.properties?.["strategy"];
  const parameters = Object.fromEntries(
    Object.entries(schema?.properties?.[block]?.properties ?? {}).map(([name, field]) => [
      name,
      field.default,
    ]),
  );
  const quantities = { cpu: "1", memory: "1Gi" };
  return {
    apiVersion: "scalpradar.io/v1alpha1",
    kind: "LiveStrategy",
    metadata: {
      name: "walked",
      namespace: "trading",
      labels: { key: "value" },
      annotations: { key: "value" },
      finalizers: ["example.com/key"],
    },
    spec: {
      enabled: true,
      liveEligible: true,
      desiredState: "Trading",
      strategy: { kind: blocks[block], [block]: parameters },
      timeframe: "1h",
      leverage: 3,
      assets: [{ symbol: "BTC/USDT:USDT", [block]: parameters }],
      exchange: {
        id: "bitget",
        environment: "Emulator",
        credentialsSecretRef: { name: "secret" },
        marginMode: "crossed",
        acknowledgeRealMoney: false,
      },
      risk: {
        maxMarginRatio: 0.5,
        maxConcurrentPositions: 2,
        maxLiveGrids: 2,
        minFreeMarginPercent: 10,
        killSwitch: { sessionLossPercent: 10, action: "Flatten" },
      },
      killSwitch: { resetAt: "2026-11-21T10:00:00Z" },
      selector: { mode: "Observe" },
      onStop: "Flatten",
      executor: {
        resources: { requests: quantities, limits: quantities },
        storage: { size: "1Gi", storageClassName: "fast" },
        nodeSelector: { key: "value" },
        logLevel: "debug",
      },
    },
  };
};

const bases = {
  gridAtr: manifestWith("gridAtr"),
  gridMultiTf: manifestWith("gridMultiTf"),
  gridBoltrend: manifestWith("gridBoltrend"),
};
const baseFor = (path: Path) => {
  if (path.includes("gridMultiTf")) return bases.gridMultiTf;
  return path.includes("gridBoltrend") ? bases.gridBoltrend : bases.gridAtr;
};

/** What no field expects, and what some do. */
const anywhere: ReadonlyArray<unknown> = [
  undefined,
  null,
  true,
  "",
  "x",
  "7",
  7,
  -1,
  0,
  1.5,
  [],
  {},
  [1],
  [null],
  [[["x"]]],
  [{ invented: 1 }],
  { invented: null },
  "日本語",
  "e\u0301 \u202e \u{1f600}\u{e0001}",
  'a"\\\u0000\u0007\n\u007f\u0085\u200b\ufeff<&>\u2028',
  "\ud800",
  "x".repeat(100_000),
  1e18,
  2 ** 53,
  2 ** 63,
  -(2 ** 63),
  1e30,
  -1e30,
  1e-9,
  1234567.5,
  { "<b>": [{ b: 2, a: 1 }] },
];

const beside = (bound: number | undefined): ReadonlyArray<number> =>
  bound === undefined ? [] : [bound - 1, bound - 1e-9, bound, bound + 1e-9, bound + 1];

const lengths = (max: number | undefined): ReadonlyArray<string> =>
  max === undefined
    ? []
    : ["a", "é", "\u{1f600}"].flatMap((letter) => [letter.repeat(max), letter.repeat(max + 1)]);

const items = ({ items: item, maxItems }: CrdSchema): ReadonlyArray<unknown> =>
  maxItems === undefined
    ? []
    : [1, 2, maxItems, maxItems + 1, 1000].map((count) =>
        Array.from({ length: count }, (_, index) => itemOf(item, index)),
      );
const itemOf = (item: CrdSchema | undefined, index: number): unknown =>
  item?.enum === undefined
    ? { symbol: `A${index}/USDT:USDT` }
    : item.enum[index % item.enum.length];

const entries = (max: number | undefined): ReadonlyArray<unknown> =>
  max === undefined
    ? []
    : [max, max + 1, 1000].map((count) =>
        Object.fromEntries(Array.from({ length: count }, (_, index) => [`key${index}`, "value"])),
      );

const quantities =
  "0 00m 0.0Gi 1 0.1 .5 5. 100m 1k 1Ki 1M 2Mi 1G 1Gi 2T 2Ti 1e3 1n 1u 1P 1E 1Ei +1 -1 1gb".split(
    " ",
  );

const choices = (values: ReadonlyArray<string> = []): ReadonlyArray<string> =>
  values.flatMap((value) => [value, value.toUpperCase(), value.toLowerCase(), `${value} `]);

const valuesFor = (schema: CrdSchema): ReadonlyArray<unknown> => [
  ...anywhere,
  ...beside(schema.minimum),
  ...beside(schema.maximum),
  ...lengths(schema.maxLength),
  ...items(schema),
  ...entries(schema.maxProperties),
  ...choices(schema.enum),
  ...(schema["x-kubernetes-int-or-string"] === true ? quantities : []),
  ...(schema.additionalProperties === undefined ? [] : labelled),
];

/**
 * What the server checks of metadata by itself: no schema of a resource says anything about it. Left
 * out is what only a server sets (uid, times, owners), which our check lets pass as it is, and the
 * namespace, which the server compares with the request's before anything else.
 */
const repeated = (count: number, letter = "a") => letter.repeat(count);
const names = [
  ..."a A 1 a.b a..b -a a- a_b é A.b/c a.b/C_d a/b /b a/ / a/b/c a/é é/a".split(" "),
  "a b",
  `${repeated(253)}/a`,
  `${repeated(254)}/a`,
  ...[40, 41, 63, 64, 253, 254].map((count) => repeated(count)),
];
const labelled = names.flatMap((name) => [{ [name]: "value" }, { key: name }]);
const ANNOTATIONS_BYTES_MAX = 262_144;
const sizes = [ANNOTATIONS_BYTES_MAX - 1, ANNOTATIONS_BYTES_MAX];
const metadataValues: Readonly<Record<string, ReadonlyArray<unknown>>> = {
  name: names,
  labels: labelled,
  annotations: [
    ...names.map((name) => ({ [name]: "\u0000 é" })),
    ...sizes.flatMap((size) => [{ a: repeated(size) }, { a: repeated(size / 2, "é"), b: "" }]),
  ],
  finalizers: names.map((name) => [name, "example.com/other"]),
  invented: [],
};

const distinct = (all: ReadonlyArray<Walked>): ReadonlyArray<Walked> => [
  ...new Map(all.map((one) => [JSON.stringify(one.manifest), one])).values(),
];

/** Each manifest once, of all that can be made from the schema of the spec and from metadata. */
export const walk = (): ReadonlyArray<Walked> => {
  const ofSpec = fieldsOf(schemaOf("spec"), ["spec"]).flatMap(({ path, schema }) =>
    valuesFor(schema).map((value) => walked(path, value)),
  );
  const ofMetadata = Object.entries(metadataValues).flatMap(([name, values]) =>
    [...anywhere, ...values].map((value) => walked(["metadata", name], value)),
  );
  const ofWholes = ["metadata", "status", "invented"].flatMap((name) =>
    anywhere.map((value) => walked([name], value)),
  );
  return distinct([...ofSpec, ...ofMetadata, ...ofWholes]);
};

/** Two faults, or none, far apart in the walk: what one of them hides of the other. */
export const walkInPairs = (count: number): ReadonlyArray<Walked> => {
  const all = walk();
  const pairs = Array.from({ length: count }, (_, index) => {
    const first = all[(index * 37) % all.length];
    const second = all[(index * 101 + 13) % all.length];
    if (first === undefined || second === undefined) return [];
    const manifest = withValue(first.manifest, second.path, second.value);
    return [{ path: [...first.path, "and", ...second.path], value: second.value, manifest }];
  });
  return distinct(pairs.flat());
};

/** Every field of the status with anything in it, in a status that has every field. */
export const walkStatus = (): ReadonlyArray<Walked> =>
  distinct(
    fieldsOf(schemaOf("status"), ["status"]).flatMap(({ path, schema }) =>
      valuesFor(schema).map((value) => ({
        path,
        value,
        manifest: withValue({ status }, path, value),
      })),
    ),
  );

const instant = "2026-11-21T10:00:00Z";
const status = {
  observedGeneration: 1,
  conditions: [
    {
      type: "Ready",
      status: "True",
      reason: "Trading",
      message: "Entries may be sent.",
      observedGeneration: 1,
      lastTransitionTime: instant,
    },
  ],
  account: { uid: "1", dedicatedKeys: true, sharedWith: ["trading/other"] },
  killSwitch: { engaged: true, reason: "loss", trippedAt: instant, lastResetAt: instant },
  summary: { mode: "Live", symbols: "3", position: "flat", netProfitDay: "0", drawdown: "0%" },
  executor: { url: "http://executor", positions: "Flat" },
};

const schemaOf = (name: string): CrdSchema => liveStrategySchema.properties?.[name] ?? {};

const walked = (path: Path, value: unknown): Walked => ({
  path,
  value,
  manifest: withValue(baseFor(path), path, value),
});
