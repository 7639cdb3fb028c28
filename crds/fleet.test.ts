import { expect, test } from "@jest/globals";
import type { Result } from "#base/result.ts";
import { checkAssets, checkExchanges, checkRisk, nearestSymbol } from "./fleet.ts";
import type { Problem } from "./problems.ts";

const assets = {
  groups: { crypto_major: { maxSameDirection: 2 } },
  assets: {
    "BTC/USDT:USDT": { group: "crypto_major", maxLeverage: 20 },
    "DOGE/USDT:USDT": { maxLeverage: 10 },
  },
};
const risk = {
  maxMarginRatio: 0.7,
  maxConcurrentPositions: 15,
  maxLiveGrids: 4,
  minFreeMarginPercent: 20,
  killSwitch: { sessionLossPercent: 25, action: "BlockEntries" },
};
const bitget = {
  restUrl: "https://api.bitget.com",
  publicStreamUrl: "wss://ws.bitget.com/v2/ws/public",
  privateStreamUrl: "wss://ws.bitget.com/v2/ws/private",
  accountRequestsPerSecond: 10,
  publicRequestsPerSecond: 20,
};

const wordsOf = (checked: Result<unknown, ReadonlyArray<Problem>>): ReadonlyArray<string> =>
  checked.ok ? [] : checked.error.map(({ words }) => words);

test("valid files are taken as they are", () => {
  expect(checkAssets(assets)).toEqual({ ok: true, value: assets });
  expect(checkRisk(risk)).toEqual({ ok: true, value: risk });
  expect(checkExchanges({ bitget })).toEqual({ ok: true, value: { bitget } });
});

test("a group that does not exist is refused, with the one that was probably meant", () => {
  const wrong = {
    ...assets,
    assets: { "BTC/USDT:USDT": { group: "crypto_mayor", maxLeverage: 1 } },
  };
  expect(wordsOf(checkAssets(wrong))).toEqual([
    'assets.BTC/USDT:USDT.group: Invalid value: "crypto_mayor": no such group (did you mean crypto_major?)',
  ]);
});

test("a symbol that is not a perpetual's is refused at its key", () => {
  const checked = checkAssets({ groups: {}, assets: { "BTC/USDT": { maxLeverage: 20 } } });
  expect(checked.ok ? [] : checked.error).toEqual([
    {
      path: ["assets", "BTC/USDT"],
      at: "key",
      words:
        'assets.BTC/USDT: Invalid value: "BTC/USDT": write the unified ccxt symbol of a perpetual, for example BTC/USDT:USDT',
    },
  ]);
});

test("a limit that can never be reached is refused", () => {
  expect(wordsOf(checkRisk({ ...risk, maxConcurrentPositions: 3 }))).toEqual([
    "maxLiveGrids: Invalid value: 4: can never be reached with maxConcurrentPositions 3 (lower it, or raise the other)",
  ]);
});

test("keys go nowhere in the clear but to this machine", () => {
  const clear = {
    ...bitget,
    restUrl: "http://api.bitget.com",
    demo: { publicStreamUrl: "ws://127.0.0.1:8099/x", privateStreamUrl: "ws://wspap.bitget.com" },
  };
  expect(wordsOf(checkExchanges({ bitget: clear }))).toEqual([
    'bitget.restUrl: Invalid value: "http://api.bitget.com": must begin with https:// (keys would travel in the clear)',
    'bitget.demo.privateStreamUrl: Invalid value: "ws://wspap.bitget.com": must begin with wss:// (keys would travel in the clear)',
  ]);
  expect(checkExchanges({ bitget: { ...bitget, restUrl: "http://localhost:8099" } }).ok).toBe(true);
  expect(checkExchanges({ bitget: { ...bitget, restUrl: "http://127.0.0.1.evil.com" } }).ok).toBe(
    false,
  );
});

test("unknown, missing and wrong keys are said at once, in the words of a manifest", () => {
  const { maxMarginRatio: _, ...rest } = risk;
  const words = wordsOf(checkRisk({ ...rest, max_live_grids: 4, minFreeMarginPercent: "20" }));
  expect(words.toSorted()).toEqual([
    "maxMarginRatio: Required value (Share of equity that may be margin.)",
    'minFreeMarginPercent: Invalid value: "string": minFreeMarginPercent in body must be of type number: "string" (write it without quotes)',
    'strict decoding error: unknown field "max_live_grids" (did you mean maxLiveGrids?)',
  ]);
  expect(wordsOf(checkExchanges({ bitget: { ...bitget, restUrl: "api.bitget.com" } }))).toEqual([
    'bitget.restUrl: Invalid value: "api.bitget.com": bitget.restUrl in body must be of type uri: "api.bitget.com"',
  ]);
  for (const nonsense of [null, [], 1, "x", { assets: null }]) {
    expect(wordsOf(checkAssets(nonsense)).length).toBeGreaterThan(0);
  }
});

test("the symbol that was probably meant has the same base, else similar letters", () => {
  expect(nearestSymbol("BTC/USDT", assets)).toBe("BTC/USDT:USDT");
  expect(nearestSymbol("btcusdt", assets)).toBe("BTC/USDT:USDT");
  expect(nearestSymbol("DOEG/USDT:USDT", assets)).toBe("DOGE/USDT:USDT");
  expect(nearestSymbol("UNKNOWN", assets)).toBeUndefined();
});
