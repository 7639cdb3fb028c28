import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { inspect } from "node:util";
import { marketSymbol } from "#trading/market.ts";
import { price, quantity } from "#trading/money.ts";
import { clientOrderId } from "#trading/order.ts";
import type { EntryRequest, Exchange, ExitRequest, Plan, ProtectionRequest } from "../port.ts";
import { planRow } from "./recorded-rows.ts";
import { planId } from "./rows.ts";
import {
  createScriptedBitget,
  cut,
  KEYS,
  openScripted,
  raw,
  refusal,
  sentAfterMarkets,
  success,
  type Reply,
} from "./scripted-bitget.ts";

const btc = marketSymbol("BTC/USDT:USDT");
const id = clientOrderId("grid", 1, 7);
const allow = () => undefined;

const entry: EntryRequest = {
  id,
  symbol: btc,
  side: "buy",
  size: quantity("0.0100"),
  limit: price("30000.50"),
  stop: price("24000.5"),
  marginMode: "crossed",
  guard: allow,
};

const exit: ExitRequest = {
  id,
  symbol: btc,
  side: "sell",
  size: quantity("0.01"),
  marginMode: "isolated",
  urgent: true,
};

const protection: ProtectionRequest = {
  id,
  symbol: btc,
  kind: "Stop",
  side: "long",
  trigger: price("24000.5"),
  size: quantity("0.01"),
};

const plan: Plan = {
  id: planId("55"),
  clientOrderId: "grid-1-8",
  symbol: btc,
  kind: "Stop",
  side: "long",
  trigger: price("24000.5"),
  size: undefined,
};

const common = { symbol: "BTCUSDT", productType: "USDT-FUTURES", marginCoin: "USDT" };
const acknowledged = { orderId: "1300000000000000001", clientOid: id };

type Case = {
  readonly tell: (exchange: Exchange) => Promise<unknown>;
  readonly path: string;
  readonly body: object;
  readonly data: unknown;
  readonly value?: string;
};

const cases: Readonly<Record<string, Case>> = {
  submitEntry: {
    tell: ({ submitEntry }) => submitEntry(entry),
    path: "v2/mix/order/place-order",
    body: {
      ...common,
      marginMode: "crossed",
      side: "buy",
      orderType: "limit",
      force: "gtc",
      price: "30000.5",
      size: "0.01",
      presetStopLossPrice: "24000.5",
      clientOid: id,
    },
    data: acknowledged,
    value: acknowledged.orderId,
  },
  submitExit: {
    tell: ({ submitExit }) => submitExit(exit),
    path: "v2/mix/order/place-order",
    body: {
      ...common,
      marginMode: "isolated",
      side: "sell",
      orderType: "market",
      size: "0.01",
      reduceOnly: "YES",
      clientOid: id,
    },
    data: acknowledged,
    value: acknowledged.orderId,
  },
  cancelOrder: {
    tell: ({ cancelOrder }) => cancelOrder(id, btc),
    path: "v2/mix/order/cancel-order",
    body: { ...common, clientOid: id },
    data: acknowledged,
  },
  placeProtection: {
    tell: ({ placeProtection }) => placeProtection(protection),
    path: "v2/mix/order/place-tpsl-order",
    body: {
      ...common,
      planType: "pos_loss",
      triggerPrice: "24000.5",
      triggerType: "mark_price",
      holdSide: "buy",
      clientOid: id,
    },
    data: acknowledged,
    value: acknowledged.orderId,
  },
  moveProtection: {
    tell: ({ moveProtection }) =>
      moveProtection({ plan, trigger: price("25000"), size: quantity("0.02") }),
    path: "v2/mix/order/modify-tpsl-order",
    body: {
      ...common,
      orderId: "55",
      triggerPrice: "25000",
      triggerType: "mark_price",
      size: "",
    },
    data: { orderId: "55", clientOid: "grid-1-8" },
  },
  cancelPlan: {
    tell: ({ cancelPlan }) => cancelPlan(plan),
    path: "v2/mix/order/cancel-plan-order",
    body: { ...common, planType: "pos_loss", orderIdList: [{ orderId: "55" }] },
    data: { successList: [{ orderId: "55", clientOid: "grid-1-8" }], failureList: [] },
  },
  setLeverage: {
    tell: ({ setLeverage }) => setLeverage(btc, 7),
    path: "v2/mix/account/set-leverage",
    body: { ...common, leverage: "7" },
    data: { symbol: "BTCUSDT", crossMarginLeverage: "7" },
  },
  setMarginMode: {
    tell: ({ setMarginMode }) => setMarginMode(btc, "isolated"),
    path: "v2/mix/account/set-margin-mode",
    body: { ...common, marginMode: "isolated" },
    data: { symbol: "BTCUSDT", marginMode: "isolated" },
  },
  setOneWayMode: {
    tell: ({ setOneWayMode }) => setOneWayMode(),
    path: "v2/mix/account/set-position-mode",
    body: { productType: "USDT-FUTURES", posMode: "one_way_mode" },
    data: { posMode: "one_way_mode" },
  },
};

/** Answers that prove nothing about what became of the request. */
const doubts: Readonly<Record<string, Reply>> = {
  cut,
  "an empty answer": raw(200, ""),
  html: raw(200, "<html>ok</html>"),
  "a truncated answer": raw(200, '{"code":"00000","data":{"orderId":"1'),
  "a bad gateway": raw(502, "<html>bad gateway</html>"),
  "a refusal from a gateway": refusal("40762", "balance", 502),
  "too many, in HTML": raw(429, "<html>slow down</html>"),
  "no data": success(null),
  "timed out at the exchange": refusal("40010", "Request timed out"),
  "a duplicate id": refusal("40786", "Duplicate clientOid"),
  "system is abnormal": refusal("40015", "system is abnormal"),
  "service error": refusal("40725", "service return an error"),
  "unknown error": refusal("45001", "unknown error"),
  "a code nobody knows": refusal("99999", "?"),
  "an echo of the keys": refusal("99998", Object.values(KEYS).join(" ")),
};

for (const [name, { tell, path, body, data, value }] of Object.entries(cases)) {
  test(`${name} is exactly one request`, async () => {
    const bitget = createScriptedBitget();
    bitget.on(path, success(data));
    expect(await tell(openScripted(bitget))).toEqual({ kind: "Accepted", value });
    expect(sentAfterMarkets(bitget)).toEqual([{ method: "POST", path, query: {}, body }]);
  });

  test(`${name} is unknown after an answer that proves nothing, and is not sent again`, async () => {
    for (const [doubt, reply] of Object.entries(doubts)) {
      const bitget = createScriptedBitget();
      bitget.on(path, reply);
      const outcome = await tell(openScripted(bitget));
      expect([doubt, outcome]).toMatchObject([doubt, { kind: "Unknown" }]);
      expect(sentAfterMarkets(bitget)).toHaveLength(1);
      for (const key of Object.values(KEYS)) expect(inspect(outcome)).not.toContain(key);
    }
  });

  test(`${name} is rejected by a code that proves it`, async () => {
    const bitget = createScriptedBitget();
    bitget.on(path, refusal("40012", "apikey/password is incorrect"));
    expect(await tell(openScripted(bitget))).toMatchObject({
      kind: "Rejected",
      reason: "Unauthorized",
      detail: expect.stringContaining("apikey/password is incorrect"),
    });
  });

  test(`${name} says that it was never sent when the budget turns it away`, async () => {
    const bitget = createScriptedBitget();
    const exchange = openScripted(bitget);
    await exchange.fetchMarkets();
    await exchange.close();
    expect(await tell(exchange)).toEqual({
      kind: "Rejected",
      reason: "Denied",
      detail: "never sent: the exchange is closed",
    });
    expect(sentAfterMarkets(bitget)).toEqual([]);
  });
}

test("an order whose symbol cannot be looked up was never sent", async () => {
  const bitget = createScriptedBitget();
  bitget.on("v2/mix/market/contracts", raw(502, "down"));
  expect(await openScripted(bitget).submitEntry(entry)).toMatchObject({
    kind: "Rejected",
    reason: "Denied",
    detail: expect.stringContaining("never sent"),
  });
});

test("a success without the order's id, or about another order, leaves it unknown", async () => {
  const bitget = createScriptedBitget();
  const exchange = openScripted(bitget);
  for (const data of [
    { clientOid: id },
    { orderId: "", clientOid: id },
    { orderId: null, clientOid: id },
    { orderId: 1_300, clientOid: id },
    { orderId: "1", clientOid: "grid-1-8" },
    "",
    [],
  ]) {
    bitget.on("v2/mix/order/place-order", success(data));
    bitget.on("v2/mix/order/place-tpsl-order", success(data));
    expect(await exchange.submitEntry(entry)).toMatchObject({ kind: "Unknown" });
    expect(await exchange.submitExit(exit)).toMatchObject({ kind: "Unknown" });
    expect(await exchange.placeProtection(protection)).toMatchObject({ kind: "Unknown" });
  }
});

test("whatever code and body come back, an order that may exist is never called rejected", async () => {
  const bitget = createScriptedBitget();
  const exchange = openScripted(bitget);
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(200, 400, 403, 404, 500, 502, 504),
      fc.oneof(fc.string(), fc.json(), fc.constant('{"code":"00000","data":{}}')),
      fc.integer({ min: 60_000, max: 99_999 }),
      fc.boolean(),
      async (status, body, code, isRefusal) => {
        bitget.on(
          "v2/mix/order/place-order",
          isRefusal ? refusal(`${code}`, body, status) : raw(status, body),
        );
        const outcome = await exchange.submitEntry(entry);
        expect(outcome.kind).toBe("Unknown");
      },
    ),
    { numRuns: 1_000 },
  );
});

test("what is gone already cannot be canceled or moved, and that is certain", async () => {
  const bitget = createScriptedBitget();
  const exchange = openScripted(bitget);
  for (const code of ["40109", "40768", "43001", "22001", "43025"]) {
    for (const [name, { tell, path }] of Object.entries(cases)) {
      if (!["cancelOrder", "moveProtection", "cancelPlan"].includes(name)) continue;
      bitget.on(path, refusal(code, "not found"));
      expect(await tell(exchange)).toMatchObject({ kind: "Rejected", reason: "NotFound" });
    }
  }
});

test("a plan that is not in the list of successes was not canceled", async () => {
  const bitget = createScriptedBitget();
  const exchange = openScripted(bitget);
  const answer = async (failureList: unknown, successList: unknown = []) => {
    bitget.on("v2/mix/order/cancel-plan-order", success({ successList, failureList }));
    return exchange.cancelPlan(plan);
  };
  const failure = (errorCode: string) => [
    { orderId: "55", clientOid: "", errorMsg: "m", errorCode },
  ];
  expect(await answer(failure("43025"))).toMatchObject({ kind: "Rejected", reason: "NotFound" });
  expect(await answer(failure("40015"))).toMatchObject({ kind: "Unknown" });
  expect(await answer([], [{ orderId: "56" }])).toMatchObject({ kind: "Unknown" });
  expect(await answer(null, null)).toMatchObject({ kind: "Unknown" });
});

test("a plan is canceled by the name that the exchange listed it under", async () => {
  const bitget = createScriptedBitget();
  const types = ["pos_loss", "loss_plan", "pos_profit", "profit_plan", "moving_plan"];
  bitget.on(
    "v2/mix/order/orders-plan-pending",
    success({
      entrustedList: types.map((planType, index) => ({
        ...planRow,
        planType,
        orderId: `${index}`,
      })),
      endId: null,
    }),
  );
  bitget.on("v2/mix/order/cancel-plan-order", success({ successList: [], failureList: [] }));
  const exchange = openScripted(bitget);
  const fact = await exchange.fetchPlans();
  for (const listed of fact.kind === "Known" ? fact.value : []) await exchange.cancelPlan(listed);
  // Never listed: called by what it is.
  await exchange.cancelPlan({ ...plan, kind: "TakeProfit", size: quantity("1") });
  expect(sentAfterMarkets(bitget).flatMap(({ body }) => body?.["planType"] ?? [])).toEqual([
    ...types,
    "profit_plan",
  ]);
});

test("what is already as asked counts as accepted, in configuring and nowhere else", async () => {
  const bitget = createScriptedBitget();
  const exchange = openScripted(bitget);
  bitget.on("v2/mix/account/set-leverage", refusal("40814", "No change in leverage"));
  expect(await exchange.setLeverage(btc, 7)).toEqual({ kind: "Accepted", value: undefined });
  bitget.on("v2/mix/account/set-leverage", refusal("40797", "Exceeded the maximum leverage"));
  expect(await exchange.setLeverage(btc, 125)).toMatchObject({ reason: "InvalidLeverage" });
  bitget.on("v2/mix/order/place-order", refusal("40814", "No change in leverage"));
  expect(await exchange.submitEntry(entry)).toMatchObject({ kind: "Unknown" });
});
