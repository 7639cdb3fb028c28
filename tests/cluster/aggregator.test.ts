/**
 * The aggregator on a real API server: it shows what is there, writes the one field that it may, is
 * refused everything else, and outlives the server.
 */

import { afterAll, afterEach, beforeAll, expect, test } from "@jest/globals";
import { resetKillSwitch } from "#aggregator/kube-fleet-reset.ts";
import { millis } from "#base/clock.ts";
import { liveStrategies } from "#crds/live-strategy.ts";
import type { KubeApi } from "#kubernetes/api.ts";
import { configMaps } from "#kubernetes/resource.ts";
import { systemClock } from "#runtime/clock.ts";
import {
  declare,
  declareTripped,
  freshness,
  look,
  read,
  remove,
  reportUrl,
  startAggregatorPlane,
  startAs,
  type AggregatorPlane,
} from "./aggregator-world.ts";
import { startAggregatorProcess } from "./aggregator-process.ts";
import { connect, manifestOf } from "./operator-world.ts";
import { until } from "./until.ts";
import { LIVE_STRATEGIES } from "./verdicts.ts";

let world: AggregatorPlane;
beforeAll(async () => {
  world = await startAggregatorPlane();
}, 120_000);
afterAll(() => world.close());

const endings: Array<() => Promise<void>> = [];
const onEnd = (end: () => Promise<void>) => void endings.push(end);
afterEach(async () => {
  for (const end of endings.splice(0).toReversed()) await end();
  await world.plane.call("DELETE", LIVE_STRATEGIES);
});

const AGGREGATOR = "system:serviceaccount:scalp-radar:scalp-aggregator";
const patchesBy = (user: string, name: string) =>
  world.plane.audit().filter((event) => {
    const { verb, name: of } = event;
    return verb === "patch" && of === name && event.user === user && event.code === 200;
  });

/** A server that comes up refuses everybody for a moment, and this one shares two cores. */
const FOLLOWED_WITHIN_MS = 150_000;

/** Nobody listens there. */
const NOBODY = "http://127.0.0.1:9";

test("the strategies of its namespace are shown, each as fresh as its executor", async () => {
  const { plane } = world;
  const { executor } = await declareTripped(plane, "grid-atr", onEnd);
  await declare(plane, "paper");
  const ask = await startAs(world, "aggregator", onEnd);
  await until("it is ready", async () => (await ask("/readyz")).status === 200);
  expect(await freshness(ask)).toEqual({ "trading/grid-atr": "Live", "trading/paper": "None" });

  await declare(plane, "silent");
  await reportUrl(plane, "silent", NOBODY);
  await remove(plane, "paper");
  const wanted = { "trading/grid-atr": "Live", "trading/silent": "Offline" };
  await until("changes are followed", async () => {
    const seen = await freshness(ask);
    return JSON.stringify(seen) === JSON.stringify(wanted);
  });
  await executor.close();
  await until("an executor that is gone is stale", async () => {
    return (await freshness(ask))["trading/grid-atr"] === "Stale";
  });
  const { problems, strategies } = await look(ask);
  expect(problems).toEqual([]);
  expect(strategies["trading/silent"]?.executor?.problem).toContain("cannot be reached");
});

test("a reset over HTTP is one write of spec.killSwitch.resetAt and changes nothing else", async () => {
  const { plane } = world;
  const { trippedAt } = await declareTripped(plane, "grid-atr", onEnd);
  const ask = await startAs(world, "aggregator", onEnd);
  await until("it is ready", async () => (await ask("/readyz")).status === 200);
  const before = await read(plane, "grid-atr");
  const reset = () => ask("/api/executor/kill-switch/reset?strategy=grid-atr", "POST");
  expect(await reset()).toMatchObject({ status: 200, body: { status: "reset" } });
  const after = await read(plane, "grid-atr");
  const { killSwitch, ...spec } = after.spec;
  const resetAt = Date.parse(killSwitch?.resetAt ?? "");
  expect(resetAt).toBeGreaterThan(trippedAt);
  expect(resetAt).toBeLessThanOrEqual(systemClock.now());
  expect(spec).toEqual(before.spec);
  expect(after.metadata).toMatchObject({
    uid: before.metadata.uid,
    generation: before.metadata.generation + 1,
    managedFields: expect.arrayContaining([
      expect.objectContaining({ manager: "scalp-aggregator", operation: "Update" }),
    ]),
  });
  const exact = { namespace: "trading", name: "grid-atr", uid: before.metadata.uid };
  const { api, close } = await connect(plane, world.installed.token("aggregator"), "aggregator");
  onEnd(close);
  const again = (at: number) => resetKillSwitch({ api, clock: systemClock }, exact, millis(at));
  expect(await again(resetAt)).toEqual({ ok: true, value: undefined });
  expect(await again(resetAt - 1_000)).toEqual({ ok: true, value: undefined });
  expect((await read(plane, "grid-atr")).metadata.resourceVersion).toBe(
    after.metadata.resourceVersion,
  );
  await until("the write is in the log", () => patchesBy(AGGREGATOR, "grid-atr").length === 1);
});

test("a strategy that is made anew between the look and the write is left alone", async () => {
  const { plane, installed } = world;
  const { metadata } = await declare(plane, "grid-atr");
  const { api, close } = await connect(plane, installed.token("aggregator"), "aggregator");
  onEnd(close);
  const remaking: Pick<KubeApi, "get" | "patchMerge"> = {
    get: api.get,
    patchMerge: async (...asked) => {
      await remove(plane, "grid-atr");
      await declare(plane, "grid-atr");
      return api.patchMerge(...asked);
    },
  };
  const target = { namespace: "trading", name: "grid-atr", uid: metadata.uid };
  expect(
    await resetKillSwitch({ api: remaking, clock: systemClock }, target, systemClock.now()),
  ).toEqual({
    ok: false,
    error: "trading/grid-atr was deleted and made anew: look before you reset",
  });
  expect((await read(plane, "grid-atr")).spec.killSwitch).toBeUndefined();
});

const at = { namespace: "trading", name: "grid-atr" };
const forbidden: ReadonlyArray<
  readonly [what: string, act: (api: KubeApi, uid: string) => Promise<unknown>]
> = [
  ["other parameters", (api) => api.patchMerge(liveStrategies, at, { spec: { leverage: 3 } })],
  [
    "a parameter beside a reset",
    (api) =>
      api.patchMerge(liveStrategies, at, {
        spec: { killSwitch: { resetAt: "2026-11-21T10:00:00Z" }, enabled: false },
      }),
  ],
  [
    "labels",
    (api) => api.patchMerge(liveStrategies, at, { metadata: { labels: { owner: "me" } } }),
  ],
  [
    "the status",
    (api) =>
      api.patchMerge(
        liveStrategies,
        at,
        { status: { observedGeneration: 9 } },
        { subresource: "status" },
      ),
  ],
  [
    "a new strategy",
    (api) => api.create(liveStrategies, manifestOf("another"), { fieldManager: "x" }),
  ],
  ["the end of one", (api, uid) => api.remove(liveStrategies, at, { uid })],
  ["another namespace", (api) => api.list(liveStrategies, { namespace: "scalp-radar" })],
  ["all namespaces", (api) => api.list(liveStrategies, {})],
  ["other resources", (api) => api.list(configMaps, { namespace: "trading" })],
];

test.each(forbidden)("what it may not do is refused: %s", async (_what, act) => {
  const { plane, installed } = world;
  const { metadata } = await declare(plane, "grid-atr");
  const { api, close } = await connect(plane, installed.token("aggregator"), "aggregator");
  onEnd(close);
  expect(await act(api, metadata.uid)).toMatchObject({ ok: false, error: { kind: "Forbidden" } });
  expect((await read(plane, "grid-atr")).metadata.resourceVersion).toBe(metadata.resourceVersion);
});

test("without its rights it is alive, never ready, and says which it needs", async () => {
  const ask = await startAs(world, "executor", onEnd);
  const status = async () => JSON.stringify((await ask("/readyz")).body);
  await until("it says why", async () => (await status()).includes("the aggregator may not"));
  expect(await ask("/readyz")).toMatchObject({
    status: 503,
    body: {
      status: expect.stringMatching(/rights: get, list and watch livestrategies.*cannot watch/),
    },
  });
  expect((await ask("/livez")).status).toBe(200);
});

test("the API server goes and comes back: the view stays, a reset says so, then all is as before", async () => {
  const { plane } = world;
  await declareTripped(plane, "grid-atr", onEnd);
  const ask = await startAs(world, "aggregator", onEnd);
  await until("it is ready", async () => (await ask("/readyz")).status === 200);
  const reset = () => ask("/api/executor/kill-switch/reset?strategy=grid-atr", "POST");

  await plane.apiServer.stop();
  const refused = await reset();
  expect(refused).toMatchObject({
    status: 503,
    body: {
      error: expect.stringMatching(
        /^grid-atr was not reset: the reset of trading\/grid-atr was not written: no answer from the API server/,
      ),
    },
  });
  expect(await freshness(ask)).toEqual({ "trading/grid-atr": "Live" });
  expect((await ask("/readyz")).status).toBe(200);

  await plane.apiServer.start();
  await declare(plane, "made-after");
  const isFollowed = async () => "trading/made-after" in (await freshness(ask));
  await until("it is followed again", isFollowed, FOLLOWED_WITHIN_MS);
  await until("a reset is written", async () => (await reset()).status === 200);
  expect((await read(plane, "grid-atr")).spec.killSwitch).toBeDefined();
}, 240_000);

test("the program itself: ready, shows, resets, is measured, and ends in order", async () => {
  const { plane, installed } = world;
  await declareTripped(plane, "grid-atr", onEnd);
  const program = await startAggregatorProcess(plane, installed.token("aggregator"));
  onEnd(program.kill);
  const { ask } = program;
  await until("it is ready", async () => (await ask("/readyz")).status === 200);
  expect(await freshness(ask)).toEqual({ "trading/grid-atr": "Live" });
  expect(await ask("/api/executor/kill-switch/reset", "POST")).toMatchObject({
    status: 200,
    body: { status: "reset", details: [{ strategy: "grid-atr", status: "reset" }] },
  });
  expect((await read(plane, "grid-atr")).spec.killSwitch).toBeDefined();
  const { body: metrics } = await ask("/metrics");
  expect(metrics).toContain('reflector_synced{resource="livestrategies"} 1');
  expect(metrics).toMatch(/rest_client_requests_total\{code="200",method="PATCH",[^}]+\} 1/);
  expect(metrics).toContain('scalp_kill_switch_engaged{namespace="trading",strategy="grid-atr"');
  expect(await program.end()).toBe(0);
});
