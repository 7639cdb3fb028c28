/** `.env.example` is what people copy: each name in it must be one that the program reads. */

import { expect, test } from "@jest/globals";
import { readFileSync } from "node:fs";
import { parseEnv } from "node:util";
import { keyVariables, resolveKeys } from "#runtime/keys.ts";

const text = readFileSync(".env.example", "utf8");
/** With the lines that are offered as comments. */
const offered = text.replaceAll(/^# (?=[A-Z_]+=)/gm, "");
const names = Object.keys(parseEnv(offered));

test("the example offers the global keys and those of each strategy that may trade", () => {
  const keys = [undefined, "grid-atr", "grid-multi-tf"].flatMap((strategy) =>
    Object.values(keyVariables(strategy)),
  );
  expect(new Set(names)).toEqual(new Set(["LIVE_TRADING", ...keys]));
});

test("copied as it is, live trading is off and there are no keys", () => {
  const env = parseEnv(text);
  expect(env["LIVE_TRADING"]).toBe("false");
  expect(resolveKeys({ strategy: "grid-atr", env }).ok).toBe(false);
});

test("filled in, each strategy has the keys that stand under its own name", () => {
  const env = parseEnv(offered.replaceAll(/^(BITGET_\w+)=$/gm, "$1=value of $1"));
  for (const strategy of ["grid-atr", "grid-multi-tf"]) {
    const keys = resolveKeys({ strategy, env });
    const apiKey = keys.ok ? keys.value.apiKey.reveal() : keys.error;
    expect(apiKey).toBe(`value of ${keyVariables(strategy).apiKey}`);
    expect(keys.ok && keys.value.dedicated).toBe(true);
  }
});
