import { afterAll, expect, test } from "@jest/globals";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { gzipSync } from "node:zlib";
import { processEnv } from "#runtime/env.ts";
import { runGolden } from "./run.ts";

const folders: string[] = [];
afterAll(() => folders.forEach((folder) => rmSync(folder, { recursive: true, force: true })));

const closes = [1, 2, 3, 4];
const csv = [
  "timestamp,open,high,low,close,volume",
  ...closes.map((close, row) => `${row * 3_600_000},${close},${close},${close},${close},1`),
].join("\n");

const series = {
  schema: "golden/indicators/1",
  data: { file: "data/ANY_1h.csv.gz", timeframe: "1h" },
  indices: null,
  params: { sma_2: { fn: "sma", input: "close", period: 2 } },
  series: { sma_2: [null, 1.5, 2.5, 3.5] },
};

/** A half with the data above and the given vector files. */
const half = (vectors: Readonly<Record<string, unknown>>): string => {
  const folder = mkdtempSync(join(tmpdir(), "golden-"));
  folders.push(folder);
  mkdirSync(join(folder, "other", "data"), { recursive: true });
  mkdirSync(join(folder, "other", "vectors"));
  writeFileSync(join(folder, "other", "data", "ANY_1h.csv.gz"), gzipSync(csv));
  for (const [name, content] of Object.entries(vectors)) {
    const bytes = content instanceof Uint8Array ? content : gzipSync(JSON.stringify(content));
    writeFileSync(join(folder, "other", "vectors", `${name}.json.gz`), bytes);
  }
  return folder;
};

const run = async (folder: string) => {
  const lines: string[] = [];
  const totals = await runGolden(folder, (line) => lines.push(line));
  return { lines, totals };
};

test("values that agree are counted one by one", async () => {
  const { lines, totals } = await run(half({ indicators_any: series }));
  expect(totals).toEqual({ passed: 4, failed: 0, skipped: 0 });
  expect(lines).toEqual([
    "other/vectors/indicators_any: 4 passed, 0 failed, 0 skipped",
    "4 passed, 0 failed",
  ]);
});

test("a value that does not agree is shown with its file, series and row", async () => {
  const wrong = { ...series, series: { sma_2: [null, 1.5, 2.500_001, 3.5] } };
  const { lines, totals } = await run(half({ indicators_any: wrong }));
  expect(totals).toEqual({ passed: 3, failed: 1, skipped: 0 });
  expect(lines[1]).toBe("  other/vectors/indicators_any sma_2 row 2: expected 2.500001, got 2.5");
});

test("only rows that are named are compared, each with its own", async () => {
  const sampled = { ...series, indices: [0, 3], series: { sma_2: [null, 3.5] } };
  expect((await run(half({ indicators_any: sampled }))).totals.passed).toBe(2);
});

test("what has no definition or no checker is skipped and says so", async () => {
  const unknown = { ...series, params: { sma_2: { fn: "astrology" } } };
  const { lines, totals } = await run(half({ a: unknown, b: { schema: "golden/run_moon/1" } }));
  expect(totals).toEqual({ passed: 0, failed: 0, skipped: 5 });
  expect(lines).toEqual([
    "other/vectors/a: 0 passed, 0 failed, 4 skipped (no definition of astrology: 4)",
    "other/vectors/b: 0 passed, 0 failed, 1 skipped (not built yet: 1)",
    "0 passed, 0 failed, 5 skipped",
  ]);
});

test("a strategy that is not built counts each of its cases as skipped", async () => {
  const record = { i: 0, ts: 0, indicators: {} };
  const flat = { positions: [], levels: [], close: null, tp: null, sl: null };
  const { data } = series;
  const runs = [
    { variant: "v", symbol: "S", data, params: {}, records: [{ ...record, cases: [flat, flat] }] },
  ];
  const vectors = { schema: "golden/grid_strategy/1", strategy: "grid_of_tomorrow", runs };
  expect((await run(half({ grid: vectors }))).totals).toEqual({ passed: 0, failed: 0, skipped: 2 });
});

test.each([
  ["a file that is not gzip", new Uint8Array([1, 2, 3])],
  ["a file that lacks what its schema promises", { schema: "golden/indicators/1" }],
  ["data that is not there", { ...series, data: { ...series.data, file: "data/NONE.csv.gz" } }],
])("%s fails and does not stop the others", async (_, content) => {
  const { lines, totals } = await run(half({ a: content, b: series }));
  expect(totals).toEqual({ passed: 4, failed: 1, skipped: 0 });
  expect(lines[1]).toMatch(/^ {2}other\/vectors\/a .*: expected a vector file, got /);
});

test("JSON without a schema is no vector file, and a folder without any fails", async () => {
  const folder = half({ manifest: { half: "other" } });
  const { lines, totals } = await run(folder);
  expect(totals).toEqual({ passed: 0, failed: 1, skipped: 0 });
  expect(lines).toEqual([`no vector files below ${folder}`, "0 passed, 1 failed"]);
});

const goldenDirectory = resolve(processEnv()["GOLDEN_DIR"] ?? "../shared/golden");

test("the implementation agrees with the recorded vectors", async () => {
  if (!existsSync(goldenDirectory)) {
    process.stderr.write(`skipped: no recorded vectors in ${goldenDirectory}; set GOLDEN_DIR\n`);
    return;
  }
  const { lines, totals } = await run(goldenDirectory);
  expect(lines.filter((line) => line.startsWith("  "))).toEqual([]);
  expect(totals.failed).toBe(0);
  expect(totals.passed).toBeGreaterThan(0);
});
