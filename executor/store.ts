/**
 * The executor's memory on disk: a snapshot of the state, and a journal of what came after it.
 *
 * Start and recovery are one path: load the snapshot, replay the journal, go on. The identity in
 * both files says whose memory it is; somebody else's is refused, because trading on it would send
 * orders for positions that this account does not have.
 */

import { err, ok, type Result } from "#base/result.ts";
import type { Engine } from "#trading/engine/engine.ts";
import type { EngineEvent } from "#trading/engine/events.ts";
import type { EngineState } from "#trading/engine/state.ts";
import { decode, encode, SCHEMA } from "./codec.ts";
import { frame, frameRecord, parseLines, parseRecord, type JournalRecord } from "./journal.ts";

/** Where the text lives: a folder in production, memory with crash semantics in a simulation. */
export type Storage = {
  /** Said in errors, so that a person knows which folder is meant. */
  readonly name: string;
  readonly readSnapshot: () => string | undefined;
  readonly readJournal: () => string;
  /** Resolves once the text is durable. A failure rejects, and nothing may be sent after it. */
  readonly append: (text: string) => Promise<void>;
  /** Replaces the snapshot, then the journal, each at once. */
  readonly replace: (snapshot: string, journal: string) => Promise<void>;
};

export type Identity = {
  readonly strategyUid: string;
  /** `undefined` until the exchange has told whose keys these are. */
  readonly accountUid: string | undefined;
};

export type Recovered = {
  readonly state: EngineState;
  /** Number of the last event that is in it. */
  readonly n: number;
};

export type Store = {
  /** `undefined` for a folder that has never been used. */
  readonly recovered: Recovered | undefined;
  readonly accountUid: string | undefined;
  /** Durable once resolved. */
  readonly append: (events: ReadonlyArray<EngineEvent>) => Promise<void>;
  /** Writes the state down and empties the journal. */
  readonly compact: (state: EngineState, accountUid: string) => Promise<void>;
  /** Events since the last snapshot. */
  readonly length: () => number;
  /** Number of the last event that was appended. */
  readonly sequence: () => number;
};

type Header = {
  readonly schema: number;
  readonly strategyUid: string;
  readonly accountUid: string | undefined;
};

type Snapshot = Header & Recovered;

export const openStore = (
  storage: Storage,
  identity: Pick<Identity, "strategyUid">,
  engine: Engine,
): Result<Store, string> => {
  const loaded = load(storage, identity);
  if (!loaded.ok) return loaded;
  const { snapshot, records } = loaded.value;
  const recovered = snapshot === undefined ? undefined : replay(engine, snapshot, records);
  return ok(createStore(storage, identity.strategyUid, snapshot?.accountUid, recovered, records));
};

type Loaded = {
  readonly snapshot: Snapshot | undefined;
  readonly records: ReadonlyArray<JournalRecord>;
};

const load = (
  storage: Storage,
  identity: Pick<Identity, "strategyUid">,
): Result<Loaded, string> => {
  const text = storage.readSnapshot();
  const journal = storage.readJournal();
  if (text === undefined) {
    return journal === ""
      ? ok({ snapshot: undefined, records: [] })
      : err(`${storage.name}: there is a journal without its snapshot. ${RESTORE}`);
  }
  const snapshot = readSnapshot(storage, text, identity);
  if (!snapshot.ok) return snapshot;
  const lines = parseLines(journal);
  if (!lines.ok) return err(`${storage.name}: the journal is damaged: ${lines.error}. ${RESTORE}`);
  const records = lines.value.payloads.map(parseRecord);
  const later = records.filter(({ n }) => n > snapshot.value.n);
  const isWhole = later.every(({ n }, index) => n === snapshot.value.n + 1 + index);
  return isWhole
    ? ok({ snapshot: snapshot.value, records: later })
    : err(`${storage.name}: records are missing from the journal. ${RESTORE}`);
};

const RESTORE =
  "Restore the folder from a backup, or move it away: the executor then starts from what the exchange shows.";

const readSnapshot = (
  storage: Storage,
  text: string,
  identity: Pick<Identity, "strategyUid">,
): Result<Snapshot, string> => {
  const lines = parseLines(text);
  const payload = lines.ok ? lines.value.payloads[0] : undefined;
  if (payload === undefined) return err(`${storage.name}: the snapshot is damaged. ${RESTORE}`);
  const header = decode<Header>(payload);
  if (header.schema > SCHEMA) {
    return err(
      `${storage.name}: schema is ${header.schema}, and this version reads up to ${SCHEMA}: run the version that wrote it, or a newer one.`,
    );
  }
  if (header.strategyUid !== identity.strategyUid) {
    return err(
      `${storage.name}: strategyUid is ${header.strategyUid}, and this executor is ${identity.strategyUid}: give each strategy a folder of its own.`,
    );
  }
  return ok(decode<Snapshot>(payload));
};

const replay = (
  engine: Engine,
  { state, n }: Recovered,
  records: ReadonlyArray<JournalRecord>,
): Recovered =>
  records.reduce<Recovered>(
    (current, record) => ({ state: engine(current.state, record.event)[0], n: record.n }),
    { state, n },
  );

// oxlint-disable-next-line eslint/max-params -- private, and built from what was just loaded
const createStore = (
  storage: Storage,
  strategyUid: string,
  knownAccount: string | undefined,
  recovered: Recovered | undefined,
  records: ReadonlyArray<JournalRecord>,
): Store => {
  let n = recovered?.n ?? 0;
  let { length } = records;
  return {
    recovered,
    accountUid: knownAccount,
    append: async (events) => {
      const text = events.map((event, index) => frameRecord({ n: n + 1 + index, event })).join("");
      n += events.length;
      length += events.length;
      await storage.append(text);
    },
    compact: async (state, accountUid) => {
      const snapshot: Snapshot = { schema: SCHEMA, strategyUid, accountUid, state, n };
      length = 0;
      await storage.replace(frame(encode(snapshot)), "");
    },
    length: () => length,
    sequence: () => n,
  };
};
