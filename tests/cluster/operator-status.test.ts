/**
 * Status by the API conventions, as the server has kept every version of it: what a condition says is
 * dated and says of which specification, numbers are written once a minute, and kubectl shows it.
 */

import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { z } from "zod";
import { sleep } from "#base/clock.ts";
import type { LiveStrategyStatus } from "#crds/live-strategy-status.ts";
import { conditionReasons, eventReasons } from "#operator/reasons.ts";
import { systemClock } from "#runtime/clock.ts";
import { parseStrategy, pathOf, startStrategyWorld, type StrategyWorld } from "./strategy-world.ts";
import { until } from "./until.ts";
import { watchVersions, type Versions } from "./versions.ts";

const TIMEOUT_MS = 60_000;
const PERIOD_MS = 2_500;
const BTC = "BTC/USDT:USDT";

let world: StrategyWorld;
let versions: Versions;
beforeAll(async () => {
  world = await startStrategyWorld({ writesEvents: true });
  versions = await watchVersions(world.plane, pathOf(""));
}, 120_000);
afterAll(async () => {
  versions.stop();
  await world.close();
}, TIMEOUT_MS);

const seenOf = (name: string) =>
  versions
    .all()
    .map(parseStrategy)
    .filter(({ metadata }) => metadata.name === name);

const statusesOf = (name: string): ReadonlyArray<LiveStrategyStatus> =>
  seenOf(name).map(({ status }) => status);

test(
  "every condition is there from the first word on, dated by its status, of one generation",
  async () => {
    const script = world.script("dated");
    await world.apply("dated");
    await world.untilReady("dated", "Trading");
    script.open = new Set([BTC]);
    await world.patch("dated", { leverage: 4 });
    await until("it was told", () => script.told.length === 1);
    script.connected = false;
    await world.untilReady("dated", "Disconnected");
    script.connected = true;
    await world.untilReady("dated", "Trading");
    await world.patch("dated", { enabled: false });
    await world.untilReady("dated", "Disabled");
    await until("it has ended", async () => (await world.pods("dated")).length === 0);
    await until(
      "nothing is under way",
      async () => (await world.get("dated")).says("Reconciling").status === "False",
    );

    const types = [
      "Ready",
      "Reconciling",
      "Stalled",
      "Connected",
      "Protected",
      "Reconciled",
      "KillSwitchEngaged",
      "AccountConflict",
    ];
    const written = statusesOf("dated").filter(({ conditions }) => conditions !== undefined);
    expect(written[0]?.conditions?.[0]).toMatchObject({ type: "Ready", status: "Unknown" });
    let checked = 0;
    for (const [index, { conditions = [], observedGeneration }] of written.entries()) {
      expect(conditions.map(({ type }) => type)).toEqual(types);
      for (const one of conditions) {
        expect(one.observedGeneration).toBe(observedGeneration);
        expect(Object.keys(conditionReasons)).toContain(one.reason);
        expect(one.lastTransitionTime).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
        const before = written[index - 1]?.conditions?.find(({ type }) => type === one.type);
        if (before === undefined || before.status !== one.status) continue;
        expect(one.lastTransitionTime).toBe(before.lastTransitionTime);
        checked += 1;
      }
    }
    expect(checked).toBeGreaterThan(types.length * 3);
    const generations = written.map((one) => one.observedGeneration ?? 0);
    expect(generations).toEqual(generations.toSorted((a, b) => a - b));
    expect(generations.at(-1)).toBe(3);
  },
  TIMEOUT_MS,
);

test(
  "a version of the status is never the one before it once more",
  async () => {
    await world.apply("sparing");
    await world.untilReady("sparing", "Trading");
    await world.restartOperator();
    await world.untilReady("sparing", "Trading");
    await sleep(systemClock, PERIOD_MS);
    const texts = seenOf("sparing").map(({ metadata, status }) =>
      JSON.stringify([metadata.generation, metadata.finalizers, status]),
    );
    expect(new Set(texts).size).toBe(texts.length);
    expect(texts.length).toBeLessThan(7);
  },
  TIMEOUT_MS,
);

test(
  "profit is written once a minute, a position that opens at once",
  async () => {
    const script = world.script("counting");
    await world.apply("counting");
    await world.untilReady("counting", "Trading");
    // The minute counts from the last write.
    await sleep(systemClock, PERIOD_MS);
    const settled = statusesOf("counting").length;
    for (const pnl of ["1.5", "2.5", "-3.25"]) {
      script.sessionPnl = pnl;
      await sleep(systemClock, PERIOD_MS);
    }
    expect(statusesOf("counting")).toHaveLength(settled);

    world.clock.advance(60_000);
    await until("the profit is written", () => statusesOf("counting").length > settled);
    const [before, after] = statusesOf("counting").slice(settled - 1);
    expect(after?.summary?.netProfitDay).toBe("-3.25 USDT");
    expect(after?.conditions).toEqual(before?.conditions);

    script.open = new Set([BTC]);
    await until(
      "the position is written",
      () => statusesOf("counting").at(-1)?.summary?.position === "long 1 BTC",
    );
    expect(statusesOf("counting")).toHaveLength(settled + 2);
  },
  TIMEOUT_MS,
);

test(
  "kubectl shows the state in its columns",
  async () => {
    const script = world.script("listed");
    script.open = new Set([BTC]);
    script.sessionPnl = "8.21";
    await world.apply("listed");
    await world.untilReady("listed", "Trading");
    const [header = "", row = ""] = (await world.kubectl("get", "lstrat", "listed")).split("\n");
    expect(header.split(/ {2,}/)).toEqual([
      "NAME",
      "STRATEGY",
      "SYMBOLS",
      "MODE",
      "READY",
      "STATUS",
      "POSITION",
      "PNL-DAY",
      "DRAWDOWN",
      "AGE",
    ]);
    expect(row.split(/ {2,}/).slice(0, -1)).toEqual([
      "listed",
      "grid_atr",
      BTC,
      "Emulator",
      "True",
      "Trading",
      "long 1 BTC",
      "+8.21 USDT",
      "0.0% of 25%",
    ]);
    const wide = await world.kubectl("get", "lstrat", "listed", "-o", "wide", "--no-headers");
    expect(wide).toContain("account of trading/listed");
    expect(wide).toContain("http://executor-listed.trading.svc:8080");
    expect(wide.trimEnd().endsWith("Entries may be sent.")).toBe(true);
  },
  TIMEOUT_MS,
);

const events = z.object({
  items: z.array(
    z.looseObject({
      reason: z.string(),
      type: z.string(),
      count: z.int().optional(),
      series: z.looseObject({ count: z.int() }).optional(),
      involvedObject: z.object({ kind: z.string(), name: z.string(), uid: z.string() }).partial(),
    }),
  ),
});

const eventsOf = async (name: string) => {
  const selector = `--field-selector=involvedObject.name=${name},involvedObject.kind=LiveStrategy`;
  const list: unknown = JSON.parse(await world.kubectl("get", "events", selector, "-o", "json"));
  return events.parse(list).items;
};

test(
  "what happens is an event of the strategy, once for each time",
  async () => {
    const script = world.script("told-of");
    await world.apply("told-of");
    await world.untilReady("told-of", "Trading");
    script.isProtected = false;
    await world.untilReady("told-of", "Unprotected");
    script.isProtected = true;
    await world.untilReady("told-of", "Trading");
    await world.patch("told-of", { enabled: false });
    await world.untilReady("told-of", "Disabled");
    await until("all is written", async () => (await eventsOf("told-of")).length >= 5);

    const shown = await eventsOf("told-of");
    const counted = shown.map(
      ({ reason, type, series }) => `${type} ${reason} ${series?.count ?? 1}`,
    );
    expect(counted.toSorted()).toEqual([
      "Normal Disabled 1",
      "Normal ExecutorStarting 1",
      "Normal StopPlaced 1",
      "Normal Trading 2",
      "Warning StopMissing 1",
    ]);
    const { uid } = (await world.get("told-of")).metadata;
    expect(new Set(shown.map(({ involvedObject }) => involvedObject.uid))).toEqual(new Set([uid]));
    const described = await world.kubectl("describe", "lstrat", "told-of");
    expect(described).toContain("A position has no stop that the exchange has shown.");
    for (const { reason } of shown) expect(Object.keys(eventReasons)).toContain(reason);
  },
  TIMEOUT_MS,
);
