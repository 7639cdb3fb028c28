/**
 * Processes killed for real while money is at risk. The witness is the emulator's own log, which
 * outlives everybody: nothing is placed twice, and the stop never goes away.
 */

import { afterEach, expect, test } from "@jest/globals";
import { auditEvents, auditOf, childrenOf, is, isReady, newHome, up, type Run } from "./session.ts";

const TIMEOUT_MS = 120_000;
const runs: Run[] = [];
const start = (home: string): Run => {
  const run = up(["--home", home]);
  runs.push(run);
  return run;
};

afterEach(() => {
  for (const run of runs.splice(0)) run.kill("SIGTERM");
});

const end = async (run: Run): Promise<void> => {
  run.kill("SIGTERM");
  expect(await run.ended).toBe(0);
  expect(await run.until(is("ledger"))).toMatchObject({ equal: true, differences: [] });
};

const nothingDoubledNothingNaked = (home: string): void => {
  const audit = auditOf(home);
  expect(audit.fills.length).toBeGreaterThan(0);
  expect(audit.doubledClientIds).toEqual([]);
  expect(audit.nakedIntervals).toEqual([]);
};

/** The most orders of one symbol that ever rested at the same price: two would be a doubled level. */
const mostAtOnePrice = (home: string): number => {
  const resting = new Map<string, string>();
  let most = 0;
  for (const event of auditEvents(home)) {
    if (event.kind === "OrderCanceled" || event.kind === "OrderFilled") {
      resting.delete(event.orderId);
    }
    if (event.kind !== "OrderAccepted" || event.limit === null) continue;
    const place = `${event.symbol} ${event.side} ${event.limit}`;
    resting.set(event.orderId, place);
    most = Math.max(most, [...resting.values()].filter((other) => other === place).length);
  }
  return most;
};

test(
  "an executor that is killed with an open cycle comes back, adopts it and places nothing twice",
  async () => {
    const home = newHome();
    const run = start(home);
    await run.until(is("stop-confirmed"));
    const [pid, ...others] = childrenOf(run.pid, "executor");
    expect(others).toEqual([]);
    if (pid === undefined) throw new Error("there is no executor to kill");
    process.kill(pid, "SIGKILL");

    await run.until(isReady("grid-atr", "ExecutorRestarting"));
    const seen = run.events().length;
    await run.until((event) =>
      run.events().indexOf(event) >= seen ? isReady("grid-atr", "Trading")(event) : false,
    );
    const [successor] = childrenOf(run.pid, "executor");
    expect(successor).not.toBe(pid);

    await end(run);
    nothingDoubledNothingNaked(home);
    expect(mostAtOnePrice(home)).toBe(1);
  },
  TIMEOUT_MS,
);

test(
  "after the whole session is killed the next one goes on where it ended, and the stop is there",
  async () => {
    const home = newHome();
    const killed = start(home);
    await killed.until(is("stop-confirmed"));
    const children = ["executor", "emulator", "aggregator"].flatMap((name) =>
      childrenOf(killed.pid, name),
    );
    expect(children).toHaveLength(3);
    killed.kill("SIGKILL");
    expect(await killed.ended).toBeNull();

    const next = start(home);
    expect(await next.until(is("ready"))).toMatchObject({ resumed: true });
    await next.until(isReady("grid-atr", "Trading"));
    await end(next);
    nothingDoubledNothingNaked(home);
    expect(mostAtOnePrice(home)).toBe(1);
  },
  TIMEOUT_MS,
);
