import { expect, test } from "@jest/globals";
import { millis, type Millis } from "#base/clock.ts";
import { known, unknown, type Fact } from "#base/fact.ts";
import type { Balance, CandleRequest } from "#exchange/port.ts";
import { silentLogger } from "#runtime/log.ts";
import { createVirtualTime } from "#simulation/time.ts";
import { timeframeMs, type Candle } from "#trading/candle.ts";
import type { EngineEvent } from "#trading/engine/events.ts";
import type { EngineState } from "#trading/engine/state.ts";
import { amount } from "#trading/money.ts";
import type { MarketSymbol } from "#trading/market.ts";
import type { SymbolSettings } from "#trading/settings.ts";
import type { GridStrategy } from "#trading/strategy.ts";
import { BTC, ETH, readyStage, settingsOf } from "#trading/testing/scene.ts";
import { createCandleFeed } from "./candle-feed.ts";

const HOUR = timeframeMs["1h"];
const DAY = Date.UTC(2026, 5, 1);
const LOOKBACK = 4;

/** What traded in the hour that opens at an instant. */
const candleAt = (openTime: number): Candle => ({
  openTime: millis(openTime),
  open: 100,
  high: 101,
  low: 99,
  close: 100 + (openTime - DAY) / HOUR,
  volume: 1,
});

const balance: Balance = { equity: amount(100), available: amount(90), wallet: amount(100) };

/** Looks back on as many candles as its parameters say; its indicators name the candles it saw. */
const strategyFor = ({ parameters }: SymbolSettings): GridStrategy => ({
  kind: "grid_atr",
  timeframe: "1h",
  maxLevels: 1,
  stopPercent: 20,
  lookback: Number(parameters["lookback"] ?? LOOKBACK),
  cooldownCandles: 0,
  indicators: (candles) => ({ count: candles.length, close: candles.at(-1)?.close ?? 0 }),
  levels: () => [],
  takeProfit: () => undefined,
  exit: () => undefined,
});

type World = {
  /** Runs up to so many milliseconds after midnight, or after the start of an hour. */
  readonly run: (hour: number, ms?: number) => Promise<void>;
  /** Decisions so far: hour that closed, when it was decided on, and who was in it. */
  readonly bars: () => ReadonlyArray<string>;
  readonly events: ReadonlyArray<Extract<EngineEvent, { kind: "BarClosed" }>>;
  readonly nudge: () => void;
  /** Requests for candles of a symbol. */
  readonly asked: (symbol: MarketSymbol) => number;
  readonly setState: (state: EngineState) => void;
};

type Script = {
  /** The answer to a request at an instant; what the exchange really has is `truth`. */
  readonly candles?: (
    request: CandleRequest,
    truth: ReadonlyArray<Candle>,
    now: Millis,
  ) => Fact<ReadonlyArray<Candle>>;
  readonly balance?: (now: Millis) => Fact<Balance>;
};

const truthOf = ({ before, limit }: CandleRequest, now: number): ReadonlyArray<Candle> => {
  const end = Math.min(before, Math.floor(now / HOUR) * HOUR);
  return Array.from({ length: limit }, (_, index) => candleAt(end - (limit - index) * HOUR));
};

const stateOf = (lookback = LOOKBACK): EngineState => {
  const settings = settingsOf([BTC, ETH]);
  return readyStage({
    ...settings,
    symbols: settings.symbols.map((symbol) => ({ ...symbol, parameters: { lookback } })),
  }).state();
};

const LATENCY_MS = 20;

/** A feed that has run since half an hour before the first hour ends. */
const watch = async (script: Script, use: (world: World) => Promise<void>): Promise<void> => {
  const time = createVirtualTime(millis(DAY + HOUR / 2), 1);
  const events: Array<Extract<EngineEvent, { kind: "BarClosed" }>> = [];
  const asked: MarketSymbol[] = [];
  const later = <T>(answer: T): Promise<T> =>
    new Promise((resolve) => void time.after(LATENCY_MS, () => resolve(answer)));
  let state = stateOf();
  const feed = createCandleFeed({
    clock: time,
    timers: time,
    exchange: {
      fetchCandles: (request) => {
        asked.push(request.symbol);
        const now = time.now();
        const truth = truthOf(request, now);
        return later(script.candles?.(request, truth, now) ?? known(truth, now));
      },
      fetchBalance: () => later(script.balance?.(time.now()) ?? known(balance, time.now())),
    },
    state: () => state,
    strategyOf: (_settings, symbol) => strategyFor(symbol),
    push: (event) => {
      if (event.kind === "BarClosed") events.push(event);
    },
    log: silentLogger,
  });
  const end = new AbortController();
  const running = feed.run(end.signal);
  await use({
    run: (hour, ms = 0) => time.runUntil(millis(DAY + hour * HOUR + ms)),
    bars: () => events.map(describe),
    events,
    nudge: feed.nudge,
    asked: (symbol) => asked.filter((one) => one === symbol).length,
    setState: (next) => {
      state = next;
    },
  });
  end.abort();
  await time.runUntil(millis(time.now() + 1_000));
  await running;
};

const short = (symbol: MarketSymbol) => symbol.slice(0, 3);

/** `1 at +1.02 s: BTC ETH`: the hour that opened at one, decided on 1.02 s after it closed. */
const describe = ({ at, openTime, bars }: World["events"][number]): string => {
  const late = (at - openTime - HOUR) / 1_000;
  return `${(openTime - DAY) / HOUR} at +${late} s: ${bars.map(({ symbol }) => short(symbol)).join(" ")}`;
};

test("each candle is decided on once, for all symbols together, at its own close", () =>
  watch({}, async ({ run, bars, events }) => {
    await run(3, 30_000);
    const hours = bars().map((bar) => bar.split(" ")[0]);
    // The one that had closed when the feed began, and the three that closed since.
    expect(hours).toEqual(["-1", "0", "1", "2"]);
    expect(bars().every((bar) => bar.endsWith(": BTC ETH"))).toBe(true);
    expect(events.at(-1)?.bars.map(({ price }) => price.toFixed())).toEqual(["102", "102"]);
    expect(events.at(-1)?.bars[0]?.indicators).toEqual({ count: LOOKBACK, close: 102 });
    expect(events.at(-1)?.funds).toEqual(balance);
  }));

test("a candle is looked for within a second of its close, and at once when somebody nudges", () =>
  watch({}, async ({ run, bars, nudge }) => {
    await run(1, 950);
    expect(bars()).toHaveLength(2);
    await run(2, -1);
    expect(bars()).toHaveLength(2);
    await run(2, 5);
    nudge();
    await run(2, 5 + 2 * LATENCY_MS);
    expect(bars().at(-1)).toBe("1 at +0.045 s: BTC ETH");
  }));

test("a nudge that comes while the feed is looking is not lost", () => {
  // The exchange shows the candle to whoever asks 5 ms after its close, and not to the first.
  const script: Script = {
    candles: (_request, truth, now) => known(now % HOUR < 5 ? truth.slice(0, -1) : truth, now),
  };
  return watch(script, async ({ run, bars, nudge }) => {
    await run(1, 1_500);
    await run(2, 1);
    nudge();
    await run(2, 10);
    nudge();
    await run(2, 200);
    expect(bars().at(-1)).toMatch(/^1 at \+0\.0\d+ s/);
  });
});

/** A symbol whose newest candle shows only so long after it has closed. */
const lateBy = (ms: number): Script => ({
  candles: ({ symbol }, truth, now) =>
    known(symbol === ETH && now % HOUR < ms ? truth.slice(0, -1) : truth, now),
});

test("a decision waits for a symbol whose candle comes a little late", () =>
  watch(lateBy(6_000), async ({ run, bars }) => {
    await run(2, 30_000);
    expect(bars().filter((bar) => bar.startsWith("1 "))).toEqual([
      expect.stringMatching(/^1 at \+6\.\d+ s: BTC ETH$/),
    ]);
  }));

test("after ten seconds it is made without the symbol, and made again when the candle comes", () =>
  watch(lateBy(25_000), async ({ run, bars }) => {
    await run(2, 50_000);
    expect(bars().filter((bar) => bar.startsWith("1 "))).toEqual([
      expect.stringMatching(/^1 at \+10\.\d+ s: BTC$/),
      expect.stringMatching(/^1 at \+25\.\d+ s: BTC ETH$/),
    ]);
  }));

test("a hole is never decided on, and is filled as soon as the exchange fills it", () => {
  const missing = DAY + HOUR;
  const script: Script = {
    candles: ({ symbol }, truth, now) =>
      known(
        symbol === ETH && now < DAY + 4 * HOUR
          ? truth.filter(({ openTime }) => openTime !== missing)
          : truth,
        now,
      ),
  };
  return watch(script, async ({ run, bars, events }) => {
    await run(3, 30_000);
    expect(bars().slice(2)).toEqual([
      expect.stringMatching(/^1 at \+10\.\d+ s: BTC$/),
      expect.stringMatching(/^2 at \+10\.\d+ s: BTC$/),
    ]);
    await run(4, 30_000);
    expect(bars().at(-1)).toMatch(/^3 at \+[01]\.\d+ s: BTC ETH$/);
    expect(events.at(-1)?.bars[1]?.indicators).toEqual({ count: LOOKBACK, close: 103 });
  });
});

test.each<[string, (truth: ReadonlyArray<Candle>) => ReadonlyArray<Candle>]>([
  ["twice", (truth) => truth.flatMap((one, index) => (index === 1 ? [one, one] : [one]))],
  ["in the wrong order", (truth) => truth.toReversed()],
  ["with a later one among them", (truth) => [...truth, candleAt(DAY + 90 * HOUR)]],
  ["not at all", () => []],
])("candles that come %s are not decided on", (_name, spoil) => {
  const script: Script = {
    candles: ({ symbol }, truth, now) => known(symbol === ETH ? spoil(truth) : truth, now),
  };
  return watch(script, async ({ run, bars }) => {
    await run(2, 30_000);
    expect(bars().length).toBeGreaterThan(2);
    expect(bars().filter((bar) => bar.includes("ETH"))).toEqual([]);
  });
});

test("candles that cannot be read are no candles: the symbol is asked for again", () => {
  const script: Script = {
    candles: ({ symbol }, truth, now) =>
      symbol === ETH && now < DAY + HOUR + 4_000 ? unknown("timeout") : known(truth, now),
  };
  return watch(script, async ({ run, bars, asked }) => {
    await run(1, 30_000);
    expect(bars().at(-1)).toMatch(/^0 at \+4\.\d+ s: BTC ETH$/);
    expect(asked(ETH)).toBeGreaterThan(asked(BTC));
  });
});

test("what has been read is not read again, and one candle is a small request", () => {
  const limits: number[] = [];
  const script: Script = {
    candles: ({ limit }, truth, now) => {
      limits.push(limit);
      return known(truth, now);
    },
  };
  return watch(script, async ({ run, asked }) => {
    await run(2, 30_000);
    // At the start, and after each of the two closes.
    expect([asked(BTC), asked(ETH)]).toEqual([3, 3]);
    expect(limits).toEqual([LOOKBACK, LOOKBACK, 3, 3, 3, 3]);
  });
});

test("an unknown balance is waited for, and then the decision is made without it", () => {
  const script: Script = {
    balance: (now) => (now >= DAY + HOUR ? unknown("timeout") : known(balance, now)),
  };
  return watch(script, async ({ run, bars, events }) => {
    await run(1, 30_000);
    expect(bars().at(-1)).toMatch(/^0 at \+10\.\d+ s: BTC ETH$/);
    expect(events.at(-1)?.funds).toBeUndefined();
  });
});

test("a symbol that the exchange does not list is not waited for", () =>
  watch({}, async ({ run, bars, asked, setState }) => {
    const state = stateOf();
    const unlisted = [...state.symbols.values()].map((one) =>
      one.symbol === ETH ? { ...one, market: undefined } : one,
    );
    await run(1, -1_000);
    const before = asked(ETH);
    setState({ ...state, symbols: new Map(unlisted.map((one) => [one.symbol, one])) });
    await run(1, 5_000);
    expect(bars().at(-1)).toMatch(/^0 at \+[01]\.\d+ s: BTC$/);
    expect(asked(ETH)).toBe(before);
  }));

test("new parameters are decided on at once, with as many candles as they look back on", () =>
  watch({}, async ({ run, bars, events, setState }) => {
    await run(1, 60_000);
    const before = bars().length;
    setState(stateOf(7));
    await run(1, 65_000);
    expect(bars()).toHaveLength(before + 1);
    expect(events.at(-1)?.bars.map(({ indicators }) => indicators?.["count"])).toEqual([7, 7]);
  }));

test("new parameters are not decided on with the candles of the old ones", () => {
  const script: Script = {
    // Just when the longer history is needed, it cannot be had.
    candles: (_request, truth, now) =>
      now > DAY + HOUR + 60_000 && now < DAY + HOUR + 90_000
        ? unknown("timeout")
        : known(truth, now),
  };
  return watch(script, async ({ run, bars, events, setState }) => {
    await run(1, 60_000);
    const before = bars().length;
    setState(stateOf(7));
    await run(1, 89_000);
    expect(bars()).toHaveLength(before);
    await run(1, 95_000);
    expect(bars()).toHaveLength(before + 1);
    expect(events.at(-1)?.bars.map(({ indicators }) => indicators?.["count"])).toEqual([7, 7]);
  });
});
