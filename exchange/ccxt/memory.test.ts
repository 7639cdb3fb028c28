import { expect, test } from "@jest/globals";
import { createMemory } from "./memory.ts";

test("what was learned is recalled, and the oldest memory goes first", () => {
  const memory = createMemory<string, number>(2);
  memory.remember("a", 1);
  memory.remember("b", 2);
  memory.remember("a", 3);
  memory.remember("c", 4);
  expect(["a", "b", "c"].map(memory.recall)).toEqual([undefined, 2, 4]);
});
