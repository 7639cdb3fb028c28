import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { chance, normal } from "./random.ts";

test("the same keys give the same number, in [0, 1)", () => {
  fc.assert(
    fc.property(fc.integer(), fc.array(fc.string(), { maxLength: 4 }), (seed, keys) => {
      const drawn = chance(seed, ...keys);
      expect(drawn).toBe(chance(seed, ...keys));
      expect(drawn).toBeGreaterThanOrEqual(0);
      expect(drawn).toBeLessThan(1);
    }),
  );
});

test("where keys are divided matters", () => {
  expect(chance(1, "ab", "c")).not.toBe(chance(1, "a", "bc"));
});

test("draws spread evenly over tenths", () => {
  const counts = Array.from({ length: 10 }, () => 0);
  for (let index = 0; index < 20_000; index += 1) {
    const tenth = Math.floor(chance(7, "draw", index) * 10);
    counts[tenth] = (counts[tenth] ?? 0) + 1;
  }
  for (const count of counts) expect(Math.abs(count - 2_000)).toBeLessThan(200);
});

test("normal draws have mean 0 and deviation 1", () => {
  const draws = Array.from({ length: 20_000 }, (_, index) => normal(3, "n", index));
  const mean = draws.reduce((sum, value) => sum + value, 0) / draws.length;
  const variance = draws.reduce((sum, value) => sum + (value - mean) ** 2, 0) / draws.length;
  expect(Math.abs(mean)).toBeLessThan(0.03);
  expect(Math.abs(variance - 1)).toBeLessThan(0.05);
});
