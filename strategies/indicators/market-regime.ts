/**
 * One word for how the market behaves, from the volatility first and the trend second:
 * ATR against its usual size (2 and 0.5 times), then ADX above 25 with the larger DI.
 */

export type MarketRegime =
  | "TRENDING_UP"
  | "TRENDING_DOWN"
  | "RANGING"
  | "HIGH_VOLATILITY"
  | "LOW_VOLATILITY";

export type RegimeInputs = {
  readonly adx: number;
  readonly plusDi: number;
  readonly minusDi: number;
  readonly atr: number;
  readonly atrSma: number;
};

/** An input that is not available yet makes it `RANGING`. */
export const marketRegime = (inputs: RegimeInputs): MarketRegime => {
  if (Object.values(inputs).some((value) => Number.isNaN(value))) return "RANGING";
  const { adx, plusDi, minusDi, atr, atrSma } = inputs;
  if (atrSma > 0 && atr > 2 * atrSma) return "HIGH_VOLATILITY";
  if (atrSma > 0 && atr < 0.5 * atrSma) return "LOW_VOLATILITY";
  if (adx > 25) return plusDi > minusDi ? "TRENDING_UP" : "TRENDING_DOWN";
  return "RANGING";
};
