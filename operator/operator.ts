/**
 * The operator's work on one strategy: observe, decide, do it, look again, report.
 *
 * Every branch is in `decide.ts`. What cannot be done now throws, and whoever calls tries again with
 * a pause; the status is reported before that all the same, because it is what people look at.
 */

import type { Clock } from "#base/clock.ts";
import { unknown } from "#base/fact.ts";
import { assert, unreachable } from "#base/result.ts";
import { settleAll } from "#base/settle.ts";
import type { ExecutorSpec } from "#crds/executor-spec.ts";
import type { LiveStrategy } from "#crds/live-strategy.ts";
import type { Logger } from "#runtime/log.ts";
import { judgeAccount, type AccountUse, type AccountVerdict } from "./accounts.ts";
import { keyText, type Cluster, type WantedSpec, type Workload } from "./cluster.ts";
import { decide } from "./decide.ts";
import { isLeftSafe } from "./departure.ts";
import type { Executors } from "./executors.ts";
import {
  isDeleting,
  isToTrade,
  type Action,
  type Decision,
  type ExecutorWord,
  type Observed,
} from "./observed.ts";
import { credentialsOf, isWorthWriting, statusOf, SUMMARY_PERIOD_MS } from "./status.ts";
import { eventsOf } from "./transitions.ts";

export type OperatorDeps = {
  readonly clock: Clock;
  readonly cluster: Cluster;
  /**
   * What the executor said last; asked now, or a moment ago by somebody who keeps asking. `undefined`
   * while it is being asked for the first time.
   */
  readonly askExecutor: (
    strategy: LiveStrategy,
    workload: Workload,
  ) => Promise<ExecutorWord> | ExecutorWord | undefined;
  readonly control: Executors["control"];
  readonly liveTrading: boolean;
  /** Fills every default and address in; an error is the sentence to show. */
  readonly resolve: (strategy: LiveStrategy) => WantedSpec;
  readonly log: Logger;
};

export type Operator = {
  /** Brings one strategy as far as it can be brought now. Throws what should be tried again. */
  readonly reconcile: (key: string) => Promise<Reconciled>;
  /** All of them once; what goes wrong with one is logged and leaves the others alone. */
  readonly pass: () => Promise<void>;
};

export type Reconciled = { readonly requeueAfterMs?: number };

/** What this process remembers of a strategy; losing it costs a repeated question, no more. */
type Memory = {
  readonly uid: string;
  writtenAt: number | undefined;
  /** The generation that the executor would not take over, and why. */
  refused: Refused | undefined;
};

type Refused = Pick<ExecutorSpec, "generation" | "desiredState"> & { readonly problem: string };

export const createOperator = (deps: OperatorDeps): Operator => {
  const memories = new Map<string, Memory>();
  const remember = (key: string, uid: string): Memory => {
    const known = memories.get(key);
    if (known?.uid === uid) return known;
    const memory = { uid, writtenAt: undefined, refused: undefined };
    memories.set(key, memory);
    return memory;
  };
  const operator: Operator = {
    reconcile: async (key) => {
      const strategy = deps.cluster.strategy(key);
      if (strategy !== undefined) {
        return advance(deps, key, remember(key, strategy.metadata.uid));
      }
      memories.delete(key);
      return {};
    },
    pass: async () => {
      const keys = deps.cluster.strategies().map(({ metadata }) => keyText(metadata));
      await Promise.all(
        keys.map((key) =>
          operator.reconcile(key).catch((error: unknown) => {
            deps.log.error({ err: error, key }, "reconciling failed");
          }),
        ),
      );
    },
  };
  return operator;
};

/** A new strategy takes two actions, a deleted one four; the rest is room for the unforeseen. */
const STEPS_MAX = 8;

const advance = async (deps: OperatorDeps, key: string, memory: Memory): Promise<Reconciled> => {
  for (let step = 0; step < STEPS_MAX; step += 1) {
    const strategy = deps.cluster.strategy(key);
    if (strategy === undefined) return {};
    const observed = await observe(deps, strategy, memory);
    const decision = decide(observed);
    const { kind } = decision.action;
    if (isPending(observed)) return {};
    if (kind === "None") {
      await report(deps, observed, decision, memory);
      // All else that could change comes as news; figures of an executor do not, nor does time.
      const isAtRest = observed.executor === undefined && observed.obstacle === undefined;
      return isAtRest ? {} : { requeueAfterMs: SUMMARY_PERIOD_MS };
    }
    // What goes wrong is seen before the next try.
    if (isToBeSaidFirst(observed, decision.action)) await report(deps, observed, decision, memory);
    await act(deps, observed, decision.action, memory).catch(async (error: unknown) => {
      const now = withStatusOfNow(deps, observed);
      await report(deps, now, decision, memory).catch((err: unknown) =>
        deps.log.warn({ err, key }, "a failure is not written down"),
      );
      throw error;
    });
    if (kind === "RemoveFinalizer") return {};
  }
  return { requeueAfterMs: UNSETTLED_MS };
};

/** What has been said in this pass already must not be said again. */
const withStatusOfNow = ({ cluster }: OperatorDeps, observed: Observed): Observed => {
  const { strategy } = observed;
  const now = cluster.strategy(keyText(strategy.metadata));
  if (now?.metadata.uid !== strategy.metadata.uid) return observed;
  return { ...observed, strategy: { ...strategy, status: now.status } };
};

/** It is being asked: what it says comes as news, and nothing is said of it before. */
const isPending = ({ workload, executor }: Observed): boolean =>
  workload?.url !== undefined && executor === undefined;

/**
 * An executor's last word is written down before it goes, and "flat" is taken back before it trades
 * again: whatever ends us in between, nobody relies on a word that is no longer true.
 */
const isToBeSaidFirst = ({ strategy }: Observed, action: Action): boolean =>
  action.kind === "StopExecutor" ||
  (isToTrade(action) && strategy.status?.executor?.positions === "Flat");

/** Something answers without doing: it is given time. */
const UNSETTLED_MS = 1_000;

const observe = async (
  deps: OperatorDeps,
  strategy: LiveStrategy,
  { refused }: Memory,
): Promise<Observed> => {
  const spec = deps.resolve(strategy);
  const workload = deps.cluster.workload(strategy, spec);
  const account = judge(deps.cluster, strategy);
  const { generation } = strategy.metadata;
  const executor = await wordOf(deps, strategy, workload);
  return {
    strategy,
    liveTrading: deps.liveTrading,
    spec,
    conflictsWith: account?.conflictsWith,
    sharedWith: account?.sharedWith ?? [],
    workload,
    hasRemains: workload === undefined && deps.cluster.hasRemains(strategy),
    obstacle: deps.cluster.obstacle(strategy),
    executor,
    controlProblem: refused?.generation === generation ? problemOf(refused, executor) : undefined,
  };
};

/** It may have come to it all the same, as when it has started again with what its file says. */
const problemOf = (
  { generation, desiredState, problem }: Refused,
  executor: ExecutorWord | undefined,
): string | undefined => {
  const isSo =
    executor?.kind === "Known" &&
    executor.value.generation >= generation &&
    executor.value.desiredState === desiredState;
  return isSo ? undefined : problem;
};

/** An address may have passed on to somebody else's executor. */
const wordOf = async (
  { askExecutor }: OperatorDeps,
  strategy: LiveStrategy,
  workload: Workload | undefined,
): Promise<ExecutorWord | undefined> => {
  if (workload?.url === undefined) return undefined;
  const word = await askExecutor(strategy, workload);
  const isStranger = word?.kind === "Known" && word.value.strategyUid !== strategy.metadata.uid;
  return isStranger ? unknown(`the executor of ${word.value.strategy} answers there`) : word;
};

/** Also of one that goes: it must not close what an older one holds. */
const judge = (cluster: Cluster, strategy: LiveStrategy): AccountVerdict | undefined => {
  const use = useOf(strategy);
  if (use.accountUid === undefined) return undefined;
  const uses = cluster.strategiesOn(use.accountUid).filter(mayHaveExecutor).map(useOf);
  const verdict = judgeAccount(use, uses);
  return mayHaveExecutor(strategy) ? verdict : { ...verdict, sharedWith: [] };
};

const mayHaveExecutor = (strategy: LiveStrategy): boolean =>
  strategy.spec.enabled && strategy.spec.liveEligible && !isDeleting(strategy);

/** An account that other keys led to says nothing about the one that these lead to. */
const useOf = ({ metadata, spec, status }: LiveStrategy): AccountUse => ({
  key: keyText(metadata),
  createdAt: metadata.creationTimestamp ?? "",
  accountUid:
    status?.account?.credentialsSecret === credentialsOf(spec) ? status.account.uid : undefined,
  symbols: spec.assets.map(({ symbol }) => symbol),
});

const act = async (
  { cluster, control, log }: OperatorDeps,
  observed: Observed,
  action: Action,
  memory: Memory,
): Promise<void> => {
  const { strategy, workload } = observed;
  const key = keyText(strategy.metadata);
  log.info({ key, action: action.kind }, "reconciling strategy");
  switch (action.kind) {
    case "None":
      return;
    case "AddFinalizer":
      return claim(cluster, observed);
    case "RemoveFinalizer":
      await cluster.setFinalizer(strategy, false);
      return sayGoodbye({ cluster, log }, strategy);
    case "StartExecutor":
    case "UpdateExecutor":
      return cluster.applyWorkload(strategy, action.spec);
    case "StopExecutor":
    case "RemoveRemains":
      return cluster.stopWorkload(strategy);
    case "ControlExecutor": {
      assert(workload?.url !== undefined, "an executor that has answered has an address");
      const taken = await control(workload.url, action.spec);
      const { generation, desiredState } = action.spec;
      memory.refused = taken.ok ? undefined : { generation, desiredState, problem: taken.error };
      if (!taken.ok) log.warn({ key, problem: taken.error }, "control refused");
      return;
    }
    default:
      return unreachable(action);
  }
};

/** Side by side: the one thing that trades is made when both are there. */
const claim = async (cluster: Cluster, { strategy, workload, spec }: Observed): Promise<void> => {
  const isNew = workload === undefined;
  await settleAll([
    cluster.setFinalizer(strategy, true),
    ...(isNew && spec.ok ? [cluster.prepareWorkload(strategy, spec.value)] : []),
  ]);
};

/**
 * Nobody will look after these positions any more: that is said where people look. Also in the log,
 * since a namespace that is being deleted takes no events.
 */
const sayGoodbye = (
  { cluster, log }: Pick<OperatorDeps, "cluster" | "log">,
  strategy: LiveStrategy,
): void => {
  const { name } = strategy.metadata;
  const { positions = "Flat", holding = "unknown" } = strategy.status?.executor ?? {};
  if (positions === "Flat") return;
  const isSafe = isLeftSafe(strategy);
  const words = `${name} goes; its executor last said of its positions: ${positions}, ${holding}.`;
  const remedy = isSafe ? "Their stops stay on the exchange." : "Look at the exchange now.";
  log.warn({ key: keyText(strategy.metadata), positions, holding, isSafe }, "positions left");
  const type = isSafe ? "Normal" : "Warning";
  cluster.recordEvent(strategy, { type, reason: "PositionsLeft", note: `${words} ${remedy}` });
};

const report = async (
  { clock, cluster }: OperatorDeps,
  observed: Observed,
  decision: Decision,
  memory: Memory,
): Promise<void> => {
  const { strategy } = observed;
  const status = statusOf(observed, decision, clock.now());
  const elapsed = clock.elapsed();
  const since = memory.writtenAt === undefined ? undefined : elapsed - memory.writtenAt;
  if (!isWorthWriting(strategy.status, status, since)) return;
  await cluster.writeStatus(strategy, status);
  for (const event of eventsOf(strategy.status, status)) cluster.recordEvent(strategy, event);
  // The restart of a pass must not lose what this one has learnt.
  memory.writtenAt = elapsed;
};
