/**
 * What becomes of a strategy that is deleted, and of its positions: closed, left with their stops, or
 * held until somebody knows or takes the responsibility.
 */

import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { statusOf as kstatusOf } from "#kubernetes/kstatus.ts";
import { startStrategyWorld, type StrategyWorld } from "./strategy-world.ts";
import { until } from "./until.ts";

const TIMEOUT_MS = 60_000;

let world: StrategyWorld;
beforeAll(async () => {
  world = await startStrategyWorld();
}, 120_000);
afterAll(() => world.close(), TIMEOUT_MS);

const BTC = "BTC/USDT:USDT";

const applyHolding = async (name: string, change: Readonly<Record<string, unknown>> = {}) => {
  const script = world.script(name);
  script.open = new Set([BTC]);
  script.resting = new Set([BTC]);
  await world.apply(name, change);
  await world.untilReady(name, "Trading");
  return script;
};

const remove = (name: string) => world.kubectl("delete", "lstrat", name, "--wait=false");

const deleteDeployment = async (name: string): Promise<void> => {
  await world.kubectl("delete", "deployment", `executor-${name}`);
  await until(`${name} has no pod`, async () => (await world.pods(name)).length === 0);
};

/** The word is said when the strategy is gone, and not before. */
const goodbyes = async (name: string, count: number) => {
  const said = () => world.events(name).filter(({ reason }) => reason === "PositionsLeft");
  await until(`${name} has said goodbye ${count} times`, () => said().length >= count);
  return said();
};

const untilNothingIsLeft = (name: string, kept: ReadonlyArray<string>) =>
  until(`nothing but ${kept.join()} is left of ${name}`, async () => {
    const children = await world.children(name);
    return children.join() === kept.join() && (await world.pods(name)).length === 0;
  });

test(
  "deleted with Retain it withdraws its entries and leaves the position and the volume",
  async () => {
    const script = await applyHolding("retain");
    await remove("retain");
    await world.untilGone("retain");
    expect(script.told.map(({ spec }) => spec.desiredState)).toEqual(["Reducing"]);
    expect([script.resting.size, script.open.size]).toEqual([0, 1]);
    expect(await goodbyes("retain", 1)).toEqual([
      {
        type: "Normal",
        reason: "PositionsLeft",
        note: "retain goes; its executor last said of its positions: Protected, long 1 BTC. Their stops stay on the exchange.",
      },
    ]);
    await untilNothingIsLeft("retain", ["PersistentVolumeClaim/executor-retain"]);
  },
  TIMEOUT_MS,
);

test(
  "deleted with Flatten it is gone once its position is closed, and its volume where that is wanted",
  async () => {
    const executor = { storage: { deletionPolicy: "Delete" } };
    const script = await applyHolding("flatten", { onStop: "Flatten", executor });
    script.isBusy = true;
    await remove("flatten");
    await until("it says what it waits for", async () =>
      (await world.get("flatten")).says("Ready").message.includes(`closed first: ${BTC}`),
    );
    const waiting = await world.get("flatten");
    expect(waiting.says("Ready").reason).toBe("Deleting");
    expect(kstatusOf(waiting)).toBe("Terminating");
    expect(await world.pods("flatten")).toHaveLength(1);

    script.isBusy = false;
    await world.untilGone("flatten");
    expect(script.told.map(({ spec }) => spec.desiredState)).toEqual(["Flat"]);
    expect(script.open.size).toBe(0);
    expect(await goodbyes("flatten", 0)).toEqual([]);
    await untilNothingIsLeft("flatten", []);
  },
  TIMEOUT_MS,
);

test(
  "an executor that ends while it closes is told again, and its strategy waits for it",
  async () => {
    const script = await applyHolding("crashing", { onStop: "Flatten" });
    script.isBusy = true;
    await remove("crashing");
    await until("it was told", () => script.told.length === 1);
    script.crash({ code: 1, message: "scalp executor: the disk is full" });
    await until("it was told again", () => script.told.length === 2);
    expect(script.starts).toBe(2);
    expect((await world.get("crashing")).metadata.finalizers).toHaveLength(1);
    script.isBusy = false;
    await world.untilGone("crashing");
    expect(script.told.map(({ spec }) => spec.desiredState)).toEqual(["Flat", "Flat"]);
    expect(script.open.size).toBe(0);
  },
  TIMEOUT_MS,
);

test(
  "deleted while its executor is silent it is held, until a person does what the message says",
  async () => {
    const script = await applyHolding("silent");
    script.mode = { kind: "Silent" };
    await remove("silent");
    await until("it is held", async () => {
      const { reason, status } = (await world.get("silent")).says("Stalled");
      return reason === "PositionsUnknown" && status === "True";
    });
    const held = await world.get("silent");
    expect(held.metadata.finalizers).toEqual(["scalpradar.io/executor"]);
    expect(await world.pods("silent")).toHaveLength(1);
    expect(world.events("silent").at(-1)).toMatchObject({
      type: "Warning",
      reason: "PositionsUnknown",
    });

    const [, command = ""] = /kubectl (annotate .+)$/.exec(held.says("Ready").message) ?? [];
    const forced = await world.plane.kubectl(command.split(" "));
    expect(forced.stdout).toBe("livestrategy.scalpradar.io/silent annotated\n");
    await world.untilGone("silent");
    expect(await goodbyes("silent", 1)).toHaveLength(1);
    expect(script.told).toEqual([]);
  },
  TIMEOUT_MS,
);

test(
  "deleted while its executor is silent it goes by itself once that answers again",
  async () => {
    const script = await applyHolding("answering-again", { onStop: "Flatten" });
    script.mode = { kind: "Silent" };
    await remove("answering-again");
    await until(
      "it is held",
      async () =>
        (await world.get("answering-again")).says("Stalled").reason === "PositionsUnknown",
    );
    script.mode = { kind: "Answers" };
    await world.untilGone("answering-again");
    expect(script.open.size).toBe(0);
  },
  TIMEOUT_MS,
);

test(
  "one whose executor never had keys goes when it is deleted",
  async () => {
    const reason = "no exchange keys: create the Secret keyless with apiKey, secret, passphrase";
    world.script("keyless").mode = { kind: "Waits", reason };
    await world.apply("keyless");
    const waiting = await world.untilReady("keyless", "ExecutorWaiting");
    expect(waiting.says("Ready")).toMatchObject({ status: "False", message: reason });
    expect(waiting.status.executor?.positions).toBeUndefined();
    await remove("keyless");
    await world.untilGone("keyless");
    expect(world.script("keyless").told).toEqual([]);
    expect(await goodbyes("keyless", 0)).toEqual([]);
  },
  TIMEOUT_MS,
);

test(
  "one that has traded and waits for keys now is held when it is deleted",
  async () => {
    const script = await applyHolding("rotated");
    script.mode = { kind: "Waits", reason: "no exchange keys" };
    await world.untilReady("rotated", "ExecutorWaiting");
    await remove("rotated");
    await until(
      "it is held",
      async () => (await world.get("rotated")).says("Stalled").reason === "PositionsUnknown",
    );
    script.mode = { kind: "Answers" };
    await world.untilGone("rotated");
  },
  TIMEOUT_MS,
);

test(
  "one whose Deployment is gone with a position to close gets an executor again, to see to it",
  async () => {
    const script = await applyHolding("orphan", { onStop: "Flatten" });
    await world.stopOperator();
    await deleteDeployment("orphan");
    await remove("orphan");
    await world.restartOperator();
    await world.untilGone("orphan");
    expect(script.starts).toBe(2);
    expect(script.told).toEqual([]);
    expect(script.open.size).toBe(0);
    await untilNothingIsLeft("orphan", ["PersistentVolumeClaim/executor-orphan"]);
  },
  TIMEOUT_MS,
);

test(
  "one whose Deployment is gone and whose position has its stop goes as it is",
  async () => {
    const script = await applyHolding("protected");
    await world.stopOperator();
    await deleteDeployment("protected");
    await remove("protected");
    await world.restartOperator();
    await world.untilGone("protected");
    expect(script.starts).toBe(1);
    expect(await goodbyes("protected", 1)).toMatchObject([{ type: "Normal" }]);
  },
  TIMEOUT_MS,
);

test(
  "one whose position had no stop when it was last heard is started again before it may go",
  async () => {
    const script = await applyHolding("naked");
    script.isProtected = false;
    await world.untilReady("naked", "Unprotected");
    await world.stopOperator();
    await deleteDeployment("naked");
    await remove("naked");
    await world.restartOperator();
    await until("it runs again", async () => (await world.pods("naked")).length === 1);
    expect((await world.get("naked")).metadata.finalizers).toHaveLength(1);
    script.isProtected = true;
    await world.untilGone("naked");
    expect(script.starts).toBe(2);
    expect(await goodbyes("naked", 1)).toMatchObject([{ type: "Normal" }]);
  },
  TIMEOUT_MS,
);

test(
  "one that never had an executor goes at once",
  async () => {
    await world.apply("paper", { liveEligible: false });
    await world.untilReady("paper", "PaperOnly");
    await world.kubectl("delete", "lstrat", "paper", "--timeout=10s");
    expect(await world.children("paper")).toEqual([]);
  },
  TIMEOUT_MS,
);
