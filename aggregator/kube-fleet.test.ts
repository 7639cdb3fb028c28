/** The copy of the strategies: what it shows, and when it says that it does not know. */

import { expect, test } from "@jest/globals";
import { millis } from "#base/clock.ts";
import { ok } from "#base/result.ts";
import { liveStrategies } from "#crds/live-strategy.ts";
import type { ApiError } from "#kubernetes/api.ts";
import { untilAborted } from "#runtime/shutdown.ts";
import { createVirtualTime } from "#simulation/time.ts";
import { NOW } from "./testing/fixtures.ts";
import { openKubeWorld, type KubeWorld } from "./testing/kube-world.ts";

const open = (options?: Parameters<typeof openKubeWorld>[1]) =>
  openKubeWorld(createVirtualTime(millis(NOW), 1), options);

const names = ({ fleet }: KubeWorld): ReadonlyArray<string> => {
  const listed = fleet.list();
  if (!listed.ok) throw new Error(listed.error);
  return listed.value.members.map(({ namespace, name }) => `${namespace}/${name}`);
};

const errorOf = ({ fleet }: KubeWorld): string | undefined => {
  const listed = fleet.list();
  return listed.ok ? undefined : listed.error;
};

const problems = ({ fleet }: KubeWorld): ReadonlyArray<string> => {
  const listed = fleet.list();
  return listed.ok ? listed.value.problems : [listed.error];
};

const MINUTE = 60_000;

/** Accepts a watch and never says a word. */
const silence = async function* (signal: AbortSignal): AsyncGenerator<never> {
  await untilAborted(signal);
  yield* [];
};

test("a LiveStrategy becomes a member, with the address that the operator reports", async () => {
  const world = open();
  await world.declare("grid-atr", {
    status: {
      conditions: [
        {
          type: "Ready",
          status: "True",
          reason: "Trading",
          message: "it trades",
          lastTransitionTime: "2021-12-04T05:00:00Z",
        },
      ],
      executor: { url: "http://executor-grid-atr.trading.svc:8080" },
    },
  });
  await world.declare("paper", { spec: { liveEligible: false } });
  await world.declare("grid-atr", { namespace: "another" });
  await world.start();
  expect(world.fleet.list()).toMatchObject({
    ok: true,
    value: {
      problems: [],
      members: [
        { namespace: "another", name: "grid-atr" },
        {
          namespace: "trading",
          name: "grid-atr",
          kind: "grid_atr",
          enabled: true,
          liveEligible: true,
          environment: "Emulator",
          leverage: 7,
          symbols: ["BTC/USDT:USDT"],
          executorUrl: "http://executor-grid-atr.trading.svc:8080",
          conditions: [{ type: "Ready", reason: "Trading" }],
        },
        { namespace: "trading", name: "paper", liveEligible: false, executorUrl: undefined },
      ],
    },
  });
});

test("told a namespace, it shows that of others to nobody", async () => {
  const world = open({ namespace: "trading" });
  await world.declare("grid-atr", { namespace: "another" });
  await world.declare("grid-atr");
  await world.start();
  expect(names(world)).toEqual(["trading/grid-atr"]);
});

test("what is made, changed and deleted is followed", async () => {
  const world = open();
  await world.start();
  expect(names(world)).toEqual([]);
  const made = await world.declare("grid-atr");
  await world.pass();
  expect(names(world)).toEqual(["trading/grid-atr"]);
  const at = { namespace: "trading", name: "grid-atr" };
  await world.server.patchMerge(liveStrategies, at, { spec: { enabled: false } });
  await world.pass();
  expect(world.fleet.list()).toMatchObject({ value: { members: [{ enabled: false }] } });
  await world.server.remove(liveStrategies, at, { uid: made.metadata.uid });
  await world.pass();
  expect(names(world)).toEqual([]);
});

test("a strategy of a newer version is shown as far as it goes, and spoken of", async () => {
  const world = open();
  await world.declare("grid-atr", {
    spec: { tomorrow: true },
    status: { executor: { url: "http://127.0.0.1:1", mood: "good" } },
  });
  await world.start();
  expect(world.fleet.list()).toMatchObject({
    value: { members: [{ name: "grid-atr", executorUrl: "http://127.0.0.1:1" }] },
  });
  expect(problems(world)).toEqual([
    expect.stringMatching(/^trading\/grid-atr is not fully understood: .*spec\.tomorrow/),
  ]);
});

test("an object that is not understood is named, and hides nobody", async () => {
  const world = open();
  await world.declare("odd", { spec: { strategy: undefined } });
  await world.declare("grid-atr");
  await world.start();
  expect(names(world)).toEqual(["trading/grid-atr"]);
  expect(problems(world)).toEqual([
    expect.stringMatching(/^trading\/odd is not understood: spec\.strategy/),
  ]);
});

test("before the first answer it is an error and not an empty fleet", async () => {
  const world = open();
  await world.declare("grid-atr");
  const before = "cannot read the strategies: the API server has not answered yet";
  expect(errorOf(world)).toBe(before);
  await world.start();
  expect(errorOf(world)).toBeUndefined();
});

const refusals: ReadonlyArray<readonly [error: ApiError, words: string]> = [
  [
    { kind: "Forbidden", message: "cannot watch livestrategies" },
    "the aggregator may not (rights: get, list and watch livestrategies): cannot watch livestrategies",
  ],
  [
    { kind: "NotFound", message: "not found" },
    "the API server does not know LiveStrategies, is the CRD installed? not found",
  ],
  [
    { kind: "TooManyRequests", message: "later", retryAfterMs: 1_000 },
    "the API server is overloaded: later",
  ],
  [{ kind: "Invalid", message: "what?" }, "the API server does not take the question: what?"],
  [{ kind: "Unavailable", message: "no answer from 10.0.0.1" }, "no answer from 10.0.0.1"],
];

test.each(refusals)("why it is not followed is said: %j", async (error, words) => {
  const world = open();
  world.leave(error);
  await world.start();
  await world.pass(1_000);
  expect(errorOf(world)).toBe(`cannot read the strategies: ${words}`);
  world.comeBack();
  await world.pass(2 * MINUTE);
  expect(errorOf(world)).toBeUndefined();
});

test("an outage is bridged for three minutes, then nobody knows the strategies, then it heals", async () => {
  const world = open();
  await world.declare("grid-atr");
  await world.start();
  world.leave({ kind: "Unavailable", message: "no answer from 10.0.0.1" });
  await world.pass(2 * MINUTE);
  expect(names(world)).toEqual(["trading/grid-atr"]);
  await world.declare("made-meanwhile");
  await world.pass(2 * MINUTE);
  expect(errorOf(world)).toBe(
    "cannot read the strategies, the last word about them is 240 s old: no answer from 10.0.0.1",
  );
  world.comeBack();
  await world.pass(MINUTE);
  expect(names(world)).toEqual(["trading/grid-atr", "trading/made-meanwhile"]);
});

test("a server that accepts and says nothing is not believed for ever", async () => {
  let isSilent = false;
  const world = open({
    around: (api) => ({
      ...api,
      watch: async (resource, query, signal) =>
        isSilent ? ok(silence(signal)) : api.watch(resource, query, signal),
    }),
  });
  await world.declare("grid-atr");
  await world.start();
  isSilent = true;
  world.leave({ kind: "Unavailable", message: "the connection broke" });
  await world.pass(4 * MINUTE);
  expect(errorOf(world)).toBe(
    "cannot read the strategies, the last word about them is 240 s old: the API server says nothing any more",
  );
});

test("a fleet in which nothing happens is never taken for one that nobody knows", async () => {
  const world = open();
  await world.declare("grid-atr");
  await world.start();
  const errors: string[] = [];
  for (let minutes = 0; minutes < 120; minutes += 1) {
    await world.pass(MINUTE - 1);
    errors.push(errorOf(world) ?? "none");
    await world.pass(1);
  }
  expect([...new Set(errors)]).toEqual(["none"]);
});

test("a server that is away is no reason for a new process, a copy that hears nothing is", async () => {
  const away = open();
  await away.start();
  away.leave({ kind: "Unavailable", message: "away" });
  await away.pass(60 * MINUTE);
  expect(away.fleet.lifeProblem()).toBeUndefined();

  const stuck = open({
    around: (api) => ({ ...api, watch: async (_resource, _query, signal) => ok(silence(signal)) }),
  });
  stuck.leave({ kind: "Unavailable", message: "no LIST either" });
  await stuck.start();
  await stuck.pass(5 * MINUTE);
  expect(stuck.fleet.lifeProblem()).toBeUndefined();
  await stuck.pass(10 * MINUTE);
  expect(stuck.fleet.lifeProblem()).toBe("livestrategies: nothing was heard for too long");
});

test("its end is in order: nothing is asked any more", async () => {
  const world = open();
  await world.start();
  await world.stop();
  await world.declare("too-late");
  await world.pass();
  expect(names(world)).toEqual([]);
});
