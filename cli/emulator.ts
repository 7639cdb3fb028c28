/** `scalp emulator`: the exchange alone, for any Bitget client, or as a child of `scalp up`. */

import type { Millis } from "#base/clock.ts";
import { startEmulator } from "#exchange/emulator/server/emulator.ts";
import { sessionClock, startSession, systemClock } from "#runtime/clock.ts";
import { clockFromEnv, type Env } from "#runtime/env.ts";
import { createLogger } from "#runtime/log.ts";
import { tellParent } from "#runtime/parent.ts";
import { untilAborted, type Shutdown } from "#runtime/shutdown.ts";

export type EmulatorFlags = {
  readonly host: string;
  readonly port: number;
  readonly data?: string | undefined;
  readonly from?: Millis | undefined;
  readonly seed?: number | undefined;
  readonly speed: number;
  readonly account: ReadonlyArray<string>;
  readonly state?: string | undefined;
};

/** Accounts of a child process: a line each, in the environment, where `ps` does not show them. */
export const ACCOUNTS_VARIABLE = "SCALP_EMULATOR_ACCOUNTS";

const DEMO_ACCOUNT = "demo:demo:demo:10000";

export const runEmulatorProcess = async (
  flags: EmulatorFlags,
  env: Env,
  shutdown: Shutdown,
): Promise<number> => {
  const given = [...flags.account, ...(env[ACCOUNTS_VARIABLE]?.split("\n") ?? [])];
  const accounts = given.length === 0 ? [DEMO_ACCOUNT] : given;
  const clock = clockOf(flags, env);
  const log = createLogger({ process: "emulator", level: "info", clock });
  const { host, port, data: dataDir, from, seed, state: stateDir } = flags;
  const options = { host, port, dataDir, from, seed, accounts, stateDir };
  const emulator = await startEmulator(options, { clock, log });
  if (!emulator.ok) {
    tellParent({ problem: emulator.error });
    process.stderr.write(`scalp emulator: ${emulator.error}\n`);
    return 1;
  }
  tellParent({ url: emulator.value.restUrl });
  if (process.send === undefined) announce(emulator.value.restUrl, given.length === 0);
  await untilAborted(shutdown.signal);
  await emulator.value.close();
  return 0;
};

/** The session's clock when we are part of one; else one of our own, as fast as was asked for. */
const clockOf = ({ from, speed }: EmulatorFlags, env: Env) => {
  const given = clockFromEnv(env);
  if (given !== systemClock) return given;
  return from === undefined && speed === 1
    ? systemClock
    : sessionClock(startSession(from ?? systemClock.now(), speed));
};

const announce = (url: string, isDemo: boolean): void => {
  process.stderr.write(
    `Bitget emulator on ${url}, sockets on ${url.replace("http", "ws")}/v2/ws/…\n`,
  );
  if (isDemo) process.stderr.write("key, secret and passphrase are all: demo\n");
};
