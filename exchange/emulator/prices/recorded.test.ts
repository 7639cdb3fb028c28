import { expect, test } from "@jest/globals";
import { millis } from "#base/clock.ts";
import { processEnv } from "#runtime/env.ts";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { readRecordings } from "../recordings.ts";
import { closedCandles, currentCandle } from "./candles.ts";
import { granularities } from "./granularity.ts";
import { contractSymbol, priceAt, ticksToNumber, type PricePath } from "./path.ts";
import { createRecordedPath } from "./recorded.ts";
import type { Recording } from "./series.ts";

const HOUR = 3_600_000;
const T0 = Date.UTC(2021, 11, 4);
const btc = contractSymbol("BTCUSDT");
const header = "timestamp,open,high,low,close,volume";

const hourly = (...rows: ReadonlyArray<string>): Recording => ({
  file: "BTCUSDT_1h.csv",
  lengthMs: HOUR,
  text: [header, ...rows].join("\n"),
});

const three = hourly(
  `${T0},100.5,101,99.25,100,10`,
  `${T0 + HOUR},100,105,100,104.75,20`,
  `${T0 + 2 * HOUR},104.75,104.75,90,91,30`,
);

const pathOf = (recordings: ReadonlyArray<Recording>, from = T0): PricePath => {
  const path = createRecordedPath(recordings, { from: millis(from), seed: 1 });
  if (!path.ok) throw new Error(path.error);
  return path.value;
};

const problem = (recordings: ReadonlyArray<Recording>, from = T0): string => {
  const path = createRecordedPath(recordings, { from: millis(from), seed: 1 });
  return path.ok ? "no problem" : path.error;
};

const granularity = (name: string) => {
  const found = granularities.get(name);
  if (found === undefined) throw new Error(name);
  return found;
};

test("the tick is as fine as the finest price of the file", () => {
  const path = pathOf([three]);
  expect(path.decimals(btc)).toBe(2);
  expect(priceAt(path, btc, millis(T0))?.toFixed()).toBe("100.5");
});

test("the shorter candles of an hour make up the hour", () => {
  const path = pathOf([three]);
  for (const name of ["1m", "3m", "5m", "15m", "30m", "1H"]) {
    const candles = closedCandles(path, {
      symbol: btc,
      granularity: granularity(name),
      from: millis(T0 + HOUR),
      to: millis(T0 + 2 * HOUR),
      limit: 1_000,
      now: millis(T0 + 3 * HOUR),
    });
    expect(candles).toHaveLength(HOUR / granularity(name).lengthMs);
    expect(candles[0]?.open).toBe(10_000);
    expect(Math.max(...candles.map(({ high }) => high))).toBe(10_500);
    expect(Math.min(...candles.map(({ low }) => low))).toBe(10_000);
    expect(candles.at(-1)?.close).toBe(10_475);
    expect(candles.reduce((sum, { volume }) => sum + volume, 0)).toBeCloseTo(20, 9);
  }
});

test("a longer candle comes from its own file where there is one", () => {
  const fourHours: Recording = {
    file: "BTCUSDT_4h.csv",
    lengthMs: 4 * HOUR,
    text: `${header}\n${T0 - 4 * HOUR},90,101,80,100,7\n${T0},100,110,80,91,77`,
  };
  const query = {
    symbol: btc,
    granularity: granularity("4H"),
    from: millis(0),
    to: millis(T0 + 4 * HOUR),
    limit: 10,
    now: millis(T0 + 4 * HOUR),
  };
  const own = closedCandles(pathOf([three, fourHours]), query);
  expect(own.map(({ volume }) => volume)).toEqual([7, 77]);
  const four = hourly(...three.text.split("\n").slice(1), `${T0 + 3 * HOUR},91,92,91,91,3`);
  const made = closedCandles(pathOf([four]), query);
  expect(made.map(({ volume }) => volume)).toEqual([63]);
});

test("the finest file that knows the wanted instant says what trades", () => {
  const minutes: Recording = {
    file: "BTCUSDT_1m.csv",
    lengthMs: 60_000,
    text: `${header}\n${T0 + HOUR},200,200,200,200,1\n${T0 + HOUR + 60_000},200,201,199,200,1`,
  };
  expect(priceAt(pathOf([three, minutes], T0 + HOUR), btc, millis(T0 + HOUR))?.toFixed()).toBe(
    "200",
  );
  expect(priceAt(pathOf([three, minutes]), btc, millis(T0 + HOUR))?.toFixed()).toBe("100");
});

test("nothing is known before the start, and the last price stays after the end", () => {
  const path = pathOf([three]);
  expect(path.ticksAt(btc, millis(T0 - 1))).toBeUndefined();
  expect(path.end).toBe(T0 + 3 * HOUR);
  expect(path.ticksAt(btc, millis(T0 + 9 * HOUR))).toBe(9_100);
  expect(currentCandle(path, btc, granularity("1H"), millis(T0 + 9 * HOUR))).toBeUndefined();
});

test("a candle that is forming holds only what has happened", () => {
  const path = pathOf([three]);
  const forming = currentCandle(path, btc, granularity("1H"), millis(T0 + HOUR + 30_500));
  // Half a minute in, the price still holds at the open.
  expect(forming).toMatchObject({ open: 10_000, high: 10_000, low: 10_000, close: 10_000 });
  expect(forming?.volume).toBeCloseTo((20 * 31) / 3_600, 9);
});

test("the candle with which a session begins holds for ten minutes, any other for one", () => {
  const path = pathOf([three], T0 + HOUR);
  const moved = (from: number) => {
    const open = path.ticksAt(btc, millis(from));
    const seconds = Array.from({ length: 3_600 }, (_, second) => second);
    return seconds.find((second) => path.ticksAt(btc, millis(from + second * 1_000)) !== open);
  };
  expect(moved(T0 + HOUR)).toBeGreaterThanOrEqual(600);
  expect(moved(T0 + 2 * HOUR)).toBeGreaterThanOrEqual(60);
  expect(moved(T0 + 2 * HOUR)).toBeLessThan(600);
});

test("a hole in the file is a price that stood still", () => {
  const path = pathOf([hourly(`${T0},100,101,99,100,1`, `${T0 + 3 * HOUR},110,111,109,110,1`)]);
  expect(path.ticksAt(btc, millis(T0 + 2 * HOUR))).toBe(100);
  expect(path.aggregate(btc, millis(T0), millis(T0 + 4 * HOUR))).toMatchObject({ high: 111 });
});

test.each([
  [[hourly("1,2,3")], "BTCUSDT_1h.csv line 2: six fields are wanted, this line has 3"],
  [[hourly(`${T0},1,2,3,x,1`)], "BTCUSDT_1h.csv line 2: every field must be a number"],
  [[hourly(`${T0},1,2,1.5,1.5,1`)], "open and close must lie between low 1.5 and high 2"],
  [[hourly(`${T0},0,2,0,1,1`)], "prices must be positive"],
  [[hourly(`${T0},1,2,1,1,1`, `${T0},1,2,1,1,1`)], "line 3: timestamp"],
  [[hourly(`${T0},1.12345678901,2,1,1,1`)], "a price has 11 decimals"],
  [[{ ...three, text: "a,b" }], `line 1: the header must be ${header}`],
  [[{ ...three, text: header }], "there is no candle in it"],
])("a file that cannot be right is refused with its place: %#", (recordings, sentence) => {
  expect(problem(recordings)).toContain(sentence);
});

test("an instant that no file knows is refused with what there is", () => {
  expect(problem([three], T0 + 3 * HOUR)).toBe(
    "no file of candles covers 2021-12-04T03:00:00.000Z: there is BTCUSDT_1h.csv 2021-12-04T00:00:00.000Z to 2021-12-04T03:00:00.000Z",
  );
});

const golden = join(processEnv()["GOLDEN_DIR"] ?? "../shared/golden", "public", "data");

test("real candles come back as they were recorded", () => {
  if (!existsSync(golden)) return void process.stdout.write(`skipped: no ${golden}\n`);
  const recordings = readRecordings(golden);
  if (!recordings.ok) throw new Error(recordings.error);
  const path = pathOf(recordings.value);
  expect(path.symbols).toEqual(["BTCUSDT", "ETHUSDT", "SOLUSDT", "XRPUSDT"]);
  for (const symbol of path.symbols) {
    const file = recordings.value.find((recording) => recording.file === `${symbol}_1h.csv.gz`);
    const rows = (file?.text ?? "")
      .trim()
      .split("\n")
      .slice(1)
      .map((row) => row.split(",").map(Number));
    const decimals = path.decimals(symbol);
    for (const [at = 0, ...recorded] of rows.slice(780, 830)) {
      // Through the samples, second by second: an aggregate of the hour would be the record itself.
      const ticks = Array.from({ length: 3_600 }, (_, second) =>
        path.ticksAt(symbol, millis(at + second * 1_000)),
      ).map((value) => ticksToNumber(value ?? NaN, decimals));
      const [open, high, low, close] = recorded;
      expect([ticks[0], Math.max(...ticks), Math.min(...ticks), ticks.at(-1)]).toEqual([
        open,
        high,
        low,
        close,
      ]);
    }
  }
});
