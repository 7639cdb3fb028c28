/**
 * `scalp golden DIR`: every vector file below a folder against the implementation, a line for each.
 *
 * Nothing in here knows a symbol, a period or a count: a file says what it is by its schema, and
 * what it holds is what gets checked. A family that is not built yet counts as skipped and says so;
 * a file that cannot be read counts as failed, and so does a folder without any.
 */

import { z } from "zod";
import { checkExecutorHelpers } from "./executor-helpers.ts";
import { checkGrid } from "./grid.ts";
import { checkIncremental } from "./incremental.ts";
import { checkIndicators } from "./indicators.ts";
import { checkIndicatorsEdge } from "./indicators-edge.ts";
import { checkResample } from "./resample.ts";
import { checkRiskManager } from "./risk.ts";
import { createTally, type Report, type Tally } from "./tally.ts";
import {
  createCandleSource,
  findVectors,
  readVectors,
  type CandleSource,
  type VectorFile,
} from "./vectors.ts";

export type GoldenTotals = {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
};

export const runGolden = async (
  directory: string,
  write: (line: string) => void,
): Promise<GoldenTotals> => {
  let totals: GoldenTotals = { passed: 0, failed: 0, skipped: 0 };
  for (const file of await findVectors(directory)) {
    const report = await checkFile(file);
    if (report === undefined) continue;
    for (const line of linesOf(file.name, report)) write(line);
    totals = {
      passed: totals.passed + report.passed,
      failed: totals.failed + report.failed,
      skipped: totals.skipped + sumOf(report.skipped),
    };
  }
  if (totals.passed + totals.failed + totals.skipped === 0) {
    write(`no vector files below ${directory}`);
    totals = { ...totals, failed: 1 };
  }
  const { passed, failed, skipped } = totals;
  write(`${passed} passed, ${failed} failed${skipped === 0 ? "" : `, ${skipped} skipped`}`);
  return totals;
};

type Checker = (content: unknown, candlesOf: CandleSource, tally: Tally) => Promise<void> | void;

const checkers: Readonly<Record<string, Checker>> = {
  "golden/indicators/1": checkIndicators,
  "golden/indicators_edge/1": checkIndicatorsEdge,
  "golden/incremental/1": checkIncremental,
  "golden/resample/1": checkResample,
  "golden/grid_strategy/1": checkGrid,
  "golden/risk/1": (content, _candlesOf, tally) => checkRiskManager(content, tally),
  "golden/executor_helpers/1": (content, _candlesOf, tally) => checkExecutorHelpers(content, tally),
};

const identified = z.object({ schema: z.string() });

/** `undefined` for JSON that is no vector file. */
const checkFile = async ({ path }: VectorFile): Promise<Report | undefined> => {
  const tally = createTally();
  try {
    const content = await readVectors(path);
    const named = identified.safeParse(content);
    if (!named.success) return undefined;
    const check = checkers[named.data.schema];
    if (check === undefined) tally.skip("not built yet");
    else await check(content, createCandleSource(path), tally);
  } catch (cause) {
    const got = cause instanceof z.ZodError ? z.prettifyError(cause) : String(cause);
    tally.settle(path, undefined, [{ what: "", expected: "a vector file", got }]);
  }
  return tally.report();
};

const linesOf = (name: string, report: Report): ReadonlyArray<string> => {
  const { passed, failed, skipped, notes, mismatches } = report;
  const counts = `${passed} passed, ${failed} failed, ${sumOf(skipped)} skipped`;
  const remarks = [...skipped, ...notes].map(([text, count]) => `${text}: ${count}`).join("; ");
  return [
    `${name}: ${counts}${remarks === "" ? "" : ` (${remarks})`}`,
    ...mismatches.map(({ where, row, expected, got }) => {
      const place = row === undefined ? where : `${where} row ${row}`;
      return `  ${name} ${place}: expected ${expected}, got ${got}`;
    }),
  ];
};

const sumOf = (counts: ReadonlyMap<string, number>): number =>
  [...counts.values()].reduce((sum, count) => sum + count, 0);
