/**
 * A reflector on a history server, and everything that its listeners and its log were told.
 *
 * `wrongIn` is what every test ends with: the copy is the server's state, the steps that were told
 * lead from nothing to it without a gap, no step goes back in time, and there was one stream at most.
 */

import { millis, type Clock, type Millis, type Timers } from "#base/clock.ts";
import { chance } from "#base/random.ts";
import { silentLogger } from "#runtime/log.ts";
import { Registry } from "prom-client";
import { keyOf, type KubeObject, type ObjectMeta } from "../object.ts";
import { createReflectorMetrics } from "../reflector-metrics.ts";
import type { Change } from "../reflector-replica.ts";
import { createReflector } from "../reflector.ts";
import { configMaps } from "../resource.ts";
import { createHistoryServer } from "./history-server.ts";

export type Kept = { readonly metadata: ObjectMeta; readonly data: unknown };

export type BenchTime = Clock & Timers & { readonly runUntil: (until: Millis) => Promise<void> };

export type ReflectorBench = ReturnType<typeof createReflectorBench>;

export const createReflectorBench = (
  time: BenchTime,
  {
    seed = 1,
    trim = keep,
  }: { readonly seed?: number; readonly trim?: (object: KubeObject) => Kept } = {},
) => {
  const server = createHistoryServer({ timers: time, seed });
  const changes: Change<Kept>[] = [];
  const logged: string[] = [];
  const note = (level: string) => (_data: unknown, said?: string) => {
    logged.push(`${level}: ${said ?? ""}`);
  };
  let draws = 0;
  const registry = new Registry();
  const reflector = createReflector<Kept>(
    {
      api: server.api,
      clock: time,
      timers: time,
      random: () => chance(seed, "jitter", (draws += 1)),
      log: { ...silentLogger, info: note("info"), warn: note("warn"), error: note("error") },
      metrics: createReflectorMetrics(registry),
    },
    {
      resource: configMaps,
      selection: { namespace: "trading" },
      trim,
      indexes: { namespace: ({ metadata }) => [metadata.namespace ?? ""] },
      onChange: (change) => changes.push(change),
    },
  );
  const abort = new AbortController();
  let ended: "Resolved" | "Rejected" | undefined;
  const run = async (): Promise<void> => {
    try {
      await reflector.run(abort.signal);
      ended = "Resolved";
    } catch {
      ended = "Rejected";
    }
  };
  return {
    time,
    server,
    reflector,
    changes,
    logged,
    registry,
    /** How `run` has ended, if it has. */
    ended: () => ended,
    pass: (ms: number) => time.runUntil(millis(time.elapsed() + ms)),
    start: () => void run(),
    stop: () => abort.abort(),
  };
};

export const keep = ({ metadata, ...object }: KubeObject): Kept => ({
  metadata,
  data: object["data"],
});

export const versionOf = (object: Kept | undefined): string | undefined =>
  object && `${object.metadata.uid}@${object.metadata.resourceVersion}`;

/** Each change as the versions that it leads from and to. */
export const told = ({ changes }: ReflectorBench) =>
  changes.map(({ before, after }) => [versionOf(before), versionOf(after)]);

export const fullSyncs = ({ server }: ReflectorBench): number =>
  server.lists.filter(({ continue: token }) => token === undefined).length +
  server.watches.filter(({ sendInitialEvents }) => sendInitialEvents === true).length;

export const wrongIn = ({ server, reflector, changes }: ReflectorBench): ReadonlyArray<string> => {
  const expected = lines([...server.state().values()].map(keep));
  const { known, gaps } = replay(changes);
  return [
    ...gaps,
    ...differences("the store", lines(reflector.store.list()), expected),
    ...differences("what was told", lines(known.values()), expected),
    ...(server.openStreamsMax() > 1 ? ["there were two streams at a time"] : []),
  ];
};

const lines = (objects: Iterable<Kept>): ReadonlyArray<string> =>
  [...objects].map((object) => JSON.stringify(object));

const differences = (
  of: string,
  actual: ReadonlyArray<string>,
  expected: ReadonlyArray<string>,
): ReadonlyArray<string> => [
  ...expected.filter((line) => !actual.includes(line)).map((line) => `${of} lacks ${line}`),
  ...actual.filter((line) => !expected.includes(line)).map((line) => `${of} has ${line}`),
];

/** What a listener knows who has heard of nothing but the changes, and where they do not fit. */
export const replay = (changes: ReadonlyArray<Change<Kept>>) => {
  const known = new Map<string, Kept>();
  const gaps = changes.flatMap(({ key, before, after }) => {
    const [from, to, last] = [before, after, known.get(key)].map(versionOf);
    if (after === undefined) known.delete(key);
    else known.set(key, after);
    return [
      ...(from === last ? [] : [`a step from ${from} follows ${last}`]),
      ...(from === to ? [`a step from ${from} leads nowhere`] : []),
      ...(before && after ? backwards(before, after) : []),
      ...[before, after].filter((side) => side && keyOf(side) !== key).map(() => `not of ${key}`),
    ];
  });
  return { known, gaps };
};

const backwards = (before: Kept, after: Kept): ReadonlyArray<string> => {
  const isSame = before.metadata.uid === after.metadata.uid;
  const isForward = versionNumber(before) < versionNumber(after);
  return [
    ...(isSame ? [] : [`${versionOf(after)} is told as a change of ${versionOf(before)}`]),
    ...(isSame && !isForward ? [`${versionOf(after)} is told after ${versionOf(before)}`] : []),
  ];
};

/** Of objects of one resource versions are numbers that grow, by Kubernetes' word since 1.35. */
const versionNumber = ({ metadata }: Kept): number => Number(metadata.resourceVersion);

export const SECOND = 1_000;
export const MINUTE = 60 * SECOND;

/** Starts it on a server that has some objects, and lets it sync. */
export const startFollowing = async (
  bench: ReflectorBench,
  names: ReadonlyArray<string> = ["a", "b", "c"],
): Promise<ReflectorBench> => {
  for (const name of names) bench.server.write(name, "first");
  bench.start();
  await bench.pass(SECOND);
  return bench;
};

/** What happens while nobody listens, and is forgotten by the server before anybody does. */
export const loseHistory = async (bench: ReflectorBench, happen: () => void): Promise<void> => {
  bench.server.cut();
  happen();
  bench.server.writeElsewhere(10);
  bench.server.compact();
  await bench.pass(10 * SECOND);
};
