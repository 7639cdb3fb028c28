import { expect, test } from "@jest/globals";
import { Registry } from "prom-client";
import { millis } from "#base/clock.ts";
import { known, unknown } from "#base/fact.ts";
import type { Exchange, Outcome } from "#exchange/port.ts";
import { silentLogger } from "#runtime/log.ts";
import { createTasks } from "#runtime/tasks.ts";
import type { EngineCommand, EngineEvent } from "#trading/engine/events.ts";
import { price, quantity } from "#trading/money.ts";
import { entries, level, reportOf, restingStage } from "#trading/testing/acts.ts";
import {
  account,
  bar,
  BTC,
  fillOf,
  planOf,
  readyStage,
  settingsOf,
  type Happening,
  type Scene,
} from "#trading/testing/scene.ts";
import { carryOut, type DispatchDeps } from "./dispatch.ts";
import { createExecutorMetrics } from "./metrics.ts";
import { silentExchange } from "./testing/silent-exchange.ts";

const settings = settingsOf([BTC]);
const NOW = millis(1_000_000);
const LATER = millis(NOW + 700);
const entry = level(restingStage(settings), 0);
const { id } = entry;
const plan = planOf();

/** A port with some of its calls scripted, and the events that carrying out a command pushes. */
const dispatch = (exchange: Partial<Exchange>, change: Partial<DispatchDeps> = {}) => {
  const events: EngineEvent[] = [];
  const said: string[] = [];
  const registry = new Registry();
  let asked = false;
  const deps: DispatchDeps = {
    // Whatever is read before an answer has come is earlier than what is read after it.
    clock: { now: () => (asked ? LATER : NOW), elapsed: () => 0 },
    exchange: { ...silentExchange, ...exchange },
    state: () => restingStage(settings).state(),
    push: (event) => events.push(event),
    guard: () => undefined,
    log: {
      ...silentLogger,
      info: () => said.push("info"),
      warn: () => said.push("warn"),
      error: () => said.push("error"),
    },
    metrics: createExecutorMetrics(registry),
    ...change,
  };
  const carry = async (command: EngineCommand) => {
    const carried = carryOut(deps, command);
    asked = true;
    await carried;
  };
  return { carry, events, said, registry };
};

const submitEntry: EngineCommand = {
  kind: "SubmitEntry",
  id,
  symbol: BTC,
  side: "buy",
  size: quantity("0.5"),
  limit: price(100),
  stop: price(80),
};
const submitExit: EngineCommand = {
  kind: "SubmitExit",
  id,
  symbol: BTC,
  side: "sell",
  size: quantity("0.5"),
  urgent: true,
};
const place: EngineCommand = {
  kind: "PlaceProtection",
  id,
  symbol: BTC,
  planKind: "Stop",
  side: "long",
  trigger: price(80),
  size: quantity(1),
};
const move: EngineCommand = {
  kind: "MoveProtection",
  plan,
  trigger: price(85),
  size: quantity(1),
};
const cancelPlan: EngineCommand = { kind: "CancelPlan", plan };
const cancelOrder: EngineCommand = { kind: "CancelOrder", id, symbol: BTC };
const askOrder: EngineCommand = { kind: "AskOrder", id, symbol: BTC };
const askFills: EngineCommand = { kind: "AskFills", symbol: BTC, since: millis(5) };
const prepare: EngineCommand = {
  kind: "PrepareSymbol",
  symbol: BTC,
  leverage: 5,
  marginMode: "crossed",
  readOnly: false,
};

const outcomes: ReadonlyArray<Outcome<never>> = [
  { kind: "Rejected", reason: "InsufficientFunds", detail: "40762" },
  { kind: "Unknown", detail: "timeout" },
];
const accepted = async () => ({ kind: "Accepted", value: plan.id }) as const;
const acceptedNothing = async () => ({ kind: "Accepted", value: undefined }) as const;

const about = { symbol: BTC, planKind: "Stop" } as const;

test.each<[string, EngineCommand, Partial<Exchange>, object]>([
  ["an entry", submitEntry, { submitEntry: accepted }, { kind: "OrderAnswered", id }],
  ["an exit", submitExit, { submitExit: accepted }, { kind: "OrderAnswered", id }],
  ["a cancel", cancelOrder, { cancelOrder: acceptedNothing }, { kind: "CancelAnswered", id }],
  [
    "a stop to place",
    place,
    { placeProtection: accepted },
    { kind: "ProtectionAnswered", ...about, about: "Stop" },
  ],
  [
    "a stop to move",
    move,
    { moveProtection: acceptedNothing },
    { kind: "ProtectionAnswered", ...about, about: plan.id },
  ],
  [
    "a stop to cancel",
    cancelPlan,
    { cancelPlan: acceptedNothing },
    { kind: "ProtectionAnswered", ...about, about: plan.id },
  ],
])(
  "the answer to %s comes back as one event, whatever it is",
  async (_name, command, script, event) => {
    const fine = dispatch(script);
    await fine.carry(command);
    expect(fine.events).toEqual([{ ...event, at: LATER, answer: { kind: "Accepted" } }]);
    for (const outcome of outcomes) {
      const refuse = async () => outcome;
      const names = Object.keys(script);
      const refused = dispatch(Object.fromEntries(names.map((name) => [name, refuse])));
      await refused.carry(command);
      expect(refused.events).toEqual([{ ...event, at: LATER, answer: outcome }]);
    }
  },
);

test("an entry leaves with everything it needs, and with a guard that is asked when it is sent", async () => {
  const requests: Parameters<Exchange["submitEntry"]>[0][] = [];
  const guarded: string[] = [];
  const { carry } = dispatch(
    {
      submitEntry: async (request) => {
        requests.push(request);
        expect(guarded).toEqual([]);
        const denial = request.guard();
        return { kind: "Rejected", reason: "Denied", detail: denial ?? "" };
      },
    },
    {
      guard: (asked) => {
        guarded.push(asked);
        return "stale price";
      },
    },
  );
  await carry(submitEntry);
  expect(guarded).toEqual([id]);
  const { guard: _guard, ...request } = requests[0] ?? {};
  const { kind: _kind, ...command } = submitEntry;
  expect(request).toEqual({ ...command, marginMode: "crossed" });
});

test("what the exchange says of an order is passed on, and that it knows none is said with the instant of asking", async () => {
  const report = reportOf(entry);
  const found = dispatch({ fetchOrder: async () => known(report, NOW) });
  await found.carry(askOrder);
  expect(found.events).toEqual([{ kind: "OrderReported", at: LATER, report }]);
  const absent = dispatch({ fetchOrder: async () => known(undefined, NOW) });
  await absent.carry(askOrder);
  expect(absent.events).toEqual([{ kind: "OrderAbsent", at: LATER, id, askedAt: NOW }]);
});

test("every fill that is read is passed on, in order", async () => {
  const scene = restingStage(settings);
  const fills = [fillOf(scene, entry), fillOf(scene, entry)].flatMap((one) =>
    one.kind === "FillReported" ? [one.fill] : [],
  );
  const { carry, events } = dispatch({
    fetchFills: async (symbol, since) => {
      expect([symbol, since]).toEqual([BTC, 5]);
      return known(fills, NOW);
    },
  });
  await carry(askFills);
  expect(events).toEqual(fills.map((fill) => ({ kind: "FillReported", at: LATER, fill })));
});

test("plans that are read speak for the state in which they were asked for", async () => {
  const scene = restingStage(settings);
  const asked = scene.state();
  const { carry, events } = dispatch(
    {
      fetchPlans: async () => {
        // A fill comes while the question is on its way.
        scene.play(fillOf(scene, level(scene, 0)));
        return known([plan], NOW);
      },
    },
    { state: scene.state },
  );
  await carry({ kind: "AskPlans" });
  expect(scene.state().version).toBeGreaterThan(asked.version);
  expect(events).toEqual([
    { kind: "PlansObserved", at: LATER, asOf: asked.version, plans: [plan] },
  ]);
});

test.each<[string, EngineCommand]>([
  ["an order", askOrder],
  ["fills", askFills],
  ["plans", { kind: "AskPlans" }],
])("a read of %s that tells nothing is no event, and is counted", async (_name, command) => {
  const { carry, events, registry } = dispatch({});
  await carry(command);
  expect(events).toEqual([]);
  expect(await registry.metrics()).toMatch(/executor_unknown_reads_total\{read="\w+"\} 1/);
});

const facts = { leverage: 5, marginMode: "crossed", oneWay: true } as const;

test.each<[string, Partial<Exchange>, object]>([
  [
    "as it should be",
    { fetchSymbolFacts: async () => known(facts, NOW) },
    { kind: "Ready", leverage: 5 },
  ],
  [
    "with another leverage, which is reported as it is",
    { fetchSymbolFacts: async () => known({ ...facts, leverage: 20 }, NOW) },
    { kind: "Ready", leverage: 20 },
  ],
  [
    "in hedge mode",
    { fetchSymbolFacts: async () => known({ ...facts, oneWay: false }, NOW) },
    { kind: "Failed", reason: "the account is in hedge mode: one-way mode is needed" },
  ],
  [
    "with the wrong margin mode",
    { fetchSymbolFacts: async () => known({ ...facts, marginMode: "isolated" }, NOW) },
    { kind: "Failed", reason: "margin mode is isolated, wanted is crossed" },
  ],
  [
    "unreadably",
    { fetchSymbolFacts: async () => unknown("timeout") },
    { kind: "Failed", reason: "leverage could not be read back: timeout" },
  ],
])("a symbol that is found %s", async (_name, script, outcome) => {
  const { carry, events } = dispatch(script);
  await carry(prepare);
  expect(events).toEqual([{ kind: "SymbolPrepared", at: LATER, symbol: BTC, outcome }]);
});

test("a symbol with a position is read and nothing is set", async () => {
  const calls: string[] = [];
  const note = (name: string) => async () => {
    calls.push(name);
    return { kind: "Accepted", value: undefined } as const;
  };
  const script = {
    setLeverage: note("leverage"),
    setMarginMode: note("margin mode"),
    fetchSymbolFacts: async () => known(facts, NOW),
  };
  await dispatch(script).carry({ ...prepare, readOnly: true });
  expect(calls).toEqual([]);
  await dispatch(script).carry(prepare);
  expect(calls).toEqual(["margin mode", "leverage"]);
});

test.each(["info", "warning", "critical"] as const)(
  "an alert of severity %s is logged and counted, and asks nothing of the exchange",
  async (severity) => {
    const { carry, said, events, registry } = dispatch({});
    const reason = "CycleOpened" as const;
    await carry({ kind: "Alert", severity, reason, symbol: BTC, detail: "" });
    expect(said).toEqual([{ info: "info", warning: "warn", critical: "error" }[severity]]);
    expect(events).toEqual([]);
    expect(await registry.metrics()).toContain('executor_alerts_total{reason="CycleOpened"} 1');
  },
);

test("a port that breaks its promise and throws is a defect of its own, and everything else goes on", async () => {
  const defects: unknown[] = [];
  const tasks = createTasks((defect) => defects.push(defect));
  const { carry, events } = dispatch({
    submitEntry: () => Promise.reject(new Error("it threw")),
    submitExit: accepted,
  });
  tasks.start(() => carry(submitEntry));
  tasks.start(() => carry(submitExit));
  await tasks.settled();
  expect(defects).toEqual([new Error("it threw")]);
  expect(events.map(({ kind }) => kind)).toEqual(["OrderAnswered"]);
});

// How the engine takes what dispatch brings back, when it comes never, unknown, late or twice.

const stateOf = (scene: Scene, order = level(scene, 0)) =>
  scene.state().orders.get(order.id)?.state.kind;

const commandsOf = (scene: Scene, ...happenings: ReadonlyArray<Happening>) =>
  scene.play(...happenings).map(({ kind }) => kind);

const justSent = (): Scene => {
  const scene = readyStage(settings);
  scene.play(bar(scene));
  return scene;
};

test("an entry whose answer never comes is asked for, and its level is not used meanwhile", () => {
  const scene = justSent();
  scene.wait(59_999);
  expect(commandsOf(scene, { kind: "Ticked" })).toEqual([]);
  scene.wait(1);
  expect(commandsOf(scene, { kind: "Ticked" })).toEqual(["AskOrder", "AskOrder", "AskOrder"]);
  scene.wait(3_600_000);
  expect(commandsOf(scene, bar(scene))).not.toContain("SubmitEntry");
  expect(stateOf(scene)).toBe("Unknown");
});

test("an entry whose outcome is unknown stays so until the exchange has spoken, however many candles close", () => {
  const scene = justSent();
  const { id: first } = level(scene, 0);
  const lost: Happening = {
    kind: "OrderAnswered",
    id: first,
    answer: { kind: "Unknown", detail: "timeout" },
  };
  expect(commandsOf(scene, lost)).toEqual(["Alert"]);
  scene.wait(3_600_000);
  expect(commandsOf(scene, bar(scene))).not.toContain("SubmitEntry");
  // It had filled all the while: the report and its fill bring it home.
  const order = level(scene, 0);
  scene.play({
    kind: "OrderReported",
    report: reportOf(order, { status: "Filled", filled: order.size }),
  });
  expect(stateOf(scene, order)).toBe("Filled");
  scene.play(fillOf(scene, order));
  expect(scene.symbol().cycle?.size.eq(order.size)).toBe(true);
});

test("an answer that comes after the snapshot that shows the order changes nothing more", () => {
  const scene = justSent();
  const shown = entries(scene).map((order) => reportOf(order));
  scene.play(account(scene, { orders: shown }));
  expect(entries(scene).map((order) => stateOf(scene, order))).toEqual(["Open", "Open", "Open"]);
  const before = scene.state();
  const late = { kind: "OrderAnswered", id: level(scene, 0).id } as const;
  expect(commandsOf(scene, { ...late, answer: { kind: "Accepted" } })).toEqual([]);
  expect(scene.state()).toBe(before);
});

test("an unknown answer that comes after the report of the fill does not revive the order", () => {
  const scene = justSent();
  const order = level(scene, 0);
  scene.play(fillOf(scene, order));
  expect(stateOf(scene, order)).toBe("Filled");
  const answer = { kind: "Unknown", detail: "timeout" } as const;
  scene.play({ kind: "OrderAnswered", id: order.id, answer });
  expect(stateOf(scene, order)).toBe("Filled");
});

test("a snapshot that was asked for before the order was sent does not put it in doubt", () => {
  const scene = readyStage(settings);
  const old = account(scene);
  scene.play(bar(scene));
  for (const order of entries(scene)) {
    scene.play({ kind: "OrderAnswered", id: order.id, answer: { kind: "Accepted" } });
  }
  expect(commandsOf(scene, old)).toEqual([]);
  expect(stateOf(scene)).toBe("Open");
  // One that was asked for afterwards and does not show it does.
  expect(commandsOf(scene, account(scene))).toEqual(["AskOrder", "AskOrder", "AskOrder"]);
});
