/**
 * What a strategy can be in, by name, and what is to be done about it: for tests of the operator.
 *
 * Together they reach every branch of the decision and every reason of every condition.
 */

import { ok } from "#base/result.ts";
import type { ExecutorSpec } from "#crds/executor-spec.ts";
import type { Action, Observed } from "../observed.ts";
import type { ConditionReason } from "../reasons.ts";
import { departing, flattened, retaining, type Row } from "./departures.ts";
import {
  broken,
  conflict,
  drifting,
  flat,
  gone,
  holding,
  obstacleOf,
  off,
  paused,
  reducing,
  restarting,
  silent,
  starting,
  stopping,
  waiting,
} from "./givens.ts";
import {
  answering,
  openCycleOf,
  specOf,
  statusOf,
  steady,
  strategyOf,
  symbolOf,
  workloadIn,
} from "./samples.ts";

export type Situation = {
  readonly name: string;
  readonly observed: Observed;
  readonly action: Action["kind"];
  /** What the executor is told to be, by the action. */
  readonly told: ExecutorSpec["desiredState"] | undefined;
  /** Reason of Ready: the STATUS column. */
  readonly ready: ConditionReason;
};

const running: ReadonlyArray<Row> = [
  ["steady", {}, "None", "Trading"],
  [
    "new",
    { strategy: strategyOf({}, { finalizers: [] }), ...gone },
    "AddFinalizer",
    "ExecutorStarting",
  ],
  ["claimed", gone, "StartExecutor", "ExecutorStarting", "Trading"],
  [
    "somebody took the finalizer away",
    { strategy: strategyOf({}, { finalizers: [] }) },
    "AddFinalizer",
    "Trading",
  ],
  ["a pod is being made", starting, "None", "ExecutorStarting"],
  ["not asked yet", { executor: undefined }, "None", "ExecutorUnreachable"],
  ["silent", silent, "None", "ExecutorUnreachable"],
  ["without keys", waiting, "None", "ExecutorWaiting"],
  ["it ends again and again", restarting, "None", "ExecutorRestarting"],
  ["wanted again while it ends", stopping, "None", "ExecutorStopping"],
  ["recovering", { executor: answering({ reconciled: false }) }, "None", "Recovering"],
  ["disconnected", { executor: answering({ connected: false }) }, "None", "Disconnected"],
  [
    "a stop is missing",
    { executor: answering({ protected: false, symbols: [holding] }) },
    "None",
    "Unprotected",
  ],
  [
    "the kill switch has tripped",
    {
      executor: answering({
        killSwitch: { ...statusOf().killSwitch, engaged: true, reason: "session loss" },
      }),
    },
    "None",
    "KillSwitchEngaged",
  ],
  [
    "Reducing is wished",
    { spec: ok(specOf({ desiredState: "Reducing" })), ...reducing },
    "None",
    "Reducing",
  ],
  ["Flat is wished", { spec: ok(specOf({ desiredState: "Flat" })), ...flat }, "None", "Flat"],
  [
    "a new generation",
    { spec: ok(specOf({ generation: 4 })) },
    "ControlExecutor",
    "Trading",
    "Trading",
  ],
  ["told something else", flat, "ControlExecutor", "Flat", "Trading"],
  [
    "it knows a newer generation than we do",
    { executor: answering({ generation: 4, desiredState: "Flat" }) },
    "None",
    "Flat",
  ],
  [
    "told in vain",
    { spec: ok(specOf({ generation: 4 })), controlProblem: "no such symbol" },
    "None",
    "Trading",
  ],
  [
    "told in vain, with drift",
    { spec: ok(specOf({ generation: 4 })), controlProblem: "no such symbol", ...drifting },
    "UpdateExecutor",
    "Trading",
    "Trading",
  ],
  [
    "new parameters wait",
    {
      executor: answering({ symbols: [symbolOf({ cycle: openCycleOf(), settingsPending: true })] }),
    },
    "None",
    "Trading",
  ],
  ["drift", drifting, "UpdateExecutor", "Trading", "Trading"],
  [
    "drift of a silent one",
    { ...drifting, ...silent },
    "UpdateExecutor",
    "ExecutorUnreachable",
    "Trading",
  ],
  [
    "told before it is mended",
    { ...drifting, spec: ok(specOf({ generation: 4 })) },
    "ControlExecutor",
    "Trading",
    "Trading",
  ],
  [
    "drift while it ends",
    { workload: workloadIn("Stopping", { drift: ["spec.replicas"] }), executor: undefined },
    "None",
    "ExecutorStopping",
  ],
  ["paused, with drift", { strategy: strategyOf({}, paused), ...drifting }, "None", "Trading"],
  [
    "paused, and told all the same",
    { strategy: strategyOf({}, paused), spec: ok(specOf({ generation: 4 })) },
    "ControlExecutor",
    "Trading",
    "Trading",
  ],
  ["paused before it was made", { strategy: strategyOf({}, paused), ...gone }, "None", "Paused"],
  [
    "another's object has the name",
    { ...gone, ...obstacleOf("AdoptionRefused") },
    "None",
    "AdoptionRefused",
  ],
  [
    "the server refuses an object",
    { ...gone, ...obstacleOf("ApplyRefused") },
    "None",
    "ApplyRefused",
  ],
  [
    "a fight over an object that is gone",
    { ...gone, ...obstacleOf("DriftFight") },
    "None",
    "DriftFight",
  ],
  [
    "the namespace goes",
    { ...gone, ...obstacleOf("NamespaceTerminating") },
    "None",
    "NamespaceTerminating",
  ],
  ["a fight over drift", { ...drifting, ...obstacleOf("DriftFight") }, "None", "Trading"],
  [
    "an obstacle, and told all the same",
    { ...flat, ...obstacleOf("ApplyRefused") },
    "ControlExecutor",
    "Flat",
    "Trading",
  ],
  ["others on the account", { sharedWith: ["trading/b"] }, "None", "Trading"],
  [
    "the emulator needs no switch",
    {
      liveTrading: false,
      strategy: strategyOf({
        exchange: {
          id: "bitget",
          environment: "Emulator",
          marginMode: "crossed",
          acknowledgeRealMoney: false,
        },
      }),
    },
    "None",
    "Trading",
  ],
  ["invalid while it runs", { spec: broken }, "None", "InvalidSpec"],
  ["invalid from the start", { spec: broken, ...gone }, "None", "InvalidSpec"],
];

const absent: ReadonlyArray<Row> = [
  ["disabled", { ...off, ...gone }, "None", "Disabled"],
  ["on paper", { strategy: strategyOf({ liveEligible: false }), ...gone }, "None", "PaperOnly"],
  ["the master switch is off", { liveTrading: false, ...gone }, "None", "LiveTradingOff"],
  ["the account is an older one's", { ...conflict, ...gone }, "None", "AccountConflict"],
  ["disabled and invalid", { ...off, spec: broken, ...gone }, "None", "Disabled"],
];

const toSituation = ([name, given, action, ready, told]: Row): Situation => ({
  name,
  observed: { ...steady, ...given },
  action,
  told,
  ready,
});

export const situations: ReadonlyArray<Situation> = [
  ...running,
  ...absent,
  ...retaining,
  ...flattened,
  ...departing,
].map(toSituation);

/** By its name above. */
export const situation = (name: string): Observed => {
  const found = situations.find((one) => one.name === name);
  if (found === undefined) throw new Error(`there is no situation ${name}`);
  return found.observed;
};
