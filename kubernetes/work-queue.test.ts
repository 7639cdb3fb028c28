import { expect, test } from "@jest/globals";
import { Registry } from "prom-client";
import { millis, sleep } from "#base/clock.ts";
import { createVirtualTime } from "#simulation/time.ts";
import { createQueueMetrics } from "./queue-metrics.ts";
import {
  BACKGROUND_PRIORITY,
  backoffMs,
  createWorkQueue,
  DEFAULT_PRIORITY,
  type WorkQueue,
} from "./work-queue.ts";

const newQueue = (capacity = 100) => {
  const time = createVirtualTime(millis(0), 1);
  const registry = new Registry();
  const metrics = createQueueMetrics(registry).forQueue("q");
  const queue = createWorkQueue(
    { clock: time, timers: time, random: () => 0, metrics },
    { name: "q", capacity },
  );
  const pass = (ms: number) => time.runUntil(millis(time.now() + ms));
  return { queue, time, pass, registry };
};

/** Takes and finishes what is due, in order. */
const drain = async (queue: WorkQueue): Promise<ReadonlyArray<string>> => {
  const taken: string[] = [];
  while (queue.length() > 0) {
    const key = (await queue.get()) ?? "";
    taken.push(key);
    queue.done(key);
  }
  return taken;
};

// The cases of client-go's util/workqueue tests, as facts (client-go v0.36.3).

test("queue: with many producers and consumers everything is worked on, and nothing that is added after shutting down", async () => {
  const { queue, time, pass } = newQueue();
  const worked = new Set<string | undefined>();
  const produce = async (index: number) => {
    for (let round = 0; round < 50; round += 1) {
      queue.add(`key-${index}`);
      await sleep(time, 1);
    }
  };
  const consume = async () => {
    for (let key = await queue.get(); key !== undefined; key = await queue.get()) {
      worked.add(key);
      await sleep(time, 3);
      queue.done(key);
    }
  };
  const producing = Promise.all(Array.from({ length: 50 }, (_, index) => produce(index)));
  const consuming = Promise.all(Array.from({ length: 10 }, consume));
  await pass(60);
  await producing;
  queue.shutDown();
  queue.add("late");
  await pass(60_000);
  await consuming;
  expect(worked.size).toBe(50);
  expect(worked.has("late")).toBe(false);
  expect(queue.length()).toBe(0);
});

test("queue: keys that workers add again while they work on them are drained before the end", async () => {
  const { queue } = newQueue();
  for (let index = 0; index < 50; index += 1) queue.add(`key-${index}`);
  const turns = new Map<string, number>();
  const consume = async () => {
    for (let key = await queue.get(); key !== undefined; key = await queue.get()) {
      const turn = (turns.get(key) ?? 0) + 1;
      turns.set(key, turn);
      if (turn < 2) queue.add(key);
      queue.done(key);
      if (turns.size === 50) queue.shutDown();
    }
  };
  await Promise.all(Array.from({ length: 10 }, consume));
  expect(queue.length()).toBe(0);
  expect([...turns.values()].every((turn) => turn <= 2)).toBe(true);
});

test("queue: its length counts keys, not adds", () => {
  const { queue } = newQueue();
  queue.add("foo");
  expect(queue.length()).toBe(1);
  queue.add("bar");
  expect(queue.length()).toBe(2);
  queue.add("foo");
  expect(queue.length()).toBe(2);
});

test("queue: a key added while it is worked on is handed out once more after done", async () => {
  const { queue } = newQueue();
  queue.add("foo");
  expect(await queue.get()).toBe("foo");
  queue.add("foo");
  expect(queue.length()).toBe(0);
  queue.done("foo");
  expect(await drain(queue)).toEqual(["foo"]);
});

test("queue: a key added twice before it is taken is handed out once", async () => {
  const { queue } = newQueue();
  queue.add("bar");
  queue.add("bar");
  expect(await drain(queue)).toEqual(["bar"]);
});

test("queue: a key added twice while it is worked on is handed out once more, and not before done", async () => {
  const { queue, pass } = newQueue();
  queue.add("foo");
  expect(await queue.get()).toBe("foo");
  queue.add("foo");
  queue.add("foo");
  let second: string | undefined;
  void queue.get().then((key) => (second = key));
  await pass(100);
  expect(second).toBeUndefined();
  queue.done("foo");
  await pass(0);
  expect(second).toBe("foo");
  queue.done("foo");
  expect(queue.length()).toBe(0);
});

test("queue: shutting down waits for nobody, and ends those who wait for a key", async () => {
  const { queue } = newQueue();
  queue.add("foo");
  expect(await queue.get()).toBe("foo");
  const waiting = queue.get();
  queue.shutDown();
  expect(await waiting).toBeUndefined();
  expect(await queue.get()).toBeUndefined();
  queue.done("foo");
  expect(await queue.get()).toBeUndefined();
});

test("queue: what is due when it shuts down is still handed out, what is delayed is not", async () => {
  const { queue, pass } = newQueue();
  queue.add("foo");
  queue.add("bar");
  queue.addAfter("baz", 10);
  queue.shutDown();
  queue.shutDown();
  await pass(60_000);
  expect(await drain(queue)).toEqual(["foo", "bar"]);
  expect(await queue.get()).toBeUndefined();
});

test("queue: a key added again while it is worked on is handed out even after shutting down", async () => {
  const { queue } = newQueue();
  queue.add("foo");
  expect(await queue.get()).toBe("foo");
  queue.add("foo");
  queue.shutDown();
  expect(await queue.get()).toBeUndefined();
  queue.done("foo");
  expect(await queue.get()).toBe("foo");
  queue.done("foo");
  expect(await queue.get()).toBeUndefined();
});

test("queue: nothing of a key is kept once it is done", async () => {
  const { queue, pass } = newQueue(1);
  for (let index = 0; index < 1_000; index += 1) {
    queue.addRateLimited(`key-${index}`);
    await pass(250);
    queue.forget(`key-${index}`);
    expect(await drain(queue)).toEqual([`key-${index}`]);
  }
});

test("delaying: a key comes when its delay is over, once", async () => {
  const { queue, pass } = newQueue();
  queue.addAfter("foo", 50);
  await pass(40);
  expect(queue.length()).toBe(0);
  await pass(20);
  expect(await drain(queue)).toEqual(["foo"]);
  await pass(10_000);
  expect(queue.length()).toBe(0);
});

test("delaying: of two delays of a key the earlier counts, whichever came first", async () => {
  const { queue, pass } = newQueue();
  queue.addAfter("foo", 50);
  queue.addAfter("foo", 70);
  await pass(60);
  expect(await drain(queue)).toEqual(["foo"]);
  await pass(20);
  expect(queue.length()).toBe(0);

  queue.addAfter("foo", 50);
  queue.addAfter("foo", 30);
  await pass(40);
  expect(await drain(queue)).toEqual(["foo"]);
  await pass(20);
  expect(queue.length()).toBe(0);
});

test("delaying: a shorter delay overtakes a longer one, and a later one queues behind", async () => {
  const { queue, pass } = newQueue();
  queue.addAfter("foo", 1_000);
  queue.addAfter("bar", 50);
  await pass(60);
  expect(await drain(queue)).toEqual(["bar"]);
  queue.addAfter("baz", 2_000);
  await pass(1_000);
  expect(await drain(queue)).toEqual(["foo"]);
  await pass(2_000);
  expect(await drain(queue)).toEqual(["baz"]);
});

test("delaying: keys whose delays ended together come in the order of their ends", async () => {
  const { queue, pass } = newQueue();
  queue.addAfter("foo", 1_000);
  queue.addAfter("bar", 500);
  queue.addAfter("baz", 250);
  await pass(2_000);
  expect(await drain(queue)).toEqual(["baz", "bar", "foo"]);
});

test("delaying: no delay, or one that is over, is due at once", async () => {
  const { queue } = newQueue();
  queue.addAfter("foo", 0);
  queue.addAfter("bar", -5);
  expect(await drain(queue)).toEqual(["foo", "bar"]);
});

/** How long each failure of the key delays it. */
const delaysOf = async (
  { queue, time, pass }: Pick<ReturnType<typeof newQueue>, "queue" | "time" | "pass">,
  key: string,
  failures: number,
): Promise<ReadonlyArray<number>> => {
  const delays: number[] = [];
  for (let failure = 0; failure < failures; failure += 1) {
    const since = time.now();
    queue.addRateLimited(key);
    const waiting = queue.get().then((taken) => ({ taken, at: time.now() }));
    await pass(400_000);
    const { taken, at } = await waiting;
    delays.push(at - since);
    queue.done(taken ?? "");
  }
  return delays;
};

test("rate limiting: delays double with the failures of a key, apart from those of others", async () => {
  const world = newQueue();
  expect(await delaysOf(world, "one", 5)).toEqual([250, 500, 1_000, 2_000, 4_000]);
  expect(world.queue.retries("one")).toBe(5);
  expect(await delaysOf(world, "two", 2)).toEqual([250, 500]);
  expect(world.queue.retries("two")).toBe(2);
});

test("rate limiting: what is forgotten starts from the shortest delay", async () => {
  const world = newQueue();
  expect(await delaysOf(world, "one", 3)).toEqual([250, 500, 1_000]);
  world.queue.forget("one");
  expect(world.queue.retries("one")).toBe(0);
  expect(await delaysOf(world, "one", 1)).toEqual([250]);
});

test("rate limiting: the delay ends at its maximum, however often a key fails", async () => {
  const world = newQueue();
  const delays = await delaysOf(world, "one", 13);
  expect(delays.slice(9)).toEqual([128_000, 256_000, 300_000, 300_000]);
  expect(backoffMs(1_000, () => 0)).toBe(300_000);
  expect(backoffMs(100_000, () => 0)).toBe(300_000);
});

test("metrics: adds, depth, time in the queue and time of work, with several adds of a key as one", async () => {
  const { queue, pass, registry } = newQueue();
  const sample = async (name: string) => {
    const line = `workqueue_${name}{name="q",controller="q"} `;
    const lines = (await registry.metrics()).split("\n");
    return Number(lines.find((one) => one.startsWith(line))?.slice(line.length));
  };
  expect(await sample("adds_total")).toBe(0);
  expect(await sample("queue_duration_seconds_count")).toBe(0);
  queue.add("foo");
  expect(await sample("adds_total")).toBe(1);
  expect(await sample("depth")).toBe(1);
  await pass(50);
  await queue.get();
  expect(await sample("depth")).toBe(0);
  expect(await sample("queue_duration_seconds_count")).toBe(1);
  expect(await sample("queue_duration_seconds_sum")).toBe(0.05);
  for (let round = 0; round < 5; round += 1) queue.add("foo");
  expect(await sample("adds_total")).toBe(2);
  expect(await sample("depth")).toBe(1);
  await pass(25);
  queue.done("foo");
  expect(await sample("work_duration_seconds_count")).toBe(1);
  expect(await sample("work_duration_seconds_sum")).toBe(0.025);
  expect(await sample("depth")).toBe(1);
});

test("metrics: the ages of running work are those of the instant at which they are read", async () => {
  const { queue, pass, registry } = newQueue();
  const ages = async () =>
    (await registry.metrics())
      .split("\n")
      .filter((line) => /^workqueue_(?:unfinished|longest)/.test(line))
      .map((line) => Number(line.split(" ").at(-1)));
  expect(await ages()).toEqual([0, 0]);
  for (const key of ["foo", "bar"]) {
    queue.add(key);
    await queue.get();
    await pass(500);
  }
  expect(await ages()).toEqual([1.5, 1]);
  await pass(500);
  queue.done("foo");
  expect(await ages()).toEqual([1, 1]);
  queue.done("bar");
  expect(await ages()).toEqual([0, 0]);
});

test("metrics: what comes with a delay counts as a retry", async () => {
  const { queue, registry } = newQueue();
  queue.addAfter("foo", 10);
  queue.addRateLimited("foo");
  queue.addAfter("bar", 0);
  expect(await registry.metrics()).toContain(
    'workqueue_retries_total{name="q",controller="q"} 2\n',
  );
});

// What is ours.

test("an add makes a delayed key due now, and the delay brings it no second time", async () => {
  const { queue, pass } = newQueue();
  queue.addAfter("foo", 1_000);
  queue.add("foo");
  expect(await drain(queue)).toEqual(["foo"]);
  await pass(5_000);
  expect(queue.length()).toBe(0);
});

test("a key that is due takes no later time", async () => {
  const { queue, pass } = newQueue();
  queue.add("foo");
  queue.addAfter("foo", 1_000);
  expect(await drain(queue)).toEqual(["foo"]);
  await pass(5_000);
  expect(queue.length()).toBe(0);
});

test("a delay that ends while the key is worked on hands it out after done", async () => {
  const { queue, pass } = newQueue();
  queue.add("foo");
  await queue.get();
  queue.addAfter("foo", 100);
  await pass(200);
  expect(queue.length()).toBe(0);
  queue.done("foo");
  expect(await drain(queue)).toEqual(["foo"]);
});

test("a higher priority goes first, and within one it is first come, first served", async () => {
  const { queue, pass } = newQueue();
  queue.add("resync-1", BACKGROUND_PRIORITY);
  queue.add("resync-2", BACKGROUND_PRIORITY);
  await pass(10);
  queue.add("change-1");
  await pass(10);
  queue.add("change-2", DEFAULT_PRIORITY);
  expect(await drain(queue)).toEqual(["change-1", "change-2", "resync-1", "resync-2"]);
});

test("adding with a higher priority raises a key that waits, with a lower one changes nothing", async () => {
  const { queue } = newQueue();
  for (const key of ["a", "b", "c"]) queue.add(key, BACKGROUND_PRIORITY);
  queue.add("b", DEFAULT_PRIORITY);
  queue.add("b", BACKGROUND_PRIORITY);
  expect(await drain(queue)).toEqual(["b", "a", "c"]);
});

test("a retry keeps the priority with which its key was handed out", async () => {
  const { queue, pass } = newQueue();
  queue.add("background", BACKGROUND_PRIORITY);
  await queue.get();
  queue.addRateLimited("background");
  queue.done("background");
  queue.addAfter("change", 250);
  await pass(1_000);
  expect(await drain(queue)).toEqual(["change", "background"]);
});

test("the jittered delay is more than half of the nominal one, and at most all of it", () => {
  for (const failures of [0, 1, 5, 10, 11, 50]) {
    const nominal = Math.min(250 * 2 ** failures, 300_000);
    expect(backoffMs(failures, () => 0)).toBe(nominal);
    expect(backoffMs(failures, () => 0.5)).toBe(nominal * 0.75);
    expect(backoffMs(failures, () => 0.999_999)).toBeGreaterThan(nominal / 2);
  }
});

test("one key more than there is room for is a defect, another add of one that waits is not", () => {
  const { queue } = newQueue(2);
  queue.add("a");
  queue.addAfter("b", 10);
  queue.add("a");
  expect(() => queue.add("c")).toThrow("queue q has room for 2");
});

test("failures that are never forgotten are a defect", async () => {
  const { queue, pass } = newQueue(2);
  for (const key of ["a", "b"]) {
    queue.addRateLimited(key);
    await pass(250);
    expect(await drain(queue)).toEqual([key]);
  }
  expect(() => queue.addRateLimited("c")).toThrow("queue q forgets what has gone well");
});

test("a later look keeps the priority with which its key was handed out", async () => {
  const { queue, pass } = newQueue();
  queue.add("background", BACKGROUND_PRIORITY);
  await queue.get();
  queue.addAfter("background", 100);
  queue.done("background");
  queue.addAfter("change", 100);
  await pass(1_000);
  expect(await drain(queue)).toEqual(["change", "background"]);
});

test("done for what was not handed out is a defect", () => {
  const { queue } = newQueue();
  queue.add("a");
  expect(() => queue.done("a")).toThrow("a key is done once");
});
