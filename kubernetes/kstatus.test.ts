import { expect, test } from "@jest/globals";
import { statusOf, type KStatus } from "./kstatus.ts";

type Row = readonly [name: string, metadata: object, status: object | undefined, expected: KStatus];

const condition = (type: string, status: string) => ({ type, status, reason: "R", message: "" });
const seen = (...conditions: ReadonlyArray<object>) => ({ observedGeneration: 2, conditions });

const rows: ReadonlyArray<Row> = [
  ["no status at all", { generation: 1 }, undefined, "Current"],
  ["a status that says nothing", { generation: 1 }, {}, "Current"],
  [
    "conditions that nobody knows",
    { generation: 2 },
    seen(condition("Connected", "False")),
    "Current",
  ],
  [
    "being deleted",
    { deletionTimestamp: "2026-11-21T12:00:00Z", generation: 2 },
    seen(condition("Stalled", "True")),
    "Terminating",
  ],
  [
    "a generation not looked at yet",
    { generation: 3 },
    seen(condition("Ready", "True")),
    "InProgress",
  ],
  [
    "an observed generation from the future",
    { generation: 1 },
    seen(condition("Ready", "True")),
    "InProgress",
  ],
  [
    "a status that names no generation",
    { generation: 3 },
    { conditions: [condition("Ready", "True")] },
    "Current",
  ],
  ["a kind without generations", {}, seen(condition("Ready", "True")), "Current"],
  [
    "reconciling",
    { generation: 2 },
    seen(condition("Ready", "True"), condition("Reconciling", "True")),
    "InProgress",
  ],
  [
    "stalled",
    { generation: 2 },
    seen(condition("Ready", "False"), condition("Stalled", "True")),
    "Failed",
  ],
  [
    "reconciling before stalled",
    { generation: 2 },
    seen(condition("Reconciling", "True"), condition("Stalled", "True")),
    "InProgress",
  ],
  [
    "stalled before reconciling",
    { generation: 2 },
    seen(condition("Stalled", "True"), condition("Reconciling", "True")),
    "Failed",
  ],
  [
    "neither reconciling nor stalled, ready",
    { generation: 2 },
    seen(
      condition("Reconciling", "False"),
      condition("Stalled", "False"),
      condition("Ready", "True"),
    ),
    "Current",
  ],
  [
    "not ready",
    { generation: 2 },
    seen(condition("Reconciling", "False"), condition("Ready", "False")),
    "InProgress",
  ],
  ["not known whether ready", { generation: 2 }, seen(condition("Ready", "Unknown")), "InProgress"],
  [
    "reconciling not known, ready",
    { generation: 2 },
    seen(condition("Reconciling", "Unknown"), condition("Ready", "True")),
    "Current",
  ],
  [
    "a ready that says nothing valid",
    { generation: 2 },
    seen(condition("Ready", "Perhaps")),
    "Current",
  ],
];

test.each(rows)("%s", (_name, metadata, status, expected) => {
  expect(statusOf({ metadata, ...(status !== undefined && { status }) })).toBe(expected);
});
