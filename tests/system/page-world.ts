/** The fleet that the page is tested with: two executors that say what they are told, one paper strategy. */

import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { millis } from "#base/clock.ts";
import type { ExecutorStatus, OrderRecord } from "#crds/executor-status.ts";
import { openLocalFleet } from "#aggregator/local-fleet.ts";
import { startAggregator } from "#aggregator/start.ts";
import { aCycle, anOrder, aStatus, aSymbol, NOW } from "#aggregator/testing/fixtures.ts";
import { startScriptedExecutor } from "#aggregator/testing/scripted-executor.ts";
import { sessionClock, startSession } from "#runtime/clock.ts";
import { silentLogger } from "#runtime/log.ts";
import { openObjectStore } from "#runtime/object-store.ts";
import { secret } from "#runtime/secret.ts";

export const TOKEN = "a-page-token";
const EXECUTOR_TOKEN = "an-executor-token";

/** A session that runs at 60 times the machine's speed, on the day of a flash crash. */
export const startWorld = async (staticDir: string, onEnd: (end: () => Promise<void>) => void) => {
  const folder = mkdtempSync(join(tmpdir(), "session-"));
  const objects = openObjectStore(join(folder, "livestrategies"));
  const clock = sessionClock(startSession(millis(NOW), 60));
  const atr = await startScriptedExecutor(EXECUTOR_TOKEN);
  const multi = await startScriptedExecutor(EXECUTOR_TOKEN);
  onEnd(atr.close);
  onEnd(multi.close);
  const strategies = [
    { name: "grid-atr", kind: "grid_atr", url: atr.url, reason: "Trading" },
    { name: "grid-multi-tf", kind: "grid_multi_tf", url: multi.url, reason: "Trading" },
    { name: "grid-boltrend", kind: "grid_boltrend", url: undefined, reason: "PaperOnly" },
  ];
  const declare = (strategy: Declared) =>
    objects.put({ namespace: "trading", name: strategy.name }, manifest(strategy));
  for (const strategy of strategies) declare(strategy);

  /** What the operator does when an executor has ended: another process at another address. */
  const restartAtr = async () => {
    const again = await startScriptedExecutor(EXECUTOR_TOKEN);
    onEnd(again.close);
    declare({ name: "grid-atr", kind: "grid_atr", url: again.url, reason: "Trading" });
    return again;
  };

  const start = async (port: number) => {
    const started = await startAggregator(
      {
        host: "127.0.0.1",
        port,
        token: secret(TOKEN),
        executorToken: secret(EXECUTOR_TOKEN),
        staticDir,
        version: "0.1.0",
      },
      { fleet: openLocalFleet(folder), clock, log: silentLogger },
    );
    if (!started.ok) throw new Error(started.error);
    onEnd(started.value.close);
    return started.value;
  };
  const aggregator = await start(0);
  const patches = () => openObjectStore(join(folder, "patches")).list();
  return { clock, atr, multi, objects, aggregator, start, restartAtr, patches };
};

export type World = Awaited<ReturnType<typeof startWorld>>;

type Declared = {
  readonly name: string;
  readonly kind: string;
  readonly url: string | undefined;
  readonly reason: string;
};

const manifest = (strategy: Declared) => ({
  metadata: { namespace: "trading", name: strategy.name, uid: `uid-${strategy.name}` },
  spec: {
    enabled: true,
    liveEligible: strategy.url !== undefined,
    strategy: { kind: strategy.kind },
    timeframe: "1h",
    leverage: 6,
    assets: ["SOL", "BTC", "XRP", "ETH"].map((base) => ({ symbol: `${base}/USDT:USDT` })),
    exchange: { environment: "Emulator" },
  },
  status: {
    conditions: [
      {
        type: "Ready",
        status: strategy.url === undefined ? "False" : "True",
        reason: strategy.reason,
        message: strategy.url === undefined ? "liveEligible is false: it runs on paper." : "",
      },
    ],
    executor: { url: strategy.url },
  },
});

/** A status of this moment. Instants in the change are as the caller says. */
export const now = (
  world: World,
  strategy: string,
  change: Partial<ExecutorStatus> = {},
): ExecutorStatus => {
  const at = world.clock.now();
  const status = aStatus({ strategy, kind: strategy.replaceAll("-", "_"), at });
  return {
    ...status,
    account: { ...status.account, uid: strategy },
    reconciledAt: at,
    symbols: symbolsAt(at),
    closedCycles,
    ...change,
  };
};

const symbolsAt = (at: number): ExecutorStatus["symbols"] => [
  aSymbol({
    priceAt: at,
    cycle: aCycle({ stop: { trigger: "79.2", planId: "p", confirmedAt: at - 60_000 } }),
    resting: [restingOrder("r1", 2, "96", "79.2")],
  }),
  aSymbol({
    symbol: "BTC/USDT:USDT",
    price: "48211.4",
    priceAt: at,
    cycle: null,
    resting: [restingOrder("r2", 0, "47102.1", "37681.7"), restingOrder("r3", 1, "46350", "37080")],
    realizedPnl: "18.44",
  }),
  aSymbol({
    symbol: "XRP/USDT:USDT",
    price: "0.7421",
    priceAt: at,
    cycle: null,
    blocked: { reason: "cooldown", detail: "2 of 3 candles since the last close have passed" },
    realizedPnl: "0",
  }),
  aSymbol({
    symbol: "ETH/USDT:USDT",
    price: "3987.25",
    priceAt: at,
    cycle: null,
    realizedPnl: "-21.64",
  }),
];

const restingOrder = (clientOrderId: string, level: number, price: string, stop: string) => ({
  clientOrderId,
  level,
  side: "buy" as const,
  price,
  size: "10",
  filled: "0",
  stop,
  state: "Open" as const,
});

const closedCycles: ExecutorStatus["closedCycles"] = [
  {
    symbol: "BTC/USDT:USDT",
    side: "long",
    openedAt: NOW - 9_000_000,
    closedAt: NOW - 4_000_000,
    levels: 3,
    size: "0.06",
    averageEntry: "46874.333333333333",
    averageExit: "47211.9",
    fees: "1.8",
    netPnl: "18.44",
    reason: "tp_global",
  },
  {
    symbol: "ETH/USDT:USDT",
    side: "long",
    openedAt: NOW - 90_000_000,
    closedAt: NOW - 80_000_000,
    levels: 2,
    size: "0.5",
    averageEntry: "4102.25",
    averageExit: "4058.97",
    fees: "0.61",
    netPnl: "-21.64",
    reason: "signal_exit",
  },
];

export const orders: ReadonlyArray<OrderRecord> = [
  anOrder({
    at: NOW - 60_000,
    clientOrderId: "o4",
    level: 2,
    limit: "96",
    filled: "0",
    averagePrice: null,
    state: "Open",
  }),
  anOrder({ at: NOW - 3_600_000, clientOrderId: "o3", level: 1, limit: "98", averagePrice: "98" }),
  anOrder({ at: NOW - 5_400_000, clientOrderId: "o2" }),
  anOrder({
    at: NOW - 80_000_000,
    clientOrderId: "o1",
    symbol: "ETH/USDT:USDT",
    side: "sell",
    kind: "signal_exit",
    level: null,
    limit: null,
    size: "0.5",
    filled: "0.5",
    averagePrice: "4058.97",
  }),
];

export const everythingWell = (world: World) => {
  world.atr.say(() => now(world, "grid-atr"), orders);
  world.multi.say(() =>
    now(world, "grid-multi-tf", {
      symbols: symbolsAt(world.clock.now()).slice(1, 3),
      closedCycles: [],
    }),
  );
};
