/**
 * What keeps the operator from doing what a strategy asks for, and how it goes on afterwards: names
 * that are taken, a person who wants it to keep its hands off, and a strategy that it cannot read.
 */

import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { sleep } from "#base/clock.ts";
import { statusOf as kstatusOf } from "#kubernetes/kstatus.ts";
import { systemClock } from "#runtime/clock.ts";
import { createdByStranger, withoutSchema } from "./foreign-objects.ts";
import { NAMESPACE, startStrategyWorld, type StrategyWorld } from "./strategy-world.ts";
import { until } from "./until.ts";

const TIMEOUT_MS = 60_000;
/** Longer than the operator takes for anything that it would do. */
const WHILE_MS = 2_000;
const OBSTACLE_MS = 60_000;

let world: StrategyWorld;
beforeAll(async () => {
  world = await startStrategyWorld();
}, 120_000);
afterAll(() => world.close(), TIMEOUT_MS);

const BTC = "BTC/USDT:USDT";
const reasons = (name: string) => world.events(name).map(({ reason }) => reason);

test(
  "an object of somebody else's that has the name is left alone, and in the way until it is gone",
  async () => {
    for (const kind of ["ConfigMap", "Deployment"] as const) {
      const name = `taken-${kind.toLowerCase()}`;
      await world.plane.call(...createdByStranger(kind, `executor-${name}`, NAMESPACE));
      await world.apply(name);
      const refused = await world.untilReady(name, "AdoptionRefused");
      const message = `${kind} ${NAMESPACE}/executor-${name} exists and is not ours: delete it, or give the strategy another name.`;
      expect(refused.says("Ready")).toMatchObject({ status: "False", message });
      expect(refused.says("Stalled")).toMatchObject({ status: "True", reason: "AdoptionRefused" });
      expect(kstatusOf(refused)).toBe("Failed");
      expect(world.script(name).starts).toBe(0);
      const mine = await world.owned(name, kind);
      expect(mine).toEqual([]);

      await world.kubectl("delete", kind, `executor-${name}`);
      world.clock.advance(OBSTACLE_MS);
      await world.untilReady(name, "Trading");
      expect(reasons(name)).toEqual(["AdoptionRefused", "ExecutorStarting", "Trading"]);
    }
  },
  TIMEOUT_MS,
);

test(
  "while it is paused nothing is made or mended, but what is told passes, and so does deletion",
  async () => {
    const script = world.script("paused");
    script.open = new Set([BTC]);
    await world.apply("paused");
    await world.untilReady("paused", "Trading");
    await world.kubectl("annotate", "lstrat", "paused", "scalpradar.io/paused=true");
    await until(
      "it says so",
      async () => (await world.get("paused")).says("Reconciling").reason === "Paused",
    );
    await world.kubectl("scale", "deployment/executor-paused", "--replicas=0");
    await until("the pod is gone", async () => (await world.pods("paused")).length === 0);
    await sleep(systemClock, WHILE_MS);
    expect(await world.pods("paused")).toEqual([]);

    await world.kubectl("annotate", "lstrat", "paused", "scalpradar.io/paused-");
    await world.untilReady("paused", "Trading");
    expect(reasons("paused").filter((reason) => reason === "DriftRepaired")).toHaveLength(1);

    await world.kubectl("annotate", "lstrat", "paused", "scalpradar.io/paused=true");
    await world.patch("paused", { desiredState: "Reducing" });
    await world.untilReady("paused", "Reducing");
    expect(script.told).toHaveLength(1);
    await world.kubectl("delete", "lstrat", "paused", "--wait=false");
    await world.untilGone("paused");
  },
  TIMEOUT_MS,
);

test(
  "a new one that is paused gets nothing, and its executor when it no longer is",
  async () => {
    await world.stopOperator();
    await world.apply("held");
    await world.kubectl("annotate", "lstrat", "held", "scalpradar.io/paused=true");
    await world.restartOperator();
    const seen = await world.untilReady("held", "Paused");
    expect(seen.says("Ready").status).toBe("False");
    expect(await world.children("held")).toEqual([]);
    await world.kubectl("annotate", "lstrat", "held", "scalpradar.io/paused-");
    await world.untilReady("held", "Trading");
  },
  TIMEOUT_MS,
);

test(
  "one that this version cannot read is said so, and what runs for it is not touched",
  async () => {
    await world.apply("unreadable");
    await world.untilReady("unreadable", "Trading");
    const before = await world.owned("unreadable", "deployments.apps,configmaps,pods");

    await withoutSchema(world.plane, async () => {
      await world.patch("unreadable", { risk: { maxMarginRatio: 7 } });
      const seen = await world.untilReady("unreadable", "InvalidSpec");
      expect(seen.says("Ready").message).toContain("does not understand it: ");
      expect(seen.says("Ready").message).toContain("spec.risk.maxMarginRatio");
      expect(seen.says("Stalled")).toMatchObject({ status: "True", reason: "InvalidSpec" });
      expect(seen.status.account?.uid).toBe("account of trading/unreadable");
      expect(seen.status.observedGeneration).toBe(seen.metadata.generation);
      await sleep(systemClock, WHILE_MS);
      const { metadata } = await world.get("unreadable");
      expect(metadata.resourceVersion).toBe(seen.metadata.resourceVersion);
      const after = await world.owned("unreadable", "deployments.apps,configmaps,pods");
      expect(after.map((one) => one.metadata.uid)).toEqual(before.map((one) => one.metadata.uid));
      expect(world.script("unreadable").told).toEqual([]);

      await world.patch("unreadable", { risk: { maxMarginRatio: null } });
      await world.untilReady("unreadable", "Trading");
    });
  },
  TIMEOUT_MS,
);

test(
  "one that cannot be read and is deleted goes when a person takes the responsibility",
  async () => {
    await world.apply("stuck");
    await world.untilReady("stuck", "Trading");
    await withoutSchema(world.plane, async () => {
      await world.patch("stuck", { timeframe: "1w" });
      await world.untilReady("stuck", "InvalidSpec");
      await world.kubectl("delete", "lstrat", "stuck", "--wait=false");
      await sleep(systemClock, WHILE_MS);
      expect((await world.get("stuck")).metadata.finalizers).toHaveLength(1);
      expect(await world.pods("stuck")).toHaveLength(1);
      await world.kubectl("annotate", "lstrat", "stuck", "scalpradar.io/force-delete=true");
      await world.untilGone("stuck");
    });
    await until("its executor has ended too", async () => (await world.pods("stuck")).length === 0);
  },
  TIMEOUT_MS,
);

test(
  "one that was deleted and made again under its name while nobody looked gets its own executor",
  async () => {
    const script = world.script("again");
    await world.apply("again");
    const first = await world.untilReady("again", "Trading");
    await world.stopOperator();
    // As a person does who is told that a finalizer is in the way.
    await world.kubectl("delete", "lstrat", "again", "--wait=false");
    const patch = JSON.stringify({ metadata: { finalizers: null } });
    await world.kubectl("patch", "lstrat", "again", "--type=merge", "-p", patch);
    await world.untilGone("again");
    await world.apply("again");
    await world.restartOperator();
    await until("a pod of the new one runs", async () => {
      world.clock.advance(OBSTACLE_MS / 10);
      return script.starts === 2;
    });
    const second = await world.untilReady("again", "Trading");
    expect(second.metadata.uid).not.toBe(first.metadata.uid);
    const rest = await world.owned("again", "pods,deployments.apps,services,configmaps");
    const owners = rest.map(({ metadata }) => metadata["labels"]);
    expect(owners).toEqual(
      rest.map(() =>
        expect.objectContaining({ "scalpradar.io/strategy-uid": second.metadata.uid }),
      ),
    );
  },
  TIMEOUT_MS,
);
