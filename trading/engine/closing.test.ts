import { expect, test } from "@jest/globals";
import { millis } from "#base/clock.ts";
import { amount, price, quantity } from "../money.ts";
import {
  entries,
  exitOrder,
  level,
  of,
  openStage,
  reported,
  restingStage,
} from "../testing/acts.ts";
import {
  accepted,
  bar,
  BTC,
  ETH,
  fillOf,
  firedPlan,
  kinds,
  LEVELS,
  readyStage,
  settingsOf,
  type Happening,
} from "../testing/scene.ts";

const settings = settingsOf([BTC]);

test("a fill counts once, however often it is told", () => {
  const scene = restingStage(settings);
  const fill = fillOf(scene, level(scene, 0));
  scene.play(fill);
  const before = scene.state();
  expect(scene.play(fill, fill)).toEqual([]);
  expect(scene.state()).toBe(before);
});

test("a fired stop books the cycle from its fills and withdraws what rests", () => {
  const scene = openStage(settingsOf([BTC], {}, { sessionLossPercent: 50 }));
  const { size } = level(scene, 0);
  const fired = { ...level(scene, 0), id: firedPlan("plan-1"), side: "sell" as const };
  const stopOut = fillOf(scene, fired, { price: price(80), fee: amount("0.5") });
  const commands = scene.play(stopOut);
  expect(kinds(commands)).toEqual(["Alert CycleClosed", "CancelOrder", "CancelOrder"]);
  const [closed] = scene.state().closed;
  expect(closed?.reason).toBe("sl_global");
  expect(closed?.netPnl?.eq(size.times(-20).minus("0.5"))).toBe(true);
  expect(scene.symbol().cycle).toBeUndefined();
});

test("after a cycle the symbol rests for whole candles", () => {
  const scene = openStage(settings);
  scene.play({ kind: "ControlSet", desiredState: "Flat", killSwitchResetAt: undefined });
  scene.play(fillOf(scene, exitOrder(scene), { price: price(101) }));
  scene.play({ kind: "ControlSet", desiredState: "Trading", killSwitchResetAt: undefined });
  for (const order of entries(scene)) scene.play(reported(order, { status: "Canceled" }));
  const submits = [1, 2, 3, 4].map(() => {
    scene.wait(3_600_000);
    return of(scene.play(bar(scene)), "SubmitEntry").length;
  });
  // Closed at 00:10: the candles that close at 01:00, 02:00 and 03:00 are within three hours of it.
  expect(submits).toEqual([0, 0, 0, 3]);
});

test("a strategy exit closes reduce-only and keeps the stop until flat", () => {
  const scene = openStage(settings);
  scene.wait(3_600_000);
  const commands = scene.play(bar(scene, { ...LEVELS, exit: 1 }));
  expect(of(commands, "SubmitExit")).toHaveLength(1);
  expect(of(commands, "CancelPlan")).toEqual([]);
  expect(of(commands, "CancelOrder")).toHaveLength(2);
});

test("a closing order that only part of fills is followed by another for the rest", () => {
  const scene = openStage(settings);
  scene.play({ kind: "ControlSet", desiredState: "Flat", killSwitchResetAt: undefined });
  const first = exitOrder(scene);
  const part = quantity("6.666");
  scene.play(fillOf(scene, first, { size: part, price: price(101) }));
  scene.wait(5_000);
  expect(of(scene.play({ kind: "Ticked" }), "SubmitExit")).toEqual([]); // Still in flight.
  const commands = scene.play(reported(first, { status: "Canceled", filled: part }));
  const [second] = of(commands, "SubmitExit");
  expect(second?.size.toFixed()).toBe("10");
  expect(second?.id).not.toBe(first.id);
});

test("a losing session trips the kill switch, withdraws entries and keeps the stop", () => {
  const scene = openStage(settings);
  const crash = fillOf(
    scene,
    { ...level(scene, 0), id: firedPlan("plan-1"), side: "sell" },
    { price: price(80) },
  );
  const commands = scene.play(crash);
  expect(kinds(commands)).toContain("Alert KillSwitchEngaged");
  expect(of(commands, "CancelOrder")).toHaveLength(2);
  scene.wait(4 * 3_600_000);
  expect(of(scene.play(bar(scene)), "SubmitEntry")).toEqual([]);
});

test("with the action Flatten the other positions are closed too", () => {
  const both = settingsOf([BTC, ETH], {}, { killSwitchAction: "Flatten", sessionLossPercent: 10 });
  const scene = readyStage(both);
  scene.play(bar(scene, LEVELS, [BTC, ETH]));
  scene.play(...entries(scene).map(accepted));
  const first = (symbol: typeof BTC) => {
    const found = entries(scene).find((order) => order.symbol === symbol);
    if (found === undefined) throw new Error("no entry");
    return found;
  };
  scene.play(fillOf(scene, first(BTC)), fillOf(scene, first(ETH)));
  const stranger = { ...first(BTC), id: firedPlan("plan-1"), side: "sell" as const };
  const commands = scene.play(fillOf(scene, stranger, { price: price(80) }));
  expect(of(commands, "SubmitExit").map(({ symbol }) => symbol)).toEqual([ETH]);
});

test("a reset lets the resting levels return without a new candle", () => {
  const tight = settingsOf([BTC, ETH], {}, { sessionLossPercent: 1 });
  const scene = readyStage(tight);
  scene.play(bar(scene, LEVELS, [BTC, ETH]));
  scene.play(...entries(scene).map(accepted));
  const [first] = entries(scene);
  if (first === undefined) throw new Error("no entry");
  scene.play(fillOf(scene, first));
  scene.play(
    fillOf(scene, { ...first, id: firedPlan("plan-1"), side: "sell" }, { price: price(80) }),
  );
  for (const order of entries(scene)) scene.play(reported(order, { status: "Canceled" }));
  scene.wait(60_000);
  const reset = millis(scene.now() - 1);
  const commands = scene.play({
    kind: "ControlSet",
    desiredState: "Trading",
    killSwitchResetAt: reset,
  });
  expect(of(commands, "SubmitEntry").map(({ symbol }) => symbol)).toEqual([ETH, ETH, ETH]);
});

test("whatever stops entries, an exit of the strategy still closes", () => {
  const stops: ReadonlyArray<Happening> = [
    { kind: "ControlSet", desiredState: "Reducing", killSwitchResetAt: undefined },
    { kind: "SymbolPrepared", symbol: BTC, outcome: { kind: "Ready", leverage: 20 } },
    { kind: "SymbolPrepared", symbol: BTC, outcome: { kind: "Failed", reason: "timeout" } },
    { kind: "Stopping" },
  ];
  for (const stop of stops) {
    const scene = openStage(settings);
    scene.play(stop);
    scene.wait(3_600_000);
    const commands = scene.play(bar(scene, { ...LEVELS, exit: 1 }));
    expect(of(commands, "SubmitEntry")).toEqual([]);
    expect(of(commands, "SubmitExit")).toHaveLength(1);
  }
});

test("a tripped kill switch lets the open cycles come to their end", () => {
  const scene = readyStage(settingsOf([BTC, ETH], {}, { sessionLossPercent: 1 }));
  scene.play(bar(scene, LEVELS, [BTC, ETH]));
  scene.play(...entries(scene).map(accepted));
  const first = (symbol: typeof BTC) => entries(scene).find((order) => order.symbol === symbol);
  const [btc, eth] = [first(BTC), first(ETH)];
  if (btc === undefined || eth === undefined) throw new Error("no entry");
  scene.play(fillOf(scene, btc), fillOf(scene, eth));
  scene.play(
    fillOf(scene, { ...btc, id: firedPlan("plan-1"), side: "sell" }, { price: price(80) }),
  );
  expect(scene.state().killSwitch.trip).toBeDefined();
  expect(scene.symbol(ETH).cycle?.closing).toBeUndefined();
  scene.wait(3_600_000);
  const commands = scene.play(bar(scene, { ...LEVELS, exit: 1 }, [BTC, ETH]));
  expect(of(commands, "SubmitExit").map(({ symbol }) => symbol)).toEqual([ETH]);
});
