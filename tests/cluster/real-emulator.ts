/** The emulator as a process, on a clock that runs fast, with one account, and the log that it keeps. */

import { closeSync, mkdirSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { millis } from "#base/clock.ts";
import type { ExchangeUrls } from "#crds/resolve.ts";
import { auditLog, type AuditReport } from "#exchange/emulator/audit.ts";
import { parseAudit } from "#exchange/emulator/audit-events.ts";
import { startSession } from "#runtime/clock.ts";
import { clockVariable, processEnv, type Env } from "#runtime/env.ts";
import type { ControlPlane } from "./control-plane.ts";
import { until } from "./until.ts";
import { spawnWatched } from "./watched-child.ts";

export type RealEmulator = {
  readonly urls: ExchangeUrls;
  /** The session's clock, for whoever trades there. */
  readonly env: Env;
  /** What its log proves so far. */
  readonly audit: () => AuditReport;
  readonly stop: () => Promise<void>;
};

export const KEYS = { apiKey: "key-of-real", secret: "secret-of-real", passphrase: "pass-of-real" };

/** The demo's: an entry is filled within seconds, and prices go where they went the last time. */
const START = "2026-01-05T08:35:00Z";
const SEED = "36";
const SPEED = 60;
/** A plane owns a block of ports, and needs no more than five of them. */
const PORT_IN_BLOCK = 4;

export const startRealEmulator = async (plane: ControlPlane): Promise<RealEmulator> => {
  const folder = join(plane.folder, "emulator");
  mkdirSync(folder);
  const port = Number(new URL(plane.url).port) + PORT_IN_BLOCK;
  const env = clockVariable(startSession(millis(Date.parse(START)), SPEED));
  const { PATH = "", HOME = "" } = processEnv();
  const log = openSync(join(folder, "emulator.log"), "a");
  const { child, ended } = spawnWatched(
    "/usr/bin/env",
    [
      "-i",
      ...Object.entries({ PATH, HOME, ...env }).map(([name, value]) => `${name}=${value}`),
      process.execPath,
      "cli/main.ts",
      "emulator",
      `--port=${port}`,
      `--seed=${SEED}`,
      `--from=${START}`,
      `--state=${folder}`,
      `--account=${KEYS.apiKey}:${KEYS.secret}:${KEYS.passphrase}:10000`,
    ],
    { stdio: ["ignore", log, log], cwd: process.cwd() },
  );
  closeSync(log);
  const restUrl = `http://127.0.0.1:${port}`;
  await until("the emulator answers", () => answers(`${restUrl}/api/v2/public/time`));
  return {
    urls: {
      restUrl,
      publicStreamUrl: `ws://127.0.0.1:${port}/v2/ws/public`,
      privateStreamUrl: `ws://127.0.0.1:${port}/v2/ws/private`,
    },
    env,
    audit: () => {
      const parsed = parseAudit(readFileSync(join(folder, "events.jsonl"), "utf8"));
      if (!parsed.ok) throw new Error(parsed.error);
      return auditLog(parsed.value);
    },
    stop: async () => {
      child.ref();
      child.kill("SIGTERM");
      await ended;
    },
  };
};

const answers = async (url: string): Promise<boolean> => {
  try {
    return (await fetch(url)).ok;
  } catch {
    return false;
  }
};
