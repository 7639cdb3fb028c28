/** Finds vector files, reads them, and reads the candles that they speak of. */

import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import { z } from "zod";
import { millis } from "#base/clock.ts";
import type { Candle } from "#trading/candle.ts";

export type VectorFile = { readonly path: string; readonly name: string };

/** What a checker may ask for besides its own vectors: candles, by the path that the file names. */
export type CandleSource = (file: string) => Promise<ReadonlyArray<Candle>>;

/** A number that may be missing. JSON has no `NaN` and no infinity. */
export const reading = z.union([
  z.number(),
  z.null().transform(() => Number.NaN),
  z.literal("Infinity").transform(() => Number.POSITIVE_INFINITY),
]);

/** The `data` block of a vector file. */
export const dataBlock = z.object({
  file: z.string(),
  timeframe: z.enum(["1m", "5m", "15m", "1h", "4h", "1d"]),
});

const SUFFIX = ".json.gz";

export const findVectors = async (directory: string): Promise<ReadonlyArray<VectorFile>> => {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile() && entry.name.endsWith(SUFFIX))
    .map((entry) => join(entry.parentPath, entry.name))
    .toSorted()
    .map((path) => ({ path, name: relative(directory, path).slice(0, -SUFFIX.length) }));
};

export const readVectors = async (path: string): Promise<unknown> =>
  JSON.parse(await readZipped(path));

/** `data/X.csv.gz` lies beside the folder of the vectors; a half may be laid out deeper. */
export const createCandleSource = (vectorPath: string): CandleSource => {
  const loaded = new Map<string, Promise<ReadonlyArray<Candle>>>();
  return (file) => {
    const path = pathOf(vectorPath, file);
    const candles = loaded.get(path) ?? readCandles(path);
    loaded.set(path, candles);
    return candles;
  };
};

const LEVELS_UP = 4;

const pathOf = (vectorPath: string, file: string): string => {
  let folder = dirname(vectorPath);
  for (let level = 0; level < LEVELS_UP; level += 1) {
    const path = join(folder, file);
    if (existsSync(path)) return path;
    folder = dirname(folder);
  }
  throw new Error(`${file} is neither beside ${vectorPath} nor in a folder above it`);
};

const HEADER = "timestamp,open,high,low,close,volume";
const row = z.tuple([z.number(), z.number(), z.number(), z.number(), z.number(), z.number()]);

const readCandles = async (path: string): Promise<ReadonlyArray<Candle>> => {
  const [header, ...lines] = (await readZipped(path)).trim().split(/\r?\n/);
  if (header !== HEADER) throw new Error(`${path} begins with ${header}, not with ${HEADER}`);
  return lines.map((line) => {
    const [openTime, open, high, low, close, volume] = row.parse(line.split(",").map(Number));
    return { openTime: millis(openTime), open, high, low, close, volume };
  });
};

const unzip = promisify(gunzip);

const readZipped = async (path: string): Promise<string> =>
  (await unzip(await readFile(path))).toString("utf8");
