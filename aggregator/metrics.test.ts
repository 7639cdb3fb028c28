import { expect, test } from "@jest/globals";
import { Registry } from "prom-client";
import { createMetrics } from "./metrics.ts";
import { aStrategy, aView } from "./testing/fixtures.ts";

const nobody = { stream: 0, websocket: 0 };

test("the series of a strategy go with it", async () => {
  const metrics = createMetrics(new Registry(), "1.2.3");
  const two = aView(aStrategy(), aStrategy({ member: { name: "gone-soon" } }));
  expect(await metrics.expose(two, nobody)).toContain('strategy="gone-soon"');
  const text = await metrics.expose(aView(aStrategy()), nobody);
  expect(text).not.toContain("gone-soon");
  expect(text).toContain(
    'scalp_position_protected{namespace="trading",strategy="grid-atr",symbol="SOL/USDT:USDT",side="long"} 1',
  );
});

test("the build, the polls and the readers are told", async () => {
  const metrics = createMetrics(new Registry(), "1.2.3");
  metrics.countPoll("answered");
  metrics.countPoll("failed");
  const text = await metrics.expose(aView(), { stream: 2, websocket: 1 });
  expect(text).toMatch(/scalp_build_info\{version="1\.2\.3",node_version="v\d+[^}]+\} 1/);
  expect(text).toContain('scalp_aggregator_polls_total{outcome="failed"} 1');
  expect(text).toContain('scalp_aggregator_clients{transport="stream"} 2');
});

test("names, help and types follow the rules that promtool checks", async () => {
  const text = await createMetrics(new Registry(), "1").expose(aView(aStrategy()), nobody);
  for (const [, name = "", type] of text.matchAll(/^# TYPE (\S+) (\S+)$/gm)) {
    expect(name).toMatch(/^scalp_[a-z_]+$/);
    expect(name.endsWith("_total")).toBe(type === "counter");
    expect(text).toMatch(new RegExp(`^# HELP ${name} \\S.*[.]$`, "m"));
  }
});

test("no label carries an id", async () => {
  const text = await createMetrics(new Registry(), "1").expose(aView(aStrategy()), nobody);
  for (const id of ["uid-grid-atr", "p1", '"100"', "127.0.0.1"]) expect(text).not.toContain(id);
});
