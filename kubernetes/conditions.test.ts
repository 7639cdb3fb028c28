import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { millis } from "#base/clock.ts";
import { setCondition, type Condition, type ConditionUpdate } from "./conditions.ts";

const at = (seconds: number) => millis(seconds * 1_000 + 123);

const ready: Condition = {
  type: "Ready",
  status: "True",
  reason: "Trading",
  message: "Entries may be sent.",
  observedGeneration: 1,
  lastTransitionTime: "1970-01-01T00:00:10Z",
};
const stalled: Condition = { ...ready, type: "Stalled", status: "False", reason: "Progressing" };

const updateOf = ({ type, status, reason, message }: Condition): ConditionUpdate => ({
  type,
  status,
  reason,
  message,
});

test("a condition that was not there is added at the end, with the present time in whole seconds", () => {
  const now = { observedGeneration: 3, now: at(20) };
  expect(setCondition([ready], updateOf(stalled), now)).toEqual([
    ready,
    { ...stalled, observedGeneration: 3, lastTransitionTime: "1970-01-01T00:00:20Z" },
  ]);
});

test.each<[string, Partial<ConditionUpdate>, number, Partial<Condition>]>([
  [
    "the status",
    { status: "False" },
    1,
    { status: "False", lastTransitionTime: "1970-01-01T00:00:20Z" },
  ],
  ["the reason", { reason: "Reducing" }, 1, { reason: "Reducing" }],
  ["the message", { message: "Nothing is opened." }, 1, { message: "Nothing is opened." }],
  ["the generation", {}, 2, { observedGeneration: 2 }],
])("a change of %s stays in its place", (_what, change, observedGeneration, expected) => {
  const before = [ready, stalled];
  const update = { ...updateOf(ready), ...change };
  expect(setCondition(before, update, { observedGeneration, now: at(20) })).toEqual([
    { ...ready, ...expected },
    stalled,
  ]);
});

test("nothing new is the same list", () => {
  const before = [ready, stalled];
  expect(setCondition(before, updateOf(stalled), { observedGeneration: 1, now: at(20) })).toBe(
    before,
  );
});

test("the time is that of the last change of status, whatever else was set since", () => {
  const step = fc.record({
    status: fc.constantFrom("True" as const, "False" as const, "Unknown" as const),
    reason: fc.constantFrom("A", "B"),
    observedGeneration: fc.nat(3),
  });
  fc.assert(
    fc.property(fc.array(step, { minLength: 1 }), (steps) => {
      let conditions: ReadonlyArray<Condition> = [];
      let changedAt = 0;
      let status = "";
      for (const [second, one] of steps.entries()) {
        if (one.status !== status) changedAt = second;
        ({ status } = one);
        const update = { type: "Ready", status: one.status, reason: one.reason, message: "" };
        const { observedGeneration } = one;
        conditions = setCondition(conditions, update, { observedGeneration, now: at(second) });
        const [condition] = conditions;
        expect(conditions).toHaveLength(1);
        expect(condition).toMatchObject({ ...update, observedGeneration });
        expect(Date.parse(condition?.lastTransitionTime ?? "")).toBe(changedAt * 1_000);
      }
    }),
  );
});
