/** A cluster in memory for tests of the operator: whatever is started answers at its own address. */

import { known, unknown } from "#base/fact.ts";
import { millis } from "#base/clock.ts";
import { assert, ok } from "#base/result.ts";
import type { ExecutorSpec } from "#crds/executor-spec.ts";
import type { ExecutorStatus } from "#crds/executor-status.ts";
import type { LiveStrategy } from "#crds/live-strategy.ts";
import { silentLogger } from "#runtime/log.ts";
import { keyText, type Cluster } from "../cluster.ts";
import type { Executors } from "../executors.ts";
import { FINALIZER } from "../observed.ts";
import { createOperator, type Operator, type OperatorDeps } from "../operator.ts";
import { specOf, statusOf, strategyOf } from "./samples.ts";

type Declared = { readonly symbol?: string } & Partial<LiveStrategy["spec"]>;

export const declared = (
  name: string,
  { symbol = "BTC", ...spec }: Declared = {},
  metadata: Partial<LiveStrategy["metadata"]> = {},
): LiveStrategy =>
  strategyOf(
    { assets: [{ symbol: `${symbol}/USDT:USDT` }], ...spec },
    { name, uid: `uid-${name}`, finalizers: [], ...metadata },
  );

export const resolved = ({ metadata, spec }: LiveStrategy): ExecutorSpec => {
  const assets = spec.assets.map(({ symbol }) => ({ symbol, group: null, parameters: {} }));
  const { name, uid, generation } = metadata;
  return specOf({ name, uid, generation, assets, desiredState: spec.desiredState });
};

export type SmallCluster = {
  readonly cluster: Cluster;
  /** By the strategy's uid, which is its address too. */
  readonly running: Map<string, ExecutorSpec>;
  readonly events: ReadonlyArray<string>;
  /** What was asked of the cluster, in order: `NAME writeStatus`. */
  readonly calls: ReadonlyArray<string>;
  readonly put: (strategy: LiveStrategy) => void;
  readonly get: (name: string) => LiveStrategy | undefined;
  readonly remove: (name: string) => void;
};

export const createSmallCluster = (strategies: ReadonlyArray<LiveStrategy>): SmallCluster => {
  const objects = new Map(strategies.map((one) => [keyText(one.metadata), one]));
  const running = new Map<string, ExecutorSpec>();
  const events: string[] = [];
  const calls: string[] = [];
  const change = ({ metadata }: LiveStrategy, to: (object: LiveStrategy) => LiveStrategy) => {
    const object = objects.get(keyText(metadata));
    if (object?.metadata.uid === metadata.uid) objects.set(keyText(metadata), to(object));
  };
  const asked = async ({ metadata }: LiveStrategy, call: string, effect: () => void) => {
    calls.push(`${metadata.name} ${call}`);
    effect();
  };
  const cluster: Cluster = {
    strategies: () => [...objects.values()],
    strategiesOn: (accountUid) =>
      [...objects.values()].filter(({ status }) => status?.account?.uid === accountUid),
    strategy: (key) => objects.get(key),
    workload: ({ metadata: { uid } }) =>
      running.has(uid)
        ? { phase: "Running", url: uid, address: uid, problem: undefined, drift: [] }
        : undefined,
    obstacle: () => undefined,
    prepareWorkload: (strategy) => asked(strategy, "prepareWorkload", () => {}),
    applyWorkload: (strategy, spec) =>
      asked(strategy, "applyWorkload", () => running.set(strategy.metadata.uid, spec)),
    hasRemains: () => false,
    stopWorkload: (strategy) =>
      asked(strategy, "stopWorkload", () => running.delete(strategy.metadata.uid)),
    setFinalizer: (strategy, wanted) =>
      asked(strategy, wanted ? "addFinalizer" : "removeFinalizer", () => {
        const { deletionTimestamp } = strategy.metadata;
        if (!wanted && deletionTimestamp !== undefined) objects.delete(keyText(strategy.metadata));
        const finalizers = wanted ? [FINALIZER] : [];
        change(strategy, (one) => ({ ...one, metadata: { ...one.metadata, finalizers } }));
      }),
    writeStatus: (strategy, status) =>
      asked(strategy, "writeStatus", () => change(strategy, (one) => ({ ...one, status }))),
    recordEvent: ({ metadata }, { type, reason, note }) =>
      void events.push(`${metadata.name} ${type} ${reason}: ${note}`),
  };
  return {
    cluster,
    running,
    events,
    calls,
    put: (strategy) => void objects.set(keyText(strategy.metadata), strategy),
    get: (name) => objects.get(`trading/${name}`),
    remove: (name) => void objects.delete(`trading/${name}`),
  };
};

/** Executors that do as they are told, each on an account of its own. */
export const obedient = (
  { running }: Pick<SmallCluster, "running">,
  change: (strategy: string) => Partial<ExecutorStatus> = () => ({}),
): Executors => ({
  status: async (url) => {
    const spec = running.get(url);
    if (spec === undefined) return unknown("it does not answer");
    const { name: strategy, uid: strategyUid, generation, desiredState } = spec;
    const account = { ...statusOf().account, uid: `account of ${strategy}` };
    const status = { strategy, strategyUid, generation, desiredState, account };
    return known(statusOf({ ...status, ...change(strategy) }), millis(0));
  },
  control: async (url, spec) => {
    running.set(url, spec);
    return ok(undefined);
  },
});

type Options = Partial<Pick<OperatorDeps, "liveTrading" | "resolve">> & {
  readonly executors?: Executors;
  readonly elapsed?: () => number;
  readonly cluster?: Partial<Cluster>;
};

export const operatorOf = (world: SmallCluster, options: Options = {}): Operator => {
  const { status, control } = options.executors ?? obedient(world);
  return createOperator({
    clock: { now: () => millis(0), elapsed: options.elapsed ?? (() => 0) },
    cluster: { ...world.cluster, ...options.cluster },
    askExecutor: (_strategy, { url }) => (url === undefined ? undefined : status(url)),
    control,
    liveTrading: options.liveTrading ?? true,
    resolve: options.resolve ?? ((strategy) => ok(resolved(strategy))),
    log: silentLogger,
  });
};

export const settle = async (world: SmallCluster, options: Options = {}): Promise<void> => {
  const operator = operatorOf(world, options);
  for (let pass = 0; pass < 4; pass += 1) await operator.pass();
};

export const names = ({ running }: SmallCluster) => [...running.values()].map(({ name }) => name);
export const conditionOf = ({ get }: SmallCluster, name: string, type: string) =>
  get(name)?.status?.conditions?.find((condition) => condition.type === type);
export const readyOf = (world: SmallCluster, name: string) =>
  conditionOf(world, name, "Ready")?.reason;
export const stalledOf = (world: SmallCluster, name: string) =>
  conditionOf(world, name, "Stalled")?.reason;
export const countOf = ({ calls }: SmallCluster, call: string) =>
  calls.filter((one) => one === call).length;
/** As a person would change it: the next generation. */
export const edit = (
  world: SmallCluster,
  name: string,
  spec: Partial<LiveStrategy["spec"]>,
  metadata: Partial<LiveStrategy["metadata"]> = {},
): void => {
  const strategy = world.get(name);
  assert(strategy !== undefined, `there is a strategy ${name}`);
  const generation = strategy.metadata.generation + 1;
  world.put({
    ...strategy,
    metadata: { ...strategy.metadata, generation, ...metadata },
    spec: { ...strategy.spec, ...spec },
  });
};
export const deletionTimestamp = "2026-01-02T00:00:00Z";
