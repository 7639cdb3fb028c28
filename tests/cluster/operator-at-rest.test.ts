/**
 * What the operator costs the API server: what a new strategy needs and not one write more, and
 * nothing at all while nothing changes, not even when the operator itself is restarted. The witness is
 * the server's own audit log.
 *
 * AT_REST_STRATEGIES and AT_REST_SECONDS make it larger and longer: once a minute each strategy is
 * looked at without a reason, so ten minutes are ten times as many occasions to write.
 */

import { afterAll, afterEach, beforeAll, expect, test } from "@jest/globals";
import { sleep } from "#base/clock.ts";
import { liveStrategies } from "#crds/live-strategy.ts";
import { systemClock } from "#runtime/clock.ts";
import { processEnv } from "#runtime/env.ts";
import type { AuditEvent } from "./audit.ts";
import { createNamespace } from "./child-world.ts";
import { startControlPlane, type ControlPlane } from "./control-plane.ts";
import { auditedSoFar, count, isIdle, isWrite, listAll, metricOf, wordsOf } from "./convergence.ts";
import { installCrd } from "./crd.ts";
import { inParallel } from "./in-parallel.ts";
import { manifestOf, startOperator, type RunningOperator } from "./operator-world.ts";
import { createRunningFleet, type RunningFleet } from "./running-fleet.ts";
import { until } from "./until.ts";

const env = processEnv();
const STRATEGIES = Number(env["AT_REST_STRATEGIES"] ?? 1_000);
const SECONDS = Number(env["AT_REST_SECONDS"] ?? 60);

const COLLECTION = "/apis/scalpradar.io/v1alpha1/namespaces/trading/livestrategies";
const START_TIMEOUT_MS = 60_000;
/** A busy machine makes some twenty strategies a second. */
const RECONCILED_WITHIN_MS = 60_000 + STRATEGIES * 200;
const TIMEOUT_MS = 3 * RECONCILED_WITHIN_MS + SECONDS * 1_000;

let plane: ControlPlane;
beforeAll(async () => {
  plane = await startControlPlane({ audit: true });
  await installCrd(plane);
  await createNamespace(plane.call, "trading");
}, START_TIMEOUT_MS);
afterAll(() => plane.close(), START_TIMEOUT_MS);

const running: RunningOperator[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((one) => one.stop()));
});

const start = async ({ executors }: RunningFleet): Promise<RunningOperator> => {
  const operator = await startOperator(plane, { namespace: "trading", executors });
  running.push(operator);
  return operator;
};

/** TLS handshakes: of all workers at once, and one for each kind that is watched. */
const CONNECTIONS_MAX = 40;

const names = Array.from({ length: STRATEGIES }, (_, index) => `s${index}`);

const create = async (name: string): Promise<void> => {
  const { status } = await plane.call("POST", COLLECTION, manifestOf(name));
  if (status !== 201) throw new Error(`${name} was not created: ${status}`);
};

/** This is what has been said of each of them, and nothing is left to be done. */
const areAll = async (operator: RunningOperator, reason: string): Promise<boolean> => {
  const settled = operator.operator
    .strategies()
    .filter(({ metadata, status }) => status?.observedGeneration === metadata.generation)
    .filter(({ status }) => status?.conditions?.[0]?.reason === reason);
  return settled.length === STRATEGIES && (await isIdle(operator));
};

const untilAllAre = (operator: RunningOperator, reason: string): Promise<void> =>
  until(`all are ${reason}`, () => areAll(operator, reason), RECONCILED_WITHIN_MS);

const looksOf = (operator: RunningOperator): Promise<number> =>
  metricOf(operator, "controller_runtime_reconcile_total");

const connectionsOf = (operator: RunningOperator): Promise<number> =>
  metricOf(operator, "rest_client_connections_total");

const watchesOf = (operator: RunningOperator): Promise<number> =>
  metricOf(operator, "reflector_watches_total");

const writesSoFar = async (): Promise<ReadonlyArray<AuditEvent>> =>
  (await auditedSoFar(plane)).filter(isWrite);

const strategyIn = ({ name = "" }: AuditEvent): string => name.replace(/^executor-/, "");

/** Why each of them cannot be left out is in its comment. */
const necessary = [
  "create configmaps", // what the executor reads
  "create deployments", // the executor
  "create persistentvolumeclaims", // its journal
  "create services", // its name
  "patch livestrategies", // the finalizer, before the executor
  "patch livestrategies/status", // what has become of it
];

/** By strategy. */
const wordsByStrategy = (
  writes: ReadonlyArray<AuditEvent>,
): ReadonlyMap<string, ReadonlyArray<string>> => {
  const own = Map.groupBy(writes, strategyIn);
  return new Map([...own].map(([name, events]) => [name, events.map(wordsOf).toSorted()]));
};

/** Each strategy has had these writes and no others. */
const expectEach = (writes: ReadonlyArray<AuditEvent>, wanted: ReadonlyArray<string>): void => {
  const words = wordsByStrategy(writes);
  const unlike = [...words].filter(([, own]) => JSON.stringify(own) !== JSON.stringify(wanted));
  expect(unlike).toEqual([]);
  expect([...words.keys()].toSorted()).toEqual(names.toSorted());
};

const print = (figures: Readonly<Record<string, number>>): void => {
  process.stdout.write(`operator at rest: ${JSON.stringify(figures)}\n`);
};

test(
  "a strategy costs the writes that it needs, a quiet world and a restart cost none",
  async () => {
    const fleet = createRunningFleet(plane, "trading");
    const operator = await start(fleet);
    const startedAt = systemClock.elapsed();
    await inParallel(names, create);
    await untilAllAre(operator, "ExecutorStarting");
    const reconciledIn = systemClock.elapsed() - startedAt;
    const creation = await writesSoFar();
    expectEach(creation, necessary);

    await inParallel(names, fleet.runPod);
    await untilAllAre(operator, "Trading");
    const started = await writesSoFar();
    expectEach(started.slice(creation.length), ["patch livestrategies/status"]);
    const told = count(operator.events.map(({ name, reason }) => `${name} ${reason}`));
    expect(Object.entries(told).filter(([, times]) => times > 1)).toEqual([]);

    const [looksBefore, askedBefore] = [await looksOf(operator), fleet.asked()];
    const [connections, watches] = [await connectionsOf(operator), await watchesOf(operator)];
    expect(connections).toBeLessThanOrEqual(CONNECTIONS_MAX);
    await sleep(systemClock, SECONDS * 1_000);
    // It was awake meanwhile: each is looked at once a minute, and its executor asked far more often.
    const [looks, asked] = [(await looksOf(operator)) - looksBefore, fleet.asked() - askedBefore];
    expect(Math.min(looks, asked) >= STRATEGIES || SECONDS < 60).toBe(true);
    const atRest = (await writesSoFar()).slice(started.length);
    expect(atRest).toEqual([]);

    // A watch that the server ends may have to connect again; nothing else has to.
    const connected = (await connectionsOf(operator)) - connections;
    expect(connected).toBeLessThanOrEqual((await watchesOf(operator)) - watches);
    const requests = await metricOf(operator, "rest_client_requests_total");
    await running.pop()?.stop();

    const again = await start(fleet);
    const isEachLookedAt = async () =>
      (await looksOf(again)) >= 2 * STRATEGIES && (await isIdle(again));
    await until("all were looked at again", isEachLookedAt, RECONCILED_WITHIN_MS);
    const restart = (await writesSoFar()).slice(started.length);
    const requestsOfRestart = await metricOf(again, "rest_client_requests_total");
    expect(restart).toEqual([]);
    expect(await listAll(plane, liveStrategies)).toHaveLength(STRATEGIES);

    print({
      strategies: STRATEGIES,
      reconciledInMs: Math.round(reconciledIn),
      writesOfCreation: creation.length,
      writesOfStart: started.length - creation.length,
      restSeconds: SECONDS,
      looksAtRest: looks,
      askedAtRest: asked,
      writesAtRest: atRest.length,
      writesOfRestart: restart.length,
      requests,
      requestsOfRestart,
      connections,
      connectionsAtRest: connected,
    });
  },
  TIMEOUT_MS,
);
