import { expect, test } from "@jest/globals";
import { millis } from "#base/clock.ts";
import { marketSymbol } from "#trading/market.ts";
import { clientOrderId } from "#trading/order.ts";
import type { Exchange } from "../port.ts";
import {
  accountInfoRow,
  accountRow,
  orderRow,
  planRow,
  positionRow,
  tickerRow,
  walletRow,
} from "./recorded-rows.ts";
import {
  createScriptedBitget,
  cut,
  KEYS,
  openScripted,
  raw,
  refusal,
  REQUEST_TIME,
  sentAfterMarkets,
  START,
  success,
} from "./scripted-bitget.ts";

const btc = marketSymbol("BTC/USDT:USDT");
const id = clientOrderId("grid", 1, 7);

/** What a read asks, what it is answered, what it makes of that, and which fields it cannot do without. */
type Case = {
  readonly ask: (exchange: Exchange) => Promise<unknown>;
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly data: unknown;
  readonly value: unknown;
  readonly needs?: string;
  readonly sound?: object;
  /** Puts one row where the answer has its rows. */
  readonly wrap?: (row: object) => unknown;
};

const product = { productType: "USDT-FUTURES" };
const page = { ...product, limit: "100" };

const report = {
  clientOrderId: id,
  exchangeOrderId: orderRow.orderId,
  symbol: btc,
  side: "buy",
  size: "0.02",
  reduceOnly: false,
  updatedAt: 1_700_000_000_100,
};

const cases: Readonly<Record<string, Case>> = {
  fetchPrices: {
    ask: ({ fetchPrices }) => fetchPrices([btc]),
    path: "v2/mix/market/tickers",
    query: product,
    data: [tickerRow, { symbol: "XUSDT", lastPr: "" }],
    value: new Map([[btc, { last: "30000.5", mark: "30000.7", at: 1_700_000_000_200 }]]),
    needs: "symbol lastPr markPrice ts",
    sound: tickerRow,
    wrap: (row) => [row],
  },
  fetchAccount: {
    ask: ({ fetchAccount }) => fetchAccount(),
    path: "v2/spot/account/info",
    query: {},
    data: accountInfoRow,
    value: { uid: "7777", canTrade: true, canWithdraw: false },
    needs: "authorities",
    sound: accountInfoRow,
    wrap: (row) => row,
  },
  fetchBalance: {
    ask: ({ fetchBalance }) => fetchBalance(),
    path: "v2/mix/account/accounts",
    query: product,
    data: [{ ...walletRow, marginCoin: "BTC" }, walletRow],
    value: { equity: "1010.25", available: "880.5", wallet: "1023" },
    needs: "marginCoin accountEquity available unrealizedPL",
    sound: walletRow,
    wrap: (row) => [row],
  },
  fetchPositions: {
    ask: ({ fetchPositions }) => fetchPositions(),
    path: "v2/mix/position/all-position",
    query: { ...product, marginCoin: "USDT" },
    data: [positionRow, { ...positionRow, symbol: "ETHUSDT", total: "0", openPriceAvg: "" }],
    value: [
      {
        symbol: btc,
        side: "long",
        size: "0.01",
        averagePrice: "30000",
        leverage: 20,
        liquidationPrice: "25000",
      },
    ],
    needs: "symbol holdSide total openPriceAvg leverage",
    sound: positionRow,
    wrap: (row) => [{ ...positionRow, symbol: "ETHUSDT" }, row],
  },
  fetchOpenOrders: {
    ask: ({ fetchOpenOrders }) => fetchOpenOrders(),
    path: "v2/mix/order/orders-pending",
    query: page,
    data: { entrustedList: [{ ...orderRow, status: "partially_filled" }], endId: "1" },
    value: [{ ...report, status: "Open", filled: "0.01", limit: "30000.5" }],
    needs: "symbol side status size baseVolume price orderType reduceOnly",
    sound: { ...orderRow, status: "live" },
    wrap: (row) => ({
      entrustedList: [{ ...orderRow, status: "live", orderId: "1" }, row],
      endId: "1",
    }),
  },
  fetchPlans: {
    ask: ({ fetchPlans }) => fetchPlans(),
    path: "v2/mix/order/orders-plan-pending",
    query: { ...page, planType: "profit_loss" },
    data: { entrustedList: [planRow], endId: null },
    value: [
      {
        id: planRow.orderId,
        clientOrderId: "grid-1-8",
        symbol: btc,
        kind: "Stop",
        side: "long",
        trigger: "29000.5",
        size: undefined,
      },
    ],
    needs: "planType symbol triggerPrice side posSide",
    sound: planRow,
    wrap: (row) => ({ entrustedList: [{ ...planRow, orderId: "1" }, row], endId: null }),
  },
  fetchOrder: {
    ask: ({ fetchOrder }) => fetchOrder(id, btc),
    path: "v2/mix/order/detail",
    query: { ...product, symbol: "BTCUSDT", clientOid: id },
    data: { ...orderRow, state: "filled", orderType: "market", price: "", baseVolume: "0.02" },
    value: { ...report, status: "Filled", filled: "0.02", limit: undefined },
    needs: "symbol clientOid side state size baseVolume",
    sound: { ...orderRow, state: "live" },
    wrap: (row) => row,
  },
  fetchFills: {
    ask: ({ fetchFills }) => fetchFills(btc, START),
    path: "v2/mix/order/fills",
    query: { ...page, symbol: "BTCUSDT", startTime: `${START}` },
    data: { fillList: [], endId: null },
    value: [],
  },
  fetchSymbolFacts: {
    ask: ({ fetchSymbolFacts }) => fetchSymbolFacts(btc),
    path: "v2/mix/account/account",
    query: { ...product, marginCoin: "USDT", symbol: "BTCUSDT" },
    data: accountRow,
    value: { leverage: 7, marginMode: "crossed", oneWay: true },
    needs: "marginMode crossedMarginLeverage posMode",
    sound: accountRow,
    wrap: (row) => row,
  },
};

/** Decimals as text, which is how a person reads a difference. */
const plain = (value: unknown): unknown => {
  if (value instanceof Map) return new Map([...value].map(([key, item]) => [key, plain(item)]));
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null) return value;
  if ("toFixed" in value && typeof value.toFixed === "function") return value.toFixed();
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item)]));
};

for (const [name, { ask, path, query, data, value }] of Object.entries(cases)) {
  test(`${name} is one request, and its answer a value`, async () => {
    const bitget = createScriptedBitget();
    bitget.on(path, success(data));
    const fact = await ask(openScripted(bitget));
    expect(plain(fact)).toEqual({ kind: "Known", value, at: REQUEST_TIME });
    expect(sentAfterMarkets(bitget)).toEqual([{ method: "GET", path, query, body: undefined }]);
  });

  test(`${name} is unknown, never empty, when the answer fails or is garbage`, async () => {
    const failures = [
      cut,
      raw(200, ""),
      raw(200, "<html>maintenance</html>"),
      raw(200, '{"code":"00000","data":[{"symbol":'),
      raw(502, "<html>bad gateway</html>"),
      success(null),
      success("garbage"),
      success([null]),
      success({}),
      refusal("40015", "system is abnormal"),
      refusal("40012", `${KEYS.apiKey} with ${KEYS.passphrase} is wrong`),
    ];
    for (const failure of failures) {
      const bitget = createScriptedBitget();
      bitget.on(path, failure);
      const fact = await ask(openScripted(bitget));
      expect(fact).toMatchObject({ kind: "Unknown" });
      for (const key of Object.values(KEYS)) expect(JSON.stringify(fact)).not.toContain(key);
    }
  });

  test(`${name} says "Unauthorized" of a bad key`, async () => {
    const bitget = createScriptedBitget();
    bitget.on(path, refusal("40012", "apikey/password is incorrect"));
    expect(await ask(openScripted(bitget))).toMatchObject({
      kind: "Unknown",
      reason: expect.stringMatching(/^Unauthorized: /),
    });
  });
}

for (const [name, { ask, path, needs, sound, wrap }] of Object.entries(cases)) {
  if (needs === undefined || wrap === undefined) continue;
  test(`${name}: one bad field makes the whole answer unknown, never a shorter list`, async () => {
    const bitget = createScriptedBitget();
    const exchange = openScripted(bitget);
    for (const field of needs.split(" ")) {
      for (const bad of [undefined, null, "?", "NaN", "1e3", {}, true]) {
        bitget.on(path, success(wrap({ ...sound, [field]: bad })));
        const fact = await ask(exchange);
        expect([field, bad, fact]).toMatchObject([field, bad, { kind: "Unknown" }]);
      }
    }
  });
}

test("an id that came as a number has lost digits, so the answer is unknown", async () => {
  const bitget = createScriptedBitget();
  bitget.on(
    "v2/mix/order/orders-pending",
    success({ entrustedList: [{ ...orderRow, status: "live", orderId: 1_300 }], endId: "1" }),
  );
  expect(await openScripted(bitget).fetchOpenOrders()).toMatchObject({ kind: "Unknown" });
});

test("an order that the exchange does not know is absent, as of when we asked", async () => {
  for (const code of ["40109", "40768", "40773", "43001", "22001", "25204"]) {
    const bitget = createScriptedBitget();
    bitget.on("v2/mix/order/detail", refusal(code, "not found"));
    expect(await openScripted(bitget).fetchOrder(id, btc)).toEqual({
      kind: "Known",
      value: undefined,
      at: START,
    });
  }
});

test("an answer about another order is no answer", async () => {
  const bitget = createScriptedBitget();
  bitget.on("v2/mix/order/detail", success({ ...orderRow, state: "live", clientOid: "grid-1-9" }));
  expect(await openScripted(bitget).fetchOrder(id, btc)).toMatchObject({ kind: "Unknown" });
});

test("an order in a state that nobody knows is unknown", async () => {
  const bitget = createScriptedBitget();
  bitget.on("v2/mix/order/detail", success({ ...orderRow, state: "executing" }));
  expect(await openScripted(bitget).fetchOrder(id, btc)).toMatchObject({ kind: "Unknown" });
});

test("an account without a USDT wallet in the answer is unknown, not empty", async () => {
  const bitget = createScriptedBitget();
  bitget.on("v2/mix/account/accounts", success([]));
  expect(await openScripted(bitget).fetchBalance()).toMatchObject({ kind: "Unknown" });
});

test("a request that the budget turns away says that it was never sent", async () => {
  const bitget = createScriptedBitget();
  const exchange = openScripted(bitget);
  await exchange.close();
  expect(await exchange.fetchBalance()).toEqual({
    kind: "Unknown",
    reason: "never sent: the exchange is closed",
  });
  expect(bitget.requests).toEqual([]);
});

test("a time that the exchange does not tell is when we asked", async () => {
  const bitget = createScriptedBitget();
  const body = JSON.stringify({ code: "00000", msg: "success", data: accountInfoRow });
  bitget.on("v2/spot/account/info", raw(200, body));
  expect(await openScripted(bitget).fetchAccount()).toMatchObject({ at: millis(START) });
});
