/**
 * One strategy with everything around it, small enough to be put into every state: an exchange with
 * one position and one entry, a workload, an executor that obeys, and people who change their mind.
 *
 * Whatever the operator asks of this world can fail before or after it has taken effect, and something
 * can happen in between. The world checks what must never be: see `violations`. One thing it grants:
 * a new life of an executor opens nothing before the operator has looked at it once and all was well.
 * An executor takes longer to recover than a look takes.
 */

import { known, unknown } from "#base/fact.ts";
import { millis } from "#base/clock.ts";
import { assert, err, ok } from "#base/result.ts";
import type { ExecutorSpec } from "#crds/executor-spec.ts";
import type { LiveStrategy } from "#crds/live-strategy.ts";
import { silentLogger } from "#runtime/log.ts";
import type { Cluster, WantedSpec, Workload } from "../cluster.ts";
import { FINALIZER, PAUSED, type ExecutorWord } from "../observed.ts";
import { createOperator, type Operator } from "../operator.ts";
import { openCycleOf, restingOf, specOf, statusOf, strategyOf, symbolOf } from "./samples.ts";

type Child = {
  phase: Workload["phase"];
  /** What it begins with, in its next life. */
  spec: ExecutorSpec;
  stage: "Waiting" | "Recovering" | "Up";
  /** What it was told last, in this life. */
  told: ExecutorSpec;
  hasBeenLookedAt: boolean;
};

type State = {
  strategy: LiveStrategy | undefined;
  child: Child | undefined;
  position: "None" | "Covered" | "Naked";
  hasEntry: boolean;
  isSilent: boolean;
  isCut: boolean;
  isRefusing: boolean;
  isBlocked: boolean;
  isSpecBroken: boolean;
  liveTrading: boolean;
  /** The executor has answered since a stop went missing, and what it said has been written down. */
  isLossHeard: boolean;
  isLossWritten: boolean;
  /** What the operator heard when it looked last. */
  heard: ExecutorWord["kind"] | undefined;
  violations: string[];
};

const INITIAL: State = {
  strategy: strategyOf({}, { finalizers: [], generation: 1 }),
  child: undefined,
  position: "None",
  hasEntry: false,
  isSilent: false,
  isCut: false,
  isRefusing: false,
  isBlocked: false,
  isSpecBroken: false,
  liveTrading: true,
  isLossHeard: true,
  isLossWritten: true,
  heard: undefined,
  violations: [],
};

/** What happens by itself, what goes wrong, and what people do. */
export const happenings = {
  Progress: (world: State) => progress(world),
  Place: (world: State) => {
    const { child } = world;
    if (isUp(world) && child?.hasBeenLookedAt === true && child.told.desiredState === "Trading") {
      Object.assign(world, { hasEntry: true });
    }
  },
  Fill: (world: State) => {
    if (!world.hasEntry) return;
    const position = world.position === "Naked" ? "Naked" : "Covered";
    Object.assign(world, { hasEntry: false, position });
  },
  LoseStop: (world: State) => {
    if (world.position === "Covered" && isUp(world)) {
      Object.assign(world, { position: "Naked", isLossHeard: false, isLossWritten: false });
    }
  },
  TakeProfit: (world: State) => void Object.assign(world, { position: "None" }),
  Mend: (world: State) => {
    if (isUp(world) && world.position === "Naked") Object.assign(world, { position: "Covered" });
  },
  Obey: (world: State) => {
    const { child } = world;
    if (!isUp(world) || child === undefined || child.told.desiredState === "Trading") return;
    Object.assign(world, { hasEntry: false });
    if (child.told.desiredState === "Flat") Object.assign(world, { position: "None" });
  },
  Crash: ({ child }: State) => {
    if (child !== undefined && child.phase !== "Stopping") child.phase = "Restarting";
  },
  RemoveWorkload: (world: State) => void Object.assign(world, { child: undefined }),
  FallSilent: (world: State) => void Object.assign(world, { isSilent: true }),
  Speak: (world: State) => void Object.assign(world, { isSilent: false }),
  Cut: (world: State) => void Object.assign(world, { isCut: true }),
  Connect: (world: State) => void Object.assign(world, { isCut: false }),
  Refuse: (world: State) => void Object.assign(world, { isRefusing: true }),
  Listen: (world: State) => void Object.assign(world, { isRefusing: false }),
  Block: (world: State) => void Object.assign(world, { isBlocked: true }),
  Unblock: (world: State) => void Object.assign(world, { isBlocked: false }),
  BreakSpec: (world: State) => void Object.assign(world, { isSpecBroken: true }),
  MendSpec: (world: State) => void Object.assign(world, { isSpecBroken: false }),
  SwitchOff: (world: State) => void Object.assign(world, { liveTrading: false }),
  SwitchOn: (world: State) => void Object.assign(world, { liveTrading: true }),
  Enable: (world: State) => edit(world, { enabled: true }),
  Disable: (world: State) => edit(world, { enabled: false }),
  Retain: (world: State) => edit(world, { onStop: "Retain" }),
  Flatten: (world: State) => edit(world, { onStop: "Flatten" }),
  Tune: (world: State) => edit(world, { leverage: 6 }),
  Delete: (world: State) => annotate(world, { deletionTimestamp: "2026-01-02T00:00:00Z" }),
  Pause: (world: State) => annotate(world, { annotations: { [PAUSED]: "true" } }),
  Resume: (world: State) => annotate(world, { annotations: {} }),
} as const;

export type Happening = keyof typeof happenings;
/** What comes between two steps of the operator; `Fail…` ends its process there. */
export type Interruption = Happening | "FailBefore" | "FailAfter" | undefined;

/** What comes before a look of the operator, and between its steps. */
export type Round = {
  readonly before: ReadonlyArray<Happening>;
  readonly during: ReadonlyArray<Interruption>;
};

export type SmallWorld = {
  readonly happen: (what: Happening) => void;
  /** One look of the operator; an interruption for each thing that it asks for, as far as they go. */
  readonly look: (interruptions?: ReadonlyArray<Interruption>) => Promise<void>;
  readonly restartOperator: () => void;
  readonly state: () => Readonly<State>;
  /** What must never have been. */
  readonly violations: () => ReadonlyArray<string>;
};

export const createSmallWorld = (): SmallWorld => {
  const world: State = { ...INITIAL, violations: [] };
  let waiting: Interruption[] = [];
  const ask: Ask = async (effect) => {
    const next = waiting.shift();
    if (next === "FailBefore") throw new Error("it failed before it took effect");
    if (next !== undefined && next !== "FailAfter") happenings[next](world);
    const answer = effect();
    if (next === "FailAfter") throw new Error("it failed after it had taken effect");
    return answer;
  };
  const start = (): Operator => operatorIn(world, ask);
  let operator = start();
  return {
    happen: (what) => happenings[what](world),
    look: async (interruptions = []) => {
      waiting = [...interruptions];
      try {
        await operator.reconcile("trading/grid-atr");
        const { child, heard } = world;
        if (child !== undefined && heard === "Known") child.hasBeenLookedAt = true;
        if (heard === "Known" && world.isLossHeard) world.isLossWritten = true;
      } catch {
        operator = start();
      }
    },
    restartOperator: () => {
      operator = start();
    },
    state: () => world,
    violations: () => world.violations,
  };
};

/** Something may happen first, and whoever asks may never hear the answer. */
type Ask = <T>(effect: () => T) => Promise<T>;

const operatorIn = (world: State, ask: Ask): Operator => {
  let elapsed = 0;
  return createOperator({
    clock: { now: () => millis(0), elapsed: () => (elapsed += 1_000) },
    cluster: clusterIn(world, ask),
    askExecutor: () =>
      ask(() => {
        const word = wordOf(world);
        world.heard = word.kind;
        if (word.kind === "Known") world.isLossHeard = true;
        return word;
      }),
    control: (_url, spec) =>
      ask(() => {
        if (!isAnswering(world)) throw new Error("it does not answer");
        if (world.isRefusing) return err("no such symbol");
        if (world.child !== undefined) world.child.told = spec;
        return ok(undefined);
      }),
    get liveTrading() {
      return world.liveTrading;
    },
    resolve: (strategy) => wantedIn(world, strategy),
    log: silentLogger,
  });
};

const wantedIn = (world: State, { metadata, spec }: LiveStrategy): WantedSpec =>
  world.isSpecBroken
    ? err("spec.leverage: too much")
    : ok(
        specOf({
          generation: metadata.generation,
          leverage: spec.leverage,
          desiredState: spec.desiredState,
        }),
      );

const clusterIn = (world: State, ask: Ask): Cluster => ({
  strategies: () => (world.strategy === undefined ? [] : [world.strategy]),
  strategiesOn: () => [],
  strategy: () => world.strategy,
  workload: (_strategy, wanted) => {
    Object.assign(world, { heard: undefined });
    return workloadIn(world, wanted);
  },
  obstacle: () =>
    world.isBlocked ? { reason: "ApplyRefused", message: "exceeded quota" } : undefined,
  prepareWorkload: () => ask(() => {}),
  applyWorkload: (_strategy, spec) => ask(() => apply(world, spec)),
  hasRemains: () => false,
  stopWorkload: (strategy) => ask(() => stop(world, strategy)),
  setFinalizer: (strategy, wanted) =>
    ask(() => (wanted ? annotate(world, { finalizers: [FINALIZER] }) : release(world, strategy))),
  writeStatus: (_strategy, status) =>
    ask(() => {
      if (world.strategy !== undefined) world.strategy = { ...world.strategy, status };
    }),
  recordEvent: () => {},
});

const workloadIn = ({ child }: State, wanted: WantedSpec): Workload | undefined => {
  if (child === undefined) return undefined;
  const url = child.phase === "Running" ? "http://127.0.0.1:1" : undefined;
  const differs = wanted.ok && child.spec.generation !== wanted.value.generation;
  return {
    phase: child.phase,
    url,
    address: url,
    problem: undefined,
    drift: differs ? ["data.spec.json"] : [],
  };
};

const apply = (world: State, spec: ExecutorSpec): void => {
  const { child, violations } = world;
  if (child?.phase === "Stopping") violations.push("asked for an executor while another one ends");
  if (world.isBlocked) throw new Error("exceeded quota");
  if (child !== undefined) child.spec = spec;
  world.child ??= {
    phase: "Starting",
    spec,
    stage: "Waiting",
    told: spec,
    hasBeenLookedAt: false,
  };
};

const isFlat = ({ position, hasEntry }: State): boolean => position === "None" && !hasEntry;

const stop = (world: State, { spec }: LiveStrategy): void => {
  const { child, violations } = world;
  if (child === undefined) return;
  if (spec.onStop === "Flatten" && !isFlat(world)) violations.push("stopped before it had closed");
  if (world.heard === "Known" && world.position === "Naked" && world.isLossHeard) {
    violations.push("stopped while a stop was missing");
  }
  child.phase = "Stopping";
};

const release = (world: State, { spec }: LiveStrategy): void => {
  const { child, violations } = world;
  if (child !== undefined) violations.push("let go while an executor was left");
  if (spec.onStop === "Flatten" && !isFlat(world)) violations.push("let go with a position");
  if (world.position === "Naked" && world.isLossWritten) violations.push("let go without a stop");
  world.strategy = undefined;
};

const isAnswering = ({ child, isSilent }: State): boolean =>
  child?.phase === "Running" && !isSilent;

const isUp = ({ child, isCut }: State): boolean =>
  child?.phase === "Running" && child.stage === "Up" && !isCut;

const wordOf = (world: State): ExecutorWord => {
  const { child, position, hasEntry } = world;
  if (!isAnswering(world) || child === undefined) return unknown("it does not answer");
  if (child.stage === "Waiting") return { kind: "Waiting", reason: "no exchange keys" };
  const symbol = symbolOf({
    cycle: position === "None" ? null : openCycleOf(),
    resting: hasEntry ? restingOf() : [],
  });
  const { generation, desiredState } = child.told;
  const reconciled = child.stage === "Up";
  return known(
    statusOf({
      generation,
      desiredState,
      connected: !world.isCut,
      reconciled,
      // As after every start: a stop counts once the exchange has shown it again.
      protected: position === "None" || (position === "Covered" && reconciled),
      symbols: [symbol],
    }),
    millis(0),
  );
};

/** A step further on the way up or down. */
const progress = (state: State): void => {
  const world = state;
  const { child } = world;
  switch (child?.phase) {
    case undefined:
      return;
    case "Stopping":
      // It withdraws as it ends, if it can.
      if (!world.isCut) world.hasEntry = false;
      world.child = undefined;
      return;
    case "Restarting":
      child.phase = "Starting";
      return;
    case "Starting":
      Object.assign(child, { phase: "Running", stage: "Waiting", told: child.spec });
      child.hasBeenLookedAt = false;
      return;
    case "Running":
      if (!world.isCut) child.stage = child.stage === "Waiting" ? "Recovering" : "Up";
      return;
  }
};

const edit = (state: State, change: Partial<LiveStrategy["spec"]>): void => {
  const world = state;
  const { strategy } = world;
  if (strategy === undefined) return;
  const metadata = { ...strategy.metadata, generation: strategy.metadata.generation + 1 };
  world.strategy = { ...strategy, metadata, spec: { ...strategy.spec, ...change } };
};

const annotate = (state: State, change: Partial<LiveStrategy["metadata"]>): void => {
  const world = state;
  const { strategy } = world;
  if (strategy === undefined) return;
  world.strategy = { ...strategy, metadata: { ...strategy.metadata, ...change } };
  const { deletionTimestamp, finalizers = [] } = world.strategy.metadata;
  // Nobody holds on to it: it is gone at once.
  if (deletionTimestamp !== undefined && finalizers.length === 0) {
    assert(world.child === undefined, "what runs holds on to its strategy");
    world.strategy = undefined;
  }
};
