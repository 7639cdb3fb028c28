/**
 * What is changed in a strategy that runs reaches its executor by `PUT /control`, at once and once,
 * and restarts it only where it must be restarted.
 */

import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { z } from "zod";
import { sleep } from "#base/clock.ts";
import { executorSpec } from "#crds/executor-spec.ts";
import { statusOf as kstatusOf } from "#kubernetes/kstatus.ts";
import { systemClock } from "#runtime/clock.ts";
import type { Script } from "./scripted-executor.ts";
import { startStrategyWorld, type StrategyWorld } from "./strategy-world.ts";
import { until } from "./until.ts";

const TIMEOUT_MS = 60_000;
/** Longer than it takes until the executor is asked again, and with that told again if ever. */
const PERIOD_MS = 2_500;

let world: StrategyWorld;
beforeAll(async () => {
  world = await startStrategyWorld();
}, 120_000);
afterAll(() => world.close(), TIMEOUT_MS);

const BTC = "BTC/USDT:USDT";

const start = async (name: string, change: Readonly<Record<string, unknown>> = {}) => {
  await world.apply(name, change);
  await world.untilReady(name, "Trading");
  return world.script(name);
};

/** From the patch to the executor; a second is the promise, and a busy machine is no proof of it. */
const delays: number[] = [];
afterAll(() => {
  const words = delays.toSorted((a, b) => a - b).map((ms) => ms.toFixed(0));
  process.stdout.write(`control: told ${words.join(", ")} ms after the patch\n`);
});

/** Until the executor was told for the `count`th time, since `from`. */
const untilTold = async (script: Script, count: number, from?: number): Promise<void> => {
  await until(`it is told for the ${count}. time`, () => script.told.length >= count);
  if (from !== undefined) delays.push((script.told[count - 1]?.at ?? Infinity) - from);
};

const reasons = (name: string) => world.events(name).map(({ reason }) => reason);

const fileOf = async (name: string) => {
  const [found] = await world.owned(name, "configmaps");
  const { data } = z.object({ data: z.object({ "spec.json": z.string() }) }).parse(found);
  return executorSpec.parse(JSON.parse(data["spec.json"]));
};

const rollouts = async (name: string) => (await world.owned(name, "replicasets.apps")).length;

test(
  "a kill switch that trips is seen within seconds, and one patch resets it, once and for all",
  async () => {
    const script = await start("tripping");
    script.trip = { reason: "the day's loss is 26% of 25%", at: systemClock.now() };
    const engaged = await world.untilReady("tripping", "KillSwitchEngaged");
    expect(engaged.says("KillSwitchEngaged")).toMatchObject({
      status: "True",
      reason: "Tripped",
      message: "the day's loss is 26% of 25%",
    });
    expect(engaged.status.killSwitch).toMatchObject({ engaged: true });
    expect(world.events("tripping").at(-1)).toEqual({
      type: "Warning",
      reason: "KillSwitchEngaged",
      note: "the day's loss is 26% of 25%",
    });

    const resetAt = new Date(systemClock.now()).toISOString();
    const patched = systemClock.elapsed();
    await world.patch("tripping", { killSwitch: { resetAt } });
    await untilTold(script, 1, patched);
    const reset = await world.untilReady("tripping", "Trading");
    expect(reset.status.killSwitch).toEqual({ engaged: false, lastResetAt: resetAt });
    expect(reasons("tripping").slice(-3)).toEqual([
      "KillSwitchEngaged",
      "Trading",
      "KillSwitchReset",
    ]);

    // An operator that starts looks at everything, and finds it done.
    await world.restartOperator();
    await sleep(systemClock, PERIOD_MS);
    expect(script.told).toHaveLength(1);

    script.trip = { reason: "again", at: systemClock.now() };
    await world.untilReady("tripping", "KillSwitchEngaged");
    await sleep(systemClock, PERIOD_MS);
    expect(script.told).toHaveLength(1);
    expect((await world.get("tripping")).says("Ready").message).toBe("again");
  },
  TIMEOUT_MS,
);

test(
  "the desired state is told at once, and what comes of it is reported",
  async () => {
    const script = await start("steered");
    script.open = new Set([BTC]);
    script.resting = new Set([BTC]);
    const states = ["Reducing", "Flat", "Trading"] as const;
    for (const [index, desiredState] of states.entries()) {
      const patched = systemClock.elapsed();
      await world.patch("steered", { desiredState });
      await untilTold(script, index + 1, patched);
      const seen = await world.untilReady("steered", desiredState);
      expect(seen.says("Ready").status).toBe("True");
    }
    expect([script.open.size, script.resting.size]).toEqual([0, 0]);
    expect(script.told.map(({ spec }) => spec.desiredState)).toEqual(states);
    expect(script.starts).toBe(1);
    expect(reasons("steered")).toEqual(["ExecutorStarting", "Trading", ...states]);
  },
  TIMEOUT_MS,
);

test(
  "new parameters and another leverage reach the running pod, and wait where they have to",
  async () => {
    const script = await start("tuned");
    const [pod] = await world.pods("tuned");
    script.open = new Set([BTC]);
    script.holdsSettings = true;
    await world.patch("tuned", { strategy: { gridAtr: { maPeriod: 21 } } });
    await until(
      "it waits for the position",
      async () => (await world.get("tuned")).says("Reconciling").reason === "SettingsPending",
    );
    const pending = await world.get("tuned");
    expect(pending.says("Reconciling").message).toBe(
      `New parameters wait until the position is closed: ${BTC}.`,
    );
    expect(pending.says("Ready").reason).toBe("Trading");
    expect(kstatusOf(pending)).toBe("InProgress");

    script.open = new Set();
    await until(
      "they are taken over",
      async () => (await world.get("tuned")).says("Reconciling").reason === "Settled",
    );
    expect(reasons("tuned").filter((reason) => reason === "SettingsPending")).toHaveLength(1);
    await world.patch("tuned", { leverage: 3 });
    await untilTold(script, 2);
    await until("the file says it too", async () => (await fileOf("tuned")).leverage === 3);

    expect(script.told.map(({ spec }) => [spec.leverage, spec.assets[0]?.parameters])).toEqual([
      [5, expect.objectContaining({ maPeriod: 21 })],
      [3, expect.objectContaining({ maPeriod: 21 })],
    ]);
    expect((await fileOf("tuned")).assets[0]?.parameters).toMatchObject({ maPeriod: 21 });
    expect(await world.pods("tuned")).toEqual([pod]);
    expect(await rollouts("tuned")).toBe(1);
    expect(reasons("tuned")).not.toContain("DriftRepaired");
  },
  TIMEOUT_MS,
);

test(
  "what an executor reads only when it starts makes one new pod, and nothing in it is called drift",
  async () => {
    const script = await start("replaced");
    const [first] = await world.pods("replaced");
    await world.patch("replaced", { executor: { logLevel: "debug" } });
    await until("another pod runs", () => script.starts === 2);
    await world.untilReady("replaced", "Trading");
    expect(await world.pods("replaced")).not.toContain(first);

    await world.restartOperator({ workload: { image: "scalp-radar:next" } });
    await until("the new image runs", () => script.starts === 3);
    await world.untilReady("replaced", "Trading");
    await sleep(systemClock, PERIOD_MS);
    expect(await world.pods("replaced")).toHaveLength(1);
    expect(await rollouts("replaced")).toBe(3);
    expect(script.starts).toBe(3);
    expect(reasons("replaced")).not.toContain("DriftRepaired");
    await world.restartOperator();
    await until("the old image is back", () => script.starts === 4);
  },
  TIMEOUT_MS,
);

test(
  "an executor that refuses is not asked again, until the strategy says something else",
  async () => {
    const script = await start("refusing");
    script.refusal = `${BTC}: maPeriod must be below 42`;
    await world.patch("refusing", { strategy: { gridAtr: { maPeriod: 45 } } });
    await until(
      "it is stalled",
      async () => (await world.get("refusing")).says("Stalled").reason === "ControlRefused",
    );
    const stalled = await world.get("refusing");
    expect(stalled.says("Stalled")).toMatchObject({ status: "True", message: script.refusal });
    expect(kstatusOf(stalled)).toBe("Failed");
    expect(world.events("refusing").at(-1)).toMatchObject({
      type: "Warning",
      reason: "ControlRefused",
    });
    await sleep(systemClock, PERIOD_MS);
    expect(script.told).toHaveLength(1);

    script.refusal = undefined;
    await world.patch("refusing", { strategy: { gridAtr: { maPeriod: 40 } } });
    const isOver = async () =>
      (await world.get("refusing")).says("Stalled").reason === "Progressing";
    await until("nothing is stalled", isOver);
    expect(script.told).toHaveLength(2);

    // Started again it begins with what it was told before and would not take.
    script.refusal = "not while it rains";
    await world.patch("refusing", { strategy: { gridAtr: { maPeriod: 30 } } });
    await until("it is stalled", async () => !(await isOver()));
    await until("the file says it", async () => {
      const [asset] = (await fileOf("refusing")).assets;
      return asset?.parameters["maPeriod"] === 30;
    });
    script.crash({ code: 1, message: "" });
    await until("nothing is stalled", isOver);
    expect(script.told).toHaveLength(3);
  },
  TIMEOUT_MS,
);

test(
  "an executor that did not hear it is told when it answers again",
  async () => {
    const script = await start("deaf");
    script.mode = { kind: "Silent" };
    await world.untilReady("deaf", "ExecutorUnreachable");
    await world.patch("deaf", { desiredState: "Reducing" });
    await until("the file says it", async () => (await fileOf("deaf")).desiredState === "Reducing");
    expect(script.told).toEqual([]);
    script.mode = { kind: "Answers" };
    await world.untilReady("deaf", "Reducing");
    expect(script.told).toHaveLength(1);
  },
  TIMEOUT_MS,
);
