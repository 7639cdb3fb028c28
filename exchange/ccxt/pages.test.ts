import { expect, test } from "@jest/globals";
import { orderRow, planRow } from "./recorded-rows.ts";
import {
  createScriptedBitget,
  cut,
  openScripted,
  sentAfterMarkets,
  success,
} from "./scripted-bitget.ts";

const pending = "v2/mix/order/orders-pending";

const numbered = (newest: number, count: number) =>
  Array.from({ length: count }, (_, index) => ({
    ...orderRow,
    status: "live",
    orderId: `${newest - index}`,
    clientOid: "",
  }));

test("an empty list is written as null, and a missing one is something else", async () => {
  const bitget = createScriptedBitget();
  bitget.on(pending, success({ entrustedList: null, endId: null }), success({ endId: null }));
  const exchange = openScripted(bitget);
  expect(await exchange.fetchOpenOrders()).toMatchObject({ kind: "Known", value: [] });
  expect(await exchange.fetchOpenOrders()).toMatchObject({ kind: "Unknown" });
});

test("long lists are read to their end, each row once", async () => {
  const bitget = createScriptedBitget();
  bitget.on(
    pending,
    success({ entrustedList: numbered(1_000, 100), endId: "901" }),
    success({ entrustedList: numbered(901, 3), endId: "899" }),
  );
  const fact = await openScripted(bitget).fetchOpenOrders();
  expect(fact.kind === "Known" && fact.value.length).toBe(102);
  expect(sentAfterMarkets(bitget).map(({ query }) => query["idLessThan"])).toEqual([
    undefined,
    "901",
  ]);
});

test("a list whose second page fails is unknown", async () => {
  const bitget = createScriptedBitget();
  const full = Array.from({ length: 100 }, (_, index) => ({ ...planRow, orderId: `${index}` }));
  bitget.on("v2/mix/order/orders-plan-pending", success({ entrustedList: full, endId: "0" }), cut);
  expect(await openScripted(bitget).fetchPlans()).toMatchObject({ kind: "Unknown" });
});

test("a list without an end is not believed", async () => {
  const bitget = createScriptedBitget();
  bitget.on(pending, success({ entrustedList: numbered(1_000, 100), endId: "901" }));
  expect(await openScripted(bitget).fetchOpenOrders()).toMatchObject({
    kind: "Unknown",
    reason: expect.stringContaining("more than 50 pages"),
  });
});
