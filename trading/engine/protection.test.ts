import { expect, test } from "@jest/globals";
import { price } from "../money.ts";
import {
  answered,
  carried,
  exitOrder,
  level,
  of,
  openStage,
  restingStage,
} from "../testing/acts.ts";
import {
  account,
  BTC,
  fillOf,
  kinds,
  planOf,
  plansSeen,
  readyStage,
  settingsOf,
} from "../testing/scene.ts";

const settings = settingsOf([BTC]);

test("the first fill opens a cycle and makes us look for its stop", () => {
  const scene = restingStage(settings);
  const commands = scene.play(fillOf(scene, level(scene, 0)));
  expect(kinds(commands)).toEqual(["Alert CycleOpened", "AskPlans"]);
  expect(scene.symbol().protection.cover.kind).toBe("Unseen");
});

test("the carried stop goes only after the whole-position stop was seen where it belongs", () => {
  const scene = restingStage(settings);
  const first = level(scene, 0);
  const stop = carried(first.size.toFixed());
  scene.play(fillOf(scene, first));
  const placed = scene.play(plansSeen(scene, stop));
  expect(of(placed, "PlaceProtection").map(({ planKind }) => planKind)).toEqual([
    "Stop",
    "TakeProfit",
  ]);
  expect(of(placed, "CancelPlan")).toEqual([]);
  expect(kinds(scene.play(answered("Stop")))).toEqual(["AskPlans"]);
  const cleaned = scene.play(plansSeen(scene, stop, planOf()));
  expect(of(cleaned, "CancelPlan").map(({ plan }) => plan.id)).toEqual([stop.id]);
});

test("a further fill moves the stop in place", () => {
  const scene = openStage(settings);
  const second = level(scene, 1);
  const commands = scene.play(fillOf(scene, second, { price: price(90) }));
  expect(of(commands, "MoveProtection").map(({ trigger }) => trigger.toFixed())).toEqual(["75.8"]);
  expect(scene.symbol().protection.cover.kind).toBe("Covered");
});

test("a position that is shown without a stop gets one at once, and is closed when that fails", () => {
  const scene = restingStage(settings);
  scene.play(fillOf(scene, level(scene, 0)));
  const seen = scene.play(plansSeen(scene));
  expect(kinds(seen)).toEqual(["Alert PositionUnprotected", "PlaceProtection", "PlaceProtection"]);
  scene.wait(14_999);
  expect(of(scene.play({ kind: "Ticked" }), "SubmitExit")).toEqual([]);
  scene.wait(1);
  const [exit] = of(scene.play({ kind: "Ticked" }), "SubmitExit");
  expect(exit?.urgent).toBe(true);
  expect(exit?.size.eq(level(scene, 0).size)).toBe(true);
});

test("not having seen the stops is a reason to look, not to close", () => {
  const scene = restingStage(settings);
  scene.play(fillOf(scene, level(scene, 0)));
  scene.wait(60_000);
  expect(kinds(scene.play({ kind: "Ticked" }))).toEqual(["AskPlans"]);
});

test("a stop that the price has already passed closes the position", () => {
  const scene = restingStage(settings);
  scene.play(fillOf(scene, level(scene, 0)));
  scene.play(plansSeen(scene));
  const commands = scene.play(answered("Stop", "TriggerPassed"));
  expect(of(commands, "SubmitExit")).toHaveLength(1);
  expect(exitOrder(scene).role).toEqual({ kind: "Exit", reason: "sl_global" });
});

test("plans that were asked for before the position changed prove nothing", () => {
  const scene = openStage(settings);
  const stale = plansSeen(scene);
  scene.play(fillOf(scene, level(scene, 1), { price: price(90) }));
  expect(scene.play(stale)).toEqual([]);
  expect(scene.symbol().protection.cover.kind).toBe("Covered");
});

test("leftover plans of a flat symbol are canceled once they have stayed", () => {
  const scene = readyStage(settings);
  const left = { plans: [carried("1")] };
  expect(of(scene.play(account(scene, left)), "CancelPlan")).toEqual([]);
  scene.wait(10_000);
  expect(of(scene.play(account(scene, left)), "CancelPlan")).toHaveLength(1);
});
