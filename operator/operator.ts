/**
 * The operator's loop: observe every strategy, decide, do at most one thing each, report.
 *
 * Every branch is in `decide.ts`. A strategy whose pass fails is passed over and looked at again; it
 * never keeps the others waiting for good, since every call has a deadline.
 */

import type { Clock } from "#base/clock.ts";
import type { Fact } from "#base/fact.ts";
import { unreachable, type Result } from "#base/result.ts";
import type { ExecutorSpec } from "#crds/executor-spec.ts";
import type { ExecutorStatus } from "#crds/executor-status.ts";
import type { LiveStrategy } from "#crds/live-strategy.ts";
import type { LiveStrategyStatus } from "#crds/live-strategy-status.ts";
import type { Logger } from "#runtime/log.ts";
import { judgeAccounts, type AccountVerdict } from "./accounts.ts";
import { keyText, type Cluster, type Workload } from "./cluster.ts";
import { decide, type Action, type Observed } from "./decide.ts";
import type { Executors } from "./executors.ts";
import { isWorthWriting, statusOf, type Written } from "./status.ts";
import { eventsOf } from "./transitions.ts";

export type OperatorDeps = {
  readonly clock: Clock;
  readonly cluster: Cluster;
  readonly executors: Executors;
  readonly liveTrading: boolean;
  /** Fills every default and address in; an error is the sentence to show. */
  readonly resolve: (strategy: LiveStrategy) => Result<ExecutorSpec, string>;
  readonly log: Logger;
};

export type Operator = {
  /** One pass over all strategies. */
  readonly pass: () => Promise<void>;
};

export const createOperator = (deps: OperatorDeps): Operator => {
  const written = new Map<string, Written>();
  return {
    pass: async () => {
      const strategies = deps.cluster.strategies();
      const accounts = judgeAccounts(strategies.filter(mayHaveExecutor).map(useOf));
      await Promise.all(
        strategies.map((strategy) =>
          reconcile(deps, strategy, accounts.get(keyText(strategy.metadata)), written).catch(
            (error: unknown) => {
              const key = keyText(strategy.metadata);
              deps.log.error({ err: error, key }, "reconciling failed");
            },
          ),
        ),
      );
      const present = new Set(strategies.map(({ metadata }) => metadata.uid));
      for (const uid of written.keys()) if (!present.has(uid)) written.delete(uid);
    },
  };
};

const mayHaveExecutor = ({ spec, metadata }: LiveStrategy): boolean =>
  spec.enabled && spec.liveEligible && metadata.deletionTimestamp === undefined;

const useOf = ({ metadata, spec, status }: LiveStrategy) => ({
  key: keyText(metadata),
  createdAt: metadata.creationTimestamp ?? "",
  accountUid: status?.account?.uid,
  symbols: spec.assets.map(({ symbol }) => symbol),
});

const reconcile = async (
  deps: OperatorDeps,
  strategy: LiveStrategy,
  account: AccountVerdict | undefined,
  written: Map<string, Written>,
): Promise<void> => {
  const workload = deps.cluster.workload(strategy);
  const observed: Observed = {
    strategy,
    liveTrading: deps.liveTrading,
    spec: deps.resolve(strategy),
    conflictsWith: account?.conflictsWith,
    workload,
    executor: await askExecutor(deps, workload),
  };
  const decision = decide(observed);
  await act(deps, strategy, decision.action);
  if (decision.action.kind === "RemoveFinalizer") return;
  const status = statusOf(observed, decision, account?.sharedWith ?? [], deps.clock.now());
  await report(deps, strategy, status, written);
};

const askExecutor = (
  { executors }: OperatorDeps,
  workload: Workload | undefined,
): Promise<Fact<ExecutorStatus>> | undefined =>
  workload?.url === undefined ? undefined : executors.status(workload.url);

const act = async (
  { cluster, executors, log }: OperatorDeps,
  strategy: LiveStrategy,
  action: Action,
): Promise<void> => {
  const key = keyText(strategy.metadata);
  if (action.kind !== "None") log.info({ key, action: action.kind }, "reconciling strategy");
  switch (action.kind) {
    case "None":
      return;
    case "AddFinalizer":
      return cluster.setFinalizer(strategy, true);
    case "RemoveFinalizer":
      return cluster.setFinalizer(strategy, false);
    case "StartExecutor":
      return cluster.startWorkload(strategy, action.spec);
    case "StopExecutor":
      return cluster.stopWorkload(strategy);
    case "ControlExecutor": {
      const url = cluster.workload(strategy)?.url;
      const taken = url === undefined ? undefined : await executors.control(url, action.spec);
      if (taken?.ok === false) log.warn({ key, problem: taken.error }, "control refused");
      return;
    }
    default:
      return unreachable(action);
  }
};

const report = async (
  { clock, cluster }: OperatorDeps,
  strategy: LiveStrategy,
  status: LiveStrategyStatus,
  written: Map<string, Written>,
): Promise<void> => {
  const { uid } = strategy.metadata;
  const elapsed = clock.elapsed();
  if (!isWorthWriting(written.get(uid), status, elapsed)) return;
  for (const event of eventsOf(strategy.status, status)) cluster.recordEvent(strategy, event);
  await cluster.writeStatus(strategy, status);
  written.set(uid, { status, at: elapsed });
};
