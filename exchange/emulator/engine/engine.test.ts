import { expect, test } from "@jest/globals";
import { toAuditEvent } from "../audit-events.ts";
import { auditLog } from "../audit.ts";
import type { Engine } from "./engine.ts";
import type { OrderRequest } from "./order-checks.ts";
import {
  account,
  at,
  atMarket,
  btc,
  code,
  done,
  fillsOf,
  market,
  order,
  plan,
  plansOf,
  positionOf,
  uid,
} from "./scripted-market.ts";
import { SCRIPT_START } from "./scripted-path.ts";

test("a market order trades at once, a tick against whoever takes", () => {
  const engine = market([100]);
  expect(code(engine.placeOrder(at(0), atMarket()))).toBe("accepted");
  expect(code(engine.placeOrder(at(0), atMarket({ side: "sell", reduceOnly: true })))).toBe(
    "accepted",
  );
  expect(fillsOf(engine)).toEqual(["buy 1 at 100.01 taker", "sell 1 at 99.99 taker"]);
});

test("a resting limit trades at its own price when a sample touches it", () => {
  const engine = market([100, 99, 98, 95]);
  engine.placeOrder(at(0), order({ price: "98" }));
  engine.advance(at(1));
  expect(fillsOf(engine)).toEqual([]);
  engine.advance(at(2));
  expect(fillsOf(engine)).toEqual(["buy 1 at 98 maker"]);
});

test("a marketable limit trades at the market, as a taker", () => {
  const engine = market([100]);
  engine.placeOrder(at(0), order({ price: "105" }));
  engine.placeOrder(at(0), order({ side: "sell", price: "95", size: "2" }));
  expect(fillsOf(engine)).toEqual(["buy 1 at 100.01 taker", "sell 2 at 99.99 taker"]);
});

test("post-only, immediate and all-or-nothing orders end in cancelled, not in refused", () => {
  const engine = market([100]);
  const answers = [
    engine.placeOrder(at(0), order({ price: "105", force: "post_only" })),
    engine.placeOrder(at(0), order({ price: "99", force: "ioc" })),
    engine.placeOrder(at(0), order({ price: "99", force: "fok" })),
  ];
  expect(answers.map(code)).toEqual(["accepted", "accepted", "accepted"]);
  expect(done(engine)).toEqual([
    "canceled post_only_cancel",
    "canceled ioc_cancel",
    "canceled fok_cancel",
  ]);
  engine.placeOrder(at(0), order({ price: "101", force: "ioc" }));
  expect(fillsOf(engine)).toHaveLength(1);
});

const refusals: ReadonlyArray<readonly [string, Partial<OrderRequest>]> = [
  ["40034", { symbol: "NOUSDT" }],
  ["40034", { symbol: "../x" }],
  ["40020", { size: "-1" }],
  ["40020", { size: "1e3" }],
  ["40020", { size: "NaN" }],
  ["45111", { size: "0" }],
  ["40808", { size: "0.00001" }],
  ["45112", { size: "900000" }],
  ["40019", { price: undefined }],
  ["40019", { price: "" }],
  ["40020", { price: "0" }],
  ["45115", { price: "100.001" }],
  ["45110", { size: "0.04" }],
  ["40762", { size: "1100" }],
  ["22002", { reduceOnly: true, side: "sell" }],
  ["40917", { presetStopLossPrice: "100" }],
  ["40917", { price: "90", presetStopLossPrice: "95" }],
  ["45122", { side: "sell", price: "110", presetStopLossPrice: "105" }],
  ["40915", { presetStopSurplusPrice: "99" }],
  ["40832", { side: "sell", price: "110", presetStopSurplusPrice: "111" }],
  ["40305", { clientOid: "é" }],
  ["40305", { clientOid: "x".repeat(65) }],
];

test.each(refusals)("an order is refused with %s: %j", (expected, fields) => {
  const engine = market([101]);
  engine.drain();
  const before = JSON.stringify(engine.snapshot());
  expect(code(engine.placeOrder(SCRIPT_START, order(fields)))).toBe(expected);
  expect(JSON.stringify(engine.snapshot())).toBe(before);
  expect(engine.drain()).toEqual([]);
});

test("an id that has named an order is taken, live or done", () => {
  const engine = market([100]);
  expect(code(engine.placeOrder(at(0), order({ price: "50", clientOid: "a-1" })))).toBe("accepted");
  expect(code(engine.placeOrder(at(0), order({ price: "50", clientOid: "a-1" })))).toBe("40786");
  engine.placeOrder(at(0), atMarket({ clientOid: "a-2" }));
  expect(code(engine.placeOrder(at(0), atMarket({ clientOid: "a-2" })))).toBe("40786");
  const lenient = market([100], { clientIdReuse: "whenDone" });
  lenient.placeOrder(at(0), atMarket({ clientOid: "a-2" }));
  expect(code(lenient.placeOrder(at(0), atMarket({ clientOid: "a-2" })))).toBe("accepted");
  expect(code(lenient.placeOrder(at(0), order({ price: "50", clientOid: "a-3" })))).toBe(
    "accepted",
  );
  expect(code(lenient.placeOrder(at(0), order({ price: "50", clientOid: "a-3" })))).toBe("40786");
});

test("a reducing order never trades more than there is, and never turns the position", () => {
  const engine = market([100, 100, 110]);
  engine.placeOrder(at(0), atMarket({ size: "1" }));
  engine.placeOrder(at(0), order({ side: "sell", size: "5", price: "110", reduceOnly: true }));
  engine.placeOrder(at(0), order({ side: "sell", size: "1", price: "109", reduceOnly: true }));
  engine.placeOrder(at(1), atMarket({ side: "sell", size: "0.4", reduceOnly: true }));
  engine.advance(at(2));
  expect(positionOf(engine)).toBeUndefined();
  expect(fillsOf(engine).slice(1)).toEqual(["sell 0.4 at 99.99 taker", "sell 0.6 at 109 maker"]);
  expect(account(engine).orders.size).toBe(0);
});

test("an order without that flag turns the position, and its stop covers what it opened", () => {
  const engine = market([100]);
  engine.placeOrder(at(0), atMarket());
  engine.placePlan(at(0), plan());
  engine.placeOrder(at(0), atMarket({ side: "sell", size: "3", presetStopLossPrice: "120" }));
  expect(positionOf(engine)).toBe("short 2 for 199.98");
  expect(plansOf(engine)).toEqual(["loss_plan short 120 2"]);
});

test("small reductions are allowed or not, by switch", () => {
  const reduce = { ...atMarket({ side: "sell", size: "0.01", reduceOnly: true }) };
  const lenient = market([100]);
  lenient.placeOrder(at(0), atMarket());
  expect(code(lenient.placeOrder(at(0), reduce))).toBe("accepted");
  const strict = market([100], { reduceBelowMinimum: "refuse" });
  strict.placeOrder(at(0), atMarket());
  expect(code(strict.placeOrder(at(0), reduce))).toBe("45110");
});

test("the price goes through the nearer one first, and a stop fires in the second of its entry", () => {
  const engine = market([100, 100, 80]);
  engine.placeOrder(at(0), order({ price: "92", presetStopLossPrice: "85" }));
  engine.placeOrder(at(0), order({ price: "97", presetStopLossPrice: "95" }));
  engine.placeOrder(at(0), order({ price: "97", size: "2" }));
  engine.advance(at(2));
  expect(fillsOf(engine)).toEqual([
    "buy 1 at 97 maker",
    "buy 2 at 97 maker",
    "sell 1 at 79.99 taker",
    "buy 1 at 92 maker",
    "sell 1 at 79.99 taker",
  ]);
});

test("at one price an order goes before a stop, so the stop takes what the order opened", () => {
  const engine = market([100, 95]);
  engine.placeOrder(at(0), atMarket());
  engine.placePlan(at(0), plan({ triggerPrice: "95" }));
  engine.placeOrder(at(0), order({ price: "95" }));
  engine.advance(at(1));
  expect(fillsOf(engine).slice(1)).toEqual(["buy 1 at 95 maker", "sell 2 at 94.99 taker"]);
});

test("a short binds margin like a long", () => {
  const engine = market([100]);
  const sell = order({ side: "sell", price: "110", size: "900" });
  expect(code(engine.placeOrder(at(0), { ...sell, size: "910" }))).toBe("40762");
  expect(code(engine.placeOrder(at(0), sell))).toBe("accepted");
  expect(engine.balances(uid).orderMargin.toFixed()).toBe("9959.4");
});

test("money is exact: wallet is what was there plus profit minus fees", () => {
  const engine = market([100, 97.77, 103.33]);
  engine.placeOrder(at(0), order({ price: "97.77", size: "3" }));
  engine.advance(at(1));
  engine.placeOrder(at(1), order({ side: "sell", price: "103.33", size: "1", reduceOnly: true }));
  engine.placeOrder(at(1), order({ side: "sell", price: "103.33", size: "2", reduceOnly: true }));
  engine.advance(at(2));
  const { wallet, realised, fees } = account(engine);
  expect(realised.toFixed()).toBe("16.68");
  expect(fees.toFixed()).toBe("0.12066");
  expect(wallet.toFixed()).toBe("10016.55934");
});

test("a partial reduction takes its share of the cost, rounded, and the rest stays exact", () => {
  const engine = market([100, 100.01]);
  engine.placeOrder(at(0), atMarket({ size: "0.1" }));
  engine.placeOrder(at(1), atMarket({ size: "0.2" }));
  engine.placeOrder(at(1), atMarket({ side: "sell", size: "0.1", reduceOnly: true }));
  expect(positionOf(engine)).toBe("long 0.2 for 20.00333333");
  // Half of an odd last digit: one half is rounded, the other is what is left.
  engine.placeOrder(at(1), atMarket({ side: "sell", size: "0.1", reduceOnly: true }));
  expect(positionOf(engine)).toBe("long 0.1 for 10.00166666");
  engine.placeOrder(at(1), atMarket({ side: "sell", size: "0.1", reduceOnly: true }));
  expect(fillsOf(engine)).toHaveLength(5);
  expect(account(engine).realised.toFixed()).toBe("-0.005");
});

test("balances: what is bound by positions and by orders is not free", () => {
  const engine = market([100, 110]);
  engine.setLeverage(at(0), { uid, symbol: "BTCUSDT", leverage: "5", side: undefined });
  engine.placeOrder(at(0), atMarket({ size: "10" }));
  engine.placeOrder(at(0), order({ price: "90", size: "10" }));
  engine.advance(at(1));
  const balances = engine.balances(uid);
  expect(balances.positionMargin.toFixed()).toBe("200.02");
  expect(balances.orderMargin.toFixed()).toBe("180.54");
  expect(balances.wallet.toFixed()).toBe("9999.39994");
  expect(balances.equity.toFixed()).toBe("10099.29994");
  expect(balances.available.toFixed()).toBe("9618.83994");
  expect(balances.crossedAvailable.toFixed()).toBe("9718.73994");
  expect(balances.isolatedAvailable.toFixed()).toBe("9618.83994");
});

test("leverage is bounded, unchanged is fine or not by switch, and orders or margin forbid a change", () => {
  const set = (engine: Engine, leverage: string) =>
    code(engine.setLeverage(at(0), { uid, symbol: "BTCUSDT", leverage, side: undefined }));
  const engine = market([100]);
  expect(set(engine, "126")).toBe("40797");
  expect(set(engine, "0")).toBe("40020");
  expect(set(engine, "2.5")).toBe("40020");
  expect(set(engine, "10")).toBe("accepted");
  expect(set(market([100], { sameLeverage: "refuse" }), "10")).toBe("40814");
  engine.placeOrder(at(0), order({ price: "50" }));
  expect(set(engine, "20")).toBe("45097");
  const full = market([100]);
  full.placeOrder(at(0), atMarket({ size: "900" }));
  expect(set(full, "2")).toBe("40893");
  expect(set(full, "20")).toBe("accepted");
  expect(account(full).positions.get(btc)?.leverage).toBe(20);
});

test("margin mode and position mode cannot change under a position or an order", () => {
  const engine = market([100]);
  const mode = (marginMode: "crossed" | "isolated") =>
    code(engine.setMarginMode(at(0), { uid, symbol: "BTCUSDT", marginMode }));
  const positionMode = (wanted: "one_way_mode" | "hedge_mode") =>
    code(engine.setPositionMode(at(0), { uid, mode: wanted }));
  expect(mode("isolated")).toBe("accepted");
  expect(positionMode("hedge_mode")).toBe("accepted");
  expect(code(engine.placeOrder(at(0), order()))).toBe("40774");
  expect(positionMode("one_way_mode")).toBe("accepted");
  engine.placeOrder(at(0), order({ price: "50", marginMode: "isolated" }));
  expect(mode("crossed")).toBe("45117");
  expect(mode("isolated")).toBe("accepted");
  expect(positionMode("hedge_mode")).toBe("40920");
});

test("an order in the other margin mode than its position is refused, unless it reduces", () => {
  const engine = market([100]);
  engine.placeOrder(at(0), atMarket({ marginMode: "isolated" }));
  expect(code(engine.placeOrder(at(0), atMarket()))).toBe("45117");
  expect(code(engine.placeOrder(at(0), atMarket({ side: "sell", reduceOnly: true })))).toBe(
    "accepted",
  );
});

test("cancelling is by either id, and once", () => {
  const engine = market([100]);
  engine.placeOrder(at(0), order({ price: "50", clientOid: "c" }));
  const cancel = (clientOid: string, symbol = "BTCUSDT") =>
    code(engine.cancelOrder(at(0), { uid, symbol, orderId: undefined, clientOid }));
  expect(cancel("c", "ETHUSDT")).toBe("40768");
  expect(cancel("c")).toBe("accepted");
  expect(cancel("c")).toBe("22001");
  expect(cancel("never")).toBe("40768");
});

test("changing an order makes a new one, and a change that is refused leaves the old one", () => {
  const engine = market([100]);
  engine.placeOrder(at(0), order({ price: "50", clientOid: "old", presetStopLossPrice: "40" }));
  const request = { uid, symbol: "BTCUSDT", orderId: undefined, clientOid: "old" };
  const tooSmall = { ...request, newClientOid: "n", newSize: "0.01", newPrice: "60" };
  expect(code(engine.modifyOrder(at(0), tooSmall))).toBe("45110");
  expect(account(engine).orders.size).toBe(1);
  const larger = { ...request, newClientOid: "new", newSize: "2", newPrice: "60" };
  expect(code(engine.modifyOrder(at(0), larger))).toBe("accepted");
  const [live] = [...account(engine).orders.values()];
  expect([live?.clientOid, live?.size.toFixed(), live?.limit?.toFixed()]).toEqual([
    "new",
    "2",
    "60",
  ]);
  expect(live?.presetStop?.trigger.toFixed()).toBe("40");
  expect(done(engine)).toEqual(["canceled modify_cancel"]);
});

test("a shove moves the market and what waits for it", () => {
  const engine = market([100]);
  engine.placeOrder(at(0), order({ price: "95", presetStopLossPrice: "80" }));
  engine.shock(at(0), { symbol: "all", percent: -6, durationMs: 3_000 });
  engine.advance(at(10));
  expect(fillsOf(engine)).toEqual(["buy 1 at 95 maker"]);
});

test("time never goes back, and an operation in the past happens now", () => {
  const engine = market([100, 90]);
  engine.advance(at(1));
  engine.placeOrder(at(0), atMarket());
  expect(engine.now()).toBe(at(1));
  expect(fillsOf(engine)).toEqual(["buy 1 at 90.01 taker"]);
});

test("the audit of a fair session finds nothing and knows the books", () => {
  const engine = market([100, 98, 85, 85]);
  engine.placeOrder(at(0), order({ price: "98", presetStopLossPrice: "90", clientOid: "x-1" }));
  engine.advance(at(3));
  const events = engine.drain().map((event, index) => toAuditEvent(event, index + 1));
  const report = auditLog(events);
  expect(report.doubledClientIds).toEqual([]);
  expect(report.nakedIntervals).toEqual([]);
  expect(report.books.get(uid)?.wallet.toFixed()).toBe(account(engine).wallet.toFixed());
  expect(report.books.get(uid)?.positions.size).toBe(0);
});
