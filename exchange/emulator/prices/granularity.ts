/**
 * The candle lengths that Bitget serves, and where each begins.
 *
 * Everything up to four hours begins at a multiple of its length in UTC. Of the longer ones there
 * are two families: REST clients ask for the `…utc` names, the sockets know only the others, which
 * are cut at midnight of UTC+8. A week begins on Monday. (Bitget: market candle data.)
 */

import { millis, type Millis } from "#base/clock.ts";
import { DAY_MS, HOUR_MS, MINUTE_MS } from "./path.ts";

export type Granularity = {
  readonly name: string;
  readonly lengthMs: number;
  /** An instant at which one of them opens. */
  readonly anchorMs: number;
};

const names: ReadonlyArray<readonly [name: string, lengthMs: number]> = [
  ["1m", MINUTE_MS],
  ["3m", 3 * MINUTE_MS],
  ["5m", 5 * MINUTE_MS],
  ["15m", 15 * MINUTE_MS],
  ["30m", 30 * MINUTE_MS],
  ["1H", HOUR_MS],
  ["2H", 2 * HOUR_MS],
  ["4H", 4 * HOUR_MS],
];

const long: ReadonlyArray<readonly [name: string, lengthMs: number]> = [
  ["6H", 6 * HOUR_MS],
  ["12H", 12 * HOUR_MS],
  ["1D", DAY_MS],
  ["3D", 3 * DAY_MS],
  ["1W", 7 * DAY_MS],
];

/** The epoch was a Thursday; the first Monday came four days later. */
const FIRST_MONDAY_MS = 4 * DAY_MS;
const SINGAPORE_MIDNIGHT_MS = -8 * HOUR_MS;

const monday = (name: string): number => (name === "1W" ? FIRST_MONDAY_MS : 0);

export const granularities: ReadonlyMap<string, Granularity> = new Map(
  [
    ...names.map(([name, lengthMs]) => ({ name, lengthMs, anchorMs: 0 })),
    ...long.map(([name, lengthMs]) => ({
      name: `${name}utc`,
      lengthMs,
      anchorMs: monday(name),
    })),
    ...long.map(([name, lengthMs]) => ({
      name,
      lengthMs,
      anchorMs: monday(name) + SINGAPORE_MIDNIGHT_MS,
    })),
  ].map((granularity) => [granularity.name, granularity]),
);

/** When the candle that holds the instant opened. */
export const openTimeAt = ({ lengthMs, anchorMs }: Granularity, at: Millis): Millis =>
  millis(Math.floor((at - anchorMs) / lengthMs) * lengthMs + anchorMs);
