/**
 * Market data as the exchange shows it: candles, tickers, a thin book and a trickle of trades, all
 * from the price path, and never a second of the future. After the end of recorded data the market
 * stands still and its times with it: old prices must not look fresh.
 */

import { millis, type Millis } from "#base/clock.ts";
import { chance } from "#base/random.ts";
import { assert } from "#base/result.ts";
import type { Contract } from "../contract.ts";
import type { Engine } from "../engine/engine.ts";
import { takerTicks } from "../engine/venue.ts";
import { closedCandles, currentCandle } from "../prices/candles.ts";
import type { Granularity } from "../prices/granularity.ts";
import {
  DAY_MS,
  floorTo,
  MINUTE_MS,
  SECOND_MS,
  ticksToNumber,
  type Bar,
  type ContractSymbol,
} from "../prices/path.ts";
import { plainNumber } from "./wire.ts";

type CandleRange = {
  readonly from: number | undefined;
  readonly to: number | undefined;
  readonly limit: number;
  readonly withCurrent: boolean;
};

/** `[ts, open, high, low, close, base volume, quote volume]` */
type CandleRow = ReadonlyArray<string>;

export type MarketView = {
  readonly candles: (
    symbol: ContractSymbol,
    granularity: Granularity,
    range: CandleRange,
  ) => ReadonlyArray<CandleRow>;
  readonly ticker: (symbol: ContractSymbol) => Readonly<Record<string, string>>;
  readonly price: (symbol: ContractSymbol) => string;
  readonly book: (symbol: ContractSymbol, levels: number) => Book;
  readonly trade: (symbol: ContractSymbol) => Readonly<Record<string, string>>;
  /** The instant that market data speaks for. */
  readonly time: () => Millis;
  readonly hasEnded: () => boolean;
};

type Book = {
  readonly asks: ReadonlyArray<readonly [price: string, size: string]>;
  readonly bids: ReadonlyArray<readonly [price: string, size: string]>;
};

/** Nothing is charged yet: a rate that clients can parse. */
export const FUNDING_RATE = "0.0001";
const FUNDING_INTERVAL_MS = 8 * 60 * MINUTE_MS;

export const createMarketView = (engine: Engine): MarketView => {
  const days = createDayCache(engine);

  const time = (): Millis => {
    const { end } = engine.path();
    return end === undefined || engine.now() < end ? engine.now() : millis(end - SECOND_MS);
  };
  const ticks = (symbol: ContractSymbol): number => {
    const now = engine.path().ticksAt(symbol, time());
    assert(now !== undefined, `${symbol} has a price now`);
    return now;
  };
  const contract = (symbol: ContractSymbol): Contract => contractOf(engine, symbol);
  const priceText = (symbol: ContractSymbol, value: number): string =>
    ticksToNumber(value, contract(symbol).pricePlace).toFixed(contract(symbol).pricePlace);

  return {
    time,
    hasEnded: () => time() !== engine.now(),
    price: (symbol) => priceText(symbol, ticks(symbol)),
    candles: (symbol, granularity, range) => {
      const path = engine.path();
      const now = engine.now();
      const from = millis(range.from ?? 0);
      const to = millis(range.to ?? now + 1);
      const current = range.withCurrent ? currentCandle(path, symbol, granularity, now) : undefined;
      const forming =
        current !== undefined && current.openTime >= from && current.openTime < to ? [current] : [];
      const limit = range.limit - forming.length;
      const query = { symbol, granularity, from, to, limit, now };
      return [...(limit > 0 ? closedCandles(path, query) : []), ...forming].map((bar) =>
        candleRow(contract(symbol), bar),
      );
    },
    ticker: (symbol) =>
      tickerRow(contract(symbol), { ticks: ticks(symbol), day: days(symbol, time()), at: time() }),
    book: (symbol, levels) => ({
      asks: bookSide(contract(symbol), { ticks: ticks(symbol), at: time(), levels, side: "buy" }),
      bids: bookSide(contract(symbol), { ticks: ticks(symbol), at: time(), levels, side: "sell" }),
    }),
    trade: (symbol) => tradeRow(contract(symbol), ticks(symbol), time()),
  };
};

const contractOf = (engine: Engine, symbol: ContractSymbol): Contract => {
  const contract = engine.contracts.get(symbol);
  assert(contract !== undefined, `${symbol} is listed`);
  return contract;
};

/** Recorded candles come out as they were recorded, volume and all. */
const candleRow = ({ pricePlace }: Contract, bar: Bar): CandleRow => {
  const prices = [bar.open, bar.high, bar.low, bar.close].map((value) =>
    ticksToNumber(value, pricePlace),
  );
  const quote = bar.volume * ticksToNumber(bar.close, pricePlace);
  return [
    String(bar.openTime),
    ...prices.map((value) => value.toFixed(pricePlace)),
    plainNumber(bar.volume),
    plainNumber(quote, 4),
  ];
};

type Day = Bar & { readonly sinceMidnight: number };

/** The last 24 hours, worked out once a minute: it is asked for every second. */
const createDayCache = (engine: Engine) => {
  const kept = new Map<ContractSymbol, { readonly minute: number; readonly day: Day }>();
  return (symbol: ContractSymbol, at: Millis): Day => {
    const minute = floorTo(at, MINUTE_MS);
    const known = kept.get(symbol);
    if (known !== undefined && known.minute === minute) return known.day;
    const path = engine.path();
    const to = millis(floorTo(at, SECOND_MS) + SECOND_MS);
    const from = millis(Math.max(path.start, to - DAY_MS));
    const ticks = path.ticksAt(symbol, at) ?? 0;
    const still = { openTime: from, open: ticks, high: ticks, low: ticks, close: ticks, volume: 0 };
    const midnight = millis(Math.max(path.start, floorTo(at, DAY_MS)));
    const day = {
      ...(path.aggregate(symbol, from, to) ?? still),
      sinceMidnight: path.ticksAt(symbol, midnight) ?? ticks,
    };
    kept.set(symbol, { minute, day });
    return day;
  };
};

type Now = { readonly ticks: number; readonly day: Day; readonly at: Millis };

const tickerRow = (contract: Contract, { ticks, day, at }: Now) => {
  const { symbol, pricePlace, volumePlace } = contract;
  const text = (value: number): string => ticksToNumber(value, pricePlace).toFixed(pricePlace);
  const last = text(ticks);
  const quote = day.volume * ticksToNumber(day.close, pricePlace);
  const sizes = [0, 1].map((side) => depth(contract, at, side));
  return {
    symbol,
    lastPr: last,
    askPr: text(takerTicks("buy", ticks)),
    bidPr: text(takerTicks("sell", ticks)),
    askSz: sizes[0] ?? "0",
    bidSz: sizes[1] ?? "0",
    high24h: text(Math.max(day.high, ticks)),
    low24h: text(Math.min(day.low, ticks)),
    open24h: text(day.open),
    change24h: plainNumber(ticks / day.open - 1, 5),
    changeUtc24h: plainNumber(ticks / day.sinceMidnight - 1, 5),
    openUtc: text(day.sinceMidnight),
    baseVolume: plainNumber(day.volume, volumePlace),
    quoteVolume: plainNumber(quote, 2),
    usdtVolume: plainNumber(quote, 2),
    indexPrice: last,
    markPrice: last,
    fundingRate: FUNDING_RATE,
    holdingAmount: plainNumber(day.volume / 4, volumePlace),
    ts: String(at),
  };
};

export const nextFundingTime = (at: Millis): Millis =>
  millis(floorTo(at, FUNDING_INTERVAL_MS) + FUNDING_INTERVAL_MS);

/** A size that somebody might have put there: about so many times the smallest. */
const depth = ({ symbol, step, volumePlace }: Contract, at: Millis, level: number): string => {
  const second = floorTo(at, SECOND_MS);
  const steps = 1 + Math.floor(400 * chance(0, "depth", symbol, second, level));
  return step.times(steps).toFixed(volumePlace);
};

type BookQuery = {
  readonly ticks: number;
  readonly at: Millis;
  readonly levels: number;
  /** Of who would take: a buyer takes asks. */
  readonly side: "buy" | "sell";
};

const bookSide = (contract: Contract, { ticks, at, levels, side }: BookQuery): Book["asks"] => {
  const best = takerTicks(side, ticks);
  const direction = side === "buy" ? 1 : -1;
  return Array.from({ length: levels }, (_, level) => best + direction * level)
    .filter((price) => price >= 1)
    .map((price, level) => [
      ticksToNumber(price, contract.pricePlace).toFixed(contract.pricePlace),
      depth(contract, at, level * 2 + (side === "buy" ? 0 : 1)),
    ]);
};

/** One trade a second, at the price, by somebody. */
const tradeRow = (contract: Contract, ticks: number, at: Millis) => {
  const second = floorTo(at, SECOND_MS);
  return {
    ts: String(second),
    price: ticksToNumber(ticks, contract.pricePlace).toFixed(contract.pricePlace),
    size: depth(contract, at, 99),
    side: chance(0, "trade", contract.symbol, second) < 0.5 ? "buy" : "sell",
    tradeId: `1${second}`,
  };
};
