/** Checks longer candles made of shorter ones. A case is one list of candles. */

import { z } from "zod";
import { resample } from "#strategies/indicators/resample.ts";
import type { Candle, Timeframe } from "#trading/candle.ts";
import type { Tally } from "./tally.ts";
import { dataBlock, type CandleSource } from "./vectors.ts";

const candleRow = z.tuple([z.number(), z.number(), z.number(), z.number(), z.number(), z.number()]);

const vectors = z.object({
  data: dataBlock,
  /** Says which rows the lists without all of them are made of. */
  note: z.string(),
  rows: z.record(z.string(), z.array(candleRow)),
});

export const checkResample = async (
  content: unknown,
  candlesOf: CandleSource,
  tally: Tally,
): Promise<void> => {
  const { data, note, rows } = vectors.parse(content);
  const candles = await candlesOf(data.file);
  for (const [name, expected] of Object.entries(rows)) {
    const [target = "", selection = ""] = name.split(":");
    const timeframe = targets[target];
    const selected = select(candles, selection, note);
    if (timeframe === undefined || selected === undefined) {
      tally.skip(`the rows of ${name} are not stated`);
      continue;
    }
    const got = resample(selected, data.timeframe, timeframe);
    const isCut = selection === "full";
    tally.settle(name, undefined, [
      {
        what: "length",
        expected: expected.length,
        got: isCut ? Math.min(got.length, expected.length) : got.length,
      },
      ...expected.flatMap((row, index) => {
        const columns = columnsOf(got[index]);
        return row.map((value, column) => ({
          what: `candle ${index} column ${column}`,
          expected: value,
          got: columns[column],
        }));
      }),
    ]);
  }
};

const targets: Readonly<Record<string, Timeframe>> = {
  "5m": "5m",
  "15m": "15m",
  "1h": "1h",
  "4h": "4h",
  "1d": "1d",
};

const select = (
  candles: ReadonlyArray<Candle>,
  selection: string,
  note: string,
): ReadonlyArray<Candle> | undefined => {
  if (selection === "full") return candles;
  const name = selection.startsWith("offset") ? "offset" : "gap";
  const stated = new RegExp(`${name} = rows (\\d+)\\.\\.(\\d+)(?: without row (\\d+))?`).exec(note);
  if (stated === null) return undefined;
  const [, first, final, missing] = stated;
  return candles.filter(
    (_, row) => row >= Number(first) && row <= Number(final) && row !== Number(missing),
  );
};

const columnsOf = (candle: Candle | undefined): ReadonlyArray<number> =>
  candle === undefined
    ? []
    : [candle.openTime, candle.open, candle.high, candle.low, candle.close, candle.volume];
