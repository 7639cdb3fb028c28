/**
 * The `scalp` command line: one program, one subcommand for each process and each question. Each
 * loads what it needs and no more: an executor that has read the emulator's code would pay for it.
 *
 * Data goes to stdout, everything else to stderr. Exit codes: 0 ok, 1 failed, 2 usage, 3 unhealthy,
 * 4 refused by a safety rule, 130 interrupted.
 */

import { tmpdir } from "node:os";
import { join } from "node:path";
import { Command, InvalidArgumentError, Option } from "@commander-js/extra-typings";
import { millis, type Millis } from "#base/clock.ts";
import { envWithFile, processEnv } from "#runtime/env.ts";
import { onShutdown } from "#runtime/shutdown.ts";
import { VERSION } from "#runtime/version.ts";
import { CONFIG_FOLDER } from "./root.ts";

const FAILED = 1;
const USAGE = 2;

const write = (text: string) => void process.stdout.write(`${text}\n`);
const say = (text: string) => void process.stderr.write(`${text}\n`);
const end = (code: number) => {
  process.exitCode = code;
};

const number = (text: string): number => {
  const value = Number(text);
  const isNumber = text.trim() !== "" && Number.isFinite(value);
  if (!isNumber) throw new InvalidArgumentError("a number is needed.");
  return value;
};

const positive = (text: string): number => {
  const value = number(text);
  if (value <= 0) throw new InvalidArgumentError("it must be greater than 0.");
  return value;
};

const port = (text: string): number => {
  const value = number(text);
  if (!Number.isInteger(value) || value < 0 || value > 65_535) {
    throw new InvalidArgumentError("a port is a whole number from 0 to 65535.");
  }
  return value;
};

/** `2021-12-04T00:00Z`, or epoch milliseconds. */
const instant = (text: string): Millis => {
  const value = /^\d+$/.test(text) ? Number(text) : Date.parse(text);
  if (Number.isNaN(value)) {
    throw new InvalidArgumentError("write a time such as 2021-12-04T00:00Z.");
  }
  return millis(value);
};

const units: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };

/** `60s`, `5m`, `2h`: milliseconds. */
const duration = (text: string): number => {
  const [, digits, unit] = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(text) ?? [];
  const unitMs = unit === undefined ? undefined : units[unit];
  const usage = "write a duration such as 60s, 5m or 2h.";
  if (unitMs === undefined) throw new InvalidArgumentError(usage);
  return Number(digits) * unitMs;
};

const home = (): string => {
  // A user of a container may have no home at all.
  const { SCALP_HOME, XDG_STATE_HOME, HOME = tmpdir() } = processEnv();
  return SCALP_HOME ?? join(XDG_STATE_HOME ?? join(HOME, ".local", "state"), "scalp");
};

const homeOption = () =>
  new Option("--home <dir>", "where sessions keep their state").default(home());
const formatOption = () => new Option("-o, --output <format>", "output format").choices(["json"]);
const seedOption = () => new Option("--seed <n>", "seed of the emulated prices").argParser(number);
const dataOption = () =>
  new Option("--data <dir>", "recorded candles (SYMBOL_1h.csv.gz) instead of made-up prices");
const fromOption = () => new Option("--from <time>", "session time to begin at").argParser(instant);
const speedOption = () =>
  new Option("--speed <n>", "how many times faster than the machine the session's clock runs");

export const createProgram = (): Command => {
  const program = new Command("scalp")
    .description("Live crypto strategies that can be trusted with money.")
    .version(VERSION)
    .showHelpAfterError("(scalp --help shows every command)")
    .exitOverride((error) => {
      process.exit(error.exitCode === 0 ? 0 : USAGE);
    });
  addUp(program);
  addEmulator(program);
  addQuestions(program);
  addProcesses(program);
  return program;
};

/** With it the demo tells a short story: an entry fills within seconds, and cycles close in minutes. */
const DEFAULT_SEED = 36;

const addUp = (program: Command): void => {
  program
    .command("up")
    .description("the whole system on this machine: emulator, operator, executors, page")
    .option("--dir <dir>", "manifests (default: ./strategies, else the demo's)")
    .addOption(dataOption())
    .addOption(fromOption())
    .addOption(seedOption().default(DEFAULT_SEED))
    .option("--for <duration>", "end by itself after this long, for example 60s", duration)
    .addOption(speedOption().argParser(positive))
    .option("--port <port>", "port of the page and the API", port, 8080)
    .addOption(
      new Option("--exchange <name>", "where to trade")
        .choices(["emulator", "bitget"])
        .default("emulator"),
    )
    .option("--balance <usdt>", "USDT in each emulated account", "10000")
    .addOption(homeOption())
    .addOption(formatOption())
    .action(async (options) => {
      if (options.exchange === "bitget" && (options.speed ?? 1) !== 1) {
        say("scalp up: --speed must be 1 on a real exchange");
        return end(USAGE);
      }
      const { runUp } = await import("./up/up.ts");
      const flags = { ...options, forMs: options.for, json: options.output === "json" };
      end(await runUp(flags, envWithFile(".env"), onShutdown()));
    });
};

const addEmulator = (program: Command): void => {
  program
    .command("emulator")
    .description("the Bitget emulator alone, for any client")
    .option("--host <host>", "address to listen on", "127.0.0.1")
    .option("--port <port>", "port to listen on", port, 8099)
    .addOption(dataOption())
    .addOption(fromOption())
    .addOption(seedOption())
    .addOption(speedOption().argParser(positive).default(1))
    .option(
      "--account <key:secret:passphrase:balance>",
      "an account; may be given several times",
      (value: string, all: ReadonlyArray<string>) => [...all, value],
      [],
    )
    .option("--state <dir>", "keep the books there; without it they are forgotten at the end")
    .action(async (options) => {
      const { runEmulatorProcess } = await import("./emulator.ts");
      end(await runEmulatorProcess(options, processEnv(), onShutdown()));
    });
};

const addQuestions = (program: Command): void => {
  program
    .command("validate")
    .description("what is wrong with manifests, as file:line:column; exit 1 if anything is")
    .argument("<files...>", "manifests, folders of them, or the fleet's own files")
    .action(async (files: string[]) => {
      const { validateFiles } = await import("./validate.ts");
      const { lines, problems } = validateFiles(files);
      for (const line of lines) write(line);
      end(problems.length === 0 ? 0 : FAILED);
    });
  program
    .command("get")
    .description("the strategies of the last session, as kubectl get shows them")
    .argument("[name]", "only this one")
    .addOption(homeOption())
    .addOption(formatOption())
    .action(async (name, options) => {
      const { getStrategies } = await import("./get.ts");
      end(getStrategies(name, options));
    });
  program
    .command("reset")
    .description("reset the kill switch of a strategy of the running session")
    .argument("<name>", "the strategy")
    .addOption(homeOption())
    .action(async (name, options) => {
      const { resetKillSwitch } = await import("./reset.ts");
      end(await resetKillSwitch(name, options));
    });
  program
    .command("import-env")
    .description("make Kubernetes Secrets of the exchange keys in an environment file")
    .argument("[file]", "the file", ".env")
    .option("--dir <dir>", "write a file for each Secret there, instead of all to stdout")
    .option("--namespace <name>", "namespace of the Secrets (default: none, kubectl's word counts)")
    .option("--show", "print keys even where stdout is a terminal")
    .option("--force", "write over files that are there")
    .action(async (file, options) => {
      const { importEnv } = await import("./import-env/import-env.ts");
      const isTerminal = process.stdout.isTTY;
      end(importEnv({ isTerminal, write, say }, file, options));
    });
  program
    .command("golden")
    .description("hold the implementation against recorded vectors")
    .argument("<dir>", "folder of vector files")
    .action(async (folder: string) => {
      const { runGolden } = await import("./golden/run.ts");
      const { failed } = await runGolden(folder, write);
      end(failed === 0 ? 0 : FAILED);
    });
};

const addProcesses = (program: Command): void => {
  program
    .command("operator")
    .description("the operator on a Kubernetes cluster (environment: docs/operations.md)")
    .action(async () => {
      const { loadFleetConfig } = await import("#operator/local/manifests.ts");
      const { runOperatorProcess } = await import("#operator/main.ts");
      const env = processEnv();
      const fleet = loadFleetConfig(env["SCALP_CONFIG_DIR"] ?? CONFIG_FOLDER, CONFIG_FOLDER);
      end(await runOperatorProcess(env, { fleet }, onShutdown()));
    });
  program
    .command("executor")
    .description("one executor (its environment is described in docs/operations.md)")
    .action(async () => {
      const { runExecutorProcess } = await import("#executor/main.ts");
      end(await runExecutorProcess(processEnv(), onShutdown()));
    });
  program
    .command("aggregator")
    .description("merged status, API, metrics and page (environment as above)")
    .action(async () => {
      const { runAggregatorProcess } = await import("./aggregator.ts");
      end(await runAggregatorProcess(processEnv(), onShutdown()));
    });
};

await createProgram().parseAsync(process.argv);
// Sockets of libraries may linger; everything of ours has ended in order by now.
process.exit();
