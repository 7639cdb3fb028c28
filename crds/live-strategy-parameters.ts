/**
 * The parameters of each strategy kind as fields of the resource: names, ranges, defaults, words.
 *
 * Each kind has its fields once and two shapes over them: the block of the strategy, in which absent
 * fields take their default, and the overrides of one asset, in which they stay absent so that the
 * strategy's own value holds. Percentages are in percent: 20 means 20 %. Upper bounds that the
 * formulas do not need are there to catch a slipped decimal point. A test holds names, defaults and
 * bounds against the tables by which `strategies/` reads them.
 */

import { z } from "zod";

const period = (words: string) => z.int().min(2).max(50).describe(words);
const windowSize = (words: string) => z.int().min(2).max(1000).describe(words);
const multiple = (words: string) => z.number().gt(0).max(100).describe(words);
const floorPercent = (words: string) => z.number().min(0).max(10).describe(words);

const numLevels = z
  .int()
  .min(1)
  .max(6)
  .describe("Levels of the grid; each takes the same share of the symbol's margin.");
const slPercent = z
  .number()
  .gt(0)
  .lt(100)
  .describe("Distance of the cycle's stop from its average entry, in percent of the price.");
const sides = z
  .array(z.enum(["long", "short"]).describe("A direction in which cycles may open."))
  .min(1)
  .max(2)
  .refine((values) => new Set(values).size === values.length, "each side once")
  .meta({
    description: "Directions in which cycles may open. One cycle holds one direction.",
    "x-kubernetes-list-type": "set",
  });
const cooldownCandles = z
  .int()
  .min(0)
  .max(1000)
  .describe("Candles to wait after a cycle has closed before the next one may open.");
const maxHoldCandles = z
  .int()
  .min(0)
  .max(100_000)
  .describe("Candles after which a losing cycle is closed; 0 means never.");
const atrPeriod = period("Candles in the average true range.");

/** What grid_atr and grid_multi_tf have in common: levels spaced by volatility around an average. */
const atrGrid = {
  maPeriod: period("Candles in the moving average that the grid hangs on; it is the take-profit."),
  atrPeriod,
  atrMultiplierStart: multiple("Distance of the first level from the average, in ATRs."),
  atrMultiplierStep: multiple("Distance between two levels, in ATRs."),
  numLevels,
  slPercent,
  sides,
  cooldownCandles,
  maxHoldCandles,
  minGridSpacingPct: floorPercent(
    "Least ATR that the grid is spaced by, in percent of the price; 0 means no floor.",
  ),
};

const gridAtrFields = z.strictObject({
  ...atrGrid,
  minProfitPct: floorPercent("Least profit at which the take-profit is placed, in percent."),
  minAtrPct: floorPercent(
    "Least ATR, in percent of the price, below which no cycle opens; 0 means any.",
  ),
});

const gridMultiTfFields = z.strictObject({
  stAtrPeriod: period("4h candles in the average true range of the Supertrend."),
  stAtrMultiplier: multiple("Distance of the Supertrend from the middle of the candle, in ATRs."),
  ...atrGrid,
});

const gridBoltrendFields = z.strictObject({
  bolWindow: windowSize("Candles in the Bollinger bands."),
  bolStd: multiple("Width of the Bollinger bands, in standard deviations.").max(10),
  longMaWindow: windowSize("Candles in the moving average that says which way the trend goes."),
  minBolSpread: z
    .number()
    .min(0)
    .max(1)
    .describe("Least width of the bands before a breakout, as a share of the lower band."),
  atrPeriod,
  atrSpacingMult: multiple("Distance between two levels, in ATRs."),
  numLevels,
  slPercent,
  sides,
  cooldownCandles,
  maxHoldCandles,
});

const gridAtrShape = gridAtrFields.shape;
export const gridAtr = gridAtrFields
  .extend({
    maPeriod: gridAtrShape.maPeriod.default(14),
    atrPeriod: gridAtrShape.atrPeriod.default(14),
    atrMultiplierStart: gridAtrShape.atrMultiplierStart.default(2),
    atrMultiplierStep: gridAtrShape.atrMultiplierStep.default(1),
    numLevels: gridAtrShape.numLevels.default(3),
    slPercent: gridAtrShape.slPercent.default(20),
    sides: gridAtrShape.sides.default(["long"]),
    cooldownCandles: gridAtrShape.cooldownCandles.default(3),
    maxHoldCandles: gridAtrShape.maxHoldCandles.default(0),
    minGridSpacingPct: gridAtrShape.minGridSpacingPct.default(0),
    minProfitPct: gridAtrShape.minProfitPct.default(0),
    minAtrPct: gridAtrShape.minAtrPct.default(0),
  })
  .describe("Parameters of kind grid_atr: a grid below or above an average, spaced by the ATR.");

const gridMultiTfShape = gridMultiTfFields.shape;
export const gridMultiTf = gridMultiTfFields
  .extend({
    stAtrPeriod: gridMultiTfShape.stAtrPeriod.default(10),
    stAtrMultiplier: gridMultiTfShape.stAtrMultiplier.default(3),
    maPeriod: gridMultiTfShape.maPeriod.default(14),
    atrPeriod: gridMultiTfShape.atrPeriod.default(14),
    atrMultiplierStart: gridMultiTfShape.atrMultiplierStart.default(2),
    atrMultiplierStep: gridMultiTfShape.atrMultiplierStep.default(1),
    numLevels: gridMultiTfShape.numLevels.default(3),
    slPercent: gridMultiTfShape.slPercent.default(20),
    sides: gridMultiTfShape.sides.default(["long", "short"]),
    cooldownCandles: gridMultiTfShape.cooldownCandles.default(3),
    maxHoldCandles: gridMultiTfShape.maxHoldCandles.default(0),
    minGridSpacingPct: gridMultiTfShape.minGridSpacingPct.default(0),
  })
  .describe("Parameters of kind grid_multi_tf: grid_atr in the direction of the 4h Supertrend.");

const gridBoltrendShape = gridBoltrendFields.shape;
export const gridBoltrend = gridBoltrendFields
  .extend({
    bolWindow: gridBoltrendShape.bolWindow.default(100),
    bolStd: gridBoltrendShape.bolStd.default(2),
    longMaWindow: gridBoltrendShape.longMaWindow.default(200),
    minBolSpread: gridBoltrendShape.minBolSpread.default(0),
    atrPeriod: gridBoltrendShape.atrPeriod.default(14),
    atrSpacingMult: gridBoltrendShape.atrSpacingMult.default(1),
    numLevels: gridBoltrendShape.numLevels.default(3),
    slPercent: gridBoltrendShape.slPercent.default(15),
    sides: gridBoltrendShape.sides.default(["long", "short"]),
    cooldownCandles: gridBoltrendShape.cooldownCandles.default(3),
    maxHoldCandles: gridBoltrendShape.maxHoldCandles.default(0),
  })
  .describe("Parameters of kind grid_boltrend: a grid that follows a breakout of the bands.");

const override = "of one asset; absent fields take the strategy's value.";
export const gridAtrOverrides = gridAtrFields
  .partial()
  .describe(`Parameters of kind grid_atr ${override}`);
export const gridMultiTfOverrides = gridMultiTfFields
  .partial()
  .describe(`Parameters of kind grid_multi_tf ${override}`);
export const gridBoltrendOverrides = gridBoltrendFields
  .partial()
  .describe(`Parameters of kind grid_boltrend ${override}`);
