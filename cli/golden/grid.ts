/**
 * Checks the grid strategies on recorded candles: their indicators, and for an empty book and for
 * made-up positions the remaining levels, the sums of the cycle, the close decision, and the prices
 * of take-profit and stop.
 *
 * The decisions are made on the reference's own indicators, so that an error in an indicator shows as
 * one. Three things are compared by rules of ours:
 * - Our indicators come from the last `lookback` candles only, and there are none before.
 * - The take-profit holds `minProfitPct`, as the close decision always has (decision 0002).
 * - The reference has `max_hold_candles` for grid_multi_tf and never looks at it; we do, so there it
 *   is left at 0.
 */

import { z } from "zod";
import { millis } from "#base/clock.ts";
import { bindStrategy } from "#strategies/registry.ts";
import { stopOf } from "#strategies/cycle.ts";
import { parameterTables } from "#strategies/parameters.ts";
import type { Candle } from "#trading/candle.ts";
import {
  averagePrice,
  increaseCycle,
  openCycle,
  unrealizedPnl,
  viewCycle,
} from "#trading/cycle.ts";
import type { Cycle } from "#trading/cycle.ts";
import { amount, price, quantity } from "#trading/money.ts";
import type { GridStrategy, Indicators, StrategyKind } from "#trading/strategy.ts";
import type { Comparison, Tally } from "./tally.ts";
import { dataBlock, reading, type CandleSource } from "./vectors.ts";

const side = z.enum(["LONG", "SHORT"]).transform((text) => (text === "LONG" ? "long" : "short"));

/** Level, direction, price, quantity, time, fee. */
const position = z.tuple([z.int(), side, z.number(), z.number(), z.number(), z.number()]);
/** Index, price, direction, fraction. */
const level = z.tuple([z.int(), z.number(), side, z.number()]);

const gridCase = z.object({
  positions: z.array(position),
  levels: z.array(level),
  close: z.string().nullable(),
  /** Average, quantity, cost, unrealized. Absent when flat. */
  state: z.tuple([z.number(), z.number(), z.number(), z.number()]).optional(),
  tp: reading,
  sl: reading,
});

const record = z.object({
  i: z.int(),
  ts: z.number(),
  /** By timeframe, then by name. */
  indicators: z.record(z.string(), z.record(z.string(), reading)),
  cases: z.array(gridCase),
});

const run = z.object({
  variant: z.string(),
  symbol: z.string(),
  data: dataBlock,
  params: z.record(z.string(), z.unknown()),
  records: z.array(record),
});

const vectors = z.object({ strategy: z.string(), runs: z.array(run) });

type Run = z.infer<typeof run>;
type Row = z.infer<typeof record>;
type Case = z.infer<typeof gridCase>;

export const checkGrid = async (
  content: unknown,
  candlesOf: CandleSource,
  tally: Tally,
): Promise<void> => {
  const { strategy: name, runs } = vectors.parse(content);
  const kind = kinds[name];
  for (const [index, each] of runs.entries()) {
    const place = `${each.variant} ${each.symbol} run ${index}`;
    if (kind === undefined) {
      tally.skip("not built yet", each.records.flatMap(({ cases }) => cases).length);
      continue;
    }
    const bound = bindStrategy(kind, each.data.timeframe, parametersOf(kind, each.params));
    if (bound.ok) {
      const candles = await candlesOf(each.data.file);
      checkRun({ place, run: each, strategy: bound.value, candles, tally });
    } else tally.settle(place, undefined, [{ what: "", expected: "bound", got: bound.error }]);
  }
};

const kinds: Readonly<Record<string, StrategyKind>> = {
  grid_atr: "grid_atr",
  grid_multi_tf: "grid_multi_tf",
  grid_boltrend: "grid_boltrend",
};

/** The YAML's names in our spelling. What is not a parameter of ours (leverage, timeframe) goes. */
const parametersOf = (
  kind: StrategyKind,
  given: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> =>
  Object.fromEntries(
    Object.entries(given)
      .map(([name, value]) => [camelCase(name), value] as const)
      .filter(([name]) => Object.hasOwn(parameterTables[kind], name))
      .filter(([name]) => !(kind === "grid_multi_tf" && name === "maxHoldCandles")),
  );

const camelCase = (name: string): string =>
  name.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());

type BoundRun = {
  readonly place: string;
  readonly run: Run;
  readonly strategy: GridStrategy;
  readonly candles: ReadonlyArray<Candle>;
  readonly tally: Tally;
};

const checkRun = ({ place, run, strategy, candles, tally }: BoundRun): void => {
  const minProfitPct = z.number().catch(0).parse(run.params["min_profit_pct"]);
  for (const row of run.records) {
    const indicators = indicatorsOf(strategy.kind, row);
    const ours = strategy.indicators(candles.slice(0, row.i + 1));
    tally.settle(`${place} indicators`, row.i, compareIndicators(row, indicators, ours, strategy));
    for (const [index, each] of row.cases.entries()) {
      const where = `${place} case ${index}`;
      const cycle = cycleOf(each);
      if (cycle === undefined && each.positions.length > 0) tally.skip("positions on both sides");
      else {
        tally.settle(where, row.i, [
          ...compareLevels(each, indicators, cycle, strategy),
          ...(cycle === undefined
            ? []
            : compareCycle({ each, row, indicators, cycle, strategy, minProfitPct, tally })),
        ]);
      }
    }
  }
};

const names: Readonly<Record<StrategyKind, Readonly<Record<string, string>>>> = {
  grid_atr: { sma: "sma", atr: "atr", close: "close" },
  grid_multi_tf: { sma: "sma", atr: "atr", close: "close", st_direction: "direction" },
  grid_boltrend: {
    close: "close",
    bb_sma: "middle",
    bb_upper: "upper",
    bb_lower: "lower",
    long_ma: "longSma",
    atr: "atr",
    prev_close: "previousClose",
    prev_upper: "previousUpper",
    prev_lower: "previousLower",
    prev_spread: "previousSpread",
  },
};

/** The reference's indicators in our names, without those that it had none of. */
const indicatorsOf = (kind: StrategyKind, { indicators }: Row): Indicators =>
  Object.fromEntries(
    Object.values(indicators)
      .flatMap((values) => Object.entries(values))
      .map(([name, value]) => [names[kind][name] ?? name, value] as const)
      .filter(([, value]) => !Number.isNaN(value)),
  );

const compareIndicators = (
  row: Row,
  expected: Indicators,
  got: Indicators | undefined,
  strategy: GridStrategy,
): ReadonlyArray<Comparison> => {
  if (row.i + 1 < strategy.lookback) {
    return [{ what: "lookback", expected: "none", got: got === undefined ? "none" : "some" }];
  }
  // A direction that does not exist yet is 0 with us.
  const missing = strategy.kind === "grid_multi_tf" ? { direction: 0 } : {};
  const all = { ...missing, ...expected };
  return Object.entries(all).map(([what, value]) => ({ what, expected: value, got: got?.[what] }));
};

/** The positions as fills of one cycle; none when there are none, or on both sides. */
const cycleOf = ({ positions }: Case): Cycle | undefined => {
  const [first] = positions;
  if (first === undefined) return undefined;
  const [, cycleSide] = first;
  if (positions.some(([, other]) => other !== cycleSide)) return undefined;
  const openedAt = Math.min(...positions.map(([, , , , time]) => time));
  return positions.reduce(
    (cycle, [index, , entry, size, time, fee]) =>
      increaseCycle(cycle, index, {
        size: quantity(size),
        price: price(entry),
        fee: amount(fee),
        at: millis(time),
      }),
    openCycle(cycleSide, millis(openedAt)),
  );
};

const compareLevels = (
  { levels: expected }: Case,
  indicators: Indicators,
  cycle: Cycle | undefined,
  strategy: GridStrategy,
): ReadonlyArray<Comparison> => {
  const got = strategy.levels(indicators, cycle && viewCycle(cycle));
  return [
    { what: "number of levels", expected: expected.length, got: got.length },
    ...expected.flatMap(([index, at, levelSide, fraction], position) => {
      const ours = got[position];
      return [
        { what: `level ${position} index`, expected: index, got: ours?.index },
        { what: `level ${position} price`, expected: at, got: ours?.price },
        { what: `level ${position} side`, expected: levelSide, got: ours?.side },
        { what: `level ${position} fraction`, expected: fraction, got: ours?.fraction },
      ];
    }),
  ];
};

const compareCycle = (of: {
  readonly each: Case;
  readonly row: Row;
  readonly indicators: Indicators;
  readonly cycle: Cycle;
  readonly strategy: GridStrategy;
  readonly minProfitPct: number;
  readonly tally: Tally;
}): ReadonlyArray<Comparison> => {
  const { each, row, indicators, cycle, strategy, minProfitPct, tally } = of;
  const view = viewCycle(cycle);
  const takeProfit = strategy.takeProfit(indicators, view);
  const least = view.averagePrice * (1 + ((view.side === "long" ? 1 : -1) * minProfitPct) / 100);
  const pick = view.side === "long" ? Math.max : Math.min;
  const expectedProfit = minProfitPct > 0 ? pick(each.tp, least) : each.tp;
  if (minProfitPct > 0 && expectedProfit !== each.tp) tally.note("take-profit by decision 0002");
  return [
    ...compareSums(each, indicators, cycle),
    {
      what: "close",
      expected: each.close,
      // Both times are of opening candles there, so their distance is what it is here.
      got: strategy.exit(indicators, view, millis(row.ts)),
    },
    { what: "take-profit", expected: expectedProfit, got: takeProfit },
    { what: "stop", expected: each.sl, got: stopOf(view, strategy.stopPercent) },
  ];
};

const compareSums = (
  { state }: Case,
  { close }: Indicators,
  cycle: Cycle,
): ReadonlyArray<Comparison> => {
  if (state === undefined || close === undefined) return [];
  const [average, size, cost, unrealized] = state;
  return [
    { what: "average", expected: average, got: averagePrice(cycle).toNumber() },
    { what: "size", expected: size, got: cycle.size.toNumber() },
    { what: "cost", expected: cost, got: cycle.cost.toNumber() },
    {
      what: "unrealized",
      expected: unrealized,
      got: unrealizedPnl(cycle, price(close)).toNumber(),
      scale: cost,
    },
  ];
};
