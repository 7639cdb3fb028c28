/** What the simulated venue answers when it is asked. */

import type { Millis } from "#base/clock.ts";
import { assert } from "#base/result.ts";
import { averageOf, defaultSettings, leverageOf } from "#exchange/emulator/engine/state.ts";
import { closedCandles } from "#exchange/emulator/prices/candles.ts";
import { granularities, type Granularity } from "#exchange/emulator/prices/granularity.ts";
import { priceAt, ticksToNumber, type ContractSymbol } from "#exchange/emulator/prices/path.ts";
import type { Exchange, ExchangeStream, ExchangeWrites } from "#exchange/port.ts";
import type { Candle, Timeframe } from "#trading/candle.ts";
import type { MarketSymbol } from "#trading/market.ts";
import { price } from "#trading/money.ts";
import type { Context } from "./context.ts";
import { toContractSymbol, toFill, toMarket, toPlan, toReport, toSymbol } from "./rows.ts";

const REQUEST_EXPIRY_MS = 30_000;

type Reads = Omit<Exchange, keyof ExchangeWrites | keyof ExchangeStream>;

export const readsOf = (context: Context): Reads => {
  const { engine, uid, time, read, account } = context;
  const quote = (symbol: ContractSymbol) => {
    const last = priceAt(engine.path(), symbol, time.now());
    assert(last !== undefined, `${symbol} has a price`);
    return { last, mark: last, at: time.now() };
  };
  return {
    name: "simulated",
    requestExpiryMs: REQUEST_EXPIRY_MS,
    fetchMarkets: () =>
      read(() => new Map([...engine.contracts.values()].map(toMarket).map((m) => [m.symbol, m]))),
    fetchCandles: ({ symbol, timeframe, before, limit }) =>
      read(() => candlesOf(context, symbol, { timeframe, before, limit })),
    fetchPrices: (symbols) =>
      read(() => new Map(symbols.map((symbol) => [symbol, quote(toContractSymbol(symbol))]))),
    fetchAccount: () => read(() => ({ uid, canTrade: true, canWithdraw: false })),
    fetchBalance: () =>
      read(() => {
        const { equity, available, wallet } = engine.balances(uid);
        return { equity, available, wallet };
      }),
    fetchPositions: () =>
      read(() =>
        [...account().positions.values()].map((position) => ({
          symbol: toSymbol(position.symbol),
          side: position.side,
          size: position.size,
          averagePrice: price(averageOf(position)),
          leverage: position.leverage,
          liquidationPrice: undefined,
        })),
      ),
    fetchOpenOrders: () => read(() => [...account().orders.values()].map(toReport)),
    fetchPlans: () => read(() => [...account().plans.values()].map(toPlan)),
    fetchOrder: (id) =>
      read(() => {
        const { orderIdByClientOid, orders, doneOrders } = account();
        const key = orderIdByClientOid.get(id);
        const order = key === undefined ? undefined : (orders.get(key) ?? doneOrders.get(key));
        return order === undefined ? undefined : toReport(order);
      }),
    fetchFills: (symbol, since) =>
      read(() =>
        [...account().fills.values()]
          .filter((fill) => fill.symbol === toContractSymbol(symbol) && fill.at >= since)
          .map(toFill),
      ),
    fetchSymbolFacts: (symbol) =>
      read(() => {
        const view = account();
        const settings = view.settings.get(toContractSymbol(symbol)) ?? defaultSettings;
        return {
          leverage: leverageOf(settings, settings.marginMode, "long"),
          marginMode: settings.marginMode,
          oneWay: view.positionMode === "one_way_mode",
        };
      }),
  };
};

const candlesOf = (
  { engine, time }: Context,
  symbol: MarketSymbol,
  query: { readonly timeframe: Timeframe; readonly before: Millis; readonly limit: number },
): ReadonlyArray<Candle> => {
  const contract = toContractSymbol(symbol);
  const path = engine.path();
  const places = path.decimals(contract);
  return closedCandles(path, {
    symbol: contract,
    granularity: granularityOf(query.timeframe),
    from: path.start,
    to: query.before,
    limit: query.limit,
    now: time.now(),
  }).map(({ openTime, open, high, low, close, volume }) => ({
    openTime,
    open: ticksToNumber(open, places),
    high: ticksToNumber(high, places),
    low: ticksToNumber(low, places),
    close: ticksToNumber(close, places),
    volume,
  }));
};

/** Bitget writes hours in capitals, and its days are in UTC only by another name. */
const granularityOf = (timeframe: Timeframe): Granularity => {
  const name = timeframe === "1d" ? "1Dutc" : timeframe.replace("h", "H");
  const found = granularities.get(name);
  assert(found !== undefined, `timeframe ${timeframe} is a granularity`);
  return found;
};
