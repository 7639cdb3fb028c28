import { afterAll, expect, test } from "@jest/globals";
import { Registry } from "prom-client";
import { err, ok } from "#base/result.ts";
import { specOf, statusOf } from "#operator/testing/samples.ts";
import { listen, type HttpServer } from "#runtime/http.ts";
import { silentLogger } from "#runtime/log.ts";
import { secret } from "#runtime/secret.ts";
import { createExecutorApi, type ExecutorApiDeps } from "./http.ts";

const servers: HttpServer[] = [];
afterAll(() => Promise.all(servers.map((server) => server.close())));

const serve = async (change: Partial<ExecutorApiDeps> = {}) => {
  const app = createExecutorApi({
    token: secret("t0ken"),
    registry: new Registry(),
    log: silentLogger,
    waiting: () => "no keys yet",
    status: () => statusOf(),
    orders: () => [],
    probe: async () => ok(undefined),
    control: async ({ generation }) => ok({ generation, changed: true }),
    ...change,
  });
  const server = await listen(app, { host: "127.0.0.1", port: 0 });
  if (!server.ok) throw new Error(server.error);
  servers.push(server.value);
  return async (method: string, path: string, body?: unknown, token = "t0ken") => {
    const response = await fetch(`${server.value.url}${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: response.status, text: await response.text() };
  };
};

test("one that cannot begin yet says what it waits for, and refuses nothing for good", async () => {
  const ask = await serve({ status: () => undefined, control: async () => err("never asked") });
  expect(await ask("GET", "/status")).toEqual({ status: 503, text: '{"error":"no keys yet"}' });
  expect(await ask("PUT", "/control", specOf())).toEqual({
    status: 503,
    text: '{"error":"no keys yet"}',
  });
  expect((await ask("GET", "/livez")).status).toBe(200);
  expect((await ask("GET", "/readyz")).status).toBe(503);
});

test("what it is told is taken over, refused with the reason, or not understood", async () => {
  const ask = await serve();
  expect(await ask("PUT", "/control", specOf())).toEqual({
    status: 200,
    text: '{"generation":3,"changed":true}',
  });
  const deaf = await serve({ control: async () => err("uid is A, and this executor is of B") });
  expect(await deaf("PUT", "/control", specOf())).toEqual({
    status: 409,
    text: '{"error":"uid is A, and this executor is of B"}',
  });
  const half = await ask("PUT", "/control", { ...specOf(), leverage: 0 });
  expect(half.status).toBe(422);
  expect(half.text).toContain("leverage");
});

test("everything but the two probes needs the token", async () => {
  const ask = await serve();
  const paths = ["/status", "/orders", "/metrics"];
  for (const path of paths) expect((await ask("GET", path, undefined, "wrong")).status).toBe(401);
  expect((await ask("PUT", "/control", specOf(), "wrong")).status).toBe(401);
  for (const path of ["/livez", "/readyz"]) {
    expect((await ask("GET", path, undefined, "wrong")).status).toBe(200);
  }
});
