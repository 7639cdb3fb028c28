/** What the port asks of the exchange, as requests to Bitget. */

import type { Clock } from "#base/clock.ts";
import type { MarketSymbol } from "#trading/market.ts";
import type { ExchangeOrderId } from "#trading/order.ts";
import type { ExchangeReads, OrderReport, PlanId, Position, PriceQuote } from "../port.ts";
import { fetchCandles } from "./candles.ts";
import type { Params } from "./client.ts";
import { endpoints, MARGIN_COIN, PRODUCT_TYPE, type Endpoint } from "./endpoints.ts";
import { isNotFound } from "./errors.ts";
import { toRow, toRows } from "./fields.ts";
import { fetchFills } from "./fills.ts";
import type { Dated, Gate } from "./gate.ts";
import type { Markets } from "./markets.ts";
import type { Memory } from "./memory.ts";
import { fetchPages } from "./pages.ts";
import {
  orderFields,
  type PlanType,
  toAccountFacts,
  toBalance,
  toOrderReport,
  toPlan,
  toPlanType,
  toPosition,
  toQuote,
  toSymbolFacts,
} from "./rows.ts";

export type ReadDeps = {
  readonly clock: Pick<Clock, "now">;
  readonly gate: Gate;
  readonly markets: Markets;
  /** Client ids by the exchange's ids. */
  readonly orderNames: Memory<ExchangeOrderId, string>;
  readonly planTypes: Memory<PlanId, PlanType>;
};

/** Bitget takes a timestamp that is 30 seconds old; five more for clocks that differ. */
const REQUEST_EXPIRY_MS = 35_000;

const product: Params = { productType: PRODUCT_TYPE };
const margin: Params = { ...product, marginCoin: MARGIN_COIN };

export const createReads = (deps: ReadDeps): ExchangeReads => {
  const { gate, markets } = deps;

  /** One request, one answer, one value. */
  const one = <T>(
    endpoint: Endpoint,
    params: Params | (() => Promise<Params>),
    parse: (data: unknown) => T | Promise<T>,
  ) =>
    gate.fact<T>(async () => {
      const asked = typeof params === "function" ? await params() : params;
      const { data, at } = await gate.ask("reads", endpoint, asked);
      return { value: await parse(data), at };
    });

  return {
    name: "bitget",
    requestExpiryMs: REQUEST_EXPIRY_MS,
    fetchMarkets: markets.fetch,
    fetchCandles: (request) => gate.fact(() => fetchCandles(deps, request)),
    fetchPrices: (symbols) =>
      one(endpoints.tickers, product, (data) => toQuotes(markets, symbols, data)),
    fetchAccount: () =>
      one(endpoints.accountInfo, {}, (data) => toAccountFacts(toRow(data, "account"))),
    fetchBalance: () =>
      one(endpoints.accounts, product, (data) => toBalance(toRows(data, "wallets"))),
    fetchPositions: () => one(endpoints.positions, margin, (data) => toPositions(markets, data)),
    fetchOpenOrders: () => gate.fact(() => fetchOpenOrders(deps)),
    fetchPlans: () => gate.fact(() => fetchPlans(deps)),
    fetchOrder: (id, symbol) => gate.fact(() => fetchOrder(deps, id, symbol)),
    fetchFills: (symbol, since) => gate.fact(() => fetchFills(deps, symbol, since)),
    fetchSymbolFacts: (symbol) =>
      one(
        endpoints.account,
        async () => ({ ...margin, symbol: await markets.withNames(({ idOf }) => idOf(symbol)) }),
        (data) => toSymbolFacts(toRow(data, "account")),
      ),
  };
};

/** Rows of symbols that nobody asked for are not looked at: there are hundreds. */
const toQuotes = async (
  markets: Markets,
  symbols: ReadonlyArray<MarketSymbol>,
  data: unknown,
): Promise<ReadonlyMap<MarketSymbol, PriceQuote>> => {
  const rowById = new Map(toRows(data, "tickers").map((row) => [row["symbol"], row]));
  return markets.withNames(
    ({ idOf }) =>
      new Map(symbols.map((symbol) => [symbol, toQuote(toRow(rowById.get(idOf(symbol)), symbol))])),
  );
};

const toPositions = (markets: Markets, data: unknown): Promise<ReadonlyArray<Position>> => {
  const rows = toRows(data, "positions");
  return markets.withNames(({ symbolOf }) =>
    rows.map((row) => toPosition(row, symbolOf)).filter((position) => position !== undefined),
  );
};

const fetchOpenOrders = async (deps: ReadDeps): Promise<Dated<ReadonlyArray<OrderReport>>> => {
  const { value: rows, at } = await fetchPages(deps.gate, {
    lane: "reads",
    endpoint: endpoints.openOrders,
    params: product,
    list: "entrustedList",
    id: "orderId",
  });
  const value = await deps.markets.withNames(({ symbolOf }) =>
    rows.map((row) => toOrderReport(row, orderFields.list, symbolOf)),
  );
  for (const report of value) rememberName(deps, report);
  return { value, at };
};

const fetchPlans = async ({ gate, markets, planTypes }: ReadDeps) => {
  const { value: rows, at } = await fetchPages(gate, {
    lane: "reads",
    endpoint: endpoints.openPlans,
    params: { ...product, planType: "profit_loss" },
    list: "entrustedList",
    id: "orderId",
  });
  const value = await markets.withNames(({ symbolOf }) =>
    rows.map((row) => {
      const plan = toPlan(row, symbolOf);
      planTypes.remember(plan.id, toPlanType(row));
      return plan;
    }),
  );
  return { value, at };
};

const fetchOrder = async (
  deps: ReadDeps,
  id: string,
  symbol: MarketSymbol,
): Promise<Dated<OrderReport | undefined>> => {
  const params = {
    ...product,
    symbol: await deps.markets.withNames(({ idOf }) => idOf(symbol)),
    clientOid: id,
  };
  const askedAt = deps.clock.now();
  try {
    const { data, at } = await deps.gate.ask("settle", endpoints.order, params);
    const report = await deps.markets.withNames(({ symbolOf }) =>
      toOrderReport(toRow(data, "order"), orderFields.detail, symbolOf),
    );
    if (report.clientOrderId !== id) throw new Error("the answer is about another order");
    rememberName(deps, report);
    return { value: report, at };
  } catch (thrown) {
    if (isNotFound(thrown)) return { value: undefined, at: askedAt };
    throw thrown;
  }
};

const rememberName = (
  { orderNames }: ReadDeps,
  { exchangeOrderId, clientOrderId }: OrderReport,
): void => orderNames.remember(exchangeOrderId, clientOrderId);
