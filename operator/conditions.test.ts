import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { millis } from "#base/clock.ts";
import { unknown } from "#base/fact.ts";
import type { Condition } from "#crds/live-strategy-status.ts";
import { conditionsOf, type ConditionType } from "./conditions.ts";
import { decide } from "./decide.ts";
import type { Observed } from "./observed.ts";
import { conditionReasons } from "./reasons.ts";
import { FACTS, observedFrom } from "./testing/anything.ts";
import { answering, openCycleOf, statusOf, steady, symbolOf } from "./testing/samples.ts";
import { situation, situations } from "./testing/situations.ts";

const conditionsAt = (observed: Observed, seconds = 0) =>
  conditionsOf(observed, decide(observed), millis(seconds * 1_000));
const conditionOf = (observed: Observed, type: ConditionType): Condition => {
  const found = conditionsAt(observed).find((condition) => condition.type === type);
  if (found === undefined) throw new Error(`there is no condition ${type}`);
  return found;
};
const wordsOf = ({ type, status, reason }: Condition) => `${type}=${status}/${reason}`;

const said = new Set(situations.flatMap(({ observed }) => conditionsAt(observed).map(wordsOf)));

test("every reason of the closed list is given in some situation, and no other", () => {
  const given = new Set([...said].map((words) => words.replace(/^.*\//, "")));
  expect([...given].toSorted()).toEqual(Object.keys(conditionReasons).toSorted());
});

const anyObserved = fc
  .array(fc.oneof({ arbitrary: fc.constant(0), weight: 2 }, fc.nat(60)), {
    minLength: FACTS,
    maxLength: FACTS,
  })
  .map((numbers) => observedFrom(numbers));

test("whatever is observed, no condition has a status and a reason that no situation has", () => {
  fc.assert(
    fc.property(anyObserved, (observed) => {
      const words = conditionsAt(observed).map(wordsOf);
      expect(words.filter((one) => !said.has(one))).toEqual([]);
    }),
    { numRuns: 3_000 },
  );
});

test("conditions come in the same order, once each, and speak of the generation that was looked at", () => {
  const types = [
    "Ready",
    "Reconciling",
    "Stalled",
    "Connected",
    "Protected",
    "Reconciled",
    "KillSwitchEngaged",
    "AccountConflict",
  ];
  for (const { observed } of situations) {
    const conditions = conditionsAt(observed);
    expect(conditions.map(({ type }) => type)).toEqual(types);
    const { generation } = observed.strategy.metadata;
    for (const { observedGeneration } of conditions) expect(observedGeneration).toBe(generation);
  }
});

/** The same situation, after this has been written. */
const after = (observed: Observed, conditions: ReadonlyArray<Condition>): Observed => ({
  ...observed,
  strategy: { ...observed.strategy, status: { conditions: [...conditions] } },
});
const timesOf = (conditions: ReadonlyArray<Condition>) =>
  Object.fromEntries(conditions.map(({ type, lastTransitionTime }) => [type, lastTransitionTime]));

test("conditions move their time only with their status", () => {
  const first = conditionsAt(steady, 1);
  const tripped = after(situation("the kill switch has tripped"), first);
  const times = timesOf(conditionsAt(tripped, 61));
  expect(times).toMatchObject({
    Ready: "1970-01-01T00:01:01Z",
    KillSwitchEngaged: "1970-01-01T00:01:01Z",
    Connected: "1970-01-01T00:00:01Z",
    Reconciling: "1970-01-01T00:00:01Z",
  });
});

test("another reason or message of the same status keeps the time", () => {
  const first = conditionsAt(situation("disconnected"), 1);
  const second = conditionsAt(after(situation("the kill switch has tripped"), first), 61);
  expect(second[0]).toMatchObject({
    type: "Ready",
    status: "False",
    reason: "KillSwitchEngaged",
    lastTransitionTime: "1970-01-01T00:00:01Z",
  });
});

test("at first sight nothing is denied: what is not known yet is Unknown", () => {
  expect(conditionsAt(situation("new")).map(wordsOf)).toEqual([
    "Ready=Unknown/ExecutorStarting",
    "Reconciling=True/ExecutorStarting",
    "Stalled=False/Progressing",
    "Connected=Unknown/NoExecutor",
    "Protected=Unknown/NoExecutor",
    "Reconciled=Unknown/NoExecutor",
    "KillSwitchEngaged=Unknown/NoExecutor",
    "AccountConflict=False/None",
  ]);
});

test("what only an executor can know is Unknown whenever it does not say it", () => {
  fc.assert(
    fc.property(anyObserved, (observed) => {
      const isKnown = observed.executor?.kind === "Known";
      const facts = conditionsAt(observed).slice(3, 7);
      for (const { status } of facts) expect(status === "Unknown").toBe(!isKnown);
    }),
    { numRuns: 500 },
  );
});

test("Ready is True only of an executor that answers, is protected, settled, and may do as asked", () => {
  let seen = 0;
  fc.assert(
    fc.property(anyObserved, (observed) => {
      const [ready] = conditionsAt(observed);
      if (ready?.status !== "True") return;
      seen += 1;
      expect(decide(observed).absence).toBeUndefined();
      expect(observed.workload?.phase).toBe("Running");
      expect(observed.executor).toMatchObject({
        kind: "Known",
        value: { connected: true, reconciled: true, protected: true },
      });
    }),
    { numRuns: 5_000 },
  );
  expect(seen).toBeGreaterThan(0);
});

test.each<[string, string]>([
  ["steady", "False/Settled"],
  ["claimed", "True/ExecutorStarting"],
  ["recovering", "True/Recovering"],
  ["drift", "True/Updating"],
  ["a fight over drift", "False/Settled"],
  ["paused, with drift", "False/Paused"],
  ["paused before it was made", "False/Paused"],
  ["new parameters wait", "True/SettingsPending"],
  ["wanted again while it ends", "True/ExecutorStopping"],
  ["disabled", "False/Settled"],
  ["on paper", "False/Settled"],
  ["disabled while it trades", "True/ExecutorStopping"],
  ["it closes", "True/ExecutorStopping"],
  ["it ends", "True/ExecutorStopping"],
  ["an older one trades its symbol", "True/ExecutorStopping"],
  ["deleted and silent", "True/Deleting"],
  ["invalid while it runs", "False/Settled"],
])("%s: Reconciling is %s", (name, expected) => {
  const { status, reason } = conditionOf(situation(name), "Reconciling");
  expect(`${status}/${reason}`).toBe(expected);
});

test.each<[string, string]>([
  ["steady", "False/Progressing"],
  ["silent", "False/Progressing"],
  ["invalid while it runs", "True/InvalidSpec"],
  ["an older one trades its symbol", "True/AccountConflict"],
  ["another's object has the name", "True/AdoptionRefused"],
  ["a fight over drift", "True/DriftFight"],
  ["told in vain", "True/ControlRefused"],
  ["disabled and invalid", "False/Progressing"],
  ["disabled, and nothing valid to say", "False/Progressing"],
  ["disabled, nothing valid to say, and a stop is missing", "True/InvalidSpec"],
  ["it is to close, and does not listen", "True/ControlRefused"],
  ["it is to close, and nothing is valid to say", "True/InvalidSpec"],
  ["it ends", "False/Progressing"],
  ["deleted while it trades", "False/Progressing"],
  ["deleted, and a stop is missing", "False/Progressing"],
  ["deleted and silent", "True/PositionsUnknown"],
  ["deleted and never heard", "True/PositionsUnknown"],
  ["deleted before it was asked", "False/Progressing"],
  ["deleted, silent, and a person lets go", "False/Progressing"],
  ["deleted, and it ends again and again", "True/PositionsUnknown"],
  ["deleted while it comes up again", "False/Progressing"],
  ["deleted, and it does not come up again", "True/PositionsUnknown"],
  ["deleted, and it ends", "False/Progressing"],
  ["deleted, to close, and nothing valid to say", "True/InvalidSpec"],
  ["gone without a stop, and it cannot be made", "True/ApplyRefused"],
  ["gone without a stop, and nothing valid to make", "True/InvalidSpec"],
])("%s: Stalled is %s", (name, expected) => {
  const { status, reason } = conditionOf(situation(name), "Stalled");
  expect(`${status}/${reason}`).toBe(expected);
});

/** It comes up, it goes down, it is being asked, or it answers and obeys. */
const isOnItsWay = ({ workload, executor }: Observed): boolean => {
  if (workload?.phase === "Starting" || workload?.phase === "Stopping") return true;
  return executor?.kind === "Known" || (executor === undefined && workload?.url !== undefined);
};

test("a deleted strategy that nobody brings any further says what it needs", () => {
  let seen = 0;
  fc.assert(
    fc.property(anyObserved, (observed) => {
      const { deletionTimestamp, finalizers = [] } = observed.strategy.metadata;
      if (deletionTimestamp === undefined || finalizers.length === 0) return;
      if (decide(observed).action.kind !== "None" || isOnItsWay(observed)) return;
      seen += 1;
      expect(conditionOf(observed, "Stalled").status).toBe("True");
    }),
    { numRuns: 5_000 },
  );
  expect(seen).toBeGreaterThan(10);
});

test.each<[string, ConditionType, string]>([
  ["steady", "Ready", "Entries may be sent."],
  ["silent", "Ready", "it does not answer"],
  ["not asked yet", "Ready", "It was not asked yet."],
  ["without keys", "Ready", "no exchange keys"],
  ["it ends again and again", "Ready", "it ended with exit code 4"],
  ["the kill switch has tripped", "Ready", "session loss"],
  ["the kill switch has tripped", "KillSwitchEngaged", "session loss"],
  ["disabled", "Ready", "spec.enabled is false."],
  ["the master switch is off", "Ready", "The master switch is off: set LIVE_TRADING to true."],
  [
    "the account is an older one's",
    "Ready",
    "trading/older is older and trades a symbol of it there.",
  ],
  [
    "the account is an older one's",
    "AccountConflict",
    "trading/older is older and trades a symbol of it there.",
  ],
  [
    "others on the account",
    "AccountConflict",
    "trading/b: one rate limit and one margin for all of them.",
  ],
  ["invalid while it runs", "Ready", "spec.leverage: too much"],
  ["told in vain", "Stalled", "no such symbol"],
  ["the server refuses an object", "Stalled", "the words of ApplyRefused"],
  ["drift", "Reconciling", "What runs differs from what is asked for: spec.replicas."],
  [
    "new parameters wait",
    "Reconciling",
    "New parameters wait until the position is closed: BTC/USDT:USDT.",
  ],
  ["paused before it was made", "Ready", "Remove the annotation scalpradar.io/paused to go on."],
  ["it closes", "Ready", "spec.enabled is false. Positions are being closed first: BTC/USDT:USDT."],
  ["disabled while it trades", "Ready", "spec.enabled is false."],
  ["disabled and silent", "Ready", "spec.enabled is false."],
  ["it ends", "Ready", "spec.enabled is false."],
  [
    "deleted, and a stop is missing",
    "Ready",
    "The strategy is being deleted. Its executor is to see every position and its stop first.",
  ],
  ["gone, and it was flat", "Ready", "The strategy is being deleted."],
])("%s: the message of %s is %j", (name, type, message) => {
  expect(conditionOf(situation(name), type).message).toBe(message);
});

test("who waits for a silent executor is told how to let go, with the command", () => {
  const remedy =
    "Its executor does not say what it holds. Look at its pod; to let go all the same, after a look at the exchange: kubectl annotate livestrategy -n trading grid-atr scalpradar.io/force-delete=true";
  expect(conditionOf(situation("deleted and silent"), "Stalled").message).toBe(remedy);
  expect(conditionOf(situation("deleted and silent"), "Ready").message).toBe(
    `The strategy is being deleted. ${remedy}`,
  );
  const closing = conditionOf(situation("it is to close, and says nothing"), "Ready");
  expect(closing.message).toBe(`spec.enabled is false. ${remedy}`);
});

test("a message is cut to what people read, and never inside a character", () => {
  // The 1,024th unit is the first half of a character that the server could not store.
  const words = `${"x".repeat(1_023)}\u{1F4C8} and more`;
  const { message } = conditionOf({ ...steady, executor: unknown(words) }, "Ready");
  expect(message).toBe(`${"x".repeat(1_023)}\uFFFD`);
  expect(message.isWellFormed()).toBe(true);
});

test("a tripped kill switch, then a missing stop, are said before what may come of them", () => {
  const symbols = [symbolOf({ cycle: openCycleOf() })];
  const executor = answering({
    protected: false,
    reconciled: false,
    connected: false,
    symbols,
  });
  const engaged = { ...statusOf().killSwitch, engaged: true };
  expect(conditionOf({ ...steady, executor }, "Ready").reason).toBe("Unprotected");
  const both = answering({ ...executor.value, killSwitch: engaged });
  expect(conditionOf({ ...steady, executor: both }, "Ready").reason).toBe("KillSwitchEngaged");
  expect(conditionOf({ ...steady, executor: both }, "Protected").status).toBe("False");
});
