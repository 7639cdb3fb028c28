/**
 * Everything of a session but the operator: the supervisor, the emulator, the aggregator, and what
 * their processes need to know of each other.
 */

import { join } from "node:path";
import { sleep } from "#base/clock.ts";
import { err, ok, type Result } from "#base/result.ts";
import type { ExchangeUrls } from "#crds/resolve.ts";
import { createSupervisor, type Supervisor } from "#operator/local/supervisor.ts";
import { systemClock } from "#runtime/clock.ts";
import { clockVariable, type Env } from "#runtime/env.ts";
import type { Logger } from "#runtime/log.ts";
import { ACCOUNTS_VARIABLE } from "../emulator.ts";
import { PAGE_FOLDER } from "../root.ts";
import { findPort } from "./network.ts";
import type { Output } from "./screen.ts";
import { keepAccounts, keepToken, type EmulatorAccounts, type Token } from "./secrets.ts";
import type { Session } from "./session.ts";

export type WorldRequest = {
  readonly exchange: "emulator" | "bitget";
  readonly data?: string | undefined;
  readonly seed: number;
  readonly port: number;
  readonly balance: string;
  readonly env: Env;
  readonly session: Session;
  readonly output: Output;
  readonly log: Logger;
  readonly signal: AbortSignal;
};

export type World = {
  readonly supervisor: Supervisor;
  /** `undefined` on a real exchange. */
  readonly emulator: Emulator | undefined;
  /** For the executors' own API. */
  readonly token: Token;
  readonly pageUrl: string;
  /** What every child process gets. */
  readonly childEnv: Env;
  readonly command: (subcommand: string) => readonly [string, ...string[]];
};

export type Emulator = {
  readonly url: string;
  readonly urls: ExchangeUrls;
  readonly accounts: EmulatorAccounts;
};

const HOST = "127.0.0.1";
const START_MAX_MS = 30_000;

export const raiseWorld = async (request: WorldRequest): Promise<Result<World, string>> => {
  const { session, env, output } = request;
  const port = await findPort(request.port, "--port");
  if (!port.ok) return port;
  const supervisor = createSupervisor({
    clock: systemClock,
    timers: systemClock,
    log: request.log,
  });
  const base = {
    supervisor,
    childEnv: {
      MALLOC_ARENA_MAX: ONE_ARENA,
      ...pick(env, PASSED_ON),
      ...(session.clock === undefined ? {} : clockVariable(session.clock)),
    },
    token: keepToken(session.folder, "executor-token"),
    command,
  };
  const emulator =
    request.exchange === "emulator" ? await startEmulator(request, base) : ok(undefined);
  if (!emulator.ok) {
    await supervisor.stopAll();
    return emulator;
  }
  const aggregator = await startAggregator(request, base, port.value);
  if (!aggregator.ok) {
    await supervisor.stopAll();
    return aggregator;
  }
  output.step("state", session.folder);
  return ok({ ...base, emulator: emulator.value, pageUrl: aggregator.value });
};

type Base = Pick<World, "supervisor" | "childEnv" | "token" | "command">;

/** The little of the environment that a program needs to run; never somebody else's keys. */
const PASSED_ON = ["PATH", "HOME", "LANG", "TZ", "TMPDIR", "NODE_EXTRA_CA_CERTS", "NODE_OPTIONS"];

const pick = (env: Env, names: ReadonlyArray<string>): Env =>
  Object.fromEntries(names.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]]])));

/**
 * An executor is one of many and makes little garbage: V8's default of 16 MB for the newest values, and
 * an arena of malloc's for each thread, cost the bundle a quarter of its memory (docs/benchmarks.md).
 */
const SMALL_NURSERY = "--max-semi-space-size=1";
const ONE_ARENA = "1";

/** This very program again, with another subcommand. */
const command = (subcommand: string): readonly [string, ...string[]] => [
  process.execPath,
  SMALL_NURSERY,
  ...process.execArgv,
  process.argv[1] ?? "",
  subcommand,
];

const startEmulator = async (
  request: WorldRequest,
  base: Base,
): Promise<Result<Emulator, string>> => {
  const { session, data, seed, output } = request;
  const port = await findPort(0, "--port");
  if (!port.ok) return port;
  const accounts = keepAccounts(session.folder, request.balance);
  const [program, ...args] = base.command("emulator");
  const flags = [
    ["--port", String(port.value)],
    ["--seed", String(seed)],
    ["--from", new Date(session.from).toISOString()],
    ["--state", join(session.folder, "emulator")],
    ...(data === undefined ? [] : [["--data", data]]),
  ];
  base.supervisor.start("emulator", {
    argv: [program, ...args, ...flags.flat()],
    env: { ...base.childEnv, [ACCOUNTS_VARIABLE]: accounts.arguments.join("\n") },
    logPath: join(session.folder, "logs", "emulator.log"),
  });
  const started = await untilRunning(base.supervisor, "emulator", request.signal);
  if (!started.ok) return started;
  const prices = data === undefined ? `made-up prices, seed ${seed}` : `recorded prices of ${data}`;
  output.step("emulator", `${started.value}   ${prices}`);
  const sockets = started.value.replace("http", "ws");
  const urls = {
    restUrl: started.value,
    publicStreamUrl: `${sockets}/v2/ws/public`,
    privateStreamUrl: `${sockets}/v2/ws/private`,
  };
  return ok({ url: started.value, urls, accounts });
};

const startAggregator = async (
  { session, env, signal }: WorldRequest,
  base: Base,
  port: number,
): Promise<Result<string, string>> => {
  const apiToken = keepToken(session.folder, "api-token", env["SCALP_API_KEY"]);
  base.supervisor.start("aggregator", {
    argv: base.command("aggregator"),
    env: {
      ...base.childEnv,
      SCALP_HOST: HOST,
      SCALP_PORT: String(port),
      SCALP_FLEET_DIR: join(session.folder, "cluster"),
      SCALP_STATIC_DIR: PAGE_FOLDER,
      SCALP_API_TOKEN_FILE: apiToken.path,
      SCALP_TOKEN_FILE: base.token.path,
    },
    logPath: join(session.folder, "logs", "aggregator.log"),
  });
  const started = await untilRunning(base.supervisor, "aggregator", signal);
  return started.ok ? ok(`${started.value}/#t=${apiToken.value}`) : started;
};

/** Resolves with the child's address, or with the reason for which it did not come up. */
const untilRunning = async (
  supervisor: Supervisor,
  id: string,
  signal: AbortSignal,
): Promise<Result<string, string>> => {
  const until = systemClock.elapsed() + START_MAX_MS;
  while (!signal.aborted && systemClock.elapsed() < until) {
    const workload = supervisor.workload(id);
    if (workload?.url !== undefined) return ok(workload.url);
    if (workload?.phase === "Restarting") return err(`${id}: ${workload.problem}`);
    await sleep(systemClock, POLL_MS, signal);
  }
  return err(
    signal.aborted ? "interrupted" : `${id} did not start within ${START_MAX_MS / 1_000} s`,
  );
};

const POLL_MS = 10;
