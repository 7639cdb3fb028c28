import { expect, test } from "@jest/globals";
import { marketSymbol } from "../market.ts";
import { of } from "../testing/acts.ts";
import {
  account,
  bar,
  BTC,
  ETH,
  EXPIRY_MS,
  kinds,
  LEVELS,
  marketOf,
  settingsOf,
  stage,
  type Happening,
  type Scene,
} from "../testing/scene.ts";

const SOL = marketSymbol("SOL/USDT:USDT");
const three = [BTC, ETH, SOL];
const settings = settingsOf(three);

/** Booted, with the exchange's list of markets; nothing is set up yet. */
const listedStage = (markets = three.map(marketOf)): Scene => {
  const scene = stage(settings);
  scene.play({ kind: "Booted", epoch: 1, requestExpiryMs: EXPIRY_MS });
  scene.play({ kind: "MarketsObserved", markets });
  return scene;
};

const ready = (symbol: typeof BTC): Happening => ({
  kind: "SymbolPrepared",
  symbol,
  outcome: { kind: "Ready", leverage: 5 },
});
const failed = (symbol: typeof BTC): Happening => ({
  kind: "SymbolPrepared",
  symbol,
  outcome: { kind: "Failed", reason: "leverage could not be read back: timeout" },
});

const entrySymbols = (scene: Scene) =>
  new Set(of(scene.play(bar(scene, LEVELS, three)), "SubmitEntry").map(({ symbol }) => symbol));

test("leverage and margin mode are set for the symbols of the strategy, and for no other", () => {
  const scene = stage(settingsOf([BTC, ETH]));
  scene.play({ kind: "Booted", epoch: 1, requestExpiryMs: EXPIRY_MS });
  const commands = scene.play({ kind: "MarketsObserved", markets: three.map(marketOf) });
  expect(of(commands, "PrepareSymbol")).toMatchObject([
    { symbol: BTC, leverage: 5, marginMode: "crossed" },
    { symbol: ETH, leverage: 5, marginMode: "crossed" },
  ]);
});

test("a symbol whose set-up fails is left out, and the others trade", () => {
  const scene = listedStage();
  const commands = scene.play(ready(BTC), failed(SOL), ready(ETH), account(scene));
  expect(kinds(commands)).toContain("Alert SetupFailed");
  expect(entrySymbols(scene)).toEqual(new Set([BTC, ETH]));
});

test("a symbol that the exchange does not list is left out, and the others trade", () => {
  const scene = listedStage([BTC, ETH].map(marketOf));
  scene.play(ready(BTC), ready(ETH), account(scene));
  expect(scene.symbol(SOL).setup).toMatchObject({
    kind: "Failed",
    reason: "the exchange does not list it",
  });
  expect(entrySymbols(scene)).toEqual(new Set([BTC, ETH]));
});

test("a set-up that failed is told once, tried again after a minute, and then trades", () => {
  const scene = listedStage();
  scene.play(ready(BTC), ready(ETH), failed(SOL), account(scene));
  scene.wait(59_999);
  expect(of(scene.play({ kind: "Ticked" }), "PrepareSymbol")).toEqual([]);
  scene.wait(1);
  expect(of(scene.play({ kind: "Ticked" }), "PrepareSymbol")).toMatchObject([{ symbol: SOL }]);
  scene.play(ready(SOL));
  expect(entrySymbols(scene)).toEqual(new Set(three));
});
