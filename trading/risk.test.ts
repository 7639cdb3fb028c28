import { expect, test } from "@jest/globals";
import { marketSymbol, type PositionSide } from "./market.ts";
import { amount } from "./money.ts";
import { preTradeCheck, type PreTrade, type Registered } from "./risk.ts";

const held = (
  base: string,
  side: PositionSide = "long",
  group: string | undefined = "crypto_major",
): Registered => ({ symbol: marketSymbol(`${base}/USDT:USDT`), sides: [side], group });

const check = (change: Partial<PreTrade>) =>
  preTradeCheck({
    killSwitchEngaged: false,
    candidate: held("SOL"),
    registered: [],
    margin: amount(100),
    freeMargin: amount(1_000),
    equity: amount(1_000),
    groupLimits: { crypto_major: 2 },
    risk: { maxConcurrentPositions: 10, maxLiveGrids: 10, minFreeMarginPercent: 20 },
    ...change,
  });

const twoLong = [held("BTC"), held("ETH")];

test("a third long of a correlation group that allows two is refused by the group's name", () => {
  expect(check({ registered: [held("BTC")] })).toBeUndefined();
  expect(check({ registered: twoLong })).toBe("correlation_group_limit (crypto_major)");
});

test("a short beside two longs of its group is allowed", () => {
  expect(check({ registered: twoLong, candidate: held("SOL", "short") })).toBeUndefined();
});

test("a symbol that may fill on either side counts on both", () => {
  const both: Registered = { ...held("SOL"), sides: ["long", "short"] };
  expect(check({ registered: twoLong, candidate: both })).toMatch(/^correlation_group_limit/);
  const open = [both, held("ETH", "short")];
  expect(check({ registered: open, candidate: held("XRP", "short") })).toMatch(/^correlation/);
});

test("without a group, or in a group without a limit, a direction is not limited", () => {
  const alone: Registered = { ...held("SOL"), group: undefined };
  expect(check({ registered: twoLong, candidate: alone })).toBeUndefined();
  expect(check({ registered: twoLong.map((one) => ({ ...one, group: undefined })) })).toBe(
    undefined,
  );
  expect(check({ registered: twoLong, groupLimits: {} })).toBeUndefined();
});

test("a symbol that is open already is not opened again", () => {
  expect(check({ registered: [held("SOL", "short")] })).toBe("position_already_open");
});

test("no more positions are open at the same time than are allowed", () => {
  const risk = { maxConcurrentPositions: 2, maxLiveGrids: 10, minFreeMarginPercent: 20 };
  const apart = [held("BTC"), held("ADA", "long", "altcoins")];
  expect(check({ registered: apart.slice(1), risk })).toBeUndefined();
  expect(check({ registered: apart, risk })).toBe("max_concurrent_positions");
});

test("the margin that must stay free may stay free to the cent", () => {
  expect(check({ freeMargin: amount(300) })).toBeUndefined();
  expect(check({ freeMargin: amount("299.99") })).toBe("insufficient_margin");
});

test("the first refusal names itself, in the order that people know", () => {
  const risk = { maxConcurrentPositions: 3, maxLiveGrids: 3, minFreeMarginPercent: 20 };
  const registered = [...twoLong, held("SOL")];
  const everything = { registered, risk, freeMargin: amount(0), killSwitchEngaged: true };
  expect(check(everything)).toBe("kill_switch_live");
  expect(check({ ...everything, killSwitchEngaged: false })).toBe("position_already_open");
  const other = { ...everything, killSwitchEngaged: false, candidate: held("XRP") };
  expect(check(other)).toBe("max_concurrent_positions");
  const wider = { ...other, risk: { ...risk, maxConcurrentPositions: 4 } };
  expect(check(wider)).toBe("correlation_group_limit (crypto_major)");
  const ungrouped = { ...wider, groupLimits: {} };
  expect(check(ungrouped)).toBe("max_live_grids");
  expect(check({ ...ungrouped, risk: { ...wider.risk, maxLiveGrids: 4 } })).toBe(
    "insufficient_margin",
  );
});
