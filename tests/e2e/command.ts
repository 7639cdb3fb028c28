/** Runs a program of the machine to its end and answers what it said. */

import { execFile } from "node:child_process";

/** Images of a hundred megabytes are copied several times. */
const TIMEOUT_MS = 300_000;
const OUTPUT_MAX_BYTES = 32 * 1_024 * 1_024;

/** Rejects with the program's own words. */
export const run = (program: string, args: ReadonlyArray<string>): Promise<string> =>
  new Promise((resolve, reject) => {
    const options = { timeout: TIMEOUT_MS, maxBuffer: OUTPUT_MAX_BYTES, cwd: "/" };
    execFile(program, args, options, (error, stdout, stderr) => {
      if (error === null) return resolve(stdout);
      reject(
        new Error(`${[program, ...args].join(" ")}:\n${stderr === "" ? error.message : stderr}`),
      );
    });
  });
