import { expect, test } from "@jest/globals";
import { millis } from "#base/clock.ts";
import type { EngineCommand } from "#trading/engine/events.ts";
import { marketSymbol } from "#trading/market.ts";
import { asOrderId } from "#trading/engine/state.ts";
import { createCandleLap } from "./candle-lap.ts";

const NOON = millis(43_200_000);
const ONE = millis(46_800_000);
const cancel: EngineCommand = {
  kind: "CancelOrder",
  id: asOrderId("order"),
  symbol: marketSymbol("BTC/USDT:USDT"),
};
const ask: EngineCommand = { ...cancel, kind: "AskOrder" };

/** A lap that has heard of noon, as every life has of some candle; samples name their timer. */
const startLap = () => {
  const samples: string[] = [];
  let timers = 0;
  const lap = createCandleLap(() => {
    timers += 1;
    const name = `timer ${timers}`;
    return (request) => samples.push(`${name}: ${request}`);
  });
  lap.candleEnded(NOON);
  return { lap, samples };
};

test("the first push of a candle is measured to the first order request of its decision", () => {
  const { lap, samples } = startLap();
  lap.candleEnded(ONE);
  lap.candleEnded(ONE);
  lap.decided(ONE);
  lap.commanded(ask);
  lap.commanded(cancel);
  lap.commanded(cancel);
  expect(samples).toEqual(["timer 1: cancel"]);
});

test("what a process is told when it starts is not the end of a candle", () => {
  const { lap, samples } = startLap();
  lap.decided(NOON);
  lap.commanded(cancel);
  expect(samples).toEqual([]);
});

test("an order that follows from something later is not the candle's", () => {
  const { lap, samples } = startLap();
  lap.candleEnded(ONE);
  lap.commanded(cancel);
  lap.decided(ONE);
  lap.settled();
  lap.commanded(cancel);
  expect(samples).toEqual([]);
});
