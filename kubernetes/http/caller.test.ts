import { afterEach, expect, test } from "@jest/globals";
import { createServer, type Socket } from "node:net";
import { millis } from "#base/clock.ts";
import { err, ok } from "#base/result.ts";
import { createVirtualTime } from "#simulation/time.ts";
import type { ApiError } from "../api.ts";
import { pods } from "../resource.ts";
import { createHttpApi } from "./client.ts";
import { startScriptedApi, until, type ScriptedApi, type ScriptedOptions } from "./scripted-api.ts";
import { answer, CHUNKED, startScriptedServer, type Reaction } from "./scripted-server.ts";

const key = { namespace: "n", name: "a" };
const pod = {
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name: "a", namespace: "n", uid: "u", resourceVersion: "1" },
};
const text = JSON.stringify(pod);
const whole = answer(200, text);
const head = whole.indexOf("\r\n\r\n") + 4;
const cutAfter = (bytes: number) => whole.slice(0, bytes);
const keep = (bytes: string): Reaction => ({ bytes, ending: "Keep" });
const good = keep(whole);
const silence = keep("");
const unanswered = ["Unavailable", "Unknown"] as const;

let open: ScriptedApi[] = [];
afterEach(async () => {
  await Promise.all(open.map(({ close }) => close()));
  open = [];
});

const start = async (react: (count: number) => Reaction, options?: ScriptedOptions) => {
  const time = createVirtualTime(millis(0), 1);
  const scripted = await startScriptedApi(time, react, options);
  open.push(scripted);
  return { ...scripted, time };
};

/** One reaction after the other; the last one goes on. */
const inOrder =
  (...reactions: ReadonlyArray<Reaction>) =>
  (count: number): Reaction =>
    reactions[count] ?? reactions.at(-1) ?? silence;

const write = (api: ScriptedApi["api"]) => api.create(pods, pod, { fieldManager: "m" });
const kindOf = (result: { ok: boolean; error?: ApiError }) =>
  result.ok ? "ok" : result.error?.kind;

test.each<[string, Reaction, number, readonly [read: string, write: string]]>([
  // What the server does, how often it sees a read, and what a read and a write come to.
  ["resets before it answers", { bytes: "", ending: "Reset" }, 2, unanswered],
  ["ends before it answers", { bytes: "", ending: "End" }, 2, unanswered],
  ["ends within the status line", { bytes: cutAfter(10), ending: "End" }, 2, unanswered],
  ["ends within the head", { bytes: cutAfter(40), ending: "End" }, 2, unanswered],
  ["ends after the head", { bytes: cutAfter(head), ending: "End" }, 1, unanswered],
  ["resets after the head", { bytes: cutAfter(head), ending: "Reset" }, 1, unanswered],
  ["ends within the body", { bytes: cutAfter(head + 9), ending: "End" }, 1, unanswered],
  ["resets within the body", { bytes: cutAfter(head + 9), ending: "Reset" }, 1, unanswered],
  ["ends before the last chunk", { bytes: `${CHUNKED}2\r\n{}\r\n`, ending: "End" }, 1, unanswered],
  ["breaks the chunks", { bytes: `${CHUNKED}zz\r\n`, ending: "Keep" }, 1, unanswered],
  ["speaks another protocol", { bytes: "SSH-2.0-OpenSSH_9\r\n", ending: "Keep" }, 1, unanswered],
  ["answers half the object", keep(answer(200, text.slice(9))), 1, unanswered],
  ["answers more than is taken", keep(answer(200, text.padEnd(1001))), 1, unanswered],
  ["redirects", keep(answer(307, "", { location: "/elsewhere" })), 1, unanswered],
  ["is overloaded", keep(answer(503, "", { "retry-after": "1" })), 1, unanswered],
  ["forbids", keep(answer(403, "")), 1, ["Forbidden", "Forbidden"]],
  ["answers and ends", { bytes: whole, ending: "End" }, 1, ["ok", "ok"]],
  ["says it will end", keep(answer(200, text, { connection: "close" })), 1, ["ok", "ok"]],
])("a server that %s", async (_, reaction, reads, kinds) => {
  const reading = await start(() => reaction, { bodyBytesMax: 1000 });
  expect(kindOf(await reading.api.get(pods, key))).toBe(kinds[0]);
  expect(reading.server.requests).toHaveLength(reads);
  const writing = await start(() => reaction, { bodyBytesMax: 1000 });
  expect(kindOf(await write(writing.api))).toBe(kinds[1]);
  expect(writing.server.requests).toHaveLength(1);
});

test("of a write that found no server it is certain that it was not done", async () => {
  const { api, server, counted } = await start(() => good);
  await server.close();
  expect(kindOf(await write(api))).toBe("Unavailable");
  expect(kindOf(await api.get(pods, key))).toBe("Unavailable");
  expect(counted.map(({ method, code }) => [method, code])).toEqual([
    ["POST", undefined],
    ["GET", undefined],
  ]);
});

test.each<[string, (socket: Socket) => void, number, string]>([
  ["finds no TLS", (socket) => socket.end("not TLS\r\n"), 1, "wrong version number"],
  // Nothing had left, so it may be tried once more.
  ["breaks in the handshake", (socket) => socket.resetAndDestroy(), 2, "ECONNRESET"],
])("nor is a write done whose connection %s", async (_, react, connections, words) => {
  let accepted = 0;
  const plain = createServer((socket) => {
    accepted += 1;
    socket.once("data", () => react(socket));
  });
  await new Promise<void>((resolve) => plain.listen(0, "127.0.0.1", resolve));
  const address = plain.address();
  const port = typeof address === "object" ? address?.port : undefined;
  const { api } = await start(() => good, { server: { url: `https://127.0.0.1:${port}` } });
  expect(await write(api)).toMatchObject({
    error: { kind: "Unavailable", message: expect.stringContaining(words) },
  });
  expect(accepted).toBe(connections);
  plain.close();
});

test("the message says which server and what happened", async () => {
  const { api, server } = await start(() => good);
  await server.close();
  const message =
    `no answer from the API server at 127.0.0.1:${server.port}: ` +
    `connect ECONNREFUSED 127.0.0.1:${server.port}`;
  expect(await api.get(pods, key)).toEqual({ ok: false, error: { kind: "Unavailable", message } });
});

test("a kept connection that the server has given up costs a read nothing", async () => {
  const { api, server } = await start(inOrder(good, { bytes: "", ending: "Reset" }, good));
  expect(kindOf(await api.get(pods, key))).toBe("ok");
  expect(kindOf(await api.get(pods, key))).toBe("ok");
  expect(server.requests).toHaveLength(3);
});

test("and a write stays unknown, sent once", async () => {
  const { api, server } = await start(inOrder(good, { bytes: "", ending: "Reset" }, good));
  expect(kindOf(await write(api))).toBe("ok");
  expect(kindOf(await write(api))).toBe("Unknown");
  expect(server.requests).toHaveLength(2);
});

test("a redirect is not followed, to no other host", async () => {
  const other = await startScriptedServer(() => good);
  const away = { location: `${other.url}/api/v1/namespaces/n/pods/a` };
  const { api } = await start(() => ({ bytes: answer(301, "", away), ending: "Keep" }));
  expect(kindOf(await api.get(pods, key))).toBe("Unavailable");
  expect(other.connections()).toBe(0);
  await other.close();
});

test("many requests one after the other share two connections", async () => {
  const { api, server, connectionsCounted } = await start(() => good);
  for (let index = 0; index < 50; index += 1) await api.get(pods, key);
  expect(server.requests).toHaveLength(50);
  // Two, because one is not free yet when its answer is already used.
  expect(server.connections()).toBeLessThanOrEqual(2);
  expect(connectionsCounted()).toBe(server.connections());
});

test("many at once use as many connections as there may be, and the rest wait", async () => {
  const { api, server, connectionsCounted } = await start(() => good);
  const all = await Promise.all(Array.from({ length: 200 }, () => api.get(pods, key)));
  expect(all.every((result) => result.ok)).toBe(true);
  expect(server.connections()).toBeLessThanOrEqual(32);
  expect(connectionsCounted()).toBe(server.connections());
});

test("without an answer the deadline ends a read, and leaves a write unknown", async () => {
  const { api, server, time, waits } = await start(() => silence);
  const read = api.get(pods, key);
  const written = write(api);
  await until(() => server.requests.length === 2);
  expect(waits).toEqual([15_000, 15_000]);
  await time.runUntil(millis(15_000));
  expect([kindOf(await read), kindOf(await written)]).toEqual(["Unavailable", "Unknown"]);
  await until(() => server.open() === 0);
});

test("nor does an answer that drips outlast the deadline", async () => {
  const { api, server, time } = await start(() => ({ bytes: cutAfter(head + 9), ending: "Keep" }), {
    timeoutMs: 3000,
  });
  const read = api.get(pods, key);
  await until(() => server.requests.length === 1);
  server.send(0, " ");
  await time.runUntil(millis(3000));
  expect(await read).toMatchObject({
    error: { message: expect.stringContaining("no answer within 3000 ms") },
  });
});

test("a write that waited for a connection until its deadline was not done, nor will it be", async () => {
  const { api, connection, server, time } = await start((count) => (count < 32 ? silence : good));
  const metrics = { countRequest: () => undefined };
  const deps = { clock: time, timers: time, metrics };
  const impatient = createHttpApi(deps, connection, { component: "impatient", timeoutMs: 1000 });
  const stuck = Array.from({ length: 32 }, () => write(api));
  await until(() => server.requests.length === 32);
  const waiting = write(impatient);
  await time.runUntil(millis(1000));
  expect(kindOf(await waiting)).toBe("Unavailable");
  for (let index = 0; index < 32; index += 1) server.send(index, whole);
  expect((await Promise.all(stuck)).every((result) => result.ok)).toBe(true);
  expect(kindOf(await api.get(pods, key))).toBe("ok");
  expect(server.requests.filter(({ method }) => method === "POST")).toHaveLength(32);
  // Giving up on one that waits costs no connection either.
  expect([server.connections(), server.open()]).toEqual([32, 32]);
});

const later = (seconds: string) =>
  keep(answer(429, "Too many requests, please try again later.", { "retry-after": seconds }));

test("a server that says when to come back is asked again then, writes too", async () => {
  const { api, server, time, waits } = await start(inOrder(later("2"), later("3"), good));
  const written = write(api);
  await until(() => waits.length === 2);
  expect(server.requests).toHaveLength(1);
  await time.runUntil(millis(2000));
  await until(() => waits.length === 4);
  await time.runUntil(millis(5000));
  expect(kindOf(await written)).toBe("ok");
  // The deadline is one for all attempts.
  expect(waits).toEqual([15_000, 2000, 13_000, 3000, 10_000]);
  expect(server.requests).toHaveLength(3);
});

test.each([
  ["after the deadline", later("15"), 15_000],
  ["at no time", keep(answer(429, "")), 1000],
  ["on a date", keep(answer(429, "", { "retry-after": "Sat, 21 Nov 2026 10:00:00 GMT" })), 1000],
])("one that says to come back %s is left to the caller", async (_, reaction, retryAfterMs) => {
  const { api, server } = await start(() => reaction);
  const error = { kind: "TooManyRequests", retryAfterMs };
  expect(await write(api)).toMatchObject({ ok: false, error });
  expect(server.requests).toHaveLength(1);
});

test("one that always says so is asked eleven times", async () => {
  const { api, server } = await start(() => later("0"));
  expect(kindOf(await write(api))).toBe("TooManyRequests");
  expect(server.requests).toHaveLength(11);
});

const tokens = (...headers: ReadonlyArray<string>) => {
  const refusals: Array<string | undefined> = [];
  let next = 0;
  return {
    refusals,
    authorization: (refused?: string) => {
      refusals.push(refused);
      if (refused !== undefined) next += 1;
      return Promise.resolve(ok(headers[next]));
    },
  };
};
const unauthorized = keep(answer(401, '{"kind":"Status","message":"Unauthorized"}'));

test("a token that is refused is replaced once, for writes too", async () => {
  const credentials = tokens("Bearer old", "Bearer new");
  const { api, server } = await start(inOrder(unauthorized, good), { server: { credentials } });
  expect(kindOf(await write(api))).toBe("ok");
  const sent = server.requests.map(({ headers }) => new Map(headers).get("authorization"));
  expect(sent).toEqual(["Bearer old", "Bearer new"]);
  expect(credentials.refusals).toEqual([undefined, "Bearer old"]);
});

test("and if the new one is refused too, that is the answer", async () => {
  const credentials = tokens("Bearer old", "Bearer new", "Bearer newer");
  const { api, server } = await start(() => unauthorized, { server: { credentials } });
  expect(await write(api)).toEqual({
    ok: false,
    error: { kind: "Forbidden", message: "Unauthorized" },
  });
  expect(server.requests).toHaveLength(2);
});

test("without credentials nothing is sent, and why is said", async () => {
  const credentials = { authorization: () => Promise.resolve(err("The token file is empty.")) };
  const { api, server } = await start(() => good, { server: { credentials } });
  expect(await write(api)).toMatchObject({
    error: { kind: "Unavailable", message: expect.stringContaining("The token file is empty.") },
  });
  expect(server.connections()).toBe(0);
});

test("every exchange is counted, those that are repeated and those without an answer too", async () => {
  const reset: Reaction = { bytes: "", ending: "Reset" };
  const { api, counted, time } = await start(inOrder(later("0"), reset, good, unauthorized, good));
  await api.get(pods, key);
  await write(api);
  expect(counted.map(({ method, code }) => [method, code])).toEqual([
    ["GET", 429],
    ["GET", undefined],
    ["GET", 200],
    ["POST", 401],
    ["POST", 200],
  ]);
  expect(time.elapsed()).toBe(0);
});

test("the time of an exchange is that of the clock", async () => {
  const { api, counted, server, time } = await start(() => silence);
  const read = api.get(pods, key);
  await until(() => server.requests.length === 1);
  await time.runUntil(millis(1500));
  server.send(0, whole);
  await read;
  expect(counted).toEqual([{ method: "GET", code: 200, seconds: 1.5 }]);
});

test("what is under way when the connection is closed is lost, and said to be", async () => {
  const { api, connection, server } = await start(() => silence);
  const [read, written] = [api.get(pods, key), write(api)];
  await until(() => server.requests.length === 2);
  await connection.close();
  expect([kindOf(await read), kindOf(await written)]).toEqual(["Unavailable", "Unknown"]);
  expect(kindOf(await write(api))).toBe("Unavailable");
});
