/**
 * Checks the batch definitions on a rolling buffer against the reference's incremental engine, and
 * what each grid strategy derives from that buffer. A case is one row of the file.
 *
 * The engine differs from the batch definitions at the edges (indicators 12), and ours is compared as
 * that engine would have answered:
 * - RSI and ATR are none below p + 2 candles, ADX and DI below 2p + 2;
 * - RSI of a flat market is 50 there and 100 here;
 * - what a strategy derives is not compared where the reference leaves it out, its buffer being short.
 */

import { z } from "zod";
import { adx } from "#strategies/indicators/adx.ts";
import { atr } from "#strategies/indicators/atr.ts";
import { atrSma } from "#strategies/indicators/atr-sma.ts";
import { bandSpread, bollinger } from "#strategies/indicators/bollinger.ts";
import { ema } from "#strategies/indicators/ema.ts";
import { marketRegime } from "#strategies/indicators/market-regime.ts";
import { rollingHigh, rollingLow } from "#strategies/indicators/rolling-extremes.ts";
import { rsi } from "#strategies/indicators/rsi.ts";
import { at, barsOf, last, type Bars } from "#strategies/indicators/series.ts";
import { sma } from "#strategies/indicators/sma.ts";
import { fourHourDirection } from "#strategies/indicators/supertrend-4h.ts";
import { vwap } from "#strategies/indicators/vwap.ts";
import type { Comparison, Tally, Value } from "./tally.ts";
import { dataBlock, reading, type CandleSource } from "./vectors.ts";

type Values = Readonly<Record<string, Value>>;

const hookParameters = z.record(z.string(), z.unknown()).transform((given) => {
  const number = (name: string): number => z.number().catch(Number.NaN).parse(given[name]);
  return { number };
});
type HookParameters = z.infer<typeof hookParameters>;

/** By timeframe, then by name. Empty when the buffer is too short. */
const hookValues = z.record(z.string(), z.record(z.string(), reading));

const vectors = z.object({
  data: dataBlock,
  buffer_max: z.int(),
  hook_params: z.record(z.string(), hookParameters),
  records: z.array(
    z.object({
      i: z.int(),
      buffer_size: z.int(),
      values: z.record(z.string(), z.union([reading, z.string()])).nullable(),
      /** `null` where they were not sampled. */
      live_hooks: z.record(z.string(), hookValues).nullable(),
    }),
  ),
});

type Row = z.infer<typeof vectors>["records"][number];

export const checkIncremental = async (
  content: unknown,
  candlesOf: CandleSource,
  tally: Tally,
): Promise<void> => {
  const { data, buffer_max: bufferMax, hook_params: hooks, records } = vectors.parse(content);
  const candles = await candlesOf(data.file);
  for (const row of records) {
    const buffer = barsOf(candles.slice(Math.max(0, row.i + 1 - bufferMax), row.i + 1));
    tally.settle("buffer", row.i, [
      { what: "length", expected: row.buffer_size, got: buffer.close.length },
      ...compareValues(row, buffer, tally),
      ...compareHooks(row, hooks, buffer, tally),
    ]);
  }
};

const compareValues = ({ values }: Row, buffer: Bars, tally: Tally): ReadonlyArray<Comparison> => {
  if (values === null) {
    return [{ what: "least length", expected: 1, got: buffer.close.length }];
  }
  const ours = engineValues(buffer);
  if (values["rsi"] === 50 && ours["rsi"] === 100) tally.note("flat RSI masked");
  return Object.entries(values).map(([what, expected]) => ({
    what,
    expected,
    got: what === "rsi" && expected === 50 && ours[what] === 100 ? 50 : ours[what],
  }));
};

const PERIOD = 14;
const USUAL = 20;
const VWAP_WINDOW = 288;

const engineValues = (buffer: Bars): Values => {
  const length = buffer.close.length;
  const from = (least: number, value: () => number) => (length < least ? Number.NaN : value());
  const ranges = atr(buffer, PERIOD);
  const movement = adx(buffer, PERIOD);
  const inputs = {
    adx: from(2 * PERIOD + 2, () => last(movement.adx)),
    plusDi: from(2 * PERIOD + 2, () => last(movement.plusDi)),
    minusDi: from(2 * PERIOD + 2, () => last(movement.minusDi)),
    atr: from(PERIOD + 2, () => last(ranges)),
    atrSma: last(atrSma(ranges, USUAL)),
  };
  return {
    rsi: from(PERIOD + 2, () => last(rsi(buffer.close, PERIOD))),
    vwap: last(vwap(buffer, VWAP_WINDOW)),
    adx: inputs.adx,
    di_plus: inputs.plusDi,
    di_minus: inputs.minusDi,
    atr: inputs.atr,
    atr_sma: inputs.atrSma,
    volume: last(buffer.volume),
    volume_sma: last(sma(buffer.volume, USUAL)),
    close: last(buffer.close),
    regime: marketRegime(inputs),
  };
};

const compareHooks = (
  { live_hooks: sampled }: Row,
  parameters: Readonly<Record<string, HookParameters>>,
  buffer: Bars,
  tally: Tally,
): ReadonlyArray<Comparison> =>
  Object.entries(sampled ?? {}).flatMap(([strategy, byTimeframe]) => {
    const hook = hookOf[strategy];
    const given = parameters[strategy];
    if (hook === undefined || given === undefined) {
      tally.note(`derived values of ${strategy} not compared`);
      return [];
    }
    const expected = Object.values(byTimeframe).flatMap((values) => Object.entries(values));
    if (expected.length === 0) tally.note(`short buffer of ${strategy} masked`);
    const ours = hook(buffer, given);
    return expected.map(([name, value]) => ({
      what: `${strategy} ${name}`,
      expected: value,
      got: ours[name],
    }));
  });

type Hook = (buffer: Bars, parameters: HookParameters) => Readonly<Record<string, number>>;

const hookOf: Readonly<Record<string, Hook>> = {
  grid_multi_tf: (buffer, { number }) => ({
    st_direction: last(
      fourHourDirection(buffer, number("st_atr_period"), number("st_atr_multiplier")),
    ),
  }),
  grid_boltrend: (buffer, { number }) => {
    const bands = bollinger(buffer.close, number("bol_window"), number("bol_std"));
    const before = buffer.close.length - 2;
    const upper = at(bands.upper, before);
    const lower = at(bands.lower, before);
    return {
      bb_sma: last(bands.middle),
      bb_upper: last(bands.upper),
      bb_lower: last(bands.lower),
      long_ma: last(sma(buffer.close, number("long_ma_window"))),
      prev_close: at(buffer.close, before),
      prev_upper: upper,
      prev_lower: lower,
      prev_spread: bandSpread(upper, lower),
    };
  },
  grid_trend: (buffer, { number }) => ({
    ema_fast: last(ema(buffer.close, number("ema_fast"))),
    ema_slow: last(ema(buffer.close, number("ema_slow"))),
    adx: last(adx(buffer, number("adx_period")).adx),
  }),
  grid_momentum: (buffer, { number }) => ({
    donchian_high: last(rollingHigh(buffer.high, number("donchian_period"))),
    donchian_low: last(rollingLow(buffer.low, number("donchian_period"))),
    atr: last(atr(buffer, number("atr_period"))),
    volume_sma: last(sma(buffer.volume, number("vol_sma_period"))),
    adx: last(adx(buffer, number("adx_period")).adx),
  }),
};
