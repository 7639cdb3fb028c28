import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { millis } from "#base/clock.ts";
import { unknown } from "#base/fact.ts";
import { liveStrategyStatus } from "#crds/live-strategy-status.ts";
import { decide } from "./decide.ts";
import type { Observed } from "./observed.ts";
import { isWorthWriting, statusOf } from "./status.ts";
import { FACTS, observedFrom } from "./testing/anything.ts";
import {
  answering,
  openCycleOf,
  statusOf as executorStatusOf,
  steady,
  strategyOf,
  strategySaying,
  symbolOf,
} from "./testing/samples.ts";
import { situation } from "./testing/situations.ts";

const write = (observed: Observed = steady) => statusOf(observed, decide(observed), millis(0));
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

test.each([
  ["steady", "Live"],
  ["the emulator needs no switch", "Emulator"],
  ["on paper", "Paper"],
  ["the master switch is off", "Paper"],
  ["disabled", "Off"],
])("%s: the mode is %s", (name, mode) => {
  expect(write(situation(name)).summary?.mode).toBe(mode);
});

test("a number that changes is written once a minute, a state at once", () => {
  const stored = write();
  expect(isWorthWriting(undefined, write(), 0)).toBe(true);
  expect(isWorthWriting(stored, write(), 120_000)).toBe(false);
  expect(isWorthWriting(stored, write(losing), 59_999)).toBe(false);
  expect(isWorthWriting(stored, write(losing), 60_000)).toBe(true);
  expect(isWorthWriting(stored, write(holding), 1)).toBe(true);
  expect(isWorthWriting(stored, write(tripped), 1)).toBe(true);
});

test("a new process may write at once, and writes nothing that is there already", () => {
  expect(isWorthWriting(write(), write(losing), undefined)).toBe(true);
  expect(isWorthWriting(write(), write(), undefined)).toBe(false);
});

test("a status that comes back in another order of keys is the same", () => {
  const stored = JSON.parse(
    JSON.stringify(write(), (_key, value: unknown) =>
      typeof value === "object" && value !== null && !Array.isArray(value)
        ? Object.fromEntries(Object.entries(value).toReversed())
        : value,
    ),
  );
  expect(Object.keys(stored)).not.toEqual(Object.keys(write()));
  expect(isWorthWriting(stored, write(), undefined)).toBe(false);
});

test("what is known of account and kill switch outlives an executor that does not answer", () => {
  const strategy = { ...steady.strategy, status: write(tripped) };
  const status = write({ ...steady, strategy, executor: unknown("gone") });
  expect(status.account?.uid).toBe("1001");
  expect(status.killSwitch?.engaged).toBe(true);
});

test("the status says whether the account is the strategy's own, and who else trades on it", () => {
  expect(write().account).toMatchObject({ uid: "1001", dedicatedKeys: true, sharedWith: [] });
  const { account } = executorStatusOf();
  const executor = answering({ account: { ...account, dedicatedKeys: false } });
  const shared = write({ ...steady, executor, sharedWith: ["trading/b"] });
  expect(shared.account).toMatchObject({ dedicatedKeys: false, sharedWith: ["trading/b"] });
});

test("the account is remembered with the Secret that led to it", () => {
  expect(write().account?.credentialsSecret).toBe("");
  const { exchange } = steady.strategy.spec;
  const own = { ...exchange, credentialsSecretRef: { name: "bitget-grid-atr" } };
  const strategy = strategyOf({ exchange: own });
  expect(write({ ...steady, strategy }).account?.credentialsSecret).toBe("bitget-grid-atr");
});

const withdrawn = answering({ desiredState: "Reducing" });

test.each<[string, Observed, string | undefined]>([
  ["one that trades says at most that all has its stop", steady, "Protected"],
  [
    "one that opens nothing, and is about to trade again",
    { ...steady, executor: withdrawn },
    "Protected",
  ],
  ["one that opens nothing any more, and holds nothing", situation("all is closed"), "Flat"],
  ["one that holds something", situation("it has withdrawn"), "Protected"],
  [
    "one that still has an entry out",
    situation("nothing is open, but an entry rests"),
    "Protected",
  ],
  ["one without a stop", situation("it has withdrawn, and a stop is missing"), "Unprotected"],
  ["one that does not know yet", situation("recovering"), "Unknown"],
  ["one with an order in doubt", situation("an order is in doubt"), "Unknown"],
  ["one that never spoke", situation("silent"), undefined],
  ["one that is silent keeps its last word", situation("deleted and silent"), "Flat"],
  ["one that is gone keeps it too", situation("gone without a stop"), "Unprotected"],
])("%s", (_name, observed, positions) => {
  expect(write(observed).executor?.positions).toBe(positions);
});

test("what it held is kept beside its last word, when it has gone too", () => {
  const held = write(holding);
  expect(held.executor).toMatchObject({ positions: "Protected", holding: "long 1 BTC" });
  const strategy = { ...steady.strategy, status: held };
  const silent = write({ ...steady, strategy, executor: unknown("gone") });
  expect(silent.executor).toMatchObject({ positions: "Protected", holding: "long 1 BTC" });
  const away = write({ ...steady, strategy, workload: undefined, executor: undefined });
  expect(away.executor).toEqual({ positions: "Protected", holding: "long 1 BTC" });
});

test("a word from before is taken back as soon as it is to trade again", () => {
  const gone = { ...situation("claimed"), strategy: strategySaying("Flat") };
  expect(write(gone).executor?.positions).toBe("Protected");
  const unsafe = { ...gone, strategy: strategySaying("Unprotected") };
  expect(write(unsafe).executor?.positions).toBe("Unprotected");
});

test("where the executor answers is said while there is one", () => {
  expect(write().executor?.url).toBe("http://127.0.0.1:1");
  expect(write(situation("claimed")).executor).toBeUndefined();
});

test("more positions than a line has room for are counted", () => {
  const symbols = Array.from({ length: 30 }, (_, index) =>
    symbolOf({ symbol: `COIN${index}/USDT:USDT`, cycle: openCycleOf() }),
  );
  const { summary } = write({ ...steady, executor: answering({ symbols }) });
  expect(summary?.position).toBe("30 positions");
});

test("whatever is observed, the API server takes the status", () => {
  const anyObserved = fc
    .tuple(
      fc.array(fc.nat(60), { minLength: FACTS, maxLength: FACTS }),
      fc.nat(60),
      fc.nat(200),
      fc.string(),
    )
    .map(([numbers, positions, others, words]): Observed => {
      const observed = observedFrom(numbers);
      const { executor } = observed;
      if (executor?.kind === "Unknown") return { ...observed, executor: unknown(words) };
      if (executor?.kind !== "Known") return observed;
      const symbols = Array.from({ length: positions }, () => symbolOf({ cycle: openCycleOf() }));
      const sharedWith = Array.from({ length: others }, (_, index) => `trading/s${index}`);
      return { ...observed, executor: answering({ ...executor.value, symbols }), sharedWith };
    });
  fc.assert(
    fc.property(anyObserved, (observed) => {
      const status = write(observed);
      expect(liveStrategyStatus.strict().parse(status)).toEqual(status);
    }),
    { numRuns: 300 },
  );
});
