import { expect, test } from "@jest/globals";
import { millis } from "#base/clock.ts";
import { decideReset, type ResetDecision } from "./reset.ts";
import { aStatus, aStrategy, aTrip, NOW } from "./testing/fixtures.ts";
import type { Strategy } from "./view.ts";

const tripped = (change: Parameters<typeof aTrip>[0] = {}, at: number = NOW) =>
  aStatus({ at, killSwitch: aTrip(change) });
const late = { freshness: "Stale", problem: "late" } as const;
const tripAt = NOW - 840_000;

const rows: ReadonlyArray<
  [name: string, strategy: Strategy, seen: number | undefined, decision: Partial<ResetDecision>]
> = [
  ["engaged", aStrategy({ status: tripped() }), undefined, { kind: "Reset", at: millis(NOW) }],
  ["engaged, the trip that was seen", aStrategy({ status: tripped() }), tripAt, { kind: "Reset" }],
  ["engaged again since", aStrategy({ status: tripped() }), tripAt - 1, { kind: "OtherTrip" }],
  ["not engaged", aStrategy(), undefined, { kind: "NotTriggered" }],
  [
    "not engaged as of an old word",
    aStrategy(late),
    undefined,
    { kind: "Unknown", reason: "late" },
  ],
  [
    "engaged as of an old word",
    aStrategy({ ...late, status: tripped({}, NOW - 90_000) }),
    undefined,
    { kind: "Reset", at: millis(NOW - 90_000) },
  ],
  ["never heard", aStrategy({ status: undefined }), undefined, { kind: "Unknown" }],
  [
    "tripped in the very millisecond of the status",
    aStrategy({ status: tripped({ trippedAt: NOW }) }),
    undefined,
    { kind: "Reset", at: millis(NOW + 1) },
  ],
  [
    "an executor whose clock is ahead",
    aStrategy({ status: tripped({}, NOW + 60_000) }),
    undefined,
    { kind: "Reset", at: millis(NOW) },
  ],
];

for (const [name, strategy, seen, decision] of rows) {
  test(`reset when ${name}: ${decision.kind}`, () => {
    expect(decideReset(strategy, seen, millis(NOW))).toMatchObject(decision);
  });
}
