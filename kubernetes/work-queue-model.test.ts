/**
 * The queue against a naive model: a list of everything that was asked for, searched from end to end.
 */

import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { millis, sleep } from "#base/clock.ts";
import { createVirtualTime } from "#simulation/time.ts";
import { createWorkQueue } from "./work-queue.ts";

type Ask = { readonly key: string; readonly at: number; readonly priority: number };

type Model = {
  readonly add: (key: string, ms: number, priority: number | undefined) => void;
  readonly fail: (key: string) => void;
  readonly forget: (key: string) => void;
  readonly get: () => void;
  readonly done: (key: string) => void;
  readonly pass: (ms: number) => void;
  readonly shutDown: () => void;
  readonly available: () => ReadonlyArray<string>;
  readonly held: ReadonlyMap<string, number>;
  readonly handedOut: (string | undefined)[];
};

const createModel = (): Model => {
  let asks: ReadonlyArray<Ask> = [];
  let now = 0;
  let takers = 0;
  let isClosed = false;
  const held = new Map<string, number>();
  const failures = new Map<string, number>();
  const handedOut: (string | undefined)[] = [];

  const isDue = (key: string) => asks.some((ask) => ask.key === key && ask.at <= now);
  const rankOf = ({ at, priority }: Ask) => at - priority * 1_000;
  /** Distinct keys, those with the better ask first. */
  const available = () => {
    const ranked = asks.toSorted((a, b) => rankOf(a) - rankOf(b)).map(({ key }) => key);
    return [...new Set(ranked)].filter((key) => isDue(key) && !held.has(key));
  };
  const serve = () => {
    for (let [key] = available(); key !== undefined && takers > 0; [key] = available()) {
      const taken = key;
      const priorities = asks.filter((ask) => ask.key === taken).map(({ priority }) => priority);
      held.set(taken, Math.max(...priorities));
      asks = asks.filter((ask) => ask.key !== taken);
      takers -= 1;
      handedOut.push(taken);
    }
    if (!isClosed) return;
    for (; takers > 0; takers -= 1) handedOut.push(undefined);
  };
  const add = (key: string, ms: number, priority: number | undefined) => {
    if (isClosed) return;
    const kept = ms > 0 ? held.get(key) : undefined;
    asks = [...asks, { key, at: now + ms, priority: priority ?? kept ?? 0 }];
    serve();
  };
  return {
    add,
    fail: (key) => {
      if (isClosed) return;
      const before = failures.get(key) ?? 0;
      failures.set(key, before + 1);
      add(key, Math.min(250 * 2 ** before, 300_000), undefined);
    },
    forget: (key) => void failures.delete(key),
    get: () => {
      takers += 1;
      serve();
    },
    done: (key) => {
      held.delete(key);
      serve();
    },
    pass: (ms) => {
      const until = now + ms;
      const instants = asks.map(({ at }) => at).filter((at) => at > now && at <= until);
      for (const at of instants.toSorted((a, b) => a - b)) {
        now = at;
        serve();
      }
      now = until;
    },
    shutDown: () => {
      isClosed = true;
      asks = asks.filter(({ key }) => isDue(key));
      serve();
    },
    available,
    held,
    handedOut,
  };
};

const key = fc.constantFrom("a", "b", "c", "d", "e");
const priority = fc.option(fc.integer({ min: -3, max: 3 }), { nil: undefined });
const ms = fc.integer({ min: 1, max: 40 }).map((steps) => steps * 100);

const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant("Add" as const), key, priority }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("After" as const), key, ms, priority }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("Fail" as const), key }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("Forget" as const), key }) },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant("Get" as const) }) },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant("Done" as const), index: fc.nat(9) }) },
  { weight: 5, arbitrary: fc.record({ kind: fc.constant("Pass" as const), ms }) },
);

test("every sequence of calls hands out the same keys, in the same order, as a naive list does", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { maxLength: 80, size: "max" }),
      fc.nat(160),
      async (steps, closeAt) => {
        const time = createVirtualTime(millis(0), 1);
        const queue = createWorkQueue(
          { clock: time, timers: time, random: () => 0 },
          { name: "q", capacity: 100 },
        );
        const model = createModel();
        const handedOut: (string | undefined)[] = [];

        const apply = async (one: (typeof steps)[number]) => {
          switch (one.kind) {
            case "Add":
              queue.add(one.key, one.priority);
              return model.add(one.key, 0, one.priority);
            case "After":
              queue.addAfter(one.key, one.ms, one.priority);
              return model.add(one.key, one.ms, one.priority);
            case "Fail":
              queue.addRateLimited(one.key);
              return model.fail(one.key);
            case "Forget":
              queue.forget(one.key);
              return model.forget(one.key);
            case "Get":
              void queue.get().then((taken) => handedOut.push(taken));
              return model.get();
            case "Done": {
              const held = [...model.held.keys()][one.index];
              if (held === undefined) return;
              queue.done(held);
              return model.done(held);
            }
            case "Pass":
              await time.runUntil(millis(time.now() + one.ms));
              return model.pass(one.ms);
          }
        };
        for (const [index, one] of steps.entries()) {
          if (index === closeAt) {
            queue.shutDown();
            model.shutDown();
          }
          await apply(one);
          await time.runUntil(time.now());
          expect(handedOut).toEqual(model.handedOut);
          expect(queue.length()).toBe(model.available().length);
        }
      },
    ),
    { numRuns: 300 },
  );
});

test("no key is worked on by two at once, no add is lost, and no key comes more often than it was added", async () => {
  const world = fc.record({
    workers: fc.integer({ min: 1, max: 4 }),
    adds: fc.array(fc.record({ at: fc.nat(300), key, delay: fc.nat(50) }), {
      maxLength: 60,
      size: "max",
    }),
    durations: fc.array(fc.nat(40), { minLength: 1, maxLength: 10 }),
    seed: fc.nat(),
  });
  await fc.assert(
    fc.asyncProperty(world, async ({ workers, adds, durations, seed }) => {
      const time = createVirtualTime(millis(0), seed);
      const queue = createWorkQueue(
        { clock: time, timers: time, random: () => 0 },
        { name: "q", capacity: 5 },
      );
      const working = new Set<string>();
      const startsByKey = new Map<string, number[]>();
      let turns = 0;
      const work = async () => {
        for (let taken = await queue.get(); taken !== undefined; taken = await queue.get()) {
          expect(working.has(taken)).toBe(false);
          working.add(taken);
          startsByKey.set(taken, [...(startsByKey.get(taken) ?? []), time.now()]);
          turns += 1;
          await sleep(time, durations[turns % durations.length] ?? 0);
          working.delete(taken);
          queue.done(taken);
        }
      };
      const running = Array.from({ length: workers }, work);
      for (const { at, key, delay } of adds) time.after(at, () => queue.addAfter(key, delay));
      await time.runUntil(millis(10_000));
      queue.shutDown();
      await Promise.all(running);

      for (const { at, key } of adds) {
        expect((startsByKey.get(key) ?? []).some((start) => start >= at)).toBe(true);
      }
      for (const [key, starts] of startsByKey) {
        expect(starts.length).toBeLessThanOrEqual(adds.filter((add) => add.key === key).length);
      }
    }),
  );
});

test("nothing starves: what is q − p higher overtakes only if it came less than q − p seconds later", async () => {
  const arrival = fc.record({ at: fc.nat(20_000), priority: fc.integer({ min: -5, max: 5 }) });
  const world = fc.record({
    arrivals: fc.array(arrival, { minLength: 2, maxLength: 40, size: "max" }),
    serviceMs: fc.integer({ min: 1, max: 2_000 }),
  });
  await fc.assert(
    fc.asyncProperty(world, async ({ arrivals, serviceMs }) => {
      const time = createVirtualTime(millis(0), 1);
      const queue = createWorkQueue(
        { clock: time, timers: time, random: () => 0 },
        { name: "q", capacity: 100 },
      );
      const order: number[] = [];
      const work = async () => {
        for (let taken = await queue.get(); taken !== undefined; taken = await queue.get()) {
          order.push(Number(taken));
          await sleep(time, serviceMs);
          queue.done(taken);
        }
      };
      const running = work();
      for (const [index, { at, priority }] of arrivals.entries()) {
        time.after(at, () => queue.add(String(index), priority));
      }
      await time.runUntil(millis(1_000_000));
      queue.shutDown();
      await running;

      expect(order).toHaveLength(arrivals.length);
      const placeOf = new Map(order.map((index, place) => [index, place]));
      for (const [low, { at: t, priority: p }] of arrivals.entries()) {
        for (const [high, { at: u, priority: q }] of arrivals.entries()) {
          const isTooLate = u > t && u - t >= (q - p) * 1_000;
          if (isTooLate) expect(placeOf.get(high)).toBeGreaterThan(placeOf.get(low) ?? Infinity);
        }
      }
    }),
  );
});

test("an endless flood of changes holds the background up for a minute, not for ever", async () => {
  const time = createVirtualTime(millis(0), 1);
  const queue = createWorkQueue(
    { clock: time, timers: time, random: () => 0 },
    { name: "q", capacity: 10_000 },
  );
  const servedAt = new Map<string, number>();
  const work = async () => {
    for (let taken = await queue.get(); taken !== undefined; taken = await queue.get()) {
      servedAt.set(taken, time.now());
      await sleep(time, 100);
      queue.done(taken);
    }
  };
  const running = work();
  queue.add("first");
  queue.add("background", -60);
  // One worker does 10 a second and 20 a second arrive: the backlog of changes only grows.
  for (let index = 0; index < 6_000; index += 1) {
    time.after(index * 50, () => queue.add(`change-${index}`));
  }
  await time.runUntil(millis(300_000));
  queue.shutDown();
  await time.runUntil(millis(1_000_000));
  await running;
  // Those of the first minute, 1,200 and one, go first: 120 seconds of work.
  expect(servedAt.get("background")).toBeGreaterThanOrEqual(60_000);
  expect(servedAt.get("background")).toBeLessThanOrEqual(120_200);
});

test("ten thousand keys come in their order", async () => {
  const time = createVirtualTime(millis(0), 1);
  const queue = createWorkQueue(
    { clock: time, timers: time, random: () => 0 },
    { name: "q", capacity: 10_000 },
  );
  const delayOf = (index: number) => ((index * 7_919) % 10_000) * 10;
  for (let index = 0; index < 10_000; index += 1) {
    queue.addAfter(String(index), delayOf(index) + 10);
  }
  await time.runUntil(millis(200_000));
  const order: number[] = [];
  while (queue.length() > 0) {
    const taken = (await queue.get()) ?? "";
    order.push(delayOf(Number(taken)));
    queue.done(taken);
  }
  expect(order).toEqual(Array.from({ length: 10_000 }, (_, index) => index * 10));
});
