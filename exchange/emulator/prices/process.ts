/**
 * Prices that nobody recorded, as restless as real ones: for twenty symbols, from a seed.
 *
 * Days are made in order, each from the state in which the one before it ended, and that state is
 * kept for every day: any minute of any year is at most one day's work away once the days before it
 * have been walked through (a year of twenty symbols takes seconds). A day is minute candles; inside
 * a minute the price goes by the same rules as inside a recorded candle (`intrabar.ts`).
 *
 * Same seed and same anchor day: same prices, for ever. Every day and symbol draws from its own
 * stream, so adding an asset leaves the prices of the others as they were.
 */

import { millis, type Millis } from "#base/clock.ts";
import { assert } from "#base/result.ts";
import { assets as allAssets, type Asset } from "../assets.ts";
import { createDraws, type Draws } from "./draws.ts";
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
import {
  commonJumps,
  drawJump,
  MINUTES_PER_HOUR,
  ownJumps,
  restlessness,
  startVolatility,
  volatilityStep,
  type Volatility,
} from "./volatility.ts";

/** Bound once: they are called for every minute of every asset. */
const { LN2, exp, floor, log, max, min, round, sqrt } = Math;

export type ProcessOptions = {
  readonly seed: number;
  /** The session begins here; thirty days of history lie before it. */
  readonly anchor: Millis;
  readonly assets?: ReadonlyArray<Asset>;
};

const HISTORY_DAYS = 30;
const MINUTES_PER_DAY = 1_440;
const HOURS_PER_DAY = 24;
/** Pulls the price back to where it began, so slowly that only years can tell. */
const PULL_PER_MINUTE = LN2 / (365 * MINUTES_PER_DAY);
const MINUTE_DEVIATION = 1 / sqrt(MINUTES_PER_HOUR);

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
    const day = floor(at / DAY_MS);
    return days.minute(day, market(symbol).index, floor((at - day * DAY_MS) / MINUTE_MS));
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
      return samples(symbol, bar)[floor((at - bar.openTime) / SECOND_MS)];
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
  const day = floor(at / DAY_MS);
  const inDay = at - day * DAY_MS;
  if (at % HOUR_MS === 0 && at + HOUR_MS <= to) {
    return [days.hour(day, index, inDay / HOUR_MS), at + HOUR_MS];
  }
  const bar = days.minute(day, index, floor(inDay / MINUTE_MS));
  const minuteEnd = bar.openTime + MINUTE_MS;
  if (at === bar.openTime && minuteEnd <= to) return [bar, minuteEnd];
  const end = min(to, minuteEnd);
  const seconds = samplesOfMinute(bar).subarray(
    (at - bar.openTime) / SECOND_MS,
    (end - bar.openTime) / SECOND_MS,
  );
  return [
    {
      openTime: millis(at),
      open: seconds[0] ?? bar.open,
      high: max(...seconds),
      low: min(...seconds),
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

/** What one day hands on to the next. */
type Evening = {
  readonly market: Volatility;
  readonly own: ReadonlyArray<Volatility>;
  readonly logPrices: ReadonlyArray<number>;
};

type Days = {
  readonly minute: (day: number, asset: number, minute: number) => Bar;
  readonly hour: (day: number, asset: number, hour: number) => Bar;
};

/** Minute and hour bars of one day: five numbers a bar, assets one after the other. */
type Day = { readonly minutes: Float64Array; readonly hours: Float64Array };

const FIELDS = 5;
/** Two days around now and a few that somebody asks about. About 1.2 MB each with 20 assets. */
const DAYS_OF_MINUTES_KEPT = 6;
/** Hourly history, at 19 kB a day: what candles and statistics are put together from. */
const DAYS_OF_HOURS_KEPT = 120;

type Recipe = {
  readonly seed: number;
  readonly assets: ReadonlyArray<Asset>;
  readonly firstDay: number;
};

const createDays = (recipe: Recipe): Days => {
  const { firstDay } = recipe;
  const evenings: Evening[] = [startOf(recipe)];
  const minutes = new Map<number, Float64Array>();
  const hours = new Map<number, Float64Array>();

  const make = (day: number): Day => {
    for (let next = evenings.length - 1; next <= day - firstDay; next += 1) {
      const before = evenings[next];
      assert(before !== undefined, "the days before are known");
      const [made, evening] = makeDay(recipe, before, firstDay + next);
      evenings.push(evening);
      keep(minutes, firstDay + next, made.minutes, DAYS_OF_MINUTES_KEPT);
      keep(hours, firstDay + next, made.hours, DAYS_OF_HOURS_KEPT);
      if (firstDay + next === day) return made;
    }
    const before = evenings[day - firstDay];
    assert(before !== undefined, `day ${day} is not before the first day ${firstDay}`);
    const [made] = makeDay(recipe, before, day);
    keep(minutes, day, made.minutes, DAYS_OF_MINUTES_KEPT);
    keep(hours, day, made.hours, DAYS_OF_HOURS_KEPT);
    return made;
  };

  return {
    minute: (day, asset, minute) =>
      barAt(minutes.get(day) ?? make(day).minutes, {
        place: asset * MINUTES_PER_DAY + minute,
        openTime: day * DAY_MS + minute * MINUTE_MS,
      }),
    hour: (day, asset, hour) =>
      barAt(hours.get(day) ?? make(day).hours, {
        place: asset * HOURS_PER_DAY + hour,
        openTime: day * DAY_MS + hour * HOUR_MS,
      }),
  };
};

const keep = (
  cache: Map<number, Float64Array>,
  day: number,
  bars: Float64Array,
  capacity: number,
): void => {
  if (cache.size >= capacity) cache.delete(cache.keys().next().value ?? day);
  cache.set(day, bars);
};

const barAt = (
  bars: Float64Array,
  { place, openTime }: { readonly place: number; readonly openTime: number },
): Bar => {
  const at = place * FIELDS;
  return {
    openTime: millis(openTime),
    open: bars[at] ?? 0,
    high: bars[at + 1] ?? 0,
    low: bars[at + 2] ?? 0,
    close: bars[at + 3] ?? 0,
    volume: bars[at + 4] ?? 0,
  };
};

const startOf = ({ seed, assets, firstDay }: Recipe): Evening => ({
  market: startVolatility(createDraws(seed, "start", firstDay)),
  own: assets.map(({ base }) => startVolatility(createDraws(seed, "start", base, firstDay))),
  logPrices: assets.map(({ price }) => log(price)),
});

/** The market's restlessness changes by the minute, an asset's own more slowly. */
const stepMarket = volatilityStep(1);
const OWN_STEP_MINUTES = 15;
const stepOwn = volatilityStep(OWN_STEP_MINUTES);

/** What happened to the market as a whole in each minute. */
type MarketDay = {
  /** In units of the common deviation of an average hour. */
  readonly returns: Float64Array;
  readonly restlessness: Float64Array;
  readonly evening: Volatility;
};

const makeDay = (
  recipe: Recipe,
  before: Evening,
  day: number,
): readonly [day: Day, evening: Evening] => {
  const { seed, assets } = recipe;
  const market = makeMarketDay(createDraws(seed, "market", day), before.market);
  const minutes = new Float64Array(assets.length * MINUTES_PER_DAY * FIELDS);
  const hours = new Float64Array(assets.length * HOURS_PER_DAY * FIELDS);
  const own: Volatility[] = [];
  const logPrices: number[] = [];
  for (const [index, asset] of assets.entries()) {
    const draws = createDraws(seed, "asset", asset.base, day);
    const volatility = before.own[index] ?? startVolatility(draws);
    const logPrice = before.logPrices[index] ?? log(asset.price);
    const bars = minutes.subarray(
      index * MINUTES_PER_DAY * FIELDS,
      (index + 1) * MINUTES_PER_DAY * FIELDS,
    );
    const ended = makeAssetDay({ asset, market, volatility, logPrice, draws }, bars);
    own.push(ended.volatility);
    logPrices.push(ended.logPrice);
    joinHours(bars, hours.subarray(index * HOURS_PER_DAY * FIELDS));
  }
  return [
    { minutes, hours },
    { market: market.evening, own, logPrices },
  ];
};

const makeMarketDay = (draws: Draws, evening: Volatility): MarketDay => {
  const returns = new Float64Array(MINUTES_PER_DAY);
  const restless = new Float64Array(MINUTES_PER_DAY);
  let volatility = evening;
  for (let minute = 0; minute < MINUTES_PER_DAY; minute += 1) {
    const jump = drawJump(commonJumps, draws);
    const factor = restlessness(volatility);
    restless[minute] = factor;
    returns[minute] = factor * MINUTE_DEVIATION * draws.normal() + jump;
    volatility = stepMarket(volatility, jump !== 0, draws);
  }
  return { returns, restlessness: restless, evening: volatility };
};

type AssetMorning = {
  readonly asset: Asset;
  readonly market: MarketDay;
  readonly volatility: Volatility;
  readonly logPrice: number;
  readonly draws: Draws;
};

/** An asset is mostly as restless as the market, and somewhat by itself. */
const OWN_RESTLESSNESS = 0.4;

const makeAssetDay = (
  { asset, market, volatility: before, logPrice: morning, draws }: AssetMorning,
  bars: Float64Array,
): { readonly volatility: Volatility; readonly logPrice: number } => {
  const scale = 10 ** asset.pricePlace;
  const home = log(asset.price);
  const common = asset.hourlyDeviation * sqrt(asset.commonShare);
  const alone = asset.hourlyDeviation * sqrt(1 - asset.commonShare);
  const toTicks = (price: number): number => max(1, round(price * scale));
  let volatility = before;
  let ownRestlessness = restlessness(volatility) ** OWN_RESTLESSNESS;
  let logPrice = morning;
  let price = exp(logPrice);
  let open = toTicks(price);
  for (let minute = 0; minute < MINUTES_PER_DAY; minute += 1) {
    const jump = drawJump(ownJumps, draws);
    if (jump !== 0 || minute % OWN_STEP_MINUTES === 0) {
      volatility = stepOwn(volatility, jump !== 0, draws);
      ownRestlessness = restlessness(volatility) ** OWN_RESTLESSNESS;
    }
    const restless = (market.restlessness[minute] ?? 1) * ownRestlessness;
    const deviation = asset.hourlyDeviation * MINUTE_DEVIATION * restless;
    const moved =
      common * (market.returns[minute] ?? 0) +
      alone * (restless * MINUTE_DEVIATION * draws.normal() + jump) +
      PULL_PER_MINUTE * (home - logPrice);
    const high = toTicks(price * (1 + highOf(moved, deviation, draws.uniform())));
    const low = toTicks(price * (1 - highOf(-moved, deviation, draws.uniform())));
    logPrice += moved;
    price = exp(logPrice);
    const close = toTicks(price);
    const at = minute * FIELDS;
    bars[at] = open;
    bars[at + 1] = max(high, open, close);
    bars[at + 2] = min(low, open, close);
    bars[at + 3] = close;
    bars[at + 4] = volumeOf(asset, restless, draws) / price;
    open = close;
  }
  return { volatility, logPrice };
};

/** Highest point of a Brownian motion that ends at `moved`, for a uniform draw. */
const highOf = (moved: number, deviation: number, uniform: number): number =>
  (moved + sqrt(moved ** 2 - 2 * deviation ** 2 * log(1 - uniform))) / 2;

/** In quote currency: busier when restless, and never twice the same. */
const volumeOf = ({ hourlyTurnover }: Asset, restless: number, draws: Draws): number =>
  (hourlyTurnover / MINUTES_PER_HOUR) * restless * (0.4 + 1.2 * draws.uniform());

const joinHours = (minutes: Float64Array, hours: Float64Array): void => {
  for (let hour = 0; hour < HOURS_PER_DAY; hour += 1) {
    let joined: Bar | undefined;
    for (let minute = 0; minute < MINUTES_PER_HOUR; minute += 1) {
      const place = hour * MINUTES_PER_HOUR + minute;
      joined = joinBars(joined, barAt(minutes, { place, openTime: 0 }));
    }
    if (joined === undefined) continue;
    const { open, high, low, close, volume } = joined;
    hours.set([open, high, low, close, volume], hour * FIELDS);
  }
};
