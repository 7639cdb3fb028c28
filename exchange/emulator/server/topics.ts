/**
 * What can be subscribed to: a name for each channel and symbol, and a check that it exists.
 *
 * Pushes repeat the argument of the subscription, so it is brought into one form when it arrives;
 * then all who listen to a topic get the same text.
 */

import { z } from "zod";
import { granularities, type Granularity } from "../prices/granularity.ts";
import { contractSymbol, type ContractSymbol } from "../prices/path.ts";
import { PRODUCT_TYPE } from "./endpoint.ts";

/** As clients send it; Bitget's account channel is keyed by coin, the others by instrument. */
export const topicArgument = z.object({
  instType: z.string().max(32),
  channel: z.string().max(32),
  instId: z.string().max(32).optional(),
  coin: z.string().max(32).optional(),
});

export type TopicArgument = z.output<typeof topicArgument>;

export type Topic =
  | {
      readonly kind: "Ticker" | "Trade";
      readonly key: string;
      readonly symbol: ContractSymbol;
      readonly arg: unknown;
    }
  | {
      readonly kind: "Book";
      readonly key: string;
      readonly symbol: ContractSymbol;
      readonly levels: number;
      readonly arg: unknown;
    }
  | {
      readonly kind: "Candle";
      readonly key: string;
      readonly symbol: ContractSymbol;
      readonly granularity: Granularity;
      readonly arg: unknown;
    }
  | {
      readonly kind: "Orders" | "Plans" | "Fills" | "Positions" | "Account";
      readonly key: string;
      readonly arg: unknown;
    };

type PrivateTopic = Exclude<Topic, { symbol: ContractSymbol }>;
export type MarketTopic = Extract<Topic, { symbol: ContractSymbol }>;
export type PrivateKind = PrivateTopic["kind"];

const privateChannels: Readonly<Record<string, PrivateKind>> = {
  orders: "Orders",
  "orders-algo": "Plans",
  fill: "Fills",
  positions: "Positions",
  account: "Account",
};

const bookLevels: Readonly<Record<string, number>> = { books1: 1, books5: 5, books15: 15 };

/** `undefined`: there is no such thing. */
export const toTopic = (
  { instType, channel, instId, coin }: TopicArgument,
  isListed: (symbol: ContractSymbol) => boolean,
): Topic | undefined => {
  if (instType !== PRODUCT_TYPE) return undefined;
  const kind = Object.hasOwn(privateChannels, channel) ? privateChannels[channel] : undefined;
  if (kind !== undefined) {
    const name = kind === "Account" ? { coin: coin ?? "default" } : { instId: instId ?? "default" };
    return { kind, key: channel, arg: { instType, channel, ...name } };
  }
  const symbol = readSymbol(instId, isListed);
  if (symbol === undefined) return undefined;
  const arg = { instType, channel, instId: symbol };
  return marketTopic(channel, symbol, arg);
};

const readSymbol = (
  text: string | undefined,
  isListed: (symbol: ContractSymbol) => boolean,
): ContractSymbol | undefined => {
  if (text === undefined || !/^[A-Z0-9]{1,20}USDT$/.test(text)) return undefined;
  const symbol = contractSymbol(text);
  return isListed(symbol) ? symbol : undefined;
};

const marketTopic = (channel: string, symbol: ContractSymbol, arg: unknown): Topic | undefined => {
  const key = `${channel} ${symbol}`;
  if (channel === "ticker") return { kind: "Ticker", key, symbol, arg };
  if (channel === "trade") return { kind: "Trade", key, symbol, arg };
  const levels = Object.hasOwn(bookLevels, channel) ? bookLevels[channel] : undefined;
  if (levels !== undefined) return { kind: "Book", key, symbol, levels, arg };
  const [, name = ""] = /^candle(\w+)$/.exec(channel) ?? [];
  const granularity = granularities.get(name);
  return granularity === undefined || name.endsWith("utc")
    ? undefined
    : { kind: "Candle", key, symbol, granularity, arg };
};

export const isMarketTopic = (topic: Topic): topic is MarketTopic => "symbol" in topic;
