import { expect, test } from "@jest/globals";
import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { millis } from "#base/clock.ts";
import { createFileLogger, type LogOptions } from "./log.ts";
import { secret } from "./secret.ts";

const logged = (
  change: Partial<LogOptions>,
  say: (log: ReturnType<typeof createFileLogger>) => void,
): ReadonlyArray<unknown> => {
  const path = join(mkdtempSync(join(tmpdir(), "log-")), "made", "process.log");
  const now = () => millis(Date.UTC(2021, 11, 4, 5));
  say(createFileLogger(path, { process: "executor", level: "info", clock: { now }, ...change }));
  return readFileSync(path, "utf8")
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line));
};

test("every line names its process and its strategy, at the session's time", () => {
  const lines = logged({ bindings: { strategy: "trading/grid-atr" } }, (log) => {
    log.info({ symbol: "BTC/USDT:USDT" }, "cycle opened");
    log.error({}, "stop missing");
  });
  expect(lines).toEqual([
    {
      level: "info",
      process: "executor",
      strategy: "trading/grid-atr",
      time: "2021-12-04T05:00:00.000Z",
      symbol: "BTC/USDT:USDT",
      msg: "cycle opened",
    },
    expect.objectContaining({ level: "error", strategy: "trading/grid-atr", msg: "stop missing" }),
  ]);
});

test("what is below the level is not written", () => {
  expect(logged({ level: "warn" }, (log) => log.info({}, "quiet"))).toEqual([]);
});

test("a secret is not logged, wherever it stands", () => {
  const lines = logged({}, (log) => log.info({ keys: { apiKey: secret("canary") } }, "keys found"));
  expect(JSON.stringify(lines)).not.toContain("canary");
  expect(JSON.stringify(lines)).toContain("[redacted]");
});
