import { expect, test } from "@jest/globals";
import { marketSymbol } from "#trading/market.ts";
import type { ExchangeOrderId } from "#trading/order.ts";
import { createMemory } from "./memory.ts";
import {
  createPrivateReader,
  createPublicReader,
  createRolls,
  privateChannels,
  publicChannels,
} from "./pushes.ts";
import { fillRow, orderRow, positionRow, tickerRow } from "./recorded-rows.ts";

const btc = marketSymbol("BTC/USDT:USDT");

const symbolOf = (id: string) => {
  if (id !== "BTCUSDT") throw new Error(`the exchange does not list ${id}`);
  return btc;
};

const publicPush = (channel: string, ...rows: ReadonlyArray<unknown>) => ({
  channel: { channel, instId: "BTCUSDT" },
  rows,
});

const privatePush = (channel: string, ...rows: ReadonlyArray<unknown>) => ({
  channel: { channel, instId: "default" },
  rows,
});

const privateReader = () =>
  createPrivateReader(symbolOf, createMemory<ExchangeOrderId, string>(10));

const pushedOrder = {
  ...orderRow,
  instId: "BTCUSDT",
  status: "partially_filled",
  accBaseVolume: "0.015",
  // Of the last fill only.
  baseVolume: "0.005",
  reduceOnly: "no",
};
const { clientOid: _name, ...namelessOrder } = pushedOrder;

const accountChanged = [{ kind: "AccountChanged" }];

test("each symbol has a channel for its price and one for its candles, days told from hours", () => {
  expect(publicChannels(["BTCUSDT"], "1h")).toEqual([
    { channel: "ticker", instId: "BTCUSDT" },
    { channel: "candle1H", instId: "BTCUSDT" },
  ]);
  expect(publicChannels(["BTCUSDT"], "1d")[1]?.channel).toBe("candle1H");
  expect(privateChannels.map(({ channel }) => channel)).toEqual([
    "orders",
    "fill",
    "positions",
    "orders-algo",
  ]);
});

test("a ticker is a price, and a bad one throws", () => {
  const read = createPublicReader("1h", symbolOf, createRolls());
  expect(read(publicPush("ticker", tickerRow))).toMatchObject([
    { kind: "PriceChanged", symbol: btc, quote: { at: 1_700_000_000_200 } },
  ]);
  for (const bad of ["0", "-1", "NaN", "1e400", ""]) {
    expect(() => read(publicPush("ticker", { ...tickerRow, markPrice: bad }))).toThrow();
  }
});

test("a candle is told once, when a later one than ever before has begun", () => {
  const rolls = createRolls();
  const read = createPublicReader("1m", symbolOf, rolls);
  const bar = (openTime: number) => [`${openTime}`, "1", "1", "1", "1", "0"];
  const at = 1_700_000_040_000;
  const rolled = (openTime: number) => [{ kind: "CandleRolled", symbol: btc, openTime }];
  expect(read(publicPush("candle1m", bar(at - 60_000), bar(at)))).toEqual(rolled(at));
  expect(read(publicPush("candle1m", bar(at)))).toEqual([]);
  expect(read(publicPush("candle1m", bar(at + 60_000)))).toEqual(rolled(at + 60_000));
  // A new connection begins with a snapshot of the past.
  const again = createPublicReader("1m", symbolOf, rolls);
  expect(again(publicPush("candle1m", bar(at), bar(at + 60_000)))).toEqual([]);
  expect(again(publicPush("candle1m", bar(at + 180_000)))).toEqual(rolled(at + 180_000));
});

test("a day has rolled when an hour of the next one begins, in UTC", () => {
  const read = createPublicReader("1d", symbolOf, createRolls());
  const midnight = 19_675 * 86_400_000;
  const hour = (count: number) => [`${midnight + count * 3_600_000}`, "1", "1", "1", "1", "0"];
  const rolled = (openTime: number) => [{ kind: "CandleRolled", symbol: btc, openTime }];
  expect(read(publicPush("candle1H", hour(5)))).toEqual(rolled(midnight));
  expect(read(publicPush("candle1H", hour(23)))).toEqual([]);
  expect(read(publicPush("candle1H", hour(24)))).toEqual(rolled(midnight + 86_400_000));
});

test("an order's cumulative fill is the cumulative one", () => {
  const [event] = privateReader()(privatePush("orders", pushedOrder));
  expect(event?.kind === "OrderChanged" && event.report.filled.toFixed()).toBe("0.015");
});

test("a fill has the name that it brings, or the one that its order had", () => {
  const read = privateReader();
  expect(read(privatePush("fill", { ...fillRow, clientOid: "grid-1-9" }))).toMatchObject([
    { kind: "Filled", fill: { tradeId: "9001", clientOrderId: "grid-1-9" } },
  ]);
  expect(read(privatePush("fill", { ...fillRow, tradeId: "9002" }))).toMatchObject([
    { kind: "Filled", fill: { tradeId: "9002", clientOrderId: "grid-1-9" } },
  ]);
  const other = privateReader();
  other(privatePush("orders", { ...namelessOrder, clientOId: "grid-1-7" }));
  expect(other(privatePush("fill", fillRow))).toMatchObject([
    { kind: "Filled", fill: { clientOrderId: "grid-1-7" } },
  ]);
  expect(privateReader()(privatePush("fill", fillRow))).toMatchObject([
    { kind: "FilledNameless", fill: { tradeId: "9001" } },
  ]);
});

test("positions are news when what is held has changed, not when its value has", () => {
  const read = privateReader();
  const held = { ...positionRow, instId: "BTCUSDT" };
  expect(read(privatePush("positions", held))).toEqual(accountChanged);
  expect(read(privatePush("positions", { ...held, unrealizedPL: "5" }))).toEqual([]);
  expect(read(privatePush("positions", { ...held, total: "0.02" }))).toEqual(accountChanged);
  expect(read(privatePush("positions"))).toEqual(accountChanged);
});

test("plans, unknown channels and whatever cannot be read are reasons to read", () => {
  const read = privateReader();
  for (const push of [
    privatePush("orders-algo", {}),
    privatePush("account", {}),
    privatePush("orders", { ...pushedOrder, accBaseVolume: undefined }),
    privatePush("orders", pushedOrder, "garbage"),
    privatePush("orders", { ...pushedOrder, instId: "NEWUSDT" }),
    privatePush("fill", { ...fillRow, price: "NaN" }),
    privatePush("positions", null),
  ]) {
    expect(read(push)).toEqual(accountChanged);
  }
});
