import { expect, test } from "@jest/globals";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  loadFleetConfig,
  loadManifests,
  type LoadedManifests,
  type ManifestsDeps,
} from "./manifests.ts";

const fleet = loadFleetConfig("config");
if (!fleet.ok) throw new Error(fleet.error.join("\n"));
const deps: ManifestsDeps = { fleet: fleet.value, accountOf: () => "default" };

type Options = {
  readonly symbols?: ReadonlyArray<string>;
  readonly leverage?: number;
  readonly environment?: string;
  readonly liveEligible?: boolean;
};
const manifest = (
  name: string,
  { symbols = ["BTC"], leverage = 5, environment = "Emulator", liveEligible = true }: Options = {},
): string =>
  [
    "apiVersion: scalpradar.io/v1alpha1", // 1
    "kind: LiveStrategy", // 2
    `metadata: {name: ${name}, namespace: trading}`, // 3
    "spec:", // 4
    `  liveEligible: ${liveEligible}`, // 5
    "  strategy:", // 6
    "    kind: grid_atr", // 7
    "    gridAtr:", // 8
    "      numLevels: 3", // 9
    "  timeframe: 1h", // 10
    `  leverage: ${leverage}`, // 11
    `  exchange: {id: bitget, environment: ${environment}}`, // 12
    "  assets:", // 13
    ...symbols.map((symbol) => `  - symbol: ${symbol}/USDT:USDT`), // 14
    "",
  ].join("\n");

const folderWith = (files: Readonly<Record<string, string>>): string => {
  const folder = mkdtempSync(join(tmpdir(), "manifests-"));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return folder;
};
/** Without the folder, which differs from run to run. */
const linesOf = (folder: string, { problems }: LoadedManifests): ReadonlyArray<string> =>
  problems.map((line) => line.replaceAll(`${folder}/`, ""));
const load = (files: Readonly<Record<string, string>>, more: Partial<ManifestsDeps> = {}) => {
  const folder = folderWith(files);
  const loaded = loadManifests({ ...deps, ...more }, folder);
  return { folder, loaded, lines: linesOf(folder, loaded) };
};
const namesOf = ({ manifests }: LoadedManifests) => manifests.map(({ metadata }) => metadata.name);

const good = manifest("a");
/** What a hand does to a good manifest, and the lines that answer. */
const slips: ReadonlyArray<readonly [string, string, ...ReadonlyArray<string>]> = [
  [
    "an unknown key",
    good.replace("numLevels", "lvels"),
    'a.yaml:9:7  strict decoding error: unknown field "spec.strategy.gridAtr.lvels" (known are maPeriod, atrPeriod, atrMultiplierStart, atrMultiplierStep, numLevels, slPercent, sides, cooldownCandles, maxHoldCandles, minGridSpacingPct, minProfitPct, minAtrPct)',
  ],
  [
    "a key in the old spelling",
    good.replace("numLevels", "num_levels"),
    'a.yaml:9:7  strict decoding error: unknown field "spec.strategy.gridAtr.num_levels" (did you mean numLevels?)',
  ],
  [
    "leverage 1000",
    good.replace("leverage: 5", "leverage: 1000"),
    "a.yaml:11:13  spec.leverage: Invalid value: 1000: spec.leverage in body should be less than or equal to 20",
  ],
  [
    "a symbol in another spelling",
    good.replace("BTC/USDT:USDT", "BTCUSDT"),
    'a.yaml:14:13  spec.assets[0].symbol: Invalid value: "BTCUSDT": write the unified ccxt symbol of a perpetual, for example BTC/USDT:USDT',
  ],
  [
    "a symbol that is not listed",
    good.replace("BTC/USDT:USDT", "BCT/USDT:USDT"),
    'a.yaml:14:13  spec.assets[0].symbol: Invalid value: "BCT/USDT:USDT": not in assets.yaml (did you mean BTC/USDT:USDT?)',
  ],
  [
    "a symbol twice",
    `${good}  - symbol: BTC/USDT:USDT\n`,
    "a.yaml:15:13  spec.assets: Invalid value: list each symbol once",
  ],
  [
    "a number in quotes",
    good.replace("leverage: 5", "leverage: '5'"),
    'a.yaml:11:13  spec.leverage: Invalid value: "string": spec.leverage in body must be of type integer: "string" (write it without quotes)',
  ],
  [
    "nothing where a value belongs",
    good.replace("leverage: 5", "leverage:").replace("timeframe: 1h", "timeframe: ~"),
    "a.yaml:10:14  spec.timeframe: Required value (one of 1m, 5m, 15m, 1h, 4h, 1d)",
    "a.yaml:11:3  spec.leverage: Required value (Leverage of every position.)",
  ],
  [
    "a missing key, at what should hold it",
    good.replace("  timeframe: 1h\n", ""),
    "a.yaml:4:1  spec.timeframe: Required value (one of 1m, 5m, 15m, 1h, 4h, 1d)",
  ],
  [
    "a block that is not the kind's",
    good.replace("gridAtr:\n      numLevels: 3", "gridBoltrend: {}"),
    "a.yaml:8:5  spec.strategy: Invalid value: name the block after the kind: gridAtr for grid_atr, gridMultiTf for grid_multi_tf, gridBoltrend for grid_boltrend",
  ],
  [
    "real money that nobody acknowledged",
    good.replace("Emulator", "Live"),
    "a.yaml:12:39  spec.exchange: Invalid value: environment Live places orders with real money: set acknowledgeRealMoney: true",
  ],
  [
    "another kind",
    good.replace("LiveStrategy", "LiveStrategi"),
    'a.yaml:2:7  kind: no matches for kind "LiveStrategi" in version "scalpradar.io/v1alpha1" (write kind: LiveStrategy and apiVersion: scalpradar.io/v1alpha1)',
  ],
  [
    "another version",
    good.replace("v1alpha1", "v2"),
    'a.yaml:1:13  apiVersion: no matches for kind "LiveStrategy" in version "scalpradar.io/v2" (write kind: LiveStrategy and apiVersion: scalpradar.io/v1alpha1)',
  ],
  [
    "no object at all",
    "- 1\n",
    'a.yaml:1:1  kind: no matches for kind "" in version "" (write kind: LiveStrategy and apiVersion: scalpradar.io/v1alpha1)',
  ],
  [
    "a tab",
    good.replace("    kind", "\tkind"),
    "a.yaml:7:1  YAML: tab characters must not be used in indentation",
  ],
  [
    "a key twice",
    good.replace("leverage: 5", "timeframe: 4h"),
    'a.yaml:11:3  YAML: key "timeframe" already set in map',
  ],
  ["a syntax error", good.replace("{name", "{{name"), "a.yaml:4:1  YAML: deficient indentation"],
  ["an empty file", "", "a.yaml:1:1  the file is empty; delete it to remove its strategies"],
  [
    "a file of comments",
    "# later\n---\n",
    "a.yaml:1:1  the file is empty; delete it to remove its strategies",
  ],
  ["a huge file", `# ${"x".repeat(2 ** 20)}\n${good}`, "a.yaml:1:1  the file is larger than 1 MiB"],
  [
    "several things at once, from top to bottom",
    `---\n${good.replace("1h", "2h").replace("leverage: 5", "leverage: 0")}---\n${manifest("b").replace("grid_atr", "grid")}`,
    'a.yaml:11:14  spec.timeframe: Unsupported value: "2h": supported values: "1m", "5m", "15m", "1h", "4h", "1d"',
    "a.yaml:12:13  spec.leverage: Invalid value: 0: spec.leverage in body should be greater than or equal to 1",
    'a.yaml:23:11  spec.strategy.kind: Unsupported value: "grid": supported values: "grid_atr", "grid_multi_tf", "grid_boltrend"',
  ],
];

test.each(slips)("%s is refused at its line and column", (_name, text, ...expected) => {
  const { loaded, lines } = load({ "a.yaml": text });
  expect(lines).toEqual(expected);
  expect(loaded.manifests).toEqual([]);
});

test("every manifest of every YAML file of the folder is read, in order", () => {
  const { loaded, lines } = load({
    "b.yml": manifest("b", { symbols: ["ETH"] }),
    "a.yaml": `${good}---\n${manifest("c", { symbols: ["SOL"] })}`,
    "assets.yaml": "the fleet's own",
    ".hidden.yaml": "x",
    "a.yaml~": "x",
    "README.md": "x",
  });
  expect(lines).toEqual([]);
  expect(namesOf(loaded)).toEqual(["a", "c", "b"]);
  expect(loaded.files.map(({ manifests }) => manifests.length)).toEqual([2, 1]);
});

test("problems of all files are said at once, and good files run beside bad ones", () => {
  const { loaded, lines } = load({ "a.yaml": "a: [", "b.yaml": manifest("b"), "c.yaml": "" });
  expect(lines.map((line) => line.slice(0, 7))).toEqual(["a.yaml:", "c.yaml:"]);
  expect(namesOf(loaded)).toEqual(["b"]);
});

test("leverage above what assets.yaml allows is refused", () => {
  const listed = { maxLeverage: 3 };
  const assets = { ...deps.fleet.assets, assets: { "BTC/USDT:USDT": listed } };
  const { lines } = load({ "a.yaml": good }, { fleet: { ...deps.fleet, assets } });
  expect(lines).toEqual([
    "a.yaml:11:13  spec.leverage: Invalid value: 5: BTC/USDT:USDT allows at most 3 (lower it, take the symbol out, or raise maxLeverage in assets.yaml)",
  ]);
});

test("a name is taken once: the later file gives way", () => {
  const { folder, loaded, lines } = load({ "a.yaml": good, "b.yaml": good });
  expect(lines).toEqual([
    'b.yaml:3:18  metadata.name: Duplicate value: "a": also in a.yaml (give one of them another name)',
  ]);
  expect(loaded.files.find(({ path }) => path === join(folder, "b.yaml"))?.manifests).toEqual([]);
  expect(namesOf(loaded)).toEqual(["a"]);
});

test("a document that was pasted twice is refused with its file", () => {
  const { loaded, lines } = load({ "a.yaml": `${good}---\n${good}` });
  expect(lines).toEqual([
    'a.yaml:18:18  metadata.name: Duplicate value: "a": also in a.yaml (give one of them another name)',
  ]);
  expect(loaded.manifests).toEqual([]);
});

const shared =
  'b.yaml:15:13  spec.assets[1].symbol: Invalid value: "BTC/USDT:USDT": BTC/USDT:USDT would be traded by trading/b and trading/a (a.yaml) on one account (give one of them keys of its own, or leave each symbol to one of them)';

test("two strategies may not trade one symbol on one account", () => {
  const files = { "a.yaml": good, "b.yaml": manifest("b", { symbols: ["ETH", "BTC"] }) };
  expect(load(files).lines).toEqual([shared]);
  expect(load(files, { accountOf: (name) => name }).lines).toEqual([]);
});

test("only what is traded conflicts: paper, disabled and another environment do not", () => {
  for (const other of [
    manifest("b", { liveEligible: false }),
    manifest("b").replace("spec:", "spec:\n  enabled: false"),
    manifest("b", { environment: "Demo" }),
  ]) {
    expect(load({ "a.yaml": good, "b.yaml": other }).lines).toEqual([]);
  }
});

test("a shared account with disjoint symbols is allowed and warned about", () => {
  const { loaded, lines } = load({ "a.yaml": good, "b.yaml": manifest("b", { symbols: ["ETH"] }) });
  expect(lines).toEqual([]);
  expect(loaded.warnings).toEqual([
    "trading/a and trading/b trade with the same keys: they share the account's money and its rate limit; give each a sub-account of its own",
  ]);
});

/** One folder, saved again and again. */
const session = (files: Readonly<Record<string, string>>) => {
  const folder = folderWith(files);
  let previous: LoadedManifests | undefined;
  return (change: Readonly<Record<string, string | undefined>> = {}) => {
    for (const [name, text] of Object.entries(change)) {
      if (text === undefined) rmSync(join(folder, name));
      else writeFileSync(join(folder, name), text);
    }
    // Kept as a process would keep it across a restart.
    const kept = JSON.stringify(previous);
    previous = loadManifests(
      { ...deps, previous: kept === undefined ? undefined : JSON.parse(kept) },
      folder,
    );
    return { loaded: previous, lines: linesOf(folder, previous), folder };
  };
};
const leverageOf = ({ manifests }: LoadedManifests) => manifests.map(({ spec }) => spec.leverage);

test("a file that became invalid keeps what it said last, until it is mended or deleted", () => {
  const save = session({ "a.yaml": good });
  expect(leverageOf(save().loaded)).toEqual([5]);
  for (const broken of ["a: [", "", good.replace("1h", "9h"), manifest("a", { leverage: 1000 })]) {
    const { loaded, lines } = save({ "a.yaml": broken });
    expect(lines).toHaveLength(1);
    expect(leverageOf(loaded)).toEqual([5]);
  }
  expect(leverageOf(save({ "a.yaml": manifest("a", { leverage: 6 }) }).loaded)).toEqual([6]);
  expect(save({ "a.yaml": undefined }).loaded.manifests).toEqual([]);
});

test("what is immutable is kept, and a restart does not forget it", () => {
  const save = session({ "a.yaml": good });
  save();
  const { loaded, lines } = save({ "a.yaml": manifest("a", { environment: "Demo" }) });
  expect(lines).toEqual([
    'a.yaml:12:39  spec.exchange.environment: Invalid value: "Demo": exchange.environment is immutable; create another LiveStrategy',
  ]);
  expect(loaded.manifests[0]?.spec.exchange.environment).toBe("Emulator");
  const stored = () => loaded.manifests[0];
  const demo = { "a.yaml": manifest("a", { environment: "Demo" }) };
  expect(load(demo, { stored }).lines).toHaveLength(1);
  expect(load(demo).lines).toEqual([]);
});

test("a new file gives way to what runs, wherever it stands in the order", () => {
  const save = session({ "m.yaml": manifest("m") });
  save();
  const { loaded, lines } = save({ "a.yaml": good });
  expect(lines).toHaveLength(1);
  expect(lines[0]).toContain("a.yaml:14:13  spec.assets[0].symbol");
  expect(namesOf(loaded)).toEqual(["m"]);
});

test("a symbol can move from one strategy to the other in one save", () => {
  const save = session({ "a.yaml": good, "b.yaml": manifest("b", { symbols: ["ETH"] }) });
  save();
  const { loaded, lines } = save({
    "a.yaml": manifest("a", { symbols: ["ETH"] }),
    "b.yaml": manifest("b", { symbols: ["BTC"] }),
  });
  expect(lines).toEqual([]);
  expect(loaded.manifests.map(({ spec }) => spec.assets[0]?.symbol)).toEqual([
    "ETH/USDT:USDT",
    "BTC/USDT:USDT",
  ]);
});

test("a swap that goes wrong halfway changes nothing", () => {
  const save = session({ "a.yaml": good, "b.yaml": manifest("b", { symbols: ["ETH"] }) });
  save();
  const { loaded, lines } = save({
    "a.yaml": manifest("a", { symbols: ["ETH"] }),
    "b.yaml": manifest("b", { symbols: ["ETH", "SOL"] }),
  });
  expect(lines.map((line) => line.slice(0, 6))).toEqual(["a.yaml", "b.yaml"]);
  expect(loaded.manifests.map(({ spec }) => spec.assets.length)).toEqual([1, 1]);
  expect(loaded.manifests[0]?.spec.assets[0]?.symbol).toBe("BTC/USDT:USDT");
});

test("keys that were merged are said, and nothing is stopped for them", () => {
  const files = { "a.yaml": good, "b.yaml": manifest("b") };
  const apart = load(files, { accountOf: (name) => name });
  const merged = loadManifests({ ...deps, previous: apart.loaded }, apart.folder);
  expect(merged.problems).toHaveLength(1);
  expect(namesOf(merged)).toEqual(["a", "b"]);
});

test("a folder that cannot be read says nothing about its strategies", () => {
  const save = session({ "a.yaml": good });
  const { loaded, folder } = save();
  rmSync(folder, { recursive: true });
  const gone = loadManifests({ ...deps, previous: loaded }, folder);
  expect(gone.problems).toEqual([expect.stringContaining("cannot be read: ENOENT")]);
  expect(namesOf(gone)).toEqual(["a"]);
});

test("a folder with the name of a file is no file", () => {
  const folder = folderWith({});
  mkdirSync(join(folder, "a.yaml"));
  const loaded = loadManifests(deps, folder);
  expect(linesOf(folder, loaded)).toEqual(["a.yaml: cannot be read: it is not a file"]);
});

test("the fleet's files are taken from the folder, and what it lacks from config/", () => {
  const folder = folderWith({ "risk.yaml": "maxMarginRatio: 0.5\n" });
  const broken = loadFleetConfig(folder);
  const lines = broken.ok ? [] : broken.error.map((line) => line.replace(`${folder}/`, ""));
  expect(lines).toEqual([
    "risk.yaml:1:1  maxConcurrentPositions: Required value (Most positions at the same time.)",
    "risk.yaml:1:1  maxLiveGrids: Required value (Most symbols with a cycle or a resting entry.)",
    "risk.yaml:1:1  minFreeMarginPercent: Required value (Percent of equity that stays free.)",
    "risk.yaml:1:1  killSwitch: Required value (The kill switch of a strategy that says nothing else.)",
  ]);
  expect(loadFleetConfig(folderWith({}))).toEqual(fleet);
  const nowhere = loadFleetConfig(folderWith({}), "/nowhere");
  expect(nowhere.ok ? [] : nowhere.error).toHaveLength(3);
});

test("every problem of every fleet file at once, each at its place", () => {
  const folder = folderWith({
    "assets.yaml": "groups: {}\nassets:\n  BTC/USDT:USDT:\n    group: majors\n    maxLeverage: 0\n",
    "exchanges.yaml": "bitget: 1\n",
    "risk.yaml": "a: 1\n---\nb: 1\n",
  });
  const broken = loadFleetConfig(folder);
  const lines = broken.ok ? [] : broken.error.map((line) => line.replace(`${folder}/`, ""));
  expect(lines).toEqual([
    "assets.yaml:5:18  assets.BTC/USDT:USDT.maxLeverage: Invalid value: 0: assets.BTC/USDT:USDT.maxLeverage in body should be greater than or equal to 1",
    "risk.yaml:3:1  the file has a second document",
    'exchanges.yaml:1:9  bitget: Invalid value: "integer": bitget in body must be of type object: "integer"',
  ]);
});
