/** What many engine tests begin with, and how they look at what came of it. */

import { assert } from "#base/result.ts";
import { millis } from "#base/clock.ts";
import type { EngineCommand } from "../engine/events.ts";
import { price, quantity } from "../money.ts";
import type { Order } from "../order.ts";
import type { OrderReport, Plan } from "../reports.ts";
import type { Settings } from "../settings.ts";
import {
  accepted,
  bar,
  BTC,
  fillOf,
  planId,
  planOf,
  plansSeen,
  readyStage,
  type Happening,
  type Scene,
} from "./scene.ts";

export const entries = (scene: Scene): ReadonlyArray<Order> =>
  scene.orders().filter(({ role }) => role.kind === "Entry");

/** The newest entry order at a level. */
export const level = (scene: Scene, index: number): Order => {
  const found = entries(scene).findLast(
    ({ role }) => role.kind === "Entry" && role.level === index,
  );
  assert(found !== undefined, `there is an order at level ${index}`);
  return found;
};

export const exitOrder = (scene: Scene): Order => {
  const found = scene.orders().findLast(({ role }) => role.kind === "Exit");
  assert(found !== undefined, "there is an exit order");
  return found;
};

export const reportOf = (
  order: Pick<Order, "id" | "symbol" | "side" | "size">,
  change: Partial<OrderReport> = {},
): OrderReport => ({
  clientOrderId: order.id,
  exchangeOrderId: planId(`x-${order.id}`),
  symbol: order.symbol,
  side: order.side,
  status: "Open",
  size: order.size,
  filled: quantity(0),
  limit: undefined,
  reduceOnly: false,
  updatedAt: millis(0),
  ...change,
});

export const reported = (order: Order, change: Partial<OrderReport> = {}): Happening => ({
  kind: "OrderReported",
  report: reportOf(order, change),
});

export const of = <Kind extends EngineCommand["kind"]>(
  commands: ReadonlyArray<EngineCommand>,
  kind: Kind,
) => commands.filter((one): one is Extract<EngineCommand, { kind: Kind }> => one.kind === kind);

/** The stop that an entry of this size carried, as the exchange shows it after the fill. */
export const carried = (size: string): Plan =>
  planOf({ id: planId("carried"), trigger: price(80), size: quantity(size) });

export const takeProfit = planOf({ id: planId("tp"), kind: "TakeProfit", trigger: price(120) });

export const answered = (about: "Stop" | "TakeProfit", refusal?: "TriggerPassed"): Happening => ({
  kind: "ProtectionAnswered",
  symbol: BTC,
  about,
  planKind: about,
  answer:
    refusal === undefined
      ? { kind: "Accepted" }
      : { kind: "Rejected", reason: refusal, detail: "the price has passed it" },
});

/** Three entries rest. */
export const restingStage = (settings: Settings): Scene => {
  const scene = readyStage(settings);
  scene.play(bar(scene));
  scene.play(...entries(scene).map(accepted));
  return scene;
};

/** Level 0 has filled, and its whole-position stop and take-profit have been seen. */
export const openStage = (settings: Settings): Scene => {
  const scene = restingStage(settings);
  const first = level(scene, 0);
  scene.play(fillOf(scene, first, { price: price(100) }));
  scene.play(plansSeen(scene, carried(first.size.toFixed())));
  scene.play(answered("Stop"), answered("TakeProfit"));
  scene.play(plansSeen(scene, planOf(), takeProfit));
  return scene;
};
