/**
 * What nobody should have written, given to the whole program: each ends in a sentence that says
 * where, what, and what to do; nothing is left half-started.
 */

import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { join } from "node:path";
import { processEnv, type Env } from "#runtime/env.ts";
import { childrenOf, isReady, newHome, up } from "./session.ts";

const TIMEOUT_MS = 60_000;

const scalp = (args: ReadonlyArray<string>, env: Env = {}) =>
  spawnSync(process.execPath, ["cli/main.ts", ...args], {
    encoding: "utf8",
    env: { ...processEnv(), LIVE_TRADING: "", ...env },
    timeout: TIMEOUT_MS,
  });

const demo = join("config", "demo", "strategies");

/** The demo's manifests, with one of them changed. */
const manifests = (change: (text: string) => string): string => {
  const folder = newHome();
  for (const name of readdirSync(demo)) {
    const text = readFileSync(join(demo, name), "utf8");
    writeFileSync(join(folder, name), name === "grid-atr.yaml" ? change(text) : text);
  }
  return folder;
};

/** An exchange that refuses every connection, so that nothing leaves this machine. */
const closedExchange = `
bitget:
  restUrl: http://127.0.0.1:9
  publicStreamUrl: ws://127.0.0.1:9/v2/ws/public
  privateStreamUrl: ws://127.0.0.1:9/v2/ws/private
  demo:
    publicStreamUrl: ws://127.0.0.1:9/v2/ws/public
    privateStreamUrl: ws://127.0.0.1:9/v2/ws/private
  accountRequestsPerSecond: 10
  publicRequestsPerSecond: 20
`;

const currentSet = (): string => {
  const folder = newHome();
  for (const name of readdirSync(join("config", "strategies"))) {
    writeFileSync(join(folder, name), readFileSync(join("config", "strategies", name)));
  }
  writeFileSync(join(folder, "exchanges.yaml"), closedExchange);
  return folder;
};

let taken: Server;
let port = 0;

beforeAll(async () => {
  taken = createServer();
  await new Promise<void>((resolve) => void taken.listen(0, "127.0.0.1", resolve));
  const address = taken.address();
  port = typeof address === "object" && address !== null ? address.port : 0;
});

afterAll(() => void taken.close());

test("a port that is taken is refused by its flag, before anything starts", () => {
  const home = newHome();
  const { status, stderr } = scalp(["up", "--home", home, "--port", String(port)]);
  expect(status).toBe(1);
  expect(stderr).toContain(`--port: port ${port} on 127.0.0.1 is in use by another process`);
  expect(stderr).toContain("choose another one with --port");
});

test("a folder that does not exist is refused before anything starts", () => {
  const home = newHome();
  const { status, stderr } = scalp(["up", "--home", home, "--dir", "/no/such/folder"]);
  expect(status).toBe(1);
  expect(stderr).toContain("there is no folder /no/such/folder");
  expect(readdirSync(home)).toEqual([]);
});

test("recorded candles that do not cover the wanted time are refused with what there is", () => {
  const folder = newHome();
  mkdirSync(folder, { recursive: true });
  const flags = ["--home", newHome(), "--port", "0", "--data", folder];
  const { status, stderr } = scalp(["up", ...flags, "--from", "2021-12-04T00:00Z"]);
  expect(status).toBe(1);
  expect(stderr).toContain(folder);
});

test("a damaged session record is refused and left as it is", () => {
  const home = newHome();
  mkdirSync(join(home, "demo-seed36"));
  const record = join(home, "demo-seed36", "session.json");
  writeFileSync(record, "{ broken");
  const { status, stderr } = scalp(["up", "--home", home, "--port", "0"]);
  expect(status).toBe(1);
  expect(stderr).toContain(`${record} cannot be read: move its folder away`);
  expect(readFileSync(record, "utf8")).toBe("{ broken");
});

test("a session that runs already is not started twice", async () => {
  const home = newHome();
  const first = up(["--home", home]);
  await first.until(({ event }) => event === "ready");
  const { status, stderr } = scalp(["up", "--home", home, "--port", "0"]);
  first.kill("SIGTERM");
  await first.ended;
  expect(status).toBe(4);
  expect(stderr).toContain("is in use by another process: end that process, or use another folder");
}, 60_000);

const mistakes = [
  ["leverage 1000", "leverage: 3", "leverage: 1000"],
  ["an unknown key", "timeframe: 1h", "timeframe: 1h\n  levrage: 5"],
  ["a symbol that is none", "symbol: BTC/USDT:USDT", "symbol: BTCUSDT"],
] as const;

test.each(mistakes)(
  "validate and the process say the same of %s",
  async (_what, right, wrong) => {
    const folder = manifests((text) => text.replace(right, wrong));
    const { status, stdout } = scalp(["validate", folder]);
    expect(status).toBe(1);
    const said = stdout.split("\n").filter((line) => line.startsWith(folder));
    expect(said).toHaveLength(1);

    const run = up(["--home", newHome(), "--dir", folder]);
    const { problems } = await run.until(({ event }) => event === "manifests");
    run.kill("SIGTERM");
    await run.ended;
    expect(problems).toEqual(said);
  },
  TIMEOUT_MS,
);

test(
  "of two strategies that share symbols on one account only one trades, and why is said",
  async () => {
    const folder = currentSet();
    const text = readFileSync(join(folder, "grid-atr.yaml"), "utf8");
    const second = text.replace("name: grid-atr", "name: grid-atr-two");
    writeFileSync(join(folder, "grid-atr-two.yaml"), second);
    const run = up(["--home", newHome(), "--dir", folder, "--exchange", "bitget"], defaultKeys);
    const { problems } = await run.until(({ event }) => event === "manifests");
    await run.until(isReady("grid-atr-two", "ExecutorWaiting"));
    const executors = childrenOf(run.pid, "executor");
    run.kill("SIGTERM");
    await run.ended;
    expect(executors).toHaveLength(1);
    expect(problems).toEqual([expect.stringContaining("grid-atr.yaml:")]);
    expect(problems).toEqual([
      expect.stringContaining("on one account (give one of them keys of its own"),
    ]);
  },
  TIMEOUT_MS,
);

const defaultKeys = {
  LIVE_TRADING: "true",
  BITGET_API_KEY: "key",
  BITGET_SECRET: "secret",
  BITGET_PASSPHRASE: "passphrase",
};

test(
  "with LIVE_TRADING off no executor starts and nothing crashes",
  async () => {
    const flags = ["--home", newHome(), "--dir", currentSet(), "--exchange", "bitget"];
    const run = up(flags, { ...defaultKeys, LIVE_TRADING: "false" });
    await run.until(isReady("grid-atr", "LiveTradingOff"));
    expect(childrenOf(run.pid, "executor")).toEqual([]);
    run.kill("SIGTERM");
    expect(await run.ended).toBe(0);
  },
  TIMEOUT_MS,
);

test(
  "with LIVE_TRADING on and only the default keys there is one executor, of grid-atr, and a warning",
  async () => {
    const home = newHome();
    const flags = ["--home", home, "--dir", currentSet(), "--exchange", "bitget"];
    const run = up(flags, defaultKeys);
    await run.until(isReady("grid-atr", "ExecutorWaiting"));
    expect(childrenOf(run.pid, "executor")).toHaveLength(1);
    expect(run.words()).toContain("grid-atr trades with the default keys");
    run.kill("SIGTERM");
    expect(await run.ended).toBe(0);
  },
  TIMEOUT_MS,
);

test(
  "missing keys are said by the names of the variables, and nothing is sent",
  async () => {
    const flags = ["--home", newHome(), "--dir", currentSet(), "--exchange", "bitget"];
    const run = up(flags, {
      LIVE_TRADING: "true",
      BITGET_API_KEY_GRID_ATR: "only one of three",
      BITGET_API_KEY: "",
      BITGET_SECRET: "",
      BITGET_PASSPHRASE: "",
    });
    const { note } = await run.until(({ event }) => event === "warning");
    run.kill("SIGTERM");
    await run.ended;
    expect(note).toContain("BITGET_SECRET_GRID_ATR and BITGET_PASSPHRASE_GRID_ATR are missing");
  },
  TIMEOUT_MS,
);

test("nobody's keys are printed", () => {
  expect(existsSync(".env.example")).toBe(true);
  const { stdout, stderr } = scalp(["up", "--dir", "/no/such/folder"], {
    BITGET_SECRET: "very-secret-value",
  });
  expect(stdout + stderr).not.toContain("very-secret-value");
});
