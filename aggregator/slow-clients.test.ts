/** Clients that take nothing, and more of them than there is room for. */

import { afterEach, expect, test } from "@jest/globals";
import express from "express";
import { connect, type Socket } from "node:net";
import { listen } from "#runtime/http.ts";
import { secret } from "#runtime/secret.ts";
import { createLiveSocket } from "./live-socket.ts";
import { createStream } from "./stream.ts";
import { aStrategy, aView } from "./testing/fixtures.ts";
import { createHandClock } from "./testing/hand-clock.ts";

const endings: Array<() => Promise<void> | void> = [];
afterEach(async () => {
  for (const end of endings.splice(0)) await end();
});

/** Far more than the kernel buffers between two sockets, after a few messages. */
const large = "x".repeat(2_000_000);

/** Both ways of live data over a view that is large and always new. */
const setUp = async () => {
  const machine = createHandClock();
  const view = () => {
    const reason = `${machine.elapsed()} ${large}`;
    const ready = { type: "Ready", status: "True", reason, message: "" } as const;
    return aView(aStrategy({ member: { conditions: [ready] } }));
  };
  const stream = createStream({ view, machine, version: "1" });
  const socket = createLiveSocket({ view, machine, token: secret("t") });
  const app = express();
  app.get("/stream", (request, response) => stream.serve(request, response));
  const listening = await listen(app, { host: "127.0.0.1", port: 0 });
  if (!listening.ok) throw new Error(listening.error);
  socket.attach(listening.value.server);
  endings.push(async () => {
    stream.close();
    socket.close();
    await listening.value.close();
  });
  return { machine, stream, socket, port: listening.value.port };
};

/** Sends a request and never reads what comes back. */
const askAndNeverRead = async (port: number, lines: ReadonlyArray<string>): Promise<Socket> => {
  const client = connect(port, "127.0.0.1");
  client.on("error", () => {});
  endings.push(() => void client.destroy());
  client.pause();
  await new Promise<void>((resolve) => {
    client.write(`${lines.join("\r\n")}\r\nHost: x\r\n\r\n`, () => resolve());
  });
  return client;
};

const readStream = ["GET /stream HTTP/1.1"];
const openSocket = [
  "GET /ws/live HTTP/1.1",
  "Connection: Upgrade",
  "Upgrade: websocket",
  "Sec-WebSocket-Version: 13",
  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
  "Authorization: Bearer t",
];

/** Turns the event loop until it is so; the servers are real and take their time. */
const until = async (isSo: () => boolean, meanwhile: () => Promise<void> = async () => {}) => {
  for (let turns = 0; !isSo(); turns += 1) {
    if (turns > 5_000) throw new Error("it never came to pass");
    await meanwhile();
    await new Promise((resolve) => setImmediate(resolve));
  }
};

test("a stream that nobody reads is cut off after half a minute, not buffered for ever", async () => {
  const { machine, stream, port } = await setUp();
  await askAndNeverRead(port, readStream);
  await until(() => stream.size() === 1);
  await machine.advance(25_000);
  expect(stream.size()).toBe(1);
  await until(
    () => stream.size() === 0,
    () => machine.advance(1_000),
  );
});

test("a WebSocket that nobody reads is dropped once too much waits for it", async () => {
  const { machine, socket, port } = await setUp();
  await askAndNeverRead(port, openSocket);
  await until(() => socket.size() === 1);
  await until(
    () => socket.size() === 0,
    () => machine.advance(3_000),
  );
  // Before two pings could have gone unanswered.
  expect(machine.elapsed()).toBeLessThan(30_000);
});

test("there is room for so many readers, and the next one is told", async () => {
  const { stream, socket, port } = await setUp();
  for (let index = 0; index < 32; index += 1) await askAndNeverRead(port, readStream);
  await until(() => stream.size() === 32);
  const refused = await fetch(`http://127.0.0.1:${port}/stream`);
  expect([refused.status, await refused.json()]).toEqual([
    503,
    { error: "32 pages are open already: close one" },
  ]);
  for (let index = 0; index < 33; index += 1) await askAndNeverRead(port, openSocket);
  await until(() => socket.size() === 32);
});
