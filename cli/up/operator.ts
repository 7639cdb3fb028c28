/** The operator of a local session: the cluster of this machine, its loop, and what it tells people. */

import { sleep, type Clock } from "#base/clock.ts";
import { err, ok, type Result } from "#base/result.ts";
import type { ExecutorStatus } from "#crds/executor-status.ts";
import type { FleetConfig } from "#crds/fleet.ts";
import type { LiveStrategy } from "#crds/live-strategy.ts";
import { resolveExecutorSpec } from "#crds/resolve.ts";
import { createExecutors, type Executors } from "#operator/executors.ts";
import { openLocalCluster, type LocalCluster } from "#operator/local/cluster.ts";
import { createOperator, type Operator } from "#operator/operator.ts";
import { systemClock } from "#runtime/clock.ts";
import type { Env } from "#runtime/env.ts";
import { accountIdentity, keyVariables, resolveKeys } from "#runtime/keys.ts";
import type { Logger } from "#runtime/log.ts";
import { secret } from "#runtime/secret.ts";
import { newsOf } from "./news.ts";
import type { Output } from "./screen.ts";
import type { World } from "./world.ts";

export type LocalOperatorDeps = {
  readonly clock: Clock;
  readonly env: Env;
  readonly fleet: FleetConfig;
  readonly manifests: string;
  readonly state: string;
  readonly world: World;
  readonly output: Output;
  readonly log: Logger;
};

export type LocalOperator = {
  /** Looks, decides and acts until the signal aborts. */
  readonly run: (signal: AbortSignal) => Promise<void>;
  /** The executors' own words, asked now. */
  readonly statuses: () => Promise<ReadonlyArray<ExecutorStatus>>;
};

const PASS_PERIOD_MS = 250;

export const createLocalOperator = (deps: LocalOperatorDeps): Result<LocalOperator, string> => {
  const { clock, env, fleet, world, output, log } = deps;
  const opened = openLocalCluster(
    {
      clock,
      fleet,
      supervisor: world.supervisor,
      command: world.command("executor"),
      environmentOf: (strategy) => environmentOf(deps, strategy),
      accountOf: (name) => accountOf(deps, name),
      ...(world.emulator === undefined ? {} : { environment: "Emulator" as const }),
      onEvent: (strategy, event) => {
        const { name } = strategy.metadata;
        log.info({ strategy: name, ...event }, "strategy event");
        if (event.type === "Warning") output.warning(name, event.note);
      },
    },
    { manifests: deps.manifests, state: deps.state },
  );
  if (!opened.ok) return opened;
  const executors = createExecutors({ token: secret(world.token.value) });
  const asked = reporting(executors, output);
  const cluster = opened.value;
  const operator = createOperator({
    clock,
    cluster,
    askExecutor: (_strategy, { url }) => (url === undefined ? undefined : asked.status(url)),
    control: asked.control,
    liveTrading: env["LIVE_TRADING"] === "true",
    resolve: (strategy) => {
      const resolved = resolveExecutorSpec(strategy, fleet, { emulator: world.emulator?.urls });
      return resolved.ok ? resolved : err(resolved.error.map(({ words }) => words).join("; "));
    },
    log,
  });
  const sharing = () => cluster.strategies().flatMap((one) => sharedKeys(deps, one));
  return ok({
    run: (signal) => runPasses({ cluster, operator, output, sharing }, signal),
    statuses: () => askAll(cluster, executors),
  });
};

/** Tells what has happened to an executor since it was last asked. */
const reporting = (executors: Executors, output: Output): Executors => {
  const last = new Map<string, ExecutorStatus>();
  return {
    ...executors,
    status: async (url) => {
      const status = await executors.status(url);
      if (status.kind === "Known") {
        const { value } = status;
        for (const news of newsOf(last.get(value.strategyUid), value)) output.news(news);
        last.set(value.strategyUid, value);
      }
      return status;
    },
  };
};

type Loop = {
  readonly cluster: LocalCluster;
  readonly operator: Operator;
  readonly output: Output;
  /** Who would trade on the default keys, a sentence each. */
  readonly sharing: () => ReadonlyArray<string>;
};

const runPasses = async ({ cluster, operator, output, sharing }: Loop, signal: AbortSignal) => {
  let said = "";
  while (!signal.aborted) {
    const synced = cluster.sync();
    const { problems } = synced;
    const warnings = [...synced.warnings, ...sharing()];
    const lines = [...problems, ...warnings.map((warning) => `warning: ${warning}`)];
    if (lines.join("\n") !== said) {
      said = lines.join("\n");
      for (const line of lines) output.line(`  ${line}`);
      output.event({ event: "manifests", problems, warnings });
    }
    await operator.pass();
    output.strategies(cluster.strategies());
    await sleep(systemClock, PASS_PERIOD_MS, signal);
  }
};

const askAll = async (
  cluster: LocalCluster,
  executors: Executors,
): Promise<ReadonlyArray<ExecutorStatus>> => {
  const strategies = cluster.strategies();
  const urls = strategies.flatMap((one) => cluster.workload(one, err("not asked"))?.url ?? []);
  const answers = await Promise.all(urls.map((url) => executors.status(url)));
  return answers.flatMap((answer) => (answer.kind === "Known" ? [answer.value] : []));
};

/** Its own keys and the default ones, and nobody else's. */
const environmentOf = ({ env, world }: LocalOperatorDeps, { metadata }: LiveStrategy): Env => {
  const keys =
    world.emulator === undefined
      ? keysOf(env, metadata.name)
      : { SCALP_DEDICATED_KEYS_DIR: world.emulator.accounts.folderOf(metadata.uid) };
  return { ...world.childEnv, ...keys, SCALP_TOKEN_FILE: world.token.path, SCALP_PORT: "0" };
};

const keysOf = (env: Env, strategy: string): Env => {
  const names = [...Object.values(keyVariables(strategy)), ...Object.values(keyVariables())];
  return Object.fromEntries(names.map((name) => [name, env[name]]));
};

/** Positions of two strategies on one account cannot be told apart by the exchange. */
const sharedKeys = (
  { env, world }: LocalOperatorDeps,
  { metadata, spec }: LiveStrategy,
): ReadonlyArray<string> => {
  const isTrading = world.emulator === undefined && spec.enabled && spec.liveEligible;
  if (!isTrading) return [];
  const keys = resolveKeys({ strategy: metadata.name, env });
  if (!keys.ok) return [];
  const { dedicated, source, warnings } = keys.value;
  const { apiKey } = keyVariables(metadata.name);
  const shared = `${metadata.name} trades with the default keys of ${source}: for a sub-account of its own set ${apiKey} and its two companions`;
  return dedicated ? warnings : [...warnings, shared];
};

const accountOf = ({ env, world }: LocalOperatorDeps, strategy: string): string => {
  const own = `own account of ${strategy}`;
  if (world.emulator !== undefined) return own;
  const keys = resolveKeys({ strategy, env });
  return keys.ok ? accountIdentity(keys.value) : own;
};
