/** A small market that does as it is told, and short words for what came of it: for tests. */

import { millis } from "#base/clock.ts";
import { contractSymbol } from "../prices/path.ts";
import { createEngine, type AccountView, type Engine } from "./engine.ts";
import type { EngineEvent } from "./events.ts";
import type { OrderRequest } from "./order-checks.ts";
import type { PlanRequest } from "./plans.ts";
import { SCRIPT_START, scriptedPath } from "./scripted-path.ts";
import { uid as toUid } from "./state.ts";
import { defaultSwitches, type Switches } from "./switches.ts";

export const uid = toUid("1000000001");
export const btc = contractSymbol("BTCUSDT");
export const at = (second: number) => millis(SCRIPT_START + second * 1_000 + 500);

/** Prices in whole units of quote currency, second by second. */
export const market = (prices: ReadonlyArray<number>, switches: Partial<Switches> = {}): Engine => {
  const path = scriptedPath({
    BTCUSDT: prices.map((price) => Math.round(price * 100)),
    ETHUSDT: [3_000_00],
  });
  const engine = createEngine({
    path,
    switches: { ...defaultSwitches, ...switches },
    startAt: SCRIPT_START,
  });
  engine.openAccount(SCRIPT_START, { uid, balance: "10000" });
  return engine;
};

export const order = (fields: Partial<OrderRequest> = {}): OrderRequest => ({
  uid,
  symbol: "BTCUSDT",
  side: "buy",
  type: "limit",
  force: "gtc",
  size: "1",
  price: "100",
  clientOid: undefined,
  reduceOnly: false,
  marginMode: "crossed",
  presetStopLossPrice: undefined,
  presetStopLossExecutePrice: undefined,
  presetStopSurplusPrice: undefined,
  presetStopSurplusExecutePrice: undefined,
  ...fields,
});

export const atMarket = (fields: Partial<OrderRequest> = {}): OrderRequest =>
  order({ type: "market", price: undefined, ...fields });

export const plan = (fields: Partial<PlanRequest> = {}): PlanRequest => ({
  uid,
  symbol: "BTCUSDT",
  planType: "pos_loss",
  holdSide: "buy",
  triggerPrice: "90",
  triggerType: "mark_price",
  executePrice: undefined,
  size: undefined,
  clientOid: undefined,
  ...fields,
});

export const account = (engine: Engine): AccountView => {
  const found = engine.account(uid);
  if (found === undefined) throw new Error("no account");
  return found;
};

export const fillsOf = (engine: Engine): ReadonlyArray<string> =>
  [...account(engine).fills.values()].map(
    ({ side, price, size, liquidity }) =>
      `${side} ${size.toFixed()} at ${price.toFixed()} ${liquidity}`,
  );
export const positionOf = (engine: Engine) => {
  const position = account(engine).positions.get(btc);
  return position && `${position.side} ${position.size.toFixed()} for ${position.cost.toFixed()}`;
};
export const plansOf = (engine: Engine): ReadonlyArray<string> =>
  [...account(engine).plans.values()].map(
    ({ planType, side, trigger, size }) =>
      `${planType} ${side} ${trigger.toFixed()} ${size?.toFixed() ?? "all"}`,
  );
export const code = (result: { ok: boolean; error?: { code: string } }) =>
  result.ok ? "accepted" : result.error?.code;
export const done = (engine: Engine): ReadonlyArray<string> =>
  [...account(engine).doneOrders.values()].map(({ status, cancelReason }) =>
    `${status} ${cancelReason}`.trim(),
  );
export const kinds = (events: ReadonlyArray<EngineEvent>) => events.map(({ kind }) => kind);
