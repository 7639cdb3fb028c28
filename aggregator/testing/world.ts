/** The real aggregator over a folder of strategies and scripted executors, for tests of its HTTP side. */

import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { silentLogger } from "#runtime/log.ts";
import { openObjectStore, type ObjectStore } from "#runtime/object-store.ts";
import { secret } from "#runtime/secret.ts";
import type { Environment } from "../fleet.ts";
import { openLocalFleet } from "../local-fleet.ts";
import { startAggregator } from "../start.ts";
import { anOrder, aStatus, aTrip, NOW } from "./fixtures.ts";
import { createHandClock } from "./hand-clock.ts";
import { startScriptedExecutor } from "./scripted-executor.ts";

export const TOKEN = "page-token";
export const EXECUTOR_TOKEN = "executor-token";
export const authorized = { authorization: `Bearer ${TOKEN}` };

export type Declared = {
  readonly name: string;
  /** Where its executor answers; without one it is a paper strategy. */
  readonly url?: string;
  readonly environment?: Environment;
};

type Asking = { readonly method?: string; readonly body?: string };
type OnEnd = (end: () => Promise<void>) => void;

/** Polls once at the start, then only when a test asks for it or moves the clock. */
export const startWorld = async (onEnd: OnEnd, declared: ReadonlyArray<Declared>) => {
  const folder = mkdtempSync(join(tmpdir(), "aggregator-"));
  const staticDir = mkdtempSync(join(tmpdir(), "page-"));
  const objects = openObjectStore(join(folder, "livestrategies"));
  for (const strategy of declared) declare(objects, strategy);
  const machine = createHandClock();
  const started = await startAggregator(
    {
      host: "127.0.0.1",
      port: 0,
      token: secret(TOKEN),
      executorToken: secret(EXECUTOR_TOKEN),
      staticDir,
      version: "9.9.9",
    },
    { fleet: openLocalFleet(folder), clock: machine, machine, log: silentLogger },
  );
  if (!started.ok) throw new Error(started.error);
  const { url, port, close } = started.value;
  onEnd(close);
  await machine.advance(0);

  const ask = async (path: string, asking: Asking = {}) => {
    const headers = { ...authorized, "content-type": "application/json" };
    const response = await fetch(url + path, { ...asking, headers });
    const text = await response.text();
    const isJson = response.headers.get("content-type")?.includes("json") === true;
    const body: unknown = isJson ? JSON.parse(text) : text;
    return { status: response.status, body, headers: response.headers };
  };
  const post = (path: string, body: object = {}) =>
    ask(path, { method: "POST", body: JSON.stringify(body) });
  const poll = () => post("/api/executor/refresh-balance");
  return { ask, post, poll, url, port, folder, staticDir, machine, objects };
};

/** grid-atr on account 100 with an order, grid-multi-tf on account 200 with a tripped kill switch. */
export const startWorldOfTwo = async (onEnd: OnEnd, environment: Environment = "Emulator") => {
  const [atr, multi] = [await startExecutor(onEnd), await startExecutor(onEnd)];
  atr.say(aStatus(), [anOrder({ at: NOW - 10, clientOrderId: "a" })]);
  multi.say(
    aStatus({
      strategy: "grid-multi-tf",
      account: { ...aStatus().account, uid: "200" },
      killSwitch: aTrip(),
    }),
    [anOrder({ at: NOW, clientOrderId: "b" })],
  );
  const world = await startWorld(onEnd, [
    { name: "grid-atr", url: atr.url, environment },
    { name: "grid-multi-tf", url: multi.url, environment },
    { name: "paper" },
  ]);
  await world.poll();
  return { ...world, atr, multi };
};

export const startExecutor = async (onEnd: OnEnd) => {
  const executor = await startScriptedExecutor(EXECUTOR_TOKEN);
  onEnd(executor.close);
  return executor;
};

/** What the operator would have stored. */
const declare = (objects: ObjectStore, { name, url, environment = "Emulator" }: Declared): void =>
  objects.put(
    { namespace: "trading", name },
    {
      metadata: { namespace: "trading", name, uid: `uid-${name}` },
      spec: {
        liveEligible: url !== undefined,
        strategy: { kind: "grid_atr" },
        assets: [{ symbol: "SOL/USDT:USDT" }],
        exchange: { environment },
      },
      status: { executor: { url } },
    },
  );
