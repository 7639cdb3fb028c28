/**
 * Counts what agreed and keeps the first few that did not.
 *
 * Numbers agree within 1e-9 of the larger one, or of a scale that the caller names: a difference of
 * two large numbers is only as exact as they are. `NaN`, `null` and `undefined` are all "none".
 */

export type Value = number | string | null | undefined;

export type Comparison = {
  readonly what: string;
  readonly expected: Value;
  readonly got: Value;
  readonly scale?: number;
};

export type Report = {
  readonly passed: number;
  readonly failed: number;
  /** Number of cases by the reason for not checking them. */
  readonly skipped: ReadonlyMap<string, number>;
  /** Remarks on how cases were checked, with their number. */
  readonly notes: ReadonlyMap<string, number>;
  readonly mismatches: ReadonlyArray<Mismatch>;
};

type Mismatch = {
  readonly where: string;
  readonly row: number | undefined;
  readonly expected: string;
  readonly got: string;
};

export type Tally = {
  /** One case: it passes when every comparison agrees. */
  readonly settle: (
    where: string,
    row: number | undefined,
    comparisons: ReadonlyArray<Comparison>,
  ) => void;
  readonly skip: (reason: string, count?: number) => void;
  readonly note: (remark: string) => void;
  readonly report: () => Report;
};

const TOLERANCE = 1e-9;
const MISMATCHES_KEPT = 5;

export const createTally = (): Tally => {
  let passed = 0;
  let failed = 0;
  const skipped = new Map<string, number>();
  const notes = new Map<string, number>();
  const mismatches: Mismatch[] = [];
  return {
    settle: (where, row, comparisons) => {
      const wrong = comparisons.filter((comparison) => !agrees(comparison));
      if (wrong.length === 0) passed += 1;
      else failed += 1;
      for (const { what, expected, got } of wrong) {
        if (mismatches.length >= MISMATCHES_KEPT) break;
        const place = what === "" ? where : `${where} ${what}`;
        mismatches.push({ where: place, row, expected: shown(expected), got: shown(got) });
      }
    },
    skip: (reason, count = 1) => void skipped.set(reason, (skipped.get(reason) ?? 0) + count),
    note: (remark) => void notes.set(remark, (notes.get(remark) ?? 0) + 1),
    report: () => ({ passed, failed, skipped, notes, mismatches }),
  };
};

const agrees = ({ expected, got, scale = 0 }: Comparison): boolean => {
  const [a, b] = [present(expected), present(got)];
  if (typeof a !== "number" || typeof b !== "number") return a === b;
  if (a === b) return true;
  if (!Number.isFinite(a) || !Number.isFinite(b)) return false;
  return Math.abs(a - b) <= TOLERANCE * Math.max(Math.abs(a), Math.abs(b), scale);
};

const present = (value: Value): number | string | undefined =>
  value === null || (typeof value === "number" && Number.isNaN(value)) ? undefined : value;

const shown = (value: Value): string => String(present(value) ?? "none");
