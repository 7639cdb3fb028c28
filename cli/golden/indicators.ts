/** Checks the batch indicators against whole recorded files. A case is one value of one series. */

import { z } from "zod";
import { adx } from "#strategies/indicators/adx.ts";
import { atr } from "#strategies/indicators/atr.ts";
import { atrSma } from "#strategies/indicators/atr-sma.ts";
import { bollinger } from "#strategies/indicators/bollinger.ts";
import { ema } from "#strategies/indicators/ema.ts";
import { marketRegime } from "#strategies/indicators/market-regime.ts";
import { rollingHigh, rollingLow } from "#strategies/indicators/rolling-extremes.ts";
import { rsi } from "#strategies/indicators/rsi.ts";
import { at, barsOf, type Bars, type Series } from "#strategies/indicators/series.ts";
import { sma } from "#strategies/indicators/sma.ts";
import { supertrend } from "#strategies/indicators/supertrend.ts";
import { fourHourDirection } from "#strategies/indicators/supertrend-4h.ts";
import { vwap } from "#strategies/indicators/vwap.ts";
import type { Tally, Value } from "./tally.ts";
import { dataBlock, type CandleSource } from "./vectors.ts";

const parameters = z.object({
  fn: z.string(),
  input: z.enum(["open", "high", "low", "close", "volume"]).default("close"),
  period: z.number().default(Number.NaN),
  window: z.number().default(Number.NaN),
  std: z.number().default(1),
  atr_period: z.number().default(Number.NaN),
  multiplier: z.number().default(Number.NaN),
  inputs: z.array(z.string()).default([]),
});

const vectors = z.object({
  data: dataBlock,
  indices: z.array(z.int()).nullable(),
  params: z.record(z.string(), parameters),
  series: z.record(z.string(), z.array(z.union([z.number(), z.string(), z.null()]))),
});

export const checkIndicators = async (
  content: unknown,
  candlesOf: CandleSource,
  tally: Tally,
): Promise<void> => {
  const { data, indices, params, series } = vectors.parse(content);
  const bars = barsOf(await candlesOf(data.file));
  const valuesOf = (name: string): ReadonlyArray<Value> | undefined => {
    const wanted = params[name];
    return wanted && definitionOf(wanted.fn)?.({ bars, wanted, seriesOf });
  };
  const seriesOf = (name: string): Series =>
    (valuesOf(name) ?? []).map((value) => (typeof value === "number" ? value : Number.NaN));

  for (const [name, expected] of Object.entries(series)) {
    const got = valuesOf(name);
    if (got === undefined) {
      tally.skip(`no definition of ${params[name]?.fn ?? name}`, expected.length);
      continue;
    }
    for (const [position, value] of expected.entries()) {
      const row = indices === null ? position : (indices[position] ?? -1);
      tally.settle(name, row, [{ what: "", expected: value, got: got[row] }]);
    }
  }
};

type Inputs = {
  readonly bars: Bars;
  readonly wanted: z.infer<typeof parameters>;
  /** Another series of the same file. */
  readonly seriesOf: (name: string) => Series;
};

type Definition = (inputs: Inputs) => ReadonlyArray<Value>;

const definitionOf = (fn: string): Definition | undefined => {
  const [, atrPeriod] = /^sma over the valid atr_(\d+) values$/.exec(fn) ?? [];
  return atrPeriod === undefined
    ? definitions[fn]
    : ({ bars, wanted }) => atrSma(atr(bars, Number(atrPeriod)), wanted.period);
};

const supertrendOf = ({ bars, wanted }: Inputs) =>
  supertrend(bars, atr(bars, wanted.atr_period), wanted.multiplier);

const definitions: Readonly<Record<string, Definition>> = {
  sma: ({ bars, wanted }) => sma(bars[wanted.input], wanted.period),
  ema: ({ bars, wanted }) => ema(bars[wanted.input], wanted.period),
  rsi: ({ bars, wanted }) => rsi(bars[wanted.input], wanted.period),
  vwap_rolling: ({ bars, wanted }) => vwap(bars, wanted.window),
  atr: ({ bars, wanted }) => atr(bars, wanted.period),
  adx: ({ bars, wanted }) => adx(bars, wanted.period).adx,
  "adx.di_plus": ({ bars, wanted }) => adx(bars, wanted.period).plusDi,
  "adx.di_minus": ({ bars, wanted }) => adx(bars, wanted.period).minusDi,
  "bollinger.mid": ({ bars, wanted }) => bollinger(bars.close, wanted.period, wanted.std).middle,
  "bollinger.upper": ({ bars, wanted }) => bollinger(bars.close, wanted.period, wanted.std).upper,
  "bollinger.lower": ({ bars, wanted }) => bollinger(bars.close, wanted.period, wanted.std).lower,
  "supertrend.value": (inputs) => supertrendOf(inputs).line,
  "supertrend.direction": (inputs) => supertrendOf(inputs).direction,
  "max(high[i-p..i-1])": ({ bars, wanted }) => rollingHigh(bars.high, wanted.period),
  "min(low[i-p..i-1])": ({ bars, wanted }) => rollingLow(bars.low, wanted.period),
  "supertrend direction of previous 4h bucket": ({ bars, wanted }) =>
    fourHourDirection(bars, wanted.atr_period, wanted.multiplier),
  detect_market_regime: ({ bars, wanted, seriesOf }) => {
    const [adxes = [], plus = [], minus = [], ranges = [], usual = []] =
      wanted.inputs.map(seriesOf);
    return bars.close.map((_, index) =>
      marketRegime({
        adx: at(adxes, index),
        plusDi: at(plus, index),
        minusDi: at(minus, index),
        atr: at(ranges, index),
        atrSma: at(usual, index),
      }),
    );
  },
};
