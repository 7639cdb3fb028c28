/**
 * People who do to LiveStrategies and to their children what comes into their heads, each thing decided
 * by the seed and its number alone. They never look at what became of it: a server that is down at the
 * moment, a name that is taken or free, are all one to them.
 *
 * They change what the operator wants of a child no more often than it takes without suspecting that
 * somebody fights it.
 */

import type { Clock } from "#base/clock.ts";
import { chance } from "#base/random.ts";
import { liveStrategies } from "#crds/live-strategy.ts";
import {
  collectionPath,
  configMaps,
  deployments,
  objectPath,
  services,
  type Resource,
} from "#kubernetes/resource.ts";
import type { ApiCall } from "./api-call.ts";
import { manifestOf } from "./operator-world.ts";

export type RandomUserDeps = {
  readonly seed: number;
  readonly clock: Pick<Clock, "elapsed">;
  readonly call: ApiCall;
  /** The server has made a strategy of this name. */
  readonly onCreated: (name: string) => void;
};

export type RandomUserOptions = { readonly namespace: string; readonly names: number };

export type RandomUser = {
  /** Does the thing of this number; what it was, and whether the server took it. */
  readonly act: (number: number) => Promise<Act>;
};

export type Act = { readonly what: string; readonly isTaken: boolean };

type Ask = readonly [method: string, path: string, body?: unknown, type?: string];
type Deed = {
  readonly what: string;
  readonly share: number;
  readonly ask: (name: string, dial: number) => Ask | undefined;
};

const MERGE = "application/merge-patch+json";
const JSON_PATCH = "application/json-patch+json";
const CREATION = "creates";

/** With a third one within ten minutes and a fourth the operator stops mending. */
const MEDDLINGS_MAX = 2;
const WINDOW_MS = 600_000;

export const createRandomUser = (
  { seed, clock, call, onCreated }: RandomUserDeps,
  { namespace, names }: RandomUserOptions,
): RandomUser => {
  const deeds = deedsIn(namespace, createRestraint(clock));
  const shares = deeds.reduce((sum, { share }) => sum + share, 0);
  const choose = (number: number): Deed | undefined => {
    let left = chance(seed, "deed", number) * shares;
    return deeds.find(({ share }) => (left -= share) < 0);
  };
  return {
    act: async (number) => {
      const name = `s${Math.floor(chance(seed, "name", number) * names)}`;
      const deed = choose(number);
      const ask = deed?.ask(name, chance(seed, "dial", number));
      if (deed === undefined || ask === undefined) return { what: "waits", isTaken: true };
      const status = await call(...ask).then(
        (answer) => answer.status,
        () => 0,
      );
      const isTaken = status >= 200 && status < 300;
      // Where no answer came, it may be so.
      if ((isTaken || status === 0) && deed.what === CREATION) onCreated(name);
      return { what: deed.what, isTaken };
    },
  };
};

/** Whether this child may be meddled with once more. */
const createRestraint = (clock: Pick<Clock, "elapsed">) => {
  const made = new Map<string, ReadonlyArray<number>>();
  return (child: string): boolean => {
    const now = clock.elapsed();
    const recent = (made.get(child) ?? []).filter((at) => now - at < WINDOW_MS);
    if (recent.length >= MEDDLINGS_MAX) return false;
    made.set(child, [...recent, now]);
    return true;
  };
};

const deedsIn = (namespace: string, mayMeddle: (child: string) => boolean): ReadonlyArray<Deed> => {
  const own = (name: string) => objectPath(liveStrategies, { namespace, name });
  const child = (resource: Resource, name: string) =>
    objectPath(resource, { namespace, name: `executor-${name}` });
  const patch = (name: string, change: unknown): Ask => ["PATCH", own(name), change, MERGE];
  const meddle = (path: string, body: unknown, type: string): Ask | undefined =>
    mayMeddle(path) ? ["PATCH", path, body, type] : undefined;
  const anyChild = (dial: number): Resource =>
    [configMaps, services, deployments][Math.floor(dial * 3)] ?? deployments;
  return [
    {
      what: CREATION,
      share: 25,
      ask: (name) => [
        "POST",
        collectionPath(liveStrategies, namespace),
        { ...manifestOf(name), metadata: { name, namespace } },
      ],
    },
    {
      what: "edits",
      share: 15,
      ask: (name, dial) => patch(name, { spec: { leverage: 1 + Math.floor(dial * 20) } }),
    },
    {
      what: "edits what restarts",
      share: 5,
      ask: (name, dial) =>
        patch(name, { spec: { executor: { logLevel: dial < 0.5 ? "debug" : "info" } } }),
    },
    {
      what: "disables or enables",
      share: 15,
      ask: (name, dial) => patch(name, { spec: { enabled: dial < 0.7 } }),
    },
    {
      what: "moves to paper or back",
      share: 5,
      ask: (name, dial) => patch(name, { spec: { liveEligible: dial < 0.7 } }),
    },
    { what: "deletes", share: 8, ask: (name) => ["DELETE", own(name)] },
    {
      what: "annotates",
      share: 5,
      ask: (name, dial) => patch(name, { metadata: { annotations: { note: String(dial) } } }),
    },
    {
      what: "deletes a child",
      share: 10,
      ask: (name, dial) => ["DELETE", child(anyChild(dial), name)],
    },
    {
      what: "adds a file",
      share: 4,
      ask: (name) => meddle(child(configMaps, name), { data: { other: "x" } }, MERGE),
    },
    {
      what: "opens an address",
      share: 4,
      ask: (name) => meddle(child(services, name), { spec: { externalIPs: ["192.0.2.1"] } }, MERGE),
    },
    {
      what: "scales and adds a variable",
      share: 4,
      ask: (name) => meddle(child(deployments, name), SCALED, JSON_PATCH),
    },
  ];
};

const SCALED = [
  { op: "replace", path: "/spec/replicas", value: 2 },
  {
    op: "add",
    path: "/spec/template/spec/containers/0/env/0",
    value: { name: "LD_PRELOAD", value: "x" },
  },
];
