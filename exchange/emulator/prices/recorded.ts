/**
 * Prices from recorded candles: for each symbol the finest file that covers the wanted instant says
 * what traded, and `intrabar.ts` says how the price got from one end of a candle to the other.
 *
 * A longer candle comes from its own file where that file has it, because it is the record, and is
 * put together from the finer ones where it does not. A shorter candle than the finest file is made
 * of the samples.
 */

import { millis, type Millis } from "#base/clock.ts";
import { assert, err, ok, type Result } from "#base/result.ts";
import { holdAtOpenSeconds, holdAtStartSeconds, samplesOf } from "./intrabar.ts";
import {
  contractSymbol,
  floorTo,
  HOUR_MS,
  joinBars,
  MINUTE_MS,
  SECOND_MS,
  type Bar,
  type ContractSymbol,
  type PricePath,
} from "./path.ts";
import { parseRows, toSeries, type Recording, type Rows, type Series } from "./series.ts";

export type RecordedOptions = {
  /** The session begins here: the chosen files must know this instant. */
  readonly from: Millis;
  readonly seed: number;
};

const FILE_NAME = /^([A-Z0-9]{1,20}USDT)_(\d{1,2})(m|h|d|w)\.csv(?:\.gz)?$/;
const unitMs: Readonly<Record<string, number>> = {
  m: MINUTE_MS,
  h: HOUR_MS,
  d: 24 * HOUR_MS,
  w: 168 * HOUR_MS,
};

/** What a file's name says: `BTCUSDT_15m.csv.gz`. Other files are not for us. */
export const parseFileName = (
  name: string,
): { readonly symbol: ContractSymbol; readonly lengthMs: number } | undefined => {
  const [, symbol, count, unit] = FILE_NAME.exec(name) ?? [];
  const lengthMs = Number(count) * (unitMs[unit ?? ""] ?? 0);
  return symbol === undefined || lengthMs === 0
    ? undefined
    : { symbol: contractSymbol(symbol), lengthMs };
};

/** Recordings of several symbols and lengths; every one was named as `parseFileName` wants. */
export const createRecordedPath = (
  recordings: ReadonlyArray<Recording>,
  { from, seed }: RecordedOptions,
): Result<PricePath, string> => {
  const parsed = parseAll(recordings);
  if (!parsed.ok) return parsed;
  const markets = [...parsed.value]
    .map(([symbol, files]) => toMarket(symbol, files, { from, seed }))
    .filter((market) => market !== undefined)
    .toSorted((a, b) => (a.symbol < b.symbol ? -1 : 1));
  if (markets.length === 0) return err(nothingCovers(parsed.value, from));
  return ok(toPath(markets, seed));
};

const parseAll = (
  recordings: ReadonlyArray<Recording>,
): Result<ReadonlyMap<ContractSymbol, ReadonlyArray<Rows>>, string> => {
  const bySymbol = new Map<ContractSymbol, Rows[]>();
  for (const recording of recordings) {
    const name = parseFileName(recording.file);
    assert(name !== undefined, `recording ${recording.file} has a name that says what it is`);
    const rows = parseRows(recording);
    if (!rows.ok) return rows;
    bySymbol.set(name.symbol, [...(bySymbol.get(name.symbol) ?? []), rows.value]);
  }
  return ok(bySymbol);
};

const nothingCovers = (
  files: ReadonlyMap<ContractSymbol, ReadonlyArray<Rows>>,
  from: Millis,
): string => {
  const ranges = [...files.values()].flat().map(({ file, rows, lengthMs }) => {
    const first = rows[0]?.[0] ?? 0;
    const last = (rows.at(-1)?.[0] ?? 0) + lengthMs;
    return `${file} ${new Date(first).toISOString()} to ${new Date(last).toISOString()}`;
  });
  return `no file of candles covers ${new Date(from).toISOString()}: there is ${ranges.join(", ") || "none"}`;
};

type RecordedMarket = {
  readonly symbol: ContractSymbol;
  readonly decimals: number;
  /** What trades. */
  readonly base: Series;
  readonly byLength: ReadonlyMap<number, ReadonlyArray<Series>>;
  readonly samplesAt: (index: number, bar: Bar) => Float64Array;
};

const toMarket = (
  symbol: ContractSymbol,
  files: ReadonlyArray<Rows>,
  { from, seed }: RecordedOptions,
): RecordedMarket | undefined => {
  const decimals = Math.max(...files.map((file) => file.decimals));
  const all = files.map((file) => toSeries(file, decimals));
  const base = all
    .filter((series) => series.start <= from && from < series.end)
    .reduce<Series | undefined>(
      (finest, series) =>
        finest === undefined || series.lengthMs < finest.lengthMs ? series : finest,
      undefined,
    );
  return base === undefined
    ? undefined
    : {
        symbol,
        decimals,
        base,
        byLength: Map.groupBy(all, ({ lengthMs }) => lengthMs),
        samplesAt: sampleCache(symbol, base, { from, seed }),
      };
};

/** Samples kept for each symbol: a few hours of one-hour candles, or one day. */
const SAMPLES_KEPT = 200_000;

const sampleCache = (
  symbol: ContractSymbol,
  { lengthMs }: Series,
  { from, seed }: RecordedOptions,
) => {
  const seconds = lengthMs / SECOND_MS;
  const capacity = Math.max(2, Math.floor(SAMPLES_KEPT / seconds));
  const kept = new Map<number, Float64Array>();
  return (index: number, bar: Bar): Float64Array => {
    const known = kept.get(index);
    if (known !== undefined) return known;
    const hold = bar.openTime === from ? holdAtStartSeconds(seconds) : holdAtOpenSeconds(seconds);
    const samples = samplesOf(bar, seconds, { seed, symbol }, hold);
    if (kept.size >= capacity) kept.delete(kept.keys().next().value ?? index);
    kept.set(index, samples);
    return samples;
  };
};

const toPath = (markets: ReadonlyArray<RecordedMarket>, seed: number): PricePath => {
  const bySymbol = new Map(markets.map((market) => [market.symbol, market]));
  const files = markets.map(({ base }) => `${base.file}[${base.start}+${base.count}]`).join(" ");
  const market = (symbol: ContractSymbol): RecordedMarket => {
    const found = bySymbol.get(symbol);
    assert(found !== undefined, `${symbol} is one of the recorded symbols`);
    return found;
  };
  return {
    identity: `recorded seed ${seed}: ${files}`,
    symbols: markets.map(({ symbol }) => symbol),
    start: millis(Math.min(...markets.map(({ base }) => base.start))),
    end: millis(Math.min(...markets.map(({ base }) => base.end))),
    decimals: (symbol) => market(symbol).decimals,
    ticksAt: (symbol, at) => ticksAt(market(symbol), at),
    aggregate: (symbol, from, to) => aggregate(market(symbol), from, to),
  };
};

const ticksAt = ({ base, samplesAt }: RecordedMarket, at: Millis): number | undefined => {
  if (at < base.start) return undefined;
  if (at >= base.end) return base.bar(base.count - 1)?.close;
  const index = Math.floor((at - base.start) / base.lengthMs);
  const bar = base.bar(index);
  if (bar === undefined) return undefined;
  return samplesAt(index, bar)[Math.floor((at - bar.openTime) / SECOND_MS)];
};

const aggregate = (market: RecordedMarket, from: Millis, to: Millis): Bar | undefined => {
  const recorded = ownBar(market, from, to - from);
  if (recorded !== undefined) return recorded;
  const { base } = market;
  if (from < base.start || to > base.end || to <= from) return undefined;
  let joined: Bar | undefined;
  for (let at: number = from; at < to;) {
    const index = Math.floor((at - base.start) / base.lengthMs);
    const bar = base.bar(index);
    if (bar === undefined) return undefined;
    const end = Math.min(to, bar.openTime + base.lengthMs);
    const whole = at === bar.openTime && end === bar.openTime + base.lengthMs;
    joined = joinBars(joined, whole ? bar : part(market, { index, bar, from: at, to: end }));
    at = end;
  }
  return joined;
};

const ownBar = ({ byLength }: RecordedMarket, from: Millis, lengthMs: number): Bar | undefined => {
  for (const series of byLength.get(lengthMs) ?? []) {
    const bar = series.bar((from - series.start) / lengthMs);
    if (bar !== undefined) return bar;
  }
  return undefined;
};

type Part = {
  readonly index: number;
  readonly bar: Bar;
  readonly from: number;
  readonly to: number;
};

/** Some seconds of a candle, with their even share of its volume. */
const part = (market: RecordedMarket, { index, bar, from, to }: Part): Bar => {
  const first = (floorTo(from, SECOND_MS) - bar.openTime) / SECOND_MS;
  const samples = market.samplesAt(index, bar).subarray(first, (to - bar.openTime) / SECOND_MS);
  const share = samples.length / (market.base.lengthMs / SECOND_MS);
  return {
    openTime: millis(from),
    open: samples[0] ?? bar.open,
    high: samples.reduce((highest, ticks) => Math.max(highest, ticks), 0),
    low: samples.reduce((lowest, ticks) => Math.min(lowest, ticks), Infinity),
    close: samples.at(-1) ?? bar.open,
    volume: bar.volume * share,
  };
};
