import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { isLeftSafe, positionsOf } from "./departure.ts";
import {
  openCycleOf,
  restingOf,
  statusOf,
  strategyOf,
  strategySaying,
  symbolOf,
} from "./testing/samples.ts";
import {
  createSmallWorld,
  happenings,
  type Happening,
  type Interruption,
  type Round,
  type SmallWorld,
} from "./testing/small-world.ts";

const reducing = statusOf({ desiredState: "Reducing" });
const held = symbolOf({ cycle: openCycleOf() });
const offered = symbolOf({ resting: restingOf() });

test.each<[string, Partial<typeof reducing>, string]>([
  ["nothing open, and nothing comes", {}, "Flat"],
  ["the same, told to be flat", { desiredState: "Flat" }, "Flat"],
  ["nothing open, but it trades", { desiredState: "Trading" }, "Protected"],
  ["nothing open, but an entry rests", { symbols: [offered] }, "Protected"],
  ["one of two symbols is open", { symbols: [symbolOf(), held] }, "Protected"],
  ["open without a stop", { symbols: [held], protected: false }, "Unprotected"],
  ["the exchange was not asked about everything yet", { reconciled: false }, "Unknown"],
  ["an order is in doubt", { unsettledOrders: 1 }, "Unknown"],
  ["in doubt and without a stop", { unsettledOrders: 1, protected: false }, "Unknown"],
])("%s: %j is %s", (_name, change, expected) => {
  expect(positionsOf({ ...reducing, ...change })).toBe(expected);
});

test.each([
  ["Retain", "Flat", true],
  ["Retain", "Protected", true],
  ["Retain", "Unprotected", false],
  ["Retain", "Unknown", false],
  ["Flatten", "Flat", true],
  ["Flatten", "Protected", false],
  ["Flatten", "Unprotected", false],
  ["Flatten", "Unknown", false],
] as const)("with %s, %s may be left: %s", (onStop, positions, expected) => {
  expect(isLeftSafe(strategySaying(positions, { onStop }))).toBe(expected);
});

test("where no executor ever spoke there was none", () => {
  expect(isLeftSafe(strategyOf({ onStop: "Flatten" }))).toBe(true);
});

const names = Object.keys(happenings).filter((name): name is Happening => name in happenings);
const happening = fc.constantFrom(...names);

/** What belongs together, so that the rare is reached often. */
const episodes: ReadonlyArray<ReadonlyArray<Happening>> = [
  ["Progress"],
  ["Obey"],
  ["Place"],
  ["Place", "Fill"],
  ["Place", "Fill", "LoseStop"],
  ["RemoveWorkload"],
  ["RemoveWorkload", "Delete"],
  ["Flatten", "RemoveWorkload", "Delete"],
  ["Flatten", "Disable"],
  ["Flatten", "Delete"],
  ["Delete"],
  ["Disable"],
  ["Enable"],
  ["Tune"],
];
const episode = fc.oneof(
  { arbitrary: fc.constantFrom(...episodes), weight: 2 },
  { arbitrary: happening.map((one) => [one]), weight: 1 },
);
const interruption = fc.oneof(
  { arbitrary: fc.constant<Interruption>(undefined), weight: 6 },
  { arbitrary: fc.constantFrom<Interruption>("FailBefore", "FailAfter"), weight: 1 },
  { arbitrary: happening, weight: 1 },
);
const round: fc.Arbitrary<Round> = fc.record({
  before: fc.array(episode, { maxLength: 2 }).map((parts) => parts.flat()),
  during: fc.array(interruption, { maxLength: 5 }),
});
/** Half of them begin with an executor that trades. */
const calm: Round = { before: ["Progress"], during: [] };
const history = fc
  .tuple(fc.boolean(), fc.array(round, { maxLength: 20 }))
  .map(([isTrading, rounds]) => [
    ...Array.from({ length: isTrading ? 5 : 0 }, () => calm),
    ...rounds,
  ]);

const live = async (world: SmallWorld, rounds: ReadonlyArray<Round>): Promise<void> => {
  for (const { before, during } of rounds) {
    for (const what of before) world.happen(what);
    await world.look(during);
  }
};

/** Nothing is in the way any more: everybody answers, and whatever can go on goes on. */
const calmDown = async (world: SmallWorld): Promise<void> => {
  const cures = [
    "Speak",
    "Connect",
    "Listen",
    "Unblock",
    "MendSpec",
    "SwitchOn",
    "Resume",
  ] as const;
  for (const what of cures) world.happen(what);
  world.restartOperator();
  for (let turn = 0; turn < 20; turn += 1) {
    for (const what of ["Progress", "Mend", "Obey"] as const) world.happen(what);
    await world.look();
  }
};

const readyOf = (world: SmallWorld) => {
  const conditions = world.state().strategy?.status?.conditions ?? [];
  return conditions.map(({ type, status, reason }) => `${type}=${status}/${reason}`);
};

test("whatever happens, an executor in the end is where it was asked to be, and nothing is left to chance", async () => {
  const ends = { deleted: 0, disabled: 0, trading: 0 };
  await fc.assert(
    fc.asyncProperty(history, async (rounds) => {
      const world = createSmallWorld();
      await live(world, rounds);
      await calmDown(world);
      expect(world.violations()).toEqual([]);
      const { strategy, child } = world.state();
      if (strategy === undefined) {
        ends.deleted += 1;
        expect(child).toBeUndefined();
        return;
      }
      // Whoever is deleted has gone by now.
      expect(strategy.metadata.deletionTimestamp).toBeUndefined();
      if (!strategy.spec.enabled) {
        ends.disabled += 1;
        expect(child).toBeUndefined();
        expect(readyOf(world)).toEqual(
          expect.arrayContaining([
            "Ready=False/Disabled",
            "Reconciling=False/Settled",
            "Stalled=False/Progressing",
          ]),
        );
        return;
      }
      ends.trading += 1;
      const { generation } = strategy.metadata;
      expect(child).toMatchObject({
        phase: "Running",
        stage: "Up",
        told: { generation, desiredState: "Trading", leverage: strategy.spec.leverage },
        spec: { generation, desiredState: "Trading" },
      });
      expect(readyOf(world)).toEqual(
        expect.arrayContaining([
          "Ready=True/Trading",
          "Reconciling=False/Settled",
          "Stalled=False/Progressing",
        ]),
      );
    }),
    { numRuns: 1_500 },
  );
  // Every end is reached by many histories.
  for (const count of Object.values(ends)) expect(count).toBeGreaterThan(20);
});
