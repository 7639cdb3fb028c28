import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { keptAsWritten, quantities } from "../testing/quantities.ts";
import { canonicalJson, canonicalQuantity, largerQuantity, smallerQuantity } from "./canonical.ts";

test.each([...quantities, ...keptAsWritten])("%s is stored as %s", (written, stored) => {
  expect(canonicalQuantity(written)).toBe(stored);
});

test("beyond the largest suffix nothing is lost", () => {
  expect(canonicalQuantity("1000E")).toBe("1000E");
  expect(canonicalQuantity("1000e18")).toBe("1e21");
});

test("what is canonical stays as it is", () => {
  const suffixes = ["", "n", "u", "m", "k", "M", "G", "T", "Ki", "Mi", "Gi", "Ti", "e3", "e-3"];
  const written = fc
    .tuple(fc.nat({ max: 9_999_999 }), fc.nat({ max: 999 }), fc.constantFrom(...suffixes))
    .map(([whole, part, suffix]) => `${whole}.${part}${suffix}`);
  fc.assert(
    fc.property(written, (text) => {
      const once = canonicalQuantity(text);
      expect(canonicalQuantity(once)).toBe(once);
    }),
  );
});

test.each(["", ".", "1x", "Mi", "-1", "1 Gi", "1Gib", "1e", "1e999", "0x10", "a lot"])(
  "%j is no quantity and left to the server to refuse",
  (text) => {
    expect(canonicalQuantity(text)).toBe(text);
  },
);

const pairs: ReadonlyArray<readonly [small: string, large: string]> = [
  ["1G", "1Gi"],
  ["999m", "1"],
  ["1023Mi", "1Gi"],
  ["100", "1e3"],
  ["0", "1m"],
];

test.each(pairs)("%s is less than %s", (small, large) => {
  expect(largerQuantity(small, large)).toBe(canonicalQuantity(large));
  expect(largerQuantity(large, small)).toBe(canonicalQuantity(large));
  expect(smallerQuantity(small, large)).toBe(canonicalQuantity(small));
  expect(smallerQuantity(large, small)).toBe(canonicalQuantity(small));
});

test("of equal amounts the first is taken, and the spelling is the server's", () => {
  expect(largerQuantity("1024Mi", "1Gi")).toBe("1Gi");
  expect(largerQuantity("1000m", "1k")).toBe("1k");
  expect(smallerQuantity("1000m", "1")).toBe("1");
});

test("equal values make equal texts, whatever order their keys are in", () => {
  expect(canonicalJson({ b: [{ d: 1, c: null }], a: undefined })).toBe('{"b":[{"c":null,"d":1}]}');
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (value) => {
      const reversed = Object.fromEntries(Object.entries(value).toReversed());
      expect(canonicalJson(reversed)).toBe(canonicalJson(value));
      expect(JSON.parse(canonicalJson(value))).toEqual(JSON.parse(JSON.stringify(value)));
    }),
  );
});
