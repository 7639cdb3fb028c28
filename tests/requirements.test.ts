/** Every point of the plans that this project fulfils, and the tests that docs/requirements.md names. */

import { expect, test } from "@jest/globals";
import { existsSync, readFileSync } from "node:fs";
import { parseRequirements, requirementProblems } from "./requirements.ts";

const sourceOf = (file: string): string | undefined =>
  existsSync(file) ? readFileSync(file, "utf8") : undefined;

test("every row of docs/requirements.md is true as far as a program can tell", () => {
  expect(requirementProblems(readFileSync("docs/requirements.md", "utf8"), sourceOf)).toEqual([]);
});

const files: Readonly<Record<string, string>> = {
  "a.test.ts": [
    'test("it works", () => {});',
    '// test("it is only remembered", () => {});',
    'test.each(rows)(\n  "%s is refused", () => {});',
    'const rows = [["a bad key", 1]];',
    "test(`${name}: is said`, () => {});",
    'test("a `word` and a | bar", () => {});',
    'test.skip("it is put off", () => {});',
    'test.todo(\n  "it is planned");',
    'test.skip.each(rows)("they are put off", () => {});',
    'test("it works for two", () => {});',
  ].join("\n"),
};

/** A document of these rows, counted rightly. */
const documentOf = (...rows: ReadonlyArray<string>): string => {
  const count = (state: string) => rows.filter((row) => row.includes(`| ${state} |`)).length;
  return [
    "# Requirements",
    `[36b]: ${count("done")} done, ${count("partly")} partly, ${count("open")} open`,
    "| id | point | state | test | note |",
    "|---|:--|---|---|---|",
    ...rows,
  ].join("\n");
};
const problemsOf = (...rows: ReadonlyArray<string>) =>
  requirementProblems(documentOf(...rows), (file) => files[file]);

const good = '| 36b-01 | keys | done | `a.test.ts: "it works"` | |';

test("a sound table has no problem", () => {
  expect(
    problemsOf(
      good,
      '| 36b-02 | keys | partly | `a.test.ts: "it works"`<br>`a.test.ts: "it works for two"` | one is missing |',
      "| 36b-03 | keys | open | | |",
    ),
  ).toEqual([]);
});

test("titles of tables, of templates, and with marks in them are found as they are written", () => {
  const titles = ["%s is refused", "a bad key", "${name}: is said"];
  for (const title of titles) {
    expect(problemsOf(`| 36b-01 | keys | done | \`a.test.ts: "${title}"\` | |`)).toEqual([]);
  }
  const marked = '| 36b-01 | keys | done | `` a.test.ts: "a `word` and a \\| bar" `` | |';
  expect(problemsOf(marked)).toEqual([]);
  expect(parseRequirements(documentOf(marked)).rows[0]?.tests).toEqual([
    { file: "a.test.ts", title: "a `word` and a | bar" },
  ]);
});

const broken: ReadonlyArray<readonly [name: string, row: string, problem: string]> = [
  [
    "an unknown state",
    good.replace("done", "almost"),
    '36b-01: "almost" is no state: write done, partly or open',
  ],
  [
    "done without a test",
    "| 36b-01 | keys | done | | |",
    "36b-01 is done without a test: name the test that proves it, or call it partly",
  ],
  [
    "a file that is gone",
    good.replace("a.test.ts", "b.test.ts"),
    "36b-01: there is no file b.test.ts: name the test that proves it now, or call the row partly",
  ],
  [
    "a test that is gone",
    good.replace("it works", "it worked"),
    '36b-01: a.test.ts has no test "it worked": name the test that proves it now, or call the row partly',
  ],
  [
    "a part of a title",
    good.replace("it works", "it work"),
    '36b-01: a.test.ts has no test "it work": name the test that proves it now, or call the row partly',
  ],
  [
    "a test that is commented out",
    good.replace("it works", "it is only remembered"),
    '36b-01: a.test.ts has no test "it is only remembered": name the test that proves it now, or call the row partly',
  ],
  [
    "a test that is skipped",
    good.replace("it works", "it is put off"),
    '36b-01: a.test.ts does not run "it is put off": switch it on, or call the row partly',
  ],
  [
    "a test that is only planned",
    good.replace("it works", "it is planned"),
    '36b-01: a.test.ts does not run "it is planned": switch it on, or call the row partly',
  ],
  [
    "a table of tests that is skipped",
    good.replace("it works", "they are put off"),
    '36b-01: a.test.ts does not run "they are put off": switch it on, or call the row partly',
  ],
  [
    "a test of a row that is not done",
    '| 36b-01 | keys | partly | `b.test.ts: "it works"` | more |',
    "36b-01: there is no file b.test.ts: name the test that proves it now, or call the row partly",
  ],
  [
    "a test without its title",
    "| 36b-01 | keys | done | `a.test.ts` | |",
    '36b-01: `a.test.ts` names no test: write `path/to/file.test.ts: "title"`',
  ],
  [
    "a file that is no test",
    good.replace("a.test.ts", "a.ts"),
    '36b-01: `a.ts: "it works"` names no test: write `path/to/file.test.ts: "title"`',
  ],
  ["no point", good.replace("keys", ""), "36b-01 does not say what is required"],
  [
    "partly without a word",
    "| 36b-01 | keys | partly | | |",
    "36b-01 is partly done: say in its note what is missing",
  ],
  [
    "a cell too many",
    good.replace("keys", "keys | more"),
    "line 5 has 6 cells: write id | point | state | test | note, and \\| for a bar within a cell",
  ],
  [
    "an id that is none",
    good.replace("36b-01", "36b-x"),
    'line 5: "36b-x" is no id: write one such as 36b-01',
  ],
];

test.each(broken)("%s is told with its row and its remedy", (_name, row, problem) => {
  expect(problemsOf(row)).toContain(problem);
});

test("an id that two rows have is told once", () => {
  expect(problemsOf(good, good, good)).toEqual(["36b-01 is the id of 3 rows: give each its own"]);
});

test("a row that was taken out is missed", () => {
  expect(problemsOf(good, good.replace("36b-01", "36b-03"))).toEqual([
    "36b-02 is missing: a row keeps its number and is never taken out",
  ]);
  const last = documentOf(good, good.replace("36b-01", "36b-02")).split("\n").slice(0, -1);
  expect(requirementProblems(last.join("\n"), (file) => files[file])).toEqual([
    'the count of a plan is not right: write "[36b]: 1 done, 0 partly, 0 open"',
  ]);
});

test("a document without a row is not sound", () => {
  expect(requirementProblems("# Requirements\n", () => "")).toHaveLength(1);
});
