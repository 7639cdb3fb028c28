/**
 * Any writes and any faults, in any order and at any time, followed by quiet: the copy is the
 * server's state, and what was told of it leads there step by step.
 */

import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { millis } from "#base/clock.ts";
import { createVirtualTime } from "#simulation/time.ts";
import type { ApiError } from "./api.ts";
import {
  createReflectorBench,
  MINUTE,
  SECOND,
  wrongIn,
  type ReflectorBench,
} from "./testing/reflector-bench.ts";

type Server = ReflectorBench["server"];
type Move = (server: Server, name: string, dial: number) => void;

const errors: ReadonlyArray<ApiError> = [
  { kind: "Expired", message: "too old resource version" },
  { kind: "TooManyRequests", message: "429", retryAfterMs: 3 * SECOND },
  { kind: "Unavailable", message: "503" },
  { kind: "Unavailable", message: "Too large resource version: 900" },
  { kind: "Forbidden", message: "403" },
  { kind: "NotFound", message: "404" },
  { kind: "Invalid", message: "400" },
  { kind: "Unknown", message: "418" },
];
const errorOf = (dial: number): ApiError => errors[dial % errors.length] ?? unheardOf;
const unheardOf: ApiError = { kind: "Unknown", message: "unheard of" };

const moves: Readonly<Record<string, Move>> = {
  write: (server, name, dial) => server.write(name, `${dial}`),
  remove: (server, name) => server.remove(name),
  recreate: (server, name, dial) => {
    server.remove(name);
    server.write(name, `${dial}`);
  },
  writeElsewhere: (server, _name, dial) => server.writeElsewhere(dial),
  compact: (server) => server.compact(),
  cut: (server) => server.cut(),
  end: (server) => server.end(),
  silence: (server) => server.silence(),
  sendError: (server, _name, dial) => server.sendError(errorOf(dial)),
  refuse: (server, _name, dial) => server.refuse(errorOf(dial), dial % 3),
  swallow: (server) => server.swallow(true),
  answer: (server) => server.swallow(false),
  fallBehind: (server, _name, dial) => server.fallBehind(dial % 5),
  catchUp: (server) => server.catchUp(),
  loseWatchList: (server, _name, dial) =>
    server.supportWatchList((["Refused", "Broken", "Endless"] as const)[dial % 3] ?? "Refused"),
  regainWatchList: (server) => server.supportWatchList("Yes"),
};

/** Writes are half of what happens. */
const writes = ["write", "write", "write", "remove", "recreate", "writeElsewhere"];
const kinds = fc.oneof(fc.constantFrom(...writes), fc.constantFrom(...Object.keys(moves)));

/** Mostly a race of milliseconds; sometimes long enough for whatever waits. */
const pause = fc.oneof(
  { weight: 6, arbitrary: fc.nat(60) },
  { weight: 3, arbitrary: fc.nat(5 * SECOND) },
  { weight: 1, arbitrary: fc.nat(4 * MINUTE) },
);

const act = fc.record({
  kind: kinds,
  name: fc.constantFrom("a", "b", "c"),
  dial: fc.nat(30),
  pause,
});

type Act = {
  readonly kind: string;
  readonly name: string;
  readonly dial: number;
  readonly pause: number;
};

const play = async ({ server, pass }: ReflectorBench, acts: ReadonlyArray<Act>) => {
  for (const { kind, name, dial, pause } of acts) {
    moves[kind]?.(server, name, dial);
    await pass(pause);
  }
};

/** Seconds of a free machine; a busy one may take its time. */
const TIMEOUT_MS = 60_000;

const story = fc.array(act, { maxLength: 40 });
const seed = fc.nat(1_000_000);

test(
  "after any writes and faults the copy is the server's state, told step by step",
  async () => {
    await fc.assert(
      fc.asyncProperty(seed, story, async (seed, acts) => {
        const bench = createReflectorBench(createVirtualTime(millis(0), seed), { seed });
        bench.start();
        await play(bench, acts);
        bench.server.heal();
        bench.server.supportWatchList("Yes");
        await bench.pass(15 * MINUTE);
        expect(wrongIn(bench)).toEqual([]);
        expect(bench.reflector.problem()).toBeUndefined();
        // It follows, and is not by chance where the server stopped.
        bench.server.write("d", "after all");
        await bench.pass(SECOND);
        expect(wrongIn(bench)).toEqual([]);
      }),
      { numRuns: 150 },
    );
  },
  TIMEOUT_MS,
);

test(
  "stopped at any time, it ends at once, leaves no stream and asks for nothing any more",
  async () => {
    await fc.assert(
      fc.asyncProperty(seed, story, async (seed, acts) => {
        const bench = createReflectorBench(createVirtualTime(millis(0), seed), { seed });
        bench.start();
        await play(bench, acts);
        bench.stop();
        await bench.pass(0);
        const { server, changes } = bench;
        expect([bench.ended(), server.openStreams()]).toEqual(["Resolved", 0]);
        const before = [server.watches.length, server.lists.length, changes.length];
        server.heal();
        server.write("d", "too late");
        await bench.pass(30 * MINUTE);
        expect([server.watches.length, server.lists.length, changes.length]).toEqual(before);
        expect(server.openStreamsMax()).toBeLessThanOrEqual(1);
      }),
      { numRuns: 100 },
    );
  },
  TIMEOUT_MS,
);
