/**
 * A whole emulator for a test: real sockets on a free port, recorded candles of the test's own
 * making (one a minute), and a clock that stands still until the test moves it.
 */

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { millis } from "#base/clock.ts";
import { systemClock } from "#runtime/clock.ts";
import { silentLogger } from "#runtime/log.ts";
import { startEmulator, type Emulator } from "./emulator.ts";

/** From that minute on the price is there; the minute itself is the way. Minutes of the session. */
export type Script = ReadonlyArray<readonly [minute: number, price: number]>;

export type ScriptedHouse = {
  readonly emulator: Emulator;
  /** Sets the clock, in minutes of the session, and has the market played up to it. */
  readonly goTo: (minute: number) => Promise<void>;
  readonly now: () => number;
};

export const SCRIPT_BEGINS = Date.UTC(2026, 10, 21, 12);
/** The data begins an hour before the session and ends ten hours after. */
const HISTORY_MINUTES = 60;
const SESSION_MINUTES = 600;
const MINUTE_MS = 60_000;
/** Away from the full second, so that no test depends on which side of it something happens. */
const BETWEEN_SECONDS_MS = 500;

export const scriptedHouse = async (
  { script, accounts }: { readonly script: Script; readonly accounts: ReadonlyArray<string> },
  use: (house: ScriptedHouse) => Promise<void>,
): Promise<void> => {
  const dataDir = mkdtempSync(join(tmpdir(), "emulator-data-"));
  mkdirSync(dataDir, { recursive: true });
  writeFileSync(join(dataDir, "BTCUSDT_1m.csv"), candlesOf(script));
  let instant = SCRIPT_BEGINS + BETWEEN_SECONDS_MS;
  const clock = { ...systemClock, now: () => millis(instant) };
  const from = millis(SCRIPT_BEGINS);
  const place = { host: "127.0.0.1", port: 0, stateDir: undefined };
  const options = { ...place, dataDir, from, seed: 3, accounts };
  const started = await startEmulator(options, { clock, log: silentLogger });
  if (!started.ok) throw new Error(started.error);
  const emulator = started.value;
  const goTo = async (minute: number): Promise<void> => {
    instant = SCRIPT_BEGINS + minute * MINUTE_MS + BETWEEN_SECONDS_MS;
    await askControl(emulator, "/time");
  };
  try {
    await use({ emulator, goTo, now: () => instant });
  } finally {
    await emulator.close();
    rmSync(dataDir, { recursive: true });
  }
};

const candlesOf = (script: Script): string => {
  const rows = ["timestamp,open,high,low,close,volume"];
  let [[, price] = [0, 1]] = script;
  for (let minute = -HISTORY_MINUTES; minute < SESSION_MINUTES; minute += 1) {
    const next = script.findLast(([from]) => from <= minute)?.[1] ?? price;
    const bar = [price, Math.max(price, next), Math.min(price, next), next, 60];
    rows.push([SCRIPT_BEGINS + minute * MINUTE_MS, ...bar].join(","));
    price = next;
  }
  return rows.join("\n");
};

export type ControlAnswer = { readonly status: number; readonly text: string };

export const askControl = async (
  { restUrl }: Pick<Emulator, "restUrl">,
  path: string,
  init: RequestInit = {},
): Promise<ControlAnswer> => {
  const response = await fetch(`${restUrl}/emulator/v1${path}`, init);
  return { status: response.status, text: await response.text() };
};
