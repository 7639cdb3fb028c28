/**
 * Stories for the engine: one small thing after another, likely and unlikely ones, told as plain
 * data so that a test can draw them by chance. Each thing is made to fit the state it happens in:
 * an order that is answered exists, a fill is of something.
 */

import { millis } from "#base/clock.ts";
import { createEngine } from "#trading/engine/engine.ts";
import type { EngineState } from "#trading/engine/state.ts";
import { price, quantity, amount } from "#trading/money.ts";
import type { Order } from "#trading/order.ts";
import type { RejectionReason, Plan } from "#trading/reports.ts";
import type { GridStrategy } from "#trading/strategy.ts";
import { reportOf } from "#trading/testing/acts.ts";
import {
  account,
  bar,
  BTC,
  ETH,
  fillOf,
  firedPlan,
  LEVELS,
  marketOf,
  planId,
  planOf,
  plansSeen,
  positionOf,
  settingsOf,
  type Happening,
  type Scene,
} from "#trading/testing/scene.ts";

/** `pick` chooses among what is there, `dial` how it goes. */
export type Move = {
  readonly kind: MoveKind;
  readonly pick: number;
  readonly dial: number;
};

export const moveKinds = [
  "bar",
  "bar",
  "answer",
  "answer",
  "cancelAnswer",
  "report",
  "absent",
  "fill",
  "fill",
  "fireStop",
  "plans",
  "plans",
  "protection",
  "account",
  "account",
  "tick",
  "tick",
  "control",
  "configure",
  "boot",
  "prepared",
  "markets",
  "probe",
  "stop",
] as const;

type MoveKind = (typeof moveKinds)[number];

export const storySettings = settingsOf([BTC, ETH]);

const LEVELS_MAX = 3;

/** The strategy of every story: its levels and exits are what the candle's indicators say. */
export const storyStrategy: GridStrategy = {
  kind: "grid_atr",
  timeframe: "1h",
  maxLevels: LEVELS_MAX,
  stopPercent: 20,
  lookback: 5,
  cooldownCandles: 3,
  indicators: () => ({}),
  levels: (indicators, cycle) =>
    ["level0", "level1", "level2"].flatMap((name, index) => {
      const level = indicators[name];
      return level === undefined || cycle?.filledLevels.has(index) === true
        ? []
        : [{ index, side: "long", price: level, fraction: 1 / LEVELS_MAX }];
    }),
  takeProfit: (indicators) => indicators["takeProfit"],
  exit: (indicators) => (indicators["exit"] === 1 ? "signal_exit" : undefined),
};

export const storyEngine = createEngine({ strategyOf: () => storyStrategy });

/** Plays one move; waits a little before it, so that time goes on. */
export const playMove = (scene: Scene, { kind, pick, dial }: Move): void => {
  scene.wait(1 + dial * dial * 500);
  scene.play(...tell[kind](scene, pick, dial));
};

type Telling = (scene: Scene, pick: number, dial: number) => ReadonlyArray<Happening>;

const choose = <T>(items: ReadonlyArray<T>, pick: number): ReadonlyArray<T> => {
  const item = items.length === 0 ? undefined : items[pick % items.length];
  return item === undefined ? [] : [item];
};

/** Newest first: that is where things happen. */
const ordersOf = ({ state }: Scene): ReadonlyArray<Order> =>
  [...state().orders.values()].toReversed();

const reasons: ReadonlyArray<RejectionReason> = [
  "InsufficientFunds",
  "Denied",
  "RateLimited",
  "NoPosition",
  "NotFound",
  "TriggerPassed",
];

const answerOf = (dial: number) => {
  if (dial < 5) return { kind: "Accepted" } as const;
  if (dial < 7) return { kind: "Unknown", detail: "timeout" } as const;
  const [reason = "Denied"] = choose(reasons, dial);
  return { kind: "Rejected", reason, detail: "refused" } as const;
};

const sharesOf = ({ size }: Order, dial: number) =>
  dial < 6 ? size : quantity(size.times("0.25").round(3).plus("0.001"));

const plansOf = (state: EngineState, dial: number): ReadonlyArray<Plan> =>
  [...state.symbols.values()].flatMap(({ symbol, cycle }) => {
    if (cycle === undefined || dial === 9) return [];
    const { side, size } = cycle;
    const whole = planOf({ id: planId(`s-${symbol}`), symbol, side, trigger: price(70 + dial) });
    const carried = { ...whole, id: planId(`c-${symbol}`), size: dial < 4 ? size : quantity(1) };
    if (dial < 3) return [carried];
    const profit: Plan = { ...whole, id: planId(`t-${symbol}`), kind: "TakeProfit" };
    return dial < 6 ? [whole, carried, profit] : [whole, profit];
  });

const tell: Readonly<Record<MoveKind, Telling>> = {
  bar: (scene, pick, dial) => {
    const levels = { ...LEVELS, level0: 100 - dial, exit: pick === 9 ? 1 : 0 };
    const candle = bar(scene, dial === 9 ? {} : levels, pick % 3 === 0 ? [BTC] : [BTC, ETH]);
    return [pick === 8 && candle.kind === "BarClosed" ? { ...candle, funds: undefined } : candle];
  },
  answer: (scene, pick, dial) =>
    choose(ordersOf(scene), pick).map(({ id }) => ({
      kind: "OrderAnswered",
      id,
      answer: answerOf(dial),
    })),
  cancelAnswer: (scene, pick, dial) =>
    choose(ordersOf(scene), pick).map(({ id }) => ({
      kind: "CancelAnswered",
      id,
      answer: answerOf(dial),
    })),
  report: (scene, pick, dial) =>
    choose(ordersOf(scene), pick).map((order) => {
      const [status = "Open"] = choose(["Open", "Filled", "Canceled", "Rejected"] as const, dial);
      const filled = status === "Filled" ? order.size : order.filled;
      return { kind: "OrderReported", report: reportOf(order, { status, filled }) };
    }),
  absent: (scene, pick) =>
    choose(ordersOf(scene), pick).map(({ id }) => ({
      kind: "OrderAbsent",
      id,
      askedAt: scene.now(),
    })),
  fill: (scene, pick, dial) =>
    choose(ordersOf(scene), pick).map((order) => {
      const at = { price: price(80 + 4 * dial), fee: amount("0.0123") };
      return fillOf(scene, order, { ...at, size: sharesOf(order, dial) });
    }),
  fireStop: (scene, pick, dial) =>
    choose([...scene.state().symbols.values()], pick).flatMap(({ symbol, cycle }) => {
      if (cycle === undefined) return [];
      const side = cycle.side === "long" ? "sell" : "buy";
      const id = firedPlan(`s-${symbol}`);
      // Twice as much as there is, once in a while: the rest opens the other side.
      const size = quantity(cycle.size.times(dial === 9 ? 2 : 1));
      return [fillOf(scene, { id, symbol, side, size }, { price: price(79) })];
    }),
  plans: (scene, pick, dial) => [
    { ...plansSeen(scene, ...plansOf(scene.state(), dial)), ...(pick === 9 ? { asOf: 0 } : {}) },
  ],
  protection: (_scene, pick, dial) => [
    {
      kind: "ProtectionAnswered",
      symbol: pick % 2 === 0 ? BTC : ETH,
      planKind: dial % 2 === 0 ? "Stop" : "TakeProfit",
      about: dial % 2 === 0 ? "Stop" : "TakeProfit",
      answer: answerOf(pick),
    },
  ],
  account: (scene, pick, dial) => {
    const state = scene.state();
    const ours = [...state.symbols.values()].flatMap(({ symbol, cycle }) =>
      cycle === undefined
        ? []
        : [positionOf(cycle.size.toFixed(), { symbol, side: cycle.side, leverage: 5 })],
    );
    const live = [...state.orders.values()].filter(({ state: { kind } }) => kind === "Open");
    const odd = positionOf("0.5", { symbol: ETH, side: pick % 2 === 0 ? "long" : "short" });
    const positions = dial === 8 ? [] : ours;
    return [
      account(scene, {
        positions: dial === 9 ? [odd] : positions,
        orders: pick === 9 ? [] : live.map((order) => reportOf(order, { filled: order.filled })),
        plans: plansOf(state, dial),
      }),
    ];
  },
  tick: () => [{ kind: "Ticked" }],
  control: (scene, pick, dial) => {
    const [desiredState = "Trading"] = choose(["Trading", "Trading", "Reducing", "Flat"], pick);
    const killSwitchResetAt = dial > 5 ? millis(scene.now() - 1) : undefined;
    return [{ kind: "ControlSet", desiredState, killSwitchResetAt } as const];
  },
  configure: (scene, pick, dial) => {
    const settings = settingsOf(dial === 9 ? [BTC] : [BTC, ETH], {
      generation: scene.state().settings.generation + 1,
    });
    const leverage = pick > 6 ? 3 : 5;
    return [
      {
        kind: "Configured",
        settings: {
          ...settings,
          symbols: settings.symbols.map((symbol) => ({ ...symbol, leverage })),
        },
      },
    ];
  },
  boot: (scene) => [
    { kind: "Booted", epoch: scene.state().epoch + 1, requestExpiryMs: 30_000 },
    { kind: "MarketsObserved", markets: [BTC, ETH].map(marketOf) },
  ],
  prepared: (_scene, pick, dial) => [
    {
      kind: "SymbolPrepared",
      symbol: pick % 2 === 0 ? BTC : ETH,
      outcome:
        dial > 7
          ? { kind: "Failed", reason: "the account is in hedge mode" }
          : { kind: "Ready", leverage: dial === 7 ? 20 : 5 },
    },
  ],
  markets: (_scene, pick, dial) => [
    {
      kind: "MarketsObserved",
      markets: (pick === 9 ? [BTC] : [BTC, ETH]).map((symbol) => ({
        ...marketOf(symbol),
        active: dial < 8,
      })),
    },
  ],
  probe: (_scene, pick, dial) => [
    {
      kind: "ProbeRequested",
      action: dial % 2 === 0 ? "Open" : "Close",
      symbol: pick % 2 === 0 ? BTC : ETH,
      price: price(100),
    },
  ],
  stop: () => [{ kind: "Stopping" }],
};
