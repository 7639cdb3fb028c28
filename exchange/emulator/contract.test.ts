import { expect, test } from "@jest/globals";
import { toText } from "#trading/money.ts";
import { contractsOf } from "./contract.ts";
import { scriptedPath } from "./engine/scripted-path.ts";
import { contractSymbol } from "./prices/path.ts";

const contractAt = (name: string, ticks: number) => {
  const contract = contractsOf(scriptedPath({ [name]: [ticks] })).get(contractSymbol(name));
  if (contract === undefined) throw new Error(name);
  return contract;
};

test("the tick follows the recording, the step what the exchange lists", () => {
  const btc = contractAt("BTCUSDT", 6_100_000);
  expect([btc.base, toText(btc.tick), toText(btc.step), btc.maxLeverage]).toEqual([
    "BTC",
    "0.01",
    "0.0001",
    125,
  ]);
});

test.each([
  [4_000_000, "0.0001"],
  [400_000, "0.001"],
  [12_345, "0.01"],
  [110, "1"],
  [3, "1"],
])("of an unknown symbol at %d ticks a step is worth a few units: %s", (ticks, step) => {
  const contract = contractAt("NEWUSDT", ticks);
  expect(toText(contract.step)).toBe(step);
  expect(contract.minSize.eq(contract.step)).toBe(true);
  expect(contract.maxSize.gt(contract.maxMarketSize)).toBe(true);
});
