/**
 * The exchange as the executor sees it. Implementations: `ccxt/` for the real one, and the
 * simulation's in-process one; both must pass the same contract tests.
 *
 * Everything here speaks the trading model. A read answers `Known`, with the instant it speaks for,
 * or `Unknown`, with the reason; it never turns a failure into an empty list. A write ends in one of
 * three ways, and the difference between the last two is the whole point:
 *
 * - accepted: it happened, or will;
 * - rejected: it definitely did not, by an allow-listed answer of the exchange, or by our own guard;
 * - unknown: nobody knows, so the caller must ask before it acts again.
 *
 * Implementations never retry a write. Every call ends within a bounded time.
 */

import type { Millis } from "#base/clock.ts";
import type { Fact } from "#base/fact.ts";
import type { Candle, Timeframe } from "#trading/candle.ts";
import type { Market, MarketSymbol, PositionSide, Side } from "#trading/market.ts";
import type { Amount, Price, Quantity } from "#trading/money.ts";
import type { ClientOrderId, ExchangeOrderId } from "#trading/order.ts";
import type {
  Fill,
  MarginMode,
  OrderReport,
  Plan,
  PlanId,
  PlanKind,
  Position,
  RejectionReason,
} from "#trading/reports.ts";

/** The engine speaks of these too, so they are defined with it; here they are the port's words. */
export type { Fill, MarginMode, OrderReport, Plan, PlanId, PlanKind, Position, RejectionReason };

export type Exchange = ExchangeReads & ExchangeWrites & ExchangeStream;

export type ExchangeReads = {
  readonly name: string;
  /** Longest time after which a signed request can no longer be accepted, skew included. */
  readonly requestExpiryMs: number;
  readonly fetchMarkets: () => Promise<Fact<ReadonlyMap<MarketSymbol, Market>>>;
  /** Closed candles only, oldest first, the newest `limit` of them that opened before `before`. */
  readonly fetchCandles: (request: CandleRequest) => Promise<Fact<ReadonlyArray<Candle>>>;
  readonly fetchPrices: (
    symbols: ReadonlyArray<MarketSymbol>,
  ) => Promise<Fact<ReadonlyMap<MarketSymbol, PriceQuote>>>;
  readonly fetchAccount: () => Promise<Fact<AccountFacts>>;
  readonly fetchBalance: () => Promise<Fact<Balance>>;
  /** Open positions of the whole account. A symbol that is not in the answer is flat. */
  readonly fetchPositions: () => Promise<Fact<ReadonlyArray<Position>>>;
  /** Resting orders of the whole account, ours and others', without plans. */
  readonly fetchOpenOrders: () => Promise<Fact<ReadonlyArray<OrderReport>>>;
  /** Stops and take-profits of the whole account that have not fired. */
  readonly fetchPlans: () => Promise<Fact<ReadonlyArray<Plan>>>;
  /** `undefined`: the exchange knows no such order, which proves nothing before the expiry. */
  readonly fetchOrder: (
    id: ClientOrderId,
    symbol: MarketSymbol,
  ) => Promise<Fact<OrderReport | undefined>>;
  /** Every fill of the account on the symbol since an instant, oldest first. */
  readonly fetchFills: (symbol: MarketSymbol, since: Millis) => Promise<Fact<ReadonlyArray<Fill>>>;
  readonly fetchSymbolFacts: (symbol: MarketSymbol) => Promise<Fact<SymbolFacts>>;
};

export type ExchangeWrites = {
  /** A limit order, good till canceled, that carries its stop in the same request. */
  readonly submitEntry: (request: EntryRequest) => Promise<Outcome<ExchangeOrderId>>;
  /** A reduce-only market order. */
  readonly submitExit: (request: ExitRequest) => Promise<Outcome<ExchangeOrderId>>;
  readonly cancelOrder: (id: ClientOrderId, symbol: MarketSymbol) => Promise<Outcome<undefined>>;
  /** A plan that covers the whole position on its side and follows its size. At most one of each. */
  readonly placeProtection: (request: ProtectionRequest) => Promise<Outcome<PlanId>>;
  /** Moves the trigger in place: the old plan protects until the new one does. */
  readonly moveProtection: (request: MoveRequest) => Promise<Outcome<undefined>>;
  readonly cancelPlan: (plan: Plan) => Promise<Outcome<undefined>>;
  readonly setLeverage: (symbol: MarketSymbol, leverage: number) => Promise<Outcome<undefined>>;
  readonly setMarginMode: (symbol: MarketSymbol, mode: MarginMode) => Promise<Outcome<undefined>>;
  /** One net position per symbol, for the whole account. */
  readonly setOneWayMode: () => Promise<Outcome<undefined>>;
};

export type ExchangeStream = {
  /**
   * Pushes what the sockets say until the signal aborts, and reconnects by itself. A push may be
   * lost, doubled, late or out of order: it is a hint, and reads are the truth. Never rejects.
   */
  readonly watch: (
    request: WatchRequest,
    listener: (event: StreamEvent) => void,
    signal: AbortSignal,
  ) => Promise<void>;
  /** Drops sockets and timers. Nothing may be called afterwards. */
  readonly close: () => Promise<void>;
};

export type Outcome<T> =
  | { readonly kind: "Accepted"; readonly value: T }
  | Rejection
  | { readonly kind: "Unknown"; readonly detail: string };

export type Rejection = {
  readonly kind: "Rejected";
  readonly reason: RejectionReason;
  /** The exchange's own words and code, without secrets. */
  readonly detail: string;
};

export type CandleRequest = {
  readonly symbol: MarketSymbol;
  readonly timeframe: Timeframe;
  /** Open times strictly before this instant. */
  readonly before: Millis;
  readonly limit: number;
};

export type PriceQuote = {
  readonly last: Price;
  /** What stops trigger on. */
  readonly mark: Price;
  readonly at: Millis;
};

export type AccountFacts = {
  /** The exchange's own number of the account: two keys of one account give the same. */
  readonly uid: string;
  readonly canTrade: boolean;
  readonly canWithdraw: boolean;
};

export type SymbolFacts = {
  readonly leverage: number;
  readonly marginMode: MarginMode;
  readonly oneWay: boolean;
};

/** USDT-margined futures wallet. */
export type Balance = {
  /** Wallet plus unrealised profit. */
  readonly equity: Amount;
  /** What new orders may still use as margin. */
  readonly available: Amount;
  /** Realised money only: deposits, profits, fees, funding. */
  readonly wallet: Amount;
};

export type EntryRequest = {
  readonly id: ClientOrderId;
  readonly symbol: MarketSymbol;
  readonly side: Side;
  readonly size: Quantity;
  readonly limit: Price;
  readonly stop: Price;
  readonly marginMode: MarginMode;
  /** Called synchronously, immediately before the bytes leave. A reason means: do not send. */
  readonly guard: () => string | undefined;
};

export type ExitRequest = {
  readonly id: ClientOrderId;
  readonly symbol: MarketSymbol;
  readonly side: Side;
  readonly size: Quantity;
  readonly marginMode: MarginMode;
  /** Emergency goes before everything else in the rate budget. */
  readonly urgent: boolean;
};

export type ProtectionRequest = {
  readonly id: ClientOrderId;
  readonly symbol: MarketSymbol;
  readonly kind: PlanKind;
  readonly side: PositionSide;
  readonly trigger: Price;
  /** Size of the position now; the plan follows it afterwards. */
  readonly size: Quantity;
};

export type MoveRequest = { readonly plan: Plan; readonly trigger: Price; readonly size: Quantity };

export type WatchRequest = {
  readonly symbols: ReadonlyArray<MarketSymbol>;
  readonly timeframe: Timeframe;
};

export type StreamEvent =
  | { readonly kind: "PriceChanged"; readonly symbol: MarketSymbol; readonly quote: PriceQuote }
  /** A later candle has begun, so the one before it is closed: fetch it. */
  | { readonly kind: "CandleRolled"; readonly symbol: MarketSymbol; readonly openTime: Millis }
  | { readonly kind: "OrderChanged"; readonly report: OrderReport }
  | { readonly kind: "Filled"; readonly fill: Fill }
  /** Positions or plans changed in a way that only a read can tell. */
  | { readonly kind: "AccountChanged" }
  | { readonly kind: "Connected" | "Disconnected"; readonly stream: "public" | "private" };
