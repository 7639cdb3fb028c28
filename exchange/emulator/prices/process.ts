/**
 * Prices that nobody recorded, as restless as real ones: for twenty symbols, from a seed.
 *
 * A day is minute candles (`days.ts`); inside a minute the price goes by the same rules as inside a
 * recorded candle (`intrabar.ts`). Any minute of any year is at most one day's work away once the
 * days before it have been walked through, and a year of twenty symbols takes seconds.
 *
 * Same seed and same anchor day: same prices, for ever. Every day and symbol draws from its own
 * stream, so adding an asset leaves the prices of the others as they were.
 */

import { millis, type Millis } from "#base/clock.ts";
import { assert } from "#base/result.ts";
import { assets as allAssets, type Asset } from "../assets.ts";
import { createDays, type Days } from "./days.ts";
import { samplesOf } from "./intrabar.ts";
import {
  contractSymbol,
  DAY_MS,
  floorTo,
  HOUR_MS,
  joinBars,
  MINUTE_MS,
  SECOND_MS,
  type Bar,
  type ContractSymbol,
  type PricePath,
} from "./path.ts";

export type ProcessOptions = {
  readonly seed: number;
  /** The session begins here; thirty days of history lie before it. */
  readonly anchor: Millis;
  readonly assets?: ReadonlyArray<Asset>;
};

const HISTORY_DAYS = 30;

export const createProcessPath = (options: ProcessOptions): PricePath => {
  const { seed, anchor, assets = allAssets } = options;
  const markets = assets.map((asset, index) => ({
    symbol: contractSymbol(`${asset.base}USDT`),
    asset,
    index,
  }));
  const bySymbol = new Map(markets.map((market) => [market.symbol, market]));
  const firstDay = floorTo(anchor, DAY_MS) / DAY_MS - HISTORY_DAYS;
  const days = createDays({ seed, assets, firstDay });
  const samples = createSampleCache(seed);
  const start = millis(firstDay * DAY_MS);

  const market = (symbol: ContractSymbol) => {
    const found = bySymbol.get(symbol);
    assert(found !== undefined, `${symbol} is one of the emulated symbols`);
    return found;
  };

  const minuteBar = (symbol: ContractSymbol, at: number): Bar => {
    const day = Math.floor(at / DAY_MS);
    return days.minute(day, market(symbol).index, Math.floor((at - day * DAY_MS) / MINUTE_MS));
  };

  return {
    identity: `process seed ${seed}: day ${firstDay} with ${assets.map(({ base }) => base).join(" ")}`,
    symbols: markets.map(({ symbol }) => symbol),
    start,
    end: undefined,
    decimals: (symbol) => market(symbol).asset.pricePlace,
    ticksAt: (symbol, at) => {
      if (at < start) return undefined;
      const bar = minuteBar(symbol, at);
      return samples(symbol, bar)[Math.floor((at - bar.openTime) / SECOND_MS)];
    },
    aggregate: (symbol, from, to) => {
      if (from < start || to <= from) return undefined;
      const { index } = market(symbol);
      let joined: Bar | undefined;
      for (let at: number = from; at < to;) {
        const [bar, end] = piece({ at, to, index }, days, (minute) => samples(symbol, minute));
        joined = joinBars(joined, bar);
        at = end;
      }
      return joined;
    },
  };
};

type Wanted = { readonly at: number; readonly to: number; readonly index: number };

/** The longest piece that begins here and is at hand: an hour, a minute, or some seconds. */
const piece = (
  { at, to, index }: Wanted,
  days: Days,
  samplesOfMinute: (bar: Bar) => Float64Array,
): readonly [bar: Bar, end: number] => {
  const day = Math.floor(at / DAY_MS);
  const inDay = at - day * DAY_MS;
  if (at % HOUR_MS === 0 && at + HOUR_MS <= to) {
    return [days.hour(day, index, inDay / HOUR_MS), at + HOUR_MS];
  }
  const bar = days.minute(day, index, Math.floor(inDay / MINUTE_MS));
  const minuteEnd = bar.openTime + MINUTE_MS;
  if (at === bar.openTime && minuteEnd <= to) return [bar, minuteEnd];
  const end = Math.min(to, minuteEnd);
  const seconds = samplesOfMinute(bar).subarray(
    (at - bar.openTime) / SECOND_MS,
    (end - bar.openTime) / SECOND_MS,
  );
  return [
    {
      openTime: millis(at),
      open: seconds[0] ?? bar.open,
      high: Math.max(...seconds),
      low: Math.min(...seconds),
      close: seconds.at(-1) ?? bar.open,
      volume: bar.volume * (seconds.length / 60),
    },
    end,
  ];
};

/** Minutes whose samples are kept, for each symbol: the ones that are trading now. */
const MINUTES_KEPT = 4;

const createSampleCache = (seed: number) => {
  const bySymbol = new Map<ContractSymbol, Map<number, Float64Array>>();
  return (symbol: ContractSymbol, bar: Bar): Float64Array => {
    const kept = bySymbol.get(symbol) ?? new Map<number, Float64Array>();
    bySymbol.set(symbol, kept);
    const known = kept.get(bar.openTime);
    if (known !== undefined) return known;
    const samples = samplesOf(bar, MINUTE_MS / SECOND_MS, { seed, symbol });
    if (kept.size >= MINUTES_KEPT) kept.delete(kept.keys().next().value ?? 0);
    kept.set(bar.openTime, samples);
    return samples;
  };
};
