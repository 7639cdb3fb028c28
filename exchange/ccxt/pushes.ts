/**
 * What pushes say, as events of the port.
 *
 * A push is a hint. One that cannot be read in full becomes the hint that something changed, so that
 * a read will tell; none is ever half believed. Cumulative fills are taken from the field that is
 * cumulative. (Bitget v2 WebSocket: ticker, candle, orders, fill, positions, orders-algo.)
 */

import { millis, type Millis } from "#base/clock.ts";
import { timeframeMs, type Timeframe } from "#trading/candle.ts";
import type { MarketSymbol } from "#trading/market.ts";
import type { ExchangeOrderId } from "#trading/order.ts";
import type { StreamEvent } from "../port.ts";
import { toInstant, toRow, type Row } from "./fields.ts";
import type { Memory } from "./memory.ts";
import {
  clientOidOf,
  orderFields,
  toFill,
  toOrderReport,
  toQuote,
  type NamelessFill,
  type SymbolOf,
} from "./rows.ts";
import type { Channel, Push } from "./socket.ts";

/** Candles of a day come only in UTC+8, so days are told from hours. */
const candleChannels: Readonly<Record<Timeframe, string>> = {
  "1m": "candle1m",
  "5m": "candle5m",
  "15m": "candle15m",
  "1h": "candle1H",
  "4h": "candle4H",
  "1d": "candle1H",
};

export const publicChannels = (
  ids: ReadonlyArray<string>,
  timeframe: Timeframe,
): ReadonlyArray<Channel> =>
  ids.flatMap((instId) => [
    { channel: "ticker", instId },
    { channel: candleChannels[timeframe], instId },
  ]);

export const privateChannels: ReadonlyArray<Channel> = [
  { channel: "orders", instId: "default" },
  { channel: "fill", instId: "default" },
  { channel: "positions", instId: "default" },
  { channel: "orders-algo", instId: "default" },
];

type PublicReader = (push: Push) => ReadonlyArray<StreamEvent>;

/** Throws for a row that it cannot read. */
export const createPublicReader = (timeframe: Timeframe, symbolOf: SymbolOf, rolls: Rolls) => {
  const read: PublicReader = ({ channel, rows }) => {
    const symbol = symbolOf(channel.instId);
    if (channel.channel !== "ticker") return rolls.see(symbol, newestOpenTime(rows, timeframe));
    return rows.map((row) => ({
      kind: "PriceChanged",
      symbol,
      quote: toQuote(toRow(row, "ticker")),
    }));
  };
  return read;
};

/** Tells each new candle of a symbol once. Outlives connections, so none is told twice or skipped. */
export type Rolls = {
  readonly see: (symbol: MarketSymbol, openTime: Millis | undefined) => ReadonlyArray<StreamEvent>;
};

export const createRolls = (): Rolls => {
  const newestBySymbol = new Map<MarketSymbol, Millis>();
  return {
    see: (symbol, openTime) => {
      if (openTime === undefined || openTime <= (newestBySymbol.get(symbol) ?? 0)) return [];
      newestBySymbol.set(symbol, openTime);
      return [{ kind: "CandleRolled", symbol, openTime }];
    },
  };
};

const newestOpenTime = (rows: ReadonlyArray<unknown>, timeframe: Timeframe): Millis | undefined => {
  const length = timeframeMs[timeframe];
  const openTimes = rows.map((row) => {
    const [opened]: ReadonlyArray<unknown> = Array.isArray(row) ? row : [];
    return Math.floor(toInstant(opened, "candle[0]") / length) * length;
  });
  return openTimes.length === 0 ? undefined : millis(Math.max(...openTimes));
};

export type PrivateHint =
  | StreamEvent
  /** A fill whose order we do not know by name yet. */
  | { readonly kind: "FilledNameless"; readonly fill: NamelessFill };

export type PrivateReader = (push: Push) => ReadonlyArray<PrivateHint>;

const accountChanged: ReadonlyArray<PrivateHint> = [{ kind: "AccountChanged" }];

export const createPrivateReader = (
  symbolOf: SymbolOf,
  orderNames: Memory<ExchangeOrderId, string>,
): PrivateReader => {
  let positions = "";

  const readPosition = (rows: ReadonlyArray<unknown>): ReadonlyArray<PrivateHint> => {
    // Profit and margin move with every price; only what is held is news.
    const held = JSON.stringify(rows.map((row) => heldBy(toRow(row, "position"))));
    if (held === positions) return [];
    positions = held;
    return accountChanged;
  };

  const readOrder = (row: Row): PrivateHint => {
    const report = toOrderReport(row, orderFields.push, symbolOf);
    orderNames.remember(report.exchangeOrderId, report.clientOrderId);
    return { kind: "OrderChanged", report };
  };

  const readFill = (row: Row): PrivateHint => {
    const fill = toFill(row, symbolOf);
    const told = clientOidOf(row);
    if (told !== "") orderNames.remember(fill.exchangeOrderId, told);
    const clientOrderId = orderNames.recall(fill.exchangeOrderId);
    return clientOrderId === undefined
      ? { kind: "FilledNameless", fill }
      : { kind: "Filled", fill: { ...fill, clientOrderId } };
  };

  return ({ channel: { channel }, rows }) => {
    try {
      if (channel === "orders") return rows.map((row) => readOrder(toRow(row, "order")));
      if (channel === "fill") return rows.map((row) => readFill(toRow(row, "fill")));
      if (channel === "positions") return readPosition(rows);
      return accountChanged;
    } catch {
      return accountChanged;
    }
  };
};

const heldBy = ({ instId, holdSide, total, openPriceAvg, leverage, marginMode }: Row) => [
  instId,
  holdSide,
  total,
  openPriceAvg,
  leverage,
  marginMode,
];
