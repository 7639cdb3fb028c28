import { expect, test } from "@jest/globals";
import { displayNames, findMember } from "./fleet.ts";
import { aMember } from "./testing/fixtures.ts";

const members = [
  aMember({ name: "grid-atr" }),
  aMember({ name: "shared", namespace: "a" }),
  aMember({ name: "shared", namespace: "b" }),
];

test("a name that one strategy has is enough, a shared one takes its namespace along", () => {
  expect([...displayNames(members).values()]).toEqual(["grid-atr", "a/shared", "b/shared"]);
});

const asked: ReadonlyArray<[question: string, key: string | undefined]> = [
  ["grid-atr", "trading/grid-atr"],
  ["trading/grid-atr", "trading/grid-atr"],
  ["grid_atr", "trading/grid-atr"],
  ["b/shared", "b/shared"],
  ["shared", undefined],
  ["other", undefined],
];

for (const [question, key] of asked) {
  test(`?strategy=${question} finds ${key ?? "nobody"}`, () => {
    const found = findMember(members, question);
    expect(found && `${found.namespace}/${found.name}`).toBe(key);
  });
}
