/**
 * Reads docs/requirements.md and says what in it is not true.
 *
 * A table of promises rots silently: tests are renamed, moved and deleted by people who do not know
 * that something points at them. Pure, so that the check is itself tested with broken tables. It
 * finds a test by the text of its title in the file, as it stands between its quotes there; for a
 * table of cases that may be the name of a case. Whether a test proves its row only a person can tell.
 */

export type TestName = { readonly file: string; readonly title: string };

export type Row = {
  readonly id: string;
  readonly point: string;
  readonly state: string;
  readonly tests: ReadonlyArray<TestName>;
  readonly note: string;
};

export type Requirements = {
  readonly rows: ReadonlyArray<Row>;
  /** A sentence for each line that is no row. */
  readonly problems: ReadonlyArray<string>;
};

/** The text of a file of the project; `undefined` when there is none. */
export type SourceOf = (file: string) => string | undefined;

/** Everything that is wrong with the document, a sentence each, with what to do about it. */
export const requirementProblems = (
  document: string,
  sourceOf: SourceOf,
): ReadonlyArray<string> => {
  const { rows, problems } = parseRequirements(document);
  if (rows.length === 0) return [...problems, "there is no row: the document was not understood"];
  return [
    ...problems,
    ...repeatedIds(rows),
    ...rows.flatMap(rowProblems),
    ...rows.flatMap((row) => row.tests.flatMap((test) => testProblems(row, test, sourceOf))),
    ...plansOf(rows).flatMap((plan) => planProblems(plan, rows, document)),
  ];
};

export const parseRequirements = (document: string): Requirements => {
  const lines = document.split("\n").map((text, index) => ({ text: text.trim(), at: index + 1 }));
  const parsed = lines.filter(({ text }) => text.startsWith("|") && !isHead(text)).map(parseLine);
  return {
    rows: parsed.flatMap(({ row }) => (row === undefined ? [] : [row])),
    problems: parsed.flatMap(({ problems }) => problems),
  };
};

const HEAD = ["id", "point", "state", "test", "note"];

/** The heading of a table, and the line under it. */
const isHead = (text: string): boolean =>
  /^[|\s:-]+$/.test(text) || cellsOf(text).join() === HEAD.join();

/** As GitHub reads a table: a bar divides, also within backticks, unless a backslash precedes it. */
const cellsOf = (text: string): ReadonlyArray<string> =>
  text
    .replace(/^\|/, "")
    .replace(/(?<!\\)\|$/, "")
    .split(/(?<!\\)\|/)
    .map((cell) => cell.replaceAll("\\|", "|").trim());

type Line = { readonly text: string; readonly at: number };
type Parsed = { readonly row?: Row; readonly problems: ReadonlyArray<string> };

const parseLine = ({ text, at }: Line): Parsed => {
  const cells = cellsOf(text);
  const [id = "", point = "", state = "", tests = "", note = ""] = cells;
  if (cells.length !== HEAD.length) {
    const words = `line ${at} has ${cells.length} cells: write ${HEAD.join(" | ")}, and \\| for a bar within a cell`;
    return { problems: [words] };
  }
  if (!/^\d+b-\d{2,}$/.test(id)) {
    return { problems: [`line ${at}: "${id}" is no id: write one such as 36b-01`] };
  }
  const named = tests === "" ? [] : tests.split("<br>").map((part) => part.trim());
  const row = { id, point, state, note, tests: named.flatMap((part) => parseTest(part) ?? []) };
  const unread = named.filter((part) => parseTest(part) === undefined);
  return {
    row,
    problems: unread.map(
      (part) => `${id}: ${part} names no test: write \`path/to/file.test.ts: "title"\``,
    ),
  };
};

/** A code span; more backticks around it when there are some in it. */
const parseTest = (part: string): TestName | undefined => {
  const [, , span = ""] = /^(`+)(.+)\1$/.exec(part) ?? [];
  const [, file, title] = /^(\S+\.test\.tsx?): "(.+)"$/.exec(span.trim()) ?? [];
  return file === undefined || title === undefined ? undefined : { file, title };
};

const repeatedIds = (rows: ReadonlyArray<Row>): ReadonlyArray<string> =>
  [...Map.groupBy(rows, ({ id }) => id)]
    .filter(([, group]) => group.length > 1)
    .map(([id, group]) => `${id} is the id of ${group.length} rows: give each its own`);

const STATES = ["done", "partly", "open"];

const rowProblems = ({ id, point, state, tests, note }: Row): ReadonlyArray<string> => [
  ...(STATES.includes(state)
    ? []
    : [`${id}: "${state}" is no state: write ${STATES.join(", ").replace(/, (\w+)$/, " or $1")}`]),
  ...(point === "" ? [`${id} does not say what is required`] : []),
  ...(state === "done" && tests.length === 0
    ? [`${id} is done without a test: name the test that proves it, or call it partly`]
    : []),
  ...(state === "partly" && note === ""
    ? [`${id} is partly done: say in its note what is missing`]
    : []),
];

const testProblems = (
  { id }: Row,
  { file, title }: TestName,
  sourceOf: SourceOf,
): ReadonlyArray<string> => {
  const remedy = "name the test that proves it now, or call the row partly";
  const source = sourceOf(file);
  if (source === undefined) return [`${id}: there is no file ${file}: ${remedy}`];
  const code = source.replaceAll(/^\s*(?:\/\/|\/?\*).*$/gm, "");
  if (!['"', "'", "`"].some((quote) => code.includes(quote + title + quote))) {
    return [`${id}: ${file} has no test "${title}": ${remedy}`];
  }
  return isSwitchedOff(code, title)
    ? [`${id}: ${file} does not run "${title}": switch it on, or call the row partly`]
    : [];
};

const isSwitchedOff = (code: string, title: string): boolean => {
  const before = code.split(title).slice(0, -1);
  return before.some((text) =>
    /\b(?:(?:skip|todo|failing)(?:\.each\(\w*\))?|xtest|xit)\(\s*["'`]$/.test(text),
  );
};

const planOf = (id: string): string => id.replace(/-.*$/, "");
const numberOf = (id: string): number => Number(id.replace(/^.*-/, ""));

const plansOf = (rows: ReadonlyArray<Row>): ReadonlyArray<string> => [
  ...new Set(rows.map(({ id }) => planOf(id))),
];

/** A point that is gone from the table would be forgotten: numbers have no gaps, and are counted. */
const planProblems = (
  plan: string,
  all: ReadonlyArray<Row>,
  document: string,
): ReadonlyArray<string> => {
  const rows = all.filter(({ id }) => planOf(id) === plan);
  const numbers = new Set(rows.map(({ id }) => numberOf(id)));
  const missing = Array.from({ length: Math.max(...numbers) }, (_, index) => index + 1)
    .filter((number) => !numbers.has(number))
    .map((number) => `${plan}-${String(number).padStart(2, "0")}`);
  const counts = STATES.map(
    (state) => `${rows.filter((row) => row.state === state).length} ${state}`,
  );
  const sum = `[${plan}]: ${counts.join(", ")}`;
  return [
    ...missing.map((id) => `${id} is missing: a row keeps its number and is never taken out`),
    ...(document.includes(sum) ? [] : [`the count of a plan is not right: write "${sum}"`]),
  ];
};
