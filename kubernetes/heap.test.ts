import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { createHeap } from "./heap.ts";

const drain = (heap: { readonly pop: () => number | undefined }): ReadonlyArray<number> => {
  const taken: number[] = [];
  for (let next = heap.pop(); next !== undefined; next = heap.pop()) taken.push(next);
  return taken;
};

test("members leave in order, whatever was withdrawn from the middle", () => {
  const step = fc.record({ value: fc.nat(500), withdraw: fc.option(fc.nat(30), { freq: 2 }) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80, size: "max" }), (steps) => {
      const heap = createHeap<number>((a, b) => a < b);
      const members: { readonly value: number; readonly withdraw: () => void }[] = [];
      for (const { value, withdraw } of steps) {
        members.push({ value, withdraw: heap.push(value) });
        const [leaving] = withdraw === null ? [] : members.splice(withdraw, 1);
        leaving?.withdraw();
      }
      expect(heap.size()).toBe(members.length);
      const sorted = members.map(({ value }) => value).toSorted((a, b) => a - b);
      expect(heap.peek()).toBe(sorted[0]);
      expect(drain(heap)).toEqual(sorted);
    }),
  );
});

test("withdrawing what has left takes nobody else out", () => {
  const heap = createHeap<number>((a, b) => a < b);
  const withdraw = heap.push(1);
  heap.push(2);
  expect(heap.pop()).toBe(1);
  withdraw();
  withdraw();
  expect(drain(heap)).toEqual([2]);
});
