/** Who still runs for a control plane: every process that runs in its folder or names it. */

import { globSync, readFileSync, readlinkSync } from "node:fs";

export const processesOf = (folder: string): ReadonlyArray<number> =>
  globSync("/proc/[0-9]*")
    .filter((process) => isOf(folder, process))
    .map((process) => Number(process.slice("/proc/".length)));

/** A process that has ended meanwhile is of nobody. */
const isOf = (folder: string, process: string): boolean => {
  try {
    const names = readFileSync(`${process}/cmdline`, "utf8").split("\0");
    return names.includes(folder) || readlinkSync(`${process}/cwd`).startsWith(folder);
  } catch {
    return false;
  }
};

export const isStopped = (pid: number): boolean =>
  /^State:\tT/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
