/**
 * The executor as a process: environment in, exit code out.
 *
 * It answers HTTP before it can trade, so that whoever asks is told what it is waiting for: a
 * predecessor that has not ended, keys that are not there yet, or an exchange that does not answer.
 * Exit codes: 0 ended in order, 1 failed, 4 refused by a safety rule (somebody else's memory, a
 * folder that stays in use, a key that may not trade).
 */

import { readFileSync } from "node:fs";
import { z } from "zod";
import { sleep } from "#base/clock.ts";
import { err, ok, type Result } from "#base/result.ts";
import { executorSpec, type ExecutorSpec } from "#crds/executor-spec.ts";
import { createCcxtExchange } from "#exchange/ccxt/exchange.ts";
import { systemClock, type SessionClock } from "#runtime/clock.ts";
import { clockFromEnv, parseVariables, type Env } from "#runtime/env.ts";
import { listen, type HttpServer } from "#runtime/http.ts";
import { resolveKeys, type Keys, type KeySources } from "#runtime/keys.ts";
import { createLogger, type Logger } from "#runtime/log.ts";
import { createRegistry } from "#runtime/metrics.ts";
import { tellParent } from "#runtime/parent.ts";
import type { Secret } from "#runtime/secret.ts";
import { untilAborted, type Shutdown } from "#runtime/shutdown.ts";
import { readToken } from "#runtime/token-file.ts";
import { VERSION } from "#runtime/version.ts";
import { startExecutor, type Executor } from "./executor.ts";
import { untilFolder } from "./folder-wait.ts";
import { openFolder, type Folder } from "./folder.ts";
import { createExecutorApi } from "./http.ts";
import { createExecutorMetrics } from "./metrics.ts";

const variables = z.object({
  SCALP_SPEC_FILE: z.string().min(1),
  SCALP_STATE_DIR: z.string().min(1),
  SCALP_TOKEN_FILE: z.string().min(1),
  SCALP_HOST: z.string().default("127.0.0.1"),
  SCALP_PORT: z.coerce.number().int().min(0).max(65_535).default(8080),
  SCALP_DEDICATED_KEYS_DIR: z.string().optional(),
  SCALP_DEFAULT_KEYS_DIR: z.string().optional(),
});

type Variables = z.infer<typeof variables>;

const FAILED = 1;
const REFUSED = 4;

export const runExecutorProcess = async (env: Env, shutdown: Shutdown): Promise<number> => {
  const parsed = parseVariables(variables, env);
  if (!parsed.ok) return fail(parsed.error, FAILED);
  const spec = readSpec(parsed.value.SCALP_SPEC_FILE);
  if (!spec.ok) return fail(spec.error, FAILED);
  const token = readToken("SCALP_TOKEN_FILE", parsed.value.SCALP_TOKEN_FILE);
  if (!token.ok) return fail(token.error, FAILED);
  const clock = clockFromEnv(env);
  const log = createLogger({
    process: "executor",
    level: spec.value.logLevel,
    clock,
    bindings: { strategy: `${spec.value.namespace}/${spec.value.name}` },
  });
  const read = { variables: parsed.value, spec: spec.value, token: token.value };
  return live({ env, shutdown, ...read, clock, log });
};

type Given = {
  readonly env: Env;
  readonly shutdown: Shutdown;
  readonly variables: Variables;
  readonly spec: ExecutorSpec;
  readonly token: Secret;
  readonly clock: SessionClock;
  readonly log: Logger;
};

type Owning = Given & { readonly folder: Folder };

/** What the HTTP server shows, which is there before the executor is. */
type Stage = { executor: Executor | undefined; waiting: string };

const live = async (given: Given): Promise<number> => {
  const stage: Stage = { executor: undefined, waiting: "starting" };
  const registry = createRegistry();
  const server = await serve(given, registry, stage);
  if (!server.ok) return fail(server.error, FAILED);
  tellParent({ url: server.value.url });

  const folder = await untilFolder(
    {
      open: () => openFolder(given.variables.SCALP_STATE_DIR),
      clock: systemClock,
      timers: systemClock,
    },
    given.shutdown.signal,
    (problem) => {
      given.log.info({ problem }, "waiting for the state folder");
      stage.waiting = problem;
    },
  );
  const ended = folder.ok
    ? await trade({ ...given, folder: folder.value }, registry, stage)
    : folder;
  await server.value.close();
  if (folder.ok) await folder.value.close();
  if (!ended.ok && !given.shutdown.signal.aborted) return fail(ended.error, REFUSED);
  given.log.info({}, "stopped");
  return 0;
};

/** Until it is told to end; an error says why it never began. */
const trade = async (
  given: Owning,
  registry: ReturnType<typeof createRegistry>,
  stage: Stage,
): Promise<Result<undefined, string>> => {
  const { shutdown, log } = given;
  const keys = await untilKeys(given, stage);
  if (keys === undefined) return ok(undefined);
  const started = await start(given, registry, stage, keys);
  if (!started.ok) return started;
  stage.executor = started.value;
  await untilAborted(shutdown.signal);
  log.info({ reason: shutdown.reason() }, "stopping");
  await started.value.stop();
  return ok(undefined);
};

const serve = (
  { variables: given, token, log }: Given,
  registry: ReturnType<typeof createRegistry>,
  stage: Stage,
): Promise<Result<HttpServer, string>> => {
  const app = createExecutorApi({
    token,
    registry,
    log,
    waiting: () => stage.waiting,
    status: () => stage.executor?.status(),
    orders: () => stage.executor?.orders() ?? [],
    probe: (action, symbol) =>
      stage.executor?.probe(action, symbol) ?? Promise.resolve(err(stage.waiting)),
    control: (spec) => stage.executor?.control(spec) ?? Promise.resolve(err(stage.waiting)),
  });
  return listen(app, { host: given.SCALP_HOST, port: given.SCALP_PORT });
};

const KEYS_PERIOD_MS = 5_000;

/** Keys may come later than the executor: a Secret that is created, a file that is filled in. */
const untilKeys = async (given: Given, stage: Stage): Promise<Keys | undefined> => {
  const { shutdown, log } = given;
  while (!shutdown.signal.aborted) {
    const keys = resolveKeys(sourcesOf(given));
    if (keys.ok) {
      for (const warning of keys.value.warnings) log.warn({ warning }, "keys passed over");
      log.info({ source: keys.value.source, dedicated: keys.value.dedicated }, "keys found");
      return keys.value;
    }
    stage.waiting = keys.error;
    log.warn({ problem: keys.error }, "waiting for keys");
    await sleep(systemClock, KEYS_PERIOD_MS, shutdown.signal);
  }
  return undefined;
};

const sourcesOf = ({ env, spec, variables: given }: Given): KeySources => ({
  strategy: spec.name,
  env,
  ...(given.SCALP_DEDICATED_KEYS_DIR === undefined
    ? {}
    : { dedicatedFolder: given.SCALP_DEDICATED_KEYS_DIR }),
  ...(given.SCALP_DEFAULT_KEYS_DIR === undefined
    ? {}
    : { defaultFolder: given.SCALP_DEFAULT_KEYS_DIR }),
});

const start = (
  given: Owning,
  registry: ReturnType<typeof createRegistry>,
  stage: Stage,
  keys: Keys,
): Promise<Result<Executor, string>> => {
  const { clock, log, spec, folder, shutdown } = given;
  const { restUrl, publicStreamUrl, privateStreamUrl } = spec.exchange;
  let current = keys;
  watchKeys(given, (next) => {
    current = next;
  });
  const exchange = createCcxtExchange({
    clock,
    log,
    credentials: () => current,
    endpoints: { restUrl, publicStreamUrl, privateStreamUrl },
    accountRequestsPerSecond: spec.exchange.accountRequestsPerSecond,
    publicRequestsPerSecond: spec.exchange.publicRequestsPerSecond,
    jitterSeed: process.pid,
  });
  return startExecutor(
    {
      clock,
      timers: clock,
      exchange,
      storage: folder.storage,
      log,
      metrics: createExecutorMetrics(registry),
      version: VERSION,
      dedicatedKeys: keys.dedicated,
      onWaiting: (reason) => {
        stage.waiting = reason;
      },
      onDefect: (defect) => {
        log.error({ err: defect }, "defect: ending, to recover from the journal");
        process.exit(FAILED);
      },
    },
    spec,
    shutdown.signal,
  );
};

const ROTATION_PERIOD_MS = 30_000;

/** Takes rotated keys over while running. A set that is not whole changes nothing. */
const watchKeys = (given: Given, take: (keys: Keys) => void): void => {
  const look = async () => {
    while (!given.shutdown.signal.aborted) {
      await sleep(systemClock, ROTATION_PERIOD_MS, given.shutdown.signal);
      const keys = resolveKeys(sourcesOf(given));
      if (keys.ok) take(keys.value);
    }
  };
  void look();
};

const readSpec = (path: string): Result<ExecutorSpec, string> => {
  try {
    const parsed = executorSpec.safeParse(JSON.parse(readFileSync(path, "utf8")));
    return parsed.success
      ? ok(parsed.data)
      : err(`specification ${path}: ${z.prettifyError(parsed.error)}`);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return err(`specification ${path} cannot be read: ${why}`);
  }
};

const fail = (problem: string, code: number): number => {
  tellParent({ problem });
  process.stderr.write(`scalp executor: ${problem}\n`);
  return code;
};
