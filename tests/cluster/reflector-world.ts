/**
 * Reflectors that follow a real API server through everything that can break between them:
 *
 *   reflector → client → network (`fault-proxy.ts`) → front (`fault-front.ts`) → API server → etcd
 *
 * Whoever writes and whoever compares goes to the server directly. The reflectors' clock is a fast
 * one, so that the two and a half minutes after which silence is death pass in twenty seconds.
 */

import { z } from "zod";
import { sleep } from "#base/clock.ts";
import { chance } from "#base/random.ts";
import { createHttpApi } from "#kubernetes/http/client.ts";
import { createConnection, plainTls } from "#kubernetes/http/connection.ts";
import { fixedCredentials } from "#kubernetes/http/credentials.ts";
import { createRequestMetrics } from "#kubernetes/metrics.ts";
import type { Selection } from "#kubernetes/api.ts";
import type { Change } from "#kubernetes/reflector-replica.ts";
import { createReflector, type Reflector } from "#kubernetes/reflector.ts";
import { collectionPath, configMaps } from "#kubernetes/resource.ts";
import { keep, replay, versionOf, type Kept } from "#kubernetes/testing/reflector-bench.ts";
import { sessionClock, startSession, systemClock } from "#runtime/clock.ts";
import { silentLogger } from "#runtime/log.ts";
import { createRegistry } from "#runtime/metrics.ts";
import { systemRandom } from "#runtime/random.ts";
import { startControlPlane, type ControlPlane } from "./control-plane.ts";
import { startFaultFront, type FaultFront } from "./fault-front.ts";
import { startFaultProxy, type FaultProxy } from "./fault-proxy.ts";
import { until } from "./until.ts";

export type Followed = {
  readonly name: string;
  readonly selection: Selection;
  readonly reflector: Reflector<Kept>;
  readonly changes: ReadonlyArray<Change<Kept>>;
};

export type ReflectorWorld = {
  readonly plane: ControlPlane;
  readonly proxy: FaultProxy;
  readonly front: FaultFront;
  readonly followed: ReadonlyArray<Followed>;
  /** What is not as it should be at this moment; nothing when all is well. */
  readonly wrong: () => Promise<ReadonlyArray<string>>;
  /** Waits until every copy is the server's state, and every step that was told fits. */
  readonly settle: () => Promise<void>;
  readonly stopFollowing: () => Promise<void>;
  readonly close: () => Promise<void>;
};

export const NAMESPACE = "reflected";
export const COLLECTION = collectionPath(configMaps, NAMESPACE);
const SPEED = 8;
const SETTLED_WITHIN_MS = 120_000;

/** Everything, and a part that objects enter and leave. */
const selections: Readonly<Record<string, Selection>> = {
  all: { namespace: NAMESPACE },
  odd: { namespace: NAMESPACE, labelSelector: "parity=odd" },
};

export const startReflectorWorld = async (): Promise<ReflectorWorld> => {
  const plane = await startControlPlane();
  await plane.call("POST", "/api/v1/namespaces", { metadata: { name: NAMESPACE } });
  const front = await startFaultFront(plane);
  const proxy = await startFaultProxy(front.port);
  const { api, close } = openApi(plane, proxy);
  const stop = new AbortController();
  const running: Promise<void>[] = [];
  const followed = Object.entries(selections).map(([name, selection]) => {
    const { run, ...one } = follow(api, name, selection);
    running.push(run(stop.signal));
    return one;
  });
  const wrong = () => whatIsWrong(plane, followed);
  const stopFollowing = async (): Promise<void> => {
    stop.abort();
    await Promise.all(running);
  };
  return {
    plane,
    proxy,
    front,
    followed,
    wrong,
    settle: () => settle(wrong),
    stopFollowing,
    close: async () => {
      await stopFollowing();
      await close();
      await proxy.close();
      front.close();
      await plane.close();
    },
  };
};

const openApi = ({ ca, adminToken }: ControlPlane, { port }: FaultProxy) => {
  const deps = { clock: systemClock, timers: systemClock };
  const metrics = createRequestMetrics(createRegistry(), "proxy");
  const connection = createConnection(
    { metrics },
    {
      url: `https://127.0.0.1:${port}`,
      tls: { ...plainTls, ca },
      credentials: fixedCredentials(`Bearer ${adminToken}`),
      headers: {},
      namespace: undefined,
    },
  );
  if (!connection.ok) throw new Error(connection.error);
  const options = { component: "reflector-test", timeoutMs: 5_000 };
  return {
    api: createHttpApi({ ...deps, metrics }, connection.value, options),
    close: connection.value.close,
  };
};

type Api = ReturnType<typeof openApi>["api"];

const follow = (api: Api, name: string, selection: Selection) => {
  const clock = sessionClock(startSession(systemClock.now(), SPEED));
  const changes: Change<Kept>[] = [];
  const reflector = createReflector<Kept>(
    { api, clock, timers: clock, random: systemRandom, log: silentLogger },
    {
      resource: configMaps,
      selection,
      trim: keep,
      indexes: {},
      onChange: (change) => changes.push(change),
    },
  );
  return { name, selection, reflector, changes, run: reflector.run };
};

const settle = async (wrong: () => Promise<ReadonlyArray<string>>): Promise<void> => {
  let last: ReadonlyArray<string> = [];
  try {
    await until(
      "the copies are the server's state",
      async () => (last = await wrong()).length === 0,
      SETTLED_WITHIN_MS,
    );
  } catch (cause) {
    throw new Error(last.join("\n"), { cause });
  }
};

const listed = z.object({
  items: z.array(
    z.looseObject({ metadata: z.looseObject({ uid: z.string(), resourceVersion: z.string() }) }),
  ),
});

const whatIsWrong = async (
  plane: ControlPlane,
  followed: ReadonlyArray<Followed>,
): Promise<ReadonlyArray<string>> => {
  const found = await Promise.all(
    followed.map(async ({ name, selection, reflector, changes }) => {
      const expected = await versionsOnServer(plane, selection);
      const { known, gaps } = replay(changes);
      return [
        ...gaps,
        ...difference("the store lacks", expected, versionsOf(reflector.store.list())),
        ...difference("the store still has", versionsOf(reflector.store.list()), expected),
        ...difference("never told", expected, versionsOf(known.values())),
        ...difference("never told the end of", versionsOf(known.values()), expected),
      ].map((line) => `${name}: ${line}`);
    }),
  );
  return found.flat();
};

const versionsOf = (objects: Iterable<Kept>): ReadonlyArray<string> =>
  [...objects].map((object) => versionOf(object) ?? "");

const difference = (
  words: string,
  of: ReadonlyArray<string>,
  from: ReadonlyArray<string>,
): ReadonlyArray<string> => {
  const there = new Set(from);
  return of.filter((version) => !there.has(version)).map((version) => `${words} ${version}`);
};

/** A consistent read, past everything that breaks. */
const versionsOnServer = async (
  { call }: ControlPlane,
  { labelSelector }: Selection,
): Promise<ReadonlyArray<string>> => {
  const query = labelSelector === undefined ? "" : `?labelSelector=${labelSelector}`;
  const { body } = await call("GET", `${COLLECTION}${query}`);
  return listed
    .parse(body)
    .items.map(({ metadata }) => `${metadata.uid}@${metadata.resourceVersion}`);
};

export type Writer = {
  /** Resolves with the number of writes that the server has confirmed. */
  readonly stop: () => Promise<number>;
};

const NAMES = 24;
const PAUSE_MS = 20;

/** Writes all the time, whatever breaks: creates, changes, relabels, deletes, creates again. */
export const startWriter = ({ call }: ControlPlane, seed: number): Writer => {
  const stop = new AbortController();
  let writes = 0;
  let turn = 0;
  const write = async (): Promise<void> => {
    turn += 1;
    const name = `map-${Math.floor(NAMES * chance(seed, "name", turn))}`;
    const parity = chance(seed, "parity", turn) < 0.5 ? "odd" : "even";
    const object = { metadata: { name, labels: { parity } }, data: { turn: `${turn}` } };
    const path = `${COLLECTION}/${name}`;
    if (chance(seed, "delete", turn) < 0.2) {
      if ((await call("DELETE", path)).status === 200) writes += 1;
      return;
    }
    const changed = await call("PATCH", path, object, "application/merge-patch+json");
    if (changed.status === 200) writes += 1;
    if (changed.status !== 404) return;
    if ((await call("POST", COLLECTION, object)).status === 201) writes += 1;
  };
  const run = async (): Promise<number> => {
    while (!stop.signal.aborted) {
      try {
        await write();
      } catch {
        // The server is down: that is what the reflectors are to survive.
      }
      await sleep(systemClock, PAUSE_MS, stop.signal);
    }
    return writes;
  };
  const running = run();
  return {
    stop: () => {
      stop.abort();
      return running;
    },
  };
};
