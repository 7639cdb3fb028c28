import { expect, test } from "@jest/globals";
import { millis } from "#base/clock.ts";
import { unknown } from "#base/fact.ts";
import { err, ok } from "#base/result.ts";
import type { LiveStrategy } from "#crds/live-strategy.ts";
import { silentLogger } from "#runtime/log.ts";
import type { Executors } from "./executors.ts";
import { createOperator } from "./operator.ts";
import { openCycleOf, statusOf, symbolOf } from "./testing/samples.ts";
import {
  conditionOf,
  countOf,
  createSmallCluster,
  declared,
  deletionTimestamp,
  edit,
  names,
  obedient,
  operatorOf,
  readyOf,
  resolved,
  settle,
} from "./testing/small-cluster.ts";

const fleet = [
  declared("grid-atr"),
  declared("grid-multi-tf", { symbol: "ETH" }),
  declared("grid-boltrend", { liveEligible: false }),
  declared("off", { enabled: false }),
];

test("every enabled, eligible strategy has an executor of its own, and nobody else has one", async () => {
  const world = createSmallCluster(fleet);
  await settle(world);
  expect(names(world)).toEqual(["grid-atr", "grid-multi-tf"]);
  expect(["grid-atr", "grid-boltrend", "off"].map((name) => readyOf(world, name))).toEqual([
    "Trading",
    "PaperOnly",
    "Disabled",
  ]);
});

test("an executor is told its own strategy and no symbol of another one", async () => {
  const world = createSmallCluster(fleet);
  await settle(world);
  expect(
    [...world.running].map(([uid, { name, assets }]) => [uid, name, assets.map((a) => a.symbol)]),
  ).toEqual([
    ["uid-grid-atr", "grid-atr", ["BTC/USDT:USDT"]],
    ["uid-grid-multi-tf", "grid-multi-tf", ["ETH/USDT:USDT"]],
  ]);
});

test("with the master switch off nothing is started, every strategy says so, and nothing fails", async () => {
  const world = createSmallCluster(fleet);
  await settle(world, { liveTrading: false });
  expect(names(world)).toEqual([]);
  expect(readyOf(world, "grid-atr")).toBe("LiveTradingOff");
  expect(world.events.join("\n")).toContain("grid-atr Normal LiveTradingOff: ");
});

test("with the master switch turned off what runs withdraws first, and ends", async () => {
  const world = createSmallCluster([declared("grid-atr")]);
  await settle(world);
  const told: unknown[] = [];
  const executors = obedient(world);
  const control: Executors["control"] = (url, spec) => {
    told.push(spec.desiredState);
    return executors.control(url, spec);
  };
  await settle(world, { liveTrading: false, executors: { ...executors, control } });
  expect(told).toEqual(["Reducing"]);
  expect(names(world)).toEqual([]);
  expect(readyOf(world, "grid-atr")).toBe("LiveTradingOff");
});

test("a strategy that becomes eligible gets its executor while the others go on", async () => {
  const world = createSmallCluster(fleet);
  await settle(world);
  const before = world.running.get("uid-grid-atr");
  edit(world, "grid-boltrend", { liveEligible: true, assets: [{ symbol: "SOL/USDT:USDT" }] });
  await settle(world);
  expect(names(world)).toEqual(["grid-atr", "grid-multi-tf", "grid-boltrend"]);
  expect(world.running.get("uid-grid-atr")).toBe(before);
});

test("a strategy that is disabled loses its executor, and the others keep theirs", async () => {
  const world = createSmallCluster(fleet);
  await settle(world);
  edit(world, "grid-atr", { enabled: false });
  await settle(world);
  expect(names(world)).toEqual(["grid-multi-tf"]);
});

test("what goes wrong with one strategy leaves the others alone", async () => {
  const world = createSmallCluster(fleet);
  const spoilt = (strategy: LiveStrategy) => {
    if (strategy.metadata.name === "grid-atr") throw new Error("a defect");
    return ok(resolved(strategy));
  };
  await settle(world, { resolve: spoilt });
  expect(names(world)).toEqual(["grid-multi-tf"]);
});

test("a specification that cannot be resolved starts nothing and is said", async () => {
  const world = createSmallCluster(fleet);
  await settle(world, {
    resolve: (one) =>
      one.metadata.name === "grid-atr" ? err("leverage: too much") : ok(resolved(one)),
  });
  expect(names(world)).toEqual(["grid-multi-tf"]);
  expect(readyOf(world, "grid-atr")).toBe("InvalidSpec");
});

test("an executor that is silent is not replaced: it may be protecting a position", async () => {
  const world = createSmallCluster(fleet);
  await settle(world);
  const before = world.running.get("uid-grid-atr");
  const { status, control } = obedient(world);
  const ill: Executors["status"] = async (url) =>
    url === "uid-grid-atr" ? unknown("it does not answer") : status(url);
  await settle(world, { executors: { control, status: ill } });
  expect(world.running.get("uid-grid-atr")).toBe(before);
  expect(readyOf(world, "grid-atr")).toBe("ExecutorUnreachable");
  expect(readyOf(world, "grid-multi-tf")).toBe("Trading");
});

test("what another strategy's executor says there is no word of this one", async () => {
  const world = createSmallCluster([declared("grid-atr")]);
  await settle(world);
  edit(world, "grid-atr", { enabled: false, onStop: "Flatten" });
  const strange = obedient(world, () => ({ strategy: "other", strategyUid: "uid-other" }));
  await settle(world, { executors: strange });
  expect(names(world)).toEqual(["grid-atr"]);
  expect(conditionOf(world, "grid-atr", "Connected")?.reason).toBe("NoExecutor");
});

test("while an executor is being asked for the first time nothing is done or said", async () => {
  const world = createSmallCluster([declared("grid-atr")]);
  await settle(world);
  edit(world, "grid-atr", { enabled: false });
  const before = [...world.calls];
  const executors = { ...obedient(world), status: () => undefined };
  const operator = createOperator({
    clock: { now: () => millis(0), elapsed: () => 0 },
    cluster: world.cluster,
    askExecutor: executors.status,
    control: executors.control,
    liveTrading: true,
    resolve: (strategy) => ok(resolved(strategy)),
    log: silentLogger,
  });
  expect(await operator.reconcile("trading/grid-atr")).toEqual({});
  expect(world.calls).toEqual(before);
});

const creationTimestamp = "2026-01-02T00:00:00.000Z";
const oneAccount = () => ({ account: statusOf().account });

test("two strategies that turn out to trade one symbol on one account: the older one stays", async () => {
  const world = createSmallCluster([
    declared("older"),
    declared("younger", {}, { creationTimestamp }),
  ]);
  await settle(world, { executors: obedient(world, oneAccount) });
  expect(names(world)).toEqual(["older"]);
  expect(readyOf(world, "younger")).toBe("AccountConflict");
});

test("two strategies may share an account while their symbols differ, and both say so", async () => {
  const world = createSmallCluster([declared("a"), declared("b", { symbol: "ETH" })]);
  await settle(world, { executors: obedient(world, oneAccount) });
  expect(names(world)).toEqual(["a", "b"]);
  expect(world.get("a")?.status?.account?.sharedWith).toEqual(["trading/b"]);
  expect(conditionOf(world, "b", "AccountConflict")?.reason).toBe("AccountShared");
  const shared = world.events.filter((event) => event.includes("Warning AccountShared"));
  expect(shared.map((event) => event.slice(0, 1)).toSorted()).toEqual(["a", "b"]);
});

test("one that is on paper, disabled or going shares no account", async () => {
  const world = createSmallCluster([declared("a"), declared("b", { symbol: "ETH" })]);
  const executors = obedient(world, oneAccount);
  await settle(world, { executors });
  edit(world, "b", { enabled: false });
  await settle(world, { executors });
  expect(world.get("a")?.status?.account?.sharedWith).toEqual([]);
  expect(conditionOf(world, "b", "AccountConflict")?.reason).toBe("None");
});

test("with another Secret the account is asked anew", async () => {
  const world = createSmallCluster([
    declared("older"),
    declared("younger", {}, { creationTimestamp }),
  ]);
  const uidOf = (name: string) => {
    const { credentialsSecretRef } = world.get(name)?.spec.exchange ?? {};
    return { account: { ...statusOf().account, uid: credentialsSecretRef?.name ?? "shared" } };
  };
  const executors = obedient(world, uidOf);
  await settle(world, { executors });
  expect(names(world)).toEqual(["older"]);
  const exchange = declared("younger").spec.exchange;
  edit(world, "younger", { exchange: { ...exchange, credentialsSecretRef: { name: "own" } } });
  await settle(world, { executors });
  expect(names(world)).toEqual(["older", "younger"]);
  expect(world.get("younger")?.status?.account).toMatchObject({
    uid: "own",
    credentialsSecret: "own",
  });
});

test("one that gave way closes nothing when it is deleted: the position is the older one's", async () => {
  const world = createSmallCluster([
    declared("older"),
    declared("younger", { onStop: "Flatten" }, { creationTimestamp }),
  ]);
  const told: string[] = [];
  const cycle = openCycleOf();
  const { status, control } = obedient(world, () => ({
    ...oneAccount(),
    symbols: [symbolOf({ cycle })],
  }));
  const executors: Executors = {
    status,
    control: (url, spec) => {
      told.push(`${spec.name} ${spec.desiredState}`);
      return control(url, spec);
    },
  };
  await settle(world, { executors });
  expect(names(world)).toEqual(["older"]);
  edit(world, "younger", {}, { deletionTimestamp });
  await settle(world, { executors });
  expect(world.get("younger")).toBeUndefined();
  expect(told).toEqual(["younger Reducing"]);
  expect(countOf(world, "younger applyWorkload")).toBe(1);
});

test("what does not take effect is asked for a few times, and looked at again later", async () => {
  const world = createSmallCluster([declared("grid-atr")]);
  let asked = 0;
  const applyWorkload = async () => void (asked += 1);
  const operator = operatorOf(world, { cluster: { applyWorkload } });
  expect(await operator.reconcile("trading/grid-atr")).toEqual({ requeueAfterMs: 1_000 });
  expect(asked).toBe(7);
});

test("a running strategy is looked at once a minute, one at rest when something happens", async () => {
  const world = createSmallCluster(fleet);
  const operator = operatorOf(world);
  expect(await operator.reconcile("trading/grid-atr")).toEqual({ requeueAfterMs: 60_000 });
  expect(await operator.reconcile("trading/off")).toEqual({});
  expect(await operator.reconcile("trading/nobody")).toEqual({});
});

test("one that something stands in the way of is looked at again", async () => {
  const world = createSmallCluster([declared("grid-atr")]);
  const obstacle = () => ({ reason: "ApplyRefused", message: "quota" }) as const;
  const operator = operatorOf(world, { cluster: { obstacle } });
  expect(await operator.reconcile("trading/grid-atr")).toEqual({ requeueAfterMs: 60_000 });
  expect(readyOf(world, "grid-atr")).toBe("ApplyRefused");
});

test("what an executor needs is made beside the finalizer, and the executor after both", async () => {
  const world = createSmallCluster([declared("grid-atr")]);
  await operatorOf(world).reconcile("trading/grid-atr");
  expect(world.calls).toEqual([
    "grid-atr addFinalizer",
    "grid-atr prepareWorkload",
    "grid-atr applyWorkload",
    "grid-atr writeStatus",
  ]);
});

test.each(["setFinalizer", "prepareWorkload"] as const)(
  "no executor is made before %s has succeeded",
  async (call) => {
    const world = createSmallCluster([declared("grid-atr")]);
    const fail = () => Promise.reject(new Error("the server is away"));
    const operator = operatorOf(world, { cluster: { [call]: fail } });
    await expect(operator.reconcile("trading/grid-atr")).rejects.toThrow("the server is away");
    expect(names(world)).toEqual([]);
  },
);

test("one that lacks its finalizer while it runs gets it back, and nothing is prepared", async () => {
  const world = createSmallCluster([declared("grid-atr")]);
  await settle(world);
  edit(world, "grid-atr", {}, { finalizers: [] });
  await settle(world);
  expect(countOf(world, "grid-atr addFinalizer")).toBe(2);
  expect(countOf(world, "grid-atr prepareWorkload")).toBe(1);
});

test("what was made for an executor that never was is removed again, and then all is at rest", async () => {
  const world = createSmallCluster([declared("grid-atr", { enabled: false })]);
  const hasRemains = () => !world.calls.includes("grid-atr stopWorkload");
  await settle(world, { cluster: { hasRemains } });
  expect(world.calls).toEqual(["grid-atr stopWorkload", "grid-atr writeStatus"]);
});

test("an act that fails is seen in the status, and thrown to whoever tries again", async () => {
  const world = createSmallCluster([declared("grid-atr")]);
  const applyWorkload = () => Promise.reject(new Error("the server is away"));
  const operator = operatorOf(world, { cluster: { applyWorkload } });
  await expect(operator.reconcile("trading/grid-atr")).rejects.toThrow("the server is away");
  expect(world.calls.at(-1)).toBe("grid-atr writeStatus");
  expect(readyOf(world, "grid-atr")).toBe("ExecutorStarting");
});
