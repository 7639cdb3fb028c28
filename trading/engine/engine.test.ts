import { expect, test } from "@jest/globals";
import { price } from "../money.ts";
import { entries, level, of, openStage, reported, restingStage } from "../testing/acts.ts";
import {
  account,
  bar,
  BTC,
  ETH,
  EXPIRY_MS,
  fillOf,
  firedPlan,
  kinds,
  LEVELS,
  readyStage,
  replayEvents,
  settingsOf,
  stage,
} from "../testing/scene.ts";

const settings = settingsOf([BTC]);

test("a closed candle rests one entry a level, each with the stop of the cycle it would complete", () => {
  const scene = readyStage(settings);
  const submits = of(scene.play(bar(scene)), "SubmitEntry");
  expect(submits.map(({ limit }) => limit.toFixed())).toEqual(["100", "90", "80"]);
  // Equity 1000, one symbol, three levels, 5x: 1666.67 of value a level.
  expect(submits.map(({ size }) => size.toFixed())).toEqual(["16.666", "18.518", "20.833"]);
  const stops = submits.map(({ stop }) => stop.toNumber());
  expect(stops).toEqual([80, 75.8, 71.5]); // 20 % below each running average, up to the tick.
});

test("the same candle is decided on once", () => {
  const scene = readyStage(settings);
  const candle = bar(scene);
  scene.play(candle);
  const before = scene.state();
  expect(scene.play(candle)).toEqual([]);
  expect(scene.state()).toBe(before);
});

test("entries stay when the next candle's levels are near, and move when they are not", () => {
  const scene = restingStage(settings);
  scene.wait(3_600_000);
  expect(kinds(scene.play(bar(scene, { ...LEVELS, level0: 100.1, level1: 92 })))).toEqual([
    "CancelOrder",
  ]);
  const moved = level(scene, 1);
  // The new order waits until the old one is known to be gone.
  const commands = scene.play(reported(moved, { status: "Canceled" }));
  expect(of(commands, "SubmitEntry").map(({ limit }) => limit.toFixed())).toEqual(["92"]);
});

test("a level that no filter allows any more is withdrawn", () => {
  const scene = restingStage(settings);
  scene.wait(3_600_000);
  expect(kinds(scene.play(bar(scene, {})))).toEqual(["CancelOrder", "CancelOrder", "CancelOrder"]);
  expect(scene.symbol().verdict?.reason).toBe("no_level");
});

test("an unknown balance withdraws entries and sends none", () => {
  const scene = restingStage(settings);
  scene.wait(3_600_000);
  const blind = { ...bar(scene), funds: undefined };
  expect(new Set(kinds(scene.play(blind)))).toEqual(new Set(["CancelOrder"]));
  expect(scene.symbol().verdict?.reason).toBe("funds_unknown");
});

test("no entry is sent before the exchange has been asked about everything in doubt", () => {
  const scene = stage(settings);
  scene.play(
    { kind: "Booted", epoch: 1, requestExpiryMs: EXPIRY_MS },
    { kind: "MarketsObserved", markets: [] },
  );
  expect(of(scene.play(bar(scene)), "SubmitEntry")).toEqual([]);
});

test("stopping withdraws the entries and nothing else", () => {
  const scene = openStage(settings);
  expect(kinds(scene.play({ kind: "Stopping" }))).toEqual(["CancelOrder", "CancelOrder"]);
  expect(scene.play({ kind: "Stopping" })).toEqual([]);
});

test("a restart doubts what was in flight, asks, and sends nothing by itself", () => {
  const scene = readyStage(settings);
  scene.play(bar(scene));
  const commands = scene.play({ kind: "Booted", epoch: 2, requestExpiryMs: EXPIRY_MS });
  expect(kinds(commands)).toEqual(["AskOrder", "AskOrder", "AskOrder"]);
  expect(entries(scene).every(({ state }) => state.kind === "Unknown")).toBe(true);
});

test("a position keeps its leverage: it is read, not set", () => {
  const scene = openStage(settings);
  scene.play({ kind: "Booted", epoch: 2, requestExpiryMs: EXPIRY_MS });
  const markets = [...scene.state().symbols.values()].flatMap(({ market }) => market ?? []);
  const [prepare] = of(scene.play({ kind: "MarketsObserved", markets }), "PrepareSymbol");
  expect(prepare?.readOnly).toBe(true);
});

test("a leverage that differs on the exchange stops entries", () => {
  const scene = readyStage(settings);
  const outcome = { kind: "Ready", leverage: 20 } as const;
  scene.play({ kind: "SymbolPrepared", symbol: BTC, outcome });
  expect(of(scene.play(bar(scene)), "SubmitEntry")).toEqual([]);
});

test("new parameters wait until the symbol is flat", () => {
  const scene = openStage(settings);
  const next = settingsOf([BTC], { generation: 2 });
  const changed = {
    ...next,
    symbols: next.symbols.map((symbol) => ({ ...symbol, parameters: { maPeriod: 7 } })),
  };
  scene.play({ kind: "Configured", settings: changed });
  expect(scene.symbol().settings.parameters).toEqual({});
  expect(scene.symbol().pending?.kind).toBe("Replace");
  for (const order of entries(scene)) scene.play(reported(order, { status: "Canceled" }));
  scene.play(
    fillOf(
      scene,
      { ...level(scene, 0), id: firedPlan("plan-1"), side: "sell" },
      { price: price(99) },
    ),
  );
  scene.play(account(scene));
  expect(scene.symbol().settings.parameters).toEqual({ maPeriod: 7 });
});

test("places are given to the symbols that are nearest to a fill", () => {
  const both = settingsOf([BTC, ETH], { groupLimits: { majors: 1 } });
  const scene = readyStage(both);
  const candle = bar(scene, LEVELS, [BTC, ETH]);
  if (candle.kind !== "BarClosed") throw new Error("not a bar");
  const near = { ...LEVELS, level0: 109 };
  const bars = candle.bars.map((one) => (one.symbol === ETH ? { ...one, indicators: near } : one));
  const commands = scene.play({ ...candle, bars });
  expect(new Set(of(commands, "SubmitEntry").map(({ symbol }) => symbol))).toEqual(new Set([ETH]));
  expect(scene.symbol(BTC).verdict?.reason).toBe("correlation_group_limit (majors)");
});

test("open and wanted margin together stay within the ratio", () => {
  const scene = readyStage(settingsOf([BTC], {}, { maxMarginRatio: 0.7 }));
  // Three levels of a third of the equity each: two fit.
  expect(of(scene.play(bar(scene)), "SubmitEntry")).toHaveLength(2);
});

test("the journal rebuilds the state exactly", () => {
  const scene = openStage(settings);
  scene.play(fillOf(scene, level(scene, 1), { price: price(90) }));
  scene.wait(5_000);
  scene.play({ kind: "Ticked" }, { kind: "Stopping" });
  expect(replayEvents(settings, scene.events())).toEqual(scene.state());
});
