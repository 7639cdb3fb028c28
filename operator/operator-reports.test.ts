/** What the operator writes down and says, when, and what it makes of a refusal. */

import { expect, test } from "@jest/globals";
import { unknown } from "#base/fact.ts";
import { err } from "#base/result.ts";
import type { Cluster } from "./cluster.ts";
import type { Executors } from "./executors.ts";
import { FORCE_DELETE } from "./observed.ts";
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
  settle,
  stalledOf,
  type SmallCluster,
} from "./testing/small-cluster.ts";

/** Executors whose profit is another one each time they are asked. */
const earning = (world: SmallCluster): Executors => {
  let profit = 0;
  return obedient(world, () => {
    profit += 1;
    return { killSwitch: { ...statusOf().killSwitch, sessionPnl: String(profit) } };
  });
};

test("figures are written at most once a minute", async () => {
  const world = createSmallCluster([declared("grid-atr")]);
  let seconds = 0;
  const elapsed = () => seconds * 1_000;
  const operator = operatorOf(world, { executors: earning(world), elapsed });
  await operator.pass();
  const before = countOf(world, "grid-atr writeStatus");
  for (seconds = 1; seconds <= 180; seconds += 1) await operator.pass();
  expect(countOf(world, "grid-atr writeStatus")).toBe(before + 3);
});

test("figures are written no more often while something fails", async () => {
  const world = createSmallCluster([declared("grid-atr")]);
  await settle(world);
  edit(world, "grid-atr", { leverage: 6 });
  const executors = earning(world);
  const control = () => Promise.reject(new Error("reset by peer"));
  const operator = operatorOf(world, { executors: { ...executors, control } });
  const before = countOf(world, "grid-atr writeStatus");
  for (let pass = 0; pass < 5; pass += 1) await operator.pass();
  expect(countOf(world, "grid-atr writeStatus")).toBe(before + 1);
});

test("a new process writes nothing where nothing has changed", async () => {
  const world = createSmallCluster([declared("grid-atr"), declared("off", { enabled: false })]);
  await settle(world);
  const before = [...world.calls];
  await settle(world);
  expect(world.calls).toEqual(before);
  expect(before.length).toBeGreaterThan(0);
});

test("a new process may write figures at once", async () => {
  const world = createSmallCluster([declared("grid-atr")]);
  const executors = earning(world);
  await settle(world, { executors });
  const before = countOf(world, "grid-atr writeStatus");
  await operatorOf(world, { executors }).pass();
  expect(countOf(world, "grid-atr writeStatus")).toBe(before + 1);
});

test("what an executor refuses is said, and asked again only with the next generation", async () => {
  const world = createSmallCluster([declared("grid-atr")]);
  await settle(world);
  const told: number[] = [];
  const { status } = obedient(world);
  const control: Executors["control"] = async (_url, { generation }) => {
    told.push(generation);
    return err("BTC/USDT:USDT: no such symbol");
  };
  const operator = operatorOf(world, { executors: { status, control } });
  edit(world, "grid-atr", { leverage: 6 });
  for (let pass = 0; pass < 3; pass += 1) await operator.pass();
  expect(told).toEqual([4]);
  expect(conditionOf(world, "grid-atr", "Stalled")).toMatchObject({
    status: "True",
    reason: "ControlRefused",
    message: "BTC/USDT:USDT: no such symbol",
  });
  expect(readyOf(world, "grid-atr")).toBe("Trading");
  edit(world, "grid-atr", { leverage: 7 });
  await operator.pass();
  expect(told).toEqual([4, 5]);
});

test("a refusal is over once the executor takes the next generation over", async () => {
  const world = createSmallCluster([declared("grid-atr")]);
  await settle(world);
  const { status, control } = obedient(world);
  const choosy: Executors["control"] = async (url, spec) =>
    spec.generation === 4 ? err("no") : control(url, spec);
  const operator = operatorOf(world, { executors: { status, control: choosy } });
  edit(world, "grid-atr", { leverage: 6 });
  await operator.pass();
  expect(stalledOf(world, "grid-atr")).toBe("ControlRefused");
  edit(world, "grid-atr", { leverage: 7 });
  await operator.pass();
  expect(stalledOf(world, "grid-atr")).toBe("Progressing");
  expect(world.running.get("uid-grid-atr")?.generation).toBe(5);
});

test("an executor that could not be told is told again, and nobody calls that a refusal", async () => {
  const world = createSmallCluster([declared("grid-atr")]);
  await settle(world);
  const { status, control } = obedient(world);
  let attempts = 0;
  const flaky: Executors["control"] = (url, spec) => {
    attempts += 1;
    return attempts < 3 ? Promise.reject(new Error("reset by peer")) : control(url, spec);
  };
  const operator = operatorOf(world, { executors: { status, control: flaky } });
  edit(world, "grid-atr", { leverage: 6 });
  await expect(operator.reconcile("trading/grid-atr")).rejects.toThrow("reset by peer");
  expect(stalledOf(world, "grid-atr")).toBe("Progressing");
  await operator.pass();
  await operator.pass();
  expect(world.running.get("uid-grid-atr")?.generation).toBe(4);
});

test("a strategy of the same name that comes later is not held to what another one refused", async () => {
  const world = createSmallCluster([declared("grid-atr")]);
  await settle(world);
  const { status, control } = obedient(world);
  const choosy: Executors["control"] = async (url, spec) =>
    spec.uid === "uid-grid-atr" ? err("no") : control(url, spec);
  const operator = operatorOf(world, { executors: { status, control: choosy } });
  edit(world, "grid-atr", { leverage: 6 });
  await operator.pass();
  expect(stalledOf(world, "grid-atr")).toBe("ControlRefused");
  world.put(declared("grid-atr", {}, { uid: "uid-2", generation: 4 }));
  await operator.pass();
  expect(stalledOf(world, "grid-atr")).toBe("Progressing");
});

test("the last word of an executor is written down before it is stopped", async () => {
  const world = createSmallCluster([declared("grid-atr")]);
  await settle(world);
  edit(world, "grid-atr", { enabled: false });
  const written: unknown[] = [];
  const stopWorkload: Cluster["stopWorkload"] = (strategy) => {
    written.push(world.get("grid-atr")?.status?.executor?.positions);
    return world.cluster.stopWorkload(strategy);
  };
  await operatorOf(world, { cluster: { stopWorkload } }).pass();
  expect(written).toEqual(["Flat"]);
  expect(names(world)).toEqual([]);
});

test("an executor is not stopped while its last word cannot be written down", async () => {
  const world = createSmallCluster([declared("grid-atr")]);
  await settle(world);
  edit(world, "grid-atr", { enabled: false });
  const writeStatus = () => Promise.reject(new Error("the server is away"));
  const operator = operatorOf(world, { cluster: { writeStatus } });
  await expect(operator.reconcile("trading/grid-atr")).rejects.toThrow("the server is away");
  expect(names(world)).toEqual(["grid-atr"]);
});

test.each(["applyWorkload", "control"] as const)(
  "that nothing is open is taken back before an executor may trade again: %s",
  async (way) => {
    const world = createSmallCluster([declared("grid-atr")]);
    await settle(world);
    edit(world, "grid-atr", { enabled: false });
    if (way === "applyWorkload") await settle(world);
    const silent = obedient(world, () => ({ desiredState: "Reducing" }));
    const stopWorkload = () => Promise.reject(new Error("the server is away"));
    const stuck = operatorOf(world, { executors: silent, cluster: { stopWorkload } });
    if (way === "control") await stuck.pass();
    const positions = () => world.get("grid-atr")?.status?.executor?.positions;
    expect(positions()).toBe("Flat");
    edit(world, "grid-atr", { enabled: true });
    const seen: unknown[] = [];
    const { control, status } = obedient(world);
    const operator = operatorOf(world, {
      executors: {
        status,
        control: (url, spec) => {
          seen.push(positions());
          return control(url, spec);
        },
      },
      cluster: {
        applyWorkload: (strategy, spec) => {
          seen.push(positions());
          return world.cluster.applyWorkload(strategy, spec);
        },
      },
    });
    await operator.pass();
    expect(seen).toEqual(["Protected"]);
  },
);

test("an event is recorded once what it tells is stored", async () => {
  const world = createSmallCluster([declared("grid-atr")]);
  const writeStatus = () => Promise.reject(new Error("the server is away"));
  const operator = operatorOf(world, { cluster: { writeStatus } });
  await expect(operator.reconcile("trading/grid-atr")).rejects.toThrow("the server is away");
  expect(world.events).toEqual([]);
  await operatorOf(world).pass();
  expect(world.events).toEqual(["grid-atr Normal Trading: Entries may be sent."]);
});

test("what an action failed of is told, also where its failure cannot be written down", async () => {
  const world = createSmallCluster([declared("grid-atr")]);
  const failing = (words: string) => () => Promise.reject(new Error(words));
  const cluster = { setFinalizer: failing("refused"), writeStatus: failing("the server is away") };
  const operator = operatorOf(world, { cluster });
  await expect(operator.reconcile("trading/grid-atr")).rejects.toThrow("refused");
});

const holding = () => ({ symbols: [symbolOf({ cycle: openCycleOf() })] });

test("a strategy that goes says what is known of the positions that it leaves", async () => {
  const world = createSmallCluster([declared("grid-atr")]);
  const executors = obedient(world, holding);
  await settle(world, { executors });
  edit(world, "grid-atr", {}, { deletionTimestamp });
  await settle(world, { executors });
  expect(world.get("grid-atr")).toBeUndefined();
  expect(world.events.filter((event) => event.includes("PositionsLeft"))).toEqual([
    "grid-atr Normal PositionsLeft: grid-atr goes; its executor last said of its positions: Protected, long 1 BTC. Their stops stay on the exchange.",
  ]);
});

test("a strategy that is let go by force says that somebody must look at the exchange", async () => {
  const world = createSmallCluster([declared("grid-atr")]);
  const executors = obedient(world, () => ({ ...holding(), protected: false }));
  await settle(world, { executors });
  edit(world, "grid-atr", {}, { deletionTimestamp });
  await settle(world, { executors });
  expect(names(world)).toEqual(["grid-atr"]);
  edit(world, "grid-atr", {}, { annotations: { [FORCE_DELETE]: "true" } });
  await settle(world, { executors });
  expect(world.get("grid-atr")).toBeUndefined();
  expect(world.events.filter((event) => event.includes("PositionsLeft"))).toEqual([
    "grid-atr Warning PositionsLeft: grid-atr goes; its executor last said of its positions: Unprotected, long 1 BTC. Look at the exchange now.",
  ]);
});

test("a strategy that goes with nothing open leaves without a word", async () => {
  const world = createSmallCluster([declared("grid-atr")]);
  await settle(world);
  edit(world, "grid-atr", {}, { deletionTimestamp });
  await settle(world);
  expect(world.get("grid-atr")).toBeUndefined();
  expect(world.events.filter((event) => event.includes("PositionsLeft"))).toEqual([]);
});

test("a deleted strategy whose executor has become silent is held, and says what it waits for", async () => {
  const world = createSmallCluster([declared("grid-atr")]);
  await settle(world);
  edit(world, "grid-atr", {}, { deletionTimestamp });
  const status: Executors["status"] = async () => unknown("it does not answer");
  await settle(world, { executors: { ...obedient(world), status } });
  expect(names(world)).toEqual(["grid-atr"]);
  expect(stalledOf(world, "grid-atr")).toBe("PositionsUnknown");
  expect(world.events.join("\n")).toContain("grid-atr Warning PositionsUnknown: Its executor");
});

test("a deleted strategy whose executor somebody removed is started again to see to its positions", async () => {
  const world = createSmallCluster([declared("grid-atr", { onStop: "Flatten" })]);
  await settle(world, { executors: obedient(world, holding) });
  world.running.clear();
  edit(world, "grid-atr", {}, { deletionTimestamp });
  const operator = operatorOf(world, { executors: obedient(world, holding) });
  await operator.pass();
  expect([...world.running.values()].map(({ desiredState }) => desiredState)).toEqual(["Flat"]);
  expect(world.get("grid-atr")?.metadata.finalizers).toHaveLength(1);
  await settle(world);
  expect([world.get("grid-atr"), names(world)]).toEqual([undefined, []]);
});
