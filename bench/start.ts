/** How long a user waits: from `scalp up` to the first status, and to the first that trades. */

import { isAnswering, newHome, startSession, type Program } from "./session.ts";
import type { Report } from "./table.ts";

export const benchStart = async (runs: number): Promise<Report> => {
  const rows = [];
  for (const program of ["sources", "bundle"] as const) {
    const cold: Times[] = [];
    const warm: Times[] = [];
    for (let run = 0; run < runs; run += 1) {
      const home = newHome();
      cold.push(await timeStart(program, home));
      warm.push(await timeStart(program, home));
    }
    rows.push(...rowsOf(program, "new home", cold), ...rowsOf(program, "goes on", warm));
  }
  return { benchmark: "start", question: "scalp up to …", rows };
};

type Times = { readonly firstStatus: number; readonly executor: number; readonly trading: number };

const timeStart = async (program: Program, home: string): Promise<Times> => {
  const session = startSession(program, home);
  await session.until(({ event }) => event === "strategies");
  const firstStatus = session.since();
  await session.until(({ strategies }) => strategies.some(isAnswering));
  const executor = session.since();
  await session.until(({ strategies }) => strategies.some(({ reason }) => reason === "Trading"));
  const trading = session.since();
  await session.end();
  return { firstStatus, executor, trading };
};

const rowsOf = (program: Program, home: string, times: ReadonlyArray<Times>) =>
  [
    ["first status line", times.map(({ firstStatus }) => firstStatus)] as const,
    ["executor's first status", times.map(({ executor }) => executor)] as const,
    ["reconciled and trading", times.map(({ trading }) => trading)] as const,
  ].map(([what, samples]) => ({
    name: `${program}, ${home}: ${what}`,
    unit: "ms" as const,
    samples,
  }));
