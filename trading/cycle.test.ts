import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { millis } from "#base/clock.ts";
import { averagePrice, increaseCycle, openCycle, reduceCycle, unrealizedPnl } from "./cycle.ts";
import { amount, price, quantity } from "./money.ts";

const at = millis(0);
const execution = (size: string, at_: string, fee = "0") => ({
  size: quantity(size),
  price: price(at_),
  fee: amount(fee),
  at,
});

test("two levels have the average that their sizes give them", () => {
  // Golden: 10 at 100 and 10 at 98 have the average 99 and, with 20 %, the stop 79.2.
  const one = increaseCycle(openCycle("long", at), 0, execution("10", "100"));
  const two = increaseCycle(one, 1, execution("10", "98"));
  expect(averagePrice(two).toFixed()).toBe("99");
  expect(two.size.toFixed()).toBe("20");
  expect(two.levels.map(({ level }) => level)).toEqual([0, 1]);
});

test("a partial fill of a level joins the level", () => {
  const one = increaseCycle(openCycle("long", at), 0, execution("4", "100"));
  const two = increaseCycle(one, 0, execution("6", "99"));
  expect(two.levels).toHaveLength(1);
  expect(two.levels[0]?.size.toFixed()).toBe("10");
});

test("a long that is sold higher earns the difference, a short that is bought higher loses it", () => {
  const long = increaseCycle(openCycle("long", at), 0, execution("10", "100"));
  const short = increaseCycle(openCycle("short", at), 0, execution("10", "100"));
  expect(reduceCycle(long, execution("10", "110")).realized.toFixed()).toBe("100");
  expect(reduceCycle(short, execution("10", "110")).realized.toFixed()).toBe("-100");
  expect(unrealizedPnl(short, price(90)).toFixed()).toBe("100");
});

test("what is executed beyond the position is left over, never a negative position", () => {
  const long = increaseCycle(openCycle("long", at), 0, execution("1", "100"));
  const { cycle, excess } = reduceCycle(long, execution("3", "110"));
  expect(cycle.size.toFixed()).toBe("0");
  expect(excess.toFixed()).toBe("2");
});

const anySize = fc.integer({ min: 1, max: 100_000 }).map((ten) => (ten / 1_000).toFixed(3));
const anyPrice = fc.integer({ min: 1, max: 1_000_000 }).map((ten) => (ten / 10).toFixed(1));

test("however a cycle is built up and taken down, flat has booked what was paid and received", () => {
  fc.assert(
    fc.property(
      fc.constantFrom("long" as const, "short" as const),
      fc.array(fc.tuple(anySize, anyPrice), { minLength: 1, maxLength: 6 }),
      fc.array(fc.tuple(anySize, anyPrice), { maxLength: 6 }),
      anyPrice,
      (side, entries, exits, last) => {
        let cycle = entries.reduce(
          (grown, [size, at_], level) => increaseCycle(grown, level, execution(size, at_)),
          openCycle(side, at),
        );
        for (const [size, at_] of exits) {
          if (quantity(size).lt(cycle.size)) cycle = reduceCycle(cycle, execution(size, at_)).cycle;
        }
        cycle = reduceCycle(cycle, execution(cycle.size.toFixed(), last)).cycle;
        const { entered, exited, realized } = cycle;
        expect(exited.size.eq(entered.size)).toBe(true);
        const paid =
          side === "long" ? exited.cost.minus(entered.cost) : entered.cost.minus(exited.cost);
        // A partial close divides once, at 20 places.
        expect(realized.minus(paid).abs().lt("1e-12")).toBe(true);
        expect(cycle.cost.toFixed()).toBe("0");
      },
    ),
  );
});
