import { expect, test } from "@jest/globals";
import { alarmsOf } from "./alarms.ts";
import { aCycle, aStatus, aStrategy, aSymbol, aTrip, aView, NOW } from "./testing/fixtures.ts";
import type { Strategy } from "./view.ts";

const status = (change: Parameters<typeof aStatus>[0]) => aStrategy({ status: aStatus(change) });
const flat = aStatus({ symbols: [aSymbol({ cycle: null })] });
const naked = aSymbol({ cycle: aCycle({ stop: null }) });
const late = { freshness: "Stale", problem: "the executor answers 503" } as const;
const noExecutor = { executorUrl: undefined };

const rows: ReadonlyArray<[name: string, strategy: Strategy, alarms: ReadonlyArray<string>]> = [
  ["a healthy strategy", aStrategy(), []],
  ["a position without a stop", status({ symbols: [naked] }), ["Critical PositionUnprotected"]],
  [
    "an executor that says unprotected",
    status({ protected: false }),
    ["Critical PositionUnprotected"],
  ],
  [
    "an executor that is still recovering, flat as far as it knows",
    status({ protected: false, reconciled: false, symbols: [] }),
    ["Warning NotReconciled"],
  ],
  ["a tripped kill switch", status({ killSwitch: aTrip() }), ["Critical KillSwitchEngaged"]],
  [
    "a disconnected executor with a position",
    status({ connected: false }),
    ["Critical ExchangeDisconnected"],
  ],
  [
    "a disconnected executor without one",
    status({ connected: false, symbols: [] }),
    ["Warning ExchangeDisconnected"],
  ],
  ["a late answer while a position is open", aStrategy(late), ["Critical ExecutorSilent"]],
  ["a late answer while flat", aStrategy({ ...late, status: flat }), ["Warning ExecutorSilent"]],
  [
    "a long silence while flat",
    aStrategy({ freshness: "Offline", problem: "gone", status: flat }),
    ["Critical ExecutorSilent"],
  ],
  [
    "a stopped executor that left a position",
    aStrategy({ freshness: "Offline", problem: "no executor runs", member: noExecutor }),
    ["Critical ExecutorSilent"],
  ],
  [
    "a stopped executor that left nothing",
    aStrategy({
      freshness: "Offline",
      problem: "no executor runs",
      member: noExecutor,
      status: flat,
    }),
    [],
  ],
  [
    "an executor that has just been started",
    aStrategy({ status: undefined, knownForMs: 3_000 }),
    [],
  ],
  [
    "an executor that never answers",
    aStrategy({ status: undefined, knownForMs: 20_000 }),
    ["Critical ExecutorSilent"],
  ],
  [
    "a strategy that never had an executor",
    aStrategy({ status: undefined, member: { ...noExecutor, liveEligible: false } }),
    [],
  ],
];

for (const [name, strategy, alarms] of rows) {
  test(`${name}: ${alarms.join(", ") || "no alarm"}`, () => {
    const raised = alarmsOf(aView(strategy));
    expect(raised.map(({ severity, kind }) => `${severity} ${kind}`)).toEqual(alarms);
  });
}

test("an alarm says who, what and since when, in a sentence", () => {
  expect(alarmsOf(aView(status({ killSwitch: aTrip() })))).toEqual([
    {
      kind: "KillSwitchEngaged",
      severity: "Critical",
      strategy: "trading/grid-atr",
      symbol: null,
      message: "grid-atr: the kill switch is engaged, session loss 26.1% >= 25%.",
      since: NOW - 840_000,
    },
  ]);
  expect(alarmsOf(aView(status({ symbols: [naked] })))[0]?.message).toBe(
    "grid-atr: the exchange has not confirmed a stop for long 20 SOL/USDT:USDT.",
  );
  expect(alarmsOf(aView(aStrategy(late)))[0]?.message).toBe(
    "grid-atr: the executor answers 503. It last reported 1 open position.",
  );
});

test("the most urgent alarm comes first, whoever raises it", () => {
  const view = {
    ...aView(
      status({ killSwitch: aTrip() }),
      aStrategy({ member: { name: "b" }, status: aStatus({ strategy: "b", symbols: [naked] }) }),
    ),
    problems: ["an object is not understood"],
  };
  expect(alarmsOf(view).map(({ kind }) => kind)).toEqual([
    "PositionUnprotected",
    "KillSwitchEngaged",
    "FleetUnknown",
  ]);
});

test("every executor is looked after, and its troubles are told under its own name", () => {
  const other = (change: Parameters<typeof aStatus>[0]) =>
    aStrategy({
      member: { name: "grid-multi-tf" },
      status: aStatus({ strategy: "grid-multi-tf", symbols: [], ...change }),
    });
  const troubles = (...strategies: ReadonlyArray<Strategy>) =>
    alarmsOf(aView(...strategies)).map(({ kind, strategy }) => [kind, strategy]);
  expect(troubles(aStrategy(), other({}))).toEqual([]);
  expect(troubles(aStrategy(), other({ connected: false }))).toEqual([
    ["ExchangeDisconnected", "trading/grid-multi-tf"],
  ]);
  expect(
    troubles(status({ connected: false, killSwitch: aTrip() }), other({ killSwitch: aTrip() })),
  ).toEqual([
    ["KillSwitchEngaged", "trading/grid-atr"],
    ["KillSwitchEngaged", "trading/grid-multi-tf"],
    ["ExchangeDisconnected", "trading/grid-atr"],
  ]);
  const [first] = alarmsOf(aView(aStrategy(), other({ connected: false })));
  expect(first?.message).toBe("grid-multi-tf: the executor is not connected to bitget.");
});
