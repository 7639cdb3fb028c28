import { expect, test } from "@jest/globals";
import { millis, type Clock } from "#base/clock.ts";
import { known, unknown } from "#base/fact.ts";
import { err, ok, type Result } from "#base/result.ts";
import type { ExecutorSpec } from "#crds/executor-spec.ts";
import type { LiveStrategy } from "#crds/live-strategy.ts";
import { silentLogger } from "#runtime/log.ts";
import type { Cluster, StrategyEvent, Workload } from "./cluster.ts";
import type { Executors } from "./executors.ts";
import { createOperator } from "./operator.ts";
import { specOf, statusOf, strategyOf } from "./testing/samples.ts";

const clock: Clock = { now: () => millis(0), elapsed: () => 0 };

type Declared = { readonly symbol?: string } & Partial<
  Pick<LiveStrategy["spec"], "enabled" | "liveEligible">
>;

const declared = (name: string, { symbol = "BTC", ...spec }: Declared = {}): LiveStrategy =>
  strategyOf(
    { assets: [{ symbol: `${symbol}/USDT:USDT` }], ...spec },
    { name, uid: `uid-${name}`, finalizers: [] },
  );

const resolved = ({ metadata, spec }: LiveStrategy): ExecutorSpec => {
  const assets = spec.assets.map(({ symbol }) => ({ symbol, group: null, parameters: {} }));
  const { name, uid, generation } = metadata;
  return specOf({ name, uid, generation, assets, desiredState: spec.desiredState });
};

/** A cluster in memory: whatever is started answers at the address that is its name. */
const createWorld = (strategies: ReadonlyArray<LiveStrategy>) => {
  const objects = new Map(strategies.map((one) => [one.metadata.uid, one]));
  const running = new Map<string, ExecutorSpec>();
  const events: string[] = [];
  const change = (uid: string, to: (object: LiveStrategy) => LiveStrategy) => {
    const object = objects.get(uid);
    if (object !== undefined) objects.set(uid, to(object));
    return Promise.resolve();
  };
  const cluster: Cluster = {
    strategies: () => [...objects.values()],
    workload: ({ metadata }): Workload | undefined =>
      running.has(metadata.uid)
        ? { phase: "Running", url: metadata.uid, problem: undefined }
        : undefined,
    startWorkload: ({ metadata }, spec) => {
      running.set(metadata.uid, spec);
      return Promise.resolve();
    },
    stopWorkload: ({ metadata }) => {
      running.delete(metadata.uid);
      return Promise.resolve();
    },
    setFinalizer: ({ metadata: { uid } }, wanted) =>
      change(uid, (object) => ({
        ...object,
        metadata: { ...object.metadata, finalizers: wanted ? ["scalpradar.io/executor"] : [] },
      })),
    writeStatus: ({ metadata: { uid } }, status) =>
      change(uid, (object) => ({ ...object, status })),
    recordEvent: ({ metadata }, event: StrategyEvent) =>
      void events.push(`${metadata.name} ${event.reason}`),
  };
  const put = (object: LiveStrategy) => void objects.set(object.metadata.uid, object);
  const get = (name: string) => objects.get(`uid-${name}`);
  return { cluster, running, events, put, get };
};

type World = ReturnType<typeof createWorld>;

/** Executors that do as they are told, but for those that a test makes ill. */
const answering = ({ running }: World, ill: ReadonlySet<string> = new Set()): Executors => ({
  status: async (url) => {
    const spec = running.get(url);
    if (spec === undefined || ill.has(url)) return unknown("it does not answer");
    const { name: strategy, uid: strategyUid, generation, desiredState } = spec;
    const account = { ...statusOf().account, uid: `account of ${strategy}` };
    return known(statusOf({ strategy, strategyUid, generation, desiredState, account }), millis(0));
  },
  control: async (url, spec) => {
    running.set(url, spec);
    return ok(undefined);
  },
});

type Options = {
  readonly liveTrading?: boolean;
  readonly executors?: Executors;
  readonly resolve?: (strategy: LiveStrategy) => Result<ExecutorSpec, string>;
};

const settle = async (world: World, options: Options = {}): Promise<void> => {
  const operator = createOperator({
    clock,
    cluster: world.cluster,
    executors: options.executors ?? answering(world),
    liveTrading: options.liveTrading ?? true,
    resolve: options.resolve ?? ((strategy) => ok(resolved(strategy))),
    log: silentLogger,
  });
  for (let pass = 0; pass < 4; pass += 1) await operator.pass();
};

const names = ({ running }: World) => [...running.values()].map(({ name }) => name);
const readyOf = ({ get }: World, name: string) =>
  get(name)?.status?.conditions?.find(({ type }) => type === "Ready")?.reason;

const fleet = [
  declared("grid-atr"),
  declared("grid-multi-tf", { symbol: "ETH" }),
  declared("grid-boltrend", { liveEligible: false }),
  declared("off", { enabled: false }),
];

test("every enabled, eligible strategy has an executor of its own, and nobody else has one", async () => {
  const world = createWorld(fleet);
  await settle(world);
  expect(names(world)).toEqual(["grid-atr", "grid-multi-tf"]);
  expect(["grid-atr", "grid-boltrend", "off"].map((name) => readyOf(world, name))).toEqual([
    "Trading",
    "PaperOnly",
    "Disabled",
  ]);
});

test("an executor is told its own strategy and no symbol of another one", async () => {
  const world = createWorld(fleet);
  await settle(world);
  expect(
    [...world.running].map(([uid, { name, assets }]) => [uid, name, assets.map((a) => a.symbol)]),
  ).toEqual([
    ["uid-grid-atr", "grid-atr", ["BTC/USDT:USDT"]],
    ["uid-grid-multi-tf", "grid-multi-tf", ["ETH/USDT:USDT"]],
  ]);
});

test("with the master switch off nothing is started, every strategy says so, and nothing fails", async () => {
  const world = createWorld(fleet);
  await settle(world, { liveTrading: false });
  expect(names(world)).toEqual([]);
  expect(readyOf(world, "grid-atr")).toBe("LiveTradingOff");
  expect(world.events).toContain("grid-atr LiveTradingOff");
});

test("a strategy that becomes eligible gets its executor while the others go on", async () => {
  const world = createWorld(fleet);
  await settle(world);
  const before = world.running.get("uid-grid-atr");
  world.put(declared("grid-boltrend", { symbol: "SOL" }));
  await settle(world);
  expect(names(world)).toEqual(["grid-atr", "grid-multi-tf", "grid-boltrend"]);
  expect(world.running.get("uid-grid-atr")).toBe(before);
});

test("a strategy that is disabled loses its executor, and the others keep theirs", async () => {
  const world = createWorld(fleet);
  await settle(world);
  const { metadata, spec } = declared("grid-atr");
  world.put({ ...declared("grid-atr"), metadata, spec: { ...spec, enabled: false } });
  await settle(world);
  expect(names(world)).toEqual(["grid-multi-tf"]);
});

test("what goes wrong with one strategy leaves the others alone", async () => {
  const world = createWorld(fleet);
  const spoilt = (strategy: LiveStrategy) => {
    if (strategy.metadata.name === "grid-atr") throw new Error("a defect");
    return ok(resolved(strategy));
  };
  await settle(world, { resolve: spoilt });
  expect(names(world)).toEqual(["grid-multi-tf"]);
});

test("a specification that cannot be resolved starts nothing and is said", async () => {
  const world = createWorld(fleet);
  await settle(world, {
    resolve: (one) =>
      one.metadata.name === "grid-atr" ? err("leverage: too much") : ok(resolved(one)),
  });
  expect(names(world)).toEqual(["grid-multi-tf"]);
  expect(readyOf(world, "grid-atr")).toBe("InvalidSpec");
});

test("an executor that is silent is not replaced: it may be protecting a position", async () => {
  const world = createWorld(fleet);
  await settle(world);
  const before = world.running.get("uid-grid-atr");
  await settle(world, { executors: answering(world, new Set(["uid-grid-atr"])) });
  expect(world.running.get("uid-grid-atr")).toBe(before);
  expect(readyOf(world, "grid-atr")).toBe("ExecutorUnreachable");
  expect(readyOf(world, "grid-multi-tf")).toBe("Trading");
});

test("two strategies that turn out to trade one symbol on one account: the older one stays", async () => {
  const older = declared("older");
  const younger = declared("younger");
  const creationTimestamp = "2026-01-02T00:00:00.000Z";
  const world = createWorld([
    older,
    { ...younger, metadata: { ...younger.metadata, creationTimestamp } },
  ]);
  const { status, control } = answering(world);
  const oneAccount: Executors = {
    control,
    status: async (url) => {
      const told = await status(url);
      if (told.kind === "Unknown") return told;
      return { ...told, value: { ...told.value, account: statusOf().account } };
    },
  };
  await settle(world, { executors: oneAccount });
  expect(names(world)).toEqual(["older"]);
  expect(readyOf(world, "younger")).toBe("AccountConflict");
});
