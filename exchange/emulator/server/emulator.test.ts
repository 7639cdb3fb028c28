import { expect, test } from "@jest/globals";
import { createHmac } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { WebSocket } from "ws";
import { millis, sleep } from "#base/clock.ts";
import { systemClock } from "#runtime/clock.ts";
import { silentLogger } from "#runtime/log.ts";
import { savedInstant, startEmulator, type EmulatorOptions } from "./emulator.ts";
import {
  askControl,
  SCRIPT_BEGINS,
  scriptedHouse,
  type Script,
  type ScriptedHouse,
} from "./scripted-house.ts";

const ACCOUNT = "key:secret:passphrase:10000";
const script: Script = [
  [-60, 29_000],
  [5, 29_900.5],
];

const house = (use: (house: ScriptedHouse) => Promise<void>) =>
  scriptedHouse({ script, accounts: [ACCOUNT] }, use);

const ask = async (url: string): Promise<Record<string, unknown>> => {
  const body: unknown = await (await fetch(url)).json();
  return Object.fromEntries(Object.entries(body ?? {}));
};

const market = (restUrl: string, rest: string) => ask(`${restUrl}/api/v2/mix/market/${rest}`);

type Frame = Readonly<Record<string, unknown>>;

/** A plain socket and everything that it is told. */
const plainSocket = async (url: string) => {
  const socket = new WebSocket(url);
  const frames: string[] = [];
  socket.on("message", (data: Buffer) => frames.push(data.toString("utf8")));
  await once(socket, "open");
  /** The first frame that fits, waited for at most five seconds. */
  const frame = async (fits: (frame: Frame) => boolean): Promise<Frame | undefined> => {
    for (let tries = 0; tries < 250; tries += 1) {
      const found = frames
        .filter((text) => text.startsWith("{"))
        .map((text): Frame => JSON.parse(text))
        .find(fits);
      if (found !== undefined) return found;
      await sleep(systemClock, 20);
    }
    return undefined;
  };
  return { socket, frames, frame, say: (message: unknown) => socket.send(JSON.stringify(message)) };
};

const subscription = (channel: string, instId: string, instType = "USDT-FUTURES") => ({
  op: "subscribe",
  args: [{ instType, channel, instId }],
});

test("a socket is told what it did wrong", () =>
  house(async ({ emulator, now }) => {
    const open = await plainSocket(emulator.publicStreamUrl);
    open.say(subscription("candleundefined", "BTCUSDT"));
    expect(await open.frame(({ event }) => event === "error")).toMatchObject({
      code: 30001,
      msg: "instType:USDT-FUTURES,channel:candleundefined,instId:BTCUSDT doesn't exist",
    });
    open.say({ op: "dance" });
    expect(await open.frame(({ code }) => code === 30003)).toBeDefined();
    open.socket.send("nonsense");
    expect(await open.frame(({ code }) => code === 30002)).toBeDefined();
    open.socket.send("ping");
    open.say(subscription("ticker", "BTCUSDT"));
    expect(await open.frame(({ event }) => event === "subscribe")).toBeDefined();
    expect(open.frames).toContain("pong");

    const closed = await plainSocket(emulator.privateStreamUrl);
    closed.say(subscription("orders", "default"));
    expect(await closed.frame(({ code }) => code === 30004)).toBeDefined();
    const login = (timestamp: string, secret: string) =>
      closed.say({
        op: "login",
        args: [
          {
            apiKey: "key",
            passphrase: "passphrase",
            timestamp,
            sign: createHmac("sha256", secret)
              .update(`${timestamp}GET/user/verify`)
              .digest("base64"),
          },
        ],
      });
    const seconds = Math.floor(now() / 1_000);
    login(String(seconds), "wrong");
    expect(await closed.frame(({ code }) => code === 30015)).toBeDefined();
    login(String(seconds - 31), "secret");
    expect(await closed.frame(({ code }) => code === 30014)).toBeDefined();
    login(String(seconds), "secret");
    expect(await closed.frame(({ event }) => event === "login")).toMatchObject({ code: 0 });

    const ended = once(open.socket, "close");
    open.socket.send("x".repeat(65 * 1_024));
    expect((await ended)[0]).toBe(1009);
    closed.socket.terminate();
  }));

test("the market stands still after the recorded data, and does not look fresh", () =>
  house(async ({ emulator, goTo }) => {
    await goTo(601);
    const end = SCRIPT_BEGINS + 600 * 60_000;
    const ticker = await market(emulator.restUrl, "ticker?symbol=BTCUSDT");
    expect(ticker["data"]).toMatchObject([{ lastPr: "29900.5", ts: String(end - 1_000) }]);
    const candles = await market(emulator.restUrl, "candles?symbol=BTCUSDT&granularity=1m&limit=2");
    const row = ["29900.5", "29900.5", "29900.5", "29900.5", "60", "1794030"];
    expect(candles["data"]).toEqual([
      [String(end - 120_000), ...row],
      [String(end - 60_000), ...row],
    ]);
  }));

test("the control API moves the market and answers to this machine's programs only", () =>
  house(async ({ emulator, goTo }) => {
    const shock = (body: object, headers: Record<string, string> = {}) =>
      askControl(emulator, "/shock", {
        method: "POST",
        headers: { "content-type": "application/json", ...headers },
        body: JSON.stringify(body),
      });
    const down = { symbol: "BTCUSDT", percent: -10 };
    expect((await shock(down, { origin: "http://evil.example" })).status).toBe(403);
    expect((await shock({ ...down, percent: -100 })).status).toBe(400);
    expect((await shock({ ...down, symbol: "NOUSDT" })).text).toContain(
      "NOUSDT is not traded here",
    );
    expect((await shock(down)).status).toBe(200);
    await goTo(1);
    const ticker = await market(emulator.restUrl, "ticker?symbol=BTCUSDT");
    expect(ticker["data"]).toMatchObject([{ lastPr: "26100.0" }]);
    const time: unknown = JSON.parse((await askControl(emulator, "/time")).text);
    const end = SCRIPT_BEGINS + 600 * 60_000;
    expect(time).toMatchObject({ speed: 1, end, symbols: ["BTCUSDT"] });
    const books: unknown = JSON.parse((await askControl(emulator, "/books")).text);
    expect(books).toMatchObject({ accounts: [{ wallet: "10000", fillCount: 0, positions: [] }] });
    expect((await askControl(emulator, "/audit?since=-1")).status).toBe(410);
    const audit = (await askControl(emulator, "/audit?since=1")).text;
    expect(JSON.parse(audit)).toMatchObject({ index: 2, kind: "PriceShocked", percent: -10 });
  }));

test("what is no request is refused, not failed", () =>
  house(async ({ emulator }) => {
    const post = async (body: string) => {
      const url = `${emulator.restUrl}/api/v2/mix/order/place-order`;
      const response = await fetch(url, { method: "POST", body });
      return [response.status, /"code":"(\d+)"/.exec(await response.text())?.[1]];
    };
    expect(await post("{")).toEqual([400, "40017"]);
    expect(await post("[]")).toEqual([400, "40017"]);
    expect(await post("x".repeat(70_000))).toEqual([413, "40017"]);
    expect(await post("{}")).toEqual([400, "40001"]);
    const bad = [
      "candles?symbol=X",
      "candles?symbol=BTCUSDT&granularity=7m",
      "ticker",
      "__proto__",
    ];
    const codes = await Promise.all(bad.map((query) => market(emulator.restUrl, query)));
    expect(codes.map(({ code }) => code)).toEqual(["40019", "40020", "40019", "40404"]);
  }));

const defaults: EmulatorOptions = {
  host: "127.0.0.1",
  port: 0,
  dataDir: undefined,
  from: undefined,
  seed: 3,
  accounts: [ACCOUNT],
  stateDir: undefined,
};

test("what cannot be is said in one sentence, and nothing starts", async () => {
  const start = async (options: Partial<EmulatorOptions>) => {
    const started = await startEmulator(
      { ...defaults, ...options },
      { clock: systemClock, log: silentLogger },
    );
    if (!started.ok) return started.error;
    await started.value.close();
    return "it started";
  };
  const folder = mkdtempSync(join(tmpdir(), "emulator-"));
  expect(await start({ accounts: [] })).toContain("needs an account");
  expect(await start({ accounts: ["key:hidden"] })).toBe(
    "account 1: it must be key:secret:passphrase:balance, none of them empty or with a colon",
  );
  expect(await start({ accounts: ["k:hidden:p:-1"] })).toContain("the balance must be digits");
  expect(await start({ accounts: [ACCOUNT, ACCOUNT] })).toBe("account 2: its key is given twice");
  expect(await start({ dataDir: join(folder, "none") })).toContain("cannot read the directory");
  expect(await start({ dataDir: folder })).toContain("holds no recorded candles");
  await house(async ({ emulator }) => {
    const port = Number(new URL(emulator.restUrl).port);
    const stateDir = join(folder, "unused");
    expect(await start({ port, stateDir })).toContain(`port ${port} on 127.0.0.1 is in use`);
    expect(savedInstant(stateDir)).toEqual({ ok: true, value: undefined });
  });

  const stateDir = join(folder, "state");
  expect(await start({ stateDir, seed: 5 })).toBe("it started");
  expect(await start({ stateDir, seed: undefined })).toBe("it started");
  const state = join(stateDir, "emulator.json");
  expect(await start({ stateDir, seed: 6 })).toBe(
    `${state} field seed is 5 and this session's is 6: start with the same one, or choose another state folder`,
  );
  const anchor = millis(systemClock.now() - 864_000_000);
  expect(await start({ stateDir, seed: 5, from: anchor })).toContain(`${state} field anchor is`);
  writeFileSync(state, readFileSync(state, "utf8").replace('"version":1', '"version":9'));
  expect(await start({ stateDir, seed: 5 })).toContain(`${state} field version is 9`);
  writeFileSync(state, "{");
  expect(await start({ stateDir, seed: 5 })).toContain(`${state} field`);
  rmSync(state);
  expect(await start({ stateDir, seed: 5 })).toContain("this is not a whole state folder");
  rmSync(folder, { recursive: true });
});
