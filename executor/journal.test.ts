import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { Big } from "big.js";
import { decode, encode } from "./codec.ts";
import { frame, parseLines } from "./journal.ts";

test("decimals, maps and sets survive the journey", () => {
  const value = {
    price: new Big("0.00000001"),
    large: new Big("123456789012345678901234567890.5"),
    byName: new Map([["a", { size: new Big("2") }]]),
    seen: new Set(["t1", "t2"]),
    list: [1, "two", true, null, new Big(3)],
  };
  expect(decode(encode(value))).toEqual(value);
});

test("anything that JSON can hold comes back as it was", () => {
  fc.assert(
    fc.property(
      fc.dictionary(
        fc.string().map((key) => `k${key}`),
        fc.jsonValue(),
      ),
      (value) => {
        expect(decode(encode(value))).toEqual(JSON.parse(JSON.stringify(value)));
      },
    ),
  );
});

const anyPayload = fc.string({ unit: "grapheme" }).map((text) => text.replaceAll("\n", " "));

test("what was framed is read back", () => {
  fc.assert(
    fc.property(fc.array(anyPayload), (payloads) => {
      const parsed = parseLines(payloads.map(frame).join(""));
      expect(parsed).toEqual({
        ok: true,
        value: { payloads, soundLength: payloads.map(frame).join("").length },
      });
    }),
  );
});

const lines = ["one", "two", "three"].map(frame);
const text = lines.join("");

test("cut anywhere, the whole lines before the cut are read and the rest is named as torn", () => {
  for (let length = 0; length <= text.length; length += 1) {
    const parsed = parseLines(text.slice(0, length));
    if (!parsed.ok) throw new Error(`cut at ${length}: ${parsed.error}`);
    const whole = lines.filter((_, index) => lines.slice(0, index + 1).join("").length <= length);
    expect(parsed.value.payloads).toHaveLength(whole.length);
    expect(parsed.value.soundLength).toBe(whole.join("").length);
  }
});

test("a flipped character in any but the last line is damage, and named", () => {
  const early = text.length - (lines[2]?.length ?? 0);
  for (let index = 0; index < early; index += 1) {
    if (text[index] === "\n") continue;
    const flipped = `${text.slice(0, index)}~${text.slice(index + 1)}`;
    expect(parseLines(flipped).ok).toBe(false);
  }
});
