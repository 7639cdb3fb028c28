import { expect, test } from "@jest/globals";
import { millis } from "#base/clock.ts";
import { known, unknown, type Fact } from "#base/fact.ts";
import type { Exchange } from "#exchange/port.ts";
import { silentLogger } from "#runtime/log.ts";
import { createVirtualTime, type VirtualTime } from "#simulation/time.ts";
import type { EngineEvent } from "#trading/engine/events.ts";
import { amount } from "#trading/money.ts";
import { planOf, positionOf } from "#trading/testing/scene.ts";
import { createFactStore, type Facts } from "./facts.ts";
import { createObserver } from "./observer.ts";
import { silentExchange } from "./testing/silent-exchange.ts";

const START = millis(1_000_000);
const balance = { equity: amount(101), available: amount(50), wallet: amount(100) };
const position = positionOf("2");
const plan = planOf();

type Reads = Pick<Exchange, "fetchPositions" | "fetchOpenOrders" | "fetchPlans" | "fetchBalance">;

/** Answers that are all known, at once. */
const answers = (time: VirtualTime): Reads => ({
  fetchPositions: async () => known([position], time.now()),
  fetchOpenOrders: async () => known([], time.now()),
  fetchPlans: async () => known([plan], time.now()),
  fetchBalance: async () => known(balance, time.now()),
});

type Seen = {
  readonly time: VirtualTime;
  readonly events: ReadonlyArray<EngineEvent>;
  /** When each observation came, in milliseconds since the start. */
  readonly instants: () => ReadonlyArray<number>;
  readonly facts: () => Facts;
  readonly nudge: () => void;
  readonly run: (ms: number) => Promise<void>;
};

const observe = async (
  script: (time: VirtualTime) => Partial<Reads>,
  use: (seen: Seen) => Promise<void>,
  version: () => number = () => 7,
): Promise<void> => {
  const time = createVirtualTime(START, 1);
  const facts = createFactStore();
  const events: EngineEvent[] = [];
  const observer = createObserver({
    clock: time,
    timers: time,
    exchange: { ...silentExchange, ...answers(time), ...script(time) },
    version,
    facts,
    push: (event) => events.push(event),
    log: silentLogger,
  });
  const end = new AbortController();
  const running = observer.run(end.signal);
  await use({
    time,
    events,
    instants: () => events.map(({ at }) => at - START),
    facts: facts.current,
    nudge: observer.nudge,
    run: (ms) => time.runUntil(millis(time.now() + ms)),
  });
  end.abort();
  await time.runUntil(millis(time.now() + 10_000));
  await running;
};

/** Takes so long to answer. */
const slow =
  (time: VirtualTime, ms: number) =>
  <T>(answer: () => Fact<T>): (() => Promise<Fact<T>>) =>
  () =>
    new Promise((resolve) => void time.after(ms, () => resolve(answer())));

test("four known reads make one observation and the facts that go with it", () =>
  observe(
    () => ({}),
    async ({ run, events, facts }) => {
      await run(0);
      expect(events).toEqual([
        {
          kind: "AccountObserved",
          at: START,
          asOf: 7,
          positions: [position],
          orders: [],
          plans: [plan],
          wallet: balance.wallet,
        },
      ]);
      expect(facts().balance).toMatchObject({ value: balance, at: START });
      expect(facts().account).toMatchObject({ value: { plans: [plan] }, at: START });
    },
  ));

test.each(["fetchPositions", "fetchOpenOrders", "fetchPlans", "fetchBalance"] as const)(
  "one unknown read among them (%s) makes no observation, and the facts grow old",
  (name) =>
    observe(
      (time) => ({
        [name]: async () => (time.now() > START ? unknown("timeout") : known([], time.now())),
        ...(name === "fetchBalance"
          ? {
              fetchBalance: async () =>
                time.now() > START ? unknown("timeout") : known(balance, time.now()),
            }
          : {}),
      }),
      async ({ run, instants, facts }) => {
        await run(30_000);
        expect(instants()).toEqual([0]);
        expect(facts().account?.elapsed).toBe(0);
        expect(facts().balance?.elapsed).toBe(0);
      },
    ),
);

test("the account is read every five seconds", () =>
  observe(
    () => ({}),
    async ({ run, instants }) => {
      await run(16_000);
      expect(instants()).toEqual([0, 5_250, 10_500, 15_750]);
    },
  ));

test("an observation speaks for the state in which it was asked for, and is as old as the question", () => {
  let version = 1;
  return observe(
    (time) => ({ fetchPlans: slow(time, 2_000)(() => known([plan], time.now())) }),
    async ({ run, events, facts }) => {
      await run(1_000);
      version = 5;
      await run(1_500);
      expect(events).toMatchObject([{ asOf: 1, at: START + 2_000 }]);
      expect(facts().account?.elapsed).toBe(0);
    },
    () => version,
  );
});

test("a suspicion makes it look at once, and a burst of them makes it look once", () =>
  observe(
    () => ({}),
    async ({ run, instants, nudge }) => {
      await run(1_000);
      for (let count = 0; count < 20; count += 1) nudge();
      await run(1_000);
      expect(instants()).toEqual([0, 1_000]);
      await run(3_000);
      expect(instants()).toEqual([0, 1_000]);
    },
  ));

test("a suspicion that comes while it is looking makes it look again, after a pause", () =>
  observe(
    (time) => ({ fetchPlans: slow(time, 400)(() => known([plan], time.now())) }),
    async ({ run, instants, nudge }) => {
      await run(100);
      nudge();
      await run(2_000);
      expect(instants()).toEqual([400, 1_050]);
    },
  ));

test("endless suspicion cannot make it read without a pause", () =>
  observe(
    () => ({}),
    async ({ time, run, instants, nudge }) => {
      const again = () => {
        nudge();
        time.after(10, again);
      };
      again();
      await run(2_000);
      expect(instants().length).toBeLessThanOrEqual(10);
    },
  ));

test("once it is told to end it looks no more", async () => {
  let reads = 0;
  await observe(
    (time) => ({
      fetchBalance: async () => {
        reads += 1;
        return known(balance, time.now());
      },
    }),
    async ({ run }) => run(1_000),
  );
  expect(reads).toBe(1);
});
