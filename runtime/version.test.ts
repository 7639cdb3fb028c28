import { expect, test } from "@jest/globals";
import { readFileSync } from "node:fs";
import { VERSION } from "./version.ts";

test("the program says the version that its package has", () => {
  expect(JSON.parse(readFileSync("package.json", "utf8"))).toMatchObject({ version: VERSION });
});
