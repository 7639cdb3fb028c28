/**
 * Bitget played from a script, for tests: no sockets, no time but what the test lets pass.
 *
 * Answers have the shapes of the real ones, field for field; every request is kept as it was sent, so
 * that a test can say exactly what an operation asks of the exchange.
 */

import { millis, type Clock, type Millis, type Timers } from "#base/clock.ts";
import type { Exchange } from "../port.ts";
import { createCcxtExchange, type CcxtExchangeDeps } from "./exchange.ts";
import type { Credentials } from "./keyring.ts";
import type { Log } from "./streams.ts";
import type { HttpAnswer, HttpInit, Transport } from "./transport.ts";

type SentRequest = {
  readonly method: string;
  /** Without `/api/`. */
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly body: Readonly<Record<string, unknown>> | undefined;
  readonly headers: Readonly<Record<string, string>>;
  readonly url: string;
};

export type Reply = (request: SentRequest, init: HttpInit) => HttpAnswer | Promise<HttpAnswer>;

export type ScriptedBitget = Transport & {
  readonly requests: ReadonlyArray<SentRequest>;
  /** Answers for a path, in turn; the last one for ever after. */
  readonly on: (path: string, ...replies: ReadonlyArray<Reply>) => void;
};

export const REST_URL = "http://bitget.test:8080";

export const createScriptedBitget = (): ScriptedBitget => {
  const requests: SentRequest[] = [];
  const repliesByPath = new Map<string, Reply[]>();
  repliesByPath.set("v2/mix/market/contracts", [success([contract("BTC"), contract("ETH")])]);

  return {
    requests,
    on: (path, ...replies) => repliesByPath.set(path, [...replies]),
    send: async (url, init) => {
      const request = toSentRequest(url, init);
      init.ready?.();
      requests.push(request);
      const replies = repliesByPath.get(request.path) ?? [];
      const reply = (replies.length > 1 ? replies.shift() : replies[0]) ?? refusal("40404", "path");
      return reply(request, init);
    },
    close: () => {},
  };
};

/** What was asked apart from the list of contracts, which anything may need first. */
export const sentAfterMarkets = ({ requests }: ScriptedBitget) =>
  requests
    .filter(({ path }) => path !== "v2/mix/market/contracts")
    .map(({ method, path, query, body }) => ({ method, path, query, body }));

const toSentRequest = (url: string, { method, headers, body }: HttpInit): SentRequest => {
  const { pathname, searchParams } = new URL(url);
  return {
    method,
    path: pathname.replace("/api/", ""),
    query: Object.fromEntries(searchParams),
    body: body === undefined ? undefined : JSON.parse(body),
    headers,
    url,
  };
};

export const REQUEST_TIME = 1_700_000_000_500;

export const raw =
  (status: number, body: string, headers: HttpAnswer["headers"] = {}): Reply =>
  () => ({ status, statusText: "", headers, text: () => Promise.resolve(body) });

export const success = (data: unknown): Reply =>
  raw(200, JSON.stringify({ code: "00000", msg: "success", requestTime: REQUEST_TIME, data }));

export const refusal = (code: string, msg: string, status = 400): Reply =>
  raw(status, JSON.stringify({ code, msg, requestTime: REQUEST_TIME, data: null }));

/** The connection is cut, as `fetch` tells it. */
export const cut: Reply = () => {
  throw new TypeError("fetch failed");
};

/** No answer until the caller gives up. */
export const silence: Reply = (_request, { signal }) =>
  new Promise((_, reject) => {
    signal.addEventListener("abort", () => reject(new DOMException("aborted", "AbortError")));
  });

/** A contract row with every field that the exchange sends. Prices in tenths, sizes in ten-thousandths. */
export const contract = (baseCoin: string) => ({
  symbol: `${baseCoin}USDT`,
  baseCoin,
  quoteCoin: "USDT",
  buyLimitPriceRatio: "0.05",
  sellLimitPriceRatio: "0.05",
  feeRateUpRatio: "0.005",
  makerFeeRate: "0.0002",
  takerFeeRate: "0.0006",
  openCostUpRatio: "0.01",
  supportMarginCoins: ["USDT"],
  minTradeNum: "0.0001",
  priceEndStep: "5",
  volumePlace: "4",
  pricePlace: "1",
  sizeMultiplier: "0.0001",
  symbolType: "perpetual",
  minTradeUSDT: "5",
  maxSymbolOrderNum: "200",
  maxProductOrderNum: "1000",
  maxPositionNum: "150",
  symbolStatus: "normal",
  offTime: "-1",
  limitOpenTime: "-1",
  deliveryTime: "",
  launchTime: "",
  fundInterval: "8",
  minLever: "1",
  maxLever: "125",
  posLimit: "0.05",
  maintainTime: "",
  maxMarketOrderQty: "220",
  maxOrderQty: "1200",
});

export type ManualClock = Clock &
  Timers & { readonly speed: number; readonly pass: (ms: number) => void };

export const START: Millis = millis(1_700_000_000_000);

export const createManualClock = (start: Millis = START, speed = 1): ManualClock => {
  let elapsed = 0;
  let timers: ReadonlyArray<{ readonly due: number; readonly callback: () => void }> = [];

  const fireNext = (until: number): boolean => {
    const [next] = timers.filter(({ due }) => due <= until).toSorted((a, b) => a.due - b.due);
    if (next === undefined) return false;
    timers = timers.filter((timer) => timer !== next);
    elapsed = Math.max(elapsed, next.due);
    next.callback();
    return true;
  };

  return {
    speed,
    now: () => millis(start + elapsed),
    elapsed: () => elapsed,
    after: (ms, callback) => {
      const timer = { due: elapsed + ms, callback };
      timers = [...timers, timer];
      return () => {
        timers = timers.filter((other) => other !== timer);
      };
    },
    pass: (ms) => {
      const until = elapsed + ms;
      while (fireNext(until));
      elapsed = until;
    },
  };
};

export const KEYS = {
  apiKey: "bg_canary_api_key",
  secret: "canary_secret_0123456789",
  passphrase: "canary passphrase",
} as const;

export const credentials = (): Credentials => ({
  apiKey: { reveal: () => KEYS.apiKey },
  secret: { reveal: () => KEYS.secret },
  passphrase: { reveal: () => KEYS.passphrase },
});

const silentLog: Log = { debug: () => {}, info: () => {}, warn: () => {} };

export const openScripted = (
  bitget: ScriptedBitget,
  overrides: Partial<CcxtExchangeDeps> = {},
): Exchange =>
  createCcxtExchange({
    clock: createManualClock(),
    log: silentLog,
    credentials,
    endpoints: {
      restUrl: REST_URL,
      publicStreamUrl: "ws://bitget.test:8080/v2/ws/public",
      privateStreamUrl: "ws://bitget.test:8080/v2/ws/private",
    },
    accountRequestsPerSecond: 1_000_000,
    publicRequestsPerSecond: 1_000_000,
    jitterSeed: 1,
    transport: bitget,
    ...overrides,
  });
