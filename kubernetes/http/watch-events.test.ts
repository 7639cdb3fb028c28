import { expect, test } from "@jest/globals";
import fc from "fast-check";
import type { WatchEvent } from "../api.ts";
import { pods } from "../resource.ts";
import { eventsOf } from "./watch-events.ts";

async function* chunksOf(chunks: ReadonlyArray<Buffer>): AsyncGenerator<Buffer> {
  yield* chunks;
}

const read = async (chunks: ReadonlyArray<Buffer>, lineBytesMax?: number) => {
  const events: WatchEvent[] = [];
  for await (const event of eventsOf(chunksOf(chunks), pods, lineBytesMax)) events.push(event);
  return events;
};

const pod = (name: string, text: string) => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name, uid: `uid-${name}`, resourceVersion: "1", annotations: { text } },
});

const bookmark = (annotations?: object) => ({
  type: "BOOKMARK",
  object: { kind: "Pod", apiVersion: "v1", metadata: { resourceVersion: "12", annotations } },
});

const arbitraryEvents = fc.array(
  fc.record({
    type: fc.constantFrom("ADDED" as const, "MODIFIED" as const, "DELETED" as const),
    object: fc
      .tuple(fc.string(), fc.string({ unit: "grapheme" }))
      .map(([name, text]) => pod(name, text)),
  }),
);

test("however the stream is cut into chunks, its events are the same", async () => {
  await fc.assert(
    fc.asyncProperty(arbitraryEvents, fc.array(fc.nat()), async (events, cuts) => {
      const bytes = Buffer.from(events.map((event) => `${JSON.stringify(event)}\n`).join(""));
      const places = [0, ...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length];
      const sorted = places.toSorted((a, b) => a - b);
      const chunks = sorted.slice(1).map((end, index) => bytes.subarray(sorted[index], end));
      expect(await read(chunks)).toEqual(events);
    }),
  );
});

test.each([
  ["a bookmark", undefined, false],
  ["one with another annotation", { other: "true" }, false],
  ["the one that ends the initial events", { "k8s.io/initial-events-end": "true" }, true],
  ["one that says the contrary", { "k8s.io/initial-events-end": "false" }, false],
])("%s tells the version and whether everything has been said", async (_, annotations, ends) => {
  expect(await read([Buffer.from(`${JSON.stringify(bookmark(annotations))}\n`)])).toEqual([
    { type: "BOOKMARK", resourceVersion: "12", initialEventsEnd: ends },
  ]);
});

test("an ERROR event is an error of the port, and the stream goes on", async () => {
  const gone = { kind: "Status", code: 410, message: "too old resource version: 1 (2)" };
  const lines = [{ type: "ERROR", object: gone }, bookmark()].map((line) => JSON.stringify(line));
  expect(await read([Buffer.from(`${lines.join("\n")}\n`)])).toEqual([
    { type: "ERROR", error: { kind: "Expired", message: gone.message } },
    { type: "BOOKMARK", resourceVersion: "12", initialEventsEnd: false },
  ]);
});

test.each([
  ["a page", "<html>"],
  ["half an event", '{"type":"ADDED","object":{"metadata":{"name"'],
  ["an event of no known type", '{"type":"RENAMED","object":{}}'],
  ["an object without a uid", '{"type":"ADDED","object":{"metadata":{"name":"a"}}}'],
  ["a bookmark without a version", '{"type":"BOOKMARK","object":{"metadata":{}}}'],
  ["a bookmark of nothing", '{"type":"BOOKMARK"}'],
  ["a number", "7"],
])("a line that is %s breaks the stream", async (_, line) => {
  await expect(read([Buffer.from(`${line}\n`)])).rejects.toThrow("is not an event");
});

test("what came before a broken line has been said", async () => {
  const good = JSON.stringify({ type: "ADDED", object: pod("a", "") });
  const seen: WatchEvent[] = [];
  const all = async () => {
    for await (const event of eventsOf(chunksOf([Buffer.from(`${good}\n{\n`)]), pods)) {
      seen.push(event);
    }
  };
  await expect(all()).rejects.toThrow("is not an event");
  expect(seen).toHaveLength(1);
});

test("a stream that ends within a line was cut", async () => {
  const line = JSON.stringify({ type: "ADDED", object: pod("a", "") });
  await expect(read([Buffer.from(line)])).rejects.toThrow("in the middle of an event");
});

test("a line has a limit, and empty ones mean nothing", async () => {
  expect(await read([Buffer.from("\n\n")])).toEqual([]);
  await expect(read([Buffer.from("123456")], 5)).rejects.toThrow("longer than 5 bytes");
});
