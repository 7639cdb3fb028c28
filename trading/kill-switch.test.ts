import { expect, test } from "@jest/globals";
import { millis } from "#base/clock.ts";
import {
  bookResult,
  lossPercent,
  openSession,
  resetKillSwitch,
  restingKillSwitch,
  type KillSwitch,
} from "./kill-switch.ts";
import { amount } from "./money.ts";

const DAY_MS = 86_400_000;
const day = (n: number, ms = 0) => millis(n * DAY_MS + ms);
const LIMIT = 25;
const begun = openSession(restingKillSwitch, amount(1_000), day(5));
const book = (killSwitch: KillSwitch, net: number, at = day(5, 1)) =>
  bookResult(killSwitch, amount(net), LIMIT, at);

test.each([
  [-249.99, false],
  [-250, true], // The threshold itself trips.
  [-400, true],
  [400, false],
])("a session result of %d trips: %s", (net, trips) => {
  expect(book(begun, net).trip !== undefined).toBe(trips);
});

test("losses add up, gains make up for them", () => {
  expect(book(book(book(begun, -200), 100), -100).trip).toBeUndefined();
  expect(book(book(begun, -200), -60).trip?.reason).toBe("session loss 26.0% >= 25.0%");
});

test("a new UTC day begins a new session, measured against its own equity", () => {
  const next = openSession(book(begun, -200), amount(800), day(6));
  expect(next.sessionPnl.toFixed()).toBe("0");
  expect(next.baseCapital?.toFixed()).toBe("800");
});

test("without a known balance nothing can trip, and the first one becomes the base", () => {
  const blind = book(restingKillSwitch, -1e9);
  expect(blind.trip).toBeUndefined();
  expect(lossPercent(blind)).toBe(0);
  expect(openSession(blind, amount(500), day(5, 2)).baseCapital?.toFixed()).toBe("500");
});

test("restarting in the session keeps its base and its loss", () => {
  const lossy = book(begun, -200);
  expect(openSession(lossy, amount(800), day(5, 9))).toBe(lossy);
});

const tripped = book(begun, -300, day(5, 100));

test.each([
  ["before the trip", day(5, 99), day(5, 200), false],
  ["at the trip", day(5, 100), day(5, 200), false],
  ["after the trip", day(5, 101), day(5, 200), true],
  ["in the future", day(5, 300), day(5, 200), false],
])("a reset from %s", (_name, resetAt, now, releases) => {
  const next = resetKillSwitch(tripped, resetAt, now);
  expect(next.trip === undefined).toBe(releases);
  if (releases) expect(next.sessionPnl.toFixed()).toBe("0");
});

test("an old reset that is applied again does not release a later trip", () => {
  const reset = resetKillSwitch(tripped, day(5, 101), day(5, 200));
  const again = book(reset, -300, day(5, 300));
  expect(again.trip).toBeDefined();
  expect(resetKillSwitch(again, day(5, 101), day(5, 400))).toBe(again);
});
