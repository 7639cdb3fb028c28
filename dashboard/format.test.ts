import { expect, test } from "@jest/globals";
import fc from "fast-check";
import * as format from "./format.ts";

type Row = readonly [given: string, shown: string];

const prices: ReadonlyArray<Row> = [
  ["97841.1", "97,841.1"],
  ["96874.333333333333", "96,874.3"],
  ["1234567.8", "1,234,568"],
  ["100", "100"],
  ["79.200", "79.2"],
  ["0.0123456789", "0.0123457"],
  ["0.00001234", "0.00001234"],
  ["9.9999999", "10"],
  ["0", "0"],
];

for (const [given, shown] of prices) {
  test(`price ${given} is shown as ${shown}`, () => expect(format.price(given)).toBe(shown));
}

const sums: ReadonlyArray<Row> = [
  ["1646", "1,646.00"],
  ["-417.6", "−417.60"],
  ["0.005", "0.01"],
  ["0.0042", "0.0042"],
  ["-0.00004", "0.0000"],
  ["-0", "0.00"],
  ["1234567890.125", "1,234,567,890.13"],
];

for (const [given, shown] of sums) {
  test(`money ${given} is shown as ${shown}`, () => expect(format.money(given)).toBe(shown));
}

test("results carry their sign, and nothing has none", () => {
  expect(["1.21", "-0.4", "0", "0.00"].map(format.signed)).toEqual([
    "+1.21",
    "−0.40",
    "0.00",
    "0.00",
  ]);
  expect(["1", "-1", "0.0"].map(format.direction)).toEqual(["gain", "loss", "even"]);
});

test("sizes have no trailing zeros and no float noise", () => {
  expect(["20", "0.01200000", "0.30000000000000004", "1234.5"].map(format.size)).toEqual([
    "20",
    "0.012",
    "0.3",
    "1,234.5",
  ]);
});

test("percentages", () => {
  expect(format.percent(26.123)).toBe("26.1%");
  expect(format.percent(-20.8)).toBe("−20.8%");
  expect(format.percent(-0.01)).toBe("0.0%");
  expect(format.signedPercent(1.5)).toBe("+1.5%");
  expect(format.signedPercent(0.01)).toBe("0.0%");
});

test("durations name two units at most", () => {
  const minute = 60_000;
  expect(
    [0, 900, 4_000, 3 * minute, 90 * minute, 120 * minute, 53 * 60 * minute, -5].map(
      format.duration,
    ),
  ).toEqual(["0 s", "0 s", "4 s", "3 min", "1 h 30 min", "2 h", "2 d 5 h", "0 s"]);
});

test("times are UTC, with the date only where it is another day", () => {
  const now = Date.UTC(2021, 11, 4, 5, 3, 7);
  expect(format.dateTime(now)).toBe("2021-12-04 05:03:07");
  expect(format.timeNear(now - 3_600_000, now)).toBe("04:03:07");
  expect(format.timeNear(now - 86_400_000, now)).toBe("12-03 05:03:07");
});

test("words and names", () => {
  expect(format.pairOf("BTC/USDT:USDT")).toBe("BTC/USDT");
  expect(format.baseOf("BTC/USDT:USDT")).toBe("BTC");
  expect(format.quoteOf("BTC/USDT:USDT")).toBe("USDT");
  expect(format.words("KillSwitchEngaged")).toBe("kill switch engaged");
  expect(format.words("time_stop")).toBe("time stop");
  expect(["sl_global", "signal_exit", "entry"].map(format.cause)).toEqual([
    "stop",
    "signal exit",
    "entry",
  ]);
  expect([format.count(1, "level"), format.count(0, "level")]).toEqual(["1 level", "0 levels"]);
});

test("rounding never moves a value by more than half of the last digit", () => {
  const decimal = fc.tuple(fc.boolean(), fc.bigInt(0n, 10n ** 15n), fc.integer({ min: 0, max: 9 }));
  fc.assert(
    fc.property(decimal, fc.integer({ min: 0, max: 9 }), ([negative, digits, scale], decimals) => {
      const padded = digits.toString().padStart(scale + 1, "0");
      const cut = padded.length - scale;
      const text = `${negative ? "-" : ""}${padded.slice(0, cut)}${scale > 0 ? "." : ""}${padded.slice(cut)}`;
      const exact = scaled(text, 18);
      const rounded = scaled(format.round(text, decimals), 18);
      const apart = exact > rounded ? exact - rounded : rounded - exact;
      expect(apart * 2n <= 10n ** BigInt(18 - decimals)).toBe(true);
    }),
  );
});

const scaled = (text: string, decimals: number): bigint => {
  const [whole = "0", fraction = ""] = text.replace("-", "").split(".");
  const value = BigInt(whole + fraction.padEnd(decimals, "0"));
  return text.startsWith("-") ? -value : value;
};
