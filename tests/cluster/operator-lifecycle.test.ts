/**
 * What a person sees of a strategy, from `kubectl apply` until nothing should run for it any more:
 * its children, its conditions and its events.
 */

import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { statusOf as kstatusOf } from "#kubernetes/kstatus.ts";
import { NAMESPACE, startStrategyWorld, type StrategyWorld } from "./strategy-world.ts";
import { until } from "./until.ts";

const TIMEOUT_MS = 60_000;

let world: StrategyWorld;
beforeAll(async () => {
  world = await startStrategyWorld();
}, 120_000);
afterAll(() => world.close(), TIMEOUT_MS);

const BTC = "BTC/USDT:USDT";

/** An account of its own, and orders with real money: what the master switch is for. */
const live = (name: string) => ({
  exchange: {
    id: "bitget",
    environment: "Live",
    acknowledgeRealMoney: true,
    credentialsSecretRef: { name },
  },
});

const allOf = (name: string) => [
  `ConfigMap/executor-${name}`,
  `Deployment/executor-${name}`,
  `PersistentVolumeClaim/executor-${name}`,
  `Service/executor-${name}`,
];
const volumeOf = (name: string) => [`PersistentVolumeClaim/executor-${name}`];

const reasons = (name: string) => world.events(name).map(({ reason }) => reason);

const untilStopped = async (name: string): Promise<void> => {
  await until(`the workload of ${name} is gone`, async () => {
    const rest = await world.owned(name, "deployments.apps,pods,services,configmaps");
    return rest.length === 0;
  });
};

test(
  "one that is applied gets one executor, says nothing before it knows, and then that it trades",
  async () => {
    world.node.decree(`${NAMESPACE}/one`, {
      kind: "Unschedulable",
      message: "0/1 nodes are available: 1 Insufficient cpu.",
    });
    await world.apply("one");
    const starting = await world.untilReady("one", "ExecutorStarting");
    expect(starting.says("Ready").status).toBe("Unknown");
    await until("the scheduler's word is heard", async () =>
      (await world.get("one")).says("Ready").message.includes("Insufficient cpu"),
    );
    expect(kstatusOf(await world.get("one"))).toBe("InProgress");

    world.node.decree(`${NAMESPACE}/one`, { kind: "Run" });
    await world.kubectl("wait", "lstrat/one", "--for=condition=Ready", "--timeout=30s");
    const trading = await world.get("one");
    expect(trading.says("Ready")).toMatchObject({ status: "True", reason: "Trading" });
    expect(kstatusOf(trading)).toBe("Current");
    expect(await world.children("one")).toEqual(allOf("one"));
    expect(await world.pods("one")).toHaveLength(1);
    expect(reasons("one")).toEqual(["ExecutorStarting", "Trading"]);
  },
  TIMEOUT_MS,
);

test(
  "one that is not to trade has no executor and says why",
  async () => {
    const rows = [
      { name: "paper", change: { liveEligible: false }, reason: "PaperOnly", mode: "Paper" },
      { name: "off", change: { enabled: false }, reason: "Disabled", mode: "Off" },
      { name: "live", change: live("live"), reason: "LiveTradingOff", mode: "Paper" },
    ];
    for (const { name, change } of rows) await world.apply(name, change);
    for (const { name, reason, mode } of rows) {
      const seen = await world.untilReady(name, reason);
      expect(seen.says("Ready").status).toBe("False");
      expect(seen.says("Stalled").status).toBe("False");
      expect(seen.says("Reconciling").status).toBe("False");
      expect(seen.status.summary?.mode).toBe(mode);
      expect(seen.metadata.finalizers).toEqual([]);
      expect(world.events(name)).toMatchObject([{ type: "Normal", reason }]);
      expect(await world.children(name)).toEqual([]);
    }
  },
  TIMEOUT_MS,
);

test(
  "one that is disabled withdraws its entries, keeps its position and its volume, and comes back",
  async () => {
    const script = world.script("pausing");
    script.open = new Set([BTC]);
    script.resting = new Set([BTC]);
    await world.apply("pausing");
    await world.untilReady("pausing", "Trading");
    const volume = await world.owned("pausing", "pvc");

    await world.patch("pausing", { enabled: false });
    const disabled = await world.untilReady("pausing", "Disabled");
    expect(disabled.status.summary?.mode).toBe("Off");
    await untilStopped("pausing");
    expect(script.told.map(({ spec }) => spec.desiredState)).toEqual(["Reducing"]);
    expect(script.resting.size).toBe(0);
    expect(script.open.size).toBe(1);
    expect(await world.children("pausing")).toEqual(volumeOf("pausing"));

    await world.patch("pausing", { enabled: true });
    await world.untilReady("pausing", "Trading");
    expect((await world.owned("pausing", "pvc"))[0]?.metadata.uid).toBe(volume[0]?.metadata.uid);
    expect(script.starts).toBe(2);
    expect(reasons("pausing")).toEqual([
      "ExecutorStarting",
      "Trading",
      "Disabled",
      "ExecutorStarting",
      "Trading",
    ]);
  },
  TIMEOUT_MS,
);

test(
  "with onStop Flatten the executor closes its position before it is ended",
  async () => {
    const script = world.script("flattening");
    script.open = new Set([BTC]);
    await world.apply("flattening", { onStop: "Flatten" });
    await world.untilReady("flattening", "Trading");

    script.isBusy = true;
    await world.patch("flattening", { enabled: false });
    await until("it says what it waits for", async () =>
      (await world.get("flattening")).says("Ready").message.includes("closed first: BTC/USDT:USDT"),
    );
    expect(script.told.map(({ spec }) => spec.desiredState)).toEqual(["Flat"]);
    const waiting = await world.get("flattening");
    expect(waiting.says("Reconciling")).toMatchObject({
      status: "True",
      reason: "ExecutorStopping",
    });
    expect(kstatusOf(waiting)).toBe("InProgress");
    expect(await world.pods("flattening")).toHaveLength(1);

    script.isBusy = false;
    await untilStopped("flattening");
    expect(script.open.size).toBe(0);
    expect(script.told).toHaveLength(1);
    expect((await world.get("flattening")).status.executor?.positions).toBe("Flat");
  },
  TIMEOUT_MS,
);

test(
  "the master switch, turned off while one trades, ends it in order",
  async () => {
    const script = world.script("switched");
    script.resting = new Set([BTC]);
    await world.restartOperator({ liveTrading: true });
    await world.apply("switched", live("switched"));
    await world.untilReady("switched", "Trading");
    expect((await world.get("switched")).status.summary?.mode).toBe("Live");

    await world.restartOperator();
    const seen = await world.untilReady("switched", "LiveTradingOff");
    expect(seen.says("Ready").message).toContain("The master switch is off");
    await untilStopped("switched");
    expect(script.told.map(({ spec }) => spec.desiredState)).toEqual(["Reducing"]);
    expect(await world.children("switched")).toEqual(volumeOf("switched"));
  },
  TIMEOUT_MS,
);

test(
  "a Deployment that a person deletes is made again",
  async () => {
    await world.apply("removed");
    await world.untilReady("removed", "Trading");
    const [before] = await world.owned("removed", "deployments.apps");
    await world.kubectl("delete", "deployment", "executor-removed", "--wait=false");
    await until("another one is there", async () => {
      const [now] = await world.owned("removed", "deployments.apps");
      return now !== undefined && now.metadata.uid !== before?.metadata.uid;
    });
    await world.untilReady("removed", "Trading");
    expect(await world.children("removed")).toEqual(allOf("removed"));
    expect(world.script("removed").starts).toBe(2);
  },
  TIMEOUT_MS,
);

test(
  "why an executor does not run is said in the words of whoever knows",
  async () => {
    const rows = [
      { reason: "ImagePullBackOff", message: 'Back-off pulling image "scalp-radar:test"' },
      { reason: "CreateContainerConfigError", message: 'secret "scalp-executor-token" not found' },
    ] as const;
    for (const [index, row] of rows.entries()) {
      const name = `stuck-${index}`;
      world.node.decree(`${NAMESPACE}/${name}`, { kind: "Stuck", ...row });
      await world.apply(name);
      await until(`${name} says ${row.message}`, async () => {
        const [ready] = (await world.get(name)).status.conditions ?? [];
        return ready?.message.includes(row.message) === true;
      });
      expect((await world.get(name)).says("Ready")).toMatchObject({
        status: "Unknown",
        reason: "ExecutorStarting",
      });
    }
  },
  TIMEOUT_MS,
);

test(
  "an executor that crashes is shown with its last words, and again when it is back",
  async () => {
    await world.apply("crashing");
    await world.untilReady("crashing", "Trading");
    const message = "scalp executor: the journal cannot be written: no space left on device";
    world.script("crashing").crash({ code: 1, message });
    const restarting = await world.untilReady("crashing", "ExecutorRestarting");
    expect(restarting.says("Ready")).toMatchObject({ status: "False", message });
    await world.untilReady("crashing", "Trading");
    expect(reasons("crashing").slice(-2)).toEqual(["ExecutorRestarting", "Trading"]);
    expect(await world.pods("crashing")).toHaveLength(1);
  },
  TIMEOUT_MS,
);

test(
  "an executor on a node that is lost is unreachable until its pod is replaced",
  async () => {
    await world.apply("lost");
    await world.untilReady("lost", "Trading");
    const [pod = ""] = await world.pods("lost");
    world.node.decree(`${NAMESPACE}/lost`, { kind: "Lost" });
    const unreachable = await world.untilReady("lost", "ExecutorUnreachable");
    expect(unreachable.says("Ready").status).toBe("Unknown");
    expect(unreachable.says("Protected").status).toBe("Unknown");

    // As the node's controller does when the toleration has run out: nobody confirms it.
    world.node.decree(`${NAMESPACE}/lost`, { kind: "Run" });
    await world.kubectl("delete", "pod", pod, "--wait=false");
    await world.untilReady("lost", "Trading");
    expect(await world.pods("lost")).not.toContain(pod);
    expect(reasons("lost")).toEqual([
      "ExecutorStarting",
      "Trading",
      "ExecutorUnreachable",
      "ExecutorStarting",
      "Trading",
    ]);
  },
  TIMEOUT_MS,
);
