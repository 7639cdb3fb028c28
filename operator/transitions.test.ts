import { expect, test } from "@jest/globals";
import { millis } from "#base/clock.ts";
import type { LiveStrategyStatus } from "#crds/live-strategy-status.ts";
import { decide } from "./decide.ts";
import { eventReasons } from "./reasons.ts";
import { statusOf } from "./status.ts";
import { situation, situations } from "./testing/situations.ts";
import { eventsOf } from "./transitions.ts";

const at = (name: string): LiveStrategyStatus => {
  const observed = situation(name);
  return statusOf(observed, decide(observed), millis(0));
};
const told = (before: string | undefined, after: string): ReadonlyArray<string> =>
  eventsOf(before === undefined ? undefined : at(before), at(after)).map(
    ({ type, reason }) => `${type} ${reason}`,
  );

test.each<[string | undefined, string, ...ReadonlyArray<string>]>([
  [undefined, "claimed", "Normal ExecutorStarting"],
  ["claimed", "steady", "Normal Trading"],
  ["claimed", "recovering", "Normal Recovering"],
  ["claimed", "disconnected", "Normal Disconnected"],
  ["claimed", "without keys", "Warning ExecutorWaiting"],
  ["claimed", "the server refuses an object", "Warning ApplyRefused"],
  ["steady", "disconnected", "Warning Disconnected"],
  ["steady", "silent", "Warning ExecutorUnreachable"],
  ["steady", "it ends again and again", "Warning ExecutorRestarting"],
  ["steady", "the kill switch has tripped", "Warning KillSwitchEngaged"],
  ["the kill switch has tripped", "steady", "Normal Trading", "Normal KillSwitchReset"],
  ["steady", "a stop is missing", "Warning StopMissing"],
  ["a stop is missing", "steady", "Normal Trading", "Normal StopPlaced"],
  ["steady", "disabled while it trades", "Normal Disabled"],
  ["steady", "on paper", "Normal PaperOnly"],
  ["steady", "the master switch is turned off", "Normal LiveTradingOff"],
  ["steady", "deleted while it trades", "Normal Deleting"],
  ["deleted while it trades", "deleted and silent", "Warning PositionsUnknown"],
  ["steady", "invalid while it runs", "Warning InvalidSpec"],
  ["steady", "an older one trades its symbol", "Warning AccountConflict"],
  ["steady", "others on the account", "Warning AccountShared"],
  ["steady", "new parameters wait", "Normal SettingsPending"],
  ["steady", "told in vain", "Warning ControlRefused"],
  ["drift", "a fight over drift", "Warning DriftFight"],
  ["steady", "drift"],
  ["steady", "paused, with drift"],
  ["claimed", "paused before it was made"],
])("from %s to %s", (before, after, ...expected) => {
  expect(told(before, after)).toEqual(expected);
});

test("events tell transitions, and nothing when there is none", () => {
  for (const { name } of situations) expect(told(name, name)).toEqual([]);
});

test("an event says what the condition says", () => {
  expect(eventsOf(at("steady"), at("without keys"))).toEqual([
    { type: "Warning", reason: "ExecutorWaiting", note: "no exchange keys" },
  ]);
});

test("every event of the closed list is worth some transition, and no other is", () => {
  const statuses = situations.map(({ name }) => at(name));
  const found = new Set(
    [undefined, ...statuses].flatMap((before) =>
      statuses.flatMap((after) => eventsOf(before, after).map(({ reason }) => reason)),
    ),
  );
  const elsewhere = [
    // Recorded by operator/kube/cluster.ts where it mends: tests/cluster/drift.test.ts.
    "DriftRepaired",
    // Recorded by operator/operator.ts as the finalizer goes: operator/operator.test.ts.
    "PositionsLeft",
  ];
  expect([...found, ...elsewhere].toSorted()).toEqual(Object.keys(eventReasons).toSorted());
});
