import { expect, test } from "@jest/globals";
import type { PlanRequest } from "./plans.ts";
import {
  account,
  at,
  atMarket,
  code,
  fillsOf,
  kinds,
  market,
  order,
  plan,
  plansOf,
  positionOf,
  uid,
} from "./scripted-market.ts";

test("a stop that came with an entry is there in the instant of the fill", () => {
  const engine = market([100, 98]);
  engine.placeOrder(at(0), order({ price: "98", presetStopLossPrice: "90" }));
  expect(plansOf(engine)).toEqual([]);
  engine.drain();
  engine.advance(at(1));
  expect(plansOf(engine)).toEqual(["loss_plan long 90 1"]);
  const events = engine.drain();
  expect(kinds(events)).toEqual(["OrderFilled", "PositionChanged", "PlanPlaced"]);
  expect(new Set(events.map((event) => event.at)).size).toBe(1);
});

test("it may instead become the position's own stop, which a later entry overwrites", () => {
  const engine = market([100, 98, 96], { presetStop: "position" });
  engine.placeOrder(at(0), order({ price: "98", presetStopLossPrice: "90" }));
  engine.placeOrder(at(0), order({ price: "96", presetStopLossPrice: "88" }));
  engine.advance(at(1));
  expect(plansOf(engine)).toEqual(["pos_loss long 90 all"]);
  engine.advance(at(2));
  expect(plansOf(engine)).toEqual(["pos_loss long 88 all"]);
  expect(positionOf(engine)).toBe("long 2 for 194");
});

test("the stop of the position follows its size, fires at what the market shows, and goes with it", () => {
  const engine = market([100, 100, 99, 85]);
  engine.placeOrder(at(0), atMarket());
  expect(code(engine.placePlan(at(0), plan()))).toBe("accepted");
  expect(code(engine.placePlan(at(0), plan()))).toBe("43031");
  engine.placePlan(at(0), plan({ planType: "pos_profit", triggerPrice: "150" }));
  engine.placeOrder(at(1), atMarket({ size: "0.5" }));
  engine.advance(at(3));
  expect(fillsOf(engine).at(-1)).toBe("sell 1.5 at 84.99 taker");
  expect(positionOf(engine)).toBeUndefined();
  expect(plansOf(engine)).toEqual([]);
  const fired = [...account(engine).donePlans.values()].find((p) => p.status === "executed");
  const child = [...account(engine).doneOrders.values()].at(-1);
  expect(child?.clientOid).toBe(fired?.id);
  expect(child?.id).toBe(fired?.childId);
  expect(child?.source).toBe("pos_loss_market");
});

test("a plan of a position that has turned fails, and touches nothing", () => {
  const engine = market([100, 80]);
  engine.placeOrder(at(0), atMarket());
  engine.placePlan(at(0), plan({ planType: "loss_plan", size: "1" }));
  engine.placeOrder(at(0), atMarket({ side: "sell", size: "3" }));
  engine.advance(at(1));
  const ended = [...account(engine).donePlans.values()].map(({ status }) => status);
  expect(ended).toEqual(["fail_execute"]);
  expect(positionOf(engine)).toBe("short 2 for 199.98");
});

test("a stop that is moved after the market has gone on fires where it is now", () => {
  const engine = market([100, 100, 94]);
  engine.placeOrder(at(0), atMarket());
  engine.placePlan(at(0), plan());
  engine.advance(at(1));
  const [{ id: orderId } = { id: undefined }] = [...account(engine).plans.values()];
  const terms = { triggerPrice: "95", executePrice: undefined, size: undefined };
  engine.modifyPlan(at(1), { uid, symbol: "BTCUSDT", orderId, clientOid: undefined, ...terms });
  engine.advance(at(2));
  expect(positionOf(engine)).toBeUndefined();
});

test("a stop is moved in place", () => {
  const engine = market([100, 94, 93]);
  engine.placeOrder(at(0), atMarket());
  const placed = engine.placePlan(at(0), plan());
  const orderId = placed.ok ? placed.value.orderId : undefined;
  const move = { uid, symbol: "BTCUSDT", orderId, clientOid: undefined, executePrice: undefined };
  const moved = engine.modifyPlan(at(0), { ...move, triggerPrice: "95", size: "" });
  expect(moved).toEqual({ ok: true, value: { orderId, clientOid: orderId } });
  expect(code(engine.modifyPlan(at(0), { ...move, triggerPrice: "101", size: "" }))).toBe("40917");
  engine.advance(at(1));
  expect(fillsOf(engine).at(-1)).toBe("sell 1 at 93.99 taker");
  expect(code(engine.modifyPlan(at(1), { ...move, triggerPrice: "80", size: "" }))).toBe("43025");
});

const planRefusals: ReadonlyArray<readonly [string, Partial<PlanRequest>]> = [
  ["40917", { triggerPrice: "100" }],
  ["40917", { triggerPrice: "101" }],
  ["40915", { planType: "pos_profit", triggerPrice: "99" }],
  ["43023", { holdSide: "sell", triggerPrice: "110" }],
  ["40020", { holdSide: "both" }],
  ["40019", { planType: "loss_plan" }],
  ["43023", { planType: "loss_plan", size: "2" }],
  ["45115", { triggerPrice: "90.005" }],
  ["40034", { symbol: "XUSDT" }],
];

test.each(planRefusals)("a plan is refused with %s: %j", (expected, fields) => {
  const engine = market([100]);
  engine.placeOrder(at(0), atMarket());
  expect(code(engine.placePlan(at(0), plan(fields)))).toBe(expected);
});

test("a plan without a position is refused", () => {
  expect(code(market([100]).placePlan(at(0), plan()))).toBe("43023");
});

test("plans of their own size outlive the position, and then fail, or go with it, by switch", () => {
  const own = plan({ planType: "loss_plan", size: "1" });
  const keeps = market([100, 100, 80]);
  keeps.placeOrder(at(0), atMarket());
  keeps.placePlan(at(0), own);
  keeps.placeOrder(at(1), atMarket({ side: "sell", reduceOnly: true }));
  expect(plansOf(keeps)).toEqual(["loss_plan long 90 1"]);
  keeps.advance(at(2));
  expect([...account(keeps).donePlans.values()].map(({ status }) => status)).toEqual([
    "fail_execute",
  ]);
  expect(positionOf(keeps)).toBeUndefined();
  const cancels = market([100], { orphanPlans: "cancel" });
  cancels.placeOrder(at(0), atMarket());
  cancels.placePlan(at(0), own);
  cancels.placeOrder(at(0), atMarket({ side: "sell", reduceOnly: true }));
  expect(plansOf(cancels)).toEqual([]);
});

test("a plan with a price becomes a reducing limit order", () => {
  const engine = market([100, 89, 91]);
  engine.placeOrder(at(0), atMarket());
  engine.placePlan(at(0), plan({ executePrice: "90.5" }));
  engine.advance(at(1));
  expect(positionOf(engine)).toBe("long 1 for 100.01");
  engine.advance(at(2));
  expect(fillsOf(engine).at(-1)).toBe("sell 1 at 90.5 maker");
});

test("cancelling plans takes only those of the named type, and says which it did not find", () => {
  const engine = market([100]);
  engine.placeOrder(at(0), atMarket());
  const placed = engine.placePlan(at(0), plan());
  const orderId = placed.ok ? placed.value.orderId : undefined;
  const references = [{ orderId, clientOid: undefined }];
  const cancel = (planType: string) =>
    engine.cancelPlans(at(0), { uid, symbol: "BTCUSDT", planType, references });
  expect(cancel("normal_plan")).toMatchObject({ ok: true, value: { failed: [{ code: "43025" }] } });
  expect(cancel("pos_loss")).toMatchObject({ ok: true, value: { canceled: [{ orderId }] } });
  expect(plansOf(engine)).toEqual([]);
});
