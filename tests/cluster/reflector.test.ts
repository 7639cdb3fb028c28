/**
 * The reflector and the client on a real API server, through everything that breaks between them.
 * After each fault the copies are the server's state, down to the versions, and what listeners were
 * told leads there step by step.
 */

import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { sleep } from "#base/clock.ts";
import { chance } from "#base/random.ts";
import { versionOf } from "#kubernetes/testing/reflector-bench.ts";
import { systemClock } from "#runtime/clock.ts";
import { processEnv } from "#runtime/env.ts";
import { broken, faults, gone, loseHistory, overloaded, unavailable } from "./reflector-faults.ts";
import {
  COLLECTION,
  startReflectorWorld,
  startWriter,
  type ReflectorWorld,
} from "./reflector-world.ts";
import { startSecondApiServer } from "./second-api-server.ts";
import { until } from "./until.ts";

const TIMEOUT_MS = 180_000;

const env = processEnv();
const FAULT_SECONDS = Number(env["FAULT_SECONDS"] ?? (env["CI"] === "true" ? 120 : 30));
const FAULT_SEED = Number(env["FAULT_SEED"] ?? systemClock.now() % 1_000_000);

let world: ReflectorWorld;
beforeAll(async () => {
  world = await startReflectorWorld();
  for (const name of ["map-0", "map-1", "map-2"]) await create(name);
  await world.settle();
}, 45 * 60_000);
afterAll(() => world.close(), TIMEOUT_MS);

const create = (name: string, labels: Readonly<Record<string, string>> = { parity: "odd" }) =>
  world.plane.call("POST", COLLECTION, { metadata: { name, labels } });

/** While somebody writes. */
const during = async (fault: () => Promise<void>): Promise<void> => {
  const writer = startWriter(world.plane, FAULT_SEED);
  await sleep(systemClock, 300);
  await fault();
  await sleep(systemClock, 300);
  expect(await writer.stop()).toBeGreaterThan(0);
  await world.settle();
};

const relists = () => world.followed.map(({ reflector }) => reflector.stats().relists);
const restarts = () => world.followed.map(({ reflector }) => reflector.stats().restarts);

/** What the reflectors have asked for since. */
const asked = () => {
  const before = world.front.queries().length;
  return () => world.front.queries().slice(before);
};

test("copies are complete, and what does not match the selection is in none", async () => {
  expect(world.followed.map(({ reflector }) => reflector.synced())).toEqual([true, true]);
  await create("even", { parity: "even" });
  await world.settle();
  expect(world.followed.map(({ reflector }) => reflector.store.size())).toEqual([4, 3]);
});

test("an object that leaves the selection has ended for it, and begins when it comes back", async () => {
  const label = (parity: string) =>
    world.plane.call(
      "PATCH",
      `${COLLECTION}/map-0`,
      { metadata: { labels: { parity } } },
      "application/merge-patch+json",
    );
  const told = world.followed[1]?.changes ?? [];
  const before = told.length;
  await label("even");
  await world.settle();
  await label("odd");
  await world.settle();
  const steps = told.slice(before).map(({ before, after }) => [before, after].map(versionOf));
  expect(steps).toEqual([
    [expect.any(String), undefined],
    [undefined, expect.any(String)],
  ]);
});

test("a burst of writes on one stream costs no other request", async () => {
  const queries = asked();
  await during(() => sleep(systemClock, 2_000));
  expect(queries()).toEqual([]);
});

test(
  "the API server is killed and comes back: streams go on, or begin once more",
  async () => {
    const before = relists();
    await during(async () => {
      await world.plane.apiServer.stop();
      await world.plane.apiServer.start();
    });
    // The new one remembers nothing from before its start: who has missed the last write begins anew.
    const anew = relists().map((count, index) => count - (before[index] ?? 0));
    expect(anew.filter((count) => count > 1)).toEqual([]);
  },
  TIMEOUT_MS,
);

test(
  "etcd is killed and comes back",
  async () => {
    await during(async () => {
      await world.plane.etcd.stop();
      await world.plane.etcd.start();
    });
  },
  TIMEOUT_MS,
);

test(
  "connections are reset: streams go on, nothing is listed again",
  async () => {
    const before = { relists: relists(), restarts: restarts() };
    await during(async () => world.proxy.reset());
    expect(relists()).toEqual(before.relists);
    expect(restarts()).toEqual(before.restarts.map((count) => count + 1));
  },
  TIMEOUT_MS,
);

test(
  "a black hole is noticed, though no FIN and no RST ever comes",
  async () => {
    const before = relists();
    await during(async () => {
      world.proxy.blackHole();
      await sleep(systemClock, 5_000);
      await world.proxy.heal();
    });
    expect(relists()).toEqual(before);
  },
  TIMEOUT_MS,
);

test.each([
  ["429", overloaded],
  ["500", broken],
  ["503", unavailable],
] as const)(
  "a watch that is answered %s is asked for again from the same version",
  async (_code, trouble) => {
    const before = relists();
    const queries = asked();
    await during(async () => {
      world.front.answer(trouble, 4);
      world.proxy.reset();
    });
    expect(relists()).toEqual(before);
    expect(queries().length).toBeGreaterThanOrEqual(6);
    expect(queries().every((query) => query.get("resourceVersion") !== null)).toBe(true);
  },
  TIMEOUT_MS,
);

test(
  "an error in the stream leads to a full sync that is not older than what was seen",
  async () => {
    const queries = asked();
    await during(async () => {
      world.front.sayInStream(broken, 2);
      world.proxy.reset();
    });
    const fullSyncs = queries().filter((query) => query.has("sendInitialEvents"));
    expect(fullSyncs).toHaveLength(2);
    for (const query of fullSyncs) {
      expect(query.get("resourceVersionMatch")).toBe("NotOlderThan");
      expect(Number(query.get("resourceVersion"))).toBeGreaterThan(0);
    }
  },
  TIMEOUT_MS,
);

test(
  "deleted and made again while the history was lost: an end and a beginning are told",
  async () => {
    const before = { relists: relists(), told: world.followed[0]?.changes.length ?? 0 };
    await create("reborn");
    await create("deceased");
    await world.settle();
    await loseHistory(world, async () => {
      await world.plane.call("DELETE", `${COLLECTION}/deceased`);
      await world.plane.call("DELETE", `${COLLECTION}/reborn`);
      await create("reborn");
    });
    await world.settle();
    expect(relists()).toEqual(before.relists.map((count) => count + 1));
    const told = world.followed[0]?.changes.slice(before.told) ?? [];
    const steps = (name: string) =>
      told
        .filter(({ key }) => key.endsWith(`/${name}`))
        .map(({ before, after }) => [before, after].map((side) => side !== undefined));
    const [begins, ends] = [
      [false, true],
      [true, false],
    ];
    expect(steps("deceased")).toEqual([begins, ends]);
    expect(steps("reborn")).toEqual([begins, ends, begins]);
  },
  TIMEOUT_MS,
);

test(
  "another API server of the cluster that has no watch-list takes over",
  async () => {
    const older = await startSecondApiServer(world.plane, ["--feature-gates=WatchList=false"]);
    try {
      const queries = asked();
      await during(async () => {
        world.front.goTo(older.url);
        world.front.sayInStream(gone, 2);
        world.proxy.reset();
        await until("both have listed", () => queries().filter((q) => q.has("limit")).length === 2);
      });
      expect(queries().some((query) => query.get("resourceVersion") === "0")).toBe(false);
    } finally {
      world.front.heal();
      world.proxy.reset();
      await older.stop();
    }
    await world.settle();
  },
  TIMEOUT_MS,
);

const followAgain = async (): Promise<void> => {
  const deadline = systemClock.elapsed() + 10_000;
  const isFollowed = () =>
    world.followed.every(({ reflector }) => reflector.problem() === undefined);
  while (!isFollowed() && systemClock.elapsed() < deadline) await sleep(systemClock, 50);
};

test(
  "any faults in any order, while somebody writes",
  async () => {
    const names = Object.keys(faults);
    const done = new Map<string, number>();
    const seed = FAULT_SEED;
    process.stderr.write(`FAULT_SEED=${seed} FAULT_SECONDS=${FAULT_SECONDS}\n`);
    const writer = startWriter(world.plane, seed);
    const deadline = systemClock.elapsed() + FAULT_SECONDS * 1_000;
    for (let turn = 0; systemClock.elapsed() < deadline; turn += 1) {
      const name = names[Math.floor(names.length * chance(seed, "fault", turn))] ?? "";
      await faults[name]?.(world, chance(seed, "dial", turn));
      done.set(name, (done.get(name) ?? 0) + 1);
      await sleep(systemClock, 1_500 * chance(seed, "pause", turn) ** 2);
      // Now upon one that still waits after the last, now upon one that follows.
      if (chance(seed, "again", turn) < 0.7) await followAgain();
    }
    world.front.heal();
    await world.proxy.heal();
    const writes = await writer.stop();
    await world.settle();
    const told = world.followed.map(({ changes }) => changes.length);
    const facts = { seed, writes, told, relists: relists(), restarts: restarts() };
    process.stderr.write(`${JSON.stringify({ ...facts, faults: Object.fromEntries(done) })}\n`);
    expect(writes).toBeGreaterThan(0);
    // They follow, and are not by chance where the server stopped.
    await create(`after-${seed}`);
    await world.settle();
  },
  FAULT_SECONDS * 1_000 + 2 * TIMEOUT_MS,
);

test(
  "stopped, they leave no stream on the server and no watch behind",
  async () => {
    await world.stopFollowing();
    await until("no watch is open", () => world.front.openWatches() === 0);
    const told = world.followed.map(({ changes }) => changes.length);
    await create("too-late");
    await sleep(systemClock, 1_000);
    expect(world.followed.map(({ changes }) => changes.length)).toEqual(told);
    expect(world.front.openWatches()).toBe(0);
  },
  TIMEOUT_MS,
);
