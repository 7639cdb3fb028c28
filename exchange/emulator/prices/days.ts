/**
 * Days of minutes that nobody recorded, one after the other.
 *
 * A day is made from the state in which the one before it ended, and that state is kept for every
 * day: any day can be made again at once, and only the latest few are kept whole. Every day and
 * every asset draws from a stream of its own.
 */

import { millis } from "#base/clock.ts";
import { assert } from "#base/result.ts";
import type { Asset } from "../assets.ts";
import { createDraws, type Draws } from "./draws.ts";
import { DAY_MS, HOUR_MS, joinBars, MINUTE_MS, type Bar } from "./path.ts";
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
const { exp, log, max, min, round, sqrt } = Math;

const MINUTES_PER_DAY = 1_440;
const HOURS_PER_DAY = 24;
/** Pulls the price back to where it began, so slowly that only years can tell. */
const PULL_PER_MINUTE = Math.LN2 / (365 * MINUTES_PER_DAY);
const MINUTE_DEVIATION = 1 / Math.sqrt(MINUTES_PER_HOUR);

/** What one day hands on to the next. */
type Evening = {
  readonly market: Volatility;
  readonly own: ReadonlyArray<Volatility>;
  readonly logPrices: ReadonlyArray<number>;
};

export type Days = {
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

export type Recipe = {
  readonly seed: number;
  readonly assets: ReadonlyArray<Asset>;
  readonly firstDay: number;
};

export const createDays = (recipe: Recipe): Days => {
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
