/**
 * The exchange, end to end: the adapter with its real signatures and sockets against the emulator
 * with its real server, on one fast clock.
 */

import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { inspect } from "node:util";
import { millis } from "#base/clock.ts";
import { assert } from "#base/result.ts";
import { createCcxtExchange } from "#exchange/ccxt/exchange.ts";
import { contractCases, type ContractDriver } from "#exchange/contract.ts";
import { startEmulator, type Emulator } from "#exchange/emulator/server/emulator.ts";
import type { Exchange, StreamEvent } from "#exchange/port.ts";
import { sessionClock, startSession } from "#runtime/clock.ts";
import { silentLogger } from "#runtime/log.ts";
import { secret } from "#runtime/secret.ts";
import { marketSymbol } from "#trading/market.ts";
import { clientOrderId } from "#trading/order.ts";

const SPEED = 20;
const START = millis(Date.UTC(2026, 5, 1, 12));
const symbol = marketSymbol("XRP/USDT:USDT");
const keys = { apiKey: "contract-key", secret: "contract-secret", passphrase: "contract-pass" };

const clock = sessionClock(startSession(START, SPEED));
const closing: Array<() => Promise<unknown>> = [];
let emulator: Emulator;
let driver: ContractDriver;

const openExchange = (given: Partial<typeof keys> = {}): Exchange => {
  const { apiKey, secret: hidden, passphrase } = { ...keys, ...given };
  const exchange = createCcxtExchange({
    clock,
    log: silentLogger,
    credentials: () => ({
      apiKey: secret(apiKey),
      secret: secret(hidden),
      passphrase: secret(passphrase),
    }),
    endpoints: emulator,
    accountRequestsPerSecond: 50,
    publicRequestsPerSecond: 50,
    jitterSeed: 1,
  });
  closing.push(exchange.close);
  return exchange;
};

const shiftPrice = async (percent: number): Promise<void> => {
  const answer = await fetch(`${emulator.restUrl}/emulator/v1/shock`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ symbol: "XRPUSDT", percent }),
  });
  assert(answer.ok, "the market can be moved");
};

beforeAll(async () => {
  const started = await startEmulator(
    {
      host: "127.0.0.1",
      port: 0,
      dataDir: undefined,
      from: START,
      seed: 7,
      accounts: [`${keys.apiKey}:${keys.secret}:${keys.passphrase}:10000`],
      stateDir: undefined,
    },
    { clock, log: silentLogger },
  );
  assert(started.ok, "the emulator starts");
  emulator = started.value;
  let sequence = 0;
  const nextId = () => {
    sequence += 1;
    return clientOrderId("contract", 1, sequence);
  };
  driver = { exchange: openExchange(), clock, symbol, shiftPrice, nextId };
});

afterAll(async () => {
  for (const close of closing) await close();
  await emulator.close();
});

for (const { name, run } of contractCases()) {
  test(`contract: ${name}`, () => run(driver), 20_000);
}

test("a wrong secret, a wrong passphrase and an unknown key are told apart, and none is shown", async () => {
  const wrong = { apiKey: "nobody-at-all", secret: "wrong-secret", passphrase: "wrong-pass" };
  const reasons = [];
  for (const [name, value] of Object.entries(wrong)) {
    const fact = await openExchange({ [name]: value }).fetchBalance();
    assert(fact.kind === "Unknown", "a bad key reads nothing");
    reasons.push(fact.reason);
  }
  expect(reasons).toEqual([
    expect.stringMatching(/^Unauthorized: .*40037/),
    expect.stringMatching(/^Unauthorized: .*40009/),
    expect.stringMatching(/^Unauthorized: .*40012/),
  ]);
  for (const value of [...Object.values(wrong), ...Object.values(keys)]) {
    expect(inspect(reasons)).not.toContain(value);
  }
});

test("an exchange that goes away leaves reads unknown and streams down, and comes back by itself", async () => {
  const exchange = openExchange();
  const events: StreamEvent[] = [];
  const abort = new AbortController();
  const watching = exchange.watch(
    { symbols: [symbol], timeframe: "1m" },
    (event) => events.push(event),
    abort.signal,
  );
  const count = (kind: StreamEvent["kind"]) => events.filter((event) => event.kind === kind).length;
  const until = async (condition: () => boolean) => {
    while (!condition()) await new Promise((resolve) => clock.after(100, () => resolve(undefined)));
  };
  await until(() => count("Connected") === 2);
  const port = Number(new URL(emulator.restUrl).port);
  await emulator.close();
  await until(() => count("Disconnected") === 2);
  expect(await exchange.fetchPositions()).toMatchObject({ kind: "Unknown" });
  const again = await startEmulator(
    {
      host: "127.0.0.1",
      port,
      dataDir: undefined,
      from: START,
      seed: 7,
      accounts: [`${keys.apiKey}:${keys.secret}:${keys.passphrase}:10000`],
      stateDir: undefined,
    },
    { clock, log: silentLogger },
  );
  assert(again.ok, "the emulator starts again");
  emulator = again.value;
  await until(() => count("Connected") === 4);
  expect(await exchange.fetchPositions()).toMatchObject({ kind: "Known", value: [] });
  abort.abort();
  await watching;
}, 30_000);
