import { expect, test } from "@jest/globals";
import { millis } from "#base/clock.ts";
import { err, ok } from "#base/result.ts";
import { createVirtualTime } from "#simulation/time.ts";
import type { KubeApi, WatchEvent } from "./api.ts";
import { readStream, type StreamEvent } from "./reflector-stream.ts";
import { configMaps } from "./resource.ts";

const bookmark: WatchEvent = { type: "BOOKMARK", resourceVersion: "7", initialEventsEnd: false };

/** Reads one stream of a port that is made by hand. */
const read = (watch: KubeApi["watch"], signal: AbortSignal = new AbortController().signal) => {
  const time = createVirtualTime(millis(0), 1);
  const heard: StreamEvent[] = [];
  const outcome = readStream(
    { api: { watch }, clock: time, timers: time },
    {
      resource: configMaps,
      query: { timeoutSeconds: 300 },
      onAccepted: () => {},
      onEvent: (event) => heard.push(event),
    },
    signal,
  );
  return { time, heard, outcome };
};

const stream = (next: () => Promise<IteratorResult<WatchEvent>>): AsyncIterable<WatchEvent> => ({
  [Symbol.asyncIterator]: () => ({ next }),
});

test("an event that was under way when it was stopped is not told", async () => {
  const abort = new AbortController();
  const { heard, outcome } = read(
    () =>
      Promise.resolve(
        ok(
          stream(() => {
            abort.abort();
            return Promise.resolve({ done: false, value: bookmark });
          }),
        ),
      ),
    abort.signal,
  );
  expect(await outcome).toEqual({ kind: "Stopped" });
  expect(heard).toEqual([]);
});

test("stopped before it was accepted, it has stopped, whatever the answer", async () => {
  const abort = new AbortController();
  const { outcome } = read(() => {
    abort.abort();
    return Promise.resolve(err({ kind: "Unavailable", message: "called off" }));
  }, abort.signal);
  expect(await outcome).toEqual({ kind: "Stopped" });
});

test("a stream that throws is a broken connection", async () => {
  const { outcome } = read(() =>
    Promise.resolve(ok(stream(() => Promise.reject(new Error("terminated"))))),
  );
  expect(await outcome).toEqual({ kind: "Broken", message: "terminated" });
});

test("whatever its end, the signal that the stream was given is aborted", async () => {
  let given: AbortSignal | undefined;
  const { outcome } = read((_resource, _query, signal) => {
    given = signal;
    return Promise.resolve(ok(stream(() => Promise.resolve({ done: true, value: undefined }))));
  });
  expect(await outcome).toEqual({ kind: "Ended", wasShort: true });
  expect(given?.aborted).toBe(true);
});

test("silence is counted from the last event, and one timer is enough for any number of them", async () => {
  let push: (step: IteratorResult<WatchEvent>) => void = () => {};
  const { time, heard, outcome } = read((_resource, _query, signal) => {
    signal.addEventListener("abort", () => push({ done: true, value: undefined }));
    return Promise.resolve(ok(stream(() => new Promise((resolve) => (push = resolve)))));
  });
  let ended: string | undefined;
  void outcome.then(({ kind }) => (ended = kind));
  const events = 1_000;
  for (let second = 0; second < 100; second += 1) {
    await time.runUntil(millis(second * 1_000));
    for (let index = 0; index < events / 100; index += 1) {
      push({ done: false, value: bookmark });
      await time.runUntil(millis(second * 1_000));
    }
  }
  expect(heard).toHaveLength(events);
  await time.runUntil(millis(99_000 + 149_999));
  expect(ended).toBeUndefined();
  await time.runUntil(millis(99_000 + 150_000));
  expect(ended).toBe("Silent");
  expect(time.ran()).toBeLessThan(5);
});
