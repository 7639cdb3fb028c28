/**
 * The documents, held against the program: a command that is shown exists, with its flags; a link
 * leads somewhere; a dependency has its line. `tests/system/docs.test.ts` runs what is marked.
 */

import { expect, test } from "@jest/globals";
import { spawnSync } from "node:child_process";
import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { z } from "zod";
import {
  anchorsOf,
  blocksOf,
  commandsOf,
  linksOf,
  wordsOf,
  type Command,
} from "./docs-markdown.ts";

const documents = ["README.md", "CHANGELOG.md", ...globSync("docs/**/*.md")].map((path) => ({
  path,
  text: readFileSync(path, "utf8"),
}));

const named = z.record(z.string(), z.unknown()).default({});
const manifest = z
  .object({
    scripts: named,
    dependencies: named,
    devDependencies: named,
    optionalDependencies: named,
  })
  .parse(JSON.parse(readFileSync("package.json", "utf8")));

const targets = new Set(
  [...readFileSync("Makefile", "utf8").matchAll(/^([a-z][\w-]*):/gm)].map(([, name]) => name ?? ""),
);

/** What a shell line may begin with beside the programs that are looked into. */
const plainPrograms = new Set(["cd", "cp", "curl", "git", "helm", "kind", "kubectl", "mkdir"]);

const helpOf = (args: ReadonlyArray<string>): string => {
  const known = helps.get(args.join(" "));
  if (known !== undefined) return known;
  const { stdout } = spawnSync(process.execPath, ["cli/main.ts", ...args, "--help"], {
    encoding: "utf8",
  });
  helps.set(args.join(" "), stdout);
  return stdout;
};
const helps = new Map<string, string>();

const subcommands = (): ReadonlySet<string> =>
  new Set([...helpOf([]).matchAll(/^ {2}([a-z][a-z-]*)\b/gm)].map(([, name]) => name ?? ""));

const flagsOf = (subcommand: string): ReadonlySet<string> =>
  new Set(
    helpOf([subcommand])
      .split("\n")
      .filter((line) => /^ +-/.test(line))
      .flatMap((line) => line.match(/(?<=[ ,])--?[a-z][\w-]*/g) ?? []),
  );

const scalpProblems = ([subcommand, ...args]: ReadonlyArray<string>): ReadonlyArray<string> => {
  if (subcommand === undefined || subcommand.startsWith("-")) return [];
  if (!subcommands().has(subcommand)) return [`scalp has no command ${subcommand}`];
  const flags = flagsOf(subcommand);
  return args
    .filter((word) => word.startsWith("-"))
    .map((word) => word.replace(/=.*$/, ""))
    .filter((flag) => !flags.has(flag))
    .map((flag) => `scalp ${subcommand} has no flag ${flag}`);
};

const makeProblems = (args: ReadonlyArray<string>): ReadonlyArray<string> =>
  args.flatMap((word) => {
    const [, passed] = /^ARGS=["']?(.*?)["']?$/.exec(word) ?? [];
    if (passed !== undefined) return scalpProblems(["up", ...wordsOf(passed)]);
    return targets.has(word) ? [] : [`the Makefile has no target ${word}`];
  });

const npmProblems = ([verb, script]: ReadonlyArray<string>): ReadonlyArray<string> =>
  verb !== "run" || (script !== undefined && script in manifest.scripts)
    ? []
    : [`package.json has no script ${script}`];

const problemsOf = ({ program, args }: Command): ReadonlyArray<string> => {
  const [first = "", ...others] = args;
  if (program === "make") return makeProblems(args);
  if (program === "npm") return npmProblems(args);
  if (program === "npx" && first === "scalp") return scalpProblems(others);
  if (program === "node" && first.startsWith("cli/")) {
    return existsSync(first) ? scalpProblems(others) : [`there is no ${first}`];
  }
  return plainPrograms.has(program) ? [] : [`${program} ${first} is not a command of this project`];
};

const blockProblems = (path: string, text: string): ReadonlyArray<string> =>
  blocksOf(text)
    .filter(({ info }) => /^sh\b/.test(info))
    .flatMap(({ line, lines }) =>
      lines.flatMap((words, index) =>
        commandsOf(words)
          .flatMap(problemsOf)
          .map((problem) => `${path}:${line + index} ${problem}`),
      ),
    );

const linkProblems = (path: string, text: string): ReadonlyArray<string> =>
  linksOf(text)
    .filter((target) => !/^[a-z]+:/.test(target))
    .flatMap((target) => {
      const [file = "", anchor] = target.split("#");
      const found = file === "" ? path : join(dirname(path), file);
      if (!existsSync(found)) return [`${path}: ${target} leads nowhere`];
      const isKnown =
        anchor === undefined || anchorsOf(readFileSync(found, "utf8")).includes(anchor);
      return isKnown ? [] : [`${path}: ${target} names no heading`];
    });

test("every command in the documents exists, with its flags", () => {
  expect(documents.flatMap(({ path, text }) => blockProblems(path, text))).toEqual([]);
});

test("a planted command, flag, target and script are found", () => {
  const planted = [
    "```sh",
    "npx scalp fly --high",
    'npx scalp up --fort 20s && make demo ARGS="--prot 0"',
    "make magic",
    "npm run nothing",
    "rm -rf somewhere # for good",
    "```",
  ].join("\n");
  expect(blockProblems("x.md", planted)).toEqual([
    "x.md:2 scalp has no command fly",
    "x.md:3 scalp up has no flag --fort",
    "x.md:3 scalp up has no flag --prot",
    "x.md:4 the Makefile has no target magic",
    "x.md:5 package.json has no script nothing",
    "x.md:6 rm -rf is not a command of this project",
  ]);
});

test("every relative link leads to a file, and its anchor to a heading", () => {
  expect(documents.flatMap(({ path, text }) => linkProblems(path, text))).toEqual([]);
});

test("a planted dead link and a planted dead anchor are found", () => {
  const planted = "[a](no/such.md) and ![b](README.md#no-such-heading), not `[c](nor.md)`";
  expect(linkProblems("x.md", planted)).toEqual([
    "x.md: no/such.md leads nowhere",
    "x.md: README.md#no-such-heading names no heading",
  ]);
});

test("the commands of a line are told apart, without comments and assignments", () => {
  expect(commandsOf('A=1 make demo ARGS="--for 20s" | tee x && npx scalp get # done')).toEqual([
    { program: "make", args: ["demo", 'ARGS="--for 20s"'] },
    { program: "tee", args: ["x"] },
    { program: "npx", args: ["scalp", "get"] },
  ]);
  expect(commandsOf("# only words")).toEqual([]);
});

test("a block knows its line, and what stands in it is no heading", () => {
  const text = "# A b: C\n\n````md\n```sh\n# no\n```\n````\n## D\n";
  expect(blocksOf(text)).toEqual([{ info: "md", line: 4, lines: ["```sh", "# no", "```"] }]);
  expect(anchorsOf(text)).toEqual(["a-b-c", "d"]);
});

const RECORD = "docs/decisions/0001-toolchain-and-dependencies.md";

/** Names in the first column of every table of a text. */
const rowNames = (text: string): ReadonlyArray<string> =>
  [...text.matchAll(/^\|([^|]+)\|/gm)].flatMap(([, cell = ""]) =>
    [...cell.matchAll(/`([^`]+)`/g)].map(([, name]) => name ?? ""),
  );

const lock = z
  .object({
    packages: z.record(z.string(), z.object({ hasInstallScript: z.boolean().optional() })),
  })
  .parse(JSON.parse(readFileSync("package-lock.json", "utf8")));

test("each dependency, and each package with an install script, has its line and no other has", () => {
  const [tables = "", scripted = ""] = readFileSync(RECORD, "utf8").split("## Packages with");
  const { dependencies, devDependencies, optionalDependencies } = manifest;
  const wanted = Object.keys({ ...dependencies, ...devDependencies, ...optionalDependencies });
  expect(rowNames(tables).toSorted()).toEqual(wanted.toSorted());
  const withScript = Object.entries(lock.packages)
    .filter(([, { hasInstallScript }]) => hasInstallScript === true)
    .map(([path]) => path.replace(/^.*node_modules\//, ""));
  expect(rowNames(scripted).toSorted()).toEqual([...new Set(withScript)].toSorted());
});

test("every decision has a number of its own", () => {
  const numbers = globSync("docs/decisions/*.md").map((path) =>
    path.slice(0, "docs/decisions/0000".length),
  );
  expect(new Set(numbers).size).toBe(numbers.length);
});
