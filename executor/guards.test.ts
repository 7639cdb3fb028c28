import { expect, test } from "@jest/globals";
import { millis } from "#base/clock.ts";
import type { EngineState } from "#trading/engine/state.ts";
import { price } from "#trading/money.ts";
import { level, openStage, restingStage } from "#trading/testing/acts.ts";
import {
  account,
  bar,
  BTC,
  fillOf,
  positionOf,
  readyStage,
  settingsOf,
  type Scene,
} from "#trading/testing/scene.ts";
import { ACCOUNT_AGE_MAX_MS, PRICE_AGE_MAX_MS, type Facts } from "./facts.ts";
import { guardEntry, type GuardFacts } from "./guards.ts";

const settings = settingsOf([BTC]);
const ELAPSED = 1_000_000;

/** Three entries that were just decided on and wait to be sent. */
const waiting = (): Scene => {
  const scene = readyStage(settings);
  scene.play(bar(scene));
  return scene;
};

const facts = (change: Partial<Facts> = {}): Facts => ({
  prices: new Map([
    [
      BTC,
      {
        value: { last: price(110), mark: price(110), at: millis(0) },
        at: millis(0),
        elapsed: ELAPSED,
      },
    ],
  ]),
  balance: undefined,
  account: { value: { plans: [] }, at: millis(0), elapsed: ELAPSED },
  streams: { public: true, private: true },
  ...change,
});

const guard = (scene: Scene, change: Partial<GuardFacts> = {}) =>
  guardEntry(
    { state: scene.state(), facts: facts(), now: scene.now(), elapsed: ELAPSED, ...change },
    level(scene, 0).id,
  );

test("an entry that was just decided on, on fresh facts, is let go", () => {
  expect(guard(waiting())).toBeUndefined();
});

test.each<[string, (scene: Scene) => void, RegExp]>([
  ["the executor is stopping", (scene) => scene.play({ kind: "Stopping" }), /^stopping: /],
  [
    "a new life has not settled what was in doubt",
    (scene) => scene.play({ kind: "Booted", epoch: 2, requestExpiryMs: 30_000 }),
    /no longer waiting to be sent/,
  ],
  [
    "somebody wants no more entries",
    (scene) =>
      scene.play({
        kind: "ControlSet",
        desiredState: "Reducing",
        killSwitchResetAt: undefined,
      }),
    /^not_trading: desiredState is Reducing/,
  ],
  [
    "the leverage on the exchange has become another",
    (scene) =>
      scene.play({
        kind: "SymbolPrepared",
        symbol: BTC,
        outcome: { kind: "Ready", leverage: 20 },
      }),
    /^leverage_divergent: /,
  ],
  [
    "the symbol could not be set up",
    (scene) =>
      scene.play({
        kind: "SymbolPrepared",
        symbol: BTC,
        outcome: { kind: "Failed", reason: "hedge mode" },
      }),
    /^setup_failed: hedge mode/,
  ],
  [
    "the exchange holds a position that we know nothing of",
    (scene) => scene.play(account(scene, { positions: [positionOf("0.5")] })),
    /^position_mismatch: /,
  ],
  [
    "newer parameters wait",
    (scene) => scene.play({ kind: "Configured", settings: settingsOf([], { generation: 2 }) }),
    /^settings_pending: /,
  ],
])("an entry is kept back when %s", (_name, happen, reason) => {
  const scene = waiting();
  happen(scene);
  expect(guard(scene)).toMatch(reason);
});

test("an entry is kept back while a loss has tripped the kill switch", () => {
  const losing = openStage(settingsOf([BTC], {}, { sessionLossPercent: 1 }));
  const [first] = [level(losing, 0)];
  losing.play(fillOf(losing, { ...first, side: "sell" }, { price: price(60) }));
  expect(losing.state().killSwitch.trip).toBeDefined();
  const scene = waiting();
  const { killSwitch } = losing.state();
  expect(guard(scene, { state: { ...scene.state(), killSwitch } })).toMatch(
    /^kill_switch_live: session loss/,
  );
});

test("an order that was sent already, finished, or never was is not sent", () => {
  const scene = restingStage(settings);
  expect(guard(scene)).toBe("the order is no longer waiting to be sent");
  const unknown: EngineState = { ...scene.state(), orders: new Map() };
  expect(guard(scene, { state: unknown })).toBe("the order is no longer waiting to be sent");
});

test("an entry of a symbol that is gone is not sent", () => {
  const scene = waiting();
  const state = { ...scene.state(), symbols: new Map() };
  expect(guard(scene, { state })).toBe("the symbol is no longer traded");
});

test("an entry that a fill on the other side has overtaken is not sent", () => {
  const scene = waiting();
  const [first, second] = [level(scene, 0), level(scene, 1)];
  scene.play(fillOf(scene, first));
  const short = { ...second, side: "sell" as const };
  const orders = new Map(scene.state().orders).set(short.id, short);
  const given = { facts: facts(), now: scene.now(), elapsed: ELAPSED };
  const guardOf = (state: EngineState) => guardEntry({ ...given, state }, short.id);
  expect(guardOf({ ...scene.state(), orders })).toBe("the position is long");
  expect(guardOf(scene.state())).toBeUndefined();
});

test("an entry that waited for more than half a minute is not sent", () => {
  const scene = waiting();
  expect(guard(scene, { now: scene.now() + 30_000 })).toBeUndefined();
  expect(guard(scene, { now: scene.now() + 30_001 })).toBe("decided too long ago");
});

test.each<[string, Partial<GuardFacts>, string | undefined]>([
  ["a price at its greatest age", { elapsed: ELAPSED + PRICE_AGE_MAX_MS }, undefined],
  ["a price beyond it", { elapsed: ELAPSED + PRICE_AGE_MAX_MS + 1 }, "stale price: 15.0 s old"],
  ["no price at all", { facts: facts({ prices: new Map() }) }, "stale price: never seen"],
  ["no account reading", { facts: facts({ account: undefined }) }, "stale account: never seen"],
  [
    "an account reading that is too old",
    {
      facts: facts({
        account: {
          value: { plans: [] },
          at: millis(0),
          elapsed: ELAPSED - ACCOUNT_AGE_MAX_MS - 1,
        },
      }),
    },
    "stale account: 15.0 s old",
  ],
  [
    "sockets that are down, while the reads are fresh",
    { facts: facts({ streams: { public: false, private: false } }) },
    undefined,
  ],
])("an entry on %s", (_name, change, expected) => {
  expect(guard(waiting(), change)).toBe(expected);
});
