import { afterEach, expect, test } from "@jest/globals";
import { createHmac } from "node:crypto";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { WebSocketServer, type WebSocket } from "ws";
import { marketSymbol } from "#trading/market.ts";
import type { StreamEvent } from "../port.ts";
import type { CcxtExchangeDeps } from "./exchange.ts";
import { fillRow, orderRow, tickerRow } from "./recorded-rows.ts";
import {
  createManualClock,
  createScriptedBitget,
  KEYS,
  openScripted,
  REST_URL,
  silence,
  START,
  success,
} from "./scripted-bitget.ts";

const btc = marketSymbol("BTC/USDT:USDT");
const eth = marketSymbol("ETH/USDT:USDT");

type Frame = {
  readonly op?: string;
  readonly args?: ReadonlyArray<Readonly<Record<string, string>>>;
};

type Peer = { readonly socket: WebSocket; readonly isPrivate: boolean; readonly frames: Frame[] };

/** What the exchange's end of a socket does with a frame. */
type Answer = (peer: Peer, frame: Frame) => void;

const send = ({ socket }: Peer, frame: unknown) => socket.send(JSON.stringify(frame));

const polite: Answer = (peer, { op, args }) => {
  if (op === "login") send(peer, { event: "login", code: 0 });
  for (const arg of args ?? []) if (op === "subscribe") send(peer, { event: "subscribe", arg });
};

const cleanUps: Array<() => Promise<unknown> | void> = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0)) await cleanUp();
});

/** Both ends: an exchange on a socket, and whatever the adapter says that it heard. */
const setUp = async (
  answer: Answer = polite,
  { speed = 1, ...overrides }: Partial<CcxtExchangeDeps> & { readonly speed?: number } = {},
) => {
  const server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
  await once(server, "listening");
  const peers: Peer[] = [];
  server.on("connection", (socket, request) => {
    const peer: Peer = { socket, isPrivate: request.url === "/v2/ws/private", frames: [] };
    peers.push(peer);
    socket.on("message", (data: Buffer) => {
      const text = data.toString();
      if (text === "ping") return socket.send("pong");
      const frame: Frame = JSON.parse(text);
      peer.frames.push(frame);
      answer(peer, frame);
    });
  });

  const origin = `ws://127.0.0.1:${addressOf(server).port}`;
  const clock = createManualClock(START, speed);
  const script = createScriptedBitget();
  const logged: Array<readonly [object, string]> = [];
  const log = (data: object, message: string) => logged.push([data, message]);
  const exchange = openScripted(script, {
    clock,
    log: { debug: log, info: log, warn: log },
    endpoints: {
      restUrl: REST_URL,
      publicStreamUrl: `${origin}/v2/ws/public`,
      privateStreamUrl: `${origin}/v2/ws/private`,
    },
    ...overrides,
  });
  const events: StreamEvent[] = [];
  const abort = new AbortController();
  const watching = exchange.watch(
    { symbols: [btc, eth], timeframe: "1h" },
    (event) => events.push(event),
    abort.signal,
  );
  cleanUps.push(
    () => abort.abort(),
    () => watching,
    () => exchange.close(),
    () => server.close(),
  );
  const kinds = () =>
    events.map((event) => ("stream" in event ? `${event.kind} ${event.stream}` : event.kind));
  return { peers, clock, script, exchange, events, kinds, logged, abort, watching };
};

const addressOf = (server: WebSocketServer): AddressInfo => {
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the server has a port");
  return address;
};

/** Waits for sockets, which take as long as they take. */
const until = async (condition: () => boolean) => {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
};

const both = ["Connected private", "Connected public"];
const connected = (kinds: () => ReadonlyArray<string>) =>
  until(() => both.every((kind) => kinds().includes(kind)));

const push = (channel: string, instId: string, ...data: ReadonlyArray<unknown>) => ({
  action: "snapshot",
  arg: { instType: "USDT-FUTURES", channel, instId },
  data,
  ts: 1_700_000_000_000,
});

const find = (peers: ReadonlyArray<Peer>, isPrivate: boolean): Peer => {
  const peer = peers.findLast((one) => one.isPrivate === isPrivate);
  if (peer === undefined) throw new Error("nobody is connected");
  return peer;
};

test("it logs in with the session's time and subscribes to what it needs, each in one message", async () => {
  const { peers, kinds } = await setUp();
  await connected(kinds);
  const [login, subscription] = find(peers, true).frames;
  const seconds = `${START / 1_000}`;
  expect(login).toMatchObject({
    op: "login",
    args: [
      {
        apiKey: KEYS.apiKey,
        passphrase: KEYS.passphrase,
        timestamp: seconds,
        sign: createHmac("sha256", KEYS.secret)
          .update(`${seconds}GET/user/verify`)
          .digest("base64"),
      },
    ],
  });
  const names = (frame: Frame | undefined) =>
    frame?.args?.map(({ instType, channel, instId }) => `${instType} ${channel} ${instId}`);
  expect(names(subscription)).toEqual([
    "USDT-FUTURES orders default",
    "USDT-FUTURES fill default",
    "USDT-FUTURES positions default",
    "USDT-FUTURES orders-algo default",
  ]);
  expect(find(peers, false).frames.map(names)).toEqual([
    [
      "USDT-FUTURES ticker BTCUSDT",
      "USDT-FUTURES candle1H BTCUSDT",
      "USDT-FUTURES ticker ETHUSDT",
      "USDT-FUTURES candle1H ETHUSDT",
    ],
  ]);
  expect(peers).toHaveLength(2);
});

test("pushes become events, and several in one breath are all told", async () => {
  const { peers, kinds, events } = await setUp();
  await connected(kinds);
  const order = { ...orderRow, instId: "BTCUSDT", reduceOnly: "no" };
  for (const accBaseVolume of ["0", "0.01", "0.02"]) {
    send(find(peers, true), push("orders", "default", { ...order, status: "live", accBaseVolume }));
  }
  send(find(peers, false), push("ticker", "BTCUSDT", tickerRow));
  await until(() => events.length === 6);
  expect(
    events.flatMap((event) => (event.kind === "OrderChanged" ? event.report.filled.toFixed() : [])),
  ).toEqual(["0", "0.01", "0.02"]);
  expect(kinds()).toContain("PriceChanged");
});

test("a fill without a name is told once its order has been asked for it", async () => {
  const { peers, kinds, events, script } = await setUp();
  await connected(kinds);
  script.on(
    "v2/mix/order/detail",
    success({ ...orderRow, state: "filled", clientOid: "grid-1-3" }),
  );
  send(find(peers, true), push("fill", "default", fillRow));
  await until(() => kinds().includes("Filled"));
  expect(events.at(-1)).toMatchObject({ fill: { clientOrderId: "grid-1-3" } });
});

test("a fill whose order cannot be asked for is a reason to read", async () => {
  const { peers, kinds } = await setUp();
  await connected(kinds);
  send(find(peers, true), push("fill", "default", fillRow));
  await until(() => kinds().includes("AccountChanged"));
  expect(kinds()).not.toContain("Filled");
});

test("garbage on the private socket is a reason to read, and neither socket minds any", async () => {
  const { peers, kinds } = await setUp();
  await connected(kinds);
  for (const isPrivate of [true, false]) {
    const { socket } = find(peers, isPrivate);
    for (const garbage of ["{", "[1,2]", "null", '{"arg":5,"data":[]}', '{"event":"login"']) {
      socket.send(garbage);
    }
    send(find(peers, isPrivate), push("ticker", "BTCUSDT", { ...tickerRow, lastPr: "NaN" }));
  }
  send(find(peers, false), push("ticker", "BTCUSDT", tickerRow));
  await until(() => kinds().includes("PriceChanged") && kinds().includes("AccountChanged"));
  expect(kinds().filter((kind) => kind.startsWith("Disconnected"))).toEqual([]);
});

test("a socket that is cut comes back after a pause, and the other one never notices", async () => {
  const { peers, kinds, clock } = await setUp();
  await connected(kinds);
  find(peers, false).socket.terminate();
  await until(() => kinds().includes("Disconnected public"));
  expect(peers).toHaveLength(2);
  clock.pass(2_000);
  await until(() => kinds().filter((kind) => kind === "Connected public").length === 2);
  expect(kinds()).not.toContain("Disconnected private");
  expect(peers.filter(({ isPrivate }) => isPrivate)).toHaveLength(1);
});

test("a login that is never answered is given up, and tried again on a new socket", async () => {
  const logins: Frame[] = [];
  const { kinds, clock } = await setUp((peer, frame) => {
    if (frame.op === "login") logins.push(frame);
    if (frame.op !== "login" || logins.length > 1) polite(peer, frame);
  });
  await until(() => logins.length === 1);
  clock.pass(10_000);
  // The pause begins only when the socket has been given up.
  for (let tries = 0; logins.length < 2 && tries < 1_000; tries += 1) {
    clock.pass(10);
    await new Promise((resolve) => setImmediate(resolve));
  }
  await connected(kinds);
});

test("a refused login waits half a minute, because more of them lock a key", async () => {
  const logins: Frame[] = [];
  const { clock, kinds } = await setUp((peer, frame) => {
    if (frame.op !== "login") return polite(peer, frame);
    logins.push(frame);
    send(peer, { event: "error", code: 30_005, msg: "login failed" });
  });
  await until(() => logins.length === 1 && kinds().includes("Connected public"));
  for (let passed = 0; passed < 14_000; passed += 100) {
    clock.pass(100);
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(logins).toHaveLength(1);
  clock.pass(20_000);
  await until(() => logins.length === 2);
});

test("what is logged of a stream never holds a key, also when the exchange echoes it", async () => {
  const { kinds, logged } = await setUp((peer, frame) => {
    if (frame.op !== "login") return polite(peer, frame);
    send(peer, { event: "error", code: 30_005, msg: `login of ${JSON.stringify(frame)}` });
  });
  await until(() => kinds().includes("Connected public") && logged.some(isEnd));
  const text = JSON.stringify(logged);
  expect(text).toContain("30005");
  for (const key of Object.values(KEYS)) expect(text).not.toContain(key);
});

const isEnd = ([, message]: readonly [object, string]) => message === "stream ended";

test("a symbol that is refused does not silence the others; a channel we live by does end the socket", async () => {
  const { peers, kinds, clock } = await setUp((peer, frame) => {
    for (const arg of frame.args ?? []) {
      const refused = arg["instId"] === "ETHUSDT" || arg["channel"] === "fill";
      if (frame.op === "subscribe" && refused) {
        send(peer, { event: "error", arg, code: 30_001, msg: "doesn't exist" });
      } else polite(peer, { ...frame, args: [arg] });
    }
  });
  await until(() => kinds().includes("Connected public"));
  send(find(peers, false), push("ticker", "BTCUSDT", tickerRow));
  await until(() => kinds().includes("PriceChanged"));
  await until(() => find(peers, true).socket.readyState === find(peers, true).socket.CLOSED);
  expect(kinds()).not.toContain("Connected private");
  clock.pass(4_000);
  await until(() => peers.filter(({ isPrivate }) => isPrivate).length === 2);
});

test("plans that cannot be watched are done without", async () => {
  const { kinds } = await setUp((peer, frame) => {
    for (const arg of frame.args ?? []) {
      const refused = frame.op === "subscribe" && arg["channel"] === "orders-algo";
      if (refused) send(peer, { event: "error", arg, code: 30_001, msg: "" });
      else polite(peer, { ...frame, args: [arg] });
    }
  });
  await connected(kinds);
});

test("a public socket that falls silent is replaced, a private one may be quiet for hours", async () => {
  const { peers, kinds, clock } = await setUp();
  await connected(kinds);
  clock.pass(59_000);
  send(find(peers, false), push("ticker", "BTCUSDT", tickerRow));
  await until(() => kinds().includes("PriceChanged"));
  clock.pass(59_000);
  expect(kinds()).not.toContain("Disconnected public");
  clock.pass(2_000);
  await until(() => kinds().includes("Disconnected public"));
  clock.pass(3_600_000);
  await until(() => peers.filter(({ isPrivate }) => !isPrivate).length === 2);
  expect(kinds()).not.toContain("Disconnected private");
});

test("pings are answered on the machine's clock, however far and fast the session's is", async () => {
  const { peers, kinds } = await setUp(polite, { speed: 60 });
  await connected(kinds);
  let pings = 0;
  find(peers, true).socket.on("message", (data: Buffer) => {
    if (data.toString() === "ping") pings += 1;
  });
  await until(() => pings >= 3);
  expect(kinds().filter((kind) => kind.startsWith("Disconnected"))).toEqual([]);
});

test("without keys there is only what everybody may see", async () => {
  const { peers, kinds, clock } = await setUp(polite, { credentials: undefined });
  await until(() => kinds().includes("Connected public"));
  clock.pass(60_000);
  expect(peers.map(({ isPrivate }) => isPrivate)).toEqual([false]);
});

test("an abort ends both sockets at once, and nothing is told after it", async () => {
  const { peers, kinds, events, abort, watching } = await setUp();
  await connected(kinds);
  const told = events.length;
  send(find(peers, false), push("ticker", "BTCUSDT", tickerRow));
  abort.abort();
  await watching;
  await until(() => peers.every(({ socket }) => socket.readyState === socket.CLOSED));
  expect(events).toHaveLength(told);
});

test("an abort ends a watch that never got to a socket", async () => {
  const script = createScriptedBitget();
  script.on("v2/mix/market/contracts", silence);
  const exchange = openScripted(script, { clock: createManualClock(START, 60) });
  const abort = new AbortController();
  const watching = exchange.watch({ symbols: [btc], timeframe: "1h" }, () => {}, abort.signal);
  await until(() => script.requests.length === 1);
  abort.abort();
  await watching;
});

test("closing the exchange ends every watch", async () => {
  const { kinds, exchange, watching } = await setUp();
  await connected(kinds);
  await exchange.close();
  await watching;
});
