import { expect, test } from "@jest/globals";
import { marketRegime, type MarketRegime, type RegimeInputs } from "./market-regime.ts";

const calm: RegimeInputs = { adx: 30, plusDi: 30, minusDi: 20, atr: 1, atrSma: 1 };

test.each<[Partial<RegimeInputs>, MarketRegime]>([
  [{}, "TRENDING_UP"],
  [{ plusDi: 20 }, "TRENDING_DOWN"],
  [{ plusDi: 10 }, "TRENDING_DOWN"],
  [{ adx: 25 }, "RANGING"],
  [{ adx: 25.000_000_1 }, "TRENDING_UP"],
  [{ atr: 2 }, "TRENDING_UP"],
  [{ atr: 2.000_000_1 }, "HIGH_VOLATILITY"],
  [{ atr: 0.5 }, "TRENDING_UP"],
  [{ atr: 0.4999 }, "LOW_VOLATILITY"],
  [{ atr: 3, atrSma: 0 }, "TRENDING_UP"],
  [{ atr: 3, adx: Number.NaN }, "RANGING"],
  [{ atr: 3, atrSma: Number.NaN }, "RANGING"],
])("%j is %s", (changed, expected) => {
  expect(marketRegime({ ...calm, ...changed })).toBe(expected);
});
