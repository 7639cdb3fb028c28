/** Public market data, and the lists that clients fetch before they trade. */

import { z } from "zod";
import { ok, type Result } from "#base/result.ts";
import { toText } from "#trading/money.ts";
import type { Contract } from "../contract.ts";
import { refuse, type Refusal } from "../engine/refusal.ts";
import { granularities } from "../prices/granularity.ts";
import {
  isOurProduct,
  readSymbol,
  type Endpoints,
  type Hall,
  type PublicEndpoint,
} from "./endpoint.ts";
import { FUNDING_RATE, nextFundingTime } from "./market-view.ts";
import { KEEP_MARGIN_RATE } from "./trading-rows.ts";
import { count, instant, optionalText, readParams, text, type Params } from "./wire.ts";

const CANDLES_MAX = 1_000;
const HISTORY_CANDLES_MAX = 200;
const BOOK_LEVELS = 15;
const BOOK_LEVELS_MAX = 50;

const product = z.object({ productType: optionalText, symbol: optionalText });
const oneSymbol = z.object({ symbol: text });

const time: PublicEndpoint = ({ engine }) => ok({ serverTime: String(engine.now()) });

const nothing: PublicEndpoint = () => ok([]);

const contracts: PublicEndpoint = ({ engine }, params) => {
  const read = readParams(product, params);
  if (!read.ok) return read;
  const { productType, symbol } = read.value;
  if (!isOurProduct(productType)) return ok([]);
  const listed = [...engine.contracts.values()];
  return ok(listed.filter((one) => symbol === undefined || one.symbol === symbol).map(contractRow));
};

const contractRow = (contract: Contract) => ({
  symbol: contract.symbol,
  baseCoin: contract.base,
  quoteCoin: "USDT",
  buyLimitPriceRatio: "0.05",
  sellLimitPriceRatio: "0.05",
  feeRateUpRatio: "0.005",
  makerFeeRate: toText(contract.makerFeeRate),
  takerFeeRate: toText(contract.takerFeeRate),
  openCostUpRatio: "0.01",
  supportMarginCoins: ["USDT"],
  minTradeNum: toText(contract.minSize),
  priceEndStep: "1",
  volumePlace: String(contract.volumePlace),
  pricePlace: String(contract.pricePlace),
  sizeMultiplier: toText(contract.step),
  symbolType: "perpetual",
  minTradeUSDT: toText(contract.minNotional),
  maxSymbolOrderNum: "200",
  maxProductOrderNum: "1000",
  maxPositionNum: "150",
  symbolStatus: "normal",
  offTime: "-1",
  limitOpenTime: "-1",
  deliveryTime: "",
  deliveryStartTime: "",
  deliveryPeriod: "",
  launchTime: "",
  fundInterval: "8",
  minLever: "1",
  maxLever: String(contract.maxLeverage),
  posLimit: "0.05",
  maintainTime: "",
  openTime: "",
  maxMarketOrderQty: toText(contract.maxMarketSize),
  maxOrderQty: toText(contract.maxSize),
});

const tickers: PublicEndpoint = ({ engine, market }, params) => {
  const read = readParams(product, params);
  if (!read.ok) return read;
  if (!isOurProduct(read.value.productType)) return ok([]);
  return ok([...engine.contracts.keys()].map((symbol) => market.ticker(symbol)));
};

const ticker: PublicEndpoint = (hall, params) => {
  const symbol = symbolOf(hall, params);
  return symbol.ok ? ok([hall.market.ticker(symbol.value)]) : symbol;
};

const symbolOf = (hall: Hall, params: Params) => {
  const read = readParams(oneSymbol, params);
  return read.ok ? readSymbol(hall, read.value.symbol) : read;
};

const symbolPrice: PublicEndpoint = (hall, params) => {
  const symbol = symbolOf(hall, params);
  if (!symbol.ok) return symbol;
  const price = hall.market.price(symbol.value);
  const ts = String(hall.market.time());
  return ok([{ symbol: symbol.value, price, indexPrice: price, markPrice: price, ts }]);
};

const candleQuery = z.object({
  symbol: text,
  granularity: text,
  startTime: instant,
  endTime: instant,
  limit: optionalText,
});

const candlesUpTo =
  (max: number, withCurrent: boolean): PublicEndpoint =>
  (hall, params) => {
    const read = readParams(candleQuery, params);
    if (!read.ok) return read;
    const { startTime, endTime } = read.value;
    const symbol = readSymbol(hall, read.value.symbol);
    if (!symbol.ok) return symbol;
    const granularity = granularities.get(read.value.granularity);
    if (granularity === undefined) return refuse("40020", "granularity");
    const limit = readLimit(read.value.limit, max);
    const range = { from: startTime, to: endTime, limit, withCurrent };
    return ok(hall.market.candles(symbol.value, granularity, range));
  };

const readLimit = (given: string | undefined, max: number): number => {
  const limit = given === undefined ? 100 : Number(given);
  return Number.isInteger(limit) && limit > 0 ? Math.min(limit, max) : 100;
};

const depthQuery = z.object({ symbol: text, limit: count(BOOK_LEVELS, BOOK_LEVELS_MAX) });

const mergeDepth: PublicEndpoint = (hall, params) => {
  const read = readParams(depthQuery, params);
  if (!read.ok) return read;
  const symbol = readSymbol(hall, read.value.symbol);
  if (!symbol.ok) return symbol;
  const { asks, bids } = hall.market.book(symbol.value, read.value.limit);
  const numbers = (side: typeof asks) => side.map(([price, size]) => [Number(price), Number(size)]);
  const ts = String(hall.market.time());
  return ok({ asks: numbers(asks), bids: numbers(bids), ts, scale: "0", precision: "scale0" });
};

const recentTrades: PublicEndpoint = (hall, params) => {
  const symbol = symbolOf(hall, params);
  if (!symbol.ok) return symbol;
  return ok([{ ...hall.market.trade(symbol.value), symbol: symbol.value }]);
};

const leverageTiers: PublicEndpoint = (hall, params) =>
  withContract(hall, params, ({ symbol, maxLeverage }) => [
    {
      symbol,
      level: "1",
      startUnit: "0",
      endUnit: "100000000",
      leverage: String(maxLeverage),
      keepMarginRate: KEEP_MARGIN_RATE,
    },
  ]);

const withContract = (
  hall: Hall,
  params: Params,
  rows: (contract: Contract) => unknown,
): Result<unknown, Refusal> => {
  const symbol = symbolOf(hall, params);
  if (!symbol.ok) return symbol;
  const contract = hall.engine.contracts.get(symbol.value);
  return contract === undefined ? refuse("40034", symbol.value) : ok(rows(contract));
};

const fundingRate: PublicEndpoint = (hall, params) =>
  withContract(hall, params, ({ symbol }) => [
    {
      symbol,
      fundingRate: FUNDING_RATE,
      fundingRateInterval: "8",
      nextUpdate: String(nextFundingTime(hall.market.time())),
      minFundingRate: "-0.003",
      maxFundingRate: "0.003",
    },
  ]);

const fundingTime: PublicEndpoint = (hall, params) =>
  withContract(hall, params, ({ symbol }) => [
    { symbol, nextFundingTime: String(nextFundingTime(hall.market.time())), ratePeriod: "8" },
  ]);

export const marketEndpoints: Endpoints<PublicEndpoint> = {
  "GET /api/v2/public/time": time,
  "GET /api/v2/spot/public/coins": nothing,
  "GET /api/v2/spot/public/symbols": nothing,
  "GET /api/v2/margin/currencies": nothing,
  "GET /api/v2/mix/market/contracts": contracts,
  "GET /api/v2/mix/market/tickers": tickers,
  "GET /api/v2/mix/market/ticker": ticker,
  "GET /api/v2/mix/market/symbol-price": symbolPrice,
  "GET /api/v2/mix/market/candles": candlesUpTo(CANDLES_MAX, true),
  "GET /api/v2/mix/market/history-candles": candlesUpTo(HISTORY_CANDLES_MAX, false),
  "GET /api/v2/mix/market/history-mark-candles": candlesUpTo(HISTORY_CANDLES_MAX, false),
  "GET /api/v2/mix/market/history-index-candles": candlesUpTo(HISTORY_CANDLES_MAX, false),
  "GET /api/v2/mix/market/merge-depth": mergeDepth,
  "GET /api/v2/mix/market/fills-history": recentTrades,
  "GET /api/v2/mix/market/query-position-lever": leverageTiers,
  "GET /api/v2/mix/market/current-fund-rate": fundingRate,
  "GET /api/v2/mix/market/funding-time": fundingTime,
};
