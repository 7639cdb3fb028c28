/** A strategy, its specification and its executor's status, for tests of the operator. */

import { known } from "#base/fact.ts";
import { millis } from "#base/clock.ts";
import { ok } from "#base/result.ts";
import type { ExecutorSpec } from "#crds/executor-spec.ts";
import type { ExecutorStatus, SymbolStatus } from "#crds/executor-status.ts";
import { liveStrategy, type LiveStrategy } from "#crds/live-strategy.ts";
import type { Positions } from "#crds/live-strategy-status.ts";
import type { Workload } from "../cluster.ts";
import { FINALIZER, type Observed } from "../observed.ts";

export const strategyOf = (
  spec: Partial<LiveStrategy["spec"]> = {},
  metadata: Partial<LiveStrategy["metadata"]> = {},
): LiveStrategy =>
  liveStrategy.parse({
    apiVersion: "scalpradar.io/v1alpha1",
    kind: "LiveStrategy",
    metadata: {
      name: "grid-atr",
      namespace: "trading",
      uid: "uid-1",
      generation: 3,
      creationTimestamp: "2026-01-01T00:00:00.000Z",
      finalizers: [FINALIZER],
      ...metadata,
    },
    spec: {
      liveEligible: true,
      strategy: { kind: "grid_atr", gridAtr: {} },
      timeframe: "1h",
      leverage: 5,
      assets: [{ symbol: "BTC/USDT:USDT" }],
      exchange: { id: "bitget", environment: "Live", acknowledgeRealMoney: true },
      ...spec,
    },
  });

/** One whose executor has said this of its positions, some time ago. */
export const strategySaying = (
  positions: Positions,
  spec: Partial<LiveStrategy["spec"]> = {},
  metadata: Partial<LiveStrategy["metadata"]> = {},
): LiveStrategy => ({
  ...strategyOf(spec, metadata),
  status: { executor: { positions } },
});

export const specOf = (change: Partial<ExecutorSpec> = {}): ExecutorSpec => ({
  namespace: "trading",
  name: "grid-atr",
  uid: "uid-1",
  generation: 3,
  kind: "grid_atr",
  timeframe: "1h",
  leverage: 5,
  assets: [{ symbol: "BTC/USDT:USDT", group: null, parameters: {} }],
  groupLimits: {},
  risk: {
    maxMarginRatio: 0.7,
    maxConcurrentPositions: 15,
    maxLiveGrids: 4,
    minFreeMarginPercent: 20,
    killSwitch: { sessionLossPercent: 25, action: "BlockEntries" },
  },
  exchange: {
    id: "bitget",
    environment: "Live",
    marginMode: "crossed",
    restUrl: "https://api.bitget.com",
    publicStreamUrl: "wss://ws.bitget.com/v2/ws/public",
    privateStreamUrl: "wss://ws.bitget.com/v2/ws/private",
    accountRequestsPerSecond: 10,
    publicRequestsPerSecond: 20,
  },
  desiredState: "Trading",
  killSwitchResetAt: null,
  logLevel: "info",
  ...change,
});

export const symbolOf = (change: Partial<SymbolStatus> = {}): SymbolStatus => ({
  symbol: "BTC/USDT:USDT",
  price: "100",
  priceAt: 0,
  lastCandleAt: 0,
  leverage: 5,
  blocked: null,
  settingsPending: false,
  cycle: null,
  resting: [],
  realizedPnl: "0",
  ...change,
});

export const restingOf = (): SymbolStatus["resting"] => [
  {
    clientOrderId: "c",
    level: 0,
    side: "buy",
    price: "99",
    size: "1",
    filled: "0",
    stop: "80",
    state: "Open",
  },
];

export const openCycleOf = (): NonNullable<SymbolStatus["cycle"]> => ({
  side: "long",
  openedAt: 0,
  levels: [{ level: 0, price: "100", size: "1", filledAt: 0 }],
  levelsMax: 3,
  averagePrice: "100",
  size: "1",
  leverage: 5,
  margin: "20",
  stop: { trigger: "80", planId: "p", confirmedAt: 0 },
  takeProfit: null,
  unrealizedPnl: "0",
  closing: null,
  adopted: false,
});

export const statusOf = (change: Partial<ExecutorStatus> = {}): ExecutorStatus => ({
  namespace: "trading",
  strategy: "grid-atr",
  strategyUid: "uid-1",
  kind: "grid_atr",
  version: "0",
  at: 0,
  startedAt: 0,
  generation: 3,
  connected: true,
  reconciled: true,
  reconciledAt: 0,
  protected: true,
  desiredState: "Trading",
  stopping: false,
  account: { exchange: "bitget", environment: "Live", uid: "1001", dedicatedKeys: true },
  balance: null,
  killSwitch: {
    engaged: false,
    reason: null,
    trippedAt: null,
    lastResetAt: null,
    sessionPnl: "0",
    baseCapital: null,
    lossPercent: 0,
    thresholdPercent: 25,
  },
  ledger: { fills: 0, realizedPnl: "0", fees: "0", wallet: null },
  epoch: 1,
  journalSequence: 0,
  unsettledOrders: 0,
  symbols: [symbolOf()],
  closedCycles: [],
  ...change,
});

export const answering = (change: Partial<ExecutorStatus> = {}) =>
  known(statusOf(change), millis(0));

export const workloadIn = (
  phase: Workload["phase"],
  { problem, drift = [] }: Partial<Pick<Workload, "problem" | "drift">> = {},
): Workload => {
  const url = phase === "Running" ? "http://127.0.0.1:1" : undefined;
  return { phase, url, address: url, problem, drift };
};

/** A strategy that is live, whose executor runs and trades. */
export const steady: Observed = {
  strategy: strategyOf(),
  liveTrading: true,
  spec: ok(specOf()),
  conflictsWith: undefined,
  sharedWith: [],
  workload: workloadIn("Running"),
  hasRemains: false,
  obstacle: undefined,
  executor: answering(),
  controlProblem: undefined,
};
