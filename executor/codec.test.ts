import { expect, test } from "@jest/globals";
import { Big } from "big.js";
import fc from "fast-check";
import { readyStage } from "#trading/testing/scene.ts";
import type { EngineEvent } from "#trading/engine/events.ts";
import type { EngineState } from "#trading/engine/state.ts";
import { decode, encode } from "./codec.ts";
import { moveKinds, playMove, storyEngine, storySettings, type Move } from "./testing/stories.ts";

/** As many digits as money ever has, of any size, with and without an exponent. */
const anyDecimal = fc
  .tuple(fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n }), fc.integer({ min: -30, max: 30 }))
  .map(([digits, exponent]) => new Big(`${digits}e${exponent}`));

/** Our own marks begin with a dollar sign, and no field of ours does. */
const anyKey = fc.string().filter((key) => !key.startsWith("$"));

/** Everything that a state or an event may be made of. */
const { anyValue } = fc.letrec<{ anyValue: unknown }>((tie) => ({
  anyValue: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    fc.string(),
    fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0),
    fc.integer(),
    fc.boolean(),
    fc.constant(null),
    anyDecimal,
    fc.array(tie("anyValue"), { maxLength: 4 }),
    fc.dictionary(anyKey, tie("anyValue"), { maxKeys: 4, noNullPrototype: true }),
    fc
      .array(fc.tuple(fc.string(), tie("anyValue")), { maxLength: 4 })
      .map((pairs) => new Map(pairs)),
    fc.array(fc.string(), { maxLength: 4 }).map((items) => new Set(items)),
  ),
}));

test("whatever a state is made of comes back as it was", () => {
  fc.assert(
    fc.property(anyValue, (value) => {
      // Minus nought is nought in JSON, and to everybody who reads it.
      const plain = JSON.stringify(value) === "0" ? 0 : value;
      expect(encode(decode(encode(plain)))).toBe(encode(plain));
      expect(decode(encode(plain))).toEqual(withoutMinusNought(plain));
    }),
    { numRuns: 400 },
  );
});

const withoutMinusNought = (value: unknown): unknown => {
  if (typeof value === "number") return value + 0;
  if (value instanceof Big) return value.eq(0) ? new Big(0) : value;
  if (value instanceof Map) return new Map([...value].map(([k, v]) => [k, withoutMinusNought(v)]));
  if (value instanceof Set || value === null || typeof value !== "object") return value;
  if (Array.isArray(value)) return value.map(withoutMinusNought);
  return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, withoutMinusNought(v)]));
};

test.each(["0", "1", "-1.5", "0.00000001", "123456789012345678901234567890.123456789", "1e-20"])(
  "the decimal %s keeps every digit",
  (text) => {
    const back = decode<{ price: Big }>(encode({ price: new Big(text) }));
    expect(back.price).toBeInstanceOf(Big);
    expect(back.price.eq(text)).toBe(true);
    expect(back.price.toFixed()).toBe(new Big(text).toFixed());
  },
);

test("order is kept in maps and sets, because it decides between equals", () => {
  const value = {
    symbols: new Map([
      ["b", 1],
      ["a", 2],
    ]),
    trades: new Set(["z", "y", "a"]),
  };
  const back = decode<typeof value>(encode(value));
  expect([...back.symbols.keys()]).toEqual(["b", "a"]);
  expect([...back.trades]).toEqual(["z", "y", "a"]);
});

test("a field that is undefined is one that is absent", () => {
  expect(decode(encode({ kept: 1, gone: undefined }))).toEqual({ kept: 1 });
});

test("a value that JSON has no form for is refused, not changed", () => {
  expect(() => encode({ id: 10n })).toThrow(TypeError);
});

test("a line holds no line break, whatever text is in it", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme" }), (text) => {
      expect(encode({ detail: `${text}\n\r` })).not.toMatch(/[\n\r]/);
    }),
  );
});

const anyStory: fc.Arbitrary<ReadonlyArray<Move>> = fc.array(
  fc.record({ kind: fc.constantFrom(...moveKinds), pick: fc.nat(9), dial: fc.nat(9) }),
  { minLength: 1, maxLength: 50 },
);

/** A life that is cut in two: what follows decides as if nothing had happened. */
const livesOn = (copy: (state: EngineState) => EngineState) =>
  fc.property(anyStory, fc.nat(50), (story, cut) => {
    const scene = readyStage(storySettings);
    for (const move of story.slice(0, cut)) playMove(scene, move);
    let restored = copy(scene.state());
    expect(restored).toEqual(scene.state());
    const before = scene.events().length;
    for (const move of story.slice(cut)) playMove(scene, move);
    for (const event of scene.events().slice(before)) {
      [restored] = storyEngine(restored, decode<EngineEvent>(encode(event)));
    }
    expect(restored).toEqual(scene.state());
  });

test("a state and events that were written and read decide as the ones they were written from", () => {
  fc.assert(
    livesOn((state) => decode(encode(state))),
    { numRuns: 80 },
  );
});

test("a copy that loses the digits of a decimal is found out", () => {
  const rounded = (state: EngineState): EngineState =>
    decode(encode(state).replaceAll(/(\{"\$d":"-?\d+\.\d\d)\d+/g, "$1"));
  expect(() => fc.assert(livesOn(rounded), { numRuns: 80, seed: 1 })).toThrow("Property failed");
});
