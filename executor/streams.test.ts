import { expect, test } from "@jest/globals";
import { brandAs } from "#base/brand.ts";
import { millis } from "#base/clock.ts";
import type { PriceQuote, StreamEvent, WatchRequest } from "#exchange/port.ts";
import { silentLogger } from "#runtime/log.ts";
import type { EngineEvent } from "#trading/engine/events.ts";
import type { EngineState } from "#trading/engine/state.ts";
import { price } from "#trading/money.ts";
import type { MarketSymbol } from "#trading/market.ts";
import { level, reportOf, restingStage } from "#trading/testing/acts.ts";
import { BTC, ETH, fillOf, readyStage, settingsOf, stage } from "#trading/testing/scene.ts";
import { createFactStore } from "./facts.ts";
import { watchedSymbols, watchStreams } from "./streams.ts";

const NOW = millis(5_000);
const quote = (last: number): PriceQuote => ({
  last: price(last),
  mark: price(last),
  at: millis(1),
});

type Watch = {
  readonly request: WatchRequest;
  readonly listener: (event: StreamEvent) => void;
  readonly signal: AbortSignal;
};

/** Sockets in the hands of the test. */
const start = (state: EngineState) => {
  const watches: Watch[] = [];
  const events: EngineEvent[] = [];
  const nudges: string[] = [];
  const facts = createFactStore();
  const end = new AbortController();
  let current = state;
  let elapsed = 0;
  let change = (): void => {};
  const running = watchStreams(
    {
      clock: { now: () => NOW, elapsed: () => elapsed },
      exchange: {
        watch: (request, listener, signal) => {
          watches.push({ request, listener, signal });
          return new Promise((resolve) => {
            signal.addEventListener("abort", () => resolve(), { once: true });
          });
        },
      },
      facts,
      state: () => current,
      push: (event) => events.push(event),
      nudgeCandles: () => nudges.push("candles"),
      nudgeAccount: () => nudges.push("account"),
      log: silentLogger,
    },
    (_watched: ReadonlyArray<MarketSymbol>) =>
      new Promise((resolve) => {
        change = resolve;
        end.signal.addEventListener("abort", () => resolve(), { once: true });
      }),
    end.signal,
  );
  return {
    watches,
    events,
    nudges,
    facts: facts.current,
    tell: (event: StreamEvent) => watches.at(-1)?.listener(event),
    setElapsed: (ms: number) => {
      elapsed = ms;
    },
    changeSymbols: async (next: EngineState) => {
      current = next;
      change();
      await new Promise((resolve) => void setImmediate(resolve));
    },
    stop: async () => {
      end.abort();
      await running;
    },
  };
};

const resting = restingStage(settingsOf([BTC]));

test("a price is a fact with the time at which we received it, and no event", async () => {
  const { tell, facts, events, setElapsed, stop } = start(resting.state());
  tell({ kind: "PriceChanged", symbol: BTC, quote: quote(100) });
  setElapsed(70);
  tell({ kind: "PriceChanged", symbol: ETH, quote: quote(9) });
  expect(facts().prices.get(BTC)).toEqual({ value: quote(100), at: NOW, elapsed: 0 });
  expect(facts().prices.get(ETH)).toEqual({ value: quote(9), at: NOW, elapsed: 70 });
  setElapsed(90);
  tell({ kind: "PriceChanged", symbol: BTC, quote: quote(101) });
  expect(facts().prices.get(BTC)).toMatchObject({ value: quote(101), elapsed: 90 });
  // A symbol that is silent stays as old as it is, whatever the others do.
  expect(facts().prices.get(ETH)).toMatchObject({ elapsed: 70 });
  expect(events).toEqual([]);
  await stop();
});

test("orders and fills go to the engine, each time that they are told, with our time of day", async () => {
  const { tell, events, stop } = start(resting.state());
  const order = level(resting, 0);
  const report = reportOf(order);
  const happening = fillOf(resting, order);
  if (happening.kind !== "FillReported") throw new Error("not a fill");
  const { fill } = happening;
  tell({ kind: "OrderChanged", report });
  tell({ kind: "Filled", fill });
  tell({ kind: "Filled", fill });
  expect(events).toEqual([
    { kind: "OrderReported", at: NOW, report },
    { kind: "FillReported", at: NOW, fill },
    { kind: "FillReported", at: NOW, fill },
  ]);
  await stop();
});

test("an order that is not ours is passed on too: the engine knows what to make of it", async () => {
  const { tell, events, stop } = start(resting.state());
  const order = { ...level(resting, 0), id: brandAs<string, "ClientOrderId">("somebody") };
  tell({ kind: "OrderChanged", report: reportOf(order) });
  expect(events).toMatchObject([{ kind: "OrderReported", report: { clientOrderId: "somebody" } }]);
  await stop();
});

test.each<[string, StreamEvent, ReadonlyArray<string>]>([
  [
    "a candle that has begun",
    { kind: "CandleRolled", symbol: BTC, openTime: millis(3_600_000) },
    ["candles"],
  ],
  ["a changed account", { kind: "AccountChanged" }, ["account"]],
  ["a private socket that is back", { kind: "Connected", stream: "private" }, ["account"]],
  ["a public socket that is back", { kind: "Connected", stream: "public" }, ["account"]],
  ["a socket that is gone", { kind: "Disconnected", stream: "private" }, []],
])("%s is a reason to look, and no event", async (_name, event, expected) => {
  const { tell, nudges, events, stop } = start(resting.state());
  tell(event);
  expect(nudges).toEqual(expected);
  expect(events).toEqual([]);
  await stop();
});

test("each socket has its own state", async () => {
  const { tell, facts, stop } = start(resting.state());
  tell({ kind: "Connected", stream: "public" });
  expect(facts().streams).toEqual({ public: true, private: false });
  tell({ kind: "Connected", stream: "private" });
  tell({ kind: "Disconnected", stream: "public" });
  expect(facts().streams).toEqual({ public: false, private: true });
  await stop();
});

test("only what the exchange lists is watched", () => {
  expect(watchedSymbols(stage(settingsOf([BTC, ETH])).state())).toEqual([]);
  expect(watchedSymbols(readyStage(settingsOf([BTC, ETH])).state())).toEqual([BTC, ETH]);
});

test("another set of symbols is watched anew, and the old sockets are let go", async () => {
  const { watches, changeSymbols, tell, facts, stop } = start(resting.state());
  tell({ kind: "Connected", stream: "public" });
  await changeSymbols(readyStage(settingsOf([BTC, ETH], { timeframe: "5m" })).state());
  expect(watches.map(({ request }) => request)).toEqual([
    { symbols: [BTC], timeframe: "1h" },
    { symbols: [BTC, ETH], timeframe: "5m" },
  ]);
  expect(watches.map(({ signal }) => signal.aborted)).toEqual([true, false]);
  // What was connected is gone, and nobody says so: the new sockets count once they are up.
  expect(facts().streams).toEqual({ public: false, private: false });
  await stop();
  expect(watches.every(({ signal }) => signal.aborted)).toBe(true);
});
