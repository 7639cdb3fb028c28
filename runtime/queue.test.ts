import { expect, test } from "@jest/globals";
import { createQueue } from "./queue.ts";

test("a reader takes everything that waits, in order", async () => {
  const queue = createQueue<number>(10);
  queue.push(1);
  queue.push(2);
  expect(await queue.takeAll()).toEqual([1, 2]);
});

test("a waiting reader is woken by a push", async () => {
  const queue = createQueue<number>(10);
  const taken = queue.takeAll();
  queue.push(3);
  expect(await taken).toEqual([3]);
});

test("closing drains what is left, then ends", async () => {
  const queue = createQueue<number>(10);
  queue.push(1);
  queue.close();
  queue.push(2);
  expect(await queue.takeAll()).toEqual([1]);
  expect(await queue.takeAll()).toBeUndefined();
});

test("overflow is a defect, not a dropped event", () => {
  const queue = createQueue<number>(1);
  queue.push(1);
  expect(() => queue.push(2)).toThrow("fewer than 1");
});
