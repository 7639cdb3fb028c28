/** `scalp aggregator`: merged status, API, metrics and the page, over the folder of a local session. */

import { readFileSync } from "node:fs";
import { z } from "zod";
import { openLocalFleet } from "#aggregator/local-fleet.ts";
import { startAggregator } from "#aggregator/start.ts";
import { clockFromEnv, parseVariables, type Env } from "#runtime/env.ts";
import { createLogger } from "#runtime/log.ts";
import { tellParent } from "#runtime/parent.ts";
import { secret, type Secret } from "#runtime/secret.ts";
import { untilAborted, type Shutdown } from "#runtime/shutdown.ts";
import { VERSION } from "#runtime/version.ts";

export const aggregatorVariables = z.object({
  /** The cluster folder of the session. */
  SCALP_FLEET_DIR: z.string().min(1),
  SCALP_STATIC_DIR: z.string().min(1),
  /** What clients of the API must show, and what the aggregator shows to executors. */
  SCALP_API_TOKEN_FILE: z.string().min(1),
  SCALP_TOKEN_FILE: z.string().min(1),
  SCALP_HOST: z.string().default("127.0.0.1"),
  SCALP_PORT: z.coerce.number().int().min(0).max(65_535).default(8080),
});

export const runAggregatorProcess = async (env: Env, shutdown: Shutdown): Promise<number> => {
  const parsed = parseVariables(aggregatorVariables, env);
  if (!parsed.ok) return fail(parsed.error);
  const given = parsed.value;
  const clock = clockFromEnv(env);
  const aggregator = await startAggregator(
    {
      host: given.SCALP_HOST,
      port: given.SCALP_PORT,
      token: readToken(given.SCALP_API_TOKEN_FILE),
      executorToken: readToken(given.SCALP_TOKEN_FILE),
      staticDir: given.SCALP_STATIC_DIR,
      version: VERSION,
    },
    {
      fleet: openLocalFleet(given.SCALP_FLEET_DIR),
      clock,
      log: createLogger({ process: "aggregator", level: "info", clock }),
    },
  );
  if (!aggregator.ok) return fail(aggregator.error);
  tellParent({ url: aggregator.value.url });
  await untilAborted(shutdown.signal);
  await aggregator.value.close();
  return 0;
};

const readToken = (path: string): Secret => secret(readFileSync(path, "utf8").trim());

const fail = (problem: string): number => {
  tellParent({ problem });
  process.stderr.write(`scalp aggregator: ${problem}\n`);
  return 1;
};
