import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { millis } from "#base/clock.ts";
import { conditionsOf } from "./conditions.ts";
import { decide } from "./decide.ts";
import { FINALIZER, isForced, isPaused, type Decision, type Observed } from "./observed.ts";
import { FACTS, observedFrom } from "./testing/anything.ts";
import { situation, situations } from "./testing/situations.ts";

test.each(situations)("$name: $action, shown as $ready", ({ observed, action, told, ready }) => {
  const decision = decide(observed);
  expect(decision.action.kind).toBe(action);
  const spec = "spec" in decision.action ? decision.action.spec : undefined;
  expect(spec?.desiredState).toBe(told);
  const [first] = conditionsOf(observed, decision, millis(0));
  expect([first?.type, first?.reason]).toEqual(["Ready", ready]);
});

test("every situation has a name of its own", () => {
  expect(new Set(situations.map(({ name }) => name)).size).toBe(situations.length);
  expect(() => situation("nothing like it")).toThrow("there is no situation nothing like it");
});

test("what is told is the strategy's own specification, but for what it is to do on its way out", () => {
  for (const { observed, told } of situations) {
    const { action } = decide(observed);
    if (!("spec" in action) || !observed.spec.ok) continue;
    expect(action.spec).toEqual({ ...observed.spec.value, desiredState: told });
  }
});

/** Quiet more often than not: where everything is wrong at once, little is reached. */
const anyNumber = fc.oneof({ arbitrary: fc.constant(0), weight: 2 }, fc.nat(60));
const anyObserved = fc
  .array(anyNumber, { minLength: FACTS, maxLength: FACTS })
  .map((numbers) => observedFrom(numbers));

const SEEN_MIN = 10;
const ROUNDS_MAX = 10;

/** Checks every observation that leads to one of these actions, until there were enough of them. */
const wheneverIt = (
  kinds: ReadonlyArray<string>,
  check: (observed: Observed, decision: Decision) => void,
) => {
  const round = () => {
    let count = 0;
    const property = fc.property(anyObserved, (observed) => {
      const decision = decide(observed);
      if (!kinds.includes(decision.action.kind)) return;
      count += 1;
      check(observed, decision);
    });
    fc.assert(property, { numRuns: 4_000 });
    return count;
  };
  let seen = 0;
  for (let rounds = 0; rounds < ROUNDS_MAX && seen < SEEN_MIN; rounds += 1) seen += round();
  // A property that is never put to the test holds for anything.
  expect(seen).toBeGreaterThanOrEqual(SEEN_MIN);
};

test("an executor is started only for a claimed, enabled, eligible strategy with the switch on", () => {
  wheneverIt(["StartExecutor"], (observed, { absence }) => {
    const { strategy, spec, workload, conflictsWith, obstacle } = observed;
    expect(workload).toBeUndefined();
    expect(spec.ok).toBe(true);
    expect(strategy.metadata.finalizers).toContain(FINALIZER);
    expect(obstacle).toBeUndefined();
    expect(conflictsWith).toBeUndefined();
    // But for one that is deleted, whose positions nobody has seen to.
    if (absence?.reason === "Deleting") return;
    expect(isPaused(strategy)).toBe(false);
    expect(strategy.metadata.deletionTimestamp).toBeUndefined();
    expect(strategy.spec).toMatchObject({ enabled: true, liveEligible: true });
    expect(observed.liveTrading || strategy.spec.exchange.environment === "Emulator").toBe(true);
  });
});

test("an executor that is started for a deleted strategy opens nothing, and is in doubt about something", () => {
  wheneverIt(["StartExecutor"], ({ strategy }, { action, absence }) => {
    if (absence?.reason !== "Deleting") return;
    const { spec, status } = strategy;
    expect("spec" in action && action.spec.desiredState).not.toBe("Trading");
    const safe = spec.onStop === "Retain" ? ["Flat", "Protected"] : ["Flat"];
    expect(safe).not.toContain(status?.executor?.positions);
    expect(status?.executor?.positions).toBeDefined();
  });
});

test("the finalizer is never removed while an executor is left, or a position in doubt", () => {
  wheneverIt(["RemoveFinalizer"], ({ strategy, workload, obstacle, conflictsWith }) => {
    expect(workload).toBeUndefined();
    expect(strategy.metadata.deletionTimestamp).toBeDefined();
    const { positions } = strategy.status?.executor ?? {};
    const isSeen =
      positions === undefined ||
      positions === "Flat" ||
      (positions === "Protected" && strategy.spec.onStop === "Retain");
    const isEnding = obstacle?.reason === "NamespaceTerminating";
    expect(isSeen || isForced(strategy) || isEnding || conflictsWith !== undefined).toBe(true);
  });
});

test("remains are removed only where no executor is wanted, and none is left", () => {
  wheneverIt(["RemoveRemains"], ({ strategy, workload, hasRemains }, { absence }) => {
    expect([workload, hasRemains]).toEqual([undefined, true]);
    expect(strategy.metadata.deletionTimestamp).toBeUndefined();
    expect(absence).toBeDefined();
    // What an invalid specification would have made is not known: it is left alone.
    expect(absence?.reason).not.toBe("InvalidSpec");
  });
});

test("with Flatten nothing is stopped while a position is open or unknown", () => {
  wheneverIt(["StopExecutor"], ({ strategy, executor, workload, conflictsWith }) => {
    if (strategy.spec.onStop === "Retain" || conflictsWith !== undefined) return;
    if (isForced(strategy)) return;
    if (executor?.kind !== "Known") {
      expect(strategy.status?.executor?.positions).toBeUndefined();
      expect(executor?.kind === "Waiting" || workload?.phase === "Starting").toBe(true);
      return;
    }
    expect(executor.value).toMatchObject({ reconciled: true, unsettledOrders: 0 });
    expect(executor.value.desiredState).not.toBe("Trading");
    expect(executor.value.symbols).toMatchObject([{ cycle: null, resting: [] }]);
  });
});

test("with Retain nothing that answers is stopped while a stop is missing, or deleted while in doubt", () => {
  wheneverIt(["StopExecutor"], ({ strategy, executor, conflictsWith }) => {
    if (executor?.kind !== "Known" || conflictsWith !== undefined || isForced(strategy)) return;
    const { value } = executor;
    const isFlat = value.symbols.every(({ cycle }) => cycle === null);
    expect(value.protected || isFlat).toBe(true);
    if (strategy.metadata.deletionTimestamp === undefined) return;
    expect(value).toMatchObject({ reconciled: true, unsettledOrders: 0 });
  });
});

test("nothing is started, updated or told while an executor ends", () => {
  let seen = 0;
  fc.assert(
    fc.property(anyObserved, (observed) => {
      if (observed.workload?.phase !== "Stopping") return;
      seen += 1;
      expect(["None", "AddFinalizer"]).toContain(decide(observed).action.kind);
    }),
    { numRuns: 2_000 },
  );
  expect(seen).toBeGreaterThan(20);
});

test("an executor is mended only where nothing stands in the way of it", () => {
  wheneverIt(["UpdateExecutor"], ({ strategy, workload, obstacle, spec }, { absence }) => {
    expect(absence).toBeUndefined();
    expect(isPaused(strategy) || obstacle !== undefined || !spec.ok).toBe(false);
    expect(strategy.metadata.finalizers).toContain(FINALIZER);
    expect(workload?.drift).not.toEqual([]);
  });
});

test("an executor is told something only if it answers, listens, and knows something else", () => {
  wheneverIt(["ControlExecutor"], ({ executor, controlProblem }, { action }) => {
    const told = "spec" in action ? action.spec : undefined;
    const knows = executor?.kind === "Known" ? executor.value : undefined;
    const isNews =
      told !== undefined &&
      knows !== undefined &&
      (knows.generation < told.generation ||
        (knows.generation === told.generation && knows.desiredState !== told.desiredState));
    expect(isNews && controlProblem === undefined).toBe(true);
  });
});
