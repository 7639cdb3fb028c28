import { expect, test } from "@jest/globals";
import { millis } from "#base/clock.ts";
import { microTime, wholeSeconds } from "./micro-time.ts";

test.each([
  [0, "1970-01-01T00:00:00.000000Z", "1970-01-01T00:00:00Z"],
  [1_795_262_400_123, "2026-11-21T12:00:00.123000Z", "2026-11-21T12:00:00Z"],
  [1_795_262_400_999, "2026-11-21T12:00:00.999000Z", "2026-11-21T12:00:00Z"],
])("%d is %s, in seconds %s", (at, micro, seconds) => {
  expect(microTime(millis(at))).toBe(micro);
  expect(wholeSeconds(millis(at))).toBe(seconds);
});
