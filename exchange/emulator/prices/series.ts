/**
 * One recorded file of candles, in ticks, without a hole: what trades in between is what the file
 * says, and where it says nothing the price stood still.
 *
 * Format: a header `timestamp,open,high,low,close,volume`, then one closed candle a line, oldest
 * first, timestamp in epoch milliseconds of the OPEN. Every complaint names the file and the line.
 */

import { Big } from "big.js";
import { millis, type Millis } from "#base/clock.ts";
import { err, ok, type Result } from "#base/result.ts";
import type { Bar } from "./path.ts";

export type Recording = {
  /** For messages: the file's name. */
  readonly file: string;
  readonly lengthMs: number;
  readonly text: string;
};

/** The file's rows as numbers, before anybody knows how fine the tick must be. */
export type Rows = {
  readonly file: string;
  readonly lengthMs: number;
  /** Decimal places of the finest price in the file. */
  readonly decimals: number;
  readonly rows: ReadonlyArray<Row>;
};

type Row = readonly [at: number, open: number, high: number, low: number, close: number, v: number];

export type Series = {
  readonly file: string;
  readonly lengthMs: number;
  readonly start: Millis;
  /** When the last candle closed. */
  readonly end: Millis;
  readonly count: number;
  /** The candle that opened at the index-th place from the start. */
  readonly bar: (index: number) => Bar | undefined;
};

const HEADER = "timestamp,open,high,low,close,volume";
/** A finer price than this is a computed number, not one that somebody quoted. */
const DECIMALS_MAX = 10;
/** A longer hole is two recordings in one file. */
const GAP_CANDLES_MAX = 1_000;

export const parseRows = ({ file, lengthMs, text }: Recording): Result<Rows, string> => {
  const [header, ...lines] = text.trimEnd().split(/\r?\n/);
  if (header?.trim() !== HEADER) return err(`${file} line 1: the header must be ${HEADER}`);
  const rows: Row[] = [];
  let decimals = 0;
  for (const [index, line] of lines.entries()) {
    const parsed = parseLine(line);
    if (typeof parsed === "string") return err(`${file} line ${index + 2}: ${parsed}`);
    const gap = gapBefore(rows.at(-1), parsed.row, lengthMs);
    if (gap !== undefined) return err(`${file} line ${index + 2}: ${gap}`);
    rows.push(parsed.row);
    decimals = Math.max(decimals, parsed.decimals);
  }
  if (rows.length === 0) return err(`${file}: there is no candle in it`);
  return ok({ file, lengthMs, decimals, rows });
};

type ParsedLine = { readonly row: Row; readonly decimals: number };

const parseLine = (line: string): ParsedLine | string => {
  const fields = line.split(",").map((field) => field.trim());
  if (fields.length !== 6) return `six fields are wanted, this line has ${fields.length}`;
  const [at = NaN, open = NaN, high = NaN, low = NaN, close = NaN, volume = NaN] = fields.map(
    (field) => (field === "" ? NaN : Number(field)),
  );
  const row: Row = [at, open, high, low, close, volume];
  const problem = problemOf(row);
  if (problem !== undefined) return problem;
  const decimals = Math.max(...fields.slice(1, 5).map(decimalsOf));
  return decimals > DECIMALS_MAX
    ? `a price has ${decimals} decimals, at most ${DECIMALS_MAX} are possible`
    : { row, decimals };
};

const problemOf = (row: Row): string | undefined => {
  const [at, open, high, low, close, volume] = row;
  if (!row.every(Number.isFinite)) return "every field must be a number";
  if (!Number.isSafeInteger(at) || at < 0) return `timestamp ${at} is not epoch milliseconds`;
  if (low <= 0 || volume < 0) return "prices must be positive and the volume not negative";
  return high < Math.max(open, close) || low > Math.min(open, close)
    ? `open and close must lie between low ${low} and high ${high}`
    : undefined;
};

const decimalsOf = (text: string): number => {
  if (/[eE]/.test(text)) return decimalsOf(new Big(text.trim()).toFixed());
  const point = text.indexOf(".");
  // "61354.0" is how some writers spell a whole number.
  return point < 0
    ? 0
    : text
        .trim()
        .slice(point + 1)
        .replace(/0+$/, "").length;
};

const gapBefore = (previous: Row | undefined, row: Row, lengthMs: number): string | undefined => {
  if (previous === undefined) return undefined;
  const candles = (row[0] - previous[0]) / lengthMs;
  if (candles < 1 || !Number.isInteger(candles)) {
    return `timestamp ${row[0]} does not follow ${previous[0]} by a multiple of ${lengthMs} ms`;
  }
  return candles > GAP_CANDLES_MAX
    ? `${candles - 1} candles are missing before timestamp ${row[0]}: make two files of it`
    : undefined;
};

/** Prices become whole ticks, and a candle that is missing becomes one in which nothing traded. */
export const toSeries = ({ file, lengthMs, rows }: Rows, decimals: number): Series => {
  const start = rows[0]?.[0] ?? 0;
  const count = ((rows.at(-1)?.[0] ?? start) - start) / lengthMs + 1;
  const columns = new Float64Array(count * FIELDS);
  const scale = 10 ** decimals;
  let filled = 0;
  let close = 0;
  for (const [at, ...values] of rows) {
    const index = (at - start) / lengthMs;
    for (; filled < index; filled += 1) {
      columns.set([close, close, close, close, 0], filled * FIELDS);
    }
    const bar = values.map((value, place) => (place < 4 ? Math.round(value * scale) : value));
    columns.set(bar, index * FIELDS);
    close = bar[3] ?? close;
    filled = index + 1;
  }
  return {
    file,
    lengthMs,
    start: millis(start),
    end: millis(start + count * lengthMs),
    count,
    bar: (index) =>
      index >= 0 && index < count && Number.isInteger(index)
        ? barAt(columns, index, millis(start + index * lengthMs))
        : undefined,
  };
};

/** Open, high, low, close and volume, one candle after the other. */
const FIELDS = 5;

const barAt = (columns: Float64Array, index: number, openTime: Millis): Bar => {
  const [open = 0, high = 0, low = 0, close = 0, volume = 0] = columns.subarray(
    index * FIELDS,
    (index + 1) * FIELDS,
  );
  return { openTime, open, high, low, close, volume };
};
