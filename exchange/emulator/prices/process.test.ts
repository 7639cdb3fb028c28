import { expect, test } from "@jest/globals";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { millis } from "#base/clock.ts";
import { processEnv } from "#runtime/env.ts";
import { assets } from "../assets.ts";
import { readRecordings } from "../recordings.ts";
import { contractSymbol, DAY_MS, HOUR_MS, MINUTE_MS, type PricePath } from "./path.ts";
import { createProcessPath } from "./process.ts";
import { createRecordedPath } from "./recorded.ts";
import { correlationOf, measureRestlessness, returnsOf } from "./statistics.ts";

const anchor = millis(Date.UTC(2026, 10, 21, 9, 30));
const btc = contractSymbol("BTCUSDT");
const four = assets.slice(0, 4);

const hourlyReturns = (path: PricePath, symbol: typeof btc, hours: number) =>
  returnsOf(
    Array.from({ length: hours }, (_, hour) => {
      const from = millis(path.start + hour * HOUR_MS);
      return path.aggregate(symbol, from, millis(from + HOUR_MS))?.close ?? NaN;
    }),
  );

test("the same seed and anchor make the same prices, in whatever order they are asked for", () => {
  const first = createProcessPath({ seed: 7, anchor });
  const second = createProcessPath({ seed: 7, anchor });
  const instants = [40, 3, 12, 3, 0].map((day) => millis(anchor + day * DAY_MS + 61_000));
  const ahead = instants.map((at) => first.ticksAt(btc, at));
  const back = instants.toReversed().map((at) => second.ticksAt(btc, at));
  expect(ahead).toEqual(back.toReversed());
  const other = createProcessPath({ seed: 8, anchor });
  expect(instants.map((at) => other.ticksAt(btc, at))).not.toEqual(ahead);
});

test("thirty days of history lie before the session", () => {
  const path = createProcessPath({ seed: 1, anchor });
  expect(anchor - path.start).toBeGreaterThanOrEqual(30 * DAY_MS);
  expect(path.ticksAt(btc, path.start)).toBeGreaterThan(0);
  expect(path.ticksAt(btc, millis(path.start - 1))).toBeUndefined();
  expect(path.symbols).toHaveLength(20);
});

test("hours are made of minutes, minutes of seconds, and nothing jumps between candles", () => {
  const path = createProcessPath({ seed: 3, anchor });
  const hour = path.aggregate(btc, anchor, millis(anchor + HOUR_MS));
  const seconds = Array.from(
    { length: 3_600 },
    (_, second) => path.ticksAt(btc, millis(anchor + second * 1_000)) ?? NaN,
  );
  expect(hour?.open).toBe(seconds[0]);
  expect(hour?.close).toBe(seconds.at(-1));
  expect(hour?.high).toBe(Math.max(...seconds));
  expect(hour?.low).toBe(Math.min(...seconds));
  const midnight = millis(Math.ceil(anchor / DAY_MS) * DAY_MS);
  const before = path.aggregate(btc, millis(midnight - MINUTE_MS), midnight);
  const after = path.aggregate(btc, midnight, millis(midnight + MINUTE_MS));
  expect(after?.open).toBe(before?.close);
});

test("another asset changes nothing for the others", () => {
  const few = createProcessPath({ seed: 5, anchor, assets: four });
  const all = createProcessPath({ seed: 5, anchor });
  expect(few.ticksAt(btc, anchor)).toBe(all.ticksAt(btc, anchor));
});

test("years lie ahead", () => {
  const path = createProcessPath({ seed: 2, anchor, assets: assets.slice(0, 1) });
  const later = path.ticksAt(btc, millis(anchor + 3 * 365 * DAY_MS)) ?? 0;
  const price = later / 10;
  expect(price).toBeGreaterThan(2_000);
  expect(price).toBeLessThan(2_000_000);
});

/** Bands wide enough for the luck of 120 days, narrow enough to notice a wrong constant. */
test("hourly returns are as restless, as clustered and as correlated as real ones", () => {
  const seeds = [1, 2, 3, 4];
  const hours = 120 * 24;
  const paths = seeds.map((seed) => createProcessPath({ seed, anchor, assets: four }));
  const mean = (values: ReadonlyArray<number>) =>
    values.reduce((sum, value) => sum + value, 0) / values.length;
  const returns = paths.map((path) =>
    path.symbols.map((symbol) => hourlyReturns(path, symbol, hours)),
  );
  const measured = returns.map((symbols) => symbols.map(measureRestlessness));
  const lines = four.map(({ base, hourlyDeviation }, index) => {
    const own = measured.map((symbols) => symbols[index]).filter((m) => m !== undefined);
    const deviation = mean(own.map((m) => m.deviation));
    const kurtosis = mean(own.map((m) => m.kurtosis));
    const clusters = [1, 6, 24].map((lag) => mean(own.map((m) => m.clustering(lag))));
    expect(Math.abs(deviation / hourlyDeviation - 1)).toBeLessThan(0.25);
    expect(kurtosis).toBeGreaterThan(4.5);
    expect(kurtosis).toBeLessThan(16);
    expect(clusters[0]).toBeGreaterThan(0.1);
    expect(clusters[0]).toBeLessThan(0.32);
    expect(clusters[2]).toBeGreaterThan(0.01);
    return `${base} made: ${describe(deviation, kurtosis, clusters)}`;
  });
  const pairs = returns.map(([a = [], b = [], c = []]) => [
    correlationOf(a, b),
    correlationOf(a, c),
  ]);
  const correlations = [mean(pairs.map(([p = 0]) => p)), mean(pairs.map(([, p = 0]) => p))];
  expect(correlations[0]).toBeGreaterThan(0.8);
  expect(correlations[1]).toBeGreaterThan(0.6);
  expect(correlations[1]).toBeLessThan(0.85);
  const found = correlations.map((value) => value.toFixed(2)).join(" ");
  process.stdout.write(
    [...lines, `BTC with ETH, SOL made: ${found}`, ...recorded()].join("\n") + "\n",
  );
});

const describe = (deviation: number, kurtosis: number, clusters: ReadonlyArray<number>) =>
  `deviation ${(deviation * 100).toFixed(3)} %, kurtosis ${kurtosis.toFixed(1)}, |r| after 1, 6, 24 h ${clusters.map((value) => value.toFixed(2)).join(" ")}`;

const recorded = (): ReadonlyArray<string> => {
  const folder = join(processEnv()["GOLDEN_DIR"] ?? "../shared/golden", "public", "data");
  if (!existsSync(folder)) return [`skipped the recorded ones: no ${folder}`];
  const recordings = readRecordings(folder);
  if (!recordings.ok) return [recordings.error];
  const from = millis(Date.UTC(2021, 10, 1));
  const path = createRecordedPath(
    recordings.value.filter(({ file }) => file.includes("_1h.")),
    { from, seed: 1 },
  );
  if (!path.ok) return [path.error];
  const returns = path.value.symbols.map((symbol) => hourlyReturns(path.value, symbol, 2_880));
  const lines = path.value.symbols.map((symbol, index) => {
    const m = measureRestlessness(returns[index] ?? []);
    return `${symbol} recorded: ${describe(m.deviation, m.kurtosis, [1, 6, 24].map(m.clustering))}`;
  });
  const [a = [], b = [], c = []] = returns;
  const found = [correlationOf(a, b), correlationOf(a, c)].map((value) => value.toFixed(2));
  return [...lines, `BTC with ETH, SOL recorded: ${found.join(" ")}`];
};
