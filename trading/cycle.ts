/**
 * One grid cycle: everything that happens on a symbol between flat and flat.
 *
 * Sums are kept, quotients are not: size and cost are exact, and the average is divided once, when
 * somebody reads it. Money comes from fills only, never from the price that was hoped for
 * (incident 14). Reducing takes the cost away in proportion; reducing to flat takes what is left, so
 * a cycle that has closed has booked exactly what it paid and received.
 */

import type { Millis } from "#base/clock.ts";
import type { PositionSide, Side } from "./market.ts";
import { entrySide } from "./market.ts";
import {
  addAmount,
  addQuantity,
  amount,
  minQuantity,
  notional,
  price,
  quantity,
  ZERO_AMOUNT,
  ZERO_QUANTITY,
  type Amount,
  type Price,
  type Quantity,
} from "./money.ts";
import type { ClientOrderId } from "./order.ts";
import type { CycleView, ExitReason } from "./strategy.ts";

export type Cycle = {
  readonly side: PositionSide;
  readonly openedAt: Millis;
  /** By level index, in the order in which they filled. */
  readonly levels: ReadonlyArray<FilledLevel>;
  /** What is open now, and what it cost. */
  readonly size: Quantity;
  readonly cost: Amount;
  /** Everything that was ever bought into the cycle, and everything that was sold out of it. */
  readonly entered: Trade;
  readonly exited: Trade;
  readonly fees: Amount;
  /** Before fees. */
  readonly realized: Amount;
  /** Where the take-profit should be; `undefined` when the strategy has none now. */
  readonly takeProfit: Price | undefined;
  readonly closing: Closing | undefined;
  /** Found on the exchange without fills that explain it: it is protected and closed, never grown. */
  readonly adopted: boolean;
};

export type Trade = { readonly size: Quantity; readonly cost: Amount };

export type FilledLevel = Trade & { readonly level: number; readonly at: Millis };

export type Closing = {
  readonly reason: ExitReason;
  readonly since: Millis;
  readonly orderId: ClientOrderId | undefined;
  /** Not before this instant is another closing order sent. */
  readonly retryAt: Millis;
};

/** Level of a fill that belongs to none of ours: an adopted position, or somebody's own order. */
export const NO_LEVEL = -1;

export const NOTHING: Trade = { size: ZERO_QUANTITY, cost: ZERO_AMOUNT };

export const openCycle = (side: PositionSide, at: Millis): Cycle => ({
  side,
  openedAt: at,
  levels: [],
  size: ZERO_QUANTITY,
  cost: ZERO_AMOUNT,
  entered: NOTHING,
  exited: NOTHING,
  fees: ZERO_AMOUNT,
  realized: ZERO_AMOUNT,
  takeProfit: undefined,
  closing: undefined,
  adopted: false,
});

export const averagePrice = ({ size, cost }: Trade): Price => price(cost.div(size));

export const isIncrease = (cycle: Cycle, side: Side): boolean => side === entrySide(cycle.side);

export type Execution = {
  readonly size: Quantity;
  readonly price: Price;
  readonly fee: Amount;
  readonly at: Millis;
};

/** Adds to the position. */
export const increaseCycle = (cycle: Cycle, level: number, execution: Execution): Cycle => {
  const added = { size: execution.size, cost: notional(execution.size, execution.price) };
  return {
    ...cycle,
    levels: addToLevel(cycle.levels, level, added, execution.at),
    ...addTrade(cycle, added),
    entered: addTrade(cycle.entered, added),
    fees: addAmount(cycle.fees, execution.fee),
  };
};

export type Reduction = {
  readonly cycle: Cycle;
  /** Before fees. */
  readonly realized: Amount;
  /** What the execution had left when the position was gone: it opened the other side. */
  readonly excess: Quantity;
};

/** Takes away from the position, at most all of it. */
export const reduceCycle = (cycle: Cycle, execution: Execution): Reduction => {
  const size = minQuantity(execution.size, cycle.size);
  const isAll = size.eq(cycle.size);
  const cost = isAll ? cycle.cost : amount(cycle.cost.times(size).div(cycle.size));
  const proceeds = notional(size, execution.price);
  const gain = cycle.side === "long" ? proceeds.minus(cost) : cost.minus(proceeds);
  const realized = amount(gain);
  return {
    realized,
    excess: quantity(execution.size.minus(size)),
    cycle: {
      ...cycle,
      size: quantity(cycle.size.minus(size)),
      cost: amount(cycle.cost.minus(cost)),
      exited: addTrade(cycle.exited, { size, cost: proceeds }),
      fees: addAmount(cycle.fees, execution.fee),
      realized: addAmount(cycle.realized, realized),
    },
  };
};

/** Profit if the whole position were closed at `mark`, before the fees of closing. */
export const unrealizedPnl = (cycle: Cycle, mark: Price): Amount => {
  const value = notional(cycle.size, mark);
  return amount(cycle.side === "long" ? value.minus(cycle.cost) : cycle.cost.minus(value));
};

export const cycleMargin = (cycle: Cycle, leverage: number): Amount =>
  amount(cycle.cost.div(leverage));

export const hasLevel = (cycle: Cycle | undefined, level: number): boolean =>
  cycle?.levels.some((filled) => filled.level === level) ?? false;

/** What a strategy may look at. Statistics, so plain numbers. */
export const viewCycle = (cycle: Cycle): CycleView => {
  const [first] = cycle.levels;
  const average = averagePrice(cycle).toNumber();
  return {
    side: cycle.side,
    averagePrice: average,
    size: cycle.size.toNumber(),
    firstPrice: first === undefined ? average : averagePrice(first).toNumber(),
    openedAt: cycle.openedAt,
    filledLevels: new Set(cycle.levels.map(({ level }) => level)),
  };
};

export const addTrade = (a: Trade, b: Trade): Trade => ({
  size: addQuantity(a.size, b.size),
  cost: addAmount(a.cost, b.cost),
});

const addToLevel = (
  levels: ReadonlyArray<FilledLevel>,
  level: number,
  added: Trade,
  at: Millis,
): ReadonlyArray<FilledLevel> =>
  levels.some((filled) => filled.level === level)
    ? levels.map((filled) =>
        filled.level === level ? { ...filled, ...addTrade(filled, added) } : filled,
      )
    : [...levels, { level, at, ...added }];
