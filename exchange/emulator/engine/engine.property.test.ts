import { expect, test } from "@jest/globals";
import { Big } from "big.js";
import fc from "fast-check";
import { createHash } from "node:crypto";
import { millis, type Millis } from "#base/clock.ts";
import { toAuditEvent } from "../audit-events.ts";
import { auditLog } from "../audit.ts";
import { assets } from "../assets.ts";
import { createProcessPath } from "../prices/process.ts";
import {
  createEngine,
  restoreEngine,
  type AccountView,
  type Engine,
  type EngineOptions,
} from "./engine.ts";
import type { EngineEvent } from "./events.ts";
import type { Refusal } from "./refusal.ts";
import { uid as toUid, type Order, type Plan, type Position, type Uid } from "./state.ts";
import { defaultSwitches, type Switches } from "./switches.ts";
import type { Result } from "#base/result.ts";

const startAt = millis(Date.UTC(2026, 10, 21));
const path = createProcessPath({ seed: 4, anchor: startAt, assets: assets.slice(0, 2) });
const uids = [toUid("11"), toUid("22")];
const symbols = ["BTCUSDT", "ETHUSDT"];

/** One thing that somebody does, some time after the one before. Prices are relative to the market. */
type Step = {
  readonly waitSeconds: number;
  readonly who: number;
  readonly symbol: number;
  readonly what:
    | "limit"
    | "market"
    | "reduce"
    | "cancel"
    | "plan"
    | "move"
    | "unplan"
    | "shock"
    | "leverage";
  readonly buy: boolean;
  readonly offset: number;
  readonly size: number;
  readonly stop: boolean;
};

const anyStep: fc.Arbitrary<Step> = fc.record({
  waitSeconds: fc.integer({ min: 0, max: 900 }),
  who: fc.nat(1),
  symbol: fc.nat(1),
  what: fc.constantFrom<Step["what"]>(
    ...([
      "limit",
      "limit",
      "market",
      "reduce",
      "cancel",
      "plan",
      "move",
      "unplan",
      "shock",
      "leverage",
    ] as const),
  ),
  buy: fc.boolean(),
  offset: fc.integer({ min: 0, max: 60 }),
  size: fc.integer({ min: 1, max: 9 }),
  stop: fc.boolean(),
});

const anySwitches: fc.Arbitrary<Switches> = fc.record({
  presetStop: fc.constantFrom("order", "position"),
  orphanPlans: fc.constantFrom("keep", "cancel"),
  clientIdReuse: fc.constantFrom("never", "whenDone"),
  reduceBelowMinimum: fc.constantFrom("allow", "refuse"),
  sameLeverage: fc.constantFrom("accept", "refuse"),
  positionMode: fc.constant("one_way_mode"),
});

const open = (options: EngineOptions): Engine => {
  const engine = createEngine(options);
  for (const uid of uids) engine.openAccount(startAt, { uid, balance: "100000" });
  return engine;
};

/** A price so many tenths of a percent below or above the market, in the symbol's ticks. */
const near = (engine: Engine, symbol: string, tenths: number): string => {
  const contract = [...engine.contracts.values()].find((one) => one.symbol === symbol);
  if (contract === undefined) throw new Error(symbol);
  const ticks = engine.path().ticksAt(contract.symbol, engine.now()) ?? 0;
  const moved = Math.max(1, Math.round(ticks * (1 + tenths / 1_000)));
  return contract.tick.times(moved).toFixed(contract.pricePlace);
};

/** What a step is about, at the instant at which it is taken. */
type Scene = {
  readonly engine: Engine;
  readonly at: Millis;
  readonly uid: Uid;
  readonly symbol: string;
  readonly position: Position | undefined;
  readonly plan: Plan | undefined;
  readonly order: Order | undefined;
};

const sceneOf = (engine: Engine, step: Step, at: Millis): Scene => {
  const uid = uids[step.who] ?? toUid("");
  const symbol = symbols[step.symbol] ?? "";
  const account = engine.account(uid);
  if (account === undefined) throw new Error(uid);
  const first = <T extends { readonly symbol: string }>(items: Iterable<T>): T | undefined =>
    [...items].find((item) => item.symbol === symbol);
  const position = first(account.positions.values());
  const plan = first(account.plans.values());
  return { engine, at, uid, symbol, position, plan, order: first(account.orders.values()) };
};

const sizeOf = (step: Step): string => (step.size / 10).toFixed(1);

const placeOrder = (scene: Scene, step: Step): Result<unknown, Refusal> => {
  const { engine, at, uid, symbol } = scene;
  const sign = step.buy ? -1 : 1;
  const isLimit = step.what === "limit";
  return engine.placeOrder(at, {
    uid,
    symbol,
    side: step.buy ? "buy" : "sell",
    type: isLimit ? "limit" : "market",
    force: "gtc",
    size: sizeOf(step),
    price: isLimit ? near(engine, symbol, sign * step.offset) : undefined,
    clientOid: undefined,
    reduceOnly: step.what === "reduce",
    marginMode: "crossed",
    presetStopLossPrice: step.stop ? near(engine, symbol, sign * (step.offset + 9)) : undefined,
    presetStopLossExecutePrice: undefined,
    presetStopSurplusPrice: undefined,
    presetStopSurplusExecutePrice: undefined,
  });
};

const stopOf = ({ engine, symbol, position }: Scene, step: Step): string =>
  near(engine, symbol, (position?.side === "short" ? 1 : -1) * (step.offset / 3 + 1));

const placePlan = (scene: Scene, step: Step): Result<unknown, Refusal> =>
  scene.engine.placePlan(scene.at, {
    uid: scene.uid,
    symbol: scene.symbol,
    planType: step.stop ? "pos_loss" : "loss_plan",
    holdSide: scene.position?.side === "short" ? "sell" : "buy",
    triggerPrice: stopOf(scene, step),
    triggerType: "mark_price",
    executePrice: undefined,
    size: sizeOf(step),
    clientOid: undefined,
  });

const movePlan = (scene: Scene, step: Step): Result<unknown, Refusal> =>
  scene.engine.modifyPlan(scene.at, {
    uid: scene.uid,
    symbol: scene.symbol,
    orderId: scene.plan?.id,
    clientOid: undefined,
    triggerPrice: stopOf(scene, step),
    executePrice: undefined,
    size: undefined,
  });

const perform = (engine: Engine, step: Step, at: Millis): Result<unknown, Refusal> => {
  engine.advance(at);
  const scene = sceneOf(engine, step, at);
  const { uid, symbol, plan, order } = scene;
  switch (step.what) {
    case "limit":
    case "market":
    case "reduce":
      return placeOrder(scene, step);
    case "cancel":
      return engine.cancelOrder(at, { uid, symbol, orderId: order?.id, clientOid: undefined });
    case "plan":
      return placePlan(scene, step);
    case "move":
      return movePlan(scene, step);
    case "unplan": {
      const references = [{ orderId: plan?.id, clientOid: undefined }];
      return engine.cancelPlans(at, { uid, symbol, planType: "profit_loss", references });
    }
    case "shock":
      return shock(scene, step);
    case "leverage":
      return setLeverage(scene, step);
  }
};

const shock = ({ engine, at }: Scene, step: Step): Result<unknown, Refusal> =>
  engine.shock(at, {
    symbol: "all",
    percent: (step.buy ? -step.offset : step.offset) / 10,
    durationMs: step.size * 1_000,
  });

const setLeverage = ({ engine, at, uid, symbol }: Scene, step: Step): Result<unknown, Refusal> =>
  engine.setLeverage(at, { uid, symbol, leverage: String(step.size), side: undefined });

/** Plays all steps, asks after each, and plays an hour on. */
const play = (
  engine: Engine,
  steps: ReadonlyArray<Step>,
  from: Millis,
  check: () => void = () => {},
): Millis => {
  let at = from;
  for (const step of steps) {
    at = millis(at + step.waitSeconds * 1_000 + 137);
    perform(engine, step, at);
    check();
  }
  return at;
};

const hash = (events: ReadonlyArray<EngineEvent>): string =>
  createHash("sha256")
    .update(events.map((event, index) => JSON.stringify(toAuditEvent(event, index + 1))).join("\n"))
    .digest("hex");

const plain = (engine: Engine): unknown => JSON.parse(JSON.stringify(engine.snapshot()));

const steps = fc.array(anyStep, { maxLength: 60, size: "max" });

const netOf = ({ fills }: AccountView, symbol: string): string =>
  [...fills.values()]
    .filter((fill) => fill.symbol === symbol)
    .reduce((sum, { side, size }) => sum.plus(side === "buy" ? size : size.times(-1)), new Big(0))
    .toFixed();

const isSound = (engine: Engine) => {
  for (const account of engine.accounts()) {
    const { initial, realised, fees, wallet } = account;
    expect(wallet.toFixed()).toBe(initial.plus(realised).minus(fees).toFixed());
    for (const symbol of symbols) isSoundSymbol(account, symbol);
    for (const { filled, size } of account.orders.values()) expect(filled.lt(size)).toBe(true);
  }
};

const isSoundSymbol = (account: AccountView, symbol: string) => {
  const position = [...account.positions.values()].find((held) => held.symbol === symbol);
  const held = position?.size.times(position.side === "long" ? 1 : -1) ?? new Big(0);
  expect(held.toFixed()).toBe(netOf(account, symbol));
  const ofPosition = [...account.plans.values()].filter(
    (plan) => plan.symbol === symbol && plan.planType.startsWith("pos_"),
  );
  expect(new Set(ofPosition.map(({ planType }) => planType)).size).toBe(ofPosition.length);
  for (const plan of ofPosition) expect(plan.side).toBe(position?.side);
};

test("money and positions are conserved, whatever is done", () => {
  fc.assert(
    fc.property(steps, anySwitches, (list, switches) => {
      const engine = open({ path, switches, startAt });
      play(engine, list, startAt, () => isSound(engine));
    }),
    { numRuns: 20 },
  );
});

test("a reducing order never opens or turns anything", () => {
  fc.assert(
    fc.property(steps, anySwitches, (list, switches) => {
      const engine = open({ path, switches, startAt });
      play(engine, list, startAt);
      const held = new Map<string, Big>();
      const reducing = new Set<string>();
      for (const event of engine.drain()) {
        if (event.kind === "OrderAccepted" && event.order.reduceOnly) reducing.add(event.order.id);
        if (event.kind !== "OrderFilled") continue;
        const { symbol, side, size, orderId } = event.fill;
        const key = `${event.uid} ${symbol}`;
        const before = held.get(key) ?? new Big(0);
        const after = before.plus(side === "buy" ? size : size.times(-1));
        held.set(key, after);
        if (!reducing.has(orderId)) continue;
        expect(after.abs().lt(before.abs())).toBe(true);
        expect(after.times(before).gte(0)).toBe(true);
      }
    }),
    { numRuns: 20 },
  );
});

test("the audit, which knows only the log, arrives at the same books", () => {
  fc.assert(
    fc.property(steps, (list) => {
      const engine = open({ path, switches: defaultSwitches, startAt });
      play(engine, list, startAt);
      const events = engine.drain().map((event, index) => toAuditEvent(event, index + 1));
      const report = auditLog(events);
      expect(report.doubledClientIds).toEqual([]);
      for (const account of engine.accounts()) {
        const books = report.books.get(account.uid);
        expect(books?.wallet.toFixed()).toBe(account.wallet.toFixed());
        const flat = [...(books?.proceeds ?? [])].filter(([s]) => !books?.positions.has(s));
        const realised = (symbol: string) =>
          [...account.fills.values()]
            .filter((fill) => fill.symbol === symbol)
            .reduce((sum, fill) => sum.plus(fill.realised), new Big(0));
        for (const [symbol, proceeds] of flat) {
          expect(realised(symbol).toFixed()).toBe(proceeds.toFixed());
        }
      }
    }),
    { numRuns: 20 },
  );
});

test("the same operations give the same log, however often the market is played in between", () => {
  fc.assert(
    fc.property(steps, fc.integer({ min: 1, max: 600 }), (list, everySeconds) => {
      const once = open({ path, switches: defaultSwitches, startAt });
      play(once, list, startAt);
      const often = open({ path, switches: defaultSwitches, startAt });
      let at = startAt;
      for (const step of list) {
        const next = millis(at + step.waitSeconds * 1_000 + 137);
        for (let tick = at; tick < next; tick = millis(tick + everySeconds * 333)) {
          often.advance(tick);
        }
        perform(often, step, next);
        at = next;
      }
      expect(hash(often.drain())).toBe(hash(once.drain()));
    }),
    { numRuns: 12 },
  );
});

test("a snapshot in the middle changes nothing", () => {
  fc.assert(
    fc.property(steps, steps, anySwitches, (before, after, switches) => {
      const options = { path, switches, startAt };
      const whole = open(options);
      const half = play(whole, before, startAt);
      const early = whole.drain();
      const restored = restoreEngine(options, JSON.parse(JSON.stringify(whole.snapshot())));
      play(whole, after, half);
      play(restored, after, half);
      expect(early.length).toBeGreaterThanOrEqual(2);
      expect(hash(restored.drain())).toBe(hash(whole.drain()));
      expect(plain(restored)).toEqual(plain(whole));
    }),
    { numRuns: 12 },
  );
});

test("a refusal leaves no trace", () => {
  fc.assert(
    fc.property(steps, (list) => {
      const engine = open({ path, switches: defaultSwitches, startAt });
      let at = startAt;
      for (const step of list) {
        at = millis(at + step.waitSeconds * 1_000 + 137);
        engine.advance(at);
        engine.drain();
        const before = JSON.stringify(engine.snapshot());
        const result = perform(engine, step, at);
        if (result.ok) continue;
        expect(JSON.stringify(engine.snapshot())).toBe(before);
        expect(engine.drain()).toEqual([]);
      }
    }),
    { numRuns: 12 },
  );
});

/** A property that is never put to the test holds for nothing. */
test("the steps reach every corner", () => {
  const reached = new Map<string, number>();
  const mark = (name: string) => reached.set(name, (reached.get(name) ?? 0) + 1);
  for (const list of fc.sample(steps, { numRuns: 60, seed: 7 })) {
    const engine = open({ path, switches: defaultSwitches, startAt });
    const sides = new Map<string, string>();
    play(engine, list, startAt);
    for (const event of engine.drain()) {
      mark(event.kind);
      if (event.kind === "OrderFilled") mark(event.fill.liquidity);
      if (event.kind !== "PositionChanged") continue;
      const key = `${event.uid} ${event.symbol}`;
      const side = event.position?.side ?? "flat";
      mark(`${sides.get(key) ?? "flat"} to ${side}`);
      sides.set(key, side);
    }
  }
  const corners =
    "OrderAccepted,OrderCanceled,OrderFilled,maker,taker,PlanPlaced,PlanMoved,PlanCanceled," +
    "PlanTriggered,PlanFailed,SettingsChanged,PriceShocked,flat to long,flat to short," +
    "long to short,short to long,long to flat,short to flat";
  const missed = corners.split(",").filter((corner) => (reached.get(corner) ?? 0) < 3);
  expect(missed).toEqual([]);
});
