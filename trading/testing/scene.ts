/**
 * A stage for engine tests: a symbol or two, a strategy with fixed levels, and a player of events.
 *
 * The strategy is real in every way but one: its levels and exits are what the candle's indicators
 * say they are (`level0`, `level1`, …, `takeProfit`, `exit`), so that a test can name them.
 */

import { brandAs } from "#base/brand.ts";
import { millis, type Millis } from "#base/clock.ts";
import { createEngine } from "../engine/engine.ts";
import type { EngineCommand, EngineEvent } from "../engine/events.ts";
import { initialState, symbolStateOf, type EngineState } from "../engine/state.ts";
import { marketSymbol, type Market, type MarketSymbol } from "../market.ts";
import { amount, price, quantity } from "../money.ts";
import type { Order } from "../order.ts";
import type { Fill, OrderReport, Plan, Position } from "../reports.ts";
import type { RiskSettings, Settings } from "../settings.ts";
import type { GridStrategy, Indicators } from "../strategy.ts";

export const BTC = marketSymbol("BTC/USDT:USDT");
export const ETH = marketSymbol("ETH/USDT:USDT");
const HOUR_MS = 3_600_000;
/** Ten past midnight of some day, so that hours and UTC days are far away. */
export const START = millis(1_638_576_600_000);
export const EXPIRY_MS = 30_000;

const risk: RiskSettings = {
  maxMarginRatio: 1,
  maxConcurrentPositions: 15,
  maxLiveGrids: 4,
  minFreeMarginPercent: 20,
  sessionLossPercent: 25,
  killSwitchAction: "BlockEntries",
};

export const settingsOf = (
  symbols: ReadonlyArray<MarketSymbol>,
  change: Partial<Settings> = {},
  riskChange: Partial<RiskSettings> = {},
): Settings => ({
  owner: "own",
  generation: 1,
  kind: "grid_atr",
  timeframe: "1h",
  marginMode: "crossed",
  symbols: symbols.map((symbol) => ({ symbol, group: "majors", leverage: 5, parameters: {} })),
  groupLimits: { majors: 4 },
  risk: { ...risk, ...riskChange },
  ...change,
});

export const marketOf = (symbol: MarketSymbol): Market => ({
  symbol,
  tick: price("0.1"),
  step: quantity("0.001"),
  minSize: quantity("0.001"),
  minNotional: amount(5),
  maxLeverage: 100,
  makerFeeRate: amount("0.0002"),
  takerFeeRate: amount("0.0006"),
  active: true,
});

const LEVELS_MAX = 3;
const STOP_PERCENT = 20;

/** Levels below the price for a long, in the order of their names. */
const strategy: GridStrategy = {
  kind: "grid_atr",
  timeframe: "1h",
  maxLevels: LEVELS_MAX,
  stopPercent: STOP_PERCENT,
  lookback: 5,
  cooldownCandles: 3,
  indicators: () => ({}),
  levels: (indicators, cycle) =>
    Array.from({ length: LEVELS_MAX }, (_, index) => index).flatMap((index) => {
      const level = indicators[`level${index}`];
      return level === undefined || cycle?.filledLevels.has(index) === true
        ? []
        : [{ index, side: "long" as const, price: level, fraction: 1 / LEVELS_MAX }];
    }),
  takeProfit: (indicators) => indicators["takeProfit"],
  exit: (indicators) => (indicators["exit"] === 1 ? "signal_exit" : undefined),
};

export const LEVELS: Indicators = { level0: 100, level1: 90, level2: 80, takeProfit: 120 };

/** Without its `at`: the player sets the time. */
type Untimed<E> = E extends EngineEvent ? Omit<E, "at"> : never;
export type Happening = Untimed<EngineEvent>;

export type Scene = {
  readonly play: (...happenings: ReadonlyArray<Happening>) => ReadonlyArray<EngineCommand>;
  readonly wait: (ms: number) => void;
  readonly state: () => EngineState;
  readonly symbol: (symbol?: MarketSymbol) => ReturnType<typeof symbolStateOf>;
  readonly orders: () => ReadonlyArray<Order>;
  readonly now: () => Millis;
  /** Everything that was ever played, as a journal would hold it. */
  readonly events: () => ReadonlyArray<EngineEvent>;
};

const engine = createEngine({ strategyOf: () => strategy });

export const replayEvents = (settings: Settings, events: ReadonlyArray<EngineEvent>): EngineState =>
  events.reduce((state, event) => engine(state, event)[0], initialState(settings, START));

export const stage = (settings: Settings): Scene => {
  let state = initialState(settings, START);
  let now = START;
  const events: EngineEvent[] = [];
  return {
    state: () => state,
    now: () => now,
    events: () => events,
    wait: (ms) => {
      now = millis(now + ms);
    },
    symbol: (symbol = BTC) => symbolStateOf(state, symbol),
    orders: () => [...state.orders.values()],
    play: (...happenings) =>
      happenings.flatMap((happening) => {
        const event = { ...happening, at: now } as EngineEvent;
        events.push(event);
        const [next, commands] = engine(state, event);
        state = next;
        return commands;
      }),
  };
};

/** A scene in which everything is set up, recovered and ready for its first candle. */
export const readyStage = (settings: Settings): Scene => {
  const scene = stage(settings);
  const symbols = settings.symbols.map(({ symbol }) => symbol);
  scene.play(
    { kind: "Booted", epoch: 1, requestExpiryMs: EXPIRY_MS },
    { kind: "MarketsObserved", markets: symbols.map(marketOf) },
    ...symbols.map((symbol): Happening => ({
      kind: "SymbolPrepared",
      symbol,
      outcome: { kind: "Ready", leverage: 5 },
    })),
  );
  scene.play(account(scene));
  return scene;
};

export const bar = (
  scene: Scene,
  indicators: Indicators = LEVELS,
  symbols: ReadonlyArray<MarketSymbol> = [BTC],
  equity = 1_000,
): Happening => ({
  kind: "BarClosed",
  openTime: millis(Math.floor(scene.now() / HOUR_MS) * HOUR_MS - HOUR_MS),
  bars: symbols.map((symbol) => ({ symbol, price: price(110), indicators })),
  funds: { equity: amount(equity), available: amount(equity) },
});

export const account = (
  scene: Scene,
  shown: {
    readonly positions?: ReadonlyArray<Position>;
    readonly orders?: ReadonlyArray<OrderReport>;
    readonly plans?: ReadonlyArray<Plan>;
  } = {},
): Happening => ({
  kind: "AccountObserved",
  asOf: scene.state().version,
  positions: shown.positions ?? [],
  orders: shown.orders ?? [],
  plans: shown.plans ?? [],
  wallet: amount(1_000),
});

export const accepted = ({ id }: Order): Happening => ({
  kind: "OrderAnswered",
  id,
  answer: { kind: "Accepted" },
});

let trades = 0;

export const fillOf = (
  scene: Scene,
  order: Pick<Order, "id" | "symbol" | "side" | "size">,
  change: Partial<Fill> = {},
): Happening => {
  trades += 1;
  return {
    kind: "FillReported",
    fill: {
      tradeId: `t${trades}`,
      exchangeOrderId: brandAs(`x-${order.id}`),
      clientOrderId: order.id,
      symbol: order.symbol,
      side: order.side,
      price: price(100),
      size: order.size,
      fee: amount(0),
      liquidity: "maker",
      at: millis(scene.now() + 1),
      ...change,
    },
  };
};

/** An id of the exchange's making. */
export const planId = (text: string): Plan["id"] => brandAs(text);
/** A fill of a fired plan carries the plan's id where ours would be. */
export const firedPlan = (text: string): Order["id"] => brandAs(text);

export const planOf = (change: Partial<Plan> = {}): Plan => ({
  id: planId("plan-1"),
  clientOrderId: "own-1-z",
  symbol: BTC,
  kind: "Stop",
  side: "long",
  trigger: price(80),
  size: undefined,
  ...change,
});

export const plansSeen = (scene: Scene, ...plans: ReadonlyArray<Plan>): Happening => ({
  kind: "PlansObserved",
  asOf: scene.state().version,
  plans,
});

export const positionOf = (size: string, change: Partial<Position> = {}): Position => ({
  symbol: BTC,
  side: "long",
  size: quantity(size),
  averagePrice: price(100),
  leverage: 5,
  liquidationPrice: undefined,
  ...change,
});

export const kinds = (commands: ReadonlyArray<EngineCommand>): ReadonlyArray<string> =>
  commands.map((command) => (command.kind === "Alert" ? `Alert ${command.reason}` : command.kind));
