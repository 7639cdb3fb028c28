import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { millis } from "#base/clock.ts";
import { assets } from "../assets.ts";
import { contractSymbol, HOUR_MS, MINUTE_MS } from "./path.ts";
import { createProcessPath } from "./process.ts";
import { withShocks, type Shock } from "./shocks.ts";

const anchor = millis(Date.UTC(2026, 10, 21));
const btc = contractSymbol("BTCUSDT");
const eth = contractSymbol("ETHUSDT");
const path = createProcessPath({ seed: 1, anchor, assets: assets.slice(0, 2) });
const at = millis(anchor + 10 * MINUTE_MS);

const shocked = (shock: Partial<Shock> = {}) =>
  withShocks(path, [{ symbol: btc, percent: -10, at, durationMs: 60_000, ...shock }]);

const ratio = (after: Shock, symbol: typeof btc, when: number) =>
  (withShocks(path, [after]).ticksAt(symbol, millis(when)) ?? NaN) /
  (path.ticksAt(symbol, millis(when)) ?? NaN);

test("before the shock nothing has changed, after it everything has, for good", () => {
  const shock: Shock = { symbol: btc, percent: -10, at, durationMs: 60_000 };
  expect(ratio(shock, btc, at - 1_000)).toBe(1);
  expect(ratio(shock, btc, at + 30_000)).toBeCloseTo(0.95, 4);
  expect(ratio(shock, btc, at + 60_000)).toBeCloseTo(0.9, 4);
  expect(ratio(shock, btc, at + 30 * HOUR_MS)).toBeCloseTo(0.9, 4);
});

test("a shock of one symbol leaves the others, a shock of all leaves none", () => {
  const one: Shock = { symbol: btc, percent: 5, at, durationMs: 0 };
  expect(ratio(one, eth, at + 1_000)).toBe(1);
  expect(ratio({ ...one, symbol: "all" }, eth, at)).toBe(1);
  expect(ratio({ ...one, symbol: "all" }, eth, at + 1_000)).toBeCloseTo(1.05, 4);
});

test("candles over a shock are the candles of its seconds", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: -50, max: 50 }),
      fc.integer({ min: 0, max: 200_000 }),
      fc.integer({ min: -200, max: 200 }),
      fc.integer({ min: 1, max: 900 }),
      (percent, durationMs, startSecond, seconds) => {
        const moved = shocked({ percent, durationMs, at: millis(at + 250) });
        const from = millis(at + startSecond * 1_000);
        const samples = Array.from(
          { length: seconds },
          (_, second) => moved.ticksAt(btc, millis(from + second * 1_000)) ?? NaN,
        );
        const bar = moved.aggregate(btc, from, millis(from + seconds * 1_000));
        expect(bar?.open).toBe(samples[0]);
        expect(bar?.high).toBe(Math.max(...samples));
        expect(bar?.low).toBe(Math.min(...samples));
        expect(bar?.close).toBe(samples.at(-1));
      },
    ),
    { numRuns: 60 },
  );
});

test("no shock makes a price of nothing", () => {
  const ruin = shocked({ percent: -99.9999, durationMs: 0 });
  expect(ruin.ticksAt(btc, millis(at + 1_000))).toBeGreaterThanOrEqual(1);
});
