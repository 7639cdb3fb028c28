import { expect, test } from "@jest/globals";
import { millis, sleep } from "#base/clock.ts";
import { err } from "#base/result.ts";
import { createVirtualTime } from "#simulation/time.ts";
import type { ApiError } from "./api.ts";
import { createLeaseClaim, type Attempt, type LeaseApi } from "./lease-claim.ts";
import { recordOf, type LeaseRecord } from "./lease-record.ts";
import type { Manifest } from "./object.ts";
import { leases } from "./resource.ts";
import { createMemoryApi } from "./testing/memory-api.ts";

const key = { namespace: "scalp", name: "operator" };
const terms = { leaseDurationMs: 15_000, callTimeoutMs: 5_000, fieldManager: "operator" };
/** How long it takes until it is clear that no answer comes. */
const SILENCE_MS = 300;
const START = 1_795_262_400_000;

type Hook = (call: "get" | "create" | "replace", count: number) => ApiError["kind"] | undefined;

/** A claim over a server in memory; the hook fails calls before they are done, or after (`Unknown`). */
const newWorld = (hook: Hook = () => undefined) => {
  const time = createVirtualTime(millis(START), 1);
  const server = createMemoryApi({ clock: time, timers: time });
  const calls: string[] = [];
  const through = async <T>(
    call: "get" | "create" | "replace",
    ask: () => Promise<T>,
  ): Promise<T | ReturnType<typeof err<ApiError>>> => {
    calls.push(call);
    const kind = hook(call, calls.length);
    const error = { kind, message: "as scripted", retryAfterMs: 0 };
    if (kind === "Unknown") {
      await ask();
      await sleep(time, SILENCE_MS);
    }
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- one member of the union each
    return kind === undefined ? ask() : err(error as ApiError);
  };
  const api: LeaseApi = {
    get: (...args) => through("get", () => server.get(...args)),
    create: (...args) => through("create", () => server.create(...args)),
    replace: (...args) => through("replace", () => server.replace(...args)),
  };
  const claimOf = (identity: string) =>
    createLeaseClaim({ api, clock: time, timers: time }, { lease: key, identity, ...terms });
  const pass = (ms: number) => time.runUntil(millis(time.now() + ms));
  const stored = async () => {
    const got = await server.get(leases, key);
    return got.ok ? recordOf(got.value) : undefined;
  };
  return { time, server, calls, claimOf, pass, stored };
};

type World = ReturnType<typeof newWorld>;

const attempt = (world: World, claim: ReturnType<World["claimOf"]>): Promise<Attempt> =>
  claim.attempt(world.time.elapsed() + 10_000);

/** One that no answer comes to takes its time. */
const slowAttempt = async (world: World, claim: ReturnType<World["claimOf"]>): Promise<Attempt> => {
  const attempting = attempt(world, claim);
  await world.pass(SILENCE_MS);
  return attempting;
};

const leaseWith = (spec: object): Manifest => ({
  apiVersion: "coordination.k8s.io/v1",
  kind: "Lease",
  metadata: key,
  spec,
});

const put = (world: World, spec: object) =>
  world.server.create(leases, leaseWith(spec), { fieldManager: "somebody" });

// The cases of client-go's tryAcquireOrRenew, as facts (tools/leaderelection, v0.36.3).

test("a lease that does not exist is made, with times of six digits", async () => {
  const world = newWorld();
  expect(await attempt(world, world.claimOf("baz"))).toBe("Held");
  expect(await world.stored()).toEqual({
    holder: "baz",
    durationSeconds: 15,
    acquireTime: "2026-11-21T12:00:00.000000Z",
    renewTime: "2026-11-21T12:00:00.000000Z",
    transitions: 0,
  });
});

test.each<[string, object]>([
  ["without a spec", {}],
  ["that nobody holds", { holderIdentity: "", leaseTransitions: 0 }],
  ["that was released", { holderIdentity: "", leaseDurationSeconds: 1, leaseTransitions: 0 }],
  ["whose holder says no duration", { holderIdentity: "bing" }],
])("a lease %s is taken at once, and counts a transition", async (_what, spec) => {
  const world = newWorld();
  await put(world, spec);
  expect(await attempt(world, world.claimOf("baz"))).toBe("Held");
  expect(await world.stored()).toMatchObject({ holder: "baz", transitions: 1 });
});

test("a lease that another holds is left alone until it has not changed for its own duration", async () => {
  const world = newWorld();
  await put(world, { holderIdentity: "bing", leaseDurationSeconds: 3, leaseTransitions: 4 });
  const claim = world.claimOf("baz");
  expect(await attempt(world, claim)).toBe("Taken");
  await world.pass(2_999);
  expect(await attempt(world, claim)).toBe("Taken");
  await world.pass(1);
  expect(await attempt(world, claim)).toBe("Held");
  expect(await world.stored()).toMatchObject({ holder: "baz", transitions: 5 });
});

test("every change of another's record starts its time anew, whatever its own clock says", async () => {
  const world = newWorld();
  const claim = world.claimOf("baz");
  const bing = { holderIdentity: "bing", leaseDurationSeconds: 3 };
  await put(world, { ...bing, renewTime: "1999-01-01T00:00:00.000000Z" });
  for (const year of ["1998", "2050", "2049"]) {
    expect(await attempt(world, claim)).toBe("Taken");
    await world.pass(2_900);
    const spec = { ...bing, renewTime: `${year}-01-01T00:00:00.000000Z` };
    await world.server.patchMerge(leases, key, { spec });
  }
  expect(await attempt(world, claim)).toBe("Taken");
});

test("a change of labels is none of the record", async () => {
  const world = newWorld();
  await put(world, { holderIdentity: "bing", leaseDurationSeconds: 3 });
  const claim = world.claimOf("baz");
  expect(await attempt(world, claim)).toBe("Taken");
  await world.pass(3_000);
  await world.server.patchMerge(leases, key, { metadata: { labels: { a: "b" } } });
  expect(await attempt(world, claim)).toBe("Held");
});

test("who holds it already renews it, with the times and transitions of its acquisition", async () => {
  const world = newWorld();
  const claim = world.claimOf("baz");
  await attempt(world, claim);
  const before = await world.stored();
  await world.pass(2_000);
  expect(await attempt(world, claim)).toBe("Held");
  const expected: LeaseRecord | undefined = before && {
    ...before,
    renewTime: "2026-11-21T12:00:02.000000Z",
  };
  expect(await world.stored()).toEqual(expected);
});

test("who finds itself as the holder after a restart leads at once", async () => {
  const world = newWorld();
  await attempt(world, world.claimOf("baz"));
  await world.pass(1_000);
  expect(await attempt(world, world.claimOf("baz"))).toBe("Held");
  expect(await world.stored()).toMatchObject({ transitions: 0 });
});

test("the holder writes without looking first", async () => {
  const world = newWorld();
  const claim = world.claimOf("baz");
  for (let turn = 0; turn < 3; turn += 1) await attempt(world, claim);
  expect(world.calls).toEqual(["get", "create", "replace", "replace"]);
});

test("the holder looks again when its write conflicts, and writes to what it finds", async () => {
  const world = newWorld((_call, count) => (count === 4 ? "Conflict" : undefined));
  const claim = world.claimOf("baz");
  for (let turn = 0; turn < 4; turn += 1) {
    expect(await attempt(world, claim)).toBe("Held");
    await world.pass(2_000);
  }
  expect(world.calls).toEqual(["get", "create", "replace", "replace", "get", "replace", "replace"]);
});

test("of two that find it free, one gets it", async () => {
  const world = newWorld();
  await put(world, { holderIdentity: "" });
  const claims = ["a", "b"].map((identity) => world.claimOf(identity));
  const outcomes = await Promise.all(claims.map((claim) => attempt(world, claim)));
  expect(outcomes.toSorted()).toEqual(["Held", "Unclear"]);
});

test("of two that find none, one makes it", async () => {
  const world = newWorld();
  const claims = ["a", "b"].map((identity) => world.claimOf(identity));
  const outcomes = await Promise.all(claims.map((claim) => attempt(world, claim)));
  expect(outcomes.toSorted()).toEqual(["Held", "Unclear"]);
});

// What is ours.

test.each(["create", "replace"] as const)(
  "a %s that was done though nobody answered is found, and counts from when it was sent",
  async (written) => {
    const world = newWorld((call) => (call === written ? "Unknown" : undefined));
    const claim = world.claimOf("baz");
    await world.pass(700);
    if (written === "replace") await put(world, { holderIdentity: "" });
    expect(await slowAttempt(world, claim)).toBe("Held");
    expect(world.calls).toEqual(["get", written, "get"]);
    expect(claim.renewedAt()).toBe(700);
  },
);

test("a renewal that was done though nobody answered is found, and made only once", async () => {
  const world = newWorld((call, count) =>
    call === "replace" && count === 3 ? "Unknown" : undefined,
  );
  const claim = world.claimOf("baz");
  await attempt(world, claim);
  await world.pass(2_000);
  expect(await slowAttempt(world, claim)).toBe("Held");
  expect(world.calls).toEqual(["get", "create", "replace", "get"]);
  expect(claim.renewedAt()).toBe(2_000);
});

test("a write that was not done is not taken for done", async () => {
  const world = newWorld((call) => (call === "create" ? "Unavailable" : undefined));
  const claim = world.claimOf("baz");
  expect(await attempt(world, claim)).toBe("Unclear");
  expect(claim.renewedAt()).toBe(-Infinity);
  expect(await world.stored()).toBeUndefined();
});

test("a write without an answer that another has overtaken is not ours", async () => {
  let world: World | undefined;
  world = newWorld((call, count) => {
    if (call !== "replace" || count !== 2) return undefined;
    void world?.server.patchMerge(leases, key, {
      spec: { holderIdentity: "bing", leaseDurationSeconds: 15 },
    });
    return "Unknown";
  });
  await put(world, { holderIdentity: "" });
  const claim = world.claimOf("baz");
  expect(await slowAttempt(world, claim)).toBe("Unclear");
  expect(claim.renewedAt()).toBe(-Infinity);
  expect(await attempt(world, claim)).toBe("Taken");
});

test("nothing is asked after the time is over, and what is asked is not waited for longer", async () => {
  const world = newWorld();
  const claim = world.claimOf("baz");
  expect(await claim.attempt(0)).toBe("Unclear");
  expect(world.calls).toEqual([]);
  const silent = createLeaseClaim(
    {
      api: {
        get: () => new Promise(() => {}),
        create: () => new Promise(() => {}),
        replace: () => new Promise(() => {}),
      },
      clock: world.time,
      timers: world.time,
    },
    { lease: key, identity: "baz", ...terms },
  );
  const attemptBy = async (until: number) => {
    const since = world.time.elapsed();
    const waiting = silent.attempt(since + until).then(() => world.time.elapsed() - since);
    await world.pass(60_000);
    return waiting;
  };
  expect(await attemptBy(3_000)).toBe(3_000);
  expect(await attemptBy(20_000)).toBe(5_000);
});

test("giving it back empties the holder and keeps what others have written", async () => {
  const world = newWorld();
  const claim = world.claimOf("baz");
  await attempt(world, claim);
  await world.server.patchMerge(leases, key, {
    metadata: { labels: { a: "b" } },
    spec: { strategy: "OldestEmulationVersion" },
  });
  await world.pass(1_000);
  expect(await claim.release(world.time.elapsed() + 1_000)).toBe(true);
  const got = await world.server.get(leases, key);
  expect(got).toMatchObject({
    value: {
      metadata: { labels: { a: "b" } },
      spec: {
        holderIdentity: "",
        leaseDurationSeconds: 1,
        renewTime: "2026-11-21T12:00:01.000000Z",
        leaseTransitions: 0,
        strategy: "OldestEmulationVersion",
      },
    },
  });
  expect(claim.renewedAt()).toBe(-Infinity);
});

test("what is another's is not given back", async () => {
  const world = newWorld();
  await put(world, { holderIdentity: "bing", leaseDurationSeconds: 15 });
  expect(await world.claimOf("baz").release(1_000)).toBe(true);
  expect(await world.stored()).toMatchObject({ holder: "bing" });
});

test.each<[ApiError["kind"], number]>([
  ["Conflict", 4],
  ["Unknown", 4],
])("giving back is tried again after %s", async (kind, at) => {
  const world = newWorld((_call, count) => (count === at ? kind : undefined));
  const claim = world.claimOf("baz");
  await attempt(world, claim);
  const releasing = claim.release(1_000);
  await world.pass(SILENCE_MS);
  expect(await releasing).toBe(true);
  expect(await world.stored()).toMatchObject({ holder: "" });
});

test("what cannot be given back is said so", async () => {
  const world = newWorld((_call, count) => (count > 2 ? "Unavailable" : undefined));
  const claim = world.claimOf("baz");
  await attempt(world, claim);
  expect(await claim.release(1_000)).toBe(false);
});
