import { expect, test } from "@jest/globals";
import { settleAll } from "./settle.ts";

test("all values, in the order given", async () => {
  expect(await settleAll([Promise.resolve(1), Promise.resolve(2)])).toEqual([1, 2]);
});

test("a failure is thrown when the others are over as well", async () => {
  const other = Promise.withResolvers<number>();
  const steps: string[] = [];
  const all = settleAll([Promise.reject(new Error("lost")), other.promise]).catch(
    ({ message }: Error) => steps.push(message),
  );
  await new Promise(setImmediate);
  steps.push("the other ends");
  other.resolve(1);
  await all;
  expect(steps).toEqual(["the other ends", "lost"]);
});
