import { expect, test } from "@jest/globals";
import fc from "fast-check";
import type { StrategyKind } from "#trading/strategy.ts";
import { parameterTables } from "./parameters.ts";
import { bindStrategy } from "./registry.ts";

const kinds: ReadonlyArray<StrategyKind> = ["grid_atr", "grid_multi_tf", "grid_boltrend"];

const errorOf = (kind: StrategyKind, parameters: Readonly<Record<string, unknown>>): string => {
  const bound = bindStrategy(kind, "1h", parameters);
  return bound.ok ? "bound" : bound.error;
};

test.each(kinds)("%s can be bound with its defaults alone", (kind) => {
  const bound = bindStrategy(kind, "1h", {});
  expect(bound).toMatchObject({ ok: true, value: { kind, timeframe: "1h", maxLevels: 3 } });
});

test.each<[StrategyKind, Readonly<Record<string, unknown>>, string]>([
  ["grid_atr", { maPeriod: 1 }, "maPeriod is 1; it must be a whole number, at least 2, at most 50"],
  [
    "grid_atr",
    { maPeriod: 7.5 },
    "maPeriod is 7.5; it must be a whole number, at least 2, at most 50",
  ],
  [
    "grid_atr",
    { maPeriod: "7" },
    'maPeriod is "7"; it must be a whole number, at least 2, at most 50',
  ],
  ["grid_atr", { slPercent: 100 }, "slPercent is 100; it must be a number, above 0, below 100"],
  ["grid_atr", { slPercent: 0 }, "slPercent is 0; it must be a number, above 0, below 100"],
  ["grid_atr", { slPercent: null }, "slPercent is null; it must be a number, above 0, below 100"],
  [
    "grid_atr",
    { minAtrPct: Number.NaN },
    "minAtrPct is NaN; it must be a number, at least 0, at most 10",
  ],
  ["grid_atr", { sides: [] }, "sides is []; it must list long, short or both, each once"],
  [
    "grid_atr",
    { sides: ["long", "long"] },
    'sides is ["long","long"]; it must list long, short or both, each once',
  ],
  ["grid_atr", { sides: "long" }, 'sides is "long"; it must list long, short or both, each once'],
  [
    "grid_boltrend",
    { bolStd: 0, minBolSpread: -1 },
    "bolStd is 0; it must be a number, above 0, at most 10; " +
      "minBolSpread is -1; it must be a number, at least 0, at most 1",
  ],
])("%s refuses %j and says what is allowed", (kind, parameters, expected) => {
  expect(errorOf(kind, parameters)).toBe(expected);
});

test("a name that is not in the table is refused, whatever its value", () => {
  expect(errorOf("grid_atr", { maPeriods: 7 })).toMatch(
    /^maPeriods is no parameter; known are maP/,
  );
  expect(errorOf("grid_multi_tf", { minProfitPct: 1 })).toMatch(/^minProfitPct is no parameter/);
  expect(errorOf("grid_atr", { toString: 1 })).toMatch(/^toString is no parameter/);
});

test("the 4h direction is made of hourly candles only", () => {
  expect(bindStrategy("grid_multi_tf", "15m", {})).toEqual({
    ok: false,
    error: "timeframe is 15m; grid_multi_tf is made of 1h candles",
  });
  expect(bindStrategy("grid_boltrend", "15m", {})).toMatchObject({ value: { timeframe: "15m" } });
});

test("whatever is given for one parameter, the answer is a strategy or a sentence", () => {
  fc.assert(
    fc.property(fc.constantFrom(...kinds), fc.anything(), fc.nat(20), (kind, value, pick) => {
      const names = Object.keys(parameterTables[kind]);
      const name = names[pick % names.length] ?? "";
      const bound = bindStrategy(kind, "1h", { [name]: value });
      if (bound.ok) expect(bound.value.lookback).toBeGreaterThan(0);
      else expect(bound.error).toMatch(new RegExp(`^${name} is `));
    }),
  );
});
