import { expect, test } from "@jest/globals";
import { marketSymbol } from "../market.ts";
import { of, openStage, restingStage } from "../testing/acts.ts";
import { bar, BTC, ETH, LEVELS, readyStage, settingsOf, type Scene } from "../testing/scene.ts";
import type { Settings } from "../settings.ts";

const SOL = marketSymbol("SOL/USDT:USDT");
const three = [BTC, ETH, SOL];

const decided = (settings: Settings): Scene => {
  const scene = readyStage(settings);
  scene.play(bar(scene, LEVELS, three));
  return scene;
};
const reasons = (scene: Scene) => three.map((symbol) => scene.symbol(symbol).verdict?.reason);

test("several symbols rest entries at the same time, each of its own share", () => {
  const scene = readyStage(settingsOf(three));
  const submits = of(scene.play(bar(scene, LEVELS, three)), "SubmitEntry");
  expect(submits.map(({ symbol, limit }) => `${symbol} ${limit.toFixed()}`)).toHaveLength(9);
  // Equity 1000, three symbols, three levels, 5x: 555.56 of value a level.
  expect(new Set(submits.slice(0, 3).map(({ size }) => size.toFixed()))).toEqual(
    new Set(["5.555", "6.172", "6.944"]),
  );
});

test("where two of a group may be long, the third symbol gets no entry and says why", () => {
  const scene = decided(settingsOf(three, { groupLimits: { majors: 2 } }));
  expect(reasons(scene)).toEqual([undefined, undefined, "correlation_group_limit (majors)"]);
});

test("no more symbols are opened than positions are allowed", () => {
  const scene = decided(settingsOf(three, {}, { maxConcurrentPositions: 1 }));
  expect(reasons(scene)).toEqual([
    undefined,
    "max_concurrent_positions",
    "max_concurrent_positions",
  ]);
});

test("an open symbol is not opened again: it only gets the levels that it lacks", () => {
  const scene = openStage(settingsOf([BTC]));
  scene.wait(3_600_000);
  scene.play(bar(scene));
  expect(scene.symbol().wanted.map(({ level }) => level)).toEqual([1, 2]);
});

test("a level never has two orders, however often its candle is decided on", () => {
  const scene = restingStage(settingsOf([BTC]));
  scene.wait(3_600_000);
  expect(of(scene.play(bar(scene)), "SubmitEntry")).toEqual([]);
  expect(scene.orders()).toHaveLength(3);
});
