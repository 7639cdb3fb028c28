/**
 * The engine of one session, kept: new, or gone on with from where its state folder ends.
 *
 * Everything that changes the books goes through here, so that it is in the logs before anybody is
 * told: `flush` writes what was granted and what happened, and only then hands the events on.
 */

import type { Clock, Millis } from "#base/clock.ts";
import { err, ok, type Result } from "#base/result.ts";
import { toAuditEvent } from "../audit-events.ts";
import { createEngine, restoreEngine, type Engine } from "../engine/engine.ts";
import type { EngineEvent } from "../engine/events.ts";
import type { Switches } from "../engine/switches.ts";
import type { PricePath } from "../prices/path.ts";
import type { Credentials } from "./accounts.ts";
import { createAuditTrail, type AuditTrail } from "./audit-trail.ts";
import { recordOperations, replayOperation, type Operation } from "./journal.ts";
import { openStore, type SavedSession, type SessionFacts, type Store } from "./store.ts";

export type Session = {
  /** Every operation that it grants is kept by the next flush. */
  readonly engine: Engine;
  readonly trail: AuditTrail;
  /** Keeps what has been granted and what has happened, then hands it on to be told. */
  readonly flush: () => ReadonlyArray<EngineEvent>;
  /** Notes how far the market has been played, so that a restart knows what time it was. */
  readonly keepTime: () => void;
  readonly close: () => void;
};

export type SessionOptions = {
  readonly path: PricePath;
  readonly switches: Switches;
  readonly startAt: Millis;
  readonly credentials: Credentials;
  readonly stateDir: string | undefined;
  readonly facts: SessionFacts;
  readonly saved: SavedSession | undefined;
};

/** A clock that is behind by more than this is another session's. */
const BEHIND_MS_MAX = 60_000;

export const openSession = (
  clock: Pick<Clock, "now">,
  options: SessionOptions,
): Result<Session, string> => {
  const { saved, stateDir, facts } = options;
  const bare = saved === undefined ? createEngine(options) : restoreEngine(options, saved.snapshot);
  if (saved !== undefined) {
    const returned = comeBack(bare, saved);
    if (!returned.ok) return err(`${stateDir}: ${returned.error}`);
  }
  const timely = checkClock(clock, bare, options);
  if (!timely.ok) return timely;
  const pending: Operation[] = [];
  const engine = recordOperations(bare, (operation) => pending.push(operation));
  const lastOperation = saved?.lastOperation ?? 0;
  const store =
    stateDir === undefined ? undefined : openStore({ folder: stateDir, facts, lastOperation });
  // A folder is whole from its first instant on: the state is there before any log is.
  if (saved === undefined) store?.writeSnapshot(engine.snapshot(), 0);
  const session = createSession({ engine, pending, store, saved });
  engine.advance(clock.now());
  for (const { uid, balance } of options.credentials.values()) {
    if (engine.account(uid) === undefined) engine.openAccount(engine.now(), { uid, balance });
  }
  session.flush();
  return ok(session);
};

/** Does again all that was done since the snapshot, and goes as far as the market had gone. */
const comeBack = (
  engine: Engine,
  { operations, lastInstant }: SavedSession,
): Result<undefined, string> => {
  for (const operation of operations) {
    const repeated = replayOperation(engine, operation);
    if (!repeated.ok) {
      const { name, at } = operation;
      return err(
        `operation ${name} at ${at} was granted once and is refused now with ${repeated.error.code}: the prices or the program are not those of then, choose another state folder`,
      );
    }
  }
  engine.advance(lastInstant);
  return ok(undefined);
};

/** The market cannot go back, and recorded data ends. */
const checkClock = (
  clock: Pick<Clock, "now">,
  engine: Engine,
  { path, stateDir, saved }: SessionOptions,
): Result<undefined, string> => {
  const now = clock.now();
  const [stands, shows] = [engine.now(), now].map((at) => new Date(at).toISOString());
  if (engine.now() - now > BEHIND_MS_MAX) {
    const where = saved === undefined ? "the session" : `the market of ${stateDir}`;
    return err(`${where} stands at ${stands} and the clock shows ${shows}: ${START_LATER}`);
  }
  if (saved === undefined && path.end !== undefined && now >= path.end) {
    const end = new Date(path.end).toISOString();
    return err(`the recorded candles end at ${end} and the clock shows ${shows}: start earlier`);
  }
  return ok(undefined);
};

const START_LATER = "start the clock at that time or later, or choose another state folder";

type Parts = {
  readonly engine: Engine;
  readonly pending: Operation[];
  readonly store: Store | undefined;
  readonly saved: SavedSession | undefined;
};

const createSession = ({ engine, pending, store, saved }: Parts): Session => {
  const trail = createAuditTrail();
  for (const [index, line] of (saved?.lines ?? []).entries()) trail.add(index + 1, line);
  let eventCount = saved?.eventCount ?? 0;

  /** What happens again on the way back is in the log already, except perhaps the last of it. */
  const newLines = (events: ReadonlyArray<EngineEvent>): ReadonlyArray<string> => {
    const lines: string[] = [];
    for (const event of events) {
      eventCount += 1;
      if (eventCount <= trail.last()) continue;
      const line = JSON.stringify(toAuditEvent(event, eventCount));
      trail.add(eventCount, line);
      lines.push(line);
    }
    return lines;
  };

  return {
    engine,
    trail,
    flush: () => {
      const events = engine.drain();
      const operations = pending.splice(0);
      const lines = newLines(events);
      // Operations first: events without their operation would be events that never happened.
      store?.writeOperations(operations);
      store?.writeEvents(lines);
      if (store?.isSnapshotDue() === true) store.writeSnapshot(engine.snapshot(), eventCount);
      return events;
    },
    keepTime: () => store?.writeClock(engine.now()),
    close: () => {
      store?.writeSnapshot(engine.snapshot(), eventCount);
      store?.close();
    },
  };
};
