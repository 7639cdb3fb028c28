/**
 * Relative strength index: 100 - 100 / (1 + G/L), with G and L the Wilder averages of rises and
 * falls of the close (Wilder 1978). No fall at all gives 100, a flat market included.
 */

import { at, type Series } from "./series.ts";
import { wilderAverage } from "./wilder.ts";

export const rsi = (closes: Series, period: number): Series => {
  const changes = closes.map((close, index) => close - at(closes, index - 1));
  const gains = wilderAverage(
    changes.map((change) => Math.max(change, 0)),
    period,
    1,
  );
  const losses = wilderAverage(
    changes.map((change) => Math.max(-change, 0)),
    period,
    1,
  );
  return gains.map((gain, index) => {
    const loss = at(losses, index);
    return loss === 0 ? 100 : 100 - 100 / (1 + gain / loss);
  });
};
