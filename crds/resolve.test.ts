import { expect, test } from "@jest/globals";
import { executorSpec } from "./executor-spec.ts";
import type { FleetConfig } from "./fleet.ts";
import { liveStrategy, type LiveStrategy } from "./live-strategy.ts";
import { resolveExecutorSpec } from "./resolve.ts";

const fleet: FleetConfig = {
  assets: {
    groups: { crypto_major: { maxSameDirection: 2 }, altcoins: { maxSameDirection: 10 } },
    assets: {
      "BTC/USDT:USDT": { group: "crypto_major", maxLeverage: 20 },
      "ETH/USDT:USDT": { maxLeverage: 20 },
      "PEPE/USDT:USDT": { group: "altcoins", maxLeverage: 5 },
    },
  },
  risk: {
    maxMarginRatio: 0.7,
    maxConcurrentPositions: 15,
    maxLiveGrids: 4,
    minFreeMarginPercent: 20,
    killSwitch: { sessionLossPercent: 25, action: "BlockEntries" },
  },
  exchanges: {
    bitget: {
      restUrl: "https://api.bitget.com",
      publicStreamUrl: "wss://ws.bitget.com/v2/ws/public",
      privateStreamUrl: "wss://ws.bitget.com/v2/ws/private",
      demo: {
        publicStreamUrl: "wss://wspap.bitget.com/v2/ws/public",
        privateStreamUrl: "wss://wspap.bitget.com/v2/ws/private",
      },
      accountRequestsPerSecond: 10,
      publicRequestsPerSecond: 20,
    },
  },
};
const emulator = {
  restUrl: "http://127.0.0.1:8099",
  publicStreamUrl: "ws://127.0.0.1:8099/v2/ws/public",
  privateStreamUrl: "ws://127.0.0.1:8099/v2/ws/private",
};

const strategyWith = (spec: object = {}): LiveStrategy =>
  liveStrategy.parse({
    apiVersion: "scalpradar.io/v1alpha1",
    kind: "LiveStrategy",
    metadata: { name: "grid-atr", namespace: "trading", uid: "u-1", generation: 3 },
    spec: {
      liveEligible: true,
      strategy: { kind: "grid_atr", gridAtr: { maPeriod: 10, slPercent: 25 } },
      timeframe: "1h",
      leverage: 7,
      assets: [
        { symbol: "ETH/USDT:USDT", gridAtr: { maPeriod: 7, sides: ["short"] } },
        { symbol: "BTC/USDT:USDT" },
      ],
      exchange: { id: "bitget", environment: "Live", acknowledgeRealMoney: true },
      ...spec,
    },
  });

const specOf = (live: LiveStrategy) => {
  const resolved = resolveExecutorSpec(live, fleet, { emulator });
  if (!resolved.ok) throw new Error(resolved.error.map(({ words }) => words).join("\n"));
  return resolved.value;
};
const wordsOf = (live: LiveStrategy, options = {}): ReadonlyArray<string> => {
  const resolved = resolveExecutorSpec(live, fleet, options);
  return resolved.ok ? [] : resolved.error.map(({ words }) => words);
};

test("defaults, the strategy's values and an asset's overrides lie over each other", () => {
  const [eth, btc] = specOf(strategyWith()).assets;
  const common = {
    atrPeriod: 14,
    atrMultiplierStart: 2,
    atrMultiplierStep: 1,
    numLevels: 3,
    slPercent: 25,
    cooldownCandles: 3,
    maxHoldCandles: 0,
    minGridSpacingPct: 0,
    minProfitPct: 0,
    minAtrPct: 0,
  };
  expect(eth?.parameters).toEqual({ ...common, maPeriod: 7, sides: ["short"] });
  expect(btc?.parameters).toEqual({ ...common, maPeriod: 10, sides: ["long"] });
});

test("symbols keep their order, since it breaks ties, and carry their group", () => {
  const { assets, groupLimits } = specOf(strategyWith());
  expect(assets.map(({ symbol, group }) => [symbol, group])).toEqual([
    ["ETH/USDT:USDT", null],
    ["BTC/USDT:USDT", "crypto_major"],
  ]);
  expect(groupLimits).toEqual({ crypto_major: 2, altcoins: 10 });
});

test("limits that the resource does not name are the fleet's, one by one", () => {
  const risk = { maxLiveGrids: 2, killSwitch: { action: "Flatten" } };
  expect(specOf(strategyWith({ risk })).risk).toEqual({
    ...fleet.risk,
    maxLiveGrids: 2,
    killSwitch: { sessionLossPercent: 25, action: "Flatten" },
  });
  expect(specOf(strategyWith()).risk).toEqual(fleet.risk);
});

test("what is resolved is what an executor parses", () => {
  const killSwitch = { resetAt: "2026-11-21T10:00:00Z" };
  const spec = specOf(strategyWith({ killSwitch, desiredState: "Reducing" }));
  expect(executorSpec.parse(spec)).toEqual(spec);
  expect(spec).toMatchObject({
    namespace: "trading",
    name: "grid-atr",
    uid: "u-1",
    generation: 3,
    killSwitchResetAt: "2026-11-21T10:00:00Z",
    desiredState: "Reducing",
    logLevel: "info",
  });
});

const environments = [
  ["Live", "https://api.bitget.com", "wss://ws.bitget.com/v2/ws/private"],
  ["Demo", "https://api.bitget.com", "wss://wspap.bitget.com/v2/ws/private"],
  ["Emulator", "http://127.0.0.1:8099", "ws://127.0.0.1:8099/v2/ws/private"],
] as const;

test.each(environments)(
  "environment %s speaks to its own hosts alone",
  (environment, rest, stream) => {
    const exchange = { id: "bitget", environment, acknowledgeRealMoney: true };
    const spec = specOf(strategyWith({ exchange }));
    expect([spec.exchange.restUrl, spec.exchange.privateStreamUrl]).toEqual([rest, stream]);
  },
);

test("the emulator never stands for a real exchange, nor one for the emulator", () => {
  const exchange = { id: "bitget", environment: "Emulator" };
  expect(wordsOf(strategyWith({ exchange }))).toEqual([
    'spec.exchange.environment: Invalid value: "Emulator": no emulator is running here: start one, or choose Demo or Live',
  ]);
});

test("a symbol that is not listed and leverage above a symbol's own are refused", () => {
  const assets = [{ symbol: "BTC/USD:BTC" }, { symbol: "PEPE/USDT:USDT" }, { symbol: "X/Y:Y" }];
  expect(wordsOf(strategyWith({ assets }))).toEqual([
    'spec.assets[0].symbol: Invalid value: "BTC/USD:BTC": not in assets.yaml (did you mean BTC/USDT:USDT?)',
    "spec.leverage: Invalid value: 7: PEPE/USDT:USDT allows at most 5 (lower it, take the symbol out, or raise maxLeverage in assets.yaml)",
    'spec.assets[2].symbol: Invalid value: "X/Y:Y": not in assets.yaml (add it there)',
  ]);
});
