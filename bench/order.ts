/**
 * Closed candle to order request, as the executor itself counts it.
 *
 * The executor keeps a histogram whose sum is exact. It is read far more often than candles close, so
 * whenever its count has grown by one, the growth of the sum is that one sample.
 */

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { sleep } from "#base/clock.ts";
import { systemClock } from "#runtime/clock.ts";
import { findExecutor, newHome, readMetrics, startSession } from "./session.ts";
import type { Report } from "./table.ts";

const METRIC = "executor_candle_to_order_duration_seconds";
const POLL_MS = 100;
const DEMO = join(dirname(import.meta.dirname), "config", "demo");

export const benchOrder = async (forMs: number): Promise<Report> => {
  const home = newHome();
  const session = startSession("bundle", home, ["--dir", shortCandles(home), "--speed", "60"]);
  const executor = await findExecutor(session);
  const samplesByRequest = new Map<string, number[]>();
  let missed = 0;
  let before = await readTotals(executor);
  const until = systemClock.elapsed() + forMs;
  while (systemClock.elapsed() < until) {
    await sleep(systemClock, POLL_MS);
    const now = await readTotals(executor);
    for (const [request, { count, sum }] of now) {
      const last = before.get(request) ?? { count: 0, sum: 0 };
      if (count === last.count + 1) {
        samplesByRequest.set(request, [
          ...(samplesByRequest.get(request) ?? []),
          (sum - last.sum) * 1_000,
        ]);
      } else missed += count - last.count;
    }
    before = now;
  }
  await session.end();
  const note = missed === 0 ? "" : `${missed} more came two at once and are not in it`;
  const rows = [
    {
      name: "any first request",
      unit: "ms" as const,
      samples: [...samplesByRequest.values()].flat(),
    },
    ...[...samplesByRequest].map(([request, samples]) => ({
      name: `first request is a ${request}`,
      unit: "ms" as const,
      samples,
    })),
  ].map((row) => ({ ...row, note }));
  return { benchmark: "order", question: "push that ends a candle to first order request", rows };
};

/** The demo's grid with candles of a minute: at sixty times the speed one closes every second. */
const shortCandles = (home: string): string => {
  const folder = join(home, "manifests");
  mkdirSync(folder);
  const manifest = readFileSync(join(DEMO, "strategies", "grid-atr.yaml"), "utf8");
  writeFileSync(join(folder, "grid-atr.yaml"), manifest.replace("timeframe: 1h", "timeframe: 1m"));
  writeFileSync(join(folder, "assets.yaml"), readFileSync(join(DEMO, "assets.yaml")));
  return folder;
};

type Totals = ReadonlyMap<string, { readonly count: number; readonly sum: number }>;

const readTotals = async (executor: {
  readonly url: string;
  readonly token: string;
}): Promise<Totals> => {
  const samples = await readMetrics(executor, METRIC);
  const of = (part: string, request: string) =>
    samples.find(([name]) => name === `${METRIC}_${part}{request="${request}"}`)?.[1] ?? 0;
  return new Map(
    ["cancel", "entry", "exit"].map(
      (request) => [request, { count: of("count", request), sum: of("sum", request) }] as const,
    ),
  );
};
