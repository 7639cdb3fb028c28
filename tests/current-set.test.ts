/**
 * The manifests of config/ are the parameter set in force on the day of the plan [36b], to the digit.
 *
 * The set is read in place, beside the golden candles, and is not part of the project.
 */

import { expect, test } from "@jest/globals";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { z } from "zod";
import { blockOfKind, type LiveStrategyManifest } from "#crds/live-strategy.ts";
import { resolveExecutorSpec } from "#crds/resolve.ts";
import { decide } from "#operator/decide.ts";
import { loadFleetConfig, loadManifests } from "#operator/local/manifests.ts";
import { FINALIZER } from "#operator/observed.ts";
import { processEnv } from "#runtime/env.ts";
import { bindStrategy } from "#strategies/registry.ts";

const parameters = z.record(
  z.string(),
  z.union([z.number(), z.string(), z.boolean(), z.array(z.string())]),
);
const currentSet = z.object({
  strategies: z.record(
    z.enum(["grid_atr", "grid_multi_tf", "grid_boltrend"]),
    z
      .object({
        enabled: z.boolean(),
        live_eligible: z.boolean(),
        timeframe: z.string(),
        leverage: z.number(),
        weight: z.number(),
        per_asset: z.record(z.string(), parameters),
      })
      .catchall(z.union([z.number(), z.string(), z.array(z.string())])),
  ),
  risk: z.object({
    max_margin_ratio: z.number(),
    max_live_grids: z.number(),
    kill_switch: z.object({ grid_max_session_loss_percent: z.number() }),
    position: z.object({ max_concurrent_positions: z.number() }),
    margin: z.object({ mode: z.literal("cross"), min_free_margin_percent: z.number() }),
  }),
  assets: z.array(
    z.object({ symbol: z.string(), correlation_group: z.string(), max_leverage: z.number() }),
  ),
  correlation_groups: z.record(z.string(), z.object({ max_concurrent_same_direction: z.number() })),
});

const golden = processEnv()["GOLDEN_DIR"] ?? "../shared/golden";
const setPath = join(dirname(golden), "spec", "current-set.json");
const set = existsSync(setPath)
  ? currentSet.parse(JSON.parse(readFileSync(setPath, "utf8")))
  : undefined;
if (set === undefined) process.stderr.write(`skipped: there is no ${setPath} to compare with\n`);

const fleet = loadFleetConfig("config");
if (!fleet.ok) throw new Error(fleet.error.join("\n"));
const loaded = loadManifests(
  { fleet: fleet.value, accountOf: (name) => name },
  "config/strategies",
);
const manifestOf = (name: string): LiveStrategyManifest | undefined =>
  loaded.manifests.find(({ metadata }) => metadata.name === name);

/** `atr_multiplier_start` → `atrMultiplierStart` */
const camel = (name: string): string =>
  name.replaceAll(/_([a-z])/g, (_match, letter: string) => letter.toUpperCase());
const camelKeys = (record: Readonly<Record<string, unknown>>, ...without: ReadonlyArray<string>) =>
  Object.fromEntries(
    Object.entries(record)
      .filter(([name]) => !without.includes(name))
      .map(([name, value]) => [camel(name), value]),
  );

test("the manifests and the fleet's files of config/ are valid", () => {
  expect(loaded.problems).toEqual([]);
  expect(loaded.manifests.map(({ metadata }) => metadata.name)).toEqual([
    "grid-atr",
    "grid-boltrend",
    "grid-multi-tf",
  ]);
});

test("grid_atr is live at 7x on 14 assets, grid_multi_tf is off, grid_boltrend is on paper", () => {
  const said = loaded.manifests.map(({ metadata, spec }) => [
    metadata.name,
    spec.enabled,
    spec.liveEligible,
    spec.leverage,
    spec.assets.length,
  ]);
  expect(said).toEqual([
    ["grid-atr", true, true, 7, 14],
    ["grid-boltrend", true, false, 8, 2],
    ["grid-multi-tf", false, false, 6, 18],
  ]);
});

test("every parameter of every asset is the one of that day", () => {
  for (const [kind, old] of Object.entries(set?.strategies ?? {})) {
    const spec = manifestOf(kind.replaceAll("_", "-"))?.spec;
    if (spec === undefined) throw new Error(`there is a manifest for ${kind}`);
    const block = blockOfKind[spec.strategy.kind];
    const { enabled, live_eligible, timeframe, leverage, per_asset, weight: _, ...values } = old;
    expect([spec.enabled, spec.liveEligible]).toEqual([enabled, live_eligible]);
    expect([spec.timeframe, spec.leverage]).toEqual([timeframe, leverage]);
    expect(spec.strategy[block]).toMatchObject(camelKeys(values));
    expect(spec.assets.map((asset) => [asset.symbol, asset[block]])).toEqual(
      Object.entries(per_asset).map(([symbol, own]) => [
        `${symbol}:USDT`,
        camelKeys(own, "timeframe"),
      ]),
    );
    // The timeframe of an asset is not an override: it never differed.
    for (const own of Object.values(per_asset)) {
      expect(own["timeframe"] ?? timeframe).toBe(timeframe);
    }
  }
});

test("the assets, their groups and the limits are those of that day", () => {
  if (set === undefined) return;
  const { assets, risk } = fleet.value;
  expect(assets.assets).toEqual(
    Object.fromEntries(
      set.assets.map(({ symbol, correlation_group: group, max_leverage: maxLeverage }) => [
        `${symbol}:USDT`,
        { group, maxLeverage },
      ]),
    ),
  );
  expect(assets.groups).toEqual(
    Object.fromEntries(
      Object.entries(set.correlation_groups).map(([name, group]) => [
        name,
        { maxSameDirection: group.max_concurrent_same_direction },
      ]),
    ),
  );
  expect(risk).toEqual({
    maxMarginRatio: set.risk.max_margin_ratio,
    maxConcurrentPositions: set.risk.position.max_concurrent_positions,
    maxLiveGrids: set.risk.max_live_grids,
    minFreeMarginPercent: set.risk.margin.min_free_margin_percent,
    killSwitch: {
      sessionLossPercent: set.risk.kill_switch.grid_max_session_loss_percent,
      action: "BlockEntries",
    },
  });
});

test("every symbol of every manifest resolves to a strategy that can be bound", () => {
  const bound = loaded.manifests.flatMap((manifest) => {
    const live = { ...manifest, metadata: { ...manifest.metadata, uid: "uid", generation: 1 } };
    const resolved = resolveExecutorSpec(live, fleet.value);
    if (!resolved.ok) return resolved.error.map(({ words }) => words);
    const { kind, timeframe, assets } = resolved.value;
    return assets.map(({ parameters }) => {
      const strategy = bindStrategy(kind, timeframe, parameters);
      return strategy.ok ? "bound" : strategy.error;
    });
  });
  expect(bound).toEqual(Array.from({ length: 14 + 2 + 18 }, () => "bound"));
});

/** Names of the strategies for which an executor would be started. */
const started = (liveTrading: boolean): ReadonlyArray<string> =>
  loaded.manifests.flatMap((manifest) => {
    const metadata = { ...manifest.metadata, uid: "uid", generation: 1, finalizers: [FINALIZER] };
    const strategy = { ...manifest, metadata };
    const resolved = resolveExecutorSpec(strategy, fleet.value);
    if (!resolved.ok) throw new Error(resolved.error.map(({ words }) => words).join("\n"));
    const decision = decide({
      strategy,
      liveTrading,
      spec: resolved,
      conflictsWith: undefined,
      sharedWith: [],
      workload: undefined,
      hasRemains: false,
      obstacle: undefined,
      executor: undefined,
      controlProblem: undefined,
    });
    return decision.action.kind === "StartExecutor" ? [metadata.name] : [];
  });

test("with live trading on grid_atr alone has an executor, with it off nobody has", () => {
  expect(started(true)).toEqual(["grid-atr"]);
  expect(started(false)).toEqual([]);
});

test("the demo's manifests are valid: one live on four symbols, one on paper, one off", () => {
  const demo = loadFleetConfig("config/demo");
  if (!demo.ok) throw new Error(demo.error.join("\n"));
  const { manifests, problems } = loadManifests(
    { fleet: demo.value, accountOf: () => "one" },
    "config/demo/strategies",
  );
  expect(problems).toEqual([]);
  expect(
    manifests.map(({ metadata, spec }) => [
      metadata.name,
      spec.enabled,
      spec.liveEligible,
      spec.exchange.environment,
    ]),
  ).toEqual([
    ["grid-atr", true, true, "Emulator"],
    ["grid-boltrend", true, false, "Emulator"],
    ["grid-multi-tf", false, false, "Emulator"],
  ]);
  const [gridAtr] = manifests;
  expect(gridAtr?.spec.assets.map(({ symbol }) => symbol)).toEqual([
    "BTC/USDT:USDT",
    "ETH/USDT:USDT",
    "SOL/USDT:USDT",
    "XRP/USDT:USDT",
  ]);
  expect(gridAtr?.spec.timeframe).toBe("1h");
  expect(demo.value.assets.groups["crypto_major"]?.maxSameDirection).toBe(4);
});
