/** Checks the regime table, flat and strictly rising markets, and inputs that are barely enough. */

import { z } from "zod";
import { adx } from "#strategies/indicators/adx.ts";
import { atr } from "#strategies/indicators/atr.ts";
import { bollinger } from "#strategies/indicators/bollinger.ts";
import { ema } from "#strategies/indicators/ema.ts";
import { marketRegime } from "#strategies/indicators/market-regime.ts";
import { rsi } from "#strategies/indicators/rsi.ts";
import { barsOf, type Bars, type Series } from "#strategies/indicators/series.ts";
import { sma } from "#strategies/indicators/sma.ts";
import { supertrend } from "#strategies/indicators/supertrend.ts";
import { vwap } from "#strategies/indicators/vwap.ts";
import type { Tally } from "./tally.ts";
import { reading, type CandleSource } from "./vectors.ts";

const table = z.record(z.string(), z.array(reading));

const vectors = z.object({
  regime: z.array(
    z.object({
      adx: reading,
      di_plus: reading,
      di_minus: reading,
      atr: reading,
      atr_sma: reading,
      regime: z.string(),
    }),
  ),
  degenerate: z.record(z.string(), table),
  short_input: z.object({ file: z.string(), by_rows: z.record(z.string(), table) }),
});

export const checkIndicatorsEdge = async (
  content: unknown,
  candlesOf: CandleSource,
  tally: Tally,
): Promise<void> => {
  const { regime, degenerate, short_input: short } = vectors.parse(content);
  for (const [row, expected] of regime.entries()) {
    const got = marketRegime({
      adx: expected.adx,
      plusDi: expected.di_plus,
      minusDi: expected.di_minus,
      atr: expected.atr,
      atrSma: expected.atr_sma,
    });
    tally.settle("regime", row, [{ what: "", expected: expected.regime, got }]);
  }
  for (const [name, series] of Object.entries(degenerate)) {
    const bars = madeBars[name];
    if (bars === undefined) tally.skip(`no series of the name ${name}`);
    else settleTable(name, series, bars, tally);
  }
  const candles = await candlesOf(short.file);
  for (const [rows, series] of Object.entries(short.by_rows)) {
    settleTable(`first ${rows} rows`, series, barsOf(candles.slice(0, Number(rows))), tally);
  }
};

const settleTable = (
  place: string,
  series: z.infer<typeof table>,
  bars: Bars,
  tally: Tally,
): void => {
  for (const [name, expected] of Object.entries(series)) {
    const got = definitionOf(name, bars);
    if (got === undefined) tally.skip(`no definition of ${name}`, expected.length);
    else {
      for (const [row, value] of expected.entries()) {
        tally.settle(`${place} ${name}`, row, [{ what: "", expected: value, got: got[row] }]);
      }
    }
  }
};

/** Names end in their period; the file leaves it out where it is always the same. */
const definitionOf = (name: string, bars: Bars): Series | undefined => {
  const [, kind = name, digits] = /^(.*?)(?:_(\d+))?$/.exec(name) ?? [];
  const period = Number(digits);
  switch (kind) {
    case "sma":
      return sma(bars.close, period);
    case "ema":
      return ema(bars.close, period);
    case "rsi":
      return rsi(bars.close, period);
    case "atr":
      return atr(bars, period);
    case "adx":
      return adx(bars, period).adx;
    case "di_plus":
      return adx(bars, period).plusDi;
    case "di_minus":
      return adx(bars, period).minusDi;
    case "vwap":
      return vwap(bars, period);
    default:
      return fixedDefinitions[kind]?.(bars);
  }
};

const fixedDefinitions: Readonly<Record<string, (bars: Bars) => Series>> = {
  supertrend: (bars) => supertrend(bars, atr(bars, 14), 3).line,
  supertrend_dir: (bars) => supertrend(bars, atr(bars, 14), 3).direction,
  bb_mid: (bars) => bollinger(bars.close, 20, 2).middle,
  bb_upper: (bars) => bollinger(bars.close, 20, 2).upper,
  bb_lower: (bars) => bollinger(bars.close, 20, 2).lower,
};

const ROWS = 60;
const HOUR_MS = 3_600_000;

const made = (close: (row: number) => number, reach: number, volume: (row: number) => number) => {
  const rows = Array.from({ length: ROWS }, (_, row) => row);
  const closes = rows.map(close);
  return {
    openTime: rows.map((row) => row * HOUR_MS),
    open: closes,
    high: closes.map((value) => value + reach),
    low: closes.map((value) => value - reach),
    close: closes,
    volume: rows.map(volume),
  };
};

/** The series that the file's note describes. */
const madeBars: Readonly<Record<string, Bars>> = {
  flat: made(
    () => 100,
    0,
    () => 1,
  ),
  flat_zero_volume: made(
    () => 100,
    0,
    () => 0,
  ),
  strictly_up: made(
    (row) => row + 1,
    0.5,
    (row) => row + 1,
  ),
};
