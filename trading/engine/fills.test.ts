import { expect, test } from "@jest/globals";
import { marketSymbol } from "../market.ts";
import { price } from "../money.ts";
import type { Order } from "../order.ts";
import { carried, entries, of, restingStage } from "../testing/acts.ts";
import {
  accepted,
  bar,
  BTC,
  ETH,
  fillOf,
  firedPlan,
  kinds,
  LEVELS,
  planId,
  planOf,
  plansSeen,
  readyStage,
  replayEvents,
  settingsOf,
  type Scene,
} from "../testing/scene.ts";

const settings = settingsOf([BTC, ETH], {}, { sessionLossPercent: 90 });

const entry = (scene: Scene, symbol: typeof BTC, index = 0): Order => {
  const found = entries(scene).find(
    ({ symbol: of, role }) => of === symbol && role.kind === "Entry" && role.level === index,
  );
  if (found === undefined) throw new Error(`no entry of ${symbol} at level ${index}`);
  return found;
};

/** The first level of both symbols has filled, and each has its stop. */
const twoOpen = (): Scene => {
  const scene = readyStage(settings);
  scene.play(bar(scene, LEVELS, [BTC, ETH]));
  scene.play(...entries(scene).map(accepted));
  scene.play(fillOf(scene, entry(scene, BTC)), fillOf(scene, entry(scene, ETH)));
  const stops = [BTC, ETH].map((symbol) => planOf({ id: planId(`stop-${symbol}`), symbol }));
  scene.play(plansSeen(scene, ...stops));
  return scene;
};

const stoppedOut = (scene: Scene, symbol: typeof BTC) =>
  fillOf(
    scene,
    { ...entry(scene, symbol), id: firedPlan(`stop-${symbol}`), side: "sell" },
    { price: price(80) },
  );

test("each symbol has a position of its own, of its own fills", () => {
  const scene = twoOpen();
  const open = [BTC, ETH].map((symbol) => scene.symbol(symbol).cycle);
  expect(open.map((cycle) => cycle?.size.toFixed())).toEqual(["8.333", "8.333"]);
  scene.play(fillOf(scene, entry(scene, ETH, 1), { price: price(90) }));
  expect(scene.symbol(ETH).cycle?.levels).toHaveLength(2);
  expect(scene.symbol(BTC).cycle).toBe(open[0]);
});

test("closing one position leaves the other with its stop and its entries", () => {
  const scene = twoOpen();
  const before = scene.symbol(ETH);
  const commands = scene.play(stoppedOut(scene, BTC));
  expect(kinds(commands)).toEqual(["Alert CycleClosed", "CancelOrder", "CancelOrder"]);
  expect(of(commands, "CancelOrder").every(({ symbol }) => symbol === BTC)).toBe(true);
  expect(scene.symbol(BTC).cycle).toBeUndefined();
  expect(scene.symbol(ETH)).toBe(before);
  expect(scene.state().closed).toMatchObject([{ symbol: BTC, reason: "sl_global" }]);
});

test("a plan that fired closes the position that it stood for, with its own price", () => {
  const scene = twoOpen();
  scene.play(stoppedOut(scene, ETH));
  const [closed] = scene.state().closed;
  expect([closed?.symbol, closed?.averageExit?.toFixed()]).toEqual([ETH, "80"]);
  expect(scene.symbol(BTC).cycle).toBeDefined();
});

test("a fill on a symbol that is not ours moves nothing", () => {
  const scene = twoOpen();
  const before = scene.state();
  const other = { ...entry(scene, BTC), symbol: marketSymbol("SOL/USDT:USDT") };
  expect(scene.play(fillOf(scene, other))).toEqual([]);
  expect(scene.state()).toBe(before);
});

test("a fill that none of our orders explains is recorded, and its position never grown", () => {
  const scene = restingStage(settingsOf([BTC]));
  const hand = { ...entry(scene, BTC), id: firedPlan("hand-1") };
  const commands = scene.play(fillOf(scene, hand));
  expect(scene.orders().map(({ id }) => id)).toContain("hand-1");
  expect(scene.symbol().cycle?.adopted).toBe(true);
  expect(of(commands, "CancelOrder")).toHaveLength(3);
  // It is protected all the same.
  expect(kinds(scene.play(plansSeen(scene, carried("1"))))).toContain("PlaceProtection");
});

test("the journal of several positions rebuilds every one of them", () => {
  const scene = twoOpen();
  scene.play(stoppedOut(scene, BTC));
  expect(replayEvents(settings, scene.events())).toEqual(scene.state());
});
