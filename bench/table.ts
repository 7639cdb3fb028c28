/** What benchmarks report: samples in, one row out, as a table for people or as JSON for programs. */

export type Row = {
  readonly name: string;
  readonly unit: "ms" | "MB" | "count";
  readonly samples: ReadonlyArray<number>;
  /** What a reader must know to repeat the figure, or to believe it. */
  readonly note?: string;
};

export type Report = {
  readonly benchmark: string;
  readonly question: string;
  readonly rows: ReadonlyArray<Row>;
};

const columns = ["", "n", "median", "p99", "min", "max", "unit", ""];

export const tableOf = ({ benchmark, question, rows }: Report): string => {
  const cells = [columns, ...rows.map(cellsOf)];
  const widths = columns.map((_, index) =>
    Math.max(...cells.map((row) => row[index]?.length ?? 0)),
  );
  const lines = cells.map((row) => `  ${row.map(pad(widths)).join("  ")}`.trimEnd());
  return [`${benchmark}: ${question}`, ...lines].join("\n");
};

/** Names to the left, figures to the right. */
const pad = (widths: ReadonlyArray<number>) => (cell: string, index: number) =>
  index === 0 || index > 5 ? cell.padEnd(widths[index] ?? 0) : cell.padStart(widths[index] ?? 0);

const cellsOf = (row: Row): ReadonlyArray<string> => {
  const { n, median, p99, min, max } = summary(row.samples);
  const figures = [median, p99, min, max].map((value) => value.toFixed(1));
  return [row.name, String(n), ...figures, row.unit, row.note ?? ""];
};

export const jsonOf = ({ benchmark, rows }: Report): string =>
  rows.map((row) => JSON.stringify({ benchmark, ...row, ...summary(row.samples) })).join("\n");

/** Of nothing measured, every figure is NaN: it must not look like zero. */
export const summary = (samples: ReadonlyArray<number>) => {
  const sorted = samples.toSorted((a, b) => a - b);
  return {
    n: sorted.length,
    median: quantile(sorted, 0.5),
    p99: quantile(sorted, 0.99),
    min: sorted[0] ?? NaN,
    max: sorted.at(-1) ?? NaN,
  };
};

/** The smallest sample that at least this share of all does not exceed. */
const quantile = (sorted: ReadonlyArray<number>, share: number): number =>
  sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? NaN;
