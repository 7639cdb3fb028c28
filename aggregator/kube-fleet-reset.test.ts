/** The one thing that the aggregator writes to a cluster: only onwards, and to whom it was meant for. */

import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { z } from "zod";
import { millis } from "#base/clock.ts";
import { err } from "#base/result.ts";
import { liveStrategies } from "#crds/live-strategy.ts";
import type { ApiError, KubeApi } from "#kubernetes/api.ts";
import type { KubeObject } from "#kubernetes/object.ts";
import { createVirtualTime } from "#simulation/time.ts";
import type { ResetTarget } from "./fleet.ts";
import { NOW } from "./testing/fixtures.ts";
import { openKubeWorld, type KubeWorld } from "./testing/kube-world.ts";

const at = { namespace: "trading", name: "grid-atr" };
const iso = (ms: number): string => new Date(ms).toISOString();
const withReset = (ms: number) => ({ spec: { killSwitch: { resetAt: iso(ms) } } });

const open = (around?: (api: KubeApi) => KubeApi) =>
  openKubeWorld(createVirtualTime(millis(NOW), 1), around === undefined ? {} : { around });

const targetOf = ({ metadata }: KubeObject): ResetTarget => ({ ...at, uid: metadata.uid });

const openWithStrategy = async (around?: (api: KubeApi) => KubeApi) => {
  const world = open(around);
  const target = targetOf(await world.declare("grid-atr"));
  const reset = (ms: number) => world.fleet.resetKillSwitch(target, millis(ms));
  return { world, target, reset };
};

const shape = z.looseObject({
  spec: z.looseObject({ killSwitch: z.object({ resetAt: z.string() }).optional() }),
});

const stored = async ({ server }: { readonly server: KubeApi }): Promise<KubeObject> => {
  const found = await server.get(liveStrategies, at);
  if (!found.ok) throw new Error(found.error.message);
  return found.value;
};

/** What `kubectl patch` by somebody else does. */
const setByOthers = (api: KubeApi, ms: number) => api.patchMerge(liveStrategies, at, withReset(ms));

test("a reset is the patch that kubectl would send, of that very object and no other field", async () => {
  const { world, target, reset } = await openWithStrategy();
  const before = await stored(world);
  expect(await reset(NOW - 500)).toEqual({ ok: true, value: undefined });
  expect(world.patches).toEqual([
    {
      metadata: { uid: target.uid, resourceVersion: before.metadata.resourceVersion },
      ...withReset(NOW - 500),
    },
  ]);
  expect(await stored(world)).toMatchObject({
    metadata: { uid: target.uid, generation: 2 },
    spec: { ...shape.parse(before).spec, ...withReset(NOW - 500).spec },
  });
});

test("asked twice it is written once, a later one moves it on, an earlier one does not move it back", async () => {
  const { world, reset } = await openWithStrategy();
  for (const ms of [NOW - 500, NOW - 500, NOW - 100, NOW - 400]) {
    expect(await reset(ms)).toMatchObject({ ok: true });
  }
  expect(world.patches).toMatchObject([withReset(NOW - 500), withReset(NOW - 100)]);
  expect(await stored(world)).toMatchObject(withReset(NOW - 100));
});

test("asked twice for an instant that our clock has not reached, it is written once", async () => {
  const { world, reset } = await openWithStrategy();
  expect(await reset(NOW + 50)).toMatchObject({ ok: true });
  expect(await reset(NOW + 50)).toMatchObject({ ok: true });
  expect(world.patches).toHaveLength(1);
});

test.each([
  ["a reset that is still to come", iso(NOW + 60_000)],
  ["one that says no instant", "2026-13-45T99:00:00Z"],
])("%s is left as it is, and said", async (_what, resetAt) => {
  const { world, reset } = await openWithStrategy();
  await world.server.patchMerge(liveStrategies, at, { spec: { killSwitch: { resetAt } } });
  expect(await reset(NOW)).toEqual({
    ok: false,
    error: `spec.killSwitch.resetAt of trading/grid-atr is ${resetAt}, which is not over yet, and a reset is never moved back: change it where the manifest is kept`,
  });
  expect(world.patches).toEqual([]);
});

/** Does something between our look and our write, the first `times`. */
const inBetween =
  (times: number, act: (api: KubeApi) => Promise<unknown>) =>
  (api: KubeApi): KubeApi => {
    let left = times;
    return {
      ...api,
      patchMerge: async (...asked) => {
        if (left > 0) {
          left -= 1;
          await act(api);
        }
        return api.patchMerge(...asked);
      },
    };
  };

let counter = 0;
const reportStatus = (api: KubeApi) => {
  counter += 1;
  const status = { observedGeneration: counter };
  return api.patchMerge(liveStrategies, at, { status }, { subresource: "status" });
};

test("a status that is written in between is no obstacle", async () => {
  const { world, reset } = await openWithStrategy(inBetween(2, reportStatus));
  expect(await reset(NOW)).toMatchObject({ ok: true });
  expect(await stored(world)).toMatchObject(withReset(NOW));
});

test("it is not tried for ever", async () => {
  const { world, reset } = await openWithStrategy(inBetween(99, reportStatus));
  expect(await reset(NOW)).toEqual({
    ok: false,
    error: "trading/grid-atr is being changed by others, and nothing was written: ask again",
  });
  expect(await stored(world)).not.toMatchObject({ spec: { killSwitch: expect.anything() } });
});

test("a later reset that somebody writes in between stays", async () => {
  const { world, reset } = await openWithStrategy(inBetween(1, (api) => setByOthers(api, NOW - 1)));
  expect(await reset(NOW - 500)).toMatchObject({ ok: true });
  expect(await stored(world)).toMatchObject(withReset(NOW - 1));
});

const remake = async (server: KubeApi): Promise<unknown> => {
  const { apiVersion, kind, metadata, ...content } = await stored({ server });
  await server.remove(liveStrategies, at, { uid: metadata.uid });
  const manifest = { apiVersion, kind, metadata: at, spec: shape.parse(content).spec };
  return server.create(liveStrategies, manifest, { fieldManager: "person" });
};

const madeAnew = {
  ok: false,
  error: "trading/grid-atr was deleted and made anew: look before you reset",
};

test("a strategy that was made anew is not reset for what the old one did", async () => {
  const { world, reset } = await openWithStrategy();
  await remake(world.server);
  expect(await reset(NOW)).toEqual(madeAnew);
  expect(world.patches).toEqual([]);
});

test("nor is one that is made anew between the look and the write", async () => {
  const { world, reset } = await openWithStrategy(inBetween(1, remake));
  expect(await reset(NOW)).toEqual(madeAnew);
  expect(await stored(world)).not.toMatchObject({ spec: { killSwitch: expect.anything() } });
});

const answers: ReadonlyArray<readonly [error: ApiError, sentence: string]> = [
  [
    { kind: "NotFound", message: "not found" },
    "trading/grid-atr is gone: there is nothing to reset",
  ],
  [
    { kind: "Invalid", message: "leverage is too high" },
    "the API server refuses the reset of trading/grid-atr: leverage is too high",
  ],
  [
    { kind: "Forbidden", message: "cannot patch" },
    "the aggregator may not reset trading/grid-atr (rights: get and patch livestrategies): cannot patch",
  ],
  [
    { kind: "TooManyRequests", message: "later", retryAfterMs: 1_500 },
    "the API server is overloaded, and the reset of trading/grid-atr was not written: ask again in 2 s",
  ],
  [
    { kind: "Unavailable", message: "no answer from 10.0.0.1" },
    "the reset of trading/grid-atr was not written: no answer from 10.0.0.1",
  ],
  [
    { kind: "Expired", message: "too old" },
    "the reset of trading/grid-atr was not written: too old",
  ],
  [
    { kind: "Unknown", message: "no answer in time" },
    "nobody knows whether the reset of trading/grid-atr was written, and asking again is harmless: no answer in time",
  ],
];

test.each(answers)("the answer %j is told as a sentence", async (error, sentence) => {
  const { world, reset } = await openWithStrategy((api) => ({
    ...api,
    patchMerge: async () => err(error),
  }));
  expect(await reset(NOW)).toEqual({ ok: false, error: sentence });
  expect(await stored(world)).not.toMatchObject({ spec: { killSwitch: expect.anything() } });
});

test("a server that cannot even be looked at is told as a sentence", async () => {
  const { world, reset } = await openWithStrategy();
  world.leave({ kind: "Unavailable", message: "no answer from 10.0.0.1" });
  expect(await reset(NOW)).toEqual({
    ok: false,
    error: "the reset of trading/grid-atr was not written: no answer from 10.0.0.1",
  });
});

const step = fc.record({
  ours: fc.integer({ min: 0, max: 20 }),
  others: fc.option(fc.integer({ min: 0, max: 20 }), { nil: undefined }),
});

test("whatever others write and when, we never move a reset back, and what we say is done is done", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 8 }), async (steps) => {
      let others: number | undefined;
      let last = -Infinity;
      const world = open((api) => ({
        ...api,
        patchMerge: async (...asked) => {
          if (others !== undefined) await setByOthers(api, NOW - 100 + others);
          others = undefined;
          last = await resetOf(world);
          return api.patchMerge(...asked);
        },
      }));
      const target = targetOf(await world.declare("grid-atr"));
      for (const one of steps) {
        others = one.others;
        last = await resetOf(world);
        const done = await world.fleet.resetKillSwitch(target, millis(NOW - 100 + one.ours));
        const now = await resetOf(world);
        expect(done.ok).toBe(true);
        expect(now).toBeGreaterThanOrEqual(Math.max(last, NOW - 100 + one.ours));
      }
    }),
    { numRuns: 200 },
  );
});

const resetOf = async (world: KubeWorld): Promise<number> => {
  const { killSwitch } = shape.parse(await stored(world)).spec;
  return killSwitch === undefined ? -Infinity : Date.parse(killSwitch.resetAt);
};
