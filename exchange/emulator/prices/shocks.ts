/**
 * A shove to the market from outside: from an instant on, every price of a symbol (or of all) is
 * multiplied by a factor, which is reached in a straight line and stays. It is how a demonstration
 * makes a level fill, and how a test makes a crash.
 */

import { millis, type Millis } from "#base/clock.ts";
import {
  floorTo,
  joinBars,
  SECOND_MS,
  type Bar,
  type ContractSymbol,
  type PricePath,
} from "./path.ts";

export type Shock = {
  readonly symbol: ContractSymbol | "all";
  /** -10: a tenth down. */
  readonly percent: number;
  readonly at: Millis;
  /** How long the way takes; 0: at once. */
  readonly durationMs: number;
};

export const withShocks = (path: PricePath, shocks: ReadonlyArray<Shock>): PricePath => {
  if (shocks.length === 0) return path;
  const bySymbol = new Map(
    path.symbols.map((symbol) => [
      symbol,
      shocks.filter((shock) => shock.symbol === "all" || shock.symbol === symbol),
    ]),
  );
  const shocksOf = (symbol: ContractSymbol) => bySymbol.get(symbol) ?? [];
  return {
    ...path,
    ticksAt: (symbol, at) => {
      const ticks = path.ticksAt(symbol, at);
      return ticks === undefined ? undefined : scale(ticks, factorAt(shocksOf(symbol), at));
    },
    aggregate: (symbol, from, to) => aggregate(path, shocksOf(symbol), { symbol, from, to }),
  };
};

const factorAt = (shocks: ReadonlyArray<Shock>, at: number): number =>
  shocks.reduce((factor, { percent, at: begin, durationMs }) => {
    // The second that is being sampled has its price already.
    const second = floorTo(at, SECOND_MS);
    if (second <= begin) return factor;
    const reached = durationMs === 0 ? 1 : Math.min(1, (second - begin) / durationMs);
    return factor * (1 + (percent / 100) * reached);
  }, 1);

/** A price is never less than a tick, however hard the shove. */
const scale = (ticks: number, factor: number): number =>
  factor === 1 ? ticks : Math.max(1, Math.round(ticks * factor));

type Stretch = { readonly symbol: ContractSymbol; readonly from: Millis; readonly to: Millis };

const aggregate = (
  path: PricePath,
  shocks: ReadonlyArray<Shock>,
  { symbol, from, to }: Stretch,
): Bar | undefined => {
  const cuts = shocks
    .flatMap(({ at, durationMs }) => {
      const first = floorTo(at, SECOND_MS) + SECOND_MS;
      return [first, Math.max(first, Math.ceil((at + durationMs) / SECOND_MS) * SECOND_MS)];
    })
    .filter((cut) => cut > from && cut < to)
    .toSorted((a, b) => a - b);
  let joined: Bar | undefined;
  let begin: number = from;
  for (const end of [...cuts, to]) {
    if (end === begin) continue;
    const piece = { symbol, from: millis(begin), to: millis(end) };
    const bar = isMoving(shocks, begin)
      ? eachSecond(path, shocks, piece)
      : even(path, shocks, piece);
    if (bar === undefined) return undefined;
    joined = joinBars(joined, bar);
    begin = end;
  }
  return joined;
};

const isMoving = (shocks: ReadonlyArray<Shock>, at: number): boolean =>
  shocks.some((shock) => at > shock.at && at < shock.at + shock.durationMs);

/** Between two cuts the factor is one number, and rounding keeps the order of prices. */
const even = (
  path: PricePath,
  shocks: ReadonlyArray<Shock>,
  { symbol, from, to }: Stretch,
): Bar | undefined => {
  const bar = path.aggregate(symbol, from, to);
  const factor = factorAt(shocks, from);
  if (bar === undefined || factor === 1) return bar;
  return {
    ...bar,
    open: scale(bar.open, factor),
    high: scale(bar.high, factor),
    low: scale(bar.low, factor),
    close: scale(bar.close, factor),
  };
};

const eachSecond = (
  path: PricePath,
  shocks: ReadonlyArray<Shock>,
  { symbol, from, to }: Stretch,
): Bar | undefined => {
  let joined: Bar | undefined;
  for (let at = from; at < to; at = millis(at + SECOND_MS)) {
    const bar = even(path, shocks, { symbol, from: at, to: millis(at + SECOND_MS) });
    if (bar === undefined) return undefined;
    joined = joinBars(joined, bar);
  }
  return joined;
};
