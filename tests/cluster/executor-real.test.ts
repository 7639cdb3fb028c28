/**
 * The whole of one strategy: kubectl, API server, operator, the real executor, the real emulator. What
 * the exchange has written down is the witness: nothing is placed twice, no position is without a stop.
 */

import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { systemClock } from "#runtime/clock.ts";
import { createRealRuntime } from "./real-container.ts";
import { KEYS, startRealEmulator, type RealEmulator } from "./real-emulator.ts";
import { TOKEN } from "./scripted-executor.ts";
import { NAMESPACE, startStrategyWorld, type StrategyWorld } from "./strategy-world.ts";
import { until } from "./until.ts";

const TIMEOUT_MS = 150_000;
/** An entry is filled when the price gets there. */
const FILLED_WITHIN_MS = 60_000;
const NAME = "real";

let emulator: RealEmulator;
let world: StrategyWorld;
beforeAll(async () => {
  world = await startStrategyWorld({}, async (plane) => {
    emulator = await startRealEmulator(plane);
    return {
      runtime: createRealRuntime(plane, { env: emulator.env }),
      options: { emulator: emulator.urls },
    };
  });
}, 120_000);
afterAll(async () => {
  await emulator.stop();
  await world.close();
}, 60_000);

/** As in the demo: close levels, so that something happens within seconds. */
const change = {
  onStop: "Flatten",
  strategy: {
    kind: "grid_atr",
    gridAtr: {
      maPeriod: 7,
      atrPeriod: 14,
      atrMultiplierStart: 1,
      atrMultiplierStep: 0.75,
      numLevels: 3,
      slPercent: 15,
      sides: ["long"],
      cooldownCandles: 1,
    },
  },
  leverage: 3,
  assets: ["BTC", "ETH", "SOL", "XRP"].map((base) => ({ symbol: `${base}/USDT:USDT` })),
};

const makeSecret = async (name: string, stringData: Readonly<Record<string, string>>) => {
  const path = `/api/v1/namespaces/${NAMESPACE}/secrets`;
  const { status } = await world.plane.call("POST", path, { metadata: { name }, stringData });
  expect(status).toBe(201);
};

const positions = () => {
  const [books] = [...emulator.audit().books.values()];
  return [...(books?.positions.keys() ?? [])];
};

const untilHolding = async (): Promise<void> => {
  await until("a position is open", () => positions().length > 0, FILLED_WITHIN_MS);
  await until("the strategy shows it", async () => {
    const { summary, conditions = [] } = (await world.get(NAME)).status;
    const isSafe = conditions.some(({ type, status }) => type === "Protected" && status === "True");
    return isSafe && summary?.position !== undefined && summary.position !== "flat";
  });
};

test(
  "a strategy is applied, gets its keys, trades, is steered, replaced and deleted",
  async () => {
    await world.apply(NAME, change);
    await until("its pod is there", async () => (await world.pods(NAME)).length === 1);
    await makeSecret("scalp-executor-token", { token: TOKEN });
    const waiting = await world.untilReady(NAME, "ExecutorWaiting");
    expect(waiting.says("Ready").message).toContain("apiKey");
    await makeSecret(NAME, KEYS);
    const trading = await world.untilReady(NAME, "Trading");
    expect(trading.status.account?.dedicatedKeys).toBe(true);
    await untilHolding();

    const resetAt = new Date(systemClock.now()).toISOString();
    await world.patch(NAME, { killSwitch: { resetAt }, desiredState: "Reducing" });
    await world.untilReady(NAME, "Reducing");
    await world.patch(NAME, { desiredState: "Flat" });
    await world.untilReady(NAME, "Flat");
    await until("everything is closed", () => positions().length === 0);
    await until(
      "the strategy shows it",
      async () => (await world.get(NAME)).status.summary?.position === "flat",
    );

    await world.patch(NAME, { desiredState: "Trading" });
    await world.untilReady(NAME, "Trading");
    await untilHolding();
    const [pod = ""] = await world.pods(NAME);
    await world.kubectl("delete", "pod", pod);
    await until("another pod is there", async () => {
      const [next] = await world.pods(NAME);
      return next !== undefined && next !== pod;
    });
    await world.untilReady(NAME, "Trading");
    await untilHolding();

    await world.kubectl("delete", "lstrat", NAME, "--wait=false");
    await world.untilGone(NAME);
    expect(positions()).toEqual([]);
    expect(world.events(NAME).map(({ reason }) => reason)).not.toContain("PositionsLeft");
    await until("its pod is gone", async () => (await world.pods(NAME)).length === 0);

    const audit = emulator.audit();
    expect(audit.fills.length).toBeGreaterThanOrEqual(4);
    expect(audit.doubledClientIds).toEqual([]);
    expect(audit.nakedIntervals).toEqual([]);
  },
  TIMEOUT_MS,
);
