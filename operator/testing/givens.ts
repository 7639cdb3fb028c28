/** What a strategy, its workload or its executor can be, by a short name: for tests of the operator. */

import { unknown } from "#base/fact.ts";
import { err } from "#base/result.ts";
import type { Obstacle } from "../cluster.ts";
import { FORCE_DELETE, PAUSED } from "../observed.ts";
import { answering, openCycleOf, restingOf, strategyOf, symbolOf, workloadIn } from "./samples.ts";

export const deletionTimestamp = "2026-01-02T00:00:00Z";
export const deleted = { deletionTimestamp };
export const forced = { [FORCE_DELETE]: "true" };
export const paused = { annotations: { [PAUSED]: "true" } };
export const gone = { workload: undefined, executor: undefined };
export const conflict = { conflictsWith: "trading/older" };
export const broken = err("spec.leverage: too much");

export const unreachable = unknown("it does not answer");
export const silent = { executor: unreachable };
export const waiting = { executor: { kind: "Waiting", reason: "no exchange keys" } } as const;
export const starting = { workload: workloadIn("Starting"), executor: undefined };
export const restarting = {
  workload: workloadIn("Restarting", { problem: "it ended with exit code 4" }),
  executor: undefined,
};
export const stopping = { workload: workloadIn("Stopping"), executor: undefined };
export const drifting = { workload: workloadIn("Running", { drift: ["spec.replicas"] }) };

export const holding = symbolOf({ cycle: openCycleOf() });
export const offering = symbolOf({ resting: restingOf() });
export const open = { executor: answering({ symbols: [holding] }) };
export const offered = { executor: answering({ symbols: [offering] }) };
export const reducing = { executor: answering({ desiredState: "Reducing" }) };
export const withdrawing = answering({ desiredState: "Reducing", symbols: [offering] });
export const withdrawn = answering({ desiredState: "Reducing", symbols: [holding] });
export const inDoubt = { executor: answering({ ...reducing.executor.value, unsettledOrders: 1 }) };
export const unseen = { executor: answering({ ...withdrawn.value, protected: false }) };
export const flattening = { executor: answering({ desiredState: "Flat", symbols: [holding] }) };
export const flat = { executor: answering({ desiredState: "Flat" }) };

export const obstacleOf = (reason: Obstacle["reason"]) => ({
  obstacle: { reason, message: `the words of ${reason}` },
});

const disabled = strategyOf({ enabled: false });
export const off = { strategy: disabled };
