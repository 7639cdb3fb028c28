/**
 * Anything that may be observed of a strategy, the impossible included: a value for each fact, picked
 * by a number each. Tests draw the numbers; zero is the quiet one.
 */

import { known, unknown } from "#base/fact.ts";
import { millis } from "#base/clock.ts";
import { assert, err, ok } from "#base/result.ts";
import { FINALIZER, FORCE_DELETE, PAUSED, type Observed } from "../observed.ts";
import { openCycleOf, restingOf, specOf, statusOf, strategyOf, symbolOf } from "./samples.ts";

const facts = {
  enabled: [true, false],
  liveEligible: [true, false],
  onStop: ["Retain", "Flatten"],
  environment: ["Live", "Emulator"],
  desiredState: ["Trading", "Reducing", "Flat"],
  isDeleted: [false, true],
  isClaimed: [true, false],
  isPaused: [false, true],
  isForced: [false, true],
  said: [undefined, "Flat", "Protected", "Unprotected", "Unknown"],
  liveTrading: [true, false],
  isValid: [true, false],
  conflictsWith: [undefined, "trading/older"],
  sharedWith: [[], ["trading/b"]],
  phase: ["Running", "Starting", "Restarting", "Stopping", undefined],
  url: ["http://127.0.0.1:1", undefined],
  problem: [undefined, "it ended with exit code 4"],
  drift: [[], ["spec.replicas"]],
  obstacle: [undefined, "AdoptionRefused", "DriftFight", "ApplyRefused", "NamespaceTerminating"],
  word: ["Known", "Unknown", "Waiting", undefined],
  generation: [3, 2, 4],
  toldState: ["Trading", "Reducing", "Flat"],
  connected: [true, false],
  reconciled: [true, false],
  protected: [true, false],
  unsettledOrders: [0, 1],
  isOpen: [false, true],
  isResting: [false, true],
  settingsPending: [false, true],
  engaged: [false, true],
  controlProblem: [undefined, "no such symbol"],
  hasRemains: [false, true],
} as const;

type Facts = { readonly [Name in keyof typeof facts]: (typeof facts)[Name][number] };

/** How many numbers `observedFrom` takes. */
export const FACTS = Object.keys(facts).length;

export const observedFrom = (numbers: ReadonlyArray<number>): Observed => {
  const chosen = Object.entries(facts).map(([name, values], index) => {
    const number = numbers[index];
    assert(number !== undefined, "there is a number for each fact");
    return [name, values[number % values.length]];
  });
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- each name has one of its values
  return toObserved(Object.fromEntries(chosen) as Facts);
};

const toObserved = (given: Facts): Observed => ({
  strategy: strategyFrom(given),
  liveTrading: given.liveTrading,
  spec: given.isValid ? ok(specOf({ desiredState: given.desiredState })) : err("spec.leverage: no"),
  conflictsWith: given.conflictsWith,
  sharedWith: given.sharedWith,
  workload: workloadFrom(given),
  hasRemains: given.hasRemains,
  obstacle:
    given.obstacle === undefined ? undefined : { reason: given.obstacle, message: "in the way" },
  executor: executorFrom(given),
  controlProblem: given.controlProblem,
});

/** Parsed once: there are thousands of observations, and parsing is what takes the time. */
const plain = strategyOf();

const strategyFrom = (given: Facts): Observed["strategy"] => {
  const { enabled, liveEligible, onStop, environment, desiredState, said } = given;
  const exchange = { ...plain.spec.exchange, environment };
  return {
    ...plain,
    metadata: {
      ...plain.metadata,
      finalizers: given.isClaimed ? [FINALIZER] : [],
      annotations: { [PAUSED]: String(given.isPaused), [FORCE_DELETE]: String(given.isForced) },
      ...(given.isDeleted ? { deletionTimestamp: "2026-01-02T00:00:00Z" } : {}),
    },
    spec: { ...plain.spec, enabled, liveEligible, onStop, desiredState, exchange },
    ...(said === undefined ? {} : { status: { executor: { positions: said } } }),
  };
};

const workloadFrom = ({ phase, url, problem, drift }: Facts): Observed["workload"] =>
  phase === undefined ? undefined : { phase, url, address: url, problem, drift };

const executorFrom = (given: Facts): Observed["executor"] => {
  switch (given.word) {
    case undefined:
      return undefined;
    case "Unknown":
      return unknown("it does not answer");
    case "Waiting":
      return { kind: "Waiting", reason: "no exchange keys" };
    case "Known":
      return known(statusFrom(given), millis(0));
  }
};

const statusFrom = (given: Facts) => {
  const { generation, connected, reconciled, unsettledOrders, settingsPending, engaged } = given;
  const symbol = symbolOf({
    cycle: given.isOpen ? openCycleOf() : null,
    resting: given.isResting ? restingOf() : [],
    settingsPending,
  });
  const { killSwitch } = statusOf();
  return statusOf({
    generation,
    connected,
    reconciled,
    protected: given.protected,
    unsettledOrders,
    desiredState: given.toldState,
    killSwitch: { ...killSwitch, engaged },
    symbols: [symbol],
  });
};
