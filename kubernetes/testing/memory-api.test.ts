import { expect, test } from "@jest/globals";
import { millis } from "#base/clock.ts";
import { createVirtualTime } from "#simulation/time.ts";
import { apiContract } from "../api-contract.ts";
import type { WatchEvent } from "../api.ts";
import { configMaps } from "../resource.ts";
import { createMemoryApi } from "./memory-api.ts";

const newWorld = () => {
  const time = createVirtualTime(millis(1_795_262_400_000), 1);
  return { time, api: createMemoryApi({ clock: time, timers: time }) };
};

const map = (name: string) => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { namespace: "n", name },
});

test.each(apiContract)("in memory: $name", async ({ run }) => {
  const { time, api } = newWorld();
  const running = run(api, "n");
  await Promise.race([running, time.runUntil(millis(time.now() + 120_000))]);
  await expect(running).resolves.toBeUndefined();
});

test("a watch cannot go on from what was compacted away", async () => {
  const { api } = newWorld();
  await api.create(configMaps, map("a"), { fieldManager: "test" });
  await api.create(configMaps, map("b"), { fieldManager: "test" });
  const query = { namespace: "n", timeoutSeconds: 60 };
  const { signal } = new AbortController();
  expect((await api.watch(configMaps, { ...query, resourceVersion: "2" }, signal)).ok).toBe(true);
  api.compact();
  expect(await api.watch(configMaps, { ...query, resourceVersion: "2" }, signal)).toMatchObject({
    error: { kind: "Expired" },
  });
  expect((await api.watch(configMaps, { ...query, resourceVersion: "3" }, signal)).ok).toBe(true);
});

test("a quiet watch gets a bookmark a minute, and stops on the signal", async () => {
  const { time, api } = newWorld();
  const stop = new AbortController();
  const query = { namespace: "n", timeoutSeconds: 600, resourceVersion: "0" };
  const opened = await api.watch(configMaps, query, stop.signal);
  if (!opened.ok) throw new Error(opened.error.message);
  const events: WatchEvent[] = [];
  const reading = (async () => {
    for await (const event of opened.value) events.push(event);
  })();
  await time.runUntil(millis(time.now() + 90_000));
  await api.create(configMaps, map("a"), { fieldManager: "test" });
  await time.runUntil(millis(time.now() + 60_000));
  stop.abort();
  await reading;
  expect(events.slice(1).map((event) => event.type)).toEqual(["BOOKMARK", "ADDED", "BOOKMARK"]);
  expect(events[3]).toMatchObject({ resourceVersion: "2", initialEventsEnd: false });
});

test("the same calls make the same objects", async () => {
  const made = async () => {
    const { api } = newWorld();
    await api.create(configMaps, map("a"), { fieldManager: "test" });
    return api.create(configMaps, map("b"), { fieldManager: "test" });
  };
  expect(await made()).toEqual(await made());
});
