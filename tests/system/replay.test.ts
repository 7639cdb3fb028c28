/**
 * Recorded candles twice: by real processes over sockets on a clock that runs sixty times faster, and
 * in this process on virtual time. Both must make the same trades, second by second.
 */

import { expect, test } from "@jest/globals";
import { existsSync, globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { millis } from "#base/clock.ts";
import { executorSpec } from "#crds/executor-spec.ts";
import { createRecordedPath } from "#exchange/emulator/prices/recorded.ts";
import { readRecordings } from "#exchange/emulator/recordings.ts";
import { processEnv } from "#runtime/env.ts";
import { runReplay } from "#simulation/replay.ts";
import { auditOf, is, newHome, sessionFolder, up } from "./session.ts";

const TIMEOUT_MS = 120_000;
const SEED = 36;
const golden = processEnv()["GOLDEN_DIR"] ?? join("..", "shared", "golden");
const data = join(golden, "public", "data");
const hasData = existsSync(data);
if (!hasData) process.stderr.write(`replay: skips, no recorded candles in ${data}\n`);

const session = z.object({
  from: z.number().transform(millis),
  reservedUntil: z.number().transform(millis),
});

/** One trade, without the ids, which are nobody's decision. */
type Trade = readonly [at: number, symbol: string, side: string, price: string, size: string];

const inProcess = async (folder: string): Promise<ReadonlyArray<Trade>> => {
  const [specFile = ""] = globSync(join(folder, "executors", "grid-atr-*", "spec.json"));
  const spec = executorSpec.parse(JSON.parse(readFileSync(specFile, "utf8")));
  const text = readFileSync(join(folder, "session.json"), "utf8");
  const { from, reservedUntil: to } = session.parse(JSON.parse(text));
  const recordings = readRecordings(data);
  if (!recordings.ok) throw new Error(recordings.error);
  const path = createRecordedPath(recordings.value, { from, seed: SEED });
  if (!path.ok) throw new Error(path.error);
  const options = { path: path.value, spec, from, to, seed: SEED, balance: "10000" };
  const { events } = await runReplay(options);
  return events.flatMap((event): ReadonlyArray<Trade> => {
    if (event.kind !== "OrderFilled") return [];
    const { symbol, side, price, size } = event.fill;
    return [[event.at, symbol, side, price.toFixed(), size.toFixed()]];
  });
};

const replays = hasData ? test : (_name: string, _run: () => unknown, _timeout: number) => {};

test("the recorded candles are found where everything is meant to run", () => {
  expect(hasData || processEnv()["CI"] !== "true").toBe(true);
});

replays(
  "real processes and virtual time make the same trades of the same recorded candles",
  async () => {
    const home = newHome();
    const flags = ["--data", data, "--from", "2021-12-04T00:00Z", "--seed", String(SEED)];
    const run = up(["--home", home, ...flags, "--speed", "60", "--for", "52s"]);
    expect(await run.ended).toBe(0);
    expect(await run.until(is("ledger"))).toMatchObject({ equal: true, differences: [] });

    const audit = auditOf(home);
    expect(audit.doubledClientIds).toEqual([]);
    expect(audit.nakedIntervals).toEqual([]);
    const trades = audit.fills.map(({ at, symbol, side, price, size }): Trade => [
      at,
      symbol,
      side,
      price,
      size,
    ]);
    expect(trades.length).toBeGreaterThan(2);
    expect(trades).toEqual(await inProcess(sessionFolder(home)));
  },
  TIMEOUT_MS,
);
