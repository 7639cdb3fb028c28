/**
 * The aggregator over a real API server, as the account, with the rights and under the policies that
 * the chart gives it. Executors are scripted and answer on loopback.
 */

import { mkdtempSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { followCluster } from "#aggregator/kube-fleet-connection.ts";
import { startAggregator } from "#aggregator/start.ts";
import { aStatus, aTrip } from "#aggregator/testing/fixtures.ts";
import { startScriptedExecutor } from "#aggregator/testing/scripted-executor.ts";
import { systemClock } from "#runtime/clock.ts";
import { silentLogger } from "#runtime/log.ts";
import { secret } from "#runtime/secret.ts";
import { startControlPlane, type ControlPlane } from "./control-plane.ts";
import { installCrd } from "./crd.ts";
import { installIdentities, installPolicies, type Identity } from "./identities.ts";
import { manifestOf } from "./operator-world.ts";
import { generous, MERGE } from "./policy-world.ts";
import { until } from "./until.ts";
import { LIVE_STRATEGIES } from "./verdicts.ts";

export const PAGE_TOKEN = "page-token";
export const EXECUTOR_TOKEN = "executor-token";

/** What each test leaves running ends with it. */
export type OnEnd = (end: () => Promise<void>) => void;

export const startAggregatorPlane = async () => {
  const plane = await startControlPlane({ audit: true });
  await installCrd(plane);
  const installed = await installIdentities(plane, "Namespaced", ["trading"]);
  await installPolicies(plane, generous);
  const world = {
    plane,
    installed,
    close: async () => {
      installed.close();
      await plane.close();
    },
  };
  await declare(plane, "probe");
  await until("the policy acts", async () => {
    const path = `${LIVE_STRATEGIES}/probe?dryRun=All`;
    const patch = { spec: { leverage: 2 } };
    return (await installed.callAs("aggregator")("PATCH", path, patch, MERGE)).status === 403;
  });
  await plane.call("DELETE", `${LIVE_STRATEGIES}/probe`);
  return world;
};

export type AggregatorPlane = Awaited<ReturnType<typeof startAggregatorPlane>>;

const stored = z.looseObject({
  metadata: z.looseObject({ uid: z.string(), resourceVersion: z.string(), generation: z.int() }),
  spec: z.looseObject({ killSwitch: z.object({ resetAt: z.string() }).optional() }),
});

export type StoredStrategy = z.infer<typeof stored>;

/** A person's work: applied, and there. */
export const declare = async ({ call }: ControlPlane, name: string): Promise<StoredStrategy> => {
  const { status, body } = await call("POST", LIVE_STRATEGIES, manifestOf(name));
  if (status !== 201) throw new Error(`${name}: ${JSON.stringify(body)}`);
  return stored.parse(body);
};

export const read = async ({ call }: ControlPlane, name: string): Promise<StoredStrategy> =>
  stored.parse((await call("GET", `${LIVE_STRATEGIES}/${name}`)).body);

export const remove = async ({ call }: ControlPlane, name: string): Promise<void> => {
  await call("DELETE", `${LIVE_STRATEGIES}/${name}`);
};

/** The operator's work: where its executor answers. */
export const reportUrl = async ({ call }: ControlPlane, name: string, url: string) => {
  const patch = { status: { executor: { url } } };
  const { status } = await call("PATCH", `${LIVE_STRATEGIES}/${name}/status`, patch, MERGE);
  if (status !== 200) throw new Error(`the status of ${name} was not written: ${status}`);
};

/** A strategy whose executor answers that its kill switch is engaged, as of now. */
export const declareTripped = async (plane: ControlPlane, name: string, onEnd: OnEnd) => {
  const { metadata } = await declare(plane, name);
  const executor = await startScriptedExecutor(EXECUTOR_TOKEN);
  onEnd(executor.close);
  const trippedAt = systemClock.now() - 60_000;
  executor.say(() =>
    aStatus({
      strategy: name,
      strategyUid: metadata.uid,
      at: systemClock.now(),
      killSwitch: aTrip({ trippedAt }),
    }),
  );
  await reportUrl(plane, name, executor.url);
  return { executor, trippedAt, uid: metadata.uid };
};

/** A folder in the plane's, gone with it. */
export const scratch = ({ folder }: ControlPlane): string =>
  mkdtempSync(join(folder, "aggregator-"));

/** Asks an aggregator as a client with the token. */
export const clientOf =
  (url: string) =>
  async (path: string, method: "GET" | "POST" = "GET") => {
    const headers = { authorization: `Bearer ${PAGE_TOKEN}` };
    const response = await fetch(url + path, { method, headers });
    const text = await response.text();
    const isJson = response.headers.get("content-type")?.includes("json") === true;
    const body: unknown = isJson ? JSON.parse(text) : text;
    return { status: response.status, body };
  };

export type Client = ReturnType<typeof clientOf>;

/** The program's own parts in the process of the test. */
export const startAs = async (
  { plane, installed }: AggregatorPlane,
  who: Identity,
  onEnd: OnEnd,
): Promise<Client> => {
  const env = { KUBECONFIG: plane.kubeconfig(installed.token(who)) };
  const followed = await followCluster({ env, log: silentLogger }, "trading");
  if (!followed.ok) throw new Error(followed.error);
  const { fleet, registry, close } = followed.value;
  onEnd(close);
  const started = await startAggregator(
    {
      host: "127.0.0.1",
      port: 0,
      token: secret(PAGE_TOKEN),
      executorToken: secret(EXECUTOR_TOKEN),
      staticDir: scratch(plane),
    },
    { fleet, registry, lifeProblem: fleet.lifeProblem, clock: systemClock, log: silentLogger },
  );
  if (!started.ok) throw new Error(started.error);
  onEnd(started.value.close);
  return clientOf(started.value.url);
};

const snapshot = z.looseObject({
  problems: z.array(z.string()),
  strategies: z.record(
    z.string(),
    z.looseObject({
      executor: z
        .looseObject({
          freshness: z.enum(["Live", "Stale", "Offline"]),
          problem: z.string().nullable(),
        })
        .nullable(),
    }),
  ),
});

export const look = async (ask: Client) => snapshot.parse((await ask("/api/v1/snapshot")).body);

/** By name: how fresh its executor's last word is, or that it has none. */
export const freshness = async (ask: Client): Promise<Readonly<Record<string, string>>> => {
  const { strategies } = await look(ask);
  return Object.fromEntries(
    Object.entries(strategies).map(([key, { executor }]) => [key, executor?.freshness ?? "None"]),
  );
};
