/**
 * `npm run bench [NAME] [-- --json]`: the figures of docs/benchmarks.md, measured again.
 *
 * Each starts real sessions on this machine and takes minutes; another program that keeps a core busy
 * shows up in them.
 */

import { Argument, Command, InvalidArgumentError } from "@commander-js/extra-typings";
import { benchMemory } from "./memory.ts";
import { benchOperator } from "./operator.ts";
import { benchOrder } from "./order.ts";
import { benchStart } from "./start.ts";
import { jsonOf, tableOf } from "./table.ts";

const ORDER_MS = 150_000;

const benchmarks = {
  start: ({ runs }) => benchStart(runs),
  memory: ({ runs }) => benchMemory(runs),
  order: () => benchOrder(ORDER_MS),
  operator: benchOperator,
} satisfies Record<string, (options: Options) => Promise<unknown>>;

type Options = { readonly runs: number; readonly resources: number; readonly alone: boolean };

const names = ["start", "memory", "order", "operator"] as const;

const count = (text: string): number => {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError("a count is needed.");
  return value;
};

await new Command("bench")
  .addArgument(new Argument("[name]", "only this one").choices(names))
  .option("--runs <n>", "how often each start is repeated", count, 5)
  .option("--resources <n>", "operator: how many are created at once", count, 1_000)
  .option("--alone", "operator: without its peers", false)
  .option("--json", "one JSON object a row, for programs", false)
  .action(async (only, { runs, resources, alone, json }) => {
    for (const name of only === undefined ? names : [only]) {
      const report = await benchmarks[name]({ runs, resources, alone });
      process.stdout.write(`${json ? jsonOf(report) : tableOf(report)}\n\n`);
    }
  })
  .parseAsync(process.argv);
