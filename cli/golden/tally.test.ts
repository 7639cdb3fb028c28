import { expect, test } from "@jest/globals";
import { createTally, type Value } from "./tally.ts";

test.each<[Value, Value, number | undefined, boolean]>([
  [1, 1 + 5e-10, undefined, true],
  [1, 1 + 2e-9, undefined, false],
  [1e-12, 2e-12, undefined, false],
  [0, 1e-12, undefined, false],
  [0, 1e-12, 100, true],
  [null, Number.NaN, undefined, true],
  [undefined, null, undefined, true],
  [null, 0, undefined, false],
  [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY, undefined, true],
  [Number.POSITIVE_INFINITY, 1e300, undefined, false],
  ["RANGING", "RANGING", undefined, true],
  ["1", 1, undefined, false],
])("%s and %s with a scale of %s agree: %s", (expected, got, scale, agree) => {
  const tally = createTally();
  tally.settle("x", 0, [{ what: "", expected, got, ...(scale === undefined ? {} : { scale }) }]);
  expect(tally.report()).toMatchObject({ passed: agree ? 1 : 0, failed: agree ? 0 : 1 });
});

test("a case fails once however much of it is wrong, and five mismatches are kept", () => {
  const tally = createTally();
  const wrong = Array.from({ length: 7 }, (_, index) => ({
    what: `part ${index}`,
    expected: 1,
    got: undefined,
  }));
  tally.settle("case", 3, wrong);
  const { failed, mismatches } = tally.report();
  expect(failed).toBe(1);
  expect(mismatches).toHaveLength(5);
  expect(mismatches[0]).toEqual({ where: "case part 0", row: 3, expected: "1", got: "none" });
});

test("skipped cases and notes are counted by their words", () => {
  const tally = createTally();
  tally.skip("not built yet", 3);
  tally.skip("not built yet");
  tally.note("masked");
  expect(tally.report()).toMatchObject({
    passed: 0,
    failed: 0,
    skipped: new Map([["not built yet", 4]]),
    notes: new Map([["masked", 1]]),
  });
});
