/**
 * The operator, while everything between it and etcd breaks in any order and people change things all
 * the time. Afterwards it is quiet: then its copies are the server's state, every strategy has what
 * its specification asks for, nothing is written any more and nothing was said twice.
 *
 * FAULT_SECONDS is for how long, FAULT_SEED plays the same faults and the same deeds again as far as
 * real processes let themselves be played again.
 */

import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { sleep } from "#base/clock.ts";
import { chance } from "#base/random.ts";
import { liveStrategies } from "#crds/live-strategy.ts";
import type { FleetConfig } from "#crds/fleet.ts";
import { loadFleetConfig } from "#operator/local/manifests.ts";
import { sessionClock, startSession, systemClock } from "#runtime/clock.ts";
import { processEnv } from "#runtime/env.ts";
import type { Logger } from "#runtime/log.ts";
import { collectOrphans } from "./collector.ts";
import { startControlPlane, type ControlPlane } from "./control-plane.ts";
import { count, isIdle, listAll, metricOf, objectsIn, type Stored } from "./convergence.ts";
import { installCrd } from "./crd.ts";
import { startFaultFront, type FaultFront } from "./fault-front.ts";
import { startFaultProxy, type FaultProxy } from "./fault-proxy.ts";
import { kubeconfigWriter } from "./kubectl.ts";
import { startOperator, type RunningOperator } from "./operator-world.ts";
import { violationsIn } from "./oracle.ts";
import { createRandomUser } from "./random-user.ts";
import { faults } from "./reflector-faults.ts";
import { until } from "./until.ts";

const env = processEnv();
const SECONDS = Number(env["FAULT_SECONDS"] ?? (env["CI"] === "true" ? 120 : 30));
const SEED = Number(env["FAULT_SEED"] ?? Math.floor(systemClock.now() % 1_000_000));

const NAMESPACE = "trading";
const NAMES = 24;
const USERS = 2;
/** In a short run the operator's clock is a fast one: silence of 75 s is death then, not of 150. */
const SPEED = SECONDS < 600 ? 2 : 1;
const SILENCE_MS = 150_000 / SPEED;
const QUIET_WITHIN_MS = 60_000 + SILENCE_MS;
const START_TIMEOUT_MS = 60_000;
/** Heap that may be more at the end than after a quarter of the time. */
const GROWTH_BYTES_MAX = 16 * 1024 * 1024;

let plane: ControlPlane;
let front: FaultFront;
let proxy: FaultProxy;
let operator: RunningOperator;
let fleet: FleetConfig;

beforeAll(async () => {
  plane = await startControlPlane();
  await installCrd(plane);
  await plane.kubectl(["create", "namespace", NAMESPACE]);
  front = await startFaultFront(plane);
  proxy = await startFaultProxy(front.port);
  const loaded = loadFleetConfig("config");
  if (!loaded.ok) throw new Error(loaded.error.join("\n"));
  fleet = loaded.value;
  const clock = sessionClock(startSession(systemClock.now(), SPEED));
  operator = await startOperator(throughProxy(), { namespace: NAMESPACE, clock, log });
}, START_TIMEOUT_MS);

afterAll(async () => {
  await operator.stop();
  await proxy.close();
  front.close();
  await plane.close();
}, START_TIMEOUT_MS);

/** What the operator has said, to be shown when it did not come to rest. */
const said: string[] = [];
const SAID_MAX = 60;
const say = (...args: ReadonlyArray<unknown>): void => {
  const seconds = (systemClock.elapsed() / 1_000).toFixed(1);
  said.push(`${seconds} ${JSON.stringify(args)}`);
};
const log: Logger = { debug: say, info: say, warn: say, error: say };

/** The same server, by the way that breaks. */
const throughProxy = (): ControlPlane => {
  const folder = join(plane.folder, "proxied");
  mkdirSync(folder);
  const url = `https://127.0.0.1:${proxy.port}`;
  const { ca, adminToken } = plane;
  return { ...plane, url, kubeconfig: kubeconfigWriter({ folder, url, ca, adminToken }) };
};

const pause = (ms: number): Promise<void> => sleep(systemClock, ms);

/** Faults one after the other, with a moment between them; what was done when, in seconds. */
const breakThings = async (until: () => number): Promise<ReadonlyArray<string>> => {
  const names = Object.keys(faults);
  const startedAt = systemClock.elapsed();
  const log: string[] = [];
  for (let turn = 0; until() > 0; turn += 1) {
    const dial = chance(SEED, "dial", turn);
    // The first of a longer run, so that its silence is over before the end.
    const isHole = turn === 0 && until() > SILENCE_MS;
    const drawn = names[Math.floor(chance(SEED, "fault", turn) * names.length)] ?? "";
    const name = isHole ? HOLE : drawn;
    if (name === HOLE && until() < SILENCE_MS) continue;
    const at = (systemClock.elapsed() - startedAt) / 1_000;
    log.push(`${at.toFixed(1)} ${name} ${dial.toFixed(2)}`);
    await faults[name]?.({ plane, proxy, front }, dial);
    await pause(300 + 2_500 * chance(SEED, "gap", turn));
  }
  return log;
};

const HOLE = "black hole";

type Deeds = {
  readonly taken: ReadonlyArray<string>;
  readonly refused: number;
  /** For each name, how many events there were each time it may have begun a new life. */
  readonly births: ReadonlyMap<string, ReadonlyArray<number>>;
};

const liveOn = async (until: () => number): Promise<Deeds> => {
  const births = new Map<string, number[]>();
  const onCreated = (name: string) =>
    births.set(name, [...(births.get(name) ?? []), operator.events.length]);
  const user = createRandomUser(
    { seed: SEED, clock: systemClock, call: plane.call, onCreated },
    { namespace: NAMESPACE, names: NAMES },
  );
  const taken: string[] = [];
  let refused = 0;
  let number = 0;
  const live = async () => {
    while (until() > 0) {
      number += 1;
      const { what, isTaken } = await user.act(number);
      if (isTaken) taken.push(what);
      else refused += 1;
      await pause(50 + 200 * chance(SEED, "rest", number));
    }
  };
  const collect = async () => {
    while (until() > 0) {
      // The server may be down.
      await collectOrphans(plane, NAMESPACE).catch(() => undefined);
      await pause(1_000);
    }
  };
  await Promise.all([...Array.from({ length: USERS }, live), collect()]);
  return { taken, refused, births };
};

const whatIsWrong = async (): Promise<ReadonlyArray<string>> => {
  await collectOrphans(plane, NAMESPACE);
  if (!(await isIdle(operator))) return ["the operator is at work"];
  const violations = violationsIn(fleet, await objectsIn(plane, NAMESPACE));
  return [...violations, ...(await staleCopies())];
};

/** Copies that are not what the server has. */
const staleCopies = async (): Promise<ReadonlyArray<string>> => {
  const all = operator.operator.followers.map(async ({ resource, copied, stats, problem }) => {
    const there = (await listAll(plane, resource, NAMESPACE))
      .filter((object) => resource === liveStrategies || isOurs(object))
      .map(versionOf)
      .toSorted();
    const here = copied().map(versionOf).toSorted();
    if (JSON.stringify(here) === JSON.stringify(there)) return [];
    const facts = {
      resource: resource.plural,
      onlyHere: here.filter((one) => !there.includes(one)),
      onlyThere: there.filter((one) => !here.includes(one)),
      problem: problem(),
      ...stats(),
    };
    return [JSON.stringify(facts)];
  });
  return (await Promise.all(all)).flat();
};

const isOurs = ({ metadata }: Stored): boolean =>
  metadata.labels?.["app.kubernetes.io/managed-by"] === "scalp-radar";

const versionOf = ({ metadata }: Pick<Stored, "metadata">): string =>
  `${metadata.name} ${metadata.uid} ${metadata.resourceVersion}`;

/** How often the same was said twice in a row in one life. */
const repetitions = ({ births }: Deeds): ReadonlyArray<string> => {
  const saidLast = new Map<string, string>();
  return operator.events.flatMap(({ name, reason, note }, index) => {
    const life = (births.get(name) ?? []).filter((birth) => birth <= index).length;
    const key = `${name} in its life ${life}`;
    const words = `${reason}: ${note}`;
    const isSame = saidLast.get(key) === words && reason !== "DriftRepaired";
    saidLast.set(key, words);
    return isSame ? [`${key}: ${words}`] : [];
  });
};

const writes = async (): Promise<number> => {
  const metric = await operator.registry.getSingleMetric("rest_client_requests_total")?.get();
  return (metric?.values ?? [])
    .filter(({ labels }) => labels["method"] !== "GET")
    .reduce((sum, { value }) => sum + value, 0);
};

const usedHeap = (): number => {
  collectGarbage();
  return process.memoryUsage().heapUsed;
};

setFlagsFromString("--expose-gc");
const collectGarbage: () => void = runInNewContext("gc");

test(
  "whatever breaks in any order, in the end all is as it was asked for",
  async () => {
    process.stdout.write(`operator faults: FAULT_SEED=${SEED} FAULT_SECONDS=${SECONDS}\n`);
    const endsAt = systemClock.elapsed() + SECONDS * 1_000;
    const left = () => endsAt - systemClock.elapsed();
    const warm = pause((SECONDS * 1_000) / 4).then(usedHeap);
    const [log, deeds, heapBefore] = await Promise.all([breakThings(left), liveOn(left), warm]);
    process.stdout.write(`operator faults: ${log.join(", ")}\n`);
    const brokenUntil = systemClock.elapsed();

    let wrong: ReadonlyArray<string> = [];
    const isQuiet = async () => {
      // Connections of the test's own may have ended with a server.
      wrong = await whatIsWrong().catch((error: unknown) => [String(error)]);
      return wrong.length === 0;
    };
    await until("everything is as it should be", isQuiet, QUIET_WITHIN_MS).catch(() => undefined);
    if (wrong.length > 0) process.stdout.write(`${said.slice(-SAID_MAX).join("\n")}\n`);
    expect(wrong).toEqual([]);
    const quietAfter = systemClock.elapsed() - brokenUntil;

    const written = await writes();
    await pause(3_000);
    expect(await writes()).toBe(written);
    expect(await staleCopies()).toEqual([]);
    expect(repetitions(deeds)).toEqual([]);
    const heapAfter = usedHeap();
    expect(heapAfter - heapBefore).toBeLessThan(GROWTH_BYTES_MAX);

    const figures = {
      faults: log.length,
      deeds: count(deeds.taken),
      refused: deeds.refused,
      strategies: operator.operator.strategies().length,
      events: count(operator.events.map(({ reason }) => reason)),
      quietAfterMs: Math.round(quietAfter),
      writes: written,
      requests: await metricOf(operator, "rest_client_requests_total"),
      connections: await metricOf(operator, "rest_client_connections_total"),
      fullSyncs: await metricOf(operator, "reflector_lists_total"),
      watches: await metricOf(operator, "reflector_watches_total"),
      failedReconciles: await metricOf(operator, "controller_runtime_reconcile_errors_total"),
      heapMb: [heapBefore, heapAfter].map((bytes) => Math.round(bytes / 1e5) / 10),
    };
    process.stdout.write(`operator faults: ${JSON.stringify(figures)}\n`);
  },
  SECONDS * 1_000 + QUIET_WITHIN_MS + START_TIMEOUT_MS,
);
