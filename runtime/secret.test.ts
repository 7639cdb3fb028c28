import { expect, test } from "@jest/globals";
import { inspect } from "node:util";
import { secret } from "./secret.ts";

test("no way of printing shows the value", () => {
  const key = secret("canary-7f3a");
  const holder = { key, nested: [key] };
  for (const text of [key.toString(), JSON.stringify(holder), inspect(holder, { depth: 9 })]) {
    expect(text).not.toContain("canary");
    expect(text).toContain("[redacted]");
  }
  expect(key.reveal()).toBe("canary-7f3a");
});
