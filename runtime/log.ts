/**
 * Structured logs, one JSON object a line, on stderr: stdout belongs to what a command is asked for.
 *
 * Only shells log; the core returns facts, and the shell decides what to say. The first argument is
 * data, the second a constant lower-case sentence, so that lines can be counted. Times are those of
 * the session's clock.
 */

import { pino, type Logger as PinoLogger } from "pino";
import type { Clock } from "#base/clock.ts";

export type Logger = Pick<PinoLogger, "debug" | "info" | "warn" | "error">;
export type LogLevel = "debug" | "info" | "warn" | "error" | "silent";

export type LogOptions = {
  readonly process: string;
  readonly level: LogLevel;
  readonly clock: Pick<Clock, "now">;
  /** Facts that every line of this process carries, such as the strategy. */
  readonly bindings?: Readonly<Record<string, string>>;
};

const STDERR = 2;

export const createLogger = (options: LogOptions): Logger => create(options, { fd: STDERR });

/** For a process whose stderr is a person's screen. */
export const createFileLogger = (path: string, options: LogOptions): Logger =>
  create(options, { dest: path, mkdir: true });

const create = (
  { process, level, clock, bindings }: LogOptions,
  target: { readonly fd: number } | { readonly dest: string; readonly mkdir: boolean },
): Logger =>
  pino(
    {
      level,
      base: { process, ...bindings },
      messageKey: "msg",
      timestamp: () => `,"time":"${new Date(clock.now()).toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { err: pino.stdSerializers.err },
    },
    pino.destination({ ...target, sync: true }),
  );

export const silentLogger: Logger = {
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
};
