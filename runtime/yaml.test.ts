import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { parseYaml, toYaml, type YamlDocument, type YamlPath } from "./yaml.ts";

const documentsOf = (text: string): ReadonlyArray<YamlDocument> => {
  const parsed = parseYaml(text);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.error));
  return parsed.value;
};
const problemsOf = (text: string): ReadonlyArray<string> => {
  const parsed = parseYaml(text);
  if (parsed.ok) return [];
  return parsed.error.map(({ position: { line, column }, words }) => `${line}:${column}  ${words}`);
};

const text = [
  "# a comment", // 1
  "spec:", // 2
  "  leverage: 1000   # too much", // 3
  "  'quoted key': \"two\\nlines\"", // 4
  "  empty:", // 5
  "  assets:", // 6
  "  - symbol: BTC/USDT:USDT", // 7
  "    gridAtr: {numLevels: 4, sides: [long, short]}", // 8
  "  -   symbol: ETH/USDT:USDT", // 9
  "  text: |", // 10
  "    first", // 11
  "  same: &anchor", // 12
  "    a: 1", // 13
  "  again: *anchor", // 14
  "---", // 15
  "second: document", // 16
].join("\n");

const positions: ReadonlyArray<readonly [YamlPath, "key" | "value", string]> = [
  [["spec", "leverage"], "value", "3:13"],
  [["spec", "leverage"], "key", "3:3"],
  [["spec", "quoted key"], "key", "4:3"],
  [["spec", "quoted key"], "value", "4:17"],
  [["spec", "empty"], "value", "5:3"],
  [["spec", "assets"], "value", "6:3"],
  [["spec", "assets", 0], "value", "7:5"],
  [["spec", "assets", 0, "symbol"], "value", "7:13"],
  [["spec", "assets", 0, "gridAtr"], "value", "8:5"],
  [["spec", "assets", 0, "gridAtr", "numLevels"], "key", "8:15"],
  [["spec", "assets", 0, "gridAtr", "sides", 1], "value", "8:43"],
  [["spec", "assets", 1], "value", "9:7"],
  [["spec", "assets", 1, "symbol"], "value", "9:15"],
  [["spec", "text"], "value", "10:3"],
  [["spec", "same", "a"], "value", "13:8"],
  // What an alias stands for is mended where it is written.
  [["spec", "again", "a"], "value", "13:8"],
  [["spec", "again"], "value", "14:3"],
  // What is not written is at what holds it.
  [["spec", "timeframe"], "value", "2:1"],
  [["spec", "assets", 0, "gridAtr", "maPeriod"], "value", "8:5"],
  [["spec", "assets", 7, "symbol"], "value", "6:3"],
  [["status", "x"], "value", "2:1"],
];

test.each(positions)("%j is found by its %s at %s", (path, at, expected) => {
  const [first] = documentsOf(text);
  const { line, column } = first?.locate(path, at) ?? { line: 0, column: 0 };
  expect(`${line}:${column}`).toBe(expected);
});

test("every document has its values and its own positions", () => {
  const [first, second] = documentsOf(text);
  expect(first?.value).toMatchObject({
    spec: {
      leverage: 1000,
      "quoted key": "two\nlines",
      empty: null,
      assets: [{ gridAtr: { numLevels: 4, sides: ["long", "short"] } }, {}],
      text: "first\n",
      again: { a: 1 },
    },
  });
  expect(second?.value).toEqual({ second: "document" });
  expect(second?.locate(["second"], "value")).toEqual({ line: 16, column: 9 });
});

test("lines end as they do on any machine, and a byte order mark takes no column", () => {
  for (const end of ["\n", "\r\n", "\r"]) {
    const [document] = documentsOf(`\uFEFFa: 1${end}b: 2${end}${end}c: 3`);
    expect(document?.locate(["a"], "value")).toEqual({ line: 1, column: 4 });
    expect(document?.locate(["c"], "value")).toEqual({ line: 4, column: 4 });
  }
});

const refused: ReadonlyArray<readonly [string, string, ...ReadonlyArray<string>]> = [
  ["a tab", "a:\n\tb: 1\n", "2:1  YAML: tab characters must not be used in indentation"],
  ["an open bracket", "a: [1, 2\nb: 3\n", "2:1  YAML: deficient indentation"],
  ["two colons", "a: b: c\n", "1:5  YAML: bad indentation of a mapping entry"],
  ["a null byte", "a: 1\n\0", "2:1  YAML: null byte is not allowed in input"],
  ["a key twice", "a: 1\nb: 2\na: 3\n", '3:1  YAML: key "a" already set in map'],
  [
    "several keys twice",
    "a: 1\na: 2\nb: {c: 1, c: 2}\n",
    '2:1  YAML: key "a" already set in map',
    '3:11  YAML: key "c" already set in map',
  ],
  ["a tag", "a: !!python/object x\n", "1:4  YAML: tags are not accepted; leave it out"],
  [
    "a merge key",
    "a: &x {b: 1}\nc:\n  <<: *x\n",
    "3:3  YAML: merge keys are not accepted; write the keys out",
  ],
  ["an alias of nothing", "a: *nothing\n", "1:4  YAML: no anchor &nothing stands above this alias"],
  ["an alias of itself", "a: &a [*a]\n", "1:8  YAML: no anchor &a stands above this alias"],
  [
    "an alias of another document",
    "a: &x 1\n---\nb: *x\n",
    "3:4  YAML: no anchor &x stands above this alias",
  ],
  ["a list as a key", "? [a]\n: 1\n", "1:1  YAML: a key must be a word"],
  ["no key", ": 1\n", "1:1  YAML: a key must be a word"],
  ["an infinity", "a: .inf\n", "1:4  YAML: .inf is not a number that JSON can hold"],
  ["a deep nest", "[".repeat(100), "1:50  YAML: nesting exceeded maxDepth (50)"],
];

test.each(refused)("%s is refused at its place", (_name, source, ...expected) => {
  expect(problemsOf(source)).toEqual(expected);
});

const ambiguous = ["yes", "No", "on", "OFF", "y", "010", "-07", "1_000", "0b11", "0o17"];

test.each(ambiguous)(
  "%s, which kubectl reads differently, is refused unless it is quoted",
  (word) => {
    expect(problemsOf(`a: ${word}`)).toEqual([
      `1:4  YAML: ${word} is read differently by kubectl; write true, false or a plain number, or put it in quotes`,
    ]);
    expect(documentsOf(`a: '${word}'`)[0]?.value).toEqual({ a: word });
  },
);

const plain: ReadonlyArray<readonly [string, unknown]> = [
  ["true", true],
  ["False", false],
  ["~", null],
  ["", null],
  ["7", 7],
  ["-0.5", -0.5],
  ["2.50", 2.5],
  ["1e3", 1000],
  ["0", 0],
  ["0.7", 0.7],
  ["2026-11-21T10:00:00Z", "2026-11-21T10:00:00Z"],
  ["BTC/USDT:USDT", "BTC/USDT:USDT"],
  ["none", "none"],
];

test.each(plain)("a plain %j is %j", (word, value) => {
  expect(documentsOf(`a: ${word}`)[0]?.value).toEqual({ a: value });
});

test("a document that says nothing is null, and no document is none", () => {
  expect(documentsOf("---\n# nothing\n---\na: 1\n").map(({ value }) => value)).toEqual([
    null,
    { a: 1 },
  ]);
  expect(documentsOf("# nothing\n")).toEqual([]);
});

test("a file that is too large is not read", () => {
  expect(problemsOf(`a: ${"x".repeat(1024 * 1024)}`)).toEqual([
    "1:1  the file is larger than 1 MiB",
  ]);
});

test("aliases cannot unfold a small file into a large one", () => {
  const levels = Array.from({ length: 30 }, (_, index) =>
    index === 0 ? "a0: &a0 [x, x]" : `a${index}: &a${index} [*a${index - 1}, *a${index - 1}]`,
  );
  const [problem = ""] = problemsOf(levels.join("\n"));
  expect(problem).toMatch(/^2\d:\d+ {2}YAML: aliases unfold to too much$/);
  const long = `a: &a ${"x".repeat(100_000)}\nb: [${"*a, ".repeat(100)}*a]`;
  expect(problemsOf(long)).toHaveLength(1);
});

test("a key may be called like what objects are born with", () => {
  const [document] = documentsOf("__proto__: 1\nconstructor: 2\n");
  expect(JSON.stringify(document?.value)).toBe('{"__proto__":1,"constructor":2}');
  expect(document?.locate(["__proto__"], "value")).toEqual({ line: 1, column: 12 });
});

test("what is written is read back", () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 4 })), (value) => {
      const json: unknown = JSON.parse(JSON.stringify(value));
      expect(documentsOf(toYaml(value))[0]?.value).toEqual(json);
    }),
  );
});

test("what is written is read alike by kubectl, and by us", () => {
  const words = ["0_9", "010", "yes", "1__0.5", "0o17", "~", "true", "1e3", "-0"];
  expect(documentsOf(toYaml({ words }))[0]?.value).toEqual({ words });
});

test("a value is where it is said to be", () => {
  const word = fc
    .stringMatching(/^[a-z]{1,8}$/)
    .filter((one) => !/^(?:y|n|yes|no|on|off|true|false|null)$/.test(one));
  fc.assert(
    fc.property(
      fc.dictionary(word, fc.dictionary(word, word, { minKeys: 1 }), { minKeys: 1 }),
      (value) => {
        const source = toYaml(value);
        const [document] = documentsOf(source);
        const lines = source.split("\n");
        for (const [outer, inner] of Object.entries(value)) {
          for (const [name, said] of Object.entries(inner)) {
            const { line, column } = document?.locate([outer, name], "value") ?? {
              line: 0,
              column: 0,
            };
            expect(lines[line - 1]?.slice(column - 1)).toBe(said);
            const key = document?.locate([outer, name], "key") ?? { line: 0, column: 0 };
            expect(lines[key.line - 1]?.slice(key.column - 1)).toBe(`${name}: ${said}`);
          }
        }
      },
    ),
  );
});
