import { expect, test } from "@jest/globals";
import { marketSymbol } from "#trading/market.ts";
import { price, quantity } from "#trading/money.ts";
import { clientOrderId } from "#trading/order.ts";
import type { EntryRequest } from "../port.ts";
import { createClient } from "./client.ts";
import { endpoints } from "./endpoints.ts";
import { createKeyring } from "./keyring.ts";
import {
  createManualClock,
  createScriptedBitget,
  credentials,
  cut,
  openScripted,
  raw,
  REST_URL,
  sentAfterMarkets,
  silence,
  success,
} from "./scripted-bitget.ts";

const btc = marketSymbol("BTC/USDT:USDT");
const id = clientOrderId("grid", 1, 7);

const entry: EntryRequest = {
  id,
  symbol: btc,
  side: "buy",
  size: quantity("0.01"),
  limit: price("30000.5"),
  stop: price("24000.5"),
  marginMode: "crossed",
  guard: () => undefined,
};

const acknowledged = { orderId: "1300000000000000001", clientOid: id };

test("the guard is asked once, after the signature and just before the bytes", async () => {
  const bitget = createScriptedBitget();
  const clock = createManualClock();
  const seen: string[] = [];
  bitget.on("v2/mix/order/place-order", (request, init) => {
    seen.push(`bytes of ${request.headers["ACCESS-TIMESTAMP"]}`);
    return success(acknowledged)(request, init);
  });
  const guard = () => {
    seen.push(`guard at ${clock.now()}`);
    return undefined;
  };
  await openScripted(bitget, { clock }).submitEntry({ ...entry, guard });
  expect(seen).toEqual(["guard at 1700000000000", "bytes of 1700000000000"]);
});

test("an entry that its guard refuses, or whose guard breaks, is never sent", async () => {
  const bitget = createScriptedBitget();
  const exchange = openScripted(bitget);
  const guards: ReadonlyArray<EntryRequest["guard"]> = [
    () => "the grant has run out",
    () => {
      throw new Error("no grant");
    },
  ];
  const outcomes = await Promise.all(
    guards.map((guard) => exchange.submitEntry({ ...entry, guard })),
  );
  expect(outcomes[0]).toEqual({
    kind: "Rejected",
    reason: "Denied",
    detail: "never sent: the grant has run out",
  });
  expect(outcomes[1]).toMatchObject({ kind: "Rejected", reason: "Denied" });
  expect(sentAfterMarkets(bitget)).toEqual([]);
});

test("an entry that found no connection was never sent, and one that was cut off may have been", async () => {
  const bitget = createScriptedBitget();
  bitget.on("v2/mix/order/place-order", cut);
  const exchange = openScripted(bitget);
  expect(await exchange.submitEntry(entry)).toMatchObject({ kind: "Unknown" });
  const unreachable = openScripted({
    ...bitget,
    send: (url, init) =>
      init.body === undefined
        ? bitget.send(url, init)
        : Promise.reject(new TypeError("connect ECONNREFUSED")),
  });
  expect(await unreachable.submitEntry(entry)).toMatchObject({
    kind: "Rejected",
    reason: "Denied",
    detail: expect.stringContaining("never sent"),
  });
});

test("one id is not sent twice at the same time", async () => {
  const bitget = createScriptedBitget();
  bitget.on("v2/mix/order/place-order", success(acknowledged));
  const exchange = openScripted(bitget);
  const [first, second] = await Promise.all([
    exchange.submitEntry(entry),
    exchange.submitEntry(entry),
  ]);
  expect([first, second]).toMatchObject([
    { kind: "Accepted" },
    { kind: "Rejected", reason: "Denied" },
  ]);
  expect(sentAfterMarkets(bitget)).toHaveLength(1);
});

test("numbers leave as the text that they were rounded to, however small or long", async () => {
  const bitget = createScriptedBitget();
  bitget.on("v2/mix/order/place-order", success(acknowledged));
  const exchange = openScripted(bitget);
  await exchange.submitEntry({
    ...entry,
    size: quantity("123456789012345.678901"),
    limit: price("0.000000012345"),
    stop: price("0.00000001"),
  });
  expect(sentAfterMarkets(bitget)[0]?.body).toMatchObject({
    size: "123456789012345.678901",
    price: "0.000000012345",
    presetStopLossPrice: "0.00000001",
  });
});

test("without keys nothing is sent, and the order is certain not to exist", async () => {
  const bitget = createScriptedBitget();
  const exchange = openScripted(bitget, { credentials: undefined });
  expect(await exchange.submitEntry(entry)).toMatchObject({ kind: "Rejected", reason: "Denied" });
  expect(sentAfterMarkets(bitget)).toEqual([]);
});

test("an answer that never comes leaves the order unknown, within the timeout", async () => {
  const bitget = createScriptedBitget();
  bitget.on("v2/mix/order/place-order", silence);
  const clock = createManualClock(undefined, 60);
  expect(await openScripted(bitget, { clock }).submitEntry(entry)).toMatchObject({
    kind: "Unknown",
    detail: expect.stringContaining("timed out"),
  });
});

test("too many requests hold back what follows, and the wait that was asked for is kept", async () => {
  const bitget = createScriptedBitget();
  const clock = createManualClock();
  const exchange = openScripted(bitget, { clock });
  await exchange.fetchMarkets();
  bitget.on(
    "v2/mix/order/cancel-order",
    raw(429, "<html/>", { "retry-after": "3" }),
    success(acknowledged),
  );
  await exchange.cancelOrder(id, btc);
  const next = exchange.cancelOrder(id, btc);
  for (const ms of [0, 2_000, 900]) {
    clock.pass(ms);
    await new Promise((resolve) => setImmediate(resolve));
    expect(sentAfterMarkets(bitget)).toHaveLength(1);
  }
  clock.pass(200);
  expect(await next).toMatchObject({ kind: "Accepted" });
});

test("a body that was changed on its way out is not sent", async () => {
  const bitget = createScriptedBitget();
  const client = createClient({
    clock: createManualClock(),
    endpoints: { restUrl: REST_URL, publicStreamUrl: "ws://x/", privateStreamUrl: "ws://x/" },
    keyring: createKeyring(credentials),
    send: bitget.send,
  });
  // Stands for code between us and the network that rewrites a number.
  let reads = 0;
  const params = {
    clientOid: id,
    get size() {
      reads += 1;
      return reads === 1 ? "0.01" : "0.02";
    },
  };
  expect(
    await client.callGuarded(endpoints.placeOrder, params, {
      clientOrderId: id,
      guard: () => undefined,
    }),
  ).toEqual({ kind: "Unsent", why: "the order was changed on its way out" });
  expect(bitget.requests).toEqual([]);
});
