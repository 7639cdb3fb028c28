/**
 * What an executor holds in memory while it trades, as the kernel counts it.
 *
 * Resident includes the pages of the Node binary that every process of the machine shares; the
 * proportional size divides those by their users. Anonymous is what the process itself has taken, and
 * the heap is the part of it that JavaScript values are in.
 */

import { sleep } from "#base/clock.ts";
import { systemClock } from "#runtime/clock.ts";
import {
  findExecutor,
  newHome,
  readMetrics,
  readProc,
  startSession,
  type Program,
} from "./session.ts";
import type { Report } from "./table.ts";

/** Twelve minutes of the session at sixty times the machine's speed. */
const TRADE_MS = 12_000;

export const benchMemory = async (runs: number): Promise<Report> => {
  const rows = [];
  for (const program of ["sources", "bundle"] as const) {
    const samples: Memory[] = [];
    for (let run = 0; run < runs; run += 1) samples.push(await measure(program));
    const row = (part: keyof Memory, name: string) => ({
      name: `${program}: ${name}`,
      unit: "MB" as const,
      samples: samples.map((sample) => sample[part]),
    });
    rows.push(
      row("resident", "resident (VmRSS)"),
      row("peak", "most ever resident (VmHWM)"),
      row("proportional", "proportional (Pss)"),
      row("anonymous", "of it anonymous"),
      row("file", "of it files: the Node binary"),
      row("heap", "JavaScript heap in use"),
    );
  }
  return { benchmark: "memory", question: "executor after 12 s of trading", rows };
};

type Memory = Readonly<
  Record<"resident" | "peak" | "proportional" | "anonymous" | "file" | "heap", number>
>;

const measure = async (program: Program): Promise<Memory> => {
  const session = startSession(program, newHome());
  const executor = await findExecutor(session);
  await sleep(systemClock, TRADE_MS);
  const status = readProc(executor.pid, "status");
  const rollup = readProc(executor.pid, "smaps_rollup");
  const [heap] = await readMetrics(executor, "nodejs_heap_size_used_bytes");
  await session.end();
  return {
    resident: megabytes(status, "VmRSS"),
    peak: megabytes(status, "VmHWM"),
    proportional: megabytes(rollup, "Pss"),
    anonymous: megabytes(status, "RssAnon"),
    file: megabytes(status, "RssFile"),
    heap: (heap?.[1] ?? NaN) / 2 ** 20,
  };
};

/** The kernel's kB are 1024 bytes. */
const megabytes = (text: string, name: string): number =>
  Number(new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(text)?.[1] ?? NaN) / 1_024;
