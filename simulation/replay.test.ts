import { expect, test } from "@jest/globals";
import { assets } from "#exchange/emulator/assets.ts";
import type { AuditEvent } from "#exchange/emulator/audit-events.ts";
import { auditLog } from "#exchange/emulator/audit.ts";
import { createProcessPath } from "#exchange/emulator/prices/process.ts";
import { withShocks } from "#exchange/emulator/prices/shocks.ts";
import { runReplay, type Replay } from "./replay.ts";
import { busySpec, LEVELS_MAX, NOON } from "./testing/specs.ts";
import { crimes, ledgerDifferences, logOf } from "./testing/witnesses.ts";
import { minutesAfter } from "./testing/world.ts";

const MINUTES = 120;
/** Before the crash, with positions open. */
const HALFWAY = 35;
const bases = ["SOL", "XRP"];
const calm = createProcessPath({
  seed: 4,
  anchor: NOON,
  assets: assets.filter(({ base }) => bases.includes(base)),
});
const shock = (minutes: number, percent: number, seconds: number) => ({
  symbol: "all" as const,
  percent,
  at: minutesAfter(NOON, minutes),
  durationMs: seconds * 1_000,
});

/** Down through every level and stop within a minute, half of it back, and down once more. */
const crash = withShocks(calm, [shock(41, -11, 60), shock(44, 7, 300), shock(90, -6, 5)]);

const replay = (change: Partial<Parameters<typeof runReplay>[0]> = {}): Promise<Replay> =>
  runReplay({
    path: crash,
    spec: busySpec(bases),
    from: NOON,
    to: minutesAfter(NOON, MINUTES),
    seed: 11,
    balance: "10000",
    ...change,
  });

const tradesOf = ({ events }: Replay): ReadonlyArray<string> =>
  logOf(events).flatMap((event) =>
    event.kind === "OrderFilled" ? [`${event.at} ${event.clientOid} ${event.price}`] : [],
  );

const stopsFired = ({ events }: Replay): number =>
  events.filter((event) => event.kind === "PlanTriggered").length;

for (const presetStop of ["order", "position"] as const) {
  test(`a crash through every level leaves clean books, preset stops being of the ${presetStop}`, async () => {
    const switches = { presetStop };
    const first = await replay({ switches });
    const status = first.executor.status();
    expect(status.ledger.fills).toBeGreaterThan(10);
    expect(stopsFired(first)).toBeGreaterThan(0);
    expect(crimes(logOf(first.events), LEVELS_MAX)).toEqual([]);
    expect(ledgerDifferences(status, first.account)).toEqual([]);
    expect(status).toMatchObject({ protected: true, reconciled: true, unsettledOrders: 0 });
    // The third witness: the books made of the fills of the log alone.
    const [books] = auditLog(logOf(first.events)).books.values();
    expect(books?.wallet.toFixed()).toBe(status.ledger.wallet);
    const second = await replay({ switches });
    expect(logOf(second.events)).toEqual(logOf(first.events));
    expect(second.executor.status()).toEqual(status);
  });
}

test("other chances of the network give other instants, and books that are as clean", async () => {
  const to = minutesAfter(NOON, 60);
  const runs = await Promise.all([1, 2, 3].map((seed) => replay({ seed, to })));
  for (const { executor, account, events } of runs) {
    expect(ledgerDifferences(executor.status(), account)).toEqual([]);
    expect(crimes(logOf(events), LEVELS_MAX)).toEqual([]);
  }
  expect(new Set(runs.map((run) => tradesOf(run).join("\n"))).size).toBeGreaterThan(1);
});

test("a kill switch that trips in the crash lets nothing new in", async () => {
  const { risk } = busySpec(bases);
  const killSwitch = { sessionLossPercent: 2, action: "BlockEntries" } as const;
  const { executor, events } = await replay({
    spec: busySpec(bases, { risk: { ...risk, killSwitch } }),
  });
  const status = executor.status();
  const trippedAt = status.killSwitch.trippedAt ?? Infinity;
  expect(status.killSwitch.engaged).toBe(true);
  const later = logOf(events).filter(({ at }) => at > trippedAt + 1_000);
  expect(later.filter((event) => event.kind === "OrderAccepted" && !event.reduceOnly)).toEqual([]);
  expect(status.symbols.every(({ resting }) => resting.length === 0)).toBe(true);
});

// What the witnesses say of a system that is wrong.

/** Both symbols have an open cycle at its end. */
const halfway = replay({ to: minutesAfter(NOON, HALFWAY) });

test("a log in which one stop is missing is found to be naked", async () => {
  const log = logOf((await halfway).events);
  const stop = log.find((event) => event.kind === "PlanPlaced");
  if (stop === undefined || !("planId" in stop)) throw new Error("no stop");
  const spoiled = log.filter((event) => !("planId" in event) || event.planId !== stop.planId);
  expect(crimes(log, LEVELS_MAX)).toEqual([]);
  expect(crimes(spoiled, LEVELS_MAX)).toContainEqual(expect.stringContaining("naked"));
});

test("a log in which an entry was accepted twice is found out, whatever its id", async () => {
  const log = logOf((await halfway).events);
  const entry = log.find((event) => event.kind === "OrderAccepted" && !event.reduceOnly);
  if (entry?.kind !== "OrderAccepted") throw new Error("no entry");
  const repeat = { ...entry, orderId: "repeat" };
  const spoiled = (twin: AuditEvent) => log.flatMap((one) => (one === entry ? [one, twin] : [one]));
  expect(crimes(spoiled(repeat), LEVELS_MAX)).toContainEqual(
    expect.stringContaining("accepted twice"),
  );
  expect(crimes(spoiled({ ...repeat, clientOid: "other" }), LEVELS_MAX)).toContainEqual(
    expect.stringContaining("two entries rest"),
  );
});

test("a ledger that is one unit off in any field is found to differ", async () => {
  const { executor, account } = await halfway;
  const status = executor.status();
  const { ledger, symbols } = status;
  expect(symbols.some(({ cycle }) => cycle !== null)).toBe(true);
  expect(ledgerDifferences(status, account)).toEqual([]);
  const spoiled = [
    { ...status, ledger: { ...ledger, fills: ledger.fills + 1 } },
    { ...status, ledger: { ...ledger, fees: `${ledger.fees}1` } },
    { ...status, ledger: { ...ledger, realizedPnl: `${ledger.realizedPnl}1` } },
    { ...status, ledger: { ...ledger, wallet: `${ledger.wallet}1` } },
    { ...status, ledger: { ...ledger, wallet: null } },
    { ...status, symbols: [] },
  ];
  for (const wrong of spoiled) expect(ledgerDifferences(wrong, account)).toHaveLength(1);
});
