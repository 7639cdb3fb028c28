/**
 * ccxt's Bitget, held to what we need of it.
 *
 * A class, the only one here, because ccxt is built to be extended that way: it calls these methods
 * by name from its own. What they change, each measured on ccxt 4.5.84:
 *
 * - it takes an empty, truncated or HTML answer with status 200 for success: refused here;
 * - it asks the exchange which kind of account it is, and takes any failure for "classic": told here;
 * - addresses that are not overridden go to the real exchange: all are, the host name is dead, and
 *   the last step before the network refuses every other origin;
 * - it reads the machine's clock: it reads ours, except for ping and pong, which are the machine's;
 * - it keeps keys, and the headers that carry them, on the instance: it holds them only while it
 *   signs;
 * - it prints: it is silent.
 */

import type { Clock } from "#base/clock.ts";
import { tooManyRequests } from "./errors.ts";
import { isRow } from "./fields.ts";
import type { Keyring } from "./keyring.ts";
import { Bitget, errors } from "./package.ts";
import type { HttpSend } from "./transport.ts";

export type Endpoints = {
  /** Origin of the REST API: `https://api.bitget.com`. */
  readonly restUrl: string;
  /** `wss://ws.bitget.com/v2/ws/public` and `/v2/ws/private`. */
  readonly publicStreamUrl: string;
  readonly privateStreamUrl: string;
  /** The exchange's own demo trading: same addresses for REST, one more header. */
  readonly demo?: boolean;
};

export type StrictBitgetDeps = {
  readonly clock: Clock & { readonly speed: number };
  readonly endpoints: Endpoints;
  /** `undefined`: public data only. */
  readonly keyring: Keyring | undefined;
  readonly send: HttpSend;
  /** Sees every frame of a socket first; true when ccxt should act on it too. */
  readonly onFrame: (frame: unknown) => boolean;
};

export type StrictBitget = InstanceType<typeof Bitget>;

const REQUEST_TIMEOUT_MS = 10_000;
/** However fast the session's clock runs, the machine and its loopback need this long. */
const SHORTEST_TIMEOUT_MS = 1_000;
const PING_MS = 30_000;
const SHORTEST_PING_MS = 500;
/** A stalled machine is not a dead peer. */
const SHORTEST_SILENCE_MS = 5_000;

/** Where nothing listens, so that an address that escaped the overrides fails at once. */
const DEAD_HOST = "127.0.0.1:1";

export const createStrictBitget = (deps: StrictBitgetDeps): StrictBitget => {
  const { clock, endpoints } = deps;
  const bitget = new (extendBitget(deps))({
    enableRateLimit: false,
    hostname: DEAD_HOST,
    timeout: Math.max(SHORTEST_TIMEOUT_MS, REQUEST_TIMEOUT_MS / clock.speed),
    userAgent: "scalp-radar",
    options: {
      uta: false,
      defaultType: "swap",
      fetchMarkets: { types: ["swap"] },
      sandboxMode: endpoints.demo === true,
    },
    streaming: pingSettings(clock.speed),
  });
  bitget.has["fetchCurrencies"] = false;
  // Whatever groups a new version adds are overridden with the rest.
  bitget.urls.api = overrideUrls(bitget.urls.api, endpoints);
  bitget.milliseconds = () => clock.now();
  bitget.seconds = () => Math.floor(clock.now() / 1_000);
  bitget.fetchImplementation = (url: string, init: Parameters<HttpSend>[1]) => {
    refuseForeign(url, endpoints.restUrl);
    return deps.send(url, init);
  };
  return bitget;
};

const extendBitget = (deps: StrictBitgetDeps) =>
  class extends Bitget {
    override handleErrors(...answer: Parameters<StrictBitget["handleErrors"]>): undefined {
      const [status, , url, method, headers, , parsed] = answer;
      const where = `${method} ${new URL(url).pathname}`;
      if (status === 429) {
        const limited = new errors.RateLimitExceeded(`bitget: HTTP 429 to ${where}`);
        throw tooManyRequests(limited, retryAfterMs(headers));
      }
      // Below 500 it is the exchange that speaks, and ccxt quotes its refusal; above, nobody knows who.
      if (status < 500) super.handleErrors(...answer);
      if (status === 200 && isAnswer(parsed)) return undefined;
      throw new errors.BadResponse(`bitget: HTTP ${status} without an answer to ${where}`);
    }

    override sign(...request: Parameters<StrictBitget["sign"]>) {
      return this.withKeys(() => super.sign(...request));
    }

    // Everything that needs the keys happens before the first wait.
    override authenticate(...params: Parameters<StrictBitget["authenticate"]>) {
      return this.withKeys(() => super.authenticate(...params));
    }

    override client(url: string) {
      const { publicStreamUrl, privateStreamUrl } = deps.endpoints;
      if (url !== publicStreamUrl && url !== privateStreamUrl) {
        throw new errors.BadResponse("bitget: a socket to an address that is not configured");
      }
      return super.client(url);
    }

    override handleMessage(...[client, frame]: Parameters<StrictBitget["handleMessage"]>): void {
      // ccxt would note the session's time here, and compare it to the machine's.
      if (frame === "pong") client.onPong();
      else if (deps.onFrame(frame)) super.handleMessage(client, frame);
    }

    /** Remembers headers, and the passphrase in them, for debugging. */
    override setLastRequest(): void {}

    /** Proxies are not supported, so there is nothing to look for on every request. */
    override async loadProxyModules(): Promise<void> {}

    /** stdout belongs to the command that runs. */
    override log(): void {}

    private withKeys<T>(sign: () => T): T {
      const keys = deps.keyring?.reveal();
      this.apiKey = keys?.apiKey ?? "";
      this.secret = keys?.secret ?? "";
      this.password = keys?.passphrase ?? "";
      try {
        return sign();
      } finally {
        this.apiKey = "";
        this.secret = "";
        this.password = "";
      }
    }
  };

const isAnswer = (parsed: unknown): boolean =>
  isRow(parsed) &&
  parsed["code"] === "00000" &&
  parsed["data"] !== undefined &&
  parsed["data"] !== null;

const retryAfterMs = (headers: Readonly<Record<string, unknown>>): number | undefined => {
  const seconds = Number(headers["Retry-After"]);
  return Number.isFinite(seconds) && seconds > 0 ? seconds * 1_000 : undefined;
};

type Urls = StrictBitget["urls"]["api"];

const overrideUrls = (
  urls: Urls,
  { restUrl, publicStreamUrl, privateStreamUrl }: Endpoints,
): Urls => {
  const override = (name: string, value: unknown): Urls[string] => {
    if (isRow(value)) {
      return Object.fromEntries(
        Object.keys(value).map((key) => [
          key,
          key.toLowerCase().endsWith("private") ? privateStreamUrl : publicStreamUrl,
        ]),
      );
    }
    return name === "ws" ? publicStreamUrl : restUrl;
  };
  return Object.fromEntries(Object.entries(urls).map(([name, url]) => [name, override(name, url)]));
};

const refuseForeign = (url: string, restUrl: string): void => {
  if (new URL(url).origin !== new URL(restUrl).origin) {
    throw new errors.BadResponse("bitget: a request to an address that is not configured");
  }
};

/** Pings run on the machine's clock. Silence is judged by as many missed ones as make five seconds. */
const pingSettings = (speed: number) => {
  const keepAlive = Math.max(SHORTEST_PING_MS, PING_MS / speed);
  return { keepAlive, maxPingPongMisses: Math.max(2, SHORTEST_SILENCE_MS / keepAlive) };
};
