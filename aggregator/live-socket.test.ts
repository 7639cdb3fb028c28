import { afterEach, expect, test } from "@jest/globals";
import { WebSocket, type RawData } from "ws";
import { authorized, startWorld, startWorldOfTwo, TOKEN } from "./testing/world.ts";

const endings: Array<() => Promise<void>> = [];
const onEnd = (end: () => Promise<void>) => void endings.push(end);
afterEach(async () => {
  for (const end of endings.splice(0)) await end();
});

const parse = (data: RawData): unknown =>
  JSON.parse(Buffer.isBuffer(data) ? data.toString("utf8") : "");

const connect = (
  port: number,
  protocols: ReadonlyArray<string>,
  headers: Readonly<Record<string, string>> = {},
): Promise<unknown> =>
  new Promise((resolve) => {
    const socket = new WebSocket(`ws://127.0.0.1:${port}/ws/live`, [...protocols], { headers });
    socket.on("unexpected-response", (_request, response) => {
      resolve(response.statusCode);
      socket.terminate();
    });
    socket.on("error", () => {});
    socket.on("message", (data) => {
      resolve(parse(data));
      socket.close();
    });
  });

test("/ws/live sends the whole state at once, by token as a sub-protocol or a header", async () => {
  const { port } = await startWorldOfTwo(onEnd);
  const update = { type: "update", executor: { exchange_balance: 3292 }, kill_switch: true };
  expect(await connect(port, ["bearer", TOKEN])).toMatchObject(update);
  expect(await connect(port, [], authorized)).toMatchObject(update);
  const own = { ...authorized, origin: `http://127.0.0.1:${port}` };
  expect(await connect(port, [], own)).toMatchObject(update);
});

test("/ws/live refuses a missing or wrong token, and pages of another origin", async () => {
  const { port } = await startWorld(onEnd, []);
  expect(await connect(port, [])).toBe(401);
  expect(await connect(port, ["bearer", "wrong"])).toBe(401);
  expect(await connect(port, [], { "x-api-key": "wrong" })).toBe(401);
  expect(await connect(port, ["bearer", TOKEN], { origin: "http://evil.example" })).toBe(403);
});

test("/ws/live repeats every three seconds", async () => {
  const { port, machine } = await startWorld(onEnd, []);
  const socket = new WebSocket(`ws://127.0.0.1:${port}/ws/live`, ["bearer", TOKEN]);
  const messages: unknown[] = [];
  const arrived = () => new Promise<void>((resolve) => socket.once("message", () => resolve()));
  socket.on("message", (data) => messages.push(parse(data)));
  await arrived();
  const second = arrived();
  await machine.advance(3_000);
  await second;
  expect(messages).toHaveLength(2);
  socket.terminate();
});
