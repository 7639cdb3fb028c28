import { expect, test } from "@jest/globals";
import { Registry } from "prom-client";
import { millis, sleep } from "#base/clock.ts";
import { createVirtualTime, type VirtualTime } from "#simulation/time.ts";
import { createController, type Reconcile } from "./controller.ts";
import { createQueueMetrics } from "./queue-metrics.ts";
import { BACKGROUND_PRIORITY, createWorkQueue } from "./work-queue.ts";

type World = ReturnType<typeof newWorld>;

const newWorld = (
  reconcile: (time: VirtualTime) => Reconcile,
  options: { readonly workers?: number; readonly timeoutMs?: number } = {},
) => {
  const time = createVirtualTime(millis(0), 1);
  const registry = new Registry();
  const metrics = createQueueMetrics(registry);
  const lines: object[] = [];
  const queue = createWorkQueue(
    { clock: time, timers: time, random: () => 0, metrics: metrics.forQueue("pods") },
    { name: "pods", capacity: 100 },
  );
  const { workers = 2, timeoutMs = 1_000 } = options;
  const controller = createController(
    {
      queue,
      clock: time,
      timers: time,
      log: { warn: (data: object, message?: string) => void lines.push({ ...data, message }) },
      metrics: metrics.forController("pods", workers),
    },
    { name: "pods", workers, timeoutMs, reconcile: reconcile(time) },
  );
  const stop = new AbortController();
  const pass = (ms: number) => time.runUntil(millis(time.now() + ms));
  return { time, queue, controller, lines, registry, stop, pass };
};

const start = (world: World) => {
  let hasEnded = false;
  const running = world.controller.run(world.stop.signal).then(() => (hasEnded = true));
  return { running, hasEnded: () => hasEnded };
};

const sample = async ({ registry }: World, line: string) => {
  const lines = (await registry.metrics()).split("\n");
  const found = lines.find((one) => one.startsWith(`${line} `));
  return found === undefined ? undefined : Number(found.slice(line.length));
};

test("as many keys are reconciled at once as there are workers", async () => {
  const running = new Set<string>();
  let most = 0;
  const world = newWorld(
    (time) => async (key) => {
      running.add(key);
      most = Math.max(most, running.size);
      await sleep(time, 10);
      running.delete(key);
      return {};
    },
    { workers: 3 },
  );
  start(world);
  for (let index = 0; index < 10; index += 1) world.queue.add(`key-${index}`);
  await world.pass(5);
  expect(await sample(world, 'controller_runtime_active_workers{controller="pods"}')).toBe(3);
  await world.pass(100);
  expect(most).toBe(3);
  expect(running.size).toBe(0);
  expect(await sample(world, 'controller_runtime_active_workers{controller="pods"}')).toBe(0);
});

test("what throws is retried with backoff and logged once each time, until it succeeds", async () => {
  const at: number[] = [];
  const world = newWorld((time) => async () => {
    at.push(time.now());
    if (at.length < 4) throw new Error(`attempt ${at.length}`);
    return {};
  });
  start(world);
  world.queue.add("trading/a");
  await world.pass(60_000);
  expect(at).toEqual([0, 250, 750, 1_750]);
  expect(world.lines).toEqual(
    [1, 2, 3].map((attempt) => ({
      controller: "pods",
      key: "trading/a",
      reconcileId: `pods-${attempt}`,
      retries: attempt - 1,
      err: new Error(`attempt ${attempt}`),
      message: "reconcile failed",
    })),
  );
  expect(world.queue.retries("trading/a")).toBe(0);
  world.queue.add("trading/a");
  await world.pass(0);
  expect(at).toHaveLength(5);
});

test("a reconcile that throws before it waits fails like any other", async () => {
  let calls = 0;
  const world = newWorld(() => () => {
    calls += 1;
    throw new Error("at once");
  });
  start(world);
  world.queue.add("a");
  await world.pass(250);
  expect(calls).toBe(2);
  expect(world.lines).toHaveLength(2);
});

test("a reconcile is looked at again when it asked for that", async () => {
  const at: number[] = [];
  const world = newWorld((time) => async () => {
    at.push(time.now());
    return at.length < 3 ? { requeueAfterMs: 5_000 } : {};
  });
  start(world);
  world.queue.add("a");
  await world.pass(60_000);
  expect(at).toEqual([0, 5_000, 10_000]);
});

test("a requeue takes the priority that the reconcile names", async () => {
  const order: string[] = [];
  const world = newWorld(
    (time) => async (key) => {
      order.push(key);
      await sleep(time, key === "block" ? 50 : 10);
      return order.length <= 2 ? { requeueAfterMs: 100, ...(key === "b" && { priority: 10 }) } : {};
    },
    { workers: 1 },
  );
  start(world);
  world.queue.add("a", BACKGROUND_PRIORITY);
  await world.pass(1);
  world.queue.add("b", BACKGROUND_PRIORITY);
  world.time.after(105, () => world.queue.add("block", 100));
  await world.pass(1_000);
  expect(order).toEqual(["a", "b", "block", "b", "a"]);
});

test("a reconcile that takes too long is told so, is an error at once, and keeps its key until it ends", async () => {
  const events: string[] = [];
  const world = newWorld((time) => async (_key, signal) => {
    events.push(`${time.now()} begins`);
    signal.addEventListener("abort", () => events.push(`${time.now()} told to stop`));
    await sleep(time, events.length === 1 ? 5_000 : 10);
    events.push(`${time.now()} ends`);
    return { requeueAfterMs: 1 };
  });
  start(world);
  world.queue.add("a");
  await world.pass(500);
  world.queue.add("a");
  await world.pass(1_000);
  expect(
    await sample(world, 'controller_runtime_reconcile_timeouts_total{controller="pods"}'),
  ).toBe(1);
  expect(await sample(world, 'controller_runtime_reconcile_errors_total{controller="pods"}')).toBe(
    1,
  );
  expect(world.lines).toEqual([
    {
      controller: "pods",
      key: "a",
      reconcileId: "pods-1",
      retries: 0,
      err: new Error("the reconcile took longer than 1000 ms"),
      message: "reconcile failed",
    },
  ]);
  await world.pass(3_505);
  world.stop.abort();
  expect(events).toEqual(["0 begins", "1000 told to stop", "5000 ends", "5000 begins"]);
  expect(world.queue.retries("a")).toBe(1);
  await world.pass(1_000);
  expect(await sample(world, 'controller_runtime_reconcile_errors_total{controller="pods"}')).toBe(
    1,
  );
});

test("what is told to stop and throws because of it is one error, not two", async () => {
  const world = newWorld((time) => async (_key, signal) => {
    await sleep(time, 60_000, signal);
    throw new Error("stopped");
  });
  start(world);
  world.queue.add("a");
  await world.pass(1_100);
  expect(world.lines).toHaveLength(1);
  expect(world.queue.retries("a")).toBe(1);
  expect(
    await sample(world, 'controller_runtime_reconcile_total{controller="pods",result="error"}'),
  ).toBe(1);
});

test("stopping begins nothing more, lets what runs finish, and then ends", async () => {
  const log: string[] = [];
  const world = newWorld(
    (time) => async (key, signal) => {
      log.push(`${key} begins`);
      await sleep(time, 100);
      log.push(`${key} ends ${signal.aborted ? "aborted" : "in peace"}`);
      return { requeueAfterMs: 10 };
    },
    { workers: 1 },
  );
  const { running, hasEnded } = start(world);
  world.queue.add("a");
  world.queue.add("b");
  await world.pass(50);
  world.stop.abort();
  world.queue.add("c");
  await world.pass(10);
  expect(hasEnded()).toBe(false);
  await world.pass(1_000);
  await running;
  expect(log).toEqual(["a begins", "a ends in peace"]);
});

test("a controller that is stopped before it starts reconciles nothing", async () => {
  let calls = 0;
  const world = newWorld(() => async () => {
    calls += 1;
    return {};
  });
  world.queue.add("a");
  world.stop.abort();
  await world.controller.run(world.stop.signal);
  expect(calls).toBe(0);
});

test("every series is there from the start, at 0", async () => {
  const world = newWorld(() => async () => ({}), { workers: 4 });
  const controller = 'controller="pods"';
  for (const result of ["success", "error", "requeue_after"]) {
    const line = `controller_runtime_reconcile_total{${controller},result="${result}"}`;
    expect(await sample(world, line)).toBe(0);
  }
  for (const name of [
    "reconcile_errors_total",
    "reconcile_timeouts_total",
    "reconcile_time_seconds_count",
    "active_workers",
  ]) {
    expect(await sample(world, `controller_runtime_${name}{${controller}}`)).toBe(0);
  }
  expect(await sample(world, `controller_runtime_max_concurrent_reconciles{${controller}}`)).toBe(
    4,
  );
  for (const name of [
    "depth",
    "adds_total",
    "retries_total",
    "queue_duration_seconds_count",
    "work_duration_seconds_count",
    "unfinished_work_seconds",
    "longest_running_processor_seconds",
  ]) {
    expect(await sample(world, `workqueue_${name}{name="pods",${controller}}`)).toBe(0);
  }
});

test("reconciles are counted by how they went, with the time they took", async () => {
  const world = newWorld((time) => async (key) => {
    await sleep(time, 100);
    if (key === "bad") throw new Error("bad");
    return key === "again" ? { requeueAfterMs: 60_000 } : {};
  });
  start(world);
  for (const key of ["good", "better", "again", "bad"]) world.queue.add(key);
  await world.pass(220);
  const total = (result: string) =>
    sample(world, `controller_runtime_reconcile_total{controller="pods",result="${result}"}`);
  expect(await total("success")).toBe(2);
  expect(await total("requeue_after")).toBe(1);
  expect(await total("error")).toBe(1);
  const time = (part: string) =>
    sample(world, `controller_runtime_reconcile_time_seconds_${part}{controller="pods"}`);
  expect(await time("count")).toBe(4);
  expect(await time("sum")).toBeCloseTo(0.4, 9);
});
