/** The network that breaks must break in the way that it says: other tests rest on it. */

import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";
import { z } from "zod";
import { sleep } from "#base/clock.ts";
import { systemClock } from "#runtime/clock.ts";
import { startFaultProxy, type FaultProxy } from "./fault-proxy.ts";
import { until } from "./until.ts";

let echo: Server;
let proxy: FaultProxy;
const clients: Client[] = [];

beforeEach(async () => {
  echo = createServer((socket) => {
    socket.on("error", () => {});
    socket.pipe(socket);
  });
  echo.listen(0, "127.0.0.1");
  await once(echo, "listening");
  proxy = await startFaultProxy(z.object({ port: z.number() }).parse(echo.address()).port);
});

afterEach(async () => {
  for (const { socket } of clients.splice(0)) socket.destroy();
  await proxy.close();
  echo.close();
});

type Client = { readonly socket: Socket; heard: string; events: string[] };

const open = async (): Promise<Client> => {
  const socket = connect(proxy.port, "127.0.0.1");
  const client: Client = { socket, heard: "", events: [] };
  clients.push(client);
  socket.on("data", (data) => (client.heard += String(data)));
  socket.on("end", () => client.events.push("end"));
  socket.on("error", (error) => client.events.push(codeOf(error)));
  await new Promise<void>((resolve) => {
    socket.once("connect", resolve);
    socket.once("close", () => resolve());
  });
  return client;
};

const codeOf = (error: Error): string => z.object({ code: z.string() }).parse(error).code;

const say = async (client: Client, words: string): Promise<void> => {
  const expected = client.heard + words;
  client.socket.write(words);
  await until("it is echoed", () => client.heard === expected);
};

test("a sound network carries bytes and ends both ways", async () => {
  const client = await open();
  await say(client, "one");
  await say(client, "two");
  client.socket.end();
  await until("it has ended", () => client.events.includes("end"));
  await until("nothing is left of it", () => proxy.openConnections() === 0);
  expect(client.heard).toBe("onetwo");
});

test("refusing, it takes no new connection, and those that stand go on", async () => {
  const standing = await open();
  await proxy.refuse();
  const refused = await open();
  expect(refused.events).toEqual(["ECONNREFUSED"]);
  await say(standing, "still here");
  await proxy.heal();
  await say(await open(), "again");
});

test("a reset is an RST for all that stand", async () => {
  const client = await open();
  await say(client, "one");
  proxy.reset();
  await until("it is told", () => client.events.length > 0);
  expect(client.events).toEqual(["ECONNRESET"]);
  await say(await open(), "another");
});

test("out of a black hole comes nothing, for old connections and for new ones", async () => {
  const standing = await open();
  await say(standing, "one");
  proxy.blackHole();
  const late = await open();
  for (const client of [standing, late]) {
    client.socket.write("is anybody there");
    client.socket.end();
  }
  await sleep(systemClock, 300);
  expect([standing.events, late.events]).toEqual([[], []]);
  expect([standing.heard, late.heard]).toEqual(["one", ""]);
  await proxy.heal();
  await say(await open(), "again");
  expect(standing.heard).toBe("one");
});

test("a slow network keeps the order, also when it becomes fast again", async () => {
  const client = await open();
  await say(client, "0");
  proxy.delay(100);
  client.socket.write("1");
  await sleep(systemClock, 20);
  await proxy.heal();
  client.socket.write("2");
  await until("all is echoed", () => client.heard.length === 3);
  expect(client.heard).toBe("012");
});

test("a connection is cut once it has carried so many bytes", async () => {
  const client = await open();
  await say(client, "before");
  proxy.cutAfter(10);
  await say(client, "0123456789");
  client.socket.write("x");
  await until("it is cut", () => client.events.length > 0);
  expect(client.events).toEqual(["ECONNRESET"]);
});
