import { expect, test } from "@jest/globals";
import { readEnvFile } from "./env-file.ts";

const rows: ReadonlyArray<readonly [string, string, string | undefined]> = [
  ["plain", "A=abc", "abc"],
  ["spaces around", "  A = abc  ", "abc"],
  ["a space inside", "A=a b", "a b"],
  ["an equals sign", "A==x=", "=x="],
  ["base64 signs", "A=ab+/cd==", "ab+/cd=="],
  ["export", "export A=abc", "abc"],
  ["export with tabs", "\texport\tA=abc", "abc"],
  ["a byte order mark", "\uFEFFA=abc", "abc"],
  ["Windows line ends", "B=1\r\nA=abc\r\nC=1\r\n", "abc"],
  ["an empty value before a line end of Windows", "A=\r\nB=1\r\n", ""],
  ["single quotes", "A='a#b\"$c\\n `d` '", 'a#b"$c\\n `d` '],
  ["double quotes", "A=\"a#b 'c' \"", "a#b 'c' "],
  ["a comment", "A=abc # words", "abc"],
  ["a comment after quotes", "A='abc' # it's", "abc"],
  ["a comment and no value", "A= # words", ""],
  ["no value", "A=", ""],
  ["empty quotes", 'A=""', ""],
  ["Node cuts, Docker does not: a number sign", "A=abc#def", undefined],
  ["an expansion", "A=pa$word", undefined],
  ["an expansion in double quotes", 'A="pa${word}"', undefined],
  ["a backslash", "A=a\\b", undefined],
  ["an escape", 'A="a\\nb"', undefined],
  ["an escaped quote", "A='a\\'b'", undefined],
  ["a quote inside", "A=it's", undefined],
  ["an open quote", "A='abc", undefined],
  ["an open quote above", "B='abc\nA=abc\nC=d'", undefined],
  ["a value over two lines", "A='ab\nc'", undefined],
  ["words after quotes", "A='a'b", undefined],
  ["backticks", "A=`abc`", undefined],
];

test.each(rows)("%s", (_, text, value) => {
  const found = readEnvFile(text).assignments.filter(({ name }) => name === "A");
  expect(found.map((assignment) => assignment.value)).toEqual([value]);
});

test("a name as often as it is written, with its lines", () => {
  expect(readEnvFile("A=1\n\n# A=2\nB=3\nA=4").assignments).toEqual([
    { name: "A", line: 1, value: "1" },
    { name: "B", line: 4, value: "3" },
    { name: "A", line: 5, value: "4" },
  ]);
});

test("what is neither an assignment nor a comment is known by its line only", () => {
  const text = ["A=1", "", "  # words", "aGVsbG8=", "A: 1", "A", "a_b=1", "1A=2"].join("\n");
  const { assignments, unreadLines } = readEnvFile(text);
  expect(assignments.map(({ name }) => name)).toEqual(["A"]);
  expect(unreadLines).toEqual([4, 5, 6, 7, 8]);
});
