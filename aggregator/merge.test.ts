import { expect, test } from "@jest/globals";
import { unknown } from "#base/fact.ts";
import type { ExecutorStatus } from "#crds/executor-status.ts";
import { mergeAccounts, mergeOrders, mergeTotals } from "./merge.ts";
import {
  aCycle,
  anOrder,
  aStatus,
  aStrategy,
  aSymbol,
  aTrip,
  aView,
  NOW,
} from "./testing/fixtures.ts";
import type { Strategy } from "./view.ts";

const account = (uid: string | null): ExecutorStatus["account"] => ({
  exchange: "bitget",
  environment: "Emulator",
  uid,
  dedicatedKeys: uid !== "shared",
});

const atr = (change: Partial<ExecutorStatus> = {}, rest: Partial<Strategy> = {}) =>
  aStrategy({ status: aStatus(change), ...pick(rest) });
const multi = (change: Partial<ExecutorStatus> = {}, rest: Partial<Strategy> = {}) =>
  aStrategy({
    member: { name: "grid-multi-tf", kind: "grid_multi_tf" },
    status: aStatus({ strategy: "grid-multi-tf", account: account("200"), ...change }),
    ...pick(rest),
  });
const silent = aStrategy({ member: { name: "grid-new" }, status: undefined });

const pick = ({ freshness, problem }: Partial<Strategy>) => ({
  ...(freshness !== undefined && { freshness }),
  ...(problem !== undefined && { problem }),
});

const totals = (...strategies: ReadonlyArray<Strategy>) => mergeTotals(aView(...strategies));

test("the merged status adds up balances, results and positions of all executors", () => {
  const merged = totals(atr(), multi());
  expect(merged).toMatchObject({
    executors: 2,
    equity: { kind: "Known", value: "3292" },
    baseCapital: { kind: "Known", value: "3200" },
    sessionPnl: { kind: "Known", value: "-6.4" },
    drawdownPercent: { kind: "Known", value: 0.2 },
    netProfit: { kind: "Known", value: "-6.4" },
    unrealizedPnl: { kind: "Known", value: "40" },
    marginUsed: { kind: "Known", value: "660" },
    openPositions: 2,
    fills: 8,
  });
});

test("two strategies on one account count its balance once, as the newer of them read it", () => {
  const older = atr({ account: account("shared"), balance: balance("1000", NOW - 9_000) });
  const newer = multi({ account: account("shared"), balance: balance("1010", NOW - 1_000) });
  expect(totals(older, newer).equity).toEqual({
    kind: "Known",
    value: "1010",
    at: NOW - 1_000,
  });
  expect(totals(older, newer).baseCapital).toMatchObject({ value: "1600" });
  expect(mergeAccounts(aView(older, newer))).toMatchObject([
    { uid: "shared", strategies: ["grid-atr", "grid-multi-tf"] },
  ]);
});

test("the same number on Demo and on Live is two accounts", () => {
  const demo = multi({ account: { ...account("100"), environment: "Demo" } });
  expect(totals(atr(), demo).equity).toMatchObject({ value: "3292" });
});

const balance = (equity: string, at: number = NOW) => ({
  equity,
  available: equity,
  wallet: equity,
  at,
});

const unknownSums: ReadonlyArray<
  [name: string, strategies: ReadonlyArray<Strategy>, reason: string]
> = [
  ["nobody trades", [], "no executor runs"],
  ["one has never answered", [atr(), silent], "grid-new has not answered yet"],
  [
    "one has no balance yet",
    [atr(), multi({ balance: null })],
    "grid-multi-tf has no balance from the exchange yet",
  ],
  [
    "one does not know its account",
    [atr(), multi({ account: account(null) })],
    "grid-multi-tf does not know yet which account its keys belong to",
  ],
];

for (const [name, strategies, reason] of unknownSums) {
  test(`there is no balance to show while ${name}`, () => {
    expect(totals(...strategies).equity).toEqual(unknown(reason));
  });
}

test("a position whose price is unknown makes the unrealised sum unknown, and says whose", () => {
  const blind = multi({ symbols: [aSymbol({ cycle: aCycle({ unrealizedPnl: null }) })] });
  expect(totals(atr(), blind).unrealizedPnl).toEqual(
    unknown("grid-multi-tf: the price of SOL/USDT:USDT is not known"),
  );
});

test("decimals are added as decimals", () => {
  const parts = ["0.1", "0.2"].map((sessionPnl, index) =>
    (index === 0 ? atr : multi)({ killSwitch: { ...aStatus().killSwitch, sessionPnl } }),
  );
  expect(totals(...parts).sessionPnl).toMatchObject({ value: "0.3" });
});

test("a sum is as old as the oldest of its parts", () => {
  expect(totals(atr({ at: NOW - 30_000 }), multi()).sessionPnl).toMatchObject({
    at: NOW - 30_000,
  });
});

test("a session that has not lost has no drawdown, whatever the capital", () => {
  const gained = { ...aStatus().killSwitch, sessionPnl: "5", baseCapital: "0" };
  expect(totals(atr({ killSwitch: gained })).drawdownPercent).toMatchObject({ value: 0 });
  const lost = { ...gained, sessionPnl: "-5" };
  expect(totals(atr({ killSwitch: lost })).drawdownPercent.kind).toBe("Unknown");
});

const off = {
  ...aStrategy({ member: { name: "off", enabled: false }, status: aStatus({ strategy: "off" }) }),
};

const enabledRows: ReadonlyArray<
  [name: string, strategies: ReadonlyArray<Strategy>, enabled: boolean, connected: boolean]
> = [
  ["nobody", [], false, false],
  ["one that is connected", [atr()], true, true],
  ["one that is winding down", [off], false, false],
  ["one connected and one winding down", [atr(), off], true, true],
  ["one connected and one not", [atr(), multi({ connected: false })], true, false],
  ["one connected and one never heard", [atr(), silent], true, false],
  ["one whose word is old", [atr({}, { freshness: "Stale", problem: "late" })], true, false],
];

for (const [name, strategies, enabled, connected] of enabledRows) {
  test(`the fleet is enabled if any executor is, connected if all enabled ones are: ${name}`, () => {
    expect(totals(...strategies)).toMatchObject({ enabled, connected });
  });
}

test("one engaged kill switch is the fleet's, and an old word about it still counts", () => {
  const tripped = multi({ killSwitch: aTrip() }, { freshness: "Stale", problem: "late" });
  expect(totals(atr()).killSwitch).toBe(false);
  expect(totals(atr(), tripped)).toMatchObject({ killSwitch: true, notFresh: ["grid-multi-tf"] });
});

test("positions without a confirmed stop are counted", () => {
  const naked = multi({ symbols: [aSymbol({ cycle: aCycle({ stop: null }) })] });
  expect(totals(atr(), naked)).toMatchObject({ openPositions: 2, unprotectedPositions: 1 });
});

test("orders of all executors are merged newest first, up to the limit", () => {
  const at = (ms: number, id: string) => anOrder({ at: NOW + ms, clientOrderId: id });
  const view = aView(
    aStrategy({ orders: [at(50, "a3"), at(30, "a2"), at(10, "a1")] }),
    aStrategy({ member: { name: "grid-multi-tf" }, orders: [at(40, "b2"), at(20, "b1")] }),
  );
  const ids = (limit: number) => mergeOrders(view, limit).map(({ order }) => order.clientOrderId);
  expect(ids(50)).toEqual(["a3", "b2", "a2", "b1", "a1"]);
  expect(ids(2)).toEqual(["a3", "b2"]);
  expect(mergeOrders(view, 2)[1]).toMatchObject({ strategy: "grid-multi-tf" });
});

test("orders of the same instant keep one order, whoever is asked first", () => {
  const one = aStrategy({ orders: [anOrder({ clientOrderId: "a" })] });
  const other = aStrategy({
    member: { name: "b" },
    orders: [anOrder({ clientOrderId: "b" })],
  });
  const ids = (...order: ReadonlyArray<Strategy>) =>
    mergeOrders(aView(...order), 9).map(({ order: { clientOrderId } }) => clientOrderId);
  expect(ids(one, other)).toEqual(ids(other, one));
});
