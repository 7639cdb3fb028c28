/**
 * How a process finds its world: the environment, read once at start and then passed as a value.
 *
 * This is the only file that touches `process.env`. A `.env` file fills in what the process
 * environment does not set, so that an exported variable always wins.
 */

import { existsSync, readFileSync } from "node:fs";
import { parseEnv } from "node:util";
import { z } from "zod";
import { millis } from "#base/clock.ts";
import { err, ok, type Result } from "#base/result.ts";
import { sessionClock, systemClock, type ClockSession, type SessionClock } from "./clock.ts";

export type Env = Readonly<Record<string, string | undefined>>;

export const processEnv = (): Env => ({ ...process.env });

/** The process environment over the file, if there is one. */
export const envWithFile = (path: string): Env =>
  existsSync(path)
    ? { ...parseEnv(readFileSync(path, "utf8")), ...process.env }
    : { ...process.env };

/** Parses the variables that one process needs; every problem at once, a line each. */
export const parseVariables = <T>(schema: z.ZodType<T>, env: Env): Result<T, string> => {
  const parsed = schema.safeParse(env);
  if (parsed.success) return ok(parsed.data);
  const lines = parsed.error.issues.map(
    ({ path, message }) => `environment variable ${path.join(".")}: ${message}`,
  );
  return err(lines.join("\n"));
};

const clockSession = z.object({
  machineMs: z.number(),
  sessionMs: z.number().transform(millis),
  speed: z.number().gt(0),
});

/** Name of the variable by which a session hands its clock to the processes that it starts. */
const CLOCK_VARIABLE = "SCALP_CLOCK";

export const clockVariable = (session: ClockSession): Env => ({
  [CLOCK_VARIABLE]: JSON.stringify(session),
});

/** The session's clock if one was handed to us, else the machine's. */
export const clockFromEnv = (env: Env): SessionClock => {
  const text = env[CLOCK_VARIABLE];
  return text === undefined ? systemClock : sessionClock(clockSession.parse(JSON.parse(text)));
};
