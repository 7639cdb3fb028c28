import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { millis } from "#base/clock.ts";
import { unknown } from "#base/fact.ts";
import { err, ok } from "#base/result.ts";
import { conditionsOf } from "./conditions.ts";
import { decide, FINALIZER, FORCE_DELETE, type Observed } from "./decide.ts";
import { answering, openCycleOf, specOf, steady, strategyOf, symbolOf } from "./testing/samples.ts";

const deletionTimestamp = "2026-01-02T00:00:00Z";
const open = answering({ symbols: [symbolOf({ cycle: openCycleOf() })] });
const silent = unknown("it does not answer");
const stopping = { phase: "Stopping", url: undefined, problem: undefined } as const;
const restarting = { phase: "Restarting", url: undefined, problem: "no keys" } as const;
const emulated = strategyOf({
  exchange: {
    id: "bitget",
    environment: "Emulator",
    marginMode: "crossed",
    acknowledgeRealMoney: false,
  },
});

const cases: ReadonlyArray<
  [name: string, change: Partial<Observed>, action: string, reason: string]
> = [
  ["steady", {}, "None", "Trading"],
  [
    "new",
    { strategy: strategyOf({}, { finalizers: [] }), workload: undefined, executor: undefined },
    "AddFinalizer",
    "ExecutorStarting",
  ],
  ["claimed", { workload: undefined, executor: undefined }, "StartExecutor", "ExecutorStarting"],
  ["new generation", { spec: ok(specOf({ generation: 4 })) }, "ControlExecutor", "Trading"],
  [
    "told something else",
    { executor: answering({ desiredState: "Flat" }) },
    "ControlExecutor",
    "Flat",
  ],
  ["silent executor", { executor: silent }, "None", "ExecutorUnreachable"],
  ["restarting", { workload: restarting, executor: undefined }, "None", "ExecutorRestarting"],
  ["recovering", { executor: answering({ reconciled: false }) }, "None", "Recovering"],
  ["disconnected", { executor: answering({ connected: false }) }, "None", "Disconnected"],
  ["stop missing", { executor: answering({ protected: false }) }, "None", "Unprotected"],
  [
    "paper only",
    { strategy: strategyOf({ liveEligible: false }), workload: undefined },
    "None",
    "PaperOnly",
  ],
  [
    "disabled",
    { strategy: strategyOf({ enabled: false }), workload: undefined },
    "None",
    "Disabled",
  ],
  [
    "disabled while running",
    { strategy: strategyOf({ enabled: false }) },
    "StopExecutor",
    "Disabled",
  ],
  [
    "no longer eligible",
    { strategy: strategyOf({ liveEligible: false }) },
    "StopExecutor",
    "PaperOnly",
  ],
  ["master switch off", { liveTrading: false, workload: undefined }, "None", "LiveTradingOff"],
  ["master switch turned off", { liveTrading: false }, "StopExecutor", "LiveTradingOff"],
  ["emulator needs no switch", { liveTrading: false, strategy: emulated }, "None", "Trading"],
  ["account conflict", { conflictsWith: "trading/older" }, "StopExecutor", "AccountConflict"],
  ["invalid spec keeps what runs", { spec: err("leverage: no") }, "None", "InvalidSpec"],
  [
    "invalid spec starts nothing",
    { spec: err("leverage: no"), workload: undefined },
    "None",
    "InvalidSpec",
  ],
  [
    "already stopping",
    { strategy: strategyOf({ enabled: false }), workload: stopping },
    "None",
    "Disabled",
  ],
  ["deleted", { strategy: strategyOf({}, { deletionTimestamp }) }, "StopExecutor", "Deleting"],
  [
    "deleted and gone",
    { strategy: strategyOf({}, { deletionTimestamp }), workload: undefined },
    "RemoveFinalizer",
    "Deleting",
  ],
  [
    "flatten first",
    { strategy: strategyOf({ enabled: false, onStop: "Flatten" }), executor: open },
    "ControlExecutor",
    "Disabled",
  ],
  [
    "flattening",
    {
      strategy: strategyOf({ enabled: false, onStop: "Flatten" }),
      executor: answering({ ...open.value, desiredState: "Flat" }),
    },
    "None",
    "Disabled",
  ],
  [
    "flat, so stop",
    { strategy: strategyOf({ enabled: false, onStop: "Flatten" }) },
    "StopExecutor",
    "Disabled",
  ],
  [
    "flatten, but nobody knows what is open",
    { strategy: strategyOf({ enabled: false, onStop: "Flatten" }), executor: silent },
    "None",
    "Disabled",
  ],
  [
    "the same, forced",
    {
      strategy: strategyOf(
        { enabled: false, onStop: "Flatten" },
        { annotations: { [FORCE_DELETE]: "true" } },
      ),
      executor: silent,
    },
    "StopExecutor",
    "Disabled",
  ],
];

test.each(cases)("%s", (_name, change, action, reason) => {
  const observed = { ...steady, ...change };
  const decision = decide(observed);
  expect(decision.action.kind).toBe(action);
  const ready = conditionsOf(observed, decision, millis(0)).find(({ type }) => type === "Ready");
  expect(ready?.reason).toBe(reason);
});

const anyObserved = fc.record({
  strategy: fc
    .record({
      enabled: fc.boolean(),
      liveEligible: fc.boolean(),
      onStop: fc.constantFrom("Retain" as const, "Flatten" as const),
      deleted: fc.boolean(),
      claimed: fc.boolean(),
    })
    .map(({ deleted, claimed, ...spec }) =>
      strategyOf(spec, {
        finalizers: claimed ? [FINALIZER] : [],
        ...(deleted ? { deletionTimestamp } : {}),
      }),
    ),
  liveTrading: fc.boolean(),
  spec: fc.constantFrom(ok(specOf()), err("invalid")),
  conflictsWith: fc.constantFrom(undefined, "trading/older"),
  workload: fc.constantFrom(undefined, steady.workload, stopping, restarting),
  executor: fc.constantFrom(undefined, silent, open, steady.executor),
});

test("an executor is started only for a claimed, enabled, eligible strategy with the switch on", () => {
  fc.assert(
    fc.property(anyObserved, (observed) => {
      const { action } = decide(observed);
      if (action.kind !== "StartExecutor") return;
      expect(observed.workload).toBeUndefined();
      expect(observed.strategy.metadata.finalizers).toContain(FINALIZER);
      expect(observed.strategy.metadata.deletionTimestamp).toBeUndefined();
      expect(observed.strategy.spec).toMatchObject({ enabled: true, liveEligible: true });
      expect(observed.liveTrading && observed.spec.ok).toBe(true);
      expect(observed.conflictsWith).toBeUndefined();
    }),
  );
});

test("the finalizer is never removed while an executor is left", () => {
  fc.assert(
    fc.property(anyObserved, (observed) => {
      if (decide(observed).action.kind === "RemoveFinalizer") {
        expect(observed.workload).toBeUndefined();
      }
    }),
  );
});

test("with Flatten nothing is stopped while a position is open or unknown", () => {
  fc.assert(
    fc.property(anyObserved, (observed) => {
      if (decide(observed).action.kind !== "StopExecutor") return;
      if (observed.strategy.spec.onStop === "Retain") return;
      expect(observed.executor?.kind).toBe("Known");
      expect(observed.executor).not.toEqual(open);
    }),
  );
});

test("conditions come in the same order, once each, and move their time only with their status", () => {
  const first = conditionsOf(steady, decide(steady), millis(1_000));
  expect(new Set(first.map(({ type }) => type)).size).toBe(first.length);
  const strategy = { ...steady.strategy, status: { conditions: [...first] } };
  const engaged = answering({
    killSwitch: { ...open.value.killSwitch, engaged: true, reason: "session loss" },
  });
  const changed: Observed = { ...steady, strategy, executor: engaged };
  const second = conditionsOf(changed, decide(changed), millis(61_000));
  const times = new Map(second.map(({ type, lastTransitionTime }) => [type, lastTransitionTime]));
  expect(times.get("KillSwitchEngaged")).toBe("1970-01-01T00:01:01Z");
  expect(times.get("Ready")).toBe("1970-01-01T00:01:01Z");
  expect(times.get("Connected")).toBe("1970-01-01T00:00:01Z");
});
