/**
 * The real client on the real server: ccxt's Bitget class, unmodified, over HTTP and WebSocket.
 *
 * Prices are recorded candles of our own making, one a minute, so that a test knows what trades; the
 * clock is the test's, so that no test waits for it.
 */

import { expect, test } from "@jest/globals";
import type * as Ccxt from "ccxt";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { auditLog } from "#exchange/emulator/audit.ts";
import { parseAudit, type AuditEvent } from "#exchange/emulator/audit-events.ts";
import type { Emulator, EmulatorOptions } from "#exchange/emulator/server/emulator.ts";
import {
  askControl,
  SCRIPT_BEGINS,
  scriptedHouse,
  type Script,
  type ScriptedHouse,
} from "#exchange/emulator/server/scripted-house.ts";
import { systemClock } from "#runtime/clock.ts";

const T0 = SCRIPT_BEGINS;
const MINUTE = 60_000;
const BTC = "BTC/USDT:USDT";
const ACCOUNT = "key:secret:passphrase:10000";

/** Where the price goes and stays. */
const script: Script = [
  [-60, 29_000],
  [-30, 30_000],
  [5, 29_900],
  [10, 29_500.5],
  [20, 28_900],
  [30, 30_200],
];

type Bitget = InstanceType<(typeof Ccxt.pro)["bitget"]>;

const importCcxt = async (path: string) =>
  import(new URL(`./src/${path}`, import.meta.resolve("ccxt")).href);

type House = ScriptedHouse & { readonly client: (overrides?: object) => Promise<Bitget> };

const house = (
  use: (house: House) => Promise<void>,
  accounts: ReadonlyArray<string> = [ACCOUNT],
): Promise<void> =>
  scriptedHouse({ script, accounts }, async (scripted) => {
    const clients: Bitget[] = [];
    const client = async (overrides: object = {}) => {
      const made = await createClient(scripted.emulator, scripted.now, overrides);
      clients.push(made);
      return made;
    };
    try {
      await use({ ...scripted, client });
    } finally {
      await Promise.all(clients.map((made) => made.close()));
    }
  });

/** As ccxt is pointed at another host: every group, or the ones left out keep their own. */
const createClient = async (
  { restUrl, publicStreamUrl, privateStreamUrl }: Emulator,
  now: () => number,
  overrides: object,
): Promise<Bitget> => {
  const { default: Class } = await importCcxt("pro/bitget.js");
  const groups = "spot mix user p2p broker margin common tax convert copy earn uta".split(" ");
  const plain = { public: publicStreamUrl, private: privateStreamUrl };
  const streams = { ...plain, utaPublic: publicStreamUrl, utaPrivate: privateStreamUrl };
  const client: Bitget = new Class({
    apiKey: "key",
    secret: "secret",
    password: "passphrase",
    enableRateLimit: false,
    hostname: "127.0.0.1:1",
    urls: {
      api: { ...Object.fromEntries(groups.map((g) => [g, restUrl])), ws: streams, demo: streams },
    },
    options: { uta: false, defaultType: "swap", fetchMarkets: { types: ["swap"] } },
    ...overrides,
  });
  // Signatures carry the market's time; ccxt's own watch over its sockets keeps the machine's.
  client.nonce = now;
  client.seconds = () => Math.floor(now() / 1_000);
  await client.loadHttpProxyAgent();
  return client;
};

const auditOf = async (emulator: Emulator): Promise<ReadonlyArray<AuditEvent>> => {
  const { text } = await askControl(emulator, "/audit?since=0");
  const events = parseAudit(text);
  if (!events.ok) throw new Error(events.error);
  return events.value;
};

/** What ccxt throws, by name. */
const thrown = async (promise: Promise<unknown>): Promise<string> => {
  try {
    await promise;
    return "nothing";
  } catch (error) {
    const code = /"code":"(\d+)"/.exec(String(error))?.[1] ?? "";
    return `${error instanceof Error ? error.name : "?"} ${code}`;
  }
};

const idOf = ({ id }: Pick<Ccxt.Order, "id">): string => id ?? "";

test("markets, time, prices, candles and the book are read", () =>
  house(async ({ client, goTo, now }) => {
    const ex = await client();
    const markets = await ex.loadMarkets();
    expect(Object.keys(markets)).toEqual([BTC]);
    expect(markets[BTC]).toMatchObject({
      id: "BTCUSDT",
      swap: true,
      linear: true,
      active: true,
      contractSize: 1,
      precision: { price: 0.1, amount: 0.0001 },
      limits: { amount: { min: 0.0001 }, cost: { min: 5 }, leverage: { max: 125 } },
    });
    expect(await ex.fetchTime()).toBe(now());
    await goTo(7);
    expect(await ex.fetchTicker(BTC)).toMatchObject({ last: 29_900, bid: 29_899.9, ask: 29_900.1 });
    expect((await ex.fetchTickers())[BTC]?.last).toBe(29_900);
    expect((await ex.fetchMarkPrice(BTC)).markPrice).toBe(29_900);
    const minutes = await ex.fetchOHLCV(BTC, "1m", undefined, 4);
    expect(minutes.map(([at, open, , low, close]) => [at, open, low, close])).toEqual([
      [T0 + 4 * MINUTE, 30_000, 30_000, 30_000],
      [T0 + 5 * MINUTE, 30_000, 29_900, 29_900],
      [T0 + 6 * MINUTE, 29_900, 29_900, 29_900],
      // The one that is forming: nothing of its future.
      [T0 + 7 * MINUTE, 29_900, 29_900, 29_900],
    ]);
    const hours = await ex.fetchOHLCV(BTC, "1h");
    const history = [T0 - 60 * MINUTE, 29_000, 30_000, 29_000, 30_000];
    const forming = [T0, 30_000, 30_000, 29_900, 29_900];
    expect(hours.map((row) => row.slice(0, 5))).toEqual([history, forming]);
    const book = await ex.fetchOrderBook(BTC, 5);
    expect([book.bids[0]?.[0], book.asks[0]?.[0], book.bids.length]).toEqual([
      29_899.9, 29_900.1, 5,
    ]);
  }));

test("the account is set up and read back", () =>
  house(async ({ client }) => {
    const ex = await client();
    await ex.loadMarkets();
    expect((await ex.fetchBalance())["USDT"]).toEqual({ free: 10_000, used: 0, total: 10_000 });
    await ex.setPositionMode(false);
    await ex.setMarginMode("isolated", BTC);
    await ex.setLeverage(7, BTC);
    const sevenfold = { marginMode: "isolated", longLeverage: 7, shortLeverage: 7 };
    expect(await ex.fetchLeverage(BTC)).toMatchObject(sevenfold);
    await ex.setMarginMode("cross", BTC);
    await ex.setLeverage(5, BTC);
    expect(await ex.fetchLeverage(BTC)).toMatchObject({ marginMode: "cross", longLeverage: 5 });
    expect(await thrown(ex.setLeverage(126, BTC))).toBe("ExchangeError 40797");
    expect(await ex.fetchPositions()).toEqual([]);
    expect(await ex.fetchOpenOrders(BTC)).toEqual([]);
    expect(await ex.fetchTradingFee(BTC)).toMatchObject({ maker: 0.0002, taker: 0.0006 });
    const info = await ex.request("v2/spot/account/info", ["private", "spot"], "GET");
    expect(info.data.authorities).toEqual(["coor", "coow", "cpor", "cpow", "stor"]);
    expect(info.data.userId).toMatch(/^\d{10}$/);
  }));

test("an entry with its stop, a stop of the position, and the way out", () =>
  house(async ({ client, goTo, emulator }) => {
    const ex = await client();
    await ex.loadMarkets();
    await ex.setLeverage(5, BTC);
    const entry = await ex.createOrder(BTC, "limit", "buy", 0.1, 29_900, {
      clientOrderId: "entry-1",
      stopLoss: { triggerPrice: 28_000 },
    });
    expect(entry.clientOrderId).toBe("entry-1");
    expect((await ex.fetchOpenOrders(BTC)).map(({ id }) => id)).toEqual([entry.id]);
    expect((await ex.fetchBalance())["USDT"]).toMatchObject({ total: 10_000 });

    await goTo(7);
    const filled = await ex.fetchOrder("", BTC, { clientOrderId: "entry-1" });
    expect(filled).toMatchObject({ id: entry.id, status: "closed", filled: 0.1, average: 29_900 });
    const stops = { trigger: true, planType: "profit_loss" };
    const [preset] = await ex.fetchOpenOrders(BTC, undefined, undefined, stops);
    expect([preset?.info.planType, preset?.triggerPrice]).toEqual(["loss_plan", 28_000]);
    expect(await ex.fetchPositions([BTC])).toMatchObject([
      { side: "long", contracts: 0.1, entryPrice: 29_900, leverage: 5, marginMode: "cross" },
    ]);

    const stop = await ex.createOrder(BTC, "market", "sell", 0.1, undefined, {
      stopLossPrice: 28_500,
      clientOrderId: "stop-1",
    });
    const again = ex.createOrder(BTC, "market", "sell", 0.1, undefined, { stopLossPrice: 28_600 });
    expect(await thrown(again)).toBe("ExchangeError 43031");
    const move = (stopLossPrice: number) =>
      ex.editOrder(idOf(stop), BTC, "market", "sell", 0.1, undefined, { stopLossPrice });
    expect(await thrown(move(29_950))).toBe("InvalidOrder 40917");
    expect((await move(29_000)).id).toBe(stop.id);

    await goTo(22);
    expect(await ex.fetchPositions([BTC])).toEqual([]);
    const child = await ex.fetchOrder("", BTC, { clientOrderId: idOf(stop) });
    expect(child).toMatchObject({ status: "closed", side: "sell", filled: 0.1, reduceOnly: true });
    expect(child.info.orderSource).toBe("pos_loss_market");
    const trades = await ex.fetchMyTrades(BTC);
    const sides = trades.map(({ side, takerOrMaker }) => `${side} ${takerOrMaker}`);
    expect(sides).toEqual(["buy maker", "sell taker"]);
    expect(trades[0]).toMatchObject({ price: 29_900, fee: { cost: 0.598, currency: "USDT" } });
    expect(trades[1]?.price).toBeLessThan(29_000);

    const report = auditLog(await auditOf(emulator));
    expect(report.doubledClientIds).toEqual([]);
    expect(report.nakedIntervals).toEqual([]);
    const [books] = report.books.values();
    const total = (await ex.fetchBalance())["USDT"]?.total;
    expect(total).toBe(books?.wallet.toNumber());
  }));

test("orders are cancelled, closed and listed", () =>
  house(async ({ client }) => {
    const ex = await client();
    await ex.loadMarkets();
    const resting = await ex.createOrder(BTC, "limit", "buy", 0.01, 29_000);
    await ex.cancelOrder(idOf(resting), BTC);
    expect((await ex.fetchOrder(idOf(resting), BTC)).status).toBe("canceled");
    expect(await thrown(ex.cancelOrder(idOf(resting), BTC))).toBe("ExchangeError 22001");
    await ex.createOrder(BTC, "limit", "buy", 0.01, 29_000);
    await ex.createOrder(BTC, "limit", "buy", 0.01, 29_100);
    expect(await ex.cancelAllOrders(BTC)).toHaveLength(2);
    expect(await ex.fetchOpenOrders(BTC)).toEqual([]);

    await ex.createOrder(BTC, "market", "sell", 0.02);
    const exit = await ex.createOrder(BTC, "market", "buy", 0.05, undefined, { reduceOnly: true });
    expect(await ex.fetchOrder(idOf(exit), BTC)).toMatchObject({ filled: 0.02, average: 30_000.1 });
    expect(await ex.fetchPositions()).toEqual([]);
    const flat = ex.createOrder(BTC, "market", "buy", 0.01, undefined, { reduceOnly: true });
    expect(await thrown(flat)).toBe("ExchangeError 22002");
    const done = await ex.fetchCanceledAndClosedOrders(BTC);
    const states = done.map(({ status }) => status ?? "").toSorted();
    expect(states).toEqual(["canceled", "canceled", "canceled", "closed", "closed"]);
    const ledger = await ex.fetchLedger("USDT");
    const kinds = ledger.map(({ info }) => String(info.businessType)).toSorted();
    expect(kinds).toEqual(["close_short", "open_short"]);
  }));

test("refusals have the exchange's own codes", () =>
  house(async ({ client }) => {
    const ex = await client();
    await ex.loadMarkets();
    const buy = (size: number, price: number, params: object = {}) =>
      thrown(ex.createOrder(BTC, "limit", "buy", size, price, params));
    expect(await buy(0.0001, 29_000)).toBe("InvalidOrder 45110");
    expect(await buy(100, 29_000)).toBe("InsufficientFunds 40762");
    expect(await buy(0.01, 29_000, { stopLoss: { triggerPrice: 29_500 } })).toBe(
      "InvalidOrder 40917",
    );
    expect(await buy(0.01, 29_000, { clientOrderId: "twice" })).toBe("nothing");
    expect(await buy(0.01, 29_000, { clientOrderId: "twice" })).toBe("ExchangeError 40786");
    expect(await thrown(ex.fetchOrder("1", BTC))).toBe("OrderNotFound 40109");
    // Its query travels escaped and is signed as it reads.
    const strange = "a b#c+d:1";
    expect(await buy(0.01, 29_000, { clientOrderId: strange })).toBe("nothing");
    const found = await ex.fetchOrder("", BTC, { clientOrderId: strange });
    expect(found.clientOrderId).toBe(strange);
    const path = "v2/mix/order/cancel-plan-order";
    const request = { symbol: "BTCUSDT", orderIdList: [{ orderId: "1" }] };
    const canceled = await ex.request(path, ["private", "mix"], "POST", request);
    expect(canceled.data).toMatchObject({ successList: [], failureList: [{ errorCode: "43025" }] });
  }));

const codeOf = async (response: Response): Promise<string | undefined> =>
  /"code":"(\d+)"/.exec(await response.text())?.[1];

test("a key, a passphrase, a signature and a timestamp must be right", () =>
  house(async ({ client, now, emulator }) => {
    const asks = async (overrides: object, prepare: (ex: Bitget) => void = () => {}) => {
      const ex = await client(overrides);
      await ex.loadMarkets();
      prepare(ex);
      return thrown(ex.fetchBalance());
    };
    expect(await asks({ apiKey: "nobody" })).toBe("AuthenticationError 40037");
    expect(await asks({ password: "wrong" })).toBe("AuthenticationError 40012");
    expect(await asks({ secret: "wrong" })).toBe("AuthenticationError 40009");
    expect(await asks({}, (ex) => (ex.nonce = () => now() - 31_000))).toBe("InvalidNonce 40008");
    expect(await asks({}, (ex) => (ex.nonce = () => now() + 31_000))).toBe("InvalidNonce 40008");
    expect(await asks({}, (ex) => (ex.nonce = () => now() - 29_000))).toBe("nothing");
    const unsigned = await fetch(`${emulator.restUrl}/api/v2/mix/account/accounts`);
    expect([unsigned.status, await codeOf(unsigned)]).toEqual([400, "40001"]);
    const unified = await fetch(`${emulator.restUrl}/api/v3/account/settings`);
    expect([unified.status, await codeOf(unified)]).toEqual([400, "40084"]);
    const unknown = await fetch(`${emulator.restUrl}/api/v2/mix/nothing`);
    expect([unknown.status, await codeOf(unknown)]).toEqual([404, "40404"]);
  }));

/** Pushes of a flat account come first. */
const positionHeld = async (ex: Bitget) => {
  for (;;) {
    const held = await ex.watchPositions([BTC]);
    if (held.length > 0) return held;
  }
};

test("sockets tell of prices, candles, orders, fills, positions and money", () =>
  house(async ({ client, goTo }) => {
    const ex = await client();
    await ex.loadMarkets();
    expect((await ex.watchTicker(BTC)).last).toBe(30_000);
    const [first] = await ex.watchOHLCV(BTC, "1m");
    expect(first?.[0]).toBe(T0 - 60 * MINUTE);
    expect((await ex.watchOrderBook(BTC, 5)).asks[0]?.[0]).toBe(30_000.1);

    const orders = ex.watchOrders(BTC);
    const fills = ex.watchMyTrades(BTC);
    const held = positionHeld(ex);
    // The balance is pushed at once: when it has come, the others are subscribed to as well.
    expect((await ex.watchBalance())["USDT"]?.total).toBe(10_000);
    const placed = await ex.createOrder(BTC, "limit", "buy", 0.1, 29_900, {
      stopLoss: { triggerPrice: 28_000 },
    });
    expect((await orders)[0]).toMatchObject({ id: placed.id, status: "open", amount: 0.1 });
    const next = ex.watchOrders(BTC);
    const ticker = ex.watchTicker(BTC);
    const candle = ex.watchOHLCV(BTC, "1m");
    await goTo(7);
    expect((await ticker).last).toBe(29_900);
    expect((await next).at(-1)).toMatchObject({ id: placed.id, status: "closed" });
    expect((await fills)[0]).toMatchObject({ order: placed.id, price: 29_900, amount: 0.1 });
    expect(await held).toMatchObject([{ side: "long", contracts: 0.1, entryPrice: 29_900 }]);
    expect((await candle).at(-1)?.slice(0, 5)).toEqual([T0 + 7 * MINUTE, ...Array(4).fill(29_900)]);
  }));

test("two keys are two customers", () =>
  house(
    async ({ client }) => {
      const one = await client();
      const two = await client({ apiKey: "key2", secret: "secret2", password: "passphrase2" });
      await Promise.all([one.loadMarkets(), two.loadMarkets()]);
      await one.createOrder(BTC, "market", "buy", 0.01);
      expect(await one.fetchPositions()).toHaveLength(1);
      expect(await two.fetchPositions()).toEqual([]);
      expect((await two.fetchBalance())["USDT"]).toMatchObject({ total: 500 });
    },
    [ACCOUNT, "key2:secret2:passphrase2:500"],
  ));

/** Five processes, each loading Node, the emulator and ccxt's markets, on a machine that may be busy. */
const PROCESSES_MS = 60_000;

/** A process of its own, so that it can be killed. It says its address on stdout. */
const spawnEmulator = async (stateDir: string) => {
  const place = { host: "127.0.0.1", port: 0, dataDir: undefined, from: undefined, stateDir };
  const options: EmulatorOptions = { ...place, seed: 11, accounts: [ACCOUNT] };
  const url = (path: string) => JSON.stringify(new URL(`../../${path}`, import.meta.url).href);
  const program = `
    const { startEmulator } = await import(${url("exchange/emulator/server/emulator.ts")});
    const { systemClock } = await import(${url("runtime/clock.ts")});
    const { silentLogger } = await import(${url("runtime/log.ts")});
    const deps = { clock: systemClock, log: silentLogger };
    const started = await startEmulator(${JSON.stringify(options)}, deps);
    if (!started.ok) throw new Error(started.error);
    console.log(JSON.stringify(started.value));
  `;
  const child = spawn(process.execPath, ["--input-type=module", "-e", program], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [line] = await once(child.stdout, "data");
  const emulator: Emulator = { ...JSON.parse(String(line)), close: async () => {} };
  return { child, emulator };
};

test(
  "killed and started again, it goes on with the same books, ids and log",
  async () => {
    const stateDir = mkdtempSync(join(tmpdir(), "emulator-"));
    let before: ReadonlyArray<AuditEvent> = [];
    for (let round = 0; round < 4; round += 1) {
      const { child, emulator } = await spawnEmulator(stateDir);
      const after = await auditOf(emulator);
      expect(after.slice(0, before.length)).toEqual(before);
      const ex = await createClient(emulator, () => Date.now(), {});
      await ex.loadMarkets();
      const price = (await ex.fetchTicker(BTC)).last ?? 0;
      const stopLoss = { triggerPrice: price * 0.7 };
      const entries = [0.95, 0.9, 0.8].map((share, index) => {
        const params = { clientOrderId: `r${round}-${index}`, stopLoss };
        return ex.createOrder(BTC, "limit", "buy", 0.001, price * share, params);
      });
      await Promise.all(entries);
      const params = { clientOrderId: `r${round}-m`, stopLoss };
      const position = await ex.createOrder(BTC, "market", "buy", 0.001, undefined, params);
      const again = ex.createOrder(BTC, "market", "buy", 0.001, undefined, {
        clientOrderId: "r0-m",
      });
      expect(await thrown(again)).toBe("ExchangeError 40786");
      before = await auditOf(emulator);
      expect(before.some((event) => "orderId" in event && event.orderId === position.id)).toBe(
        true,
      );
      await ex.close();
      child.kill("SIGKILL");
      await once(child, "exit");
    }
    const { child, emulator } = await spawnEmulator(stateDir);
    const events = await auditOf(emulator);
    expect(events.slice(0, before.length)).toEqual(before);
    expect(events.map(({ index }) => index)).toEqual(events.map((_, place) => place + 1));
    const report = auditLog(events);
    expect(report.doubledClientIds).toEqual([]);
    expect(report.nakedIntervals).toEqual([]);
    const books = JSON.parse((await askControl(emulator, "/books")).text).accounts[0];
    expect(books.orders).toHaveLength(12);
    expect(books.positions[0].total).toBe("0.004");
    expect(books.plans).toHaveLength(4);
    expect(report.books.get(books.uid)?.wallet.toFixed()).toBe(books.wallet);
    child.kill("SIGKILL");
    await once(child, "exit");
    rmSync(stateDir, { recursive: true });
  },
  PROCESSES_MS,
);

test("how many requests a second it answers", () =>
  house(async ({ client, emulator }) => {
    const ex = await client();
    await ex.loadMarkets();
    const begun = systemClock.elapsed();
    const rounds = 200;
    for (let round = 0; round < rounds; round += 1) {
      const placed = await ex.createOrder(BTC, "limit", "buy", 0.001, 29_000);
      await ex.cancelOrder(idOf(placed), BTC);
    }
    const signed = (rounds * 2_000) / (systemClock.elapsed() - begun);
    const rssMb = Math.round(process.memoryUsage().rss / 2 ** 20);
    const figures = `${Math.round(signed)} signed requests/s, ${rssMb} MB with its client`;
    process.stdout.write(`emulator: ${figures}\n`);
    expect((await auditOf(emulator)).length).toBe(1 + rounds * 2);
  }));
