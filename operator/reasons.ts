/**
 * Every reason that a condition or an event may carry: a closed list, because alerts match them.
 *
 * docs/conditions.md explains each, and a test holds the two lists against each other.
 */

export type ConditionReason = keyof typeof conditionReasons;
export type EventReason = keyof typeof eventReasons;

/** What it means, in a sentence. */
export const conditionReasons = {
  // Ready: why no executor should run.
  AccountConflict: "An older strategy trades one of the symbols on the same account.",
  Deleting: "The strategy is being deleted; the message says what it waits for.",
  Disabled: "spec.enabled is false.",
  InvalidSpec: "The specification cannot be used; what runs goes on with the last good one.",
  LiveTradingOff: "The master switch is off.",
  PaperOnly: "spec.liveEligible is false: it runs on paper only.",
  // Ready: how the executor comes up and goes.
  ExecutorStarting: "The executor has been asked for and does not run yet.",
  ExecutorRestarting: "The executor has ended and is started again.",
  ExecutorStopping: "The executor is ending.",
  ExecutorUnreachable: "The executor runs and does not answer.",
  ExecutorWaiting: "The executor answers and cannot begin: keys or the exchange are missing.",
  // Ready: what the executor says.
  Disconnected: "The exchange is not reached.",
  KillSwitchEngaged: "The kill switch has tripped; nothing is opened.",
  Recovering: "After a start, orders and positions are compared with the exchange's.",
  Unprotected: "The exchange has not shown a stop for every position.",
  Trading: "Entries may be sent.",
  Reducing: "Nothing is opened; positions are managed until they close.",
  Flat: "Positions are closed, and nothing is opened.",
  // Reconciling.
  Settled: "Nothing is under way.",
  Paused: "The annotation scalpradar.io/paused is true: nothing is made or mended.",
  SettingsPending: "New parameters wait until the named symbols are flat.",
  Updating: "What runs differs from what is asked for and is being put right.",
  // Stalled.
  Progressing: "Nothing needs a person.",
  AdoptionRefused: "An object of that name exists and is not ours.",
  ApplyRefused: "The API server refuses an object of the executor.",
  ControlRefused: "The executor refuses what it is told.",
  DriftFight: "Somebody else keeps changing an object of the executor.",
  NamespaceTerminating: "The namespace is being deleted: no executor can be made there.",
  PositionsUnknown: "Deletion waits: nobody knows whether a position is open and protected.",
  // Facts that the executor reports.
  NoExecutor: "No executor has answered.",
  Connected: "Both streams are up and the account was read lately.",
  StopsSeen: "Every position has a stop that the exchange has shown.",
  StopMissing: "A position has no stop that the exchange has shown.",
  Agrees: "Orders and positions agree with the exchange's.",
  InDoubt: "The exchange has not been asked about everything yet.",
  Tripped: "The kill switch stops entries.",
  Resting: "The kill switch has not tripped.",
  SymbolShared: "An older strategy trades one of the symbols on the same account.",
  AccountShared: "Others trade other symbols on the same account and share its rate limit.",
  None: "Nobody else trades on the account.",
} as const;

/** Events say a transition of a condition, or something that the operator did. */
export const eventReasons = {
  AccountConflict: "An older strategy trades one of the symbols on the same account.",
  AccountShared: "Another strategy trades on the same account, with other symbols.",
  AdoptionRefused: "An object of that name exists and is not ours.",
  ApplyRefused: "The API server refuses an object of the executor.",
  ControlRefused: "The executor refuses what it is told.",
  Deleting: "The strategy is being deleted.",
  Disabled: "spec.enabled was set to false.",
  Disconnected: "The exchange is not reached any more.",
  DriftFight: "Somebody else keeps changing an object of the executor; mending has stopped.",
  DriftRepaired: "Somebody had changed an object of the executor; it has been put right.",
  ExecutorRestarting: "The executor has ended and is started again.",
  ExecutorStarting: "The executor has been asked for.",
  ExecutorStopping: "The executor is ending.",
  ExecutorUnreachable: "The executor does not answer any more.",
  ExecutorWaiting: "The executor cannot begin: keys or the exchange are missing.",
  Flat: "Positions are closed, and nothing is opened any more.",
  InvalidSpec: "The specification cannot be used.",
  KillSwitchEngaged: "The kill switch has tripped.",
  KillSwitchReset: "The kill switch has been reset.",
  LiveTradingOff: "The master switch is off.",
  NamespaceTerminating: "The namespace is being deleted.",
  PaperOnly: "spec.liveEligible is false.",
  PositionsLeft: "The strategy goes; the note says what is known of its positions.",
  PositionsUnknown: "Deletion waits for the executor's word on its positions.",
  Recovering: "Orders and positions are compared with the exchange's.",
  Reducing: "Nothing is opened any more.",
  SettingsPending: "New parameters wait until the named symbols are flat.",
  StopMissing: "A position has no stop that the exchange has shown.",
  StopPlaced: "Every position has its stop again.",
  Trading: "Entries may be sent.",
} as const;
