import { afterEach, expect, test } from "@jest/globals";
import type { Express } from "express";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Registry } from "prom-client";
import { z } from "zod";
import { silentLogger } from "#runtime/log.ts";
import { secret } from "#runtime/secret.ts";
import { openLocalFleet } from "./local-fleet.ts";
import { createMetrics } from "./metrics.ts";
import { createAggregatorApp, startAggregator } from "./start.ts";
import { createStream } from "./stream.ts";
import { aView } from "./testing/fixtures.ts";
import { createHandClock } from "./testing/hand-clock.ts";
import { EXECUTOR_TOKEN, startWorld, startWorldOfTwo, TOKEN } from "./testing/world.ts";

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
    { isReady: () => true },
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
