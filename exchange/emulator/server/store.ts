/**
 * The state folder: what a killed emulator finds again.
 *
 *     emulator.json      what session this is, and the whole state as it was some time ago
 *     operations.jsonl   every operation that was granted since, written before its answer left
 *     events.jsonl       the audit log, from the first event on, written before anybody was told
 *     clock              how far the market has been played, over and over in the same place
 *
 * Coming back is: load the state, do the operations again, play the market on. The engine repeats
 * itself to the last digit, so the events that follow are those that are in the log already. Killing
 * the process at any line loses at most an operation that nobody was told about: a write by `write`
 * is the operating system's from then on. (A power cut may lose the last seconds: no fsync here.)
 */

import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  truncateSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { millis, type Millis } from "#base/clock.ts";
import { err, ok, type Result } from "#base/result.ts";
import { replaceFile } from "#runtime/files.ts";
import { snapshotProblem, type Snapshot } from "../engine/snapshot.ts";
import { parseOperation, type LoggedOperation, type Operation } from "./journal.ts";

/** What must be the same for a session to go on. */
export type SessionFacts = {
  readonly source: "process" | "recorded";
  readonly seed: number;
  readonly anchor: Millis;
  /** The price path's own words for itself. */
  readonly path: string;
  /** Rules of the exchange, as JSON. */
  readonly switches: string;
};

export type SavedSession = {
  readonly facts: SessionFacts;
  readonly snapshot: Snapshot;
  /** Events that had happened when the snapshot was taken. */
  readonly eventCount: number;
  readonly operations: ReadonlyArray<LoggedOperation>;
  /** Number of the last one of them, or of the last one before the snapshot. */
  readonly lastOperation: number;
  /** The audit log, oldest first. */
  readonly lines: ReadonlyArray<string>;
  /** The latest instant of which the folder knows: the market went at least this far. */
  readonly lastInstant: Millis;
};

export type Store = {
  readonly writeEvents: (lines: ReadonlyArray<string>) => void;
  readonly writeOperations: (operations: ReadonlyArray<Operation>) => void;
  /** True when so much has been written that a snapshot is due. */
  readonly isSnapshotDue: () => boolean;
  readonly writeClock: (now: Millis) => void;
  readonly writeSnapshot: (snapshot: Snapshot, eventCount: number) => void;
  readonly close: () => void;
};

const VERSION = 1;
const LINES_BETWEEN_SNAPSHOTS = 2_000;

const header = z.object({
  version: z.literal(VERSION),
  source: z.enum(["process", "recorded"]),
  seed: z.number(),
  anchor: z.number().transform(millis),
  path: z.string(),
  switches: z.string(),
  /** Number of the last operation that the snapshot knows of. */
  operation: z.int(),
  events: z.int(),
  engine: z.looseObject({ now: z.number().transform(millis) }),
});

const files = (folder: string) => ({
  state: join(folder, "emulator.json"),
  operations: join(folder, "operations.jsonl"),
  events: join(folder, "events.jsonl"),
  clock: join(folder, "clock"),
});

/** `undefined`: the folder is new. */
export const readSession = (folder: string): Result<SavedSession | undefined, string> => {
  const { state, operations, events, clock } = files(folder);
  if (!existsSync(state)) {
    const foreign = [operations, events].find((path) => existsSync(path));
    return foreign === undefined ? ok(undefined) : err(orphan(foreign, state));
  }
  const read = readHeader(state);
  if (!read.ok) return read;
  const { operation, events: eventCount, engine, version: _version, ...facts } = read.value;
  const logged = readOperations(operations, operation);
  if (!logged.ok) return logged;
  const lines = wholeLines(events);
  if (lines.length < eventCount) {
    return err(
      `${events} holds ${lines.length} events and ${state} speaks of ${eventCount}: ${RESTORE}`,
    );
  }
  const lastOperation = operation + logged.value.length;
  const instants = [engine.now, logged.value.at(-1)?.at, instantOf(lines.at(-1)), readClock(clock)];
  const lastInstant = millis(Math.max(...instants.map((at) => at ?? 0)));
  const known = { facts, snapshot: engine, eventCount, lastOperation, lastInstant };
  return ok({ ...known, operations: logged.value, lines });
};

const stamped = z.looseObject({ at: z.number() });

const instantOf = (line: string | undefined): number | undefined => {
  const parsed = stamped.safeParse(parseJson(line ?? ""));
  return parsed.success ? parsed.data.at : undefined;
};

/** A clock that was torn says nothing; the logs know nearly as much. */
const readClock = (path: string): number | undefined => {
  const text = existsSync(path) ? readFileSync(path, "utf8") : "";
  return /^\d{16}$/.test(text) ? Number(text) : undefined;
};

const RESTORE = "put the file back, or choose another state folder";

const orphan = (path: string, state: string): string =>
  `${path} is there and ${state} is not: this is not a whole state folder, ${RESTORE}`;

const readHeader = (path: string): Result<z.output<typeof header>, string> => {
  const data = parseJson(readFileSync(path, "utf8"));
  const version =
    typeof data === "object" && data !== null && "version" in data ? data.version : undefined;
  if (typeof version === "number" && version > VERSION) {
    return err(
      `${path} field version is ${version}, this emulator knows ${VERSION}: use the newer one, or choose another state folder`,
    );
  }
  const parsed = header.safeParse(data);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    return err(`${path} field ${issue?.path.join(".")}: ${issue?.message}: ${RESTORE}`);
  }
  const problem = snapshotProblem(parsed.data.engine);
  return problem === undefined
    ? ok(parsed.data)
    : err(`${path} field engine.${problem}: ${RESTORE}`);
};

const numbered = z.looseObject({ n: z.int() });

const readOperations = (
  path: string,
  after: number,
): Result<ReadonlyArray<LoggedOperation>, string> => {
  const operations: LoggedOperation[] = [];
  let expected = after + 1;
  for (const [index, line] of wholeLines(path).entries()) {
    const record = numbered.safeParse(parseJson(line));
    const { n, ...rest } = record.success ? record.data : { n: Number.NaN };
    // A snapshot was taken, and the process ended before the log was cut.
    if (n <= after) continue;
    const operation = parseOperation(rest);
    if (operation === undefined || n !== expected) {
      return err(`${path} line ${index + 1} is not operation ${expected}: ${RESTORE}`);
    }
    operations.push(operation);
    expected += 1;
  }
  return ok(operations);
};

/** A line without an end was being written when the process died; nobody was told about it. */
const wholeLines = (path: string): ReadonlyArray<string> => {
  if (!existsSync(path)) return [];
  const bytes = readFileSync(path);
  const end = bytes.lastIndexOf("\n") + 1;
  if (end < bytes.length) truncateSync(path, end);
  return bytes.toString("utf8", 0, end).split("\n").slice(0, -1);
};

const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    // What is not JSON fails the schema with its place.
    return undefined;
  }
};

export type StoreOptions = {
  readonly folder: string;
  readonly facts: SessionFacts;
  readonly lastOperation: number;
};

export const openStore = (options: StoreOptions): Store => {
  const { folder, facts } = options;
  const paths = files(folder);
  mkdirSync(folder, { recursive: true });
  const eventLog = openSync(paths.events, "a", 0o600);
  let operationLog = openSync(paths.operations, "a", 0o600);
  const clock = openSync(paths.clock, existsSync(paths.clock) ? "r+" : "w", 0o600);
  let last = options.lastOperation;
  let linesSinceSnapshot = 0;
  return {
    writeEvents: (lines) => {
      if (lines.length > 0) writeSync(eventLog, lines.map((line) => `${line}\n`).join(""));
      linesSinceSnapshot += lines.length;
    },
    writeOperations: (operations) => {
      const text = operations.map((operation) => {
        last += 1;
        return `${JSON.stringify({ n: last, ...operation })}\n`;
      });
      if (text.length > 0) writeSync(operationLog, text.join(""));
      linesSinceSnapshot += operations.length;
    },
    isSnapshotDue: () => linesSinceSnapshot >= LINES_BETWEEN_SNAPSHOTS,
    writeClock: (now) => writeSync(clock, String(now).padStart(16, "0"), 0),
    writeSnapshot: (snapshot, eventCount) => {
      const state = { version: VERSION, ...facts, operation: last, events: eventCount };
      replaceFile(paths.state, JSON.stringify({ ...state, engine: snapshot }));
      closeSync(operationLog);
      operationLog = openSync(paths.operations, "w", 0o600);
      linesSinceSnapshot = 0;
    },
    close: () => {
      closeSync(eventLog);
      closeSync(operationLog);
      closeSync(clock);
    },
  };
};
