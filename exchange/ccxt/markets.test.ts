import { expect, test } from "@jest/globals";
import { marketSymbol } from "#trading/market.ts";
import { accountRow, positionRow, tickerRow } from "./recorded-rows.ts";
import {
  contract,
  createManualClock,
  createScriptedBitget,
  openScripted,
  raw,
  success,
} from "./scripted-bitget.ts";

const btc = marketSymbol("BTC/USDT:USDT");
const contracts = "v2/mix/market/contracts";
const positions = "v2/mix/position/all-position";

test("the list of contracts is one request", async () => {
  const bitget = createScriptedBitget();
  const fact = await openScripted(bitget).fetchMarkets();
  expect(fact.kind === "Known" && [...fact.value.keys()]).toEqual([btc, "ETH/USDT:USDT"]);
  expect(bitget.requests.map(({ path, query }) => [path, query])).toEqual([
    [contracts, { productType: "USDT-FUTURES" }],
  ]);
});

test("a list that failed once is asked for again", async () => {
  const bitget = createScriptedBitget();
  bitget.on(contracts, raw(502, "down"), success([contract("BTC")]));
  bitget.on(positions, success([positionRow]));
  const exchange = openScripted(bitget);
  expect(await exchange.fetchPositions()).toMatchObject({ kind: "Unknown" });
  expect(await exchange.fetchPositions()).toMatchObject({ kind: "Known" });
});

test("reads that need names at the same time load them once", async () => {
  const bitget = createScriptedBitget();
  bitget.on(positions, success([]));
  bitget.on("v2/mix/account/account", success(accountRow));
  const exchange = openScripted(bitget);
  await Promise.all([exchange.fetchSymbolFacts(btc), exchange.fetchPositions()]);
  await exchange.fetchPositions();
  expect(bitget.requests.filter(({ path }) => path === contracts)).toHaveLength(1);
});

test("a symbol that was listed since is found, and the list is not loaded at every read", async () => {
  const bitget = createScriptedBitget();
  const clock = createManualClock();
  bitget.on(contracts, success([contract("BTC")]), success([contract("BTC"), contract("SOL")]));
  bitget.on(positions, success([{ ...positionRow, symbol: "SOLUSDT" }]));
  const exchange = openScripted(bitget, { clock });
  expect(await exchange.fetchPositions()).toMatchObject({
    kind: "Unknown",
    reason: "the exchange does not list SOLUSDT",
  });
  clock.pass(60_000);
  expect(await exchange.fetchPositions()).toMatchObject({ value: [{ symbol: "SOL/USDT:USDT" }] });
});

test("a row that cannot be read spoils the list, and so does a list without a perpetual", async () => {
  const bitget = createScriptedBitget();
  const exchange = openScripted(bitget);
  for (const data of [[contract("BTC"), { ...contract("ETH"), sizeMultiplier: "" }], []]) {
    bitget.on(contracts, success(data));
    expect(await exchange.fetchMarkets()).toMatchObject({ kind: "Unknown" });
  }
});

test("prices that were asked for and are missing make the answer unknown", async () => {
  const bitget = createScriptedBitget();
  bitget.on("v2/mix/market/tickers", success([{ ...tickerRow, symbol: "ETHUSDT" }]));
  expect(await openScripted(bitget).fetchPrices([btc])).toMatchObject({ kind: "Unknown" });
});
