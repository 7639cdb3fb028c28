/**
 * From what was asked for to what one executor is told: every default, override and address filled in.
 *
 * Defaults come first, the strategy's block over them, an asset's overrides over that, and every
 * key of each is applied. Limits that the resource does not name are the fleet's. Pure: the operator
 * resolves the same document from the same resource as often as it looks.
 */

import { err, ok, type Result } from "#base/result.ts";
import type { ExecutorSpec } from "./executor-spec.ts";
import { nearestSymbol, type FleetConfig } from "./fleet.ts";
import {
  blockOfKind,
  type LiveStrategy,
  type LiveStrategyAsset,
  type LiveStrategySpec,
} from "./live-strategy.ts";
import { problem, valueText, type Problem } from "./problems.ts";

type Problems = ReadonlyArray<Problem>;

export type ExchangeUrls = Pick<
  ExecutorSpec["exchange"],
  "restUrl" | "publicStreamUrl" | "privateStreamUrl"
>;

export type ResolveOptions = {
  /** Where the emulator of this session is. Used by environment Emulator, and by no other. */
  readonly emulator?: ExchangeUrls | undefined;
};

export const resolveExecutorSpec = (
  { metadata, spec }: LiveStrategy,
  fleet: FleetConfig,
  { emulator }: ResolveOptions = {},
): Result<ExecutorSpec, Problems> => {
  const urls = urlsOf(spec.exchange, fleet, emulator);
  const problems = [...fleetProblems(spec, fleet), ...(urls.ok ? [] : [urls.error])];
  if (!urls.ok || problems.length > 0) return err(problems);
  const { assets, groups } = fleet.assets;
  const { id, environment, marginMode } = spec.exchange;
  const { accountRequestsPerSecond, publicRequestsPerSecond } = fleet.exchanges[id];
  return ok({
    namespace: metadata.namespace,
    name: metadata.name,
    uid: metadata.uid,
    generation: metadata.generation,
    kind: spec.strategy.kind,
    timeframe: spec.timeframe,
    leverage: spec.leverage,
    assets: spec.assets.map((asset) => ({
      symbol: asset.symbol,
      group: assets[asset.symbol]?.group ?? null,
      parameters: parametersOf(spec, asset),
    })),
    groupLimits: Object.fromEntries(
      Object.entries(groups).map(([name, { maxSameDirection }]) => [name, maxSameDirection]),
    ),
    risk: riskOf(spec, fleet),
    exchange: {
      id,
      environment,
      marginMode,
      ...urls.value,
      accountRequestsPerSecond,
      publicRequestsPerSecond,
    },
    desiredState: spec.desiredState,
    killSwitchResetAt: spec.killSwitch?.resetAt ?? null,
    logLevel: spec.executor.logLevel,
  });
};

/** What only the fleet's files can refuse: a symbol that they do not list, too much leverage. */
export const fleetProblems = (spec: LiveStrategySpec, fleet: FleetConfig): Problems =>
  spec.assets.flatMap(({ symbol }, index) => {
    const listed = Object.hasOwn(fleet.assets.assets, symbol)
      ? fleet.assets.assets[symbol]
      : undefined;
    if (listed === undefined) return [unlisted(symbol, index, fleet)];
    if (spec.leverage <= listed.maxLeverage) return [];
    const words = `Invalid value: ${spec.leverage}: ${symbol} allows at most ${listed.maxLeverage}`;
    const remedy = "lower it, take the symbol out, or raise maxLeverage in assets.yaml";
    return [problem(["spec", "leverage"], words, remedy)];
  });

const unlisted = (symbol: string, index: number, fleet: FleetConfig): Problem => {
  const meant = nearestSymbol(symbol, fleet.assets);
  const remedy = meant === undefined ? "add it there" : `did you mean ${meant}?`;
  const words = `Invalid value: ${valueText(symbol)}: not in assets.yaml`;
  return problem(["spec", "assets", index, "symbol"], words, remedy);
};

/** An override that is absent must not hide the strategy's value. */
const parametersOf = ({ strategy }: LiveStrategySpec, asset: LiveStrategyAsset) => {
  const block = blockOfKind[strategy.kind];
  const given = [...Object.entries(strategy[block] ?? {}), ...Object.entries(asset[block] ?? {})];
  return Object.fromEntries(
    given.flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
};

const riskOf = ({ risk = {} }: LiveStrategySpec, { risk: fleet }: FleetConfig) => ({
  maxMarginRatio: risk.maxMarginRatio ?? fleet.maxMarginRatio,
  maxConcurrentPositions: risk.maxConcurrentPositions ?? fleet.maxConcurrentPositions,
  maxLiveGrids: risk.maxLiveGrids ?? fleet.maxLiveGrids,
  minFreeMarginPercent: risk.minFreeMarginPercent ?? fleet.minFreeMarginPercent,
  killSwitch: {
    sessionLossPercent: risk.killSwitch?.sessionLossPercent ?? fleet.killSwitch.sessionLossPercent,
    action: risk.killSwitch?.action ?? fleet.killSwitch.action,
  },
});

const urlsOf = (
  { id, environment }: LiveStrategySpec["exchange"],
  { exchanges }: FleetConfig,
  emulator: ExchangeUrls | undefined,
): Result<ExchangeUrls, Problem> => {
  const { restUrl, publicStreamUrl, privateStreamUrl, demo } = exchanges[id];
  const refuse = (words: string) =>
    err(
      problem(
        ["spec", "exchange", "environment"],
        `Invalid value: ${valueText(environment)}: ${words}`,
      ),
    );
  switch (environment) {
    case "Live":
      return ok({ restUrl, publicStreamUrl, privateStreamUrl });
    case "Demo":
      return demo === undefined
        ? refuse(`exchanges.yaml has no ${id}.demo: add its streams`)
        : ok({ restUrl, ...demo });
    case "Emulator":
      return emulator === undefined
        ? refuse("no emulator is running here: start one, or choose Demo or Live")
        : ok(emulator);
  }
};
