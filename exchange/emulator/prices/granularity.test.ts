import { expect, test } from "@jest/globals";
import { millis } from "#base/clock.ts";
import { granularities, openTimeAt } from "./granularity.ts";

/** A Saturday. */
const at = millis(Date.UTC(2026, 10, 21, 19, 47, 11));

test.each([
  ["1m", "2026-11-21T19:47:00.000Z"],
  ["3m", "2026-11-21T19:45:00.000Z"],
  ["15m", "2026-11-21T19:45:00.000Z"],
  ["30m", "2026-11-21T19:30:00.000Z"],
  ["1H", "2026-11-21T19:00:00.000Z"],
  ["4H", "2026-11-21T16:00:00.000Z"],
  ["6Hutc", "2026-11-21T18:00:00.000Z"],
  ["12Hutc", "2026-11-21T12:00:00.000Z"],
  ["1Dutc", "2026-11-21T00:00:00.000Z"],
  ["1Wutc", "2026-11-16T00:00:00.000Z"],
  // Midnight in Singapore is four in the afternoon, UTC.
  ["6H", "2026-11-21T16:00:00.000Z"],
  ["12H", "2026-11-21T16:00:00.000Z"],
  ["1D", "2026-11-21T16:00:00.000Z"],
  ["1W", "2026-11-15T16:00:00.000Z"],
])("a candle of %s opened at %s", (name, opened) => {
  const granularity = granularities.get(name);
  expect(granularity && new Date(openTimeAt(granularity, at)).toISOString()).toBe(opened);
});
