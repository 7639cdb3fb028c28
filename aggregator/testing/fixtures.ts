/** A small fleet in plain values, for tests: one strategy that trades, and ways to vary it. */

import { millis } from "#base/clock.ts";
import type { ExecutorStatus, OrderRecord } from "#crds/executor-status.ts";
import { displayNames, fleetKeyText, type FleetMember } from "../fleet.ts";
import type { FleetView, OpenCycle, Strategy } from "../view.ts";

/** 2021-12-04T05:00:00Z, an hour into a flash crash. */
export const NOW = Date.UTC(2021, 11, 4, 5);

export const aMember = (change: Partial<FleetMember> = {}): FleetMember => {
  const name = change.name ?? "grid-atr";
  return {
    namespace: "trading",
    name,
    uid: `uid-${name}`,
    kind: "grid_atr",
    enabled: true,
    liveEligible: true,
    environment: "Emulator",
    timeframe: "1h",
    leverage: 6,
    symbols: ["SOL/USDT:USDT", "BTC/USDT:USDT"],
    conditions: [{ type: "Ready", status: "True", reason: "Trading", message: "it trades" }],
    executorUrl: "http://127.0.0.1:1",
    ...change,
  };
};

/** The example of the old API: two levels of SOL at 100 and 98, ten each, price 100. */
export const aCycle = (change: Partial<OpenCycle> = {}): OpenCycle => ({
  side: "long",
  openedAt: NOW - 5_400_000,
  levels: [
    { level: 0, price: "100", size: "10", filledAt: NOW - 5_400_000 },
    { level: 1, price: "98", size: "10", filledAt: NOW - 3_600_000 },
  ],
  levelsMax: 3,
  averagePrice: "99",
  size: "20",
  leverage: 6,
  margin: "330",
  stop: { trigger: "79.2", planId: "p1", confirmedAt: NOW - 2_000 },
  takeProfit: { trigger: "101.5", planId: "p2", confirmedAt: NOW - 2_000 },
  unrealizedPnl: "20",
  closing: null,
  adopted: false,
  ...change,
});

type SymbolStatus = ExecutorStatus["symbols"][number];

export const aSymbol = (change: Partial<SymbolStatus> = {}): SymbolStatus => ({
  symbol: "SOL/USDT:USDT",
  price: "100",
  priceAt: NOW - 500,
  lastCandleAt: NOW,
  leverage: 6,
  blocked: null,
  settingsPending: false,
  cycle: aCycle(),
  resting: [],
  realizedPnl: "-3.2",
  ...change,
});

export const aStatus = (change: Partial<ExecutorStatus> = {}): ExecutorStatus => {
  const strategy = change.strategy ?? "grid-atr";
  return {
    namespace: "trading",
    strategy,
    strategyUid: `uid-${strategy}`,
    kind: "grid_atr",
    version: "0.1.0",
    at: NOW,
    startedAt: NOW - 7_200_000,
    generation: 1,
    connected: true,
    reconciled: true,
    reconciledAt: NOW - 60_000,
    protected: true,
    desiredState: "Trading",
    stopping: false,
    account: { exchange: "bitget", environment: "Emulator", uid: "100", dedicatedKeys: true },
    balance: { equity: "1646", available: "1316", wallet: "1626", at: NOW - 1_000 },
    killSwitch: {
      engaged: false,
      reason: null,
      trippedAt: null,
      lastResetAt: null,
      sessionPnl: "-3.2",
      baseCapital: "1600",
      lossPercent: 0.2,
      thresholdPercent: 25,
    },
    ledger: { fills: 4, realizedPnl: "-2.5", fees: "0.7", wallet: "1626" },
    epoch: 1,
    journalSequence: 42,
    unsettledOrders: 1,
    symbols: [aSymbol()],
    closedCycles: [],
    ...change,
  };
};

export const aTrip = (change: Partial<ExecutorStatus["killSwitch"]> = {}) => ({
  ...aStatus().killSwitch,
  engaged: true,
  reason: "session loss 26.1% >= 25%",
  trippedAt: NOW - 840_000,
  sessionPnl: "-417.6",
  lossPercent: 26.1,
  ...change,
});

export const anOrder = (change: Partial<OrderRecord> = {}): OrderRecord => ({
  at: NOW,
  clientOrderId: "ga-1-1",
  symbol: "SOL/USDT:USDT",
  side: "buy",
  kind: "entry",
  level: 0,
  limit: "100",
  size: "10",
  filled: "10",
  averagePrice: "100",
  fee: "0.2",
  state: "Filled",
  strategy: "grid-atr",
  ...change,
});

type StrategyChange = Partial<Omit<Strategy, "member" | "heard">> & {
  readonly member?: Partial<FleetMember>;
  /** `undefined` for an executor that has never answered. */
  readonly status?: ExecutorStatus | undefined;
  readonly orders?: ReadonlyArray<OrderRecord>;
};

export const aStrategy = (change: StrategyChange = {}): Strategy => {
  const { member: memberChange, status, orders = [], ...rest } = change;
  const member = aMember(memberChange);
  const said = "status" in change ? status : aStatus({ strategy: member.name });
  return {
    key: fleetKeyText(member),
    display: member.name,
    member,
    heard: said && {
      status: said,
      orders,
      ordersProblem: undefined,
      receivedAt: millis(NOW),
      ageMs: 100,
    },
    freshness: said === undefined ? "Offline" : "Live",
    problem: said === undefined ? "the executor has not answered yet" : undefined,
    knownForMs: 60_000,
    ...rest,
  };
};

export const aView = (...strategies: ReadonlyArray<Strategy>): FleetView => {
  const names = displayNames(strategies.map(({ member }) => member));
  return {
    at: millis(NOW),
    speed: 1,
    problems: [],
    strategies: strategies.map((each) => called(each, names.get(each.key) ?? each.key)),
  };
};

const called = (strategy: Strategy, display: string): Strategy => ({ ...strategy, display });
