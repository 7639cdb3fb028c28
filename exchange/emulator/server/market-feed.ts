/** What a market topic has to say now, and what it said last. */

import { millis, type Millis } from "#base/clock.ts";
import type { Hall } from "./endpoint.ts";
import type { MarketTopic } from "./topics.ts";

export type MarketFeed = {
  /** For somebody who has just come. */
  readonly first: (topic: MarketTopic) => ReadonlyArray<unknown>;
  /** For those who are there: all that is new since the last time. */
  readonly next: (topic: MarketTopic) => ReadonlyArray<unknown>;
};

type CandleTopic = Extract<MarketTopic, { kind: "Candle" }>;

const CANDLES_MAX = 100;

export const createMarketFeed = (hall: Hall): MarketFeed => {
  /** Open time of the candle that listeners saw last: it has closed since, or grown. */
  const lastCandle = new Map<string, Millis>();

  const candles = ({ symbol, granularity }: CandleTopic, from: Millis | undefined) => {
    const range = { from, to: undefined, limit: CANDLES_MAX, withCurrent: true };
    // The sockets say the quote volume twice, in quote currency and in USDT.
    return hall.market.candles(symbol, granularity, range).map((row) => row.concat(row.slice(-1)));
  };

  const nextCandles = (topic: CandleTopic) => {
    const rows = candles(topic, lastCandle.get(topic.key));
    const newest = rows.at(-1)?.[0];
    if (newest !== undefined) lastCandle.set(topic.key, millis(Number(newest)));
    return rows;
  };

  const instant = (topic: Exclude<MarketTopic, CandleTopic>): unknown => {
    const { market } = hall;
    if (topic.kind === "Ticker") {
      return { ...market.ticker(topic.symbol), instId: topic.symbol, symbolType: "1" };
    }
    if (topic.kind === "Book") {
      const at = market.time();
      return { ...market.book(topic.symbol, topic.levels), ts: String(at), seq: at };
    }
    return market.trade(topic.symbol);
  };

  return {
    first: (topic) => (topic.kind === "Candle" ? candles(topic, undefined) : [instant(topic)]),
    next: (topic) => (topic.kind === "Candle" ? nextCandles(topic) : [instant(topic)]),
  };
};
