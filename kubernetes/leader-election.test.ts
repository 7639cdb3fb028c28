import { expect, test } from "@jest/globals";
import { millis, sleep } from "#base/clock.ts";
import { createVirtualTime } from "#simulation/time.ts";
import { createLeaderElector, type LeaderElectorOptions } from "./leader-election.ts";
import type { LeaseApi } from "./lease-claim.ts";
import { leases } from "./resource.ts";
import { lease, newReplica, newWorld as worldOf, timeOf, type World } from "./testing/replicas.ts";
import { createUnreliableNode } from "./testing/unreliable-node.ts";

const START = 1_795_262_400_000;
const LEASE_MS = 15_000;
const DEADLINE_MS = 10_000;
const RETRY_MAX_MS = 4_400;

const newWorld = (seed = 1) => worldOf(createVirtualTime(millis(START), seed), seed);

test("the first replica leads, says so in the lease, and renews it every two seconds", async () => {
  const world = newWorld();
  const a = newReplica(world, "a");
  await world.pass(100);
  expect(a.elector.isLeader()).toBe(true);
  expect(await a.metric()).toBe(1);
  expect(await world.stored()).toEqual({
    holder: "a",
    durationSeconds: 15,
    acquireTime: "2026-11-21T12:00:00.002000Z",
    renewTime: "2026-11-21T12:00:00.002000Z",
    transitions: 0,
  });
  const renewals = new Set<string>();
  for (let step = 0; step < 200; step += 1) {
    await world.pass(100);
    renewals.add((await world.stored())?.renewTime ?? "");
  }
  expect(renewals.size).toBe(11);
  expect(await world.stored()).toMatchObject({ acquireTime: "2026-11-21T12:00:00.002000Z" });
  expect(a.lines).toEqual(["leading"]);
});

test("the second waits for as long as the first renews", async () => {
  const world = newWorld();
  const a = newReplica(world, "a");
  await world.pass(100);
  const b = newReplica(world, "b");
  await world.pass(600_000);
  expect(a.elector.isLeader()).toBe(true);
  expect(b.events).toEqual([]);
  expect(b.elector.isLeader()).toBe(false);
  expect(await b.metric()).toBe(0);
  expect(b.lines).toEqual(["another one leads"]);
});

test("a leader that dies is followed within the lease and one retry, and not before the lease is over", async () => {
  for (const seed of [1, 2, 3, 4, 5]) {
    const world = newWorld(seed);
    const a = newReplica(world, "a");
    await world.pass(100);
    const b = newReplica(world, "b");
    await world.pass(30_000);
    a.node.kill();
    const record = await world.stored();
    const renewedAt = Date.parse(record?.renewTime ?? "") - START;
    await world.pass(60_000);
    const tookOverAt = timeOf(b, "leads") ?? 0;
    expect(tookOverAt).toBeGreaterThanOrEqual(renewedAt + LEASE_MS);
    expect(tookOverAt).toBeLessThanOrEqual(renewedAt + LEASE_MS + RETRY_MAX_MS + 10);
    expect(await world.stored()).toMatchObject({ holder: "b", transitions: 1 });
  }
});

test("a leader that is asked to stop ends its work, gives the lease back, and the next one has it within a retry", async () => {
  const world = newWorld();
  const a = newReplica(world, "a", { workMs: 7_000 });
  await world.pass(100);
  const b = newReplica(world, "b");
  await world.pass(10_000);
  a.stop.abort();
  await world.pass(6_000);
  // Still at work, and still the holder: nobody may lead beside it.
  expect(await world.stored()).toMatchObject({ holder: "a" });
  expect(a.elector.isLeader()).toBe(true);
  await world.pass(1_010);
  expect(await world.stored()).toMatchObject({ holder: "", durationSeconds: 1, transitions: 0 });
  expect(await a.running).toBe("Released");
  expect(a.elector.isLeader()).toBe(false);
  expect(await a.metric()).toBe(0);
  await world.pass(RETRY_MAX_MS + 10);
  expect(b.elector.isLeader()).toBe(true);
  expect(await world.stored()).toMatchObject({ holder: "b", transitions: 1 });
  expect(a.events.map(({ what }) => what)).toEqual(["leads", "told to end", "ended", "Released"]);
});

test("a replica that is asked to stop while it follows leaves the lease alone", async () => {
  const world = newWorld();
  newReplica(world, "a");
  await world.pass(100);
  const b = newReplica(world, "b");
  await world.pass(10_000);
  b.stop.abort();
  await world.pass(10);
  expect(b.events).toEqual([{ at: 10_100, what: "Released" }]);
  expect(await world.stored()).toMatchObject({ holder: "a" });
});

test("a replica that gets the lease after it was asked to stop gives it back and never leads", async () => {
  const world = newWorld();
  const a = newReplica(world, "a");
  a.node.faults.answerMs = 1_000;
  await world.pass(500);
  a.stop.abort();
  await world.pass(10_000);
  expect(a.events.map(({ what }) => what)).toEqual(["Released"]);
  expect(await world.stored()).toMatchObject({ holder: "" });
});

test.each(["isDeaf", "isMute"] as const)(
  "a leader that hears nothing of the server any more (%s) has ended its work by the deadline",
  async (fault) => {
    const world = newWorld();
    const a = newReplica(world, "a");
    await world.pass(5_000);
    const renewedAt = Date.parse((await world.stored())?.renewTime ?? "") - START;
    a.node.faults[fault] = true;
    await world.pass(20_000);
    const toldAt = timeOf(a, "told to end") ?? Infinity;
    expect(toldAt).toBeLessThanOrEqual(renewedAt + DEADLINE_MS + 10);
    expect(toldAt).toBeGreaterThan(renewedAt + DEADLINE_MS - 100);
    expect(await a.running).toBe("Lost");
    expect(a.elector.isLeader()).toBe(false);
    expect(await a.metric()).toBe(0);
    expect(a.lines).toEqual(["leading", "the lead is lost"]);
  },
);

test("a request that is lost does not cost the lead", async () => {
  const world = newWorld();
  const a = newReplica(world, "a");
  await world.pass(5_000);
  a.node.faults.isDeaf = true;
  await world.pass(2_000);
  a.node.faults.isDeaf = false;
  await world.pass(60_000);
  expect(a.elector.isLeader()).toBe(true);
  expect(a.events.map(({ what }) => what)).toEqual(["leads"]);
});

test("a leader that finds another in the lease has lost at once", async () => {
  const world = newWorld();
  const a = newReplica(world, "a");
  await world.pass(5_000);
  await world.server.patchMerge(leases, lease, { spec: { holderIdentity: "z" } });
  await world.pass(2_100);
  expect(await a.running).toBe("Lost");
  expect(await world.stored()).toMatchObject({ holder: "z" });
});

test("a leader whose lease was deleted makes a new one", async () => {
  const world = newWorld();
  const a = newReplica(world, "a");
  await world.pass(5_000);
  const got = await world.server.get(leases, lease);
  const uid = got.ok ? got.value.metadata.uid : "";
  await world.server.remove(leases, lease, { uid });
  await world.pass(5_000);
  expect(a.elector.isLeader()).toBe(true);
  expect(await world.stored()).toMatchObject({ holder: "a", transitions: 0 });
});

test("a leader that stood still for longer than the lease does not think that it leads when it wakes", async () => {
  const world = newWorld();
  const a = newReplica(world, "a");
  await world.pass(100);
  const b = newReplica(world, "b");
  await world.pass(10_000);
  a.node.pause(40_000);
  await world.pass(39_990);
  expect(a.elector.isLeader()).toBe(false);
  expect(b.elector.isLeader()).toBe(true);
  await world.pass(100);
  expect(await a.running).toBe("Lost");
  expect(b.elector.isLeader()).toBe(true);
});

test("answers that are slow make the lead shorter, not longer", async () => {
  const world = newWorld();
  const a = newReplica(world, "a");
  a.node.faults.answerMs = 4_000;
  await world.pass(8_000);
  expect(a.elector.isLeader()).toBe(true);
  // The write that is being answered left 4 s ago: with no further one the lead ends 6 s from now.
  a.node.faults.isMute = true;
  await world.pass(5_900);
  expect(a.elector.isLeader()).toBe(true);
  await world.pass(200);
  expect(a.elector.isLeader()).toBe(false);
});

test("a server that takes its time for every answer does not cost the lead", async () => {
  const world = newWorld();
  const a = newReplica(world, "a");
  a.node.faults.answerMs = 4_500;
  await world.pass(120_000);
  expect(a.elector.isLeader()).toBe(true);
  expect(a.events.map(({ what }) => what)).toEqual(["leads"]);
});

test("a lease that was got too long ago, by a request that took its time, is renewed before it is led by", async () => {
  const world = newWorld();
  const a = newReplica(world, "a");
  const { faults } = a.node;
  // The request that makes the lease arrives after its deadline, and nothing else until then.
  faults.requestMs = 11_000;
  await world.pass(100);
  Object.assign(faults, { requestMs: 1, isDeaf: true });
  await world.pass(11_400);
  faults.isDeaf = false;
  expect(await world.stored()).toMatchObject({ holder: "a", transitions: 0 });
  await world.pass(60_000);
  expect(a.events.map(({ what }) => what)).toEqual(["leads"]);
  expect(await world.stored()).toMatchObject({ holder: "a", transitions: 0 });
});

/** Runs `lead` in the only replica. */
const runAlone = (
  world: World,
  lead: (signal: AbortSignal) => Promise<void>,
  api: Partial<LeaseApi> = {},
) => {
  const node = createUnreliableNode(world.time, world.server);
  const elector = createLeaderElector(
    {
      ...node,
      api: { ...node.api, ...api },
      random: () => 0,
      log: { info: () => {}, warn: () => {} },
      metrics: { setLeader: () => {} },
    },
    { lease, identity: "a", fieldManager: "scalp-operator" },
  );
  return { elector, running: elector.run(lead, new AbortController().signal) };
};

test("work that ends by itself gives the lease back", async () => {
  const world = newWorld();
  const { running } = runAlone(world, () => sleep(world.time, 5_000));
  await world.pass(6_000);
  expect(await running).toBe("Released");
  expect(await world.stored()).toMatchObject({ holder: "" });
});

test("work that throws is thrown on, and the lease runs out by itself", async () => {
  const world = newWorld();
  const { elector, running } = runAlone(world, async () => {
    await sleep(world.time, 2_005);
    throw new Error("broken");
  });
  const thrown = expect(running).rejects.toThrow("broken");
  await world.pass(20_000);
  await thrown;
  expect(await world.stored()).toMatchObject({ holder: "a" });
  expect(elector.isLeader()).toBe(false);
});

test("a defect in keeping the lease is thrown on, and ends the work", async () => {
  const world = newWorld();
  let isToldToEnd = false;
  const lead = async (signal: AbortSignal) => {
    await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
    isToldToEnd = true;
  };
  const replace = () => Promise.reject(new Error("defect"));
  const { running } = runAlone(world, lead, { replace });
  const thrown = expect(running).rejects.toThrow("defect");
  await world.pass(10_000);
  await thrown;
  expect(isToldToEnd).toBe(true);
});

test("work that does not end in time is lost, with the lease still held", async () => {
  const world = newWorld();
  const a = newReplica(world, "a", { workMs: 60_000, drainMs: 25_000 });
  await world.pass(5_000);
  a.stop.abort();
  await world.pass(24_900);
  expect(a.elector.isLeader()).toBe(true);
  await world.pass(200);
  expect(await a.running).toBe("Lost");
  expect(await world.stored()).toMatchObject({ holder: "a" });
  const { renewTime } = (await world.stored()) ?? {};
  await world.pass(20_000);
  expect(await world.stored()).toMatchObject({ renewTime });
});

test("a loop that stands still is told to the liveness probe, leading or not", async () => {
  const world = newWorld();
  const a = newReplica(world, "a");
  await world.pass(100);
  const b = newReplica(world, "b");
  await world.pass(10_000);
  for (const { node, elector } of [a, b]) {
    expect(elector.problem()).toBeUndefined();
    node.pause(100_000);
  }
  await world.pass(34_000);
  for (const { elector } of [a, b]) expect(elector.problem()).toBeUndefined();
  await world.pass(6_000);
  for (const { elector } of [a, b]) expect(elector.problem()).toContain("has stood still for");
  await world.pass(80_000);
  for (const { elector } of [a, b]) expect(elector.problem()).toBeUndefined();
});

test.each<[string, Partial<LeaderElectorOptions>]>([
  ["an elector has an identity", { identity: "" }],
  ["a lease lasts longer than its holder tries to renew it", { leaseDurationMs: 10_000 }],
  ["there is time to try to renew a lease twice", { renewDeadlineMs: 2_400 }],
])("%s", (sentence, options) => {
  expect(() => newReplica(newWorld(), "a", options)).toThrow(sentence);
});
