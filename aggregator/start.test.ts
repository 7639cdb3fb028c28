import { afterEach, expect, test } from "@jest/globals";
import type { Express } from "express";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Gauge, Registry } from "prom-client";
import { z } from "zod";
import { err, ok } from "#base/result.ts";
import { silentLogger } from "#runtime/log.ts";
import { secret } from "#runtime/secret.ts";
import type { Fleet } from "./fleet.ts";
import { openLocalFleet } from "./local-fleet.ts";
import { createMetrics } from "./metrics.ts";
import { createAggregatorApp, startAggregator, type AggregatorDeps } from "./start.ts";
import { createStream } from "./stream.ts";
import { aView } from "./testing/fixtures.ts";
import { createHandClock } from "./testing/hand-clock.ts";
import { authorized, EXECUTOR_TOKEN, startWorld, startWorldOfTwo, TOKEN } from "./testing/world.ts";

const endings: Array<() => Promise<void>> = [];
const onEnd = (end: () => Promise<void>) => void endings.push(end);
afterEach(async () => {
  for (const end of endings.splice(0)) await end();
});

test("the page is served with a policy that lets it ask nobody else", async () => {
  const { ask, url, staticDir } = await startWorld(onEnd, []);
  const unbuilt = await fetch(url);
  expect([unbuilt.status, await unbuilt.text()]).toEqual([
    503,
    expect.stringContaining("node dashboard/build.js"),
  ]);
  writeFileSync(join(staticDir, "index.html"), "<!doctype html>page");
  const page = await fetch(url);
  expect(await page.text()).toBe("<!doctype html>page");
  expect(page.headers.get("content-security-policy")).toMatch(
    /^default-src 'self'; base-uri 'none'/,
  );
  expect(page.headers.get("content-security-policy")).not.toContain("unsafe");
  expect((await ask("/api/v1/snapshot")).headers.get("cache-control")).toBe("no-store");
});

/** Every route that express knows, found in its own table. */
const routesOf = (app: Express): ReadonlyArray<readonly [method: string, path: string]> => {
  const layer = z.object({
    route: z.object({ path: z.string(), methods: z.record(z.string(), z.boolean()) }).optional(),
  });
  return z
    .array(z.custom<object>())
    .parse(app.router.stack)
    .flatMap((each) => {
      const { route } = layer.parse(each);
      if (route === undefined) return [];
      return Object.keys(route.methods).map(
        (method) => [method.toUpperCase(), route.path] as const,
      );
    });
};

const PUBLIC = ["GET /livez", "GET /readyz", "GET /"];

test("every route but the probes and the page answers 401 without a token", async () => {
  const { url } = await startWorldOfTwo(onEnd);
  const routes = routesOf(appForInspection());
  expect(routes.length).toBeGreaterThanOrEqual(12);
  const open: string[] = [];
  for (const [method, path] of [...routes, ["GET", "/api/v1/other"] as const]) {
    for (const headers of [{}, { authorization: "Bearer wrong" }, { "x-api-key": "wrong" }]) {
      const { status } = await fetch(url + path, { method, headers });
      if (status !== 401) open.push(`${method} ${path}`);
    }
  }
  expect([...new Set(open)].toSorted()).toEqual(PUBLIC.toSorted());
});

/** The same application that is served, to look at its table. */
const appForInspection = (): Express => {
  const machine = createHandClock();
  const view = () => aView();
  return createAggregatorApp(
    { token: secret(TOKEN), staticDir: "/nonexistent" },
    { isReady: () => true, lifeProblem: () => undefined },
    {
      fleet: { resetKillSwitch: () => Promise.reject(new Error("not asked for")) },
      clock: machine,
      log: silentLogger,
      view,
      refresh: () => Promise.resolve(),
      executors: { probe: () => Promise.reject(new Error("not asked for")) },
      stream: createStream({ view, machine, version: "1" }),
      metrics: createMetrics(new Registry(), "1"),
      websocketClients: () => 0,
    },
  );
};

test("X-API-Key is as good as a bearer token, a token in the query is none", async () => {
  const { url } = await startWorld(onEnd, []);
  const status = async (path: string, headers: Record<string, string>) =>
    (await fetch(url + path, { headers })).status;
  expect(await status("/api/executor/status", { "x-api-key": TOKEN })).toBe(200);
  expect(await status(`/api/executor/status?token=${TOKEN}`, {})).toBe(401);
});

test("the probes tell alive from ready", async () => {
  const { url } = await startWorld(onEnd, []);
  expect((await fetch(`${url}/livez`)).status).toBe(200);
  expect((await fetch(`${url}/readyz`)).status).toBe(200);
});

/** An aggregator over a fleet of the test's own. */
const startOver = async (
  change: Pick<AggregatorDeps, "registry" | "lifeProblem"> & { readonly fleet: Fleet },
) => {
  const machine = createHandClock();
  const started = await startAggregator(
    {
      host: "127.0.0.1",
      port: 0,
      token: secret(TOKEN),
      executorToken: secret(EXECUTOR_TOKEN),
      staticDir: "/nonexistent",
    },
    { ...change, clock: machine, machine, log: silentLogger },
  );
  if (!started.ok) throw new Error(started.error);
  onEnd(started.value.close);
  const probe = async (path: string) => {
    const response = await fetch(started.value.url + path, { headers: authorized });
    return [response.status, await response.text()] as const;
  };
  return { machine, probe };
};

const resetKillSwitch = () => Promise.resolve(ok(undefined));

test("until the strategies are known it is not ready, and says why", async () => {
  let list: ReturnType<Fleet["list"]> = err("cannot read the strategies: the server is away");
  const { machine, probe } = await startOver({ fleet: { list: () => list, resetKillSwitch } });
  expect(await probe("/readyz")).toEqual([503, '{"status":"the executors are not polled yet"}']);
  await machine.advance(0);
  expect(await probe("/readyz")).toEqual([
    503,
    '{"status":"cannot read the strategies: the server is away"}',
  ]);
  list = ok({ members: [], problems: [] });
  await machine.advance(250);
  expect(await probe("/readyz")).toEqual([200, '{"status":"ok"}']);
  list = err("cannot read the strategies: the server is away");
  await machine.advance(2_000);
  expect(await probe("/readyz")).toEqual([200, '{"status":"ok"}']);
});

test("what only a new process would end ends its life, and other metrics stand beside its own", async () => {
  let problem: string | undefined;
  const registry = new Registry();
  new Gauge({ name: "reflector_synced", help: "Whether.", registers: [registry] }).set(1);
  const fleet = { list: () => ok({ members: [], problems: [] }), resetKillSwitch };
  const { probe } = await startOver({ fleet, registry, lifeProblem: () => problem });
  expect(await probe("/livez")).toEqual([200, '{"status":"ok"}']);
  problem = "nothing was heard for too long";
  expect(await probe("/livez")).toEqual([503, '{"status":"nothing was heard for too long"}']);
  const [, text] = await probe("/metrics");
  expect(text).toContain("reflector_synced 1");
  expect(text).toContain("scalp_build_info{");
});

test("an unknown route and a broken body are the client's mistakes", async () => {
  const { ask } = await startWorld(onEnd, []);
  expect(await ask("/api/other")).toMatchObject({ status: 404 });
  const broken = { method: "POST", body: "{" };
  expect(await ask("/api/executor/kill-switch/reset", broken)).toMatchObject({ status: 400 });
});

test("a port that is taken is a sentence, and nothing is left running", async () => {
  const { port, staticDir, folder } = await startWorld(onEnd, []);
  const machine = createHandClock();
  const second = await startAggregator(
    { host: "127.0.0.1", port, token: secret("t"), executorToken: secret("e"), staticDir },
    { fleet: openLocalFleet(folder), clock: machine, machine, log: silentLogger },
  );
  expect(second).toMatchObject({
    ok: false,
    error: `port ${port} on 127.0.0.1 is in use by another process: choose another one, or end that process`,
  });
  expect(machine.waiting()).toBe(0);
});

test("the executors' token is shown to executors and to nobody else", async () => {
  const { ask, folder } = await startWorldOfTwo(onEnd);
  const seen = await Promise.all(
    ["/api/v1/snapshot", "/metrics", "/api/executor/status"].map((path) => ask(path)),
  );
  expect(JSON.stringify(seen)).not.toContain(EXECUTOR_TOKEN);
  expect(
    readFileSync(join(folder, "livestrategies", "trading.grid-atr.json"), "utf8"),
  ).not.toContain(TOKEN);
});
