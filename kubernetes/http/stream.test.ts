import { afterEach, expect, test } from "@jest/globals";
import { millis } from "#base/clock.ts";
import { createVirtualTime } from "#simulation/time.ts";
import type { WatchEvent } from "../api.ts";
import { pods } from "../resource.ts";
import { startScriptedApi, until, type ScriptedApi } from "./scripted-api.ts";
import { answer, chunk, CHUNKED, LAST_CHUNK, type Reaction } from "./scripted-server.ts";

const query = { resourceVersion: "1", timeoutSeconds: 300 };
const accepted: Reaction = { bytes: CHUNKED, ending: "Keep" };
const silence: Reaction = { bytes: "", ending: "Keep" };

let open: ScriptedApi[] = [];
afterEach(async () => {
  await Promise.all(open.map(({ close }) => close()));
  open = [];
});

const start = async (react: (count: number) => Reaction = () => accepted) => {
  const time = createVirtualTime(millis(0), 1);
  const scripted = await startScriptedApi(time, react);
  open.push(scripted);
  return { ...scripted, time };
};

const added = (name: string, text = "") => ({
  type: "ADDED" as const,
  object: {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, uid: `uid-${name}`, resourceVersion: "1", annotations: { text } },
  },
});
const line = (event: WatchEvent) => Buffer.from(`${JSON.stringify(event)}\n`);

/** Reads until the stream ends; what it has read so far is in `events`. */
const follow = async ({ api }: ScriptedApi, signal = new AbortController().signal) => {
  const opened = await api.watch(pods, query, signal);
  if (!opened.ok) throw new Error(opened.error.message);
  const events: WatchEvent[] = [];
  const read = async () => {
    for await (const event of opened.value) events.push(event);
  };
  return { events, done: read() };
};

test("events come as they are sent, byte by byte if need be, until the server ends", async () => {
  const scripted = await start();
  const { events, done } = await follow(scripted);
  const sent = [added("a", "ä€😀"), added("b")];
  for (const byte of Buffer.concat(sent.map(line))) scripted.server.send(0, chunk(Buffer.of(byte)));
  await until(() => events.length === 2);
  expect(events).toEqual(sent);
  scripted.server.send(0, LAST_CHUNK);
  await done;
  expect(scripted.counted).toEqual([{ method: "GET", code: 200, seconds: 0 }]);
});

test.each(["End", "Reset"] as const)("a cut connection throws (%s)", async (how) => {
  const scripted = await start();
  const { events, done } = await follow(scripted);
  scripted.server.send(0, chunk(line(added("a"))));
  await until(() => events.length === 1);
  scripted.server.end(0, how);
  await expect(done).rejects.toThrow();
});

test("what was sent before the cut is said before it throws", async () => {
  const scripted = await start();
  const { events, done } = await follow(scripted);
  scripted.server.send(0, Buffer.concat([chunk(line(added("a"))), chunk(line(added("b")))]));
  scripted.server.end(0, "End");
  await expect(done).rejects.toThrow();
  expect(events).toHaveLength(2);
});

test("the signal ends it without an error, and the connection with it", async () => {
  const scripted = await start();
  const stop = new AbortController();
  const { events, done } = await follow(scripted, stop.signal);
  scripted.server.send(0, chunk(line(added("a"))));
  await until(() => events.length === 1);
  stop.abort();
  await done;
  await until(() => scripted.server.open() === 0);
});

test("after the signal nothing more is said, though it has come", async () => {
  const { api, server } = await start();
  const stop = new AbortController();
  const opened = await api.watch(pods, query, stop.signal);
  if (!opened.ok) throw new Error(opened.error.message);
  const events = opened.value[Symbol.asyncIterator]();
  server.send(0, chunk(line(added("a"))));
  expect(await events.next()).toEqual({ done: false, value: added("a") });
  server.send(0, chunk(line(added("b"))));
  let turns = 0;
  await until(() => (turns += 1) > 100);
  stop.abort();
  expect(await events.next()).toEqual({ done: true, value: undefined });
});

test("the signal ends one that nobody reads", async () => {
  const scripted = await start();
  const stop = new AbortController();
  const opened = await scripted.api.watch(pods, query, stop.signal);
  expect(opened.ok).toBe(true);
  stop.abort();
  await until(() => scripted.server.open() === 0);
});

test("who stops reading closes the connection", async () => {
  const { api, server } = await start();
  const opened = await api.watch(pods, query, new AbortController().signal);
  if (!opened.ok) throw new Error(opened.error.message);
  server.send(0, chunk(Buffer.concat([line(added("a")), line(added("b"))])));
  for await (const event of opened.value) {
    expect(event).toEqual(added("a"));
    break;
  }
  await until(() => server.open() === 0);
});

test("one that is called off before the server answers ends at once", async () => {
  const scripted = await start(() => silence);
  const stop = new AbortController();
  const opening = scripted.api.watch(pods, query, stop.signal);
  await until(() => scripted.server.requests.length === 1);
  stop.abort();
  expect(await opening).toMatchObject({ ok: false, error: { kind: "Unavailable" } });
  await until(() => scripted.server.open() === 0);
});

test("one that is called off before it begins is never sent", async () => {
  const { api, server } = await start();
  expect(await api.watch(pods, query, AbortSignal.abort())).toMatchObject({ ok: false });
  expect(server.connections()).toBe(0);
});

test("the deadline is for the head; after it a quiet hour is fine", async () => {
  const { api, time, server } = await start((count) => (count === 0 ? silence : accepted));
  const opening = api.watch(pods, query, new AbortController().signal);
  await until(() => server.requests.length === 1);
  await time.runUntil(millis(15_000));
  expect(await opening).toMatchObject({ ok: false, error: { kind: "Unavailable" } });
  const opened = await api.watch(pods, query, new AbortController().signal);
  if (!opened.ok) throw new Error(opened.error.message);
  const first = opened.value[Symbol.asyncIterator]().next();
  await time.runUntil(millis(3_615_000));
  server.send(1, chunk(line(added("late"))));
  expect(await first).toEqual({ done: false, value: added("late") });
});

test.each([
  ["410", answer(410, '{"kind":"Status","message":"too old resource version"}'), "Expired"],
  ["403", answer(403, '{"kind":"Status","message":"no"}'), "Forbidden"],
  ["503", answer(503, ""), "Unavailable"],
  ["204", answer(204, ""), "Unavailable"],
])("a watch that is answered by %s is refused", async (_, bytes, kind) => {
  const { api } = await start(() => ({ bytes, ending: "Keep" }));
  const opened = await api.watch(pods, query, new AbortController().signal);
  expect(opened).toMatchObject({ ok: false, error: { kind } });
});

const busy: Reaction = { bytes: answer(429, "", { "retry-after": "2" }), ending: "Keep" };

test("a server that is not ready for watches is asked again when it says", async () => {
  const { api, time, waits } = await start((count) => (count === 0 ? busy : accepted));
  const opening = api.watch(pods, query, new AbortController().signal);
  await until(() => waits.length === 2);
  await time.runUntil(millis(2000));
  expect(await opening).toMatchObject({ ok: true });
});

test("and the signal ends that wait too", async () => {
  const { api, waits, time } = await start(() => busy);
  const stop = new AbortController();
  const opening = api.watch(pods, query, stop.signal);
  await until(() => waits.length === 2);
  stop.abort();
  expect(await opening).toMatchObject({ ok: false });
  expect(time.elapsed()).toBe(0);
});

test("watches take no connection from calls", async () => {
  const list = answer(200, '{"metadata":{"resourceVersion":"1"},"items":[]}');
  const { api } = await start((count) => (count < 40 ? accepted : { bytes: list, ending: "Keep" }));
  const { signal } = new AbortController();
  const opened = await Promise.all(
    Array.from({ length: 40 }, () => api.watch(pods, query, signal)),
  );
  expect(opened.every((watch) => watch.ok)).toBe(true);
  expect(await api.list(pods, {})).toMatchObject({ ok: true });
});

test("a burst waits with the server while the consumer is behind, and none of it is lost", async () => {
  const scripted = await start();
  const opened = await scripted.api.watch(pods, query, new AbortController().signal);
  if (!opened.ok) throw new Error(opened.error.message);
  const events = opened.value[Symbol.asyncIterator]();
  const text = "x".repeat(100_000);
  const names = Array.from({ length: 300 }, (_, index) => String(index));
  for (const name of names) scripted.server.send(0, chunk(line(added(name, text))));
  scripted.server.send(0, LAST_CHUNK);
  const seen = [(await events.next()).value];
  // Nothing has moved for a long while: what is left is held back.
  let [quiet, left] = [0, -1];
  await until(() => {
    quiet = left === scripted.server.unsent(0) ? quiet + 1 : 0;
    left = scripted.server.unsent(0);
    return quiet > 2000;
  });
  expect(left).toBeGreaterThan(5_000_000);
  for (let next = await events.next(); next.done !== true; next = await events.next()) {
    seen.push(next.value);
  }
  expect(seen.map((event) => event?.type === "ADDED" && event.object.metadata.name)).toEqual(names);
});
