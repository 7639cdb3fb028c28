/**
 * Everything that must be true, in order of cost: `make test`. Prints one line a stage and ends with
 * `N passed, N failed, N skipped`: tests are counted one by one, a check of the sources as one.
 */

import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { systemClock } from "#runtime/clock.ts";
import { processEnv } from "#runtime/env.ts";

type Tally = { readonly passed: number; readonly failed: number; readonly skipped: number };

type Stage = { readonly name: string; readonly run: () => Tally };

const results = mkdtempSync(join(tmpdir(), "scalp-test-"));

/** A stage that hangs has failed; what comes after it is still worth knowing. */
const STAGE_TIMEOUT_MS = 30 * 60_000;

const run = (command: string, args: ReadonlyArray<string>): boolean =>
  spawnSync(command, args, {
    stdio: ["ignore", "inherit", "inherit"],
    timeout: STAGE_TIMEOUT_MS,
  }).status === 0;

/** A stage whose exit code is its answer. */
const check = (name: string, ...command: ReadonlyArray<string>): Stage => ({
  name,
  run: () =>
    run("npm", ["run", "--silent", ...command])
      ? { passed: 1, failed: 0, skipped: 0 }
      : { passed: 0, failed: 1, skipped: 0 },
});

const jestReport = z.object({
  numPassedTests: z.int(),
  numFailedTests: z.int(),
  numPendingTests: z.int(),
  numRuntimeErrorTestSuites: z.int(),
});

/** Tests, counted from jest's own report; one that ends without a report has failed. */
const jest = (name: string, ...flags: ReadonlyArray<string>): Stage => ({
  name,
  run: () => {
    const outputFile = join(results, `${name}.json`);
    const report = ["--json", `--outputFile=${outputFile}`];
    const isOk = run("npm", ["run", "--silent", "jest", "--", ...report, ...flags]);
    if (!existsSync(outputFile)) return { passed: 0, failed: 1, skipped: 0 };
    const counts = jestReport.parse(JSON.parse(readFileSync(outputFile, "utf8")));
    const failed = counts.numFailedTests + counts.numRuntimeErrorTestSuites;
    return {
      passed: counts.numPassedTests,
      failed: isOk ? failed : Math.max(1, failed),
      skipped: counts.numPendingTests,
    };
  },
});

/** Processes, control planes and a browser share two cores badly: those tests run one file at a time. */
const stages: ReadonlyArray<Stage> = [
  check("format", "format"),
  check("types", "types"),
  check("lint", "lint"),
  check("dead code", "dead"),
  jest("unit", "--selectProjects=unit"),
  jest("cluster", "--selectProjects=cluster", "--runInBand"),
  jest("e2e", "--selectProjects=e2e", "--runInBand"),
  jest("system", "--selectProjects=system", "--runInBand"),
];

const sum = (a: Tally, b: Tally): Tally => ({
  passed: a.passed + b.passed,
  failed: a.failed + b.failed,
  skipped: a.skipped + b.skipped,
});

const counts = ({ passed, failed, skipped }: Tally): string =>
  `${passed} passed, ${failed} failed, ${skipped} skipped`;

const runAll = (): Tally => {
  let total: Tally = { passed: 0, failed: 0, skipped: 0 };
  for (const stage of stages) {
    const started = systemClock.elapsed();
    const tally = stage.run();
    const seconds = ((systemClock.elapsed() - started) / 1_000).toFixed(1);
    process.stderr.write(`== ${stage.name}: ${counts(tally)} (${seconds} s)\n`);
    total = sum(total, tally);
  }
  return total;
};

const total = runAll();
process.stdout.write(`${counts(total)}\n`);
// A test that cannot run here is a failure where everything is meant to run.
const isSkipFatal = processEnv()["CI"] === "true" && total.skipped > 0;
process.exitCode = total.failed > 0 || isSkipFatal ? 1 : 0;
