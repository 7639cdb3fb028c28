/**
 * The fleet of a cluster over an API server in memory and virtual time, for tests. The server can be
 * taken away, with streams that break and an answer of the test's choice to everything.
 */

import { millis, type Clock, type Millis, type Timers } from "#base/clock.ts";
import { chance } from "#base/random.ts";
import { err } from "#base/result.ts";
import { liveStrategies } from "#crds/live-strategy.ts";
import type { ApiError, KubeApi } from "#kubernetes/api.ts";
import type { KubeObject } from "#kubernetes/object.ts";
import { createMemoryApi } from "#kubernetes/testing/memory-api.ts";
import { silentLogger } from "#runtime/log.ts";
import { createKubeFleet } from "../kube-fleet.ts";

/** Time that passes when it is told to. */
type Time = Clock & Timers & { readonly runUntil: (until: Millis) => Promise<void> };
type Fields = Readonly<Record<string, unknown>>;

type Options = {
  /** All of them where absent. */
  readonly namespace?: string;
  /** Stands between the fleet and the server. */
  readonly around?: (api: KubeApi) => KubeApi;
};

export const openKubeWorld = (time: Time, { namespace, around = (api) => api }: Options = {}) => {
  const server = createMemoryApi({ clock: time, timers: time });
  const { api, leave, comeBack } = breakable(server);
  const patches: Fields[] = [];
  let draws = 0;
  const fleet = createKubeFleet(
    {
      api: around(noting(api, patches)),
      clock: time,
      timers: time,
      random: () => chance(1, "world", (draws += 1)),
      log: silentLogger,
    },
    { namespace },
  );
  const ending = new AbortController();
  let running: Promise<void> | undefined;
  const pass = (ms = 100) => time.runUntil(millis(time.now() + ms));
  return {
    server,
    fleet,
    /** Merge patches that the fleet has sent. */
    patches,
    pass,
    leave,
    comeBack,
    start: async () => {
      running = fleet.run(ending.signal);
      await pass();
    },
    stop: async () => {
      ending.abort();
      await pass();
      await running;
    },
    /** A person makes it and the operator reports on it. */
    declare: (name: string, change: Declared = {}) => declare(server, name, change),
  };
};

export type KubeWorld = ReturnType<typeof openKubeWorld>;

type Declared = {
  readonly namespace?: string;
  readonly spec?: Fields;
  readonly status?: Fields;
};

const declare = async (
  server: KubeApi,
  name: string,
  { namespace = "trading", spec = {}, status }: Declared,
): Promise<KubeObject> => {
  const manifest = {
    apiVersion: liveStrategies.apiVersion,
    kind: liveStrategies.kind,
    metadata: { name, namespace },
    spec: {
      liveEligible: true,
      strategy: { kind: "grid_atr", gridAtr: {} },
      timeframe: "1h",
      leverage: 7,
      assets: [{ symbol: "BTC/USDT:USDT" }],
      exchange: { id: "bitget", environment: "Emulator" },
      ...spec,
    },
  };
  const made = await server.create(liveStrategies, manifest, { fieldManager: "person" });
  if (!made.ok) throw new Error(made.error.message);
  if (status === undefined) return made.value;
  const options = { subresource: "status" };
  const told = await server.patchMerge(liveStrategies, { namespace, name }, { status }, options);
  if (!told.ok) throw new Error(told.error.message);
  return told.value;
};

const noting = (api: KubeApi, patches: Fields[]): KubeApi => ({
  ...api,
  patchMerge: (resource, key, patch, options) => {
    patches.push(patch);
    return api.patchMerge(resource, key, patch, options);
  },
});

const breakable = (server: KubeApi) => {
  let problem: ApiError | undefined;
  let cut = new AbortController();
  const api: KubeApi = {
    ...server,
    get: async (...asked) => (problem === undefined ? server.get(...asked) : err(problem)),
    list: async (...asked) => (problem === undefined ? server.list(...asked) : err(problem)),
    patchMerge: async (...asked) =>
      problem === undefined ? server.patchMerge(...asked) : err(problem),
    watch: async (resource, query, signal) =>
      problem === undefined
        ? server.watch(resource, query, AbortSignal.any([signal, cut.signal]))
        : err(problem),
  };
  return {
    api,
    /** Every stream breaks, and this is the answer to everything. */
    leave: (answer: ApiError) => {
      problem = answer;
      cut.abort();
      cut = new AbortController();
    },
    comeBack: () => {
      problem = undefined;
    },
  };
};
