import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { millis } from "#base/clock.ts";
import { executorOrders, executorStatus, type ExecutorStatus } from "#crds/executor-status.ts";
import { amount, price, quantity } from "#trading/money.ts";
import type { EngineState } from "#trading/engine/state.ts";
import { level, openStage, reported, reportOf, restingStage } from "#trading/testing/acts.ts";
import {
  account,
  BTC,
  ETH,
  fillOf,
  firedPlan,
  planOf,
  plansSeen,
  positionOf,
  readyStage,
  settingsOf,
  stage,
  type Scene,
} from "#trading/testing/scene.ts";
import { createFactStore, type Facts, type Received } from "./facts.ts";
import { buildOrders, buildStatus } from "./status.ts";
import { specOf } from "./testing/specs.ts";
import { moveKinds, playMove, storySettings, storyStrategy, type Move } from "./testing/stories.ts";

const ELAPSED = 5_000;
const AT = millis(1_700_000_000_000);
const settings = settingsOf([BTC]);

const received = <T>(value: T): Received<T> => ({ value, at: millis(AT - 10), elapsed: ELAPSED });
const nothing: Facts = createFactStore().current();
const quote = { last: price("101.5"), mark: price("101"), at: AT };

const everything: Facts = {
  prices: new Map([[BTC, received(quote)]]),
  balance: received({ equity: amount("1001.25"), available: amount(900), wallet: amount(1_000) }),
  account: received({ plans: [] }),
  streams: { public: true, private: true },
};

const statusOf = (state: EngineState, facts: Facts = everything): ExecutorStatus =>
  buildStatus({
    spec: specOf(),
    state,
    facts,
    strategyOf: () => storyStrategy,
    at: AT,
    elapsed: ELAPSED,
    startedAt: millis(AT - 1_000),
    reconciledAt: undefined,
    accountUid: undefined,
    dedicatedKeys: true,
    version: "0.0.0",
    journalSequence: 7,
  });

const symbolOf = (scene: Scene, facts?: Facts) => {
  const [first] = statusOf(scene.state(), facts).symbols;
  if (first === undefined) throw new Error("no symbol");
  return first;
};

const anyStory: fc.Arbitrary<ReadonlyArray<Move>> = fc.array(
  fc.record({ kind: fc.constantFrom(...moveKinds), pick: fc.nat(9), dial: fc.nat(9) }),
  { maxLength: 60 },
);

test("whatever has happened, the status is the document that its readers parse, and no more", () => {
  fc.assert(
    fc.property(anyStory, fc.boolean(), (story, isKnown) => {
      const scene = readyStage(storySettings);
      for (const move of story) playMove(scene, move);
      const status = statusOf(scene.state(), isKnown ? everything : nothing);
      // Parsing drops what the schema does not name, so equality says that there is nothing else.
      const sent: unknown = JSON.parse(JSON.stringify(status));
      expect(executorStatus.parse(sent)).toEqual(sent);
      expect(sent).toEqual(status);
      const orders = { orders: buildOrders(scene.state(), "grid-atr") };
      expect(executorOrders.parse(JSON.parse(JSON.stringify(orders)))).toEqual(orders);
    }),
    { numRuns: 150 },
  );
});

test("a status says protected only when every position is covered, and shows no stop otherwise", () => {
  fc.assert(
    fc.property(anyStory, (story) => {
      const scene = readyStage(storySettings);
      for (const move of story) playMove(scene, move);
      const status = statusOf(scene.state());
      const covers = [...scene.state().symbols.values()].map(({ protection }) => protection.cover);
      const exposed = covers.filter(({ kind }) => kind !== "Covered");
      expect(status.protected).toBe(exposed.length === 0);
      for (const { cycle } of status.symbols) {
        if (cycle !== null && status.protected) expect(cycle.stop).not.toBeNull();
      }
    }),
    { numRuns: 150 },
  );
});

test("what nobody has told is null, never zero and never flat", () => {
  const fresh = stage(settings);
  const status = statusOf(fresh.state(), nothing);
  expect(status).toMatchObject({
    connected: false,
    reconciled: false,
    reconciledAt: null,
    balance: null,
    account: { uid: null },
    ledger: { wallet: null, fills: 0 },
    killSwitch: { baseCapital: null, trippedAt: null },
  });
  expect(status.symbols).toMatchObject([
    { price: null, priceAt: null, lastCandleAt: null, leverage: null, cycle: null },
  ]);
  const open = openStage(settings);
  expect(symbolOf(open, nothing).cycle?.unrealizedPnl).toBeNull();
});

test("connected needs both sockets and an account that was read a moment ago", () => {
  const state = readyStage(settings).state();
  expect(statusOf(state).connected).toBe(true);
  const down = { ...everything, streams: { public: true, private: false } };
  expect(statusOf(state, down).connected).toBe(false);
  const old = { ...everything, account: { ...received({ plans: [] }), elapsed: -20_000 } };
  expect(statusOf(state, old).connected).toBe(false);
});

test("an open cycle is told with its levels, its margin and the plans that the exchange has shown", () => {
  const scene = openStage(settings);
  const { cycle, resting } = symbolOf(scene);
  expect(cycle).toMatchObject({
    side: "long",
    levels: [{ level: 0, price: "100", size: "16.666" }],
    levelsMax: 3,
    averagePrice: "100",
    size: "16.666",
    leverage: 5,
    margin: "333.32",
    stop: { trigger: "80", planId: "plan-1", confirmedAt: AT - 10 },
    takeProfit: { trigger: "120", planId: "tp" },
    unrealizedPnl: "16.666",
    closing: null,
    adopted: false,
  });
  expect(resting.map(({ level: index, price: limit, state }) => [index, limit, state])).toEqual([
    [1, "90", "Open"],
    [2, "80", "Open"],
  ]);
});

test("a stop counts while it covers: one that is too small, or not seen yet, is not shown", () => {
  const scene = restingStage(settings);
  const first = level(scene, 0);
  scene.play(fillOf(scene, first));
  expect(symbolOf(scene).cycle?.stop).toBeNull();
  expect(statusOf(scene.state()).protected).toBe(false);
  scene.play(plansSeen(scene, planOf({ size: quantity(1) })));
  expect(symbolOf(scene).cycle?.stop).toBeNull();
  scene.play(plansSeen(scene, planOf({ size: first.size })));
  expect(symbolOf(scene).cycle?.stop).toMatchObject({ trigger: "80" });
  expect(statusOf(scene.state()).protected).toBe(true);
});

test("a finished order rests no more, and one in doubt is counted", () => {
  const scene = restingStage(settings);
  const gone = level(scene, 2);
  scene.play(reported(gone, { status: "Canceled" }));
  const { id } = level(scene, 1);
  scene.play({ kind: "CancelAnswered", id, answer: { kind: "Unknown", detail: "timeout" } });
  const status = statusOf(scene.state());
  expect(status.unsettledOrders).toBe(1);
  const resting = status.symbols[0]?.resting ?? [];
  // The level that became free is asked for again, under another id.
  expect(resting.map(({ state }) => state)).toEqual(["Open", "Unknown", "Submitting"]);
  expect(resting.map(({ clientOrderId }) => clientOrderId)).not.toContain(gone.id);
});

test("why no entry may be sent is said by the gate first, and by the last candle second", () => {
  const scene = restingStage(settings);
  expect(symbolOf(scene).blocked).toBeNull();
  const fresh = readyStage(settings);
  expect(symbolOf(fresh).blocked?.reason).toBe("no_candle");
  fresh.play({ kind: "Stopping" });
  expect(symbolOf(fresh).blocked?.reason).toBe("stopping");
  expect(statusOf(fresh.state()).stopping).toBe(true);
});

test("the ledger's wallet is what it was plus everything booked, to the last digit", () => {
  const scene = openStage(settings);
  const open = level(scene, 0);
  const exit = { ...open, id: firedPlan("plan-1"), side: "sell" as const };
  scene.play(fillOf(scene, exit, { price: price("101.37"), fee: amount("0.00012345") }));
  const status = statusOf(scene.state());
  expect(status.ledger).toEqual({
    fills: 2,
    realizedPnl: "22.83242",
    fees: "0.00012345",
    wallet: "1022.83229655",
  });
  expect(status.closedCycles).toMatchObject([
    { symbol: BTC, reason: "sl_global", netPnl: "22.83229655", averageExit: "101.37" },
  ]);
});

test("a result that no fill explains is unknown in the record, not zero", () => {
  const scene = openStage(settings);
  const resting = [level(scene, 1), level(scene, 2)].map((order) => reportOf(order));
  for (let look = 0; look < 4; look += 1) {
    scene.play(account(scene, { orders: resting }));
    scene.wait(5_000);
  }
  expect(statusOf(scene.state()).closedCycles).toMatchObject([
    { netPnl: null, averageExit: null, reason: "external" },
  ]);
});

test("orders are told newest first, and one whose fills are still missing is settling", () => {
  const scene = restingStage(settings);
  const first = level(scene, 0);
  scene.play(reported(first, { status: "Filled", filled: first.size }));
  const records = buildOrders(scene.state(), "grid-atr");
  expect(records.map(({ level: index, state }) => [index, state])).toEqual([
    [2, "Open"],
    [1, "Open"],
    [0, "Settling"],
  ]);
  expect(records[2]).toMatchObject({ filled: "0", averagePrice: null, limit: "100" });
  scene.play(fillOf(scene, first, { price: price("99.5"), fee: amount("0.3") }));
  expect(buildOrders(scene.state(), "grid-atr")[2]).toMatchObject({
    state: "Filled",
    filled: "16.666",
    averagePrice: "99.5",
    fee: "0.3",
    kind: "entry",
  });
});

test("a position of somebody else on another symbol is not ours to tell", () => {
  const scene = readyStage(settings);
  scene.play(account(scene, { positions: [positionOf("1", { symbol: ETH })] }));
  expect(statusOf(scene.state()).symbols.map(({ symbol }) => symbol)).toEqual([BTC]);
});
