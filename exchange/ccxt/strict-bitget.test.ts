import { expect, test } from "@jest/globals";
import { createKeyring } from "./keyring.ts";
import { errors } from "./package.ts";
import {
  createManualClock,
  createScriptedBitget,
  credentials,
  KEYS,
  raw,
  refusal,
  REST_URL,
  silence,
  success,
  type ScriptedBitget,
} from "./scripted-bitget.ts";
import { createStrictBitget, type StrictBitgetDeps } from "./strict-bitget.ts";

const endpoints = {
  restUrl: REST_URL,
  publicStreamUrl: "ws://bitget.test:8080/v2/ws/public",
  privateStreamUrl: "ws://bitget.test:8080/v2/ws/private",
};

const open = (bitget: ScriptedBitget, overrides: Partial<StrictBitgetDeps> = {}) =>
  createStrictBitget({
    clock: createManualClock(),
    endpoints,
    keyring: createKeyring(credentials),
    send: bitget.send,
    onFrame: () => false,
    ...overrides,
  });

const positions = "v2/mix/position/all-position";

const ask = (bitget: ScriptedBitget, overrides: Partial<StrictBitgetDeps> = {}) =>
  open(bitget, overrides).request(positions, ["private", "mix"], "GET", { marginCoin: "USDT" });

test("every address is one of the three that are configured, in every group and mode", () => {
  const { urls, hostname } = open(createScriptedBitget());
  const leaves = (value: unknown): ReadonlyArray<unknown> =>
    typeof value === "object" && value !== null ? Object.values(value).flatMap(leaves) : [value];
  const addresses = leaves(urls.api);
  expect(addresses.length).toBeGreaterThan(15);
  expect(new Set(addresses)).toEqual(new Set(Object.values(endpoints)));
  expect(urls.api["ws"]).toMatchObject({
    public: endpoints.publicStreamUrl,
    private: endpoints.privateStreamUrl,
  });
  expect(urls.api["demo"]).toEqual(urls.api["ws"]);
  expect(hostname).toBe("127.0.0.1:1");
});

test("nothing is retried, throttled or asked about the kind of account", () => {
  const bitget = open(createScriptedBitget());
  expect(bitget.enableRateLimit).toBe(false);
  expect(bitget.options["maxRetriesOnFailure"]).toBeUndefined();
  expect(bitget.options["uta"]).toBe(false);
  expect(bitget.options["defaultType"]).toBe("swap");
  expect(bitget.options["fetchMarkets"].types).toEqual(["swap"]);
  expect(bitget.has["fetchCurrencies"]).toBe(false);
});

test("a request to any other address is refused at the last step", async () => {
  const script = createScriptedBitget();
  const bitget = open(script);
  for (const url of ["https://api.bitget.com/api/v2/x", "http://bitget.test:8081/", "http://x/"]) {
    await expect(bitget.fetch(url, "GET")).rejects.toThrow("not configured");
  }
  bitget.urls.api["mix"] = "https://api.bitget.com";
  await expect(bitget.request(positions, ["private", "mix"], "GET")).rejects.toThrow(
    errors.BadResponse,
  );
  expect(() => bitget.client("wss://ws.bitget.com/v2/ws/public")).toThrow("not configured");
  expect(script.requests).toEqual([]);
});

test("garbage with status 200 is no answer", async () => {
  const garbage = [
    "",
    "null",
    "<html>ok</html>",
    '{"code":"00000","msg":"success","data":[',
    '{"code":"00000","msg":"success","data":null}',
    '{"code":"00000","msg":"success"}',
    '{"data":[]}',
    "[]",
    '"00000"',
  ];
  for (const body of garbage) {
    const script = createScriptedBitget();
    script.on(positions, raw(200, body));
    await expect(ask(script)).rejects.toThrow("HTTP 200 without an answer to GET /api/v2/mix");
  }
});

test("an answer that is a success only by status or only by code is none", async () => {
  const good = '{"code":"00000","msg":"success","requestTime":1700000000000,"data":[]}';
  for (const [status, body] of [
    [400, good],
    [302, good],
    [502, good],
    [200, '{"code":0,"msg":"success","data":[]}'],
    [200, '{"code":"00000","msg":"partly","data":[]}'],
  ] as const) {
    const script = createScriptedBitget();
    script.on(positions, raw(status, body));
    await expect(ask(script)).rejects.toThrow();
  }
});

test("a refusal keeps the exchange's words, and a gateway's error is not taken for one", async () => {
  const script = createScriptedBitget();
  script.on(positions, refusal("40774", "unilateral"), refusal("40774", "unilateral", 502));
  await expect(ask(script)).rejects.toThrow('bitget {"code":"40774","msg":"unilateral"');
  await expect(ask(script)).rejects.toThrow("HTTP 502 without an answer");
});

test("too many requests is told from other refusals, with the wait that was asked for", async () => {
  const script = createScriptedBitget();
  script.on(positions, raw(429, "<html>slow down</html>", { "retry-after": "7" }));
  await expect(ask(script)).rejects.toMatchObject({ retryAfterMs: 7_000 });
  await expect(ask(script)).rejects.toThrow(errors.RateLimitExceeded);
});

test("requests are signed with the session's time", async () => {
  const script = createScriptedBitget();
  script.on(positions, success([]));
  const clock = createManualClock();
  clock.pass(1_234);
  await ask(script, { clock });
  expect(script.requests[0]?.headers).toMatchObject({
    "ACCESS-KEY": KEYS.apiKey,
    "ACCESS-PASSPHRASE": KEYS.passphrase,
    "ACCESS-TIMESTAMP": "1700000001234",
  });
});

test("keys stay on the instance no longer than a signature takes", async () => {
  const script = createScriptedBitget();
  script.on(positions, success([]));
  const bitget = open(script);
  await bitget.request(positions, ["private", "mix"], "GET");
  const seen = new Set<unknown>();
  const texts = (value: unknown): ReadonlyArray<string> => {
    if (typeof value === "string") return [value];
    if (typeof value !== "object" || value === null || seen.has(value)) return [];
    seen.add(value);
    return Object.values(value).flatMap(texts);
  };
  const held = texts(bitget).join("\n");
  for (const key of Object.values(KEYS)) expect(held).not.toContain(key);
});

test("without keys nothing private is sent", async () => {
  const script = createScriptedBitget();
  await expect(ask(script, { keyring: undefined })).rejects.toThrow('requires "apiKey"');
  expect(script.requests).toEqual([]);
});

test("an answer that does not come ends with the timeout: ten seconds of the session's clock", async () => {
  const script = createScriptedBitget();
  script.on(positions, silence);
  expect(open(script).timeout).toBe(10_000);
  expect(open(script, { clock: createManualClock(undefined, 4) }).timeout).toBe(2_500);
  // A fast session leaves the machine its second.
  const clock = createManualClock(undefined, 60);
  expect(open(script, { clock }).timeout).toBe(1_000);
  await expect(ask(script, { clock })).rejects.toThrow("timed out (1000 ms)");
});

test("the exchange's demo trading is a header on requests to the same addresses", async () => {
  const script = createScriptedBitget();
  script.on(positions, success([]));
  await ask(script, { endpoints: { ...endpoints, demo: true } });
  expect(script.requests[0]?.headers["PAPTRADING"]).toBe("1");
  expect(script.requests[0]?.url).toContain(REST_URL);
});
