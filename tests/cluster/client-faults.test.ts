/**
 * The client and a real API server whose connections are counted and cut, that stops, dies, forgets
 * and comes back.
 */

import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { connect, createServer, type Socket } from "node:net";
import type { KubeApi, WatchEvent } from "#kubernetes/api.ts";
import { configMaps } from "#kubernetes/resource.ts";
import {
  configMap,
  fieldManager,
  namespace,
  startClientWorld,
  type ClientWorld,
} from "./client-world.ts";
import { until } from "./until.ts";

const TIMEOUT_MS = 60_000;

let world: ClientWorld;
let plane: ClientWorld["plane"];
let api: KubeApi;
beforeAll(async () => {
  world = await startClientWorld();
  ({ plane, api } = world);
}, 45 * TIMEOUT_MS);
afterAll(() => world.close(), TIMEOUT_MS);

const refused = (kind: string, words = "") => ({
  ok: false,
  error: { kind, message: expect.stringContaining(words) },
});

/** Passes bytes on, and counts the connections: a witness that is not the client. */
const startProxy = async (target: string) => {
  const sockets: Socket[] = [];
  const proxy = createServer((socket) => {
    sockets.push(socket);
    const upstream = connect(Number(new URL(target).port), "127.0.0.1");
    socket.on("error", () => upstream.destroy());
    upstream.on("error", () => socket.destroy());
    socket.pipe(upstream).pipe(socket);
  });
  await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
  const address = proxy.address();
  const port = typeof address === "object" ? address?.port : undefined;
  return {
    url: `https://127.0.0.1:${port}`,
    sockets,
    close: () => {
      for (const socket of sockets) socket.destroy();
      proxy.close();
    },
  };
};

test(
  "hundreds of requests are two TLS handshakes",
  async () => {
    const proxy = await startProxy(plane.url);
    const { api, registry } = world.open({ ...world.server, url: proxy.url });
    await world.create("often");
    for (let index = 0; index < 300; index += 1) {
      expect(await api.get(configMaps, { namespace, name: "often" })).toMatchObject({ ok: true });
    }
    expect(proxy.sockets.length).toBeLessThanOrEqual(2);
    const text = await registry.metrics();
    expect(text).toContain(`rest_client_connections_total ${proxy.sockets.length}`);
    const host = new URL(proxy.url).host;
    expect(text).toContain(`{code="200",method="GET",host="${host}"} 300`);
    proxy.close();
  },
  TIMEOUT_MS,
);

test("a connection that is cut under it costs a read nothing", async () => {
  const proxy = await startProxy(plane.url);
  const { api } = world.open({ ...world.server, url: proxy.url });
  await world.create("cut");
  for (let index = 0; index < 20; index += 1) {
    expect(await api.get(configMaps, { namespace, name: "cut" })).toMatchObject({ ok: true });
    for (const socket of proxy.sockets) socket.resetAndDestroy();
  }
  proxy.close();
});

const follow = async (from: KubeApi, resourceVersion?: string) => {
  const stop = new AbortController();
  const query = {
    namespace,
    timeoutSeconds: 60,
    ...(resourceVersion === undefined ? { sendInitialEvents: true } : { resourceVersion }),
  };
  const opened = await from.watch(configMaps, query, stop.signal);
  if (!opened.ok) return { opened, events: [], done: Promise.resolve(undefined), stop };
  const events: WatchEvent[] = [];
  const read = async (): Promise<unknown> => {
    try {
      for await (const event of opened.value) events.push(event);
      return undefined;
    } catch (error) {
      return error;
    }
  };
  return { opened, events, done: read(), stop };
};
const namesOf = (events: ReadonlyArray<WatchEvent>) =>
  events.map((event) => `${event.type} ${"object" in event ? event.object.metadata.name : ""}`);

test(
  "a watch over a server that dies throws, and the same client goes on with the next",
  async () => {
    const { events, done } = await follow(api);
    await until("the initial events are over", () =>
      events.some(({ type }) => type === "BOOKMARK"),
    );
    await plane.apiServer.stop();
    expect(await done).toBeInstanceOf(Error);
    const written = await api.create(configMaps, configMap("while-down"), { fieldManager });
    expect(written).toMatchObject(refused("Unavailable", "ECONNREFUSED"));
    const read = await api.get(configMaps, { namespace, name: "while-down" });
    expect(read).toMatchObject(refused("Unavailable", "ECONNREFUSED"));
    await plane.apiServer.start();
    const gone = await api.get(configMaps, { namespace, name: "while-down" });
    expect(gone).toMatchObject(refused("NotFound"));
    const again = await follow(api);
    await until("the new watch is complete", () =>
      again.events.some((event) => event.type === "BOOKMARK" && event.initialEventsEnd),
    );
    await world.create("afterwards");
    await until("the change arrives", () => namesOf(again.events).includes("ADDED afterwards"));
    again.stop.abort();
    expect(await again.done).toBeUndefined();
  },
  2 * TIMEOUT_MS,
);

test(
  "a version that has been compacted away has expired",
  async () => {
    const { metadata } = await world.create("compacted");
    for (const is of ["1", "2"]) {
      await api.patchMerge(configMaps, { namespace, name: "compacted" }, { data: { is } });
    }
    await plane.etcd.compact();
    // A fresh server has no memory of its own of what etcd has forgotten.
    await plane.apiServer.stop();
    await plane.apiServer.start();
    const { opened, events, done, stop } = await follow(api, metadata.resourceVersion);
    if (opened.ok) await until("the server says so", () => events.length > 0);
    const errors = opened.ok
      ? events.map((event) => "error" in event && event.error)
      : [opened.error];
    expect(errors).toMatchObject([{ kind: "Expired" }]);
    stop.abort();
    await done;
  },
  2 * TIMEOUT_MS,
);

test(
  "a stopped server costs the deadline, and nothing that was said not to be done was done",
  async () => {
    const { api: hasty } = world.open(world.server, { timeoutMs: 1500 });
    const key = { namespace, name: "stopped" };
    await world.create("stopped");
    const add = (name: string) =>
      hasty.patchJson(configMaps, key, [{ op: "add", path: `/data/${name}`, value: "1" }]);
    expect(await add("before")).toMatchObject({ ok: true });
    // The connection of that one is free again.
    for (let turn = 0; turn < 9; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    plane.apiServer.signal("SIGSTOP");
    try {
      expect(await add("sent")).toMatchObject(refused("Unknown", "no answer within"));
      // From here on each needs a connection, and gets none.
      const { signal } = new AbortController();
      const answers = await Promise.all([
        add("unsent"),
        hasty.get(configMaps, key),
        hasty.watch(configMaps, { timeoutSeconds: 9 }, signal),
      ]);
      const unavailable = refused("Unavailable", "no answer within");
      expect(answers).toMatchObject([unavailable, unavailable, unavailable]);
    } finally {
      plane.apiServer.signal("SIGCONT");
    }
    await until("the server goes on", async () => (await hasty.get(configMaps, key)).ok);
    const read = await hasty.get(configMaps, key);
    expect(read).toMatchObject({ value: { data: expect.not.objectContaining({ unsent: "1" }) } });
    expect(await add("after")).toMatchObject({ ok: true, value: { data: { before: "1" } } });
  },
  TIMEOUT_MS,
);
