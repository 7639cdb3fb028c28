import { expect, test } from "@jest/globals";
import { Registry } from "prom-client";
import { createReflectorMetrics, type ReflectorReading } from "./reflector-metrics.ts";

const reading = (over: Partial<ReflectorReading> = {}) => ({
  synced: true,
  lastEventAgeMs: 1_500,
  items: 3,
  ...over,
});

const linesOf = async (registry: Registry): Promise<ReadonlyArray<string>> =>
  (await registry.metrics()).split("\n").filter((line) => line !== "" && !line.startsWith("#"));

test("a resource has all its lines from the beginning, with zeros", async () => {
  const registry = new Registry();
  const metrics = createReflectorMetrics(registry);
  metrics.track("pods", () => reading({ synced: false, lastEventAgeMs: 0, items: 0 }));
  expect(await linesOf(registry)).toEqual([
    'reflector_lists_total{resource="pods"} 0',
    'reflector_watches_total{resource="pods"} 0',
    'reflector_last_event_age_seconds{resource="pods"} 0',
    'reflector_items{resource="pods"} 0',
    'reflector_synced{resource="pods"} 0',
  ]);
});

test("lists and watches are counted, and gauges are read at the scrape", async () => {
  const registry = new Registry();
  const metrics = createReflectorMetrics(registry);
  let items = 1;
  metrics.track("pods", () => reading({ items }));
  metrics.listStarted("pods");
  metrics.watchStarted("pods");
  metrics.watchStarted("pods");
  items = 7;
  expect(await linesOf(registry)).toEqual([
    'reflector_lists_total{resource="pods"} 1',
    'reflector_watches_total{resource="pods"} 2',
    'reflector_last_event_age_seconds{resource="pods"} 1.5',
    'reflector_items{resource="pods"} 7',
    'reflector_synced{resource="pods"} 1',
  ]);
});

test("two reflectors of one resource share a line that hides neither's trouble", async () => {
  const registry = new Registry();
  const metrics = createReflectorMetrics(registry);
  metrics.track("pods", () => reading({ lastEventAgeMs: 90_000 }));
  metrics.track("pods", () => reading({ synced: false, items: 4 }));
  const lines = await linesOf(registry);
  expect(lines).toContain('reflector_last_event_age_seconds{resource="pods"} 90');
  expect(lines).toContain('reflector_items{resource="pods"} 7');
  expect(lines).toContain('reflector_synced{resource="pods"} 0');
});
