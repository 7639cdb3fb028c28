import { expect, test } from "@jest/globals";
import { millis } from "#base/clock.ts";
import { marketSymbol } from "#trading/market.ts";
import { price, quantity } from "#trading/money.ts";
import { clientOrderId } from "#trading/order.ts";
import { fillRow, orderRow } from "./recorded-rows.ts";
import {
  createManualClock,
  createScriptedBitget,
  openScripted,
  refusal,
  sentAfterMarkets,
  START,
  success,
  type Reply,
} from "./scripted-bitget.ts";

const btc = marketSymbol("BTC/USDT:USDT");
const DAY = 86_400_000;

const fills = "v2/mix/order/fills";
const detail = "v2/mix/order/detail";

const fill = (tradeId: number, changes: Partial<Record<keyof typeof fillRow, unknown>> = {}) => ({
  ...fillRow,
  tradeId: `${tradeId}`,
  ...changes,
});

/** Every order is named after its number. */
const named: Reply = (request, init) => {
  const { orderId } = request.query;
  return success({ ...orderRow, state: "filled", orderId, clientOid: `grid-1-${orderId}` })(
    request,
    init,
  );
};

test("fills come oldest first, each with the name of its order, looked up once", async () => {
  const bitget = createScriptedBitget();
  const list = [
    fill(12, { orderId: "2", cTime: "1700000000002" }),
    fill(10, { orderId: "1", cTime: "1700000000001" }),
    fill(9, { orderId: "1", cTime: "1700000000001" }),
  ];
  bitget.on(fills, success({ fillList: list, endId: "9" }));
  bitget.on(detail, named);
  const exchange = openScripted(bitget);
  const fact = await exchange.fetchFills(btc, START);
  expect(
    fact.kind === "Known" && fact.value.map((one) => [one.tradeId, one.clientOrderId]),
  ).toEqual([
    ["9", "grid-1-1"],
    ["10", "grid-1-1"],
    ["12", "grid-1-2"],
  ]);
  await exchange.fetchFills(btc, START);
  expect(sentAfterMarkets(bitget).map(({ path, query }) => [path, query["orderId"]])).toEqual([
    [fills, undefined],
    [detail, "1"],
    [detail, "2"],
    [fills, undefined],
  ]);
});

test("an order that we placed ourselves needs no asking", async () => {
  const bitget = createScriptedBitget();
  const id = clientOrderId("grid", 1, 7);
  bitget.on("v2/mix/order/place-order", success({ orderId: fillRow.orderId, clientOid: id }));
  bitget.on(fills, success({ fillList: [fillRow], endId: "9001" }));
  const exchange = openScripted(bitget);
  await exchange.submitExit({
    id,
    symbol: btc,
    side: "buy",
    size: quantity("0.01"),
    marginMode: "crossed",
    urgent: false,
  });
  expect(await exchange.fetchFills(btc, START)).toMatchObject({
    value: [{ clientOrderId: id, fee: expect.anything(), price: price(30_000) }],
  });
  expect(sentAfterMarkets(bitget).map(({ path }) => path)).toEqual([
    "v2/mix/order/place-order",
    fills,
  ]);
});

test("a row that does tell the name needs no asking either", async () => {
  const bitget = createScriptedBitget();
  const row = { ...fillRow, clientOid: "grid-1-5" };
  bitget.on(fills, success({ fillList: [row], endId: "9001" }));
  expect(await openScripted(bitget).fetchFills(btc, START)).toMatchObject({
    value: [{ clientOrderId: "grid-1-5" }],
  });
  expect(sentAfterMarkets(bitget)).toHaveLength(1);
});

test("more than a page of fills is read to the end", async () => {
  const bitget = createScriptedBitget();
  const first = Array.from({ length: 100 }, (_, index) => fill(1_000 - index));
  bitget.on(
    fills,
    success({ fillList: first, endId: "901" }),
    success({ fillList: [fill(901), fill(900)], endId: "900" }),
  );
  bitget.on(detail, named);
  const fact = await openScripted(bitget).fetchFills(btc, START);
  expect(fact.kind === "Known" && fact.value.length).toBe(101);
});

test("weeks are asked for one after the other, the last one without an end", async () => {
  const bitget = createScriptedBitget();
  bitget.on(fills, success({ fillList: null, endId: null }));
  const clock = createManualClock();
  const since = millis(START - 15 * DAY);
  expect(await openScripted(bitget, { clock }).fetchFills(btc, since)).toMatchObject({ value: [] });
  const spans = sentAfterMarkets(bitget).map(({ query }) => [
    Number(query["startTime"]) - since,
    query["endTime"] === undefined ? undefined : Number(query["endTime"]) - since,
  ]);
  expect(spans).toEqual([
    [0, 7 * DAY],
    [7 * DAY, 14 * DAY],
    [14 * DAY, undefined],
  ]);
});

test("what the exchange no longer keeps cannot be told", async () => {
  const bitget = createScriptedBitget();
  const since = millis(START - 90 * DAY);
  expect(await openScripted(bitget).fetchFills(btc, since)).toMatchObject({ kind: "Unknown" });
  expect(sentAfterMarkets(bitget)).toEqual([]);
});

test("a fill that outran its order leaves the answer unknown; an old one has no name", async () => {
  const bitget = createScriptedBitget();
  bitget.on(fills, success({ fillList: [fillRow], endId: "9001" }));
  bitget.on(detail, refusal("40109", "not found"));
  const clock = createManualClock();
  const exchange = openScripted(bitget, { clock });
  expect(await exchange.fetchFills(btc, START)).toMatchObject({ kind: "Unknown" });
  clock.pass(301_000);
  expect(await exchange.fetchFills(btc, START)).toMatchObject({ value: [{ clientOrderId: "" }] });
});

test("a lookup that fails leaves the answer unknown, and is made again", async () => {
  const bitget = createScriptedBitget();
  bitget.on(fills, success({ fillList: [fillRow], endId: "9001" }));
  bitget.on(detail, refusal("40015", "abnormal"), named);
  const exchange = openScripted(bitget);
  expect(await exchange.fetchFills(btc, START)).toMatchObject({ kind: "Unknown" });
  expect(await exchange.fetchFills(btc, START)).toMatchObject({ kind: "Known" });
});

test("one bad fill makes the answer unknown", async () => {
  const bitget = createScriptedBitget();
  bitget.on(detail, named);
  const exchange = openScripted(bitget);
  for (const field of [
    "symbol",
    "side",
    "price",
    "baseVolume",
    "feeDetail",
    "tradeScope",
    "cTime",
  ]) {
    for (const bad of [undefined, null, "", "-1", "x"]) {
      const list = [fill(10), fill(9, { [field]: bad })];
      bitget.on(fills, success({ fillList: list, endId: "9" }));
      expect(await exchange.fetchFills(btc, START)).toMatchObject({ kind: "Unknown" });
    }
  }
});
