import { afterEach, expect, test } from "@jest/globals";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { openObjectStore } from "#runtime/object-store.ts";
import { anOrder, aStatus, aTrip, NOW } from "./testing/fixtures.ts";
import { startExecutor, startWorld, startWorldOfTwo } from "./testing/world.ts";

const endings: Array<() => Promise<void>> = [];
const onEnd = (end: () => Promise<void>) => void endings.push(end);
afterEach(async () => {
  for (const end of endings.splice(0)) await end();
});

test("GET status without a strategy answers the merged data of all executors", async () => {
  const { ask } = await startWorldOfTwo(onEnd);
  expect(await ask("/api/executor/status")).toMatchObject({
    status: 200,
    body: {
      enabled: true,
      connected: true,
      exchange_balance: 3292,
      positions: [{ strategy_name: "grid-atr" }, { strategy_name: "grid-multi-tf" }],
      risk_manager: { session_pnl: -420.8, kill_switch: true },
      per_strategy: { "grid-atr": {}, "grid-multi-tf": {} },
    },
  });
});

test("GET status of one strategy answers that executor's own data", async () => {
  const { ask } = await startWorldOfTwo(onEnd);
  for (const name of ["grid-atr", "grid_atr", "trading/grid-atr"]) {
    expect(await ask(`/api/executor/status?strategy=${name}`)).toMatchObject({
      status: 200,
      body: {
        strategy_name: "grid-atr",
        exchange_balance: 1646,
        risk_manager: { kill_switch: false },
      },
    });
  }
});

test("a strategy that nobody knows, or that has no executor, is 404", async () => {
  const { ask } = await startWorldOfTwo(onEnd);
  expect(await ask("/api/executor/status?strategy=other")).toMatchObject({
    status: 404,
    body: { error: "no strategy other" },
  });
  expect(await ask("/api/executor/status?strategy=paper")).toMatchObject({
    status: 404,
    body: { error: "strategy paper has no executor: no executor runs" },
  });
});

test("without any executor status says so, and what acts on executors is 400", async () => {
  const { ask, post } = await startWorld(onEnd, [{ name: "paper" }]);
  expect(await ask("/api/executor/status")).toMatchObject({
    status: 200,
    body: { enabled: false },
  });
  expect(await ask("/api/executor/orders")).toMatchObject({ body: { orders: [], count: 0 } });
  for (const path of ["refresh-balance", "kill-switch/reset", "test-trade", "test-close"]) {
    expect(await post(`/api/executor/${path}`)).toMatchObject({ status: 400 });
  }
});

test("GET orders merges both executors newest first, within its limits", async () => {
  const { ask } = await startWorldOfTwo(onEnd);
  expect(await ask("/api/executor/orders")).toMatchObject({
    status: 200,
    body: { count: 2, orders: [{ order_id: "b" }, { order_id: "a" }] },
  });
  expect(await ask("/api/executor/orders?limit=1")).toMatchObject({ body: { count: 1 } });
  for (const limit of ["0", "201", "1.5", "many"]) {
    expect(await ask(`/api/executor/orders?limit=${limit}`)).toMatchObject({ status: 422 });
  }
});

test("GET orders answers the newest 50 when no limit is said", async () => {
  const { ask, poll, atr } = await startWorldOfTwo(onEnd);
  const many = Array.from({ length: 60 }, (_, index) =>
    anOrder({ at: NOW - 100 - index, clientOrderId: `a${index}` }),
  );
  atr.say(aStatus(), many);
  await poll();
  expect(await ask("/api/executor/orders")).toMatchObject({ body: { count: 50 } });
});

test("POST refresh-balance asks the executors and answers what they say now", async () => {
  const { poll, multi } = await startWorldOfTwo(onEnd);
  expect(await poll()).toMatchObject({
    body: {
      status: "ok",
      exchange_balance: 3292,
      per_strategy: { "grid-atr": 1646, "grid-multi-tf": 1646 },
    },
  });
  await multi.close();
  expect(await poll()).toMatchObject({
    body: { per_strategy: { "grid-atr": 1646, "grid-multi-tf": null } },
  });
});

const patches = (folder: string): ReadonlyArray<unknown> =>
  openObjectStore(join(folder, "patches")).list();

test("POST kill-switch/reset of one strategy resets that one and no other", async () => {
  const { post, folder } = await startWorldOfTwo(onEnd);
  expect(await post("/api/executor/kill-switch/reset?strategy=grid-multi-tf")).toMatchObject({
    status: 200,
    body: {
      status: "reset",
      details: [{ strategy: "grid-multi-tf", status: "reset", previous_session_pnl: -417.6 }],
    },
  });
  expect(patches(folder)).toEqual([
    {
      metadata: { namespace: "trading", name: "grid-multi-tf" },
      spec: { killSwitch: { resetAt: new Date(NOW).toISOString() } },
    },
  ]);
});

test("POST kill-switch/reset without a strategy resets those that are engaged", async () => {
  const { post, folder } = await startWorldOfTwo(onEnd);
  expect(await post("/api/executor/kill-switch/reset")).toMatchObject({
    status: 200,
    body: {
      status: "reset",
      details: [
        { strategy: "grid-atr", status: "not_triggered" },
        { strategy: "grid-multi-tf", status: "reset" },
      ],
    },
  });
  expect(patches(folder)).toHaveLength(1);
});

test("a switch that is not engaged is not reset", async () => {
  const { post, folder } = await startWorldOfTwo(onEnd);
  expect(await post("/api/executor/kill-switch/reset?strategy=grid-atr")).toMatchObject({
    status: 200,
    body: { status: "not_triggered" },
  });
  expect(patches(folder)).toEqual([]);
});

test("a reset for a trip that is not the present one is refused", async () => {
  const { post, folder } = await startWorldOfTwo(onEnd);
  const path = "/api/executor/kill-switch/reset?strategy=grid-multi-tf";
  expect(await post(path, { trippedAt: 5 })).toMatchObject({ status: 409 });
  expect(await post(path, { trippedAt: "now" })).toMatchObject({ status: 400 });
  expect(patches(folder)).toEqual([]);
  expect(await post(path, { trippedAt: aTrip().trippedAt })).toMatchObject({ status: 200 });
});

test("a switch whose state is not known is not reset blindly", async () => {
  const silent = await startExecutor(onEnd);
  const { post, folder } = await startWorld(onEnd, [{ name: "grid-atr", url: silent.url }]);
  expect(await post("/api/executor/kill-switch/reset")).toMatchObject({
    status: 409,
    body: { details: [{ strategy: "grid-atr", status: "unknown" }] },
  });
  expect(patches(folder)).toEqual([]);
});

test("a reset that cannot be written is not reported as one", async () => {
  const { post, folder, poll } = await startWorldOfTwo(onEnd);
  rmSync(join(folder, "patches"), { recursive: true });
  writeFileSync(join(folder, "patches"), "");
  await poll();
  expect(await post("/api/executor/kill-switch/reset")).toMatchObject({ status: 503 });
});

test("test orders go to the executor on play money, and are refused for good on real money", async () => {
  const play = await startWorldOfTwo(onEnd);
  const real = await startWorldOfTwo(onEnd, "Live");
  for (const path of ["test-trade", "test-close"]) {
    const asked = `/api/executor/${path}?symbol=SOL/USDT&strategy=grid-atr`;
    expect(await play.post(asked)).toMatchObject({ status: 202, body: { status: "sent" } });
    expect(await real.post(asked)).toMatchObject({
      status: 410,
      body: { error: expect.stringContaining("real money") },
    });
  }
});

test.each([
  ["?symbol=XRP/USDT", 404],
  ["", 422],
  ["?symbol=SOL/USDT&strategy=nobody", 404],
])("a test order for %s answers %i", async (query, status) => {
  const { post } = await startWorldOfTwo(onEnd);
  expect(await post(`/api/executor/test-trade${query}`)).toMatchObject({ status });
});

test("GET /api/v1/snapshot has everything at once", async () => {
  const { ask } = await startWorldOfTwo(onEnd);
  expect(await ask("/api/v1/snapshot")).toMatchObject({
    status: 200,
    body: {
      version: "9.9.9",
      at: NOW,
      speed: 1,
      totals: { equity: { kind: "Known", value: "3292", at: NOW - 1_000 } },
      alarms: [{ kind: "KillSwitchEngaged", strategy: "trading/grid-multi-tf" }],
      strategies: {
        "trading/paper": { mode: "Paper", executor: null },
        "trading/grid-atr": { mode: "Live", executor: { freshness: "Live", connected: true } },
      },
      orders: [{ strategyKey: "trading/grid-multi-tf", order: { clientOrderId: "b" } }, {}],
    },
  });
});

test("GET /metrics is what Prometheus scrapes", async () => {
  const { ask } = await startWorldOfTwo(onEnd);
  const { body, headers } = await ask("/metrics");
  expect(headers.get("content-type")).toContain("text/plain");
  expect(body).toContain(
    'scalp_kill_switch_engaged{namespace="trading",strategy="grid-multi-tf",scope="strategy"} 1',
  );
  expect(body).toContain('scalp_aggregator_polls_total{outcome="answered"}');
});
