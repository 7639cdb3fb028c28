/** What a strategy whose executor is to end can be in, and what is to be done about it: for tests. */

import type { Action, Observed } from "../observed.ts";
import type { ExecutorSpec } from "#crds/executor-spec.ts";
import type { ConditionReason } from "../reasons.ts";
import {
  broken,
  conflict,
  deleted,
  flat,
  flattening,
  forced,
  gone,
  inDoubt,
  obstacleOf,
  off,
  offered,
  offering,
  open,
  paused,
  restarting,
  silent,
  starting,
  stopping,
  unseen,
  waiting,
  withdrawing,
  withdrawn,
} from "./givens.ts";
import { answering, strategyOf, strategySaying, workloadIn } from "./samples.ts";

export type Row = readonly [
  name: string,
  given: Partial<Observed>,
  action: Action["kind"],
  ready: ConditionReason,
  told?: ExecutorSpec["desiredState"],
];

export const retaining: ReadonlyArray<Row> = [
  ["disabled while it trades", { ...off, ...offered }, "ControlExecutor", "Disabled", "Reducing"],
  [
    "on paper while it trades",
    { strategy: strategyOf({ liveEligible: false }) },
    "ControlExecutor",
    "PaperOnly",
    "Reducing",
  ],
  [
    "the master switch is turned off",
    { liveTrading: false },
    "ControlExecutor",
    "LiveTradingOff",
    "Reducing",
  ],
  ["an older one trades its symbol", conflict, "ControlExecutor", "AccountConflict", "Reducing"],
  ["it withdraws", { ...off, executor: withdrawing }, "None", "Disabled"],
  ["an order is in doubt", { ...off, ...inDoubt }, "None", "Disabled"],
  ["it has withdrawn", { ...off, executor: withdrawn }, "StopExecutor", "Disabled"],
  ["it has withdrawn, and a stop is missing", { ...off, ...unseen }, "None", "Disabled"],
  [
    "a stop is missing where an older one trades",
    { ...conflict, ...unseen },
    "StopExecutor",
    "AccountConflict",
  ],
  [
    "it cannot withdraw",
    { ...off, executor: answering({ ...withdrawing.value, connected: false }) },
    "StopExecutor",
    "Disabled",
  ],
  [
    "it cannot withdraw, and a stop is missing",
    { ...off, executor: answering({ ...unseen.executor.value, connected: false }) },
    "None",
    "Disabled",
  ],
  ["disabled and silent", { ...off, ...silent }, "StopExecutor", "Disabled"],
  [
    "disabled before there was one",
    { ...off, ...gone, hasRemains: true },
    "RemoveRemains",
    "Disabled",
  ],
  [
    "it does not listen",
    { ...off, ...offered, controlProblem: "no such symbol" },
    "StopExecutor",
    "Disabled",
  ],
  [
    "disabled, and nothing valid to say",
    { ...off, ...offered, spec: broken },
    "StopExecutor",
    "Disabled",
  ],
  [
    "disabled, nothing valid to say, and a stop is missing",
    { ...off, executor: answering({ protected: false }), spec: broken },
    "None",
    "Disabled",
  ],
  [
    "asked to close before it was disabled",
    { strategy: strategyOf({ enabled: false, desiredState: "Flat" }) },
    "ControlExecutor",
    "Disabled",
    "Flat",
  ],
  ["it ends", { ...off, ...stopping }, "None", "Disabled"],
];

const closing = { strategy: strategyOf({ enabled: false, onStop: "Flatten" }) };
const closed = { strategy: strategySaying("Flat", closing.strategy.spec) };
const forcedToClose = { strategy: strategyOf(closing.strategy.spec, { annotations: forced }) };

export const flattened: ReadonlyArray<Row> = [
  ["it is to close", { ...closing, ...open }, "ControlExecutor", "Disabled", "Flat"],
  ["it closes", { ...closing, ...flattening }, "None", "Disabled"],
  ["nothing is open, but it may open something", closing, "ControlExecutor", "Disabled", "Flat"],
  [
    "nothing is open, but an entry rests",
    { ...closing, executor: answering({ desiredState: "Flat", symbols: [offering] }) },
    "None",
    "Disabled",
  ],
  [
    "nothing is open, as far as it knows",
    { ...closing, executor: answering({ desiredState: "Flat", reconciled: false }) },
    "None",
    "Disabled",
  ],
  ["all is closed", { ...closing, ...flat }, "StopExecutor", "Disabled"],
  ["it is to close, and says nothing", { ...closing, ...silent }, "None", "Disabled"],
  [
    "it is to close, and a person lets go",
    { ...forcedToClose, ...silent },
    "StopExecutor",
    "Disabled",
  ],
  ["it closes, and a person lets go", { ...forcedToClose, ...flattening }, "None", "Disabled"],
  [
    "it is to close, a person lets go, and it listens",
    { ...forcedToClose, ...open },
    "ControlExecutor",
    "Disabled",
    "Flat",
  ],
  [
    "it is to close, and does not listen",
    { ...closing, ...open, controlProblem: "no such symbol" },
    "None",
    "Disabled",
  ],
  [
    "it is to close, does not listen, and a person lets go",
    { ...forcedToClose, ...open, controlProblem: "no such symbol" },
    "StopExecutor",
    "Disabled",
  ],
  [
    "it is to close, and nothing is valid to say",
    { ...closing, ...open, spec: broken },
    "None",
    "Disabled",
  ],
  ["it never had keys", { ...closing, ...waiting }, "StopExecutor", "Disabled"],
  ["it never came up", { ...closing, ...starting }, "StopExecutor", "Disabled"],
  ["it has lost its keys", { ...closed, ...waiting }, "None", "Disabled"],
  ["it comes up again", { ...closed, ...starting }, "None", "Disabled"],
  [
    "what an older one holds is not closed",
    { strategy: strategyOf({ onStop: "Flatten" }), ...conflict, ...open },
    "ControlExecutor",
    "AccountConflict",
    "Reducing",
  ],
];

const going = { strategy: strategyOf({}, deleted) };
const goingWord = { strategy: strategySaying("Flat", {}, deleted) };
const goingForced = { strategy: strategyOf({}, { ...deleted, annotations: forced }) };
const goingUnsafe = { strategy: strategySaying("Unprotected", {}, deleted) };
const goingOpen = { strategy: strategySaying("Protected", { onStop: "Flatten" }, deleted) };

export const departing: ReadonlyArray<Row> = [
  ["deleted while it trades", going, "ControlExecutor", "Deleting", "Reducing"],
  ["deleted, and it has withdrawn", { ...going, executor: withdrawn }, "StopExecutor", "Deleting"],
  [
    "deleted, and it does not know yet",
    { ...going, executor: answering({ ...withdrawn.value, reconciled: false }) },
    "None",
    "Deleting",
  ],
  ["deleted, and a stop is missing", { ...going, ...unseen }, "None", "Deleting"],
  [
    "deleted, a stop is missing, and a person lets go",
    { ...goingForced, ...unseen },
    "StopExecutor",
    "Deleting",
  ],
  [
    "deleted, and it cannot withdraw",
    { ...going, executor: answering({ ...withdrawing.value, connected: false }) },
    "StopExecutor",
    "Deleting",
  ],
  ["deleted and silent", { ...goingWord, ...silent }, "None", "Deleting"],
  ["deleted and never heard", { ...going, ...silent }, "None", "Deleting"],
  ["deleted before it was asked", { ...goingWord, executor: undefined }, "None", "Deleting"],
  [
    "deleted, silent, and a person lets go",
    { ...goingForced, ...silent },
    "StopExecutor",
    "Deleting",
  ],
  ["deleted, and it ends again and again", { ...goingWord, ...restarting }, "None", "Deleting"],
  ["deleted before it came up", { ...going, ...starting }, "StopExecutor", "Deleting"],
  ["deleted while it comes up again", { ...goingWord, ...starting }, "None", "Deleting"],
  [
    "deleted, and it does not come up again",
    {
      ...goingWord,
      workload: workloadIn("Starting", { problem: "no such image" }),
      executor: undefined,
    },
    "None",
    "Deleting",
  ],
  ["deleted, and it ends", { ...going, ...stopping }, "None", "Deleting"],
  [
    "deleted, to close, and nothing valid to say",
    { strategy: goingOpen.strategy, ...open, spec: broken },
    "None",
    "Deleting",
  ],
  ["gone, and it was flat", { ...goingWord, ...gone }, "RemoveFinalizer", "Deleting"],
  ["gone, and it never was there", { ...going, ...gone }, "RemoveFinalizer", "Deleting"],
  [
    "gone, and its stops rest",
    { strategy: strategySaying("Protected", {}, deleted), ...gone },
    "RemoveFinalizer",
    "Deleting",
  ],
  ["gone before it closed", { ...goingOpen, ...gone }, "StartExecutor", "Deleting", "Flat"],
  ["gone without a stop", { ...goingUnsafe, ...gone }, "StartExecutor", "Deleting", "Reducing"],
  [
    "gone without a stop while paused",
    { strategy: strategySaying("Unknown", {}, { ...deleted, ...paused }), ...gone },
    "StartExecutor",
    "Deleting",
    "Reducing",
  ],
  [
    "gone without a stop, and a person lets go",
    { strategy: strategySaying("Unknown", {}, { ...deleted, annotations: forced }), ...gone },
    "RemoveFinalizer",
    "Deleting",
  ],
  [
    "gone without a stop, and so is the namespace",
    { ...goingUnsafe, ...gone, ...obstacleOf("NamespaceTerminating") },
    "RemoveFinalizer",
    "Deleting",
  ],
  [
    "gone without a stop, and it cannot be made",
    { ...goingUnsafe, ...gone, ...obstacleOf("ApplyRefused") },
    "None",
    "Deleting",
  ],
  [
    "gone without a stop, and nothing valid to make",
    { ...goingUnsafe, ...gone, spec: broken },
    "None",
    "Deleting",
  ],
  [
    "gone, and an older one holds its position",
    { ...goingOpen, ...conflict, ...gone },
    "RemoveFinalizer",
    "Deleting",
  ],
  [
    "gone, and let go before",
    { strategy: strategyOf({}, { ...deleted, finalizers: [] }), ...gone },
    "None",
    "Deleting",
  ],
];
