import { expect, test } from "@jest/globals";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { millis } from "#base/clock.ts";
import { liveStrategy, type LiveStrategy } from "#crds/live-strategy.ts";
import { openObjectStore } from "#runtime/object-store.ts";
import { openLocalFleet } from "./local-fleet.ts";

const open = () => {
  const folder = mkdtempSync(join(tmpdir(), "fleet-"));
  return {
    folder,
    fleet: openLocalFleet(folder),
    objects: openObjectStore(join(folder, "livestrategies")),
  };
};

const stored = (name: string): LiveStrategy =>
  liveStrategy.parse({
    apiVersion: "scalpradar.io/v1alpha1",
    kind: "LiveStrategy",
    metadata: { namespace: "trading", name, uid: `uid-${name}`, generation: 1 },
    spec: {
      liveEligible: true,
      strategy: { kind: "grid_atr", gridAtr: {} },
      timeframe: "1h",
      leverage: 7,
      assets: [{ symbol: "BTC/USDT:USDT" }],
      exchange: { id: "bitget", environment: "Emulator" },
    },
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
      executor: { url: "http://127.0.0.1:4000" },
    },
  });

const key = { namespace: "trading", name: "grid-atr", uid: "uid-grid-atr" };

test("a stored LiveStrategy becomes a member, in the order of its name", () => {
  const { fleet, objects } = open();
  objects.put({ namespace: "trading", name: "z" }, stored("z"));
  objects.put(key, stored("grid-atr"));
  const listed = fleet.list();
  expect(listed).toMatchObject({
    ok: true,
    value: {
      problems: [],
      members: [
        {
          ...key,
          kind: "grid_atr",
          enabled: true,
          liveEligible: true,
          environment: "Emulator",
          leverage: 7,
          symbols: ["BTC/USDT:USDT"],
          executorUrl: "http://127.0.0.1:4000",
          conditions: [{ type: "Ready", reason: "Trading" }],
        },
        { name: "z" },
      ],
    },
  });
});

test("fields of a newer version do not make a strategy vanish", () => {
  const { fleet, objects } = open();
  const newer = stored("grid-atr");
  objects.put(key, { ...newer, spec: { ...newer.spec, tomorrow: { yes: true } } });
  expect(fleet.list()).toMatchObject({ value: { members: [{ name: "grid-atr" }] } });
});

test("a strategy that does not say what money it trades with is taken to trade real money", () => {
  const { fleet, objects } = open();
  const { exchange: _, ...spec } = stored("grid-atr").spec;
  objects.put(key, { ...stored("grid-atr"), spec });
  expect(fleet.list()).toMatchObject({ value: { members: [{ environment: "Live" }] } });
});

test("an object that is not understood is named, and hides nobody", () => {
  const { fleet, objects } = open();
  objects.put(key, stored("grid-atr"));
  objects.put({ namespace: "a", name: "odd" }, { metadata: { namespace: "a", name: "odd" } });
  const listed = fleet.list();
  expect(listed).toMatchObject({ value: { members: [{ name: "grid-atr" }] } });
  expect(listed.ok && listed.value.problems[0]).toMatch(/^a\/odd is not understood: metadata\.uid/);
});

test("a folder that cannot be read is an error and not an empty fleet", () => {
  const { fleet, folder } = open();
  rmSync(join(folder, "livestrategies"), { recursive: true });
  expect(fleet.list()).toMatchObject({
    ok: false,
    error: expect.stringMatching(/^cannot read the strategies: .*ENOENT/),
  });
});

const patch = (folder: string): unknown =>
  JSON.parse(readFileSync(join(folder, "patches", "trading.grid-atr.json"), "utf8"));

const resetAt = (instant: string) => ({
  metadata: { namespace: "trading", name: "grid-atr" },
  spec: { killSwitch: { resetAt: instant } },
});

test("a reset is the patch that kubectl would send", async () => {
  const { fleet, folder } = open();
  const written = await fleet.resetKillSwitch(key, millis(Date.UTC(2021, 11, 4, 5)));
  expect(written.ok).toBe(true);
  expect(patch(folder)).toEqual(resetAt("2021-12-04T05:00:00.000Z"));
});

test("an earlier reset that comes late does not undo a later one", async () => {
  const { fleet, folder } = open();
  await fleet.resetKillSwitch(key, millis(Date.UTC(2021, 11, 4, 6)));
  await fleet.resetKillSwitch(key, millis(Date.UTC(2021, 11, 4, 5)));
  expect(patch(folder)).toEqual(resetAt("2021-12-04T06:00:00.000Z"));
});

test("a patch that cannot be written is said, not thrown", async () => {
  const { fleet, folder } = open();
  // A file where the folder should be stops even root.
  rmSync(join(folder, "patches"), { recursive: true });
  writeFileSync(join(folder, "patches"), "");
  expect(await fleet.resetKillSwitch(key, millis(0))).toMatchObject({
    ok: false,
    error: expect.stringMatching(/^cannot write the reset: /),
  });
});
