import { expect, test } from "@jest/globals";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { envWithFile, parseVariables, processEnv } from "./env.ts";

const fileWith = (text: string): string => {
  const path = join(mkdtempSync(join(tmpdir(), "env-")), ".env");
  writeFileSync(path, text);
  return path;
};

test("a .env file fills in what is not exported, and what is exported wins", () => {
  const path = fileWith(
    "BITGET_API_KEY_OF_THIS_TEST=from the file\nPATH=from the file\n# A=comment\nEMPTY=\n",
  );
  const env = envWithFile(path);
  expect(env["BITGET_API_KEY_OF_THIS_TEST"]).toBe("from the file");
  expect(env["PATH"]).toBe(processEnv()["PATH"]);
  expect(env["A"]).toBeUndefined();
  expect(env["EMPTY"]).toBe("");
});

test("without a .env file there is the environment alone", () => {
  expect(envWithFile("/nowhere/.env")).toEqual(processEnv());
});

test("every variable that is wrong is named at once", () => {
  const schema = z.object({ PORT: z.coerce.number().int(), FOLDER: z.string() });
  const parsed = parseVariables(schema, { PORT: "many" });
  const lines = parsed.ok ? [] : parsed.error.split("\n");
  expect(lines).toEqual([
    expect.stringMatching(/^environment variable PORT: /),
    expect.stringMatching(/^environment variable FOLDER: /),
  ]);
});
