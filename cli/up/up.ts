/**
 * `scalp up`: the whole system on one machine.
 *
 * This process is the operator of the local cluster and the parent of everything else: the emulator,
 * the aggregator, and one executor for each strategy that is to trade. Whatever it starts ends with
 * it. Setting up goes from the outside in, and nothing is left half-way: the first thing that cannot
 * be had ends the run with a sentence.
 */

import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { sleep, type Clock } from "#base/clock.ts";
import { loadFleetConfig } from "#operator/local/manifests.ts";
import { sessionClock, systemClock } from "#runtime/clock.ts";
import type { Env } from "#runtime/env.ts";
import { lockFolder } from "#runtime/lock.ts";
import { createFileLogger } from "#runtime/log.ts";
import type { Shutdown } from "#runtime/shutdown.ts";
import { CONFIG_FOLDER } from "../root.ts";
import { checkLedger, emulatorBooks } from "./books.ts";
import { createLocalOperator, type LocalOperator } from "./operator.ts";
import { createOutput, type Output } from "./screen.ts";
import { openSession, type Session, type SessionRequest } from "./session.ts";
import { raiseWorld, type World } from "./world.ts";

export type UpFlags = {
  /** Manifests; `undefined`: ./strategies if there is one, else the demo's. */
  readonly dir?: string | undefined;
  readonly data?: string | undefined;
  readonly from?: SessionRequest["from"];
  readonly seed: number;
  /** Machine time after which the run ends by itself. */
  readonly forMs?: number | undefined;
  readonly speed?: number | undefined;
  readonly port: number;
  readonly exchange: "emulator" | "bitget";
  readonly json: boolean;
  readonly home: string;
  readonly balance: string;
};

const FAILED = 1;
const REFUSED = 4;
const INTERRUPTED = 130;

/** One second on the screen is a minute of the emulated market. */
const EMULATOR_SPEED = 60;

export const runUp = async (flags: UpFlags, env: Env, shutdown: Shutdown): Promise<number> => {
  const { stdout, stderr } = process;
  const output = createOutput({ json: flags.json, stdout, stderr });
  const missing = [flags.dir, flags.data].find((dir) => dir !== undefined && !existsSync(dir));
  if (missing !== undefined) {
    return fail(output, `there is no folder ${missing}: give one that exists`, FAILED);
  }
  const opened = openSession(requestOf(flags));
  if (!opened.ok) return fail(output, opened.error, FAILED);
  const session = opened.value;
  const lock = await lockFolder("session folder", session.folder);
  if (!lock.ok) return fail(output, lock.error, REFUSED);
  const clock = session.clock === undefined ? systemClock : sessionClock(session.clock);
  session.reserve(clock);
  const code = await live({ flags, env, shutdown, output, session, clock });
  await lock.value.release();
  return code;
};

const requestOf = ({ exchange, home, data, from, seed, speed }: UpFlags): SessionRequest => ({
  kind: exchange === "bitget" ? "exchange" : data === undefined ? "demo" : "replay",
  home,
  data,
  from,
  seed,
  speed: speed ?? (exchange === "bitget" ? 1 : EMULATOR_SPEED),
});

type Given = {
  readonly flags: UpFlags;
  readonly env: Env;
  readonly shutdown: Shutdown;
  readonly output: Output;
  readonly session: Session;
  readonly clock: Clock;
};

const live = async (given: Given): Promise<number> => {
  const { flags, env, output, session, clock, shutdown } = given;
  greet(given);
  const folders = foldersOf(flags);
  const fleet = loadFleetConfig(folders.fleet, CONFIG_FOLDER);
  if (!fleet.ok) return fail(output, fleet.error.join("\n"), FAILED);
  const log = createFileLogger(join(session.folder, "logs", "operator.log"), {
    process: "operator",
    level: "info",
    clock,
  });
  const ending = new AbortController();
  const { signal } = shutdown;
  const world = await raiseWorld({ ...flags, env, session, output, log, signal });
  if (!world.ok) return fail(output, world.error, FAILED);
  const operator = createLocalOperator({
    clock,
    env,
    fleet: fleet.value,
    manifests: folders.manifests,
    state: session.folder,
    world: world.value,
    output,
    log,
  });
  if (!operator.ok) {
    await world.value.supervisor.stopAll();
    return fail(output, operator.error, REFUSED);
  }
  const { pageUrl } = world.value;
  output.step("page", pageUrl);
  const emulatorUrl = world.value.emulator?.url ?? null;
  const { folder, isResumed } = session;
  output.event({ event: "ready", pageUrl, emulatorUrl, state: folder, resumed: isResumed });
  const running = operator.value.run(ending.signal);
  await untilOver(given);
  await compareLedgers(world.value, operator.value, output);
  ending.abort();
  await running;
  return end(given, world.value);
};

const DEMO = join(CONFIG_FOLDER, "demo");
const OWN = "strategies";

const foldersOf = ({ dir }: UpFlags): { readonly manifests: string; readonly fleet: string } => {
  if (dir !== undefined) return { manifests: dir, fleet: dir };
  return hasManifests(OWN)
    ? { manifests: OWN, fleet: OWN }
    : { manifests: join(DEMO, "strategies"), fleet: DEMO };
};

const hasManifests = (folder: string): boolean =>
  existsSync(folder) && readdirSync(folder).some((name) => /\.ya?ml$/.test(name));

const greet = ({ flags, session, output, clock }: Given): void => {
  const money = flags.exchange === "emulator" ? "emulated exchange, no real money" : "Bitget";
  output.line(`scalp up  ·  ${money}  ·  Ctrl-C ends it`);
  const speed = session.clock?.speed ?? 1;
  const date = new Date(clock.now()).toISOString().slice(0, 16).replace("T", " ");
  const how = session.isResumed ? "goes on with the last run" : "a new session";
  output.line(`  ${date} UTC at ${speed}×, ${how}`);
};

const RESERVE_PERIOD_MS = 500;

/** Until the time is up or somebody ends it; meanwhile session time is reserved. */
const untilOver = async ({ flags, shutdown, session, clock }: Given): Promise<void> => {
  const { signal } = shutdown;
  const until = systemClock.elapsed() + (flags.forMs ?? Infinity);
  while (!signal.aborted && systemClock.elapsed() < until) {
    session.reserve(clock);
    const left = until - systemClock.elapsed();
    await sleep(systemClock, Math.min(RESERVE_PERIOD_MS, Math.max(0, left)), signal);
  }
};

const COMPARE_ATTEMPTS = 20;
const COMPARE_PAUSE_MS = 100;

/** A fill that is on its way makes the two differ for a moment, so a difference is looked at again. */
const compareLedgers = async (
  world: World,
  operator: LocalOperator,
  output: Output,
): Promise<void> => {
  if (world.emulator === undefined) return;
  for (let attempt = 1; attempt <= COMPARE_ATTEMPTS; attempt += 1) {
    const response = await fetch(`${world.emulator.url}/emulator/v1/books`);
    const books = emulatorBooks.parse(await response.json());
    const checks = (await operator.statuses()).map((status) => checkLedger(status, books));
    if (checks.every(({ equal }) => equal) || attempt === COMPARE_ATTEMPTS) {
      for (const check of checks) output.ledger(check);
      return;
    }
    await sleep(systemClock, COMPARE_PAUSE_MS);
  }
};

const end = async (
  { output, session, clock, shutdown }: Given,
  { supervisor }: World,
): Promise<number> => {
  output.line("  stopping: entries are withdrawn, positions keep their stops");
  await supervisor.stopAll(["emulator", "aggregator"]);
  session.end(clock);
  const code = shutdown.reason() === "SIGINT" ? INTERRUPTED : 0;
  output.event({ event: "ended", code });
  return code;
};

const fail = (output: Output, problem: string, code: number): number => {
  output.line(`scalp up: ${problem}`);
  output.event({ event: "failed", problem, code });
  return code;
};
