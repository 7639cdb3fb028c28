/**
 * The emulator's engine as the exchange port, in process: no sockets, no signatures, virtual time.
 *
 * Every call takes the time of a request there and of an answer back, drawn from the seed, and is
 * carried out at the instant in between. It is the port's second implementation, and it passes the
 * contract of the first.
 */

import { millis, sleep } from "#base/clock.ts";
import { known, type Fact } from "#base/fact.ts";
import { chance } from "#base/random.ts";
import { assert, type Result } from "#base/result.ts";
import { reasonOfCode, type Operation } from "#exchange/ccxt/errors.ts";
import type { Refusal } from "#exchange/emulator/engine/refusal.ts";
import { priceAt } from "#exchange/emulator/prices/path.ts";
import type { Exchange, ExchangeStream, Outcome, StreamEvent } from "#exchange/port.ts";
import { lastClosedOpenTime, timeframeMs } from "#trading/candle.ts";
import type { Context, VenueDeps } from "./context.ts";
import { readsOf } from "./reads.ts";
import { toContractSymbol, toStreamEvents } from "./rows.ts";
import { writesOf } from "./writes.ts";

export type Venue = Exchange & {
  /** Plays the market up to now and pushes what has happened to whoever watches. */
  readonly pump: () => void;
};

const LATENCY_MIN_MS = 5;
const LATENCY_SPREAD_MS = 40;

export const createVenue = (deps: VenueDeps): Venue => {
  const { time, engine, uid, seed } = deps;
  let calls = 0;
  const listeners = new Set<(event: StreamEvent) => void>();
  const delay = (): Promise<void> => {
    calls += 1;
    const ms = LATENCY_MIN_MS + LATENCY_SPREAD_MS * chance(seed, "latency", calls);
    return new Promise((resolve) => time.after(ms, resolve));
  };
  const pump = (): void => {
    engine.advance(time.now());
    for (const event of engine.drain()) {
      deps.record(event);
      for (const pushed of toStreamEvents(event, uid)) {
        for (const listener of listeners) listener(pushed);
      }
    }
  };
  const read = async <T>(answer: () => T): Promise<Fact<T>> => {
    await delay();
    pump();
    const value = answer();
    const at = time.now();
    await delay();
    return known(value, at);
  };
  const write = async <T, U>(
    operation: Operation,
    carryOut: () => Result<T, Refusal>,
    pick: (value: T) => U,
  ): Promise<Outcome<U>> => {
    await delay();
    const result = carryOut();
    pump();
    await delay();
    return result.ok
      ? { kind: "Accepted", value: pick(result.value) }
      : toRejection(result.error, operation);
  };
  const account = () => {
    const found = engine.account(uid);
    assert(found !== undefined, "the account is open");
    return found;
  };
  const context = { ...deps, read, write, account, listeners, pump };
  return { ...readsOf(context), ...writesOf(context), ...streamOf(context), pump };
};

const toRejection = ({ code, message }: Refusal, operation: Operation): Outcome<never> => {
  const reason = reasonOfCode(code, operation);
  const detail = `${code} ${message}`;
  return reason === undefined ? { kind: "Unknown", detail } : { kind: "Rejected", reason, detail };
};

const PUSH_PERIOD_MS = 1_000;

const streamOf = ({ engine, time, listeners, pump }: Context): ExchangeStream => ({
  watch: async ({ symbols, timeframe }, listener, signal) => {
    listeners.add(listener);
    listener({ kind: "Connected", stream: "public" });
    listener({ kind: "Connected", stream: "private" });
    let begun = millis(0);
    while (!signal.aborted) {
      pump();
      for (const symbol of symbols) {
        const last = priceAt(engine.path(), toContractSymbol(symbol), time.now());
        if (last === undefined) continue;
        const quote = { last, mark: last, at: time.now() };
        listener({ kind: "PriceChanged", symbol, quote });
      }
      const closed = lastClosedOpenTime(timeframe, time.now());
      const openTime = millis(closed + timeframeMs[timeframe]);
      if (openTime !== begun) {
        begun = openTime;
        for (const symbol of symbols) listener({ kind: "CandleRolled", symbol, openTime });
      }
      await sleep(time, PUSH_PERIOD_MS, signal);
    }
    listeners.delete(listener);
  },
  close: () => Promise.resolve(),
});
