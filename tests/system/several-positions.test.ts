/**
 * Several positions of one strategy at once, in real processes: opened and closed by test orders, so
 * that the test and not the market says which. The grid itself lies too far away to fill.
 */

import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { apiOf, type Api, type FleetStatus } from "./api.ts";
import { auditOf, isReady, newHome, up, type Run } from "./session.ts";

const TIMEOUT_MS = 120_000;
const home = newHome();
const runs: Run[] = [];
let api: Api;

/** The demo's live strategy, patient. */
const manifests = (): string => {
  const folder = newHome();
  copyFileSync(join("config", "demo", "assets.yaml"), join(folder, "assets.yaml"));
  const text = readFileSync(join("config", "demo", "strategies", "grid-atr.yaml"), "utf8");
  const patient = text
    .replace("atrMultiplierStart: 1\n", "atrMultiplierStart: 30\n      minProfitPct: 10\n")
    .replace("slPercent: 15", "slPercent: 40");
  writeFileSync(join(folder, "grid-atr.yaml"), patient);
  return folder;
};
const folder = manifests();

const start = async (): Promise<Run> => {
  const run = up(["--home", home, "--dir", folder]);
  runs.push(run);
  await run.until(isReady("grid-atr", "Trading"));
  api = await apiOf(run);
  await api.pushed(({ connected }) => connected);
  return run;
};

beforeAll(start, TIMEOUT_MS);
afterAll(() => runs.forEach((run) => run.kill("SIGKILL")));

const trade = async (what: "test-trade" | "test-close", symbol: string): Promise<number> => {
  const [status] = await api.ask(`/api/executor/${what}?symbol=${symbol}`, "POST");
  return status;
};
const symbolsOf = ({ positions }: FleetStatus) =>
  positions.map(({ symbol }) => symbol.replace(":USDT", "")).toSorted();
const isHolding =
  (...symbols: ReadonlyArray<string>) =>
  (status: FleetStatus): boolean =>
    symbolsOf(status).join() === symbols.join() &&
    status.positions.every(({ sl_price: stop }) => stop !== null);

test(
  "two symbols are open at the same time, each with a stop that the exchange has confirmed",
  async () => {
    expect(await trade("test-trade", "BTC/USDT")).toBe(202);
    expect(await trade("test-trade", "ETH/USDT")).toBe(202);
    const { positions } = await api.pushed(isHolding("BTC/USDT", "ETH/USDT"));
    expect(positions.map(({ strategy_name: name }) => name)).toEqual(["grid-atr", "grid-atr"]);
  },
  TIMEOUT_MS,
);

test("an open symbol is not opened again", async () => {
  expect(await trade("test-trade", "BTC/USDT")).toBe(409);
});

test(
  "after a restart both are there again, with their stops",
  async () => {
    const [run] = runs;
    run?.kill("SIGTERM");
    expect(await run?.ended).toBe(0);
    await start();
    await api.pushed(isHolding("BTC/USDT", "ETH/USDT"));
  },
  TIMEOUT_MS,
);

test(
  "closing one leaves the other",
  async () => {
    expect(await trade("test-close", "BTC/USDT")).toBe(202);
    await api.pushed(isHolding("ETH/USDT"));
    expect(await trade("test-close", "BTC/USDT")).toBe(409);
  },
  TIMEOUT_MS,
);

test(
  "at the end nothing was placed twice and no position had been without its stop",
  async () => {
    const run = runs.at(-1);
    run?.kill("SIGTERM");
    expect(await run?.ended).toBe(0);
    const audit = auditOf(home);
    expect(audit.fills).toHaveLength(3);
    expect(audit.doubledClientIds).toEqual([]);
    expect(audit.nakedIntervals).toEqual([]);
  },
  TIMEOUT_MS,
);
