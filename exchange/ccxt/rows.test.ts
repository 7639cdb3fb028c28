import { expect, test } from "@jest/globals";
import { marketSymbol } from "#trading/market.ts";
import {
  accountInfoRow,
  accountRow,
  fillRow,
  orderRow,
  planRow,
  positionRow,
} from "./recorded-rows.ts";
import {
  orderFields,
  toAccountFacts,
  toCandle,
  toFill,
  toMarket,
  toOrderReport,
  toPlan,
  toPosition,
  toSymbolFacts,
} from "./rows.ts";
import { contract } from "./scripted-bitget.ts";

const symbolOf = (id: string) => marketSymbol(id.replace(/^([A-Z]+)USDT$/, "$1/USDT:USDT"));

test("a market's tick is its last place times its step of places", () => {
  const [id, market] = toMarket(contract("BTC")) ?? [];
  expect(id).toBe("BTCUSDT");
  expect(market?.tick.toFixed()).toBe("0.5");
  expect(market?.step.toFixed()).toBe("0.0001");
  expect(toMarket({ ...contract("BTC"), pricePlace: "0" })?.[1].tick.toFixed()).toBe("5");
});

test("only a perpetual with a name that can be spelled is a market", () => {
  expect(toMarket({ ...contract("ETH"), symbolType: "delivery" })).toBeUndefined();
  expect(toMarket({ ...contract("龙虾"), minTradeNum: "" })).toBeUndefined();
  expect(toMarket({ ...contract("ETH"), symbolStatus: "limit_open" })?.[1].active).toBe(false);
  expect(() => toMarket({ ...contract("ETH"), maxLever: "" })).toThrow("field maxLever");
});

test("a candle is a list of numbers that fit each other", () => {
  const sound = ["1700000100000", "10", "12", "9", "11", "5", "55"];
  expect(toCandle(sound, "5m")).toEqual({
    openTime: 1_700_000_100_000,
    open: 10,
    high: 12,
    low: 9,
    close: 11,
    volume: 5,
  });
  const change = (index: number, cell: unknown) =>
    sound.map((old, at) => (at === index ? cell : old));
  for (const bad of [
    change(0, "1700000100001"),
    change(1, "12.5"),
    change(2, "10.5"),
    change(3, "0"),
    change(4, "NaN"),
    change(5, "-1"),
    sound.slice(0, 5),
    "candle",
    null,
  ]) {
    expect(() => toCandle(bad, "5m")).toThrow();
  }
});

test("rights are read from the words of old keys and the codes of new ones", () => {
  const rights = (...authorities: ReadonlyArray<string>) => {
    const { canTrade, canWithdraw } = toAccountFacts({ ...accountInfoRow, authorities });
    return [canTrade, canWithdraw];
  };
  expect(rights("trade", "readonly")).toEqual([true, false]);
  expect(rights("coor", "cpor")).toEqual([false, false]);
  expect(rights("coow", "wwow")).toEqual([true, true]);
  // Transfers between one's own wallets are no withdrawal.
  expect(rights("wtow")).toEqual([false, false]);
});

test("a crossed position far from liquidation has no liquidation price", () => {
  for (const liquidationPrice of ["", "0", "-315.2"]) {
    expect(toPosition({ ...positionRow, liquidationPrice }, symbolOf)?.liquidationPrice).toBe(
      undefined,
    );
  }
});

test("isolated leverage is the larger of the two sides", () => {
  const isolated = { ...accountRow, marginMode: "isolated", isolatedLongLever: "5" };
  expect(toSymbolFacts({ ...isolated, posMode: "hedge_mode" })).toEqual({
    leverage: 20,
    marginMode: "isolated",
    oneWay: false,
  });
});

test("every kind of plan is told by what it covers and what it does", () => {
  const rows = [
    ...["pos_loss", "loss_plan", "pos_profit", "profit_plan", "moving_plan"].map((planType) => ({
      ...planRow,
      planType,
    })),
    { ...planRow, side: "buy" },
    { ...planRow, side: "buy", posSide: "long" },
  ];
  const plans = rows.map((row) => toPlan(row, symbolOf));
  expect(plans.map(({ kind, size, side }) => [kind, size?.toFixed(), side])).toEqual([
    ["Stop", undefined, "long"],
    ["Stop", "0.01", "long"],
    ["TakeProfit", undefined, "long"],
    ["TakeProfit", "0.01", "long"],
    ["TakeProfit", "0.01", "long"],
    ["Stop", undefined, "short"],
    ["Stop", undefined, "long"],
  ]);
});

test("a push tells its cumulative fill in another field than a reply", () => {
  const pushed = { ...orderRow, instId: "BTCUSDT", status: "live", accBaseVolume: "0.015" };
  const { filled } = toOrderReport(pushed, orderFields.push, symbolOf);
  expect(filled.toFixed()).toBe("0.015");
  const { accBaseVolume: _, ...without } = pushed;
  expect(() => toOrderReport(without, orderFields.push, symbolOf)).toThrow("field accBaseVolume");
});

test("order states are those that are known", () => {
  const statusOf = (status: string) =>
    toOrderReport({ ...orderRow, status }, orderFields.list, symbolOf).status;
  expect(
    ["init", "new", "live", "partially_filled", "filled", "canceled", "cancelled"].map(statusOf),
  ).toEqual(["Open", "Open", "Open", "Open", "Filled", "Canceled", "Canceled"]);
  for (const status of ["executing", "expired", "toString"]) {
    expect(() => statusOf(status)).toThrow("no known state");
  }
});

test("a fee is what it costs, and one in another coin is refused", () => {
  expect(toFill(fillRow, symbolOf).fee.toFixed()).toBe("0.18");
  expect(toFill({ ...fillRow, feeDetail: [] }, symbolOf).fee.toFixed()).toBe("0");
  const inCoin = { ...fillRow, feeDetail: [{ feeCoin: "BGB", totalFee: "-0.1" }] };
  expect(() => toFill(inCoin, symbolOf)).toThrow("trade 9001 paid its fee in BGB");
  for (const feeDetail of [undefined, null, "-0.18", [{ feeCoin: "USDT" }]]) {
    expect(() => toFill({ ...fillRow, feeDetail }, symbolOf)).toThrow();
  }
});
