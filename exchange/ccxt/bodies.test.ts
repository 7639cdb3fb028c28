import { expect, test } from "@jest/globals";
import { brandAs } from "#base/brand.ts";
import { marketSymbol } from "#trading/market.ts";
import { price, quantity } from "#trading/money.ts";
import { clientOrderId } from "#trading/order.ts";
import type { Plan, ProtectionRequest } from "../port.ts";
import { leverageBody, moveBody, protectionBody, usualPlanType } from "./bodies.ts";
import { planId, type MarketId } from "./rows.ts";

const symbol: MarketId = brandAs("BTCUSDT");
const btc = marketSymbol("BTC/USDT:USDT");

const protection: ProtectionRequest = {
  id: clientOrderId("grid", 1, 7),
  symbol: btc,
  kind: "Stop",
  side: "long",
  trigger: price("24000.5"),
  size: quantity("0.01"),
};

const plan: Plan = {
  id: planId("55"),
  clientOrderId: "grid-1-8",
  symbol: btc,
  kind: "Stop",
  side: "long",
  trigger: price("24000.5"),
  size: undefined,
};

test("protection names the side of the position that it closes, and has no size of its own", () => {
  expect(protectionBody(symbol, protection)).toMatchObject({
    planType: "pos_loss",
    holdSide: "buy",
    triggerType: "mark_price",
  });
  const takeProfit = protectionBody(symbol, { ...protection, kind: "TakeProfit", side: "short" });
  expect(takeProfit).toMatchObject({ planType: "pos_profit", holdSide: "sell" });
  expect(takeProfit).not.toHaveProperty("size");
});

test("a plan that moves keeps what it covers: the position, or a size of its own", () => {
  const move = { trigger: price("25000"), size: quantity("0.02") };
  expect(moveBody(symbol, { ...move, plan })).toMatchObject({ size: "" });
  expect(moveBody(symbol, { ...move, plan: { ...plan, size: quantity("0.01") } })).toMatchObject({
    size: "0.02",
  });
});

test("a plan that was never listed is called by what it is", () => {
  const own = quantity("0.01");
  expect(
    [plan, { ...plan, size: own }].flatMap((stop) => [
      usualPlanType(stop),
      usualPlanType({ ...stop, kind: "TakeProfit" }),
    ]),
  ).toEqual(["pos_loss", "pos_profit", "loss_plan", "profit_plan"]);
});

test("leverage is plain digits", () => {
  expect(leverageBody(symbol, 7)).toMatchObject({ leverage: "7" });
});
