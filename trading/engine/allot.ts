/**
 * Which entries should rest until the next candle: levels, sizes, and who may have the places.
 *
 * All symbols are decided on together, once a candle, from one reading of the funds. Open cycles
 * come first. Places for new ones are few (concurrent positions, correlation groups, live grids), so
 * they go to the symbols whose nearest level is nearest to the price: those are the ones that may
 * fill at all. Each level has the same margin, equity divided by symbols and levels, so one symbol
 * can never take the account (incident 26).
 */

import { millis, type Millis } from "#base/clock.ts";
import { timeframeMs } from "../candle.ts";
import { addTrade, averagePrice, cycleMargin, NOTHING, viewCycle, type Trade } from "../cycle.ts";
import {
  checkMinimum,
  entrySide,
  limitPrice,
  sizeToStep,
  type Market,
  type PositionSide,
} from "../market.ts";
import {
  addAmount,
  amount,
  notional,
  sumAmounts,
  ZERO_AMOUNT,
  type Amount,
  type Price,
} from "../money.ts";
import { remaining } from "../order.ts";
import { preTradeCheck, type Registered } from "../risk.ts";
import type { GridLevel, GridStrategy } from "../strategy.ts";
import type { BarReport, EngineEvent, Funds } from "./events.ts";
import { stopAt } from "./protection.ts";
import {
  openOrdersOf,
  withSymbol,
  type Blocked,
  type EngineState,
  type SymbolState,
  type WantedEntry,
} from "./state.ts";
import type { EngineDeps } from "./step.ts";

type BarClosed = Extract<EngineEvent, { kind: "BarClosed" }>;

/** A symbol that has levels now. */
type Candidate = {
  readonly symbol: SymbolState;
  readonly market: Market;
  readonly strategy: GridStrategy;
  readonly levels: ReadonlyArray<GridLevel>;
  readonly price: Price;
};

/** Margin spoken for so far, and what there is. */
type Purse = {
  readonly equity: Amount;
  readonly free: Amount;
  readonly used: Amount;
  readonly registered: ReadonlyArray<Registered>;
};

/** Sets `wanted` and `verdict` of every symbol from the candle that has just closed. */
export const allotEntries = (
  deps: EngineDeps,
  state: EngineState,
  event: BarClosed,
): EngineState => {
  const cleared = [...state.symbols.values()].reduce(
    (current, symbol) => withSymbol(current, { ...symbol, wanted: [], verdict: undefined }),
    state,
  );
  const { funds } = event;
  if (funds === undefined) {
    return refuseAll(cleared, { reason: "funds_unknown", detail: "the balance is not known" });
  }
  const considered = [...cleared.symbols.values()].map((symbol) =>
    considerSymbol(deps, cleared, symbol, event),
  );
  const candidates = considered.flatMap((one) => ("levels" in one ? [one] : []));
  const refused = considered.flatMap((one) => ("levels" in one ? [] : [one]));
  const noted = refused.reduce(
    (current, { symbol, verdict }) => withSymbol(current, { ...symbol, verdict }),
    cleared,
  );
  return allotCandidates(noted, candidates, openPurse(cleared, funds));
};

type Refusal = { readonly symbol: SymbolState; readonly verdict: Blocked };

const considerSymbol = (
  deps: EngineDeps,
  state: EngineState,
  symbol: SymbolState,
  event: BarClosed,
): Candidate | Refusal => {
  const report = event.bars.find((bar) => bar.symbol === symbol.symbol);
  const refuse = (reason: string, detail: string): Refusal => ({
    symbol,
    verdict: { reason, detail },
  });
  if (report?.indicators === undefined || symbol.market === undefined) {
    return refuse("no_data", missingData(report, symbol.market));
  }
  const strategy = deps.strategyOf(state.settings, symbol.settings);
  const waitsUntil = cooldownEnd(state, symbol, strategy);
  const closedAt = event.openTime + timeframeMs[strategy.timeframe];
  if (waitsUntil !== undefined && closedAt < waitsUntil) {
    return refuse("cooldown", `until ${new Date(waitsUntil).toISOString()}`);
  }
  const view = symbol.cycle === undefined ? undefined : viewCycle(symbol.cycle);
  const levels = strategy.levels(report.indicators, view);
  return levels.length === 0
    ? refuse("no_level", "the strategy offers no level on this candle")
    : { symbol, market: symbol.market, strategy, levels, price: report.price };
};

const missingData = (report: BarReport | undefined, market: Market | undefined): string => {
  if (market === undefined) return "the exchange has not described the market";
  return report === undefined
    ? "the candle that closed has not been read"
    : "there are not enough candles yet";
};

/** A cycle that has closed rests for whole candles, counted from the one in which it closed. */
const cooldownEnd = (
  state: EngineState,
  symbol: SymbolState,
  strategy: GridStrategy,
): Millis | undefined => {
  const { lastClosedAt, cycle } = symbol;
  if (cycle !== undefined || lastClosedAt === undefined) return undefined;
  return millis(lastClosedAt + strategy.cooldownCandles * timeframeMs[state.settings.timeframe]);
};

const openPurse = (state: EngineState, funds: Funds): Purse => {
  const symbols = [...state.symbols.values()];
  const used = sumAmounts(
    symbols.map(({ cycle, settings }) =>
      cycle === undefined ? ZERO_AMOUNT : cycleMargin(cycle, settings.leverage),
    ),
  );
  // Resting entries are all decided anew, so what they hold back is free for this decision.
  const resting = sumAmounts(symbols.map((symbol) => restingMargin(state, symbol)));
  return {
    equity: funds.equity,
    free: addAmount(funds.available, resting),
    used,
    registered: symbols.flatMap(({ cycle, symbol, settings }) =>
      cycle === undefined ? [] : [{ symbol, sides: [cycle.side], group: settings.group }],
    ),
  };
};

const restingMargin = (state: EngineState, { symbol, settings }: SymbolState): Amount =>
  sumAmounts(
    openOrdersOf(state, symbol).map((order) =>
      order.role.kind === "Entry"
        ? amount(notional(remaining(order), order.role.limit).div(settings.leverage))
        : ZERO_AMOUNT,
    ),
  );

const allotCandidates = (
  state: EngineState,
  candidates: ReadonlyArray<Candidate>,
  purse: Purse,
): EngineState => {
  const growing = candidates.filter(({ symbol }) => symbol.cycle !== undefined);
  const opening = candidates
    .filter(({ symbol }) => symbol.cycle === undefined)
    .map((candidate) => ({ candidate, distance: distanceOf(candidate) }))
    // Stable: equal distances keep the manifest's order.
    .toSorted((a, b) => a.distance - b.distance)
    .map(({ candidate }) => candidate);

  let current = state;
  let left = purse;
  for (const candidate of [...growing, ...opening]) {
    const allotted = allotOne(current, candidate, left);
    current = withSymbol(current, allotted.symbol);
    left = allotted.purse;
  }
  return current;
};

/** How far the price is from the nearest level, as a share of the price. */
const distanceOf = ({ levels, price: at }: Candidate): number => {
  const now = at.toNumber();
  return Math.min(...levels.map((level) => Math.abs(now - level.price) / now));
};

type Allotted = { readonly symbol: SymbolState; readonly purse: Purse };

const allotOne = (state: EngineState, candidate: Candidate, purse: Purse): Allotted => {
  const { symbol } = candidate;
  const sized = sizeLevels(state, candidate, purse.equity);
  if ("verdict" in sized) return { symbol: { ...symbol, verdict: sized.verdict }, purse };
  const refusal = refuseOpening(state, symbol, sized.entries, purse);
  if (refusal !== undefined) return { symbol: { ...symbol, verdict: refusal }, purse };

  const { maxMarginRatio } = state.settings.risk;
  const limit = amount(purse.equity.times(maxMarginRatio));
  const taken = takeMargin(sized.entries, symbol, purse, limit);
  const detail = `margin would exceed ${maxMarginRatio} of equity`;
  const verdict = taken.wanted.length > 0 ? undefined : { reason: "max_margin_ratio", detail };
  return {
    symbol: { ...symbol, wanted: taken.wanted, verdict },
    purse: {
      ...purse,
      used: taken.used,
      free: taken.free,
      registered: register(purse.registered, symbol, taken.wanted),
    },
  };
};

type Taken = {
  readonly wanted: ReadonlyArray<WantedEntry>;
  readonly used: Amount;
  readonly free: Amount;
};

/** The levels whose margin still fits, nearest first. The exchange holds it for both sides. */
const takeMargin = (
  entries: ReadonlyArray<WantedEntry>,
  symbol: SymbolState,
  purse: Purse,
  limit: Amount,
): Taken => {
  const wanted: WantedEntry[] = [];
  let { used, free } = purse;
  for (const entry of entries) {
    const margin = marginOf(entry, symbol);
    if (used.plus(margin).lte(limit) && margin.lte(free)) {
      wanted.push(entry);
      used = addAmount(used, margin);
      free = amount(free.minus(margin));
    }
  }
  return { wanted, used, free };
};

const register = (
  registered: ReadonlyArray<Registered>,
  { symbol, settings, cycle }: SymbolState,
  wanted: ReadonlyArray<WantedEntry>,
): ReadonlyArray<Registered> =>
  wanted.length === 0 || cycle !== undefined
    ? registered
    : [...registered, { symbol, sides: sidesOf(wanted), group: settings.group }];

const sidesOf = (entries: ReadonlyArray<WantedEntry>): ReadonlyArray<PositionSide> => [
  ...new Set(entries.map(({ side }) => side)),
];

/** The pre-trade check of a symbol that would open a cycle. */
const refuseOpening = (
  state: EngineState,
  symbol: SymbolState,
  entries: ReadonlyArray<WantedEntry>,
  purse: Purse,
): Blocked | undefined => {
  const [first] = entries;
  if (symbol.cycle !== undefined || first === undefined) return undefined;
  const reason = preTradeCheck({
    // The switch gates sending, not wanting: a reset then needs no new candle.
    killSwitchEngaged: false,
    candidate: { symbol: symbol.symbol, sides: sidesOf(entries), group: symbol.settings.group },
    registered: purse.registered,
    margin: marginOf(first, symbol),
    freeMargin: purse.free,
    equity: purse.equity,
    groupLimits: state.settings.groupLimits,
    risk: state.settings.risk,
  });
  return reason === undefined
    ? undefined
    : { reason, detail: "other symbols are nearer to a fill, or the margin is needed elsewhere" };
};

const marginOf = ({ size, limit }: WantedEntry, { settings }: SymbolState): Amount =>
  amount(notional(size, limit).div(settings.leverage));

type Sized = { readonly entries: ReadonlyArray<WantedEntry> } | { readonly verdict: Blocked };

/** Rounds each level onto the market, and gives it the stop of the cycle that it would complete. */
const sizeLevels = (state: EngineState, candidate: Candidate, equity: Amount): Sized => {
  const { symbol, market, strategy, levels } = candidate;
  const allocation = equity.div(state.symbols.size);
  const entries: WantedEntry[] = [];
  const held = new Map<PositionSide, Trade>();
  if (symbol.cycle !== undefined) held.set(symbol.cycle.side, symbol.cycle);
  let problem = "";
  for (const level of levels) {
    const limit = limitPrice(market, entrySide(level.side), level.price);
    const value = allocation.times(level.fraction).times(symbol.settings.leverage);
    const size = sizeToStep(market, value.div(limit));
    const checked = checkMinimum(market, size, limit);
    if (!checked.ok) {
      problem = checked.error;
      continue;
    }
    const total = addTrade(held.get(level.side) ?? NOTHING, { size, cost: notional(size, limit) });
    held.set(level.side, total);
    const stop = stopAt(market, level.side, averagePrice(total), strategy.stopPercent);
    entries.push({ level: level.index, side: level.side, limit, size, stop });
  }
  const alive = entries.filter((entry) => isStopAhead(entry, candidate.price));
  if (alive.length > 0) return { entries: alive };
  return {
    verdict:
      entries.length > 0
        ? { reason: "stop_passed", detail: "the price is already beyond the stop of every level" }
        : { reason: "below_minimum", detail: problem },
  };
};

/** A stop that the price has already passed would fire at once, or be refused. */
const isStopAhead = ({ side, stop }: WantedEntry, now: Price): boolean =>
  side === "long" ? stop.lt(now) : stop.gt(now);

const refuseAll = (state: EngineState, verdict: Blocked): EngineState =>
  [...state.symbols.values()].reduce(
    (current, symbol) => withSymbol(current, { ...symbol, verdict }),
    state,
  );
