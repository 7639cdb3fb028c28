/**
 * `scalp aggregator`: merged status, API, metrics and the page, over the folder of a local session or
 * over a cluster. Where the strategies are is said by the environment; saying both is refused, since
 * whoever looks at the wrong fleet trusts numbers that are not theirs.
 */

import { z } from "zod";
import type { Fleet } from "#aggregator/fleet.ts";
import { openLocalFleet } from "#aggregator/local-fleet.ts";
import { startAggregator, type AggregatorDeps } from "#aggregator/start.ts";
import { err, ok, type Result } from "#base/result.ts";
import { clockFromEnv, parseVariables, type Env } from "#runtime/env.ts";
import { createLogger, type Logger } from "#runtime/log.ts";
import { tellParent } from "#runtime/parent.ts";
import type { Secret } from "#runtime/secret.ts";
import { untilAborted, type Shutdown } from "#runtime/shutdown.ts";
import { readToken } from "#runtime/token-file.ts";
import { VERSION } from "#runtime/version.ts";

const variables = z.object({
  /** The cluster folder of a session. Without it the strategies are those of a cluster. */
  SCALP_FLEET_DIR: z.string().min(1).optional(),
  /** The namespace whose strategies are shown; `*` for all. The aggregator's own by default. */
  SCALP_WATCH_NAMESPACE: z.string().min(1).optional(),
  SCALP_STATIC_DIR: z.string().min(1),
  /** What clients of the API must show, and what the aggregator shows to executors. */
  SCALP_API_TOKEN_FILE: z.string().min(1),
  SCALP_TOKEN_FILE: z.string().min(1),
  SCALP_HOST: z.string().default("127.0.0.1"),
  SCALP_PORT: z.coerce.number().int().min(0).max(65_535).default(8080),
});

type Variables = z.infer<typeof variables>;

export const runAggregatorProcess = async (env: Env, shutdown: Shutdown): Promise<number> => {
  const given = readVariables(env);
  if (!given.ok) return fail(given.error);
  const tokens = readTokens(given.value);
  if (!tokens.ok) return fail(tokens.error);
  const clock = clockFromEnv(env);
  const log = createLogger({ process: "aggregator", level: "info", clock });
  const source = await openSource(given.value, env, log);
  if (!source.ok) return fail(source.error);
  const { close, ...fleet } = source.value;
  const aggregator = await startAggregator(
    {
      ...tokens.value,
      host: given.value.SCALP_HOST,
      port: given.value.SCALP_PORT,
      staticDir: given.value.SCALP_STATIC_DIR,
      version: VERSION,
    },
    { ...fleet, clock, log },
  );
  if (aggregator.ok) {
    tellParent({ url: aggregator.value.url });
    await untilAborted(shutdown.signal);
    await aggregator.value.close();
  }
  await close();
  if (!aggregator.ok) return fail(aggregator.error);
  log.info({ reason: shutdown.reason() }, "stopped");
  return 0;
};

/** Every problem at once, a line each. */
export const readVariables = (env: Env): Result<Variables, string> => {
  const parsed = parseVariables(variables, env);
  const contradictions = contradictionsIn(env);
  if (parsed.ok && contradictions.length === 0) return parsed;
  return err([...contradictions, ...(parsed.ok ? [] : [parsed.error])].join("\n"));
};

const contradictionsIn = (env: Env): ReadonlyArray<string> => {
  const isSet = (name: string): boolean => env[name] !== undefined;
  if (isSet("SCALP_FLEET_DIR")) {
    return ["KUBECONFIG", "SCALP_WATCH_NAMESPACE"]
      .filter(isSet)
      .map(
        (name) =>
          `environment variables SCALP_FLEET_DIR and ${name} are both set: the strategies are those of a session or those of a cluster, so unset one`,
      );
  }
  const clock = isSet("SCALP_CLOCK")
    ? [
        "environment variable SCALP_CLOCK is set and SCALP_FLEET_DIR is not: only a session has a clock of its own, so unset it or name the session's folder",
      ]
    : [];
  if (isSet("KUBECONFIG") || isSet("KUBERNETES_SERVICE_HOST")) return clock;
  return [
    ...clock,
    "environment variable SCALP_FLEET_DIR is not set, nor is KUBECONFIG, and this is not a pod: name the folder of a session, or a kubeconfig",
  ];
};

type Source = Pick<AggregatorDeps, "registry" | "lifeProblem"> & {
  readonly fleet: Fleet;
  readonly close: () => Promise<void>;
};

const openSource = async (
  { SCALP_FLEET_DIR, SCALP_WATCH_NAMESPACE }: Variables,
  env: Env,
  log: Logger,
): Promise<Result<Source, string>> => {
  if (SCALP_FLEET_DIR !== undefined) {
    return ok({ fleet: openLocalFleet(SCALP_FLEET_DIR), close: () => Promise.resolve() });
  }
  // A session of one machine pays nothing for what speaks to a cluster.
  const { followCluster } = await import("#aggregator/kube-fleet-connection.ts");
  const followed = await followCluster({ env, log }, SCALP_WATCH_NAMESPACE);
  if (!followed.ok) return followed;
  return ok({ ...followed.value, lifeProblem: followed.value.fleet.lifeProblem });
};

type Tokens = { readonly token: Secret; readonly executorToken: Secret };
type TokenFiles = Pick<Variables, "SCALP_API_TOKEN_FILE" | "SCALP_TOKEN_FILE">;

export const readTokens = (given: TokenFiles): Result<Tokens, string> => {
  const token = readToken("SCALP_API_TOKEN_FILE", given.SCALP_API_TOKEN_FILE);
  if (!token.ok) return token;
  const executorToken = readToken("SCALP_TOKEN_FILE", given.SCALP_TOKEN_FILE);
  if (!executorToken.ok) return executorToken;
  return ok({ token: token.value, executorToken: executorToken.value });
};

const fail = (problem: string): number => {
  tellParent({ problem });
  process.stderr.write(`scalp aggregator: ${problem}\n`);
  return 1;
};
