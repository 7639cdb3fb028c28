/**
 * The journal's text: one record a line, `checksum json`, in an unbroken sequence.
 *
 * Only the last line can be half written, because a line is appended only after the one before it is
 * on disk. So damage at the end is a crash and is cut off; damage anywhere else is not something
 * that we did, and is never guessed around.
 */

import { crc32 } from "node:zlib";
import { err, ok, type Result } from "#base/result.ts";
import type { EngineEvent } from "#trading/engine/events.ts";
import { decode, encode } from "./codec.ts";

export type JournalRecord = { readonly n: number; readonly event: EngineEvent };

export type ParsedLines = {
  readonly payloads: ReadonlyArray<string>;
  /** Characters of the text that are whole lines; what follows was torn by a crash. */
  readonly soundLength: number;
};

export const frame = (payload: string): string => `${checksum(payload)} ${payload}\n`;

export const frameRecord = (record: JournalRecord): string => frame(encode(record));

export const parseRecord = (payload: string): JournalRecord => decode(payload);

/** The payloads of all sound lines; an error names the first line that is damaged and not the last. */
export const parseLines = (text: string): Result<ParsedLines, string> => {
  const payloads: string[] = [];
  let position = 0;
  while (position < text.length) {
    const end = text.indexOf("\n", position);
    const payload = end < 0 ? undefined : unframe(text.slice(position, end));
    if (payload === undefined) {
      const isLast = end < 0 || end === text.length - 1;
      return isLast
        ? ok({ payloads, soundLength: position })
        : err(`line ${payloads.length + 1} does not match its checksum`);
    }
    payloads.push(payload);
    position = end + 1;
  }
  return ok({ payloads, soundLength: position });
};

const unframe = (line: string): string | undefined => {
  const payload = line.slice(CHECKSUM_LENGTH + 1);
  return line.startsWith(`${checksum(payload)} `) ? payload : undefined;
};

const CHECKSUM_LENGTH = 8;

const checksum = (text: string): string => crc32(text).toString(16).padStart(CHECKSUM_LENGTH, "0");
