/**
 * Strategies whose executors name the same account: with other symbols they share it and are warned,
 * with a symbol of an older one the younger stops.
 */

import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { z } from "zod";
import { statusOf as kstatusOf } from "#kubernetes/kstatus.ts";
import {
  pathOf,
  strategyManifest,
  startStrategyWorld,
  type StrategyWorld,
} from "./strategy-world.ts";
import { until } from "./until.ts";
import { LIVE_STRATEGIES } from "./verdicts.ts";

const TIMEOUT_MS = 60_000;

let world: StrategyWorld;
beforeAll(async () => {
  world = await startStrategyWorld();
}, 120_000);
afterAll(() => world.close(), TIMEOUT_MS);

const BTC = "BTC/USDT:USDT";
const ETH = "ETH/USDT:USDT";

const start = async (name: string, account: string, symbol: string) => {
  const script = world.script(name);
  script.account = account;
  await world.apply(name, { assets: [{ symbol }] });
  return script;
};

const sharing = (name: string) =>
  world.events(name).filter(({ reason }) => reason === "AccountShared");

/** The server's clock counts seconds, and of two of one second the name decides. */
const nextSecond = async (name: string): Promise<void> => {
  const made = z.object({ metadata: z.object({ creationTimestamp: z.string() }) });
  const { body } = await world.plane.call("GET", pathOf(name));
  const first = made.parse(body).metadata.creationTimestamp;
  await until("a second has passed", async () => {
    const probe = await world.plane.call(
      "POST",
      `${LIVE_STRATEGIES}?dryRun=All`,
      strategyManifest("probe"),
    );
    return made.parse(probe.body).metadata.creationTimestamp > first;
  });
};

test(
  "with other symbols both trade, and both are warned once",
  async () => {
    await start("sharing-a", "sub-1", BTC);
    await start("sharing-b", "sub-1", ETH);
    for (const [name, other] of [
      ["sharing-a", "trading/sharing-b"],
      ["sharing-b", "trading/sharing-a"],
    ] as const) {
      await until(
        `${name} knows of the other`,
        async () => (await world.get(name)).status.account?.sharedWith?.[0] === other,
      );
      const seen = await world.untilReady(name, "Trading");
      expect(seen.status.account).toMatchObject({ uid: "sub-1", sharedWith: [other] });
      const { status, reason, message } = seen.says("AccountConflict");
      expect([status, reason]).toEqual(["False", "AccountShared"]);
      expect(message).toBe(`${other}: one rate limit and one margin for all of them.`);
      expect(sharing(name)).toEqual([{ type: "Warning", reason: "AccountShared", note: message }]);
      expect(seen.says("Stalled").status).toBe("False");
    }

    await world.patch("sharing-a", { enabled: false });
    await until(
      "the other is alone again",
      async () => (await world.get("sharing-b")).says("AccountConflict").reason === "None",
    );
    expect((await world.get("sharing-b")).status.account?.sharedWith).toEqual([]);
    expect(sharing("sharing-b")).toHaveLength(1);
  },
  TIMEOUT_MS,
);

test(
  "with a symbol of an older one the younger stops, and trades when the older is disabled",
  async () => {
    const older = await start("z-older", "sub-2", BTC);
    await world.untilReady("z-older", "Trading");
    await nextSecond("z-older");
    const younger = await start("a-younger", "sub-2", BTC);
    const refused = await world.untilReady("a-younger", "AccountConflict");
    const words = "trading/z-older is older and trades a symbol of it there.";
    expect(refused.says("Ready")).toMatchObject({ status: "False" });
    expect(refused.says("Ready").message).toContain(words);
    expect(refused.says("AccountConflict")).toMatchObject({
      status: "True",
      reason: "SymbolShared",
      message: words,
    });
    expect(world.events("a-younger").filter(({ type }) => type === "Warning")).toMatchObject([
      { reason: "AccountConflict" },
    ]);
    await until("it has no pod", async () => (await world.pods("a-younger")).length === 0);
    expect(younger.told.map(({ spec }) => spec.desiredState)).toEqual(["Reducing"]);
    expect(kstatusOf(await world.get("a-younger"))).toBe("Failed");
    expect((await world.get("z-older")).says("Ready").reason).toBe("Trading");
    expect(older.told).toEqual([]);

    await world.patch("z-older", { enabled: false });
    await world.untilReady("a-younger", "Trading");
    expect(younger.starts).toBe(2);
    expect((await world.get("a-younger")).says("AccountConflict").status).toBe("False");
  },
  TIMEOUT_MS,
);

test(
  "given the keys of another account the younger trades beside the older",
  async () => {
    await start("z-first", "sub-3", BTC);
    await world.untilReady("z-first", "Trading");
    await nextSecond("z-first");
    const script = await start("a-second", "sub-3", BTC);
    await world.untilReady("a-second", "AccountConflict");
    await until("it has no pod", async () => (await world.pods("a-second")).length === 0);

    script.account = "sub-4";
    const exchange = { credentialsSecretRef: { name: "keys-of-sub-4" } };
    await world.patch("a-second", { exchange });
    const seen = await world.untilReady("a-second", "Trading");
    expect(seen.status.account).toMatchObject({
      uid: "sub-4",
      credentialsSecret: "keys-of-sub-4",
      sharedWith: [],
    });
    expect((await world.get("z-first")).says("Ready").reason).toBe("Trading");
  },
  TIMEOUT_MS,
);

test(
  "given the keys of another account while it still ends, the younger trades all the same",
  async () => {
    await start("z-sitting", "sub-7", BTC);
    await world.untilReady("z-sitting", "Trading");
    await nextSecond("z-sitting");
    const script = await start("a-hasty", "sub-7", BTC);
    script.resting = new Set([BTC]);
    script.isBusy = true;
    await world.untilReady("a-hasty", "AccountConflict");
    expect(await world.pods("a-hasty")).toHaveLength(1);
    const exchange = { credentialsSecretRef: { name: "keys-of-sub-8" } };
    await world.patch("a-hasty", { exchange });
    await until(
      "it is seen",
      async () => (await world.get("a-hasty")).status.observedGeneration === 2,
    );
    script.isBusy = false;
    await until("its old pod is ended", () => script.resting.size === 0);
    script.account = "sub-8";
    const seen = await world.untilReady("a-hasty", "Trading");
    expect(seen.status.account).toMatchObject({ uid: "sub-8", sharedWith: [] });
  },
  TIMEOUT_MS,
);

test(
  "an older one that was given other keys and waits for them is in nobody's way any more",
  async () => {
    const older = await start("z-leaving", "sub-6", BTC);
    await world.untilReady("z-leaving", "Trading");
    await nextSecond("z-leaving");
    await start("a-staying", "sub-6", BTC);
    await world.untilReady("a-staying", "AccountConflict");
    await until(
      "nothing is under way",
      async () => (await world.get("a-staying")).says("Reconciling").status === "False",
    );
    older.mode = { kind: "Waits", reason: "no exchange keys" };
    await world.patch("z-leaving", {
      exchange: { credentialsSecretRef: { name: "keys-to-come" } },
    });
    await world.untilReady("a-staying", "Trading");
    await world.untilReady("z-leaving", "ExecutorWaiting");
  },
  TIMEOUT_MS,
);

test(
  "deleted with Flatten, the younger closes nothing: the position is the older one's",
  async () => {
    await start("z-holder", "sub-5", BTC);
    await world.untilReady("z-holder", "Trading");
    await nextSecond("z-holder");
    const script = await start("a-intruder", "sub-5", BTC);
    script.open = new Set([BTC]);
    await world.untilReady("a-intruder", "AccountConflict");
    await world.patch("a-intruder", { onStop: "Flatten" });
    await world.kubectl("delete", "lstrat", "a-intruder", "--wait=false");
    await world.untilGone("a-intruder");
    expect(script.told.map(({ spec }) => spec.desiredState)).not.toContain("Flat");
    expect(script.open.size).toBe(1);
    expect((await world.get("z-holder")).says("Ready").reason).toBe("Trading");
  },
  TIMEOUT_MS,
);
