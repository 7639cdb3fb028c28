import { expect, test } from "@jest/globals";
import { summary, tableOf } from "./table.ts";

test("quantiles are samples, never something between two of them", () => {
  const samples = Array.from({ length: 100 }, (_, index) => 100 - index);
  expect(summary(samples)).toEqual({ n: 100, median: 50, p99: 99, min: 1, max: 100 });
});

test("one sample is every quantile", () => {
  expect(summary([7])).toEqual({ n: 1, median: 7, p99: 7, min: 7, max: 7 });
});

test("nothing measured does not look like zero", () => {
  expect(summary([]).median).toBeNaN();
  const rows = [{ name: "nothing", unit: "ms", samples: [] }] as const;
  expect(tableOf({ benchmark: "x", question: "what?", rows })).toContain("NaN");
});
