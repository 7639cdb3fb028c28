/** Reads a directory of recorded candles, gzipped or not, for `prices/recorded.ts`. */

import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { err, ok, type Result } from "#base/result.ts";
import { parseFileName } from "./prices/recorded.ts";
import type { Recording } from "./prices/series.ts";

/** A year of one-minute candles of one symbol is 40 MB; a file that unpacks to more is not one. */
const TEXT_BYTES_MAX = 512 * 2 ** 20;
const FILES_MAX = 2_000;

export const readRecordings = (directory: string): Result<ReadonlyArray<Recording>, string> => {
  const names = namesIn(directory);
  if (!names.ok) return names;
  const recordings: Recording[] = [];
  for (const file of names.value) {
    const lengthMs = parseFileName(file)?.lengthMs;
    if (lengthMs === undefined) continue;
    const text = readText(join(directory, file));
    if (!text.ok) return text;
    recordings.push({ file, lengthMs, text: text.value });
  }
  return recordings.length === 0
    ? err(`${directory} holds no recorded candles: files must be named like BTCUSDT_1h.csv.gz`)
    : ok(recordings);
};

const namesIn = (directory: string): Result<ReadonlyArray<string>, string> => {
  try {
    if (!statSync(directory).isDirectory()) return err(`${directory} is not a directory`);
    const names = readdirSync(directory).toSorted();
    return names.length > FILES_MAX
      ? err(`${directory} holds ${names.length} files, at most ${FILES_MAX} are possible`)
      : ok(names);
  } catch (error) {
    return err(`cannot read the directory of candles ${directory}: ${describe(error)}`);
  }
};

const readText = (path: string): Result<string, string> => {
  try {
    const bytes = readFileSync(path);
    return ok(
      path.endsWith(".gz")
        ? gunzipSync(bytes, { maxOutputLength: TEXT_BYTES_MAX }).toString("utf8")
        : bytes.toString("utf8"),
    );
  } catch (error) {
    return err(`cannot read the candles ${path}: ${describe(error)}`);
  }
};

const describe = (error: unknown): string => (error instanceof Error ? error.message : "failed");
