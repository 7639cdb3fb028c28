/**
 * What an exchange must do to be one of ours: cases that run against any implementation of the port.
 *
 * Each case starts from a flat account and leaves whatever it leaves. A driver stands for the world:
 * it moves the market, which no exchange lets us do. Numbers come from the market itself, so that the
 * same cases run on an emulator, on a simulation, and by hand on an exchange's demo trading.
 */

import { brandAs } from "#base/brand.ts";
import { sleep, type Clock, type Timers } from "#base/clock.ts";
import type { Fact } from "#base/fact.ts";
import { assert } from "#base/result.ts";
import { isContiguous, timeframeMs } from "#trading/candle.ts";
import {
  exitSide,
  limitPrice,
  sizeToStep,
  stopPrice,
  takeProfitPrice,
  type Market,
  type MarketSymbol,
} from "#trading/market.ts";
import { quantity, type Price, type Quantity } from "#trading/money.ts";
import type { ClientOrderId } from "#trading/order.ts";
import type { EntryRequest, Exchange, Outcome, Plan, Position, StreamEvent } from "./port.ts";

export type ContractDriver = {
  readonly exchange: Exchange;
  readonly clock: Clock & Timers;
  /** One whose smallest step is worth less than its smallest order. */
  readonly symbol: MarketSymbol;
  /** Shoves the market of the symbol by some percent of its price, at once. */
  readonly shiftPrice: (percent: number) => Promise<void>;
  /** A client id that was never used on this account. */
  readonly nextId: () => ClientOrderId;
};

export type ContractCase = {
  readonly name: string;
  readonly run: (driver: ContractDriver) => Promise<void>;
};

const LEVERAGE = 5;
/** Orders are worth about this much: above every minimum, and small. */
const ORDER_VALUE = 60;
/** Longest time that an acknowledged change may take to show. */
const VISIBLE_MS = 30_000;
const POLL_MS = 250;

/** Every case begins with an account that holds nothing and waits for nothing. */
export const contractCases = (): ReadonlyArray<ContractCase> =>
  Object.entries(cases).map(([name, run]) => ({
    name,
    run: async (driver) => {
      await flatten(driver);
      await run(driver);
    },
  }));

const cases: Readonly<Record<string, ContractCase["run"]>> = {
  "markets say how fine their numbers are": async (driver) => {
    const market = await marketOf(driver);
    assert(market.active, "the market takes orders");
    assert(market.maxLeverage >= LEVERAGE, "leverage is possible");
    assert(market.takerFeeRate.gte(market.makerFeeRate), "taking costs no less than making");
  },
  "prices are those of now": async ({ exchange, clock, symbol }) => {
    const { at, last, mark } = valueOf(must(await exchange.fetchPrices([symbol])), symbol);
    assert(Math.abs(clock.now() - at) < VISIBLE_MS, "the price is fresh");
    assert(last.gt(mark.times("0.5")) && last.lt(mark.times(2)), "last and mark are one market's");
  },
  "candles are closed, without holes, and stop where they are told to": async ({
    exchange,
    clock,
    symbol,
  }) => {
    const before = clock.now();
    const asked = { symbol, timeframe: "1m", before, limit: 30 } as const;
    const candles = must(await exchange.fetchCandles(asked));
    assert(candles.length === 30 && isContiguous("1m", candles), "thirty candles in a row");
    const newest = candles.at(-1)?.openTime ?? 0;
    assert(newest + timeframeMs["1m"] <= clock.now(), "the newest has closed");
    const earlier = { ...asked, before: candles[10]?.openTime ?? before, limit: 5 };
    const openTimes = must(await exchange.fetchCandles(earlier)).map(({ openTime }) => openTime);
    const expected = candles.slice(5, 10).map(({ openTime }) => openTime);
    assert(openTimes.join() === expected.join(), "the five before an instant are those five");
  },
  "an account has a number and may trade, but not withdraw": async ({ exchange }) => {
    const first = must(await exchange.fetchAccount());
    assert(first.uid !== "" && first.canTrade && !first.canWithdraw, "the key is a trading key");
    assert(must(await exchange.fetchAccount()).uid === first.uid, "the number stays");
  },
  "a flat account owns what its wallet holds": async (driver) => {
    const { equity, wallet, available } = must(await driver.exchange.fetchBalance());
    assert(equity.eq(wallet) && available.lte(equity), "nothing is unrealised and nothing is used");
  },
  "settings are read back as they were set, and may be set again": async ({ exchange, symbol }) => {
    for (let twice = 0; twice < 2; twice += 1) {
      accepted(await exchange.setOneWayMode());
      accepted(await exchange.setMarginMode(symbol, "crossed"));
      accepted(await exchange.setLeverage(symbol, LEVERAGE));
    }
    const facts = must(await exchange.fetchSymbolFacts(symbol));
    assert(facts.leverage === LEVERAGE, "leverage is read back");
    assert(facts.marginMode === "crossed" && facts.oneWay, "modes are read back");
  },
  "an order that nobody placed is absent, and cannot be canceled": async ({
    exchange,
    symbol,
    nextId,
  }) => {
    const id = nextId();
    assert(must(await exchange.fetchOrder(id, symbol)) === undefined, "it is absent");
    rejected(await exchange.cancelOrder(id, symbol), "NotFound");
  },
  "a resting entry is found by its id, with its numbers, until it is canceled": async (driver) => {
    const { exchange, symbol } = driver;
    const entry = await restingEntry(driver);
    const exchangeOrderId = accepted(await exchange.submitEntry(entry));
    const found = await eventually(driver, "the order shows", () => orderOf(driver, entry.id));
    assert(found.exchangeOrderId === exchangeOrderId, "it is the order that was acknowledged");
    assert(found.status === "Open" && found.filled.eq(0) && !found.reduceOnly, "it rests");
    assert(found.size.eq(entry.size) && found.limit?.eq(entry.limit) === true, "as it was sent");
    const open = must(await exchange.fetchOpenOrders());
    assert(
      open.some(({ clientOrderId }) => clientOrderId === entry.id),
      "it is listed",
    );
    accepted(await exchange.cancelOrder(entry.id, symbol));
    await eventually(driver, "the order is canceled", async () => {
      const order = await orderOf(driver, entry.id);
      return order?.status === "Canceled" ? order : undefined;
    });
    rejected(await exchange.cancelOrder(entry.id, symbol), "NotFound");
  },
  "the same id sent again never becomes a second order": async (driver) => {
    const entry = await restingEntry(driver);
    accepted(await driver.exchange.submitEntry(entry));
    await eventually(driver, "the order shows", () => orderOf(driver, entry.id));
    const again = await driver.exchange.submitEntry(entry);
    assert(again.kind === "Unknown", "a duplicate proves nothing about the first");
    const open = must(await driver.exchange.fetchOpenOrders());
    assert(
      open.filter(({ clientOrderId }) => clientOrderId === entry.id).length === 1,
      "one order",
    );
  },
  "an entry that its guard refuses never reaches the exchange": async (driver) => {
    const entry = { ...(await restingEntry(driver)), guard: () => "no grant" };
    rejected(await driver.exchange.submitEntry(entry), "Denied");
    assert((await orderOf(driver, entry.id)) === undefined, "it is absent");
  },
  "what the exchange must refuse is rejected with its reason": async (driver) => {
    const { exchange } = driver;
    const market = await marketOf(driver);
    const entry = await restingEntry(driver);
    const submit = (changes: Partial<EntryRequest>) =>
      exchange.submitEntry({ ...entry, ...changes, id: driver.nextId() });
    const tooLarge = sizeToStep(
      market,
      must(await exchange.fetchBalance()).equity.div(entry.limit),
    );
    const manyTimes = quantity(tooLarge.times(20 * LEVERAGE));
    const outcome = await submit({ size: manyTimes });
    assert(
      outcome.kind === "Rejected" && /InsufficientFunds|InvalidSize/.test(outcome.reason),
      "more than the account can carry is refused",
    );
    rejected(await submit({ size: market.step }), "BelowMinimum");
    const above = limitPrice(market, "sell", entry.limit.times("1.5"));
    rejected(await submit({ stop: above }), "TriggerPassed");
    const exit = { symbol: driver.symbol, side: "sell", size: entry.size } as const;
    const nothing = {
      ...exit,
      id: driver.nextId(),
      marginMode: "crossed",
      urgent: false,
    } as const;
    rejected(await exchange.submitExit(nothing), "NoPosition");
  },
  "an entry that fills is a position with a stop, and its fills carry its id": async (driver) => {
    const { exchange, clock, symbol } = driver;
    const since = clock.now();
    const entry = await restingEntry(driver);
    accepted(await exchange.submitEntry(entry));
    await driver.shiftPrice(-7);
    const position = await eventually(driver, "the entry fills", () => positionOf(driver));
    assert(
      position.side === "long" && position.size.eq(entry.size),
      "all of it is a long position",
    );
    assert(position.averagePrice.lte(entry.limit), "bought no dearer than the limit");
    assert((await orderOf(driver, entry.id))?.status === "Filled", "the order is filled");
    const fills = must(await exchange.fetchFills(symbol, since)).filter(
      ({ clientOrderId }) => clientOrderId === entry.id,
    );
    const filled = fills.reduce((sum, fill) => quantity(sum.plus(fill.size)), quantity(0));
    assert(filled.eq(entry.size), "its fills are the order's, and make all of it");
    assert(
      fills.every(({ fee, side }) => fee.gt(0) && side === "buy"),
      "they cost their fee",
    );
    const stops = (await plansOf(driver)).filter(({ kind }) => kind === "Stop");
    assert(
      stops.length > 0 && stops.every(({ trigger }) => trigger.eq(entry.stop)),
      "it has a stop",
    );
    const { equity, wallet } = must(await exchange.fetchBalance());
    assert(!equity.eq(wallet), "profit and loss are open");
  },
  "protection covers the position, moves in place, and goes when it is canceled": async (
    driver,
  ) => {
    const { exchange, symbol } = driver;
    const position = await openPosition(driver);
    const market = await marketOf(driver);
    const { mark } = await quoteOf(driver);
    const below = (factor: string) => stopPrice(market, "long", mark.times(factor));
    const request = { symbol, side: "long", size: position.size } as const;
    const protect = (kind: "Stop" | "TakeProfit", trigger: Price) =>
      exchange.placeProtection({ ...request, id: driver.nextId(), kind, trigger });
    const id = accepted(await protect("Stop", below("0.85")));
    const stop = await eventually(driver, "the stop shows", () => planOf(driver, id));
    assert(
      stop.kind === "Stop" && stop.size === undefined && stop.side === "long",
      "for all of it",
    );
    assert(stop.trigger.eq(below("0.85")), "where it was put");
    rejected(await protect("Stop", below("0.8")), "AlreadyProtected");
    rejected(await protect("TakeProfit", below("0.9")), "TriggerPassed");
    const profit = takeProfitPrice(market, "long", mark.times("1.3"));
    const profitId = accepted(await protect("TakeProfit", profit));
    accepted(
      await exchange.moveProtection({ plan: stop, trigger: below("0.9"), size: position.size }),
    );
    const moved = await eventually(driver, "the stop moves", async () => {
      const plan = await planOf(driver, id);
      return plan?.trigger.eq(below("0.9")) === true ? plan : undefined;
    });
    assert(moved.size === undefined, "it still covers the position");
    for (const plan of await plansOf(driver)) accepted(await exchange.cancelPlan(plan));
    await eventually(driver, "the plans are gone", async () =>
      (await plansOf(driver)).length === 0 ? true : undefined,
    );
    rejected(await exchange.cancelPlan({ ...moved, id: profitId, kind: "TakeProfit" }), "NotFound");
    rejected(
      await exchange.moveProtection({ plan: moved, trigger: below("0.8"), size: position.size }),
      "NotFound",
    );
  },
  "a stop that fires closes the position, and its fill carries the plan's id": async (driver) => {
    const { exchange, clock, symbol } = driver;
    const position = await openPosition(driver);
    for (const plan of await plansOf(driver)) accepted(await exchange.cancelPlan(plan));
    const trigger = stopPrice(
      await marketOf(driver),
      "long",
      (await quoteOf(driver)).mark.times("0.95"),
    );
    const request = { symbol, kind: "Stop", side: "long", trigger, size: position.size } as const;
    const planId = accepted(await exchange.placeProtection({ ...request, id: driver.nextId() }));
    const since = clock.now();
    await driver.shiftPrice(-8);
    await untilFlat(driver);
    const fill = await eventually(driver, "its fill shows", async () =>
      must(await exchange.fetchFills(symbol, since)).find(
        ({ clientOrderId }) => clientOrderId === planId,
      ),
    );
    assert(fill.side === "sell" && fill.liquidity === "taker", "it sold at market");
    assert((await planOf(driver, planId)) === undefined, "the plan is spent");
  },
  "an exit reduces and never turns the position around": async (driver) => {
    const { exchange, symbol } = driver;
    const position = await openPosition(driver);
    const exit = (size: Quantity) =>
      exchange.submitExit({
        id: driver.nextId(),
        symbol,
        side: exitSide(position.side),
        size,
        marginMode: "crossed",
        urgent: true,
      });
    accepted(await exit(quantity(position.size.times(2))));
    await untilFlat(driver);
    rejected(await exit(position.size), "NoPosition");
  },
  "the streams tell what the reads say": async (driver) => {
    const { exchange, symbol } = driver;
    const events: StreamEvent[] = [];
    const abort = new AbortController();
    const request = { symbols: [symbol], timeframe: "1m" } as const;
    const watching = exchange.watch(request, (event) => events.push(event), abort.signal);
    const seen = (what: string, matches: (event: StreamEvent) => boolean) =>
      eventually(driver, `the stream tells of ${what}`, async () => events.find(matches));
    await seen(
      "its public side",
      (event) => event.kind === "Connected" && event.stream === "public",
    );
    await seen(
      "its private side",
      (event) => event.kind === "Connected" && event.stream === "private",
    );
    await seen("prices", (event) => event.kind === "PriceChanged" && event.symbol === symbol);
    const entry = await fillingEntry(driver);
    accepted(await exchange.submitEntry(entry));
    const filled = await seen(
      "the order, filled",
      (event) =>
        event.kind === "OrderChanged" &&
        event.report.clientOrderId === entry.id &&
        event.report.status === "Filled",
    );
    assert(filled.kind === "OrderChanged" && filled.report.filled.eq(entry.size), "in full");
    await seen(
      "its fill",
      (event) => event.kind === "Filled" && event.fill.clientOrderId === entry.id,
    );
    await seen("the position", ({ kind }) => kind === "AccountChanged");
    await seen("a candle", (event) => event.kind === "CandleRolled" && event.symbol === symbol);
    abort.abort();
    await watching;
  },
};

/** Cancels and closes whatever there is on the account. */
const flatten = async (driver: ContractDriver): Promise<void> => {
  const { exchange } = driver;
  for (const { clientOrderId, symbol } of must(await exchange.fetchOpenOrders())) {
    accepted(await exchange.cancelOrder(brandAs(clientOrderId), symbol));
  }
  for (const { symbol, side, size } of must(await exchange.fetchPositions())) {
    const id = driver.nextId();
    const how = { side: exitSide(side), marginMode: "crossed", urgent: true } as const;
    accepted(await exchange.submitExit({ id, symbol, size, ...how }));
  }
  await untilFlat(driver);
  for (const plan of must(await exchange.fetchPlans())) accepted(await exchange.cancelPlan(plan));
};

const untilFlat = (driver: ContractDriver): Promise<true> =>
  eventually(driver, "the account is flat", async () =>
    (await positionOf(driver)) === undefined ? true : undefined,
  );

/** A long entry well below the market. */
const restingEntry = (driver: ContractDriver): Promise<EntryRequest> => entryAt(driver, "0.95");

/** A long entry that the market takes at once. */
const fillingEntry = (driver: ContractDriver): Promise<EntryRequest> => entryAt(driver, "1.01");

const entryAt = async (driver: ContractDriver, factor: string): Promise<EntryRequest> => {
  const market = await marketOf(driver);
  const { mark } = await quoteOf(driver);
  const limit = limitPrice(market, "buy", mark.times(factor));
  return {
    id: driver.nextId(),
    symbol: driver.symbol,
    side: "buy",
    size: quantity(sizeToStep(market, limit.pow(-1).times(ORDER_VALUE)).plus(market.step)),
    limit,
    stop: stopPrice(market, "long", mark.times("0.7")),
    marginMode: "crossed",
    guard: () => undefined,
  };
};

const openPosition = async (driver: ContractDriver): Promise<Position> => {
  accepted(await driver.exchange.submitEntry(await fillingEntry(driver)));
  return eventually(driver, "the position is open", () => positionOf(driver));
};

const marketOf = async ({ exchange, symbol }: ContractDriver): Promise<Market> =>
  valueOf(must(await exchange.fetchMarkets()), symbol);

const quoteOf = async ({ exchange, symbol }: ContractDriver) =>
  valueOf(must(await exchange.fetchPrices([symbol])), symbol);

const orderOf = async ({ exchange, symbol }: ContractDriver, id: ClientOrderId) =>
  must(await exchange.fetchOrder(id, symbol));

const positionOf = async ({ exchange, symbol }: ContractDriver): Promise<Position | undefined> =>
  must(await exchange.fetchPositions()).find((position) => position.symbol === symbol);

const plansOf = async ({ exchange, symbol }: ContractDriver): Promise<ReadonlyArray<Plan>> =>
  must(await exchange.fetchPlans()).filter((plan) => plan.symbol === symbol);

const planOf = async (driver: ContractDriver, id: string): Promise<Plan | undefined> =>
  (await plansOf(driver)).find((plan) => plan.id === id);

/** Acknowledged is not yet visible: asks until it is, and gives up after a while. */
const eventually = async <T>(
  { clock }: ContractDriver,
  what: string,
  look: () => Promise<T | undefined>,
): Promise<T> => {
  const deadline = clock.elapsed() + VISIBLE_MS;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    assert(clock.elapsed() < deadline, `${what} in time`);
    await sleep(clock, POLL_MS);
  }
};

const must = <T>(fact: Fact<T>): T => {
  assert(
    fact.kind === "Known",
    `the read is answered: ${fact.kind === "Unknown" ? fact.reason : ""}`,
  );
  return fact.value;
};

const accepted = <T>(outcome: Outcome<T>): T => {
  const detail = outcome.kind === "Accepted" ? "" : outcome.detail;
  assert(outcome.kind === "Accepted", `the write is accepted: ${outcome.kind} ${detail}`);
  return outcome.value;
};

const rejected = (outcome: Outcome<unknown>, reason: string): void => {
  const got = outcome.kind === "Rejected" ? `${outcome.reason} ${outcome.detail}` : outcome.kind;
  assert(outcome.kind === "Rejected" && outcome.reason === reason, `it is ${reason}, not ${got}`);
};

const valueOf = <K, V>(map: ReadonlyMap<K, V>, key: K): V => {
  const value = map.get(key);
  assert(value !== undefined, `the answer has ${String(key)}`);
  return value;
};
