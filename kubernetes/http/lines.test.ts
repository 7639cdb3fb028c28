import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { createLines } from "./lines.ts";

/** Any way of cutting the bytes into pieces, empty ones and ones inside a character included. */
const cutAt = (bytes: Buffer, cuts: ReadonlyArray<number>): ReadonlyArray<Buffer> => {
  const places = [0, ...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length];
  const sorted = places.toSorted((a, b) => a - b);
  return sorted.slice(1).map((end, index) => bytes.subarray(sorted[index], end));
};

test("however a text is cut into chunks, its lines are the same", () => {
  const line = fc.string({ unit: "grapheme" }).map((text) => text.replaceAll("\n", ""));
  fc.assert(
    fc.property(fc.array(line), fc.array(fc.nat()), (texts, cuts) => {
      const bytes = Buffer.from(texts.map((text) => `${text}\n`).join(""));
      const lines = createLines(1_000_000);
      const read = cutAt(bytes, cuts).flatMap((piece) => lines.push(piece));
      expect(read).toEqual(texts);
      expect(lines.rest()).toBe(0);
    }),
  );
});

test("what follows the last newline waits for the next", () => {
  const lines = createLines(100);
  expect(lines.push(Buffer.from("a\nbc"))).toEqual(["a"]);
  expect(lines.rest()).toBe(2);
  expect(lines.push(Buffer.from("d\n"))).toEqual(["bcd"]);
});

test.each([
  ["in one chunk", ["123456"]],
  ["in several", ["123", "456"]],
  ["after a good one", ["1\n123456"]],
  ["that ends at once", ["123456\n"]],
])("a line beyond the limit is refused: %s", (_, chunks) => {
  const lines = createLines(5);
  expect(() => chunks.map((chunk) => lines.push(Buffer.from(chunk)))).toThrow(
    "a line is longer than 5 bytes",
  );
});

test("a line of the limit's length is not", () => {
  expect(createLines(5).push(Buffer.from("12345\n12345\n"))).toEqual(["12345", "12345"]);
});
