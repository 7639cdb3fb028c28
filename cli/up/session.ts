/**
 * A session of `scalp up`: a folder, a clock, and whether it goes on with an earlier run.
 *
 * Session time never goes back, because journals, stops and candles are written in it. While a run
 * lives it keeps reserving a little time ahead; whoever goes on with the folder begins where the
 * reservation ended, so no instant happens twice, however the last run ended. A demo goes on for
 * ever. A replay that came to its end is kept aside, and the next one begins afresh.
 */

import { existsSync, readFileSync, renameSync } from "node:fs";
import { join } from "node:path";
import { createHash } from "node:crypto";
import { z } from "zod";
import { millis, type Clock, type Millis } from "#base/clock.ts";
import { err, ok, type Result } from "#base/result.ts";
import { startSession, systemClock, type ClockSession } from "#runtime/clock.ts";
import { replaceFile } from "#runtime/files.ts";

export type SessionRequest = {
  readonly kind: "demo" | "replay" | "exchange";
  /** Sessions of all kinds live below this folder. */
  readonly home: string;
  readonly data?: string | undefined;
  readonly from?: Millis | undefined;
  readonly seed: number;
  readonly speed: number;
};

export type Session = {
  readonly folder: string;
  /** `undefined`: the machine's own time, because the exchange runs on nothing else. */
  readonly clock: ClockSession | undefined;
  /** Where the market begins. */
  readonly from: Millis;
  readonly isResumed: boolean;
  /** Reserves session time ahead; called again and again while the session lives. */
  readonly reserve: (clock: Clock) => void;
  /** The run came to its end: nothing will go on with it. */
  readonly end: (clock: Clock) => void;
};

const record = z.object({
  from: z.number().transform(millis),
  reservedUntil: z.number().transform(millis),
  ended: z.boolean(),
});

type Record = z.infer<typeof record>;

/** How far ahead time is reserved, in machine time. */
const RESERVE_MS = 2_000;
/**
 * A demo runs sixty times faster than the world, so the date is its own: with a fixed one the same
 * seed tells everybody the same story.
 */
const DEMO_START = millis(Date.parse("2026-01-05T08:35:00Z"));

export const openSession = (request: SessionRequest): Result<Session, string> => {
  const folder = folderOf(request);
  const saved = readRecord(join(folder, "session.json"));
  if (!saved.ok) return saved;
  if (saved.value?.ended === true) setAside(folder);
  const going = saved.value?.ended === true ? undefined : saved.value;
  const from = going?.from ?? firstInstant(request);
  const clock =
    request.kind === "exchange"
      ? undefined
      : startSession(going?.reservedUntil ?? from, request.speed);
  const write = (reservedUntil: Millis, ended: boolean): void =>
    replaceFile(join(folder, "session.json"), JSON.stringify({ from, reservedUntil, ended }));
  return ok({
    folder,
    clock,
    from,
    isResumed: going !== undefined,
    reserve: ({ now }) => write(millis(now() + RESERVE_MS * request.speed), false),
    end: ({ now }) => write(now(), request.kind === "replay"),
  });
};

/** Runs that must not meet have folders of their own. */
const folderOf = ({ kind, home, data, from, seed }: SessionRequest): string => {
  if (kind === "exchange") return join(home, "exchange");
  if (kind === "demo") return join(home, `demo-seed${seed}`);
  const subject = createHash("sha256").update(JSON.stringify([data, from, seed]));
  return join(home, `replay-${subject.digest("hex").slice(0, 8)}`);
};

const firstInstant = ({ kind, from }: SessionRequest): Millis => {
  if (from !== undefined) return from;
  return kind === "exchange" ? systemClock.now() : DEMO_START;
};

const readRecord = (path: string): Result<Record | undefined, string> => {
  if (!existsSync(path)) return ok(undefined);
  try {
    return ok(record.parse(JSON.parse(readFileSync(path, "utf8"))));
  } catch {
    return err(`${path} cannot be read: move its folder away, and the next run begins afresh`);
  }
};

/** Nothing is thrown away: the ended run keeps its books, journals and logs. */
const setAside = (folder: string): void => {
  for (let number = 1; ; number += 1) {
    const aside = `${folder}.${number}`;
    if (existsSync(aside)) continue;
    renameSync(folder, aside);
    return;
  }
};
