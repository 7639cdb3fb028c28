import { expect, test } from "@jest/globals";
import { millis } from "#base/clock.ts";
import { marketSymbol } from "../market.ts";
import { price, quantity } from "../money.ts";
import type { OrderReport, Position } from "../reports.ts";
import { entries, level, of, openStage, reported, reportOf, takeProfit } from "../testing/acts.ts";
import {
  accepted,
  account,
  bar,
  BTC,
  ETH,
  EXPIRY_MS,
  fillOf,
  kinds,
  LEVELS,
  marketOf,
  planId,
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

const SOL = marketSymbol("SOL/USDT:USDT");
const three = [BTC, ETH, SOL];

/** BTC is open and stopped, ETH rests entries, SOL is flat: three symbols of one strategy. */
const threeStage = () => {
  const scene = readyStage(settingsOf(three));
  scene.play(bar(scene, LEVELS, [BTC, ETH]));
  scene.play(...entries(scene).map(accepted));
  const [first] = entries(scene);
  if (first === undefined) throw new Error("no entry");
  scene.play(fillOf(scene, first));
  const plans = [planOf(), takeProfit];
  scene.play({ kind: "PlansObserved", asOf: scene.state().version, plans });
  const resting = entries(scene).filter(({ id }) => id !== first.id);
  const shown = {
    positions: [positionOf(first.size.toFixed())],
    orders: resting.map((order) => reportOf(order)),
    plans,
  };
  scene.play(account(scene, shown));
  return { scene, shown };
};

test("every symbol is compared for itself: what differs on one changes nothing on the others", () => {
  const { scene, shown } = threeStage();
  const [btc, eth] = [scene.symbol(BTC), scene.symbol(ETH)];
  const found = positionOf("3", { symbol: SOL });
  const differing = { ...shown, positions: [...shown.positions, found] };
  expect(kinds(scene.play(account(scene, differing)))).toEqual([
    "Alert PositionMismatch",
    "AskFills",
  ]);
  scene.wait(8_000);
  expect(kinds(scene.play(account(scene, differing)))).toContain("Alert PositionAdopted");
  expect(scene.symbol(SOL).cycle).toMatchObject({ adopted: true, side: "long" });
  expect([scene.symbol(BTC), scene.symbol(ETH)]).toEqual([btc, eth]);
});

test("after a restart no symbol opens anything before all of them agree with the exchange", () => {
  const restarted = (positions: ReadonlyArray<Position>) => {
    const { scene, shown } = threeStage();
    scene.play({ kind: "Booted", epoch: 2, requestExpiryMs: EXPIRY_MS });
    const markets = three.map(marketOf);
    scene.play({ kind: "MarketsObserved", markets });
    for (const symbol of three) {
      scene.play({ kind: "SymbolPrepared", symbol, outcome: { kind: "Ready", leverage: 5 } });
    }
    // While it recovers, what rested is withdrawn.
    for (const order of entries(scene)) scene.play(reported(order, { status: "Canceled" }));
    const recovered = scene.play(account(scene, { positions, plans: shown.plans }));
    scene.wait(3_600_000);
    const decided = scene.play(bar(scene, LEVELS, three));
    return of([...recovered, ...decided], "SubmitEntry").map(({ symbol }) => symbol);
  };
  const { shown } = threeStage();
  expect(new Set(restarted(shown.positions))).toEqual(new Set(three));
  // BTC is open here and flat there, and the others wait for it.
  expect(restarted([])).toEqual([]);
});

test("orders and plans of all symbols are known: none of them is taken for a leftover", () => {
  const { scene, shown } = threeStage();
  const before = scene.state();
  for (const ms of [0, 5_000, 60_000]) {
    scene.wait(ms);
    expect(scene.play(account(scene, shown))).toEqual([]);
  }
  expect(scene.state()).toBe(before);
});

test("leftover plans go from the flat symbol only", () => {
  const { scene, shown } = threeStage();
  const left = planOf({ id: planId("left"), symbol: SOL });
  const seen = { ...shown, plans: [...shown.plans, left] };
  scene.play(account(scene, seen));
  scene.wait(10_000);
  const canceled = of(scene.play(account(scene, seen)), "CancelPlan");
  expect(canceled.map(({ plan }) => plan.id)).toEqual(["left"]);
});

test("what another strategy holds on the same account is none of our business", () => {
  const scene = readyStage(settings);
  const before = scene.state();
  const theirs = {
    positions: [positionOf("3", { symbol: ETH })],
    orders: [{ ...positionOrder("other-1-1"), symbol: ETH }, positionOrder("other-1-2")],
    plans: [planOf({ symbol: ETH })],
  };
  scene.play(account(scene, theirs));
  scene.wait(60_000);
  expect(scene.play(account(scene, theirs))).toEqual([]);
  expect(scene.state()).toBe(before);
});
