import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { mergePatched } from "#kubernetes/testing/patches.ts";
import { mergePatch } from "./merge-patch.ts";

test.each([
  ["what is new", {}, { a: 1 }, { a: 1 }],
  ["what is gone", { a: 1 }, {}, { a: null }],
  ["what is gone further down", { a: { b: 1, c: 2 } }, { a: { c: 2 } }, { a: { b: null, c: 2 } }],
  ["a list, as a whole", { a: [1, 2] }, { a: [2] }, { a: [2] }],
  ["a list where fields were", { a: { b: 1 } }, { a: [1] }, { a: [1] }],
  ["fields where a list was", { a: [1] }, { a: { b: 1 } }, { a: { b: 1 } }],
  ["what stays, since the server's may be another", { a: 1 }, { a: 1 }, { a: 1 }],
  ["what is absent on purpose", { a: 1 }, { a: undefined }, { a: null }],
])("it says %s", (_what, before, after, patch) => {
  expect(mergePatch(before, after)).toEqual(patch);
});

const scalar = fc.oneof(fc.integer(), fc.string(), fc.boolean());
const { tree } = fc.letrec<{ tree: Record<string, unknown> }>((tie) => ({
  tree: fc.dictionary(
    fc.constantFrom("a", "b", "c"),
    fc.oneof({ depthSize: "small" }, scalar, fc.array(scalar, { maxLength: 2 }), tie("tree")),
  ),
}));

test("the server that does it comes to the new value, whatever the old one was", () => {
  fc.assert(
    fc.property(tree, tree, (before, after) => {
      expect(mergePatched(before, mergePatch(before, after))).toEqual(after);
    }),
  );
});

test("doing it twice is doing it once", () => {
  fc.assert(
    fc.property(tree, tree, (before, after) => {
      const patch = mergePatch(before, after);
      expect(mergePatched(mergePatched(before, patch), patch)).toEqual(after);
    }),
  );
});
