/** The flash crash of 2021-12-04 on recorded candles, in process, at several networks' chances. */

import { expect, test } from "@jest/globals";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { millis } from "#base/clock.ts";
import type { PricePath } from "#exchange/emulator/prices/path.ts";
import { createRecordedPath } from "#exchange/emulator/prices/recorded.ts";
import { readRecordings } from "#exchange/emulator/recordings.ts";
import { processEnv } from "#runtime/env.ts";
import { runReplay } from "./replay.ts";
import { busySpec } from "./testing/specs.ts";
import { crimes, ledgerDifferences, logOf } from "./testing/witnesses.ts";

const folder = join(processEnv()["GOLDEN_DIR"] ?? "../shared/golden", "public", "data");
const from = millis(Date.UTC(2021, 11, 4));
const to = millis(Date.UTC(2021, 11, 4, 7));
const SEED = 7;
const LEVELS = 3;

/** The parameters of the real strategy, at its leverage: the crash goes through its stops. */
const spec = busySpec(
  ["BTC", "ETH", "SOL", "XRP"],
  { timeframe: "1h", leverage: 7 },
  {
    maPeriod: 14,
    atrPeriod: 14,
    atrMultiplierStart: 2,
    atrMultiplierStep: 1,
    numLevels: LEVELS,
    slPercent: 20,
    cooldownCandles: 3,
  },
);

/** Read once, for both rules. */
const recorded = (): PricePath | undefined => {
  if (!existsSync(folder)) return undefined;
  const recordings = readRecordings(folder);
  if (!recordings.ok) throw new Error(recordings.error);
  const path = createRecordedPath(recordings.value, { from, seed: SEED });
  if (!path.ok) throw new Error(path.error);
  return path.value;
};
const path = recorded();
if (path === undefined) process.stderr.write(`skipped: no recorded candles in ${folder}\n`);

for (const presetStop of ["order", "position"] as const) {
  test(`the recorded crash is traded through, every cycle closed or behind its stop, preset stops being of the ${presetStop}`, async () => {
    if (path === undefined) return;
    const options = { path, spec, from, to, seed: SEED, balance: "10000" };
    const { executor, account, events } = await runReplay({ ...options, switches: { presetStop } });
    const status = executor.status();
    expect(status.ledger.fills).toBeGreaterThan(5);
    expect(status.closedCycles.length).toBeGreaterThan(0);
    const open = status.symbols.flatMap(({ cycle }) => cycle ?? []);
    expect(open.filter(({ stop }) => stop === null)).toEqual([]);
    expect(status).toMatchObject({ protected: true, reconciled: true, unsettledOrders: 0 });
    expect(ledgerDifferences(status, account)).toEqual([]);
    expect(crimes(logOf(events), LEVELS)).toEqual([]);
  });
}
