import { expect, test } from "@jest/globals";
import fc from "fast-check";
import {
  decimal,
  instant,
  notNegative,
  oneOf,
  positive,
  text,
  textOrEmpty,
  toRows,
  wholeNumber,
} from "./fields.ts";

test("a number is a plain decimal, as text or as a finite JSON number", () => {
  for (const good of ["0", "-1.5", "30000.1", 12, 0.25]) {
    expect(decimal({ n: good }, "n").toString()).toBe(String(good));
  }
  for (const bad of ["", " 1", "1e5", "0x10", "NaN", "Infinity", "1,5", ".5", null, true, [], {}]) {
    expect(() => decimal({ n: bad }, "n")).toThrow("field n is");
  }
  for (const bad of [NaN, Infinity, undefined]) {
    expect(() => decimal({ n: bad }, "n")).toThrow("field n is");
  }
});

test("any other text is refused, however it was made", () => {
  fc.assert(
    fc.property(fc.string(), (made) => {
      fc.pre(!/^-?\d{1,30}(?:\.\d{1,30})?$/.test(made));
      expect(() => decimal({ n: made }, "n")).toThrow("field n is");
    }),
  );
});

test("signs and wholeness are checked where they matter", () => {
  expect(() => positive({ n: "0" }, "n")).toThrow("not a positive number");
  expect(() => notNegative({ n: "-0.1" }, "n")).toThrow("at least zero");
  expect(() => wholeNumber({ n: "7.5" }, "n")).toThrow("not whole");
  expect(wholeNumber({ n: "20" }, "n")).toBe(20);
});

test("an instant has thirteen digits", () => {
  expect(instant({ t: "1700000000000" }, "t")).toBe(1_700_000_000_000);
  expect(instant({ t: 1_700_000_000_000 }, "t")).toBe(1_700_000_000_000);
  for (const bad of ["1700000000", "1700000000000000", "", null, 1.7e12 + 0.5, -1, "-1"]) {
    expect(() => instant({ t: bad }, "t")).toThrow("field t is");
  }
});

test("an id that came as a number is refused, since it has lost digits", () => {
  expect(text({ orderId: "1300000000000000001" }, "orderId")).toBe("1300000000000000001");
  expect(() => text(JSON.parse('{"orderId":1300000000000000001}'), "orderId")).toThrow("not text");
  expect(() => text({ orderId: "" }, "orderId")).toThrow("not text");
});

test("a name that is missing is empty, and one that is no text is refused", () => {
  expect(textOrEmpty({}, "clientOid")).toBe("");
  expect(textOrEmpty({ clientOid: null }, "clientOid")).toBe("");
  expect(() => textOrEmpty({ clientOid: 5 }, "clientOid")).toThrow("not text");
});

test("a word is one of the known ones", () => {
  expect(oneOf({ side: "buy" }, "side", ["buy", "sell"])).toBe("buy");
  expect(() => oneOf({ side: "Buy" }, "side", ["buy", "sell"])).toThrow("not one of buy, sell");
});

test("a list is a list of objects, and what is shown of it is short", () => {
  expect(() => toRows(null, "rows")).toThrow("rows is null, not a list");
  expect(() => toRows([{}, "x".repeat(500)], "rows")).toThrow(
    /^rows\[1\] is "x{39}…, not an object$/,
  );
});
