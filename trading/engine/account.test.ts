import { expect, test } from "@jest/globals";
import { millis } from "#base/clock.ts";
import { price, quantity } from "../money.ts";
import type { OrderReport } from "../reports.ts";
import { level, of, openStage, reportOf, takeProfit } from "../testing/acts.ts";
import {
  account,
  bar,
  BTC,
  kinds,
  planOf,
  plansSeen,
  positionOf,
  readyStage,
  settingsOf,
} from "../testing/scene.ts";

const settings = settingsOf([BTC]);

test("a consistent account changes nothing", () => {
  const scene = openStage(settings);
  const shown = {
    positions: [positionOf(level(scene, 0).size.toFixed())],
    orders: [1, 2].map((index) => reportOf(level(scene, index))),
    plans: [planOf(), takeProfit],
  };
  scene.play(account(scene, shown));
  const before = scene.state();
  expect(scene.play(account(scene, shown))).toEqual([]);
  expect(scene.state()).toBe(before);
});

test("our own order that no journal knows is canceled; a stranger's is left alone", () => {
  const scene = readyStage(settings);
  const orphan = { ...positionOrder("own-7-3"), clientOrderId: "own-7-3" };
  const foreign = { ...positionOrder("hand-1"), clientOrderId: "hand-1" };
  const commands = scene.play(account(scene, { orders: [orphan, foreign] }));
  expect(of(commands, "CancelOrder").map(({ id }) => id)).toEqual(["own-7-3"]);
});

const positionOrder = (clientOrderId: string): OrderReport => ({
  clientOrderId,
  exchangeOrderId: planOf().id,
  symbol: BTC,
  side: "buy",
  status: "Open",
  size: quantity(1),
  filled: quantity(0),
  limit: price(90),
  reduceOnly: false,
  updatedAt: millis(0),
});

test("a position that no fill explains is first looked for, then adopted and protected", () => {
  const scene = readyStage(settings);
  const shown = { positions: [positionOf("3")] };
  const first = scene.play(account(scene, shown));
  expect(kinds(first)).toEqual(["Alert PositionMismatch", "AskFills"]);
  expect(scene.symbol().cycle).toBeUndefined();
  scene.wait(8_000);
  const second = scene.play(account(scene, shown));
  expect(kinds(second)).toContain("Alert PositionAdopted");
  const third = scene.play(plansSeen(scene));
  expect(of(third, "PlaceProtection").map(({ trigger }) => trigger.toFixed())).toEqual(["80"]);
  // Adopted: never added to.
  expect(of(scene.play(bar(scene)), "SubmitEntry")).toEqual([]);
});

test("one empty reading does not close a position", () => {
  const scene = openStage(settings);
  const resting = [1, 2].map((index) => reportOf(level(scene, index)));
  const shown = { orders: resting, plans: [planOf(), takeProfit] };
  scene.play(account(scene, shown));
  expect(scene.symbol().cycle).toBeDefined();
  const restored = { ...shown, positions: [positionOf(level(scene, 0).size.toFixed())] };
  scene.play(account(scene, restored));
  expect(scene.symbol().mismatch).toBeUndefined();
});

test("a position that is gone without a fill is closed with an unknown result, not a made-up one", () => {
  const scene = openStage(settings);
  const resting = [1, 2].map((index) => reportOf(level(scene, index)));
  scene.play(account(scene, { orders: resting }));
  scene.wait(8_000);
  scene.play(account(scene, { orders: resting }));
  expect(scene.state().closed[0]?.netPnl).toBeUndefined();
  expect(scene.state().killSwitch.sessionPnl.toFixed()).toBe("0");
});
