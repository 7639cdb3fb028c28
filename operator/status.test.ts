import { expect, test } from "@jest/globals";
import { millis } from "#base/clock.ts";
import { unknown } from "#base/fact.ts";
import { decide } from "./decide.ts";
import { isWorthWriting, statusOf } from "./status.ts";
import {
  answering,
  openCycleOf,
  statusOf as executorStatusOf,
  steady,
  symbolOf,
} from "./testing/samples.ts";
import { eventsOf } from "./transitions.ts";

const write = (observed = steady) => statusOf(observed, decide(observed), [], millis(0));
const holding = {
  ...steady,
  executor: answering({ symbols: [symbolOf({ cycle: openCycleOf() })] }),
};
const { killSwitch } = executorStatusOf();
const losing = {
  ...steady,
  executor: answering({ killSwitch: { ...killSwitch, sessionPnl: "-12.345", lossPercent: 1.2 } }),
};
const tripped = {
  ...steady,
  executor: answering({
    killSwitch: { ...killSwitch, engaged: true, reason: "session loss", trippedAt: 5 },
  }),
};

test("the summary is in words, with signs and units", () => {
  expect(write(holding).summary).toMatchObject({ mode: "Live", position: "long 1 BTC" });
  expect(write(losing).summary).toMatchObject({
    position: "flat",
    netProfitDay: "-12.35 USDT",
    drawdown: "1.2% of 25%",
  });
});

test("a number that changes is written once a minute, a state at once", () => {
  const written = { status: write(), at: 0 };
  expect(isWorthWriting(undefined, write(), 0)).toBe(true);
  expect(isWorthWriting(written, write(), 120_000)).toBe(false);
  expect(isWorthWriting(written, write(losing), 59_999)).toBe(false);
  expect(isWorthWriting(written, write(losing), 60_000)).toBe(true);
  expect(isWorthWriting(written, write(holding), 1)).toBe(true);
  expect(isWorthWriting(written, write(tripped), 1)).toBe(true);
});

test("what is known of account and kill switch outlives an executor that does not answer", () => {
  const strategy = { ...steady.strategy, status: write(tripped) };
  const status = write({ ...steady, strategy, executor: unknown("gone") });
  expect(status.account?.uid).toBe("1001");
  expect(status.killSwitch?.engaged).toBe(true);
});

test("events tell transitions, and nothing when there is none", () => {
  expect(eventsOf(write(), write())).toEqual([]);
  expect(eventsOf(write(), write(tripped)).map(({ reason }) => reason)).toEqual([
    "KillSwitchEngaged",
  ]);
  expect(eventsOf(write(tripped), write()).map(({ reason }) => reason)).toEqual([
    "Trading",
    "KillSwitchReset",
  ]);
});

test("the status says whether the account is the strategy's own, and who else trades on it", () => {
  expect(write().account).toEqual({ uid: "1001", dedicatedKeys: true, sharedWith: [] });
  const { account } = executorStatusOf();
  const executor = answering({ account: { ...account, dedicatedKeys: false } });
  const shared = statusOf({ ...steady, executor }, decide(steady), ["trading/b"], millis(0));
  expect(shared.account).toMatchObject({ dedicatedKeys: false, sharedWith: ["trading/b"] });
});
