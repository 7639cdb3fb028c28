import { expect, test } from "@jest/globals";
import { millis } from "#base/clock.ts";
import { timeframeMs, type Timeframe } from "#trading/candle.ts";
import { marketSymbol } from "#trading/market.ts";
import {
  createManualClock,
  createScriptedBitget,
  openScripted,
  sentAfterMarkets,
  success,
  type Reply,
} from "./scripted-bitget.ts";

const symbol = marketSymbol("BTC/USDT:USDT");
const HOUR = timeframeMs["1h"];
/** Ten minutes into an hour. */
const NOW = millis(472_300 * HOUR + 600_000);
const OPEN_HOUR = 472_300 * HOUR;

const row = (openTime: number) => [`${openTime}`, "10", "12", "9", "11", "5", "55"];

/** An exchange that has every bar of a timeframe, the open one too, and counts the end in or not. */
const bars =
  (timeframe: Timeframe, endCounts: boolean): Reply =>
  (request, init) => {
    const { endTime, limit } = request.query;
    const length = timeframeMs[timeframe];
    const newest = Math.min(
      Math.floor(NOW / length) * length,
      Math.floor((Number(endTime) - (endCounts ? 0 : 1)) / length) * length,
    );
    const rows = Array.from({ length: Number(limit) }, (_, back) => row(newest - back * length));
    return success(rows.toReversed())(request, init);
  };

const setUp = () => {
  const bitget = createScriptedBitget();
  const exchange = openScripted(bitget, { clock: createManualClock(NOW) });
  return { bitget, exchange };
};

for (const endCounts of [true, false]) {
  test(`closed candles only, oldest first, when the end ${endCounts ? "counts" : "does not"}`, async () => {
    const { bitget, exchange } = setUp();
    bitget.on("v2/mix/market/candles", bars("1h", endCounts));
    const fact = await exchange.fetchCandles({ symbol, timeframe: "1h", before: NOW, limit: 3 });
    expect(fact.kind === "Known" && fact.value.map(({ openTime }) => openTime)).toEqual([
      OPEN_HOUR - 3 * HOUR,
      OPEN_HOUR - 2 * HOUR,
      OPEN_HOUR - HOUR,
    ]);
    expect(sentAfterMarkets(bitget)[0]).toMatchObject({
      path: "v2/mix/market/candles",
      query: {
        symbol: "BTCUSDT",
        productType: "USDT-FUTURES",
        granularity: "1H",
        endTime: `${OPEN_HOUR}`,
        limit: "4",
      },
    });
  });

  test(`long histories come in pages, when the end ${endCounts ? "counts" : "does not"}`, async () => {
    const { bitget, exchange } = setUp();
    bitget.on("v2/mix/market/candles", bars("1m", endCounts));
    const before = millis(NOW - 30_000);
    const fact = await exchange.fetchCandles({ symbol, timeframe: "1m", before, limit: 2_500 });
    expect(fact.kind === "Known" && fact.value.length).toBe(2_500);
    expect(fact.kind === "Known" && fact.value.at(-1)?.openTime).toBe(NOW - 60_000);
  });
}

test("what lies further back than the recent candles reach comes from their history", async () => {
  const { bitget, exchange } = setUp();
  bitget.on("v2/mix/market/candles", bars("1h", false));
  bitget.on("v2/mix/market/history-candles", bars("1h", false));
  const before = millis(NOW - 80 * 24 * HOUR);
  const fact = await exchange.fetchCandles({ symbol, timeframe: "1h", before, limit: 250 });
  expect(fact.kind === "Known" && fact.value.length).toBe(250);
  expect(sentAfterMarkets(bitget).map(({ path, query }) => [path, query["limit"]])).toEqual([
    ["v2/mix/market/history-candles", "200"],
    ["v2/mix/market/history-candles", "51"],
  ]);
});

test("a bar closes by the clock, not by what it is sent with", async () => {
  const { bitget, exchange } = setUp();
  const start = OPEN_HOUR - HOUR;
  bitget.on("v2/mix/market/candles", success([row(start), row(OPEN_HOUR), row(OPEN_HOUR + HOUR)]));
  const before = millis(NOW + 10 * HOUR);
  const fact = await exchange.fetchCandles({ symbol, timeframe: "1h", before, limit: 5 });
  expect(fact.kind === "Known" && fact.value.map(({ openTime }) => openTime)).toEqual([start]);
});

test("days are those of UTC", async () => {
  const { bitget, exchange } = setUp();
  bitget.on("v2/mix/market/candles", bars("1d", false));
  const request = { symbol, timeframe: "1d", before: NOW, limit: 2 } as const;
  expect(await exchange.fetchCandles(request)).toMatchObject({ kind: "Known" });
  expect(sentAfterMarkets(bitget)[0]?.query["granularity"]).toBe("1Dutc");
});

test("a market that is younger than what was asked has fewer candles", async () => {
  const { bitget, exchange } = setUp();
  const rows = [row(OPEN_HOUR - 2 * HOUR), row(OPEN_HOUR - HOUR)];
  bitget.on("v2/mix/market/candles", success(rows), success([]));
  const fact = await exchange.fetchCandles({ symbol, timeframe: "1h", before: NOW, limit: 500 });
  expect(fact.kind === "Known" && fact.value.length).toBe(2);
});

test("a gap, or one bad bar, makes the answer unknown", async () => {
  const { bitget, exchange } = setUp();
  const ask = () => exchange.fetchCandles({ symbol, timeframe: "1h", before: NOW, limit: 3 });
  bitget.on("v2/mix/market/candles", success([row(OPEN_HOUR - 3 * HOUR), row(OPEN_HOUR - HOUR)]));
  expect(await ask()).toMatchObject({ kind: "Unknown", reason: expect.stringContaining("gap") });
  const bad = [`${OPEN_HOUR - HOUR}`, "10", "12", "9", "NaN", "5"];
  bitget.on("v2/mix/market/candles", success([row(OPEN_HOUR - 2 * HOUR), bad]));
  expect(await ask()).toMatchObject({ kind: "Unknown" });
});

test("an exchange that repeats itself does not keep us asking", async () => {
  const { bitget, exchange } = setUp();
  bitget.on("v2/mix/market/candles", success([row(OPEN_HOUR - HOUR)]));
  const fact = await exchange.fetchCandles({ symbol, timeframe: "1h", before: NOW, limit: 900 });
  expect(fact.kind === "Known" && fact.value.length).toBe(1);
  expect(sentAfterMarkets(bitget)).toHaveLength(2);
});
