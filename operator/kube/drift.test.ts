import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { nextFight, type FightState, type Repair } from "./drift.ts";

const MINUTE = 60_000;
const limits = { repairsMax: 3, windowMs: 10 * MINUTE };

type Wish = { readonly minute: number; readonly generation?: number };

/** Whether each wish in a row was granted. */
const granted = (wishes: ReadonlyArray<Wish>): ReadonlyArray<boolean> => {
  let state: FightState | undefined;
  return wishes.map(({ minute, generation = 1 }) => {
    state = nextFight(state, { at: minute * MINUTE, generation, paths: ["spec.x"] });
    return !state.isOpen;
  });
};

const cases: ReadonlyArray<
  readonly [name: string, wishes: ReadonlyArray<Wish>, ReadonlyArray<boolean>]
> = [
  ["three repairs are made", [{ minute: 0 }, { minute: 1 }, { minute: 2 }], [true, true, true]],
  [
    "the fourth within the window is not",
    [{ minute: 0 }, { minute: 1 }, { minute: 2 }, { minute: 9.9 }],
    [true, true, true, false],
  ],
  [
    "it stays open for a window after the last repair, however often it is asked",
    [
      { minute: 0 },
      { minute: 5 },
      { minute: 9 },
      { minute: 10 },
      { minute: 15.5 },
      { minute: 18.9 },
      { minute: 19 },
    ],
    [true, true, true, false, false, false, true],
  ],
  [
    "repairs that are a window apart never add up",
    [{ minute: 0 }, { minute: 5 }, { minute: 10 }, { minute: 15 }, { minute: 20 }],
    [true, true, true, true, true],
  ],
  [
    "another generation of the spec closes it at once",
    [
      { minute: 0 },
      { minute: 1 },
      { minute: 2 },
      { minute: 3 },
      { minute: 3, generation: 2 },
      { minute: 4, generation: 2 },
      { minute: 5, generation: 2 },
      { minute: 6, generation: 2 },
    ],
    [true, true, true, false, true, true, true, false],
  ],
];

test.each(cases)("%s", (_name, wishes, expected) => {
  expect(granted(wishes)).toEqual(expected);
});

test("it remembers what was repaired and where, for the words", () => {
  const first = nextFight(undefined, { at: 1, generation: 1, paths: ["spec.a"] }, limits);
  const second = nextFight(first, { at: 2, generation: 1, paths: ["spec.b"] }, limits);
  expect(second.repairs.map(({ paths }) => paths)).toEqual([["spec.a"], ["spec.b"]]);
});

const steps = fc.array(
  fc.record({
    afterMs: fc.oneof(
      fc.integer({ min: 0, max: MINUTE }),
      fc.integer({ min: 0, max: 12 * MINUTE }),
    ),
    isNewGeneration: fc.integer({ min: 0, max: 7 }).map((die) => die === 0),
  }),
  { maxLength: 60 },
);

/** What was made, by an account that is kept apart from the state. */
const run = (
  wishes: ReadonlyArray<{ readonly afterMs: number; readonly isNewGeneration: boolean }>,
) => {
  let state: FightState | undefined;
  let at = 0;
  let generation = 1;
  const asked: Array<Repair & { readonly isMade: boolean }> = [];
  for (const wish of wishes) {
    at += wish.afterMs;
    generation += wish.isNewGeneration ? 1 : 0;
    const repair = { at, generation, paths: [] };
    state = nextFight(state, repair, limits);
    expect(state.repairs.length).toBeLessThanOrEqual(limits.repairsMax);
    asked.push({ ...repair, isMade: !state.isOpen });
  }
  return asked;
};

test("never more than the limit within a window and a generation", () => {
  fc.assert(
    fc.property(steps, (wishes) => {
      const made = run(wishes).filter(({ isMade }) => isMade);
      for (const { at, generation } of made) {
        const near = made.filter(
          (other) =>
            other.generation === generation && other.at >= at && other.at - at < limits.windowMs,
        );
        expect(near.length).toBeLessThanOrEqual(limits.repairsMax);
      }
    }),
  );
});

test("a repair is refused only after as many as the limit, the last one within the window", () => {
  fc.assert(
    fc.property(steps, (wishes) => {
      const asked = run(wishes);
      asked.forEach(({ at, generation, isMade }, index) => {
        if (isMade) return;
        const before = asked
          .slice(0, index)
          .filter((other) => other.isMade && other.generation === generation);
        expect(before.length).toBeGreaterThanOrEqual(limits.repairsMax);
        expect(at - (before.at(-1)?.at ?? 0)).toBeLessThan(limits.windowMs);
      });
    }),
  );
});
