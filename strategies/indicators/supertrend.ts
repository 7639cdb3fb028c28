/**
 * Supertrend: a stop that follows the price at m ATR from (H+L)/2 and changes side when a close
 * crosses it (O. Seban). Bands only ever tighten while the closes stay within them.
 *
 * The first direction is a convention, down unless the close is above the upper band, and holds
 * until the first crossing. A series whose only ATR is its last value has no line at all.
 */

import { at, unavailable, type PriceBars, type Series } from "./series.ts";

export type Supertrend = {
  readonly line: Series;
  /** 1 while the line is below the price (up), -1 while it is above. */
  readonly direction: Series;
};

type Bands = { readonly upper: number; readonly lower: number };

export const supertrend = (bars: PriceBars, atr: Series, multiplier: number): Supertrend => {
  const length = bars.close.length;
  const line = [...unavailable(length)];
  const direction = [...unavailable(length)];
  const first = atr.findIndex((value) => !Number.isNaN(value));
  if (first < 0 || first >= length - 1) return { line, direction };

  let bands = bandsAt(bars, at(atr, first), multiplier, first);
  let up = at(bars.close, first) > bands.upper;
  direction[first] = up ? 1 : -1;
  line[first] = up ? bands.lower : bands.upper;
  for (let index = first + 1; index < length; index += 1) {
    const range = at(atr, index);
    if (!Number.isNaN(range)) {
      bands = tightened(bands, bandsAt(bars, range, multiplier, index), at(bars.close, index - 1));
      up = up ? at(bars.close, index) >= bands.lower : at(bars.close, index) > bands.upper;
    }
    direction[index] = up ? 1 : -1;
    line[index] = Number.isNaN(range) ? at(line, index - 1) : up ? bands.lower : bands.upper;
  }
  return { line, direction };
};

const bandsAt = ({ high, low }: PriceBars, atr: number, width: number, index: number): Bands => {
  const middle = (at(high, index) + at(low, index)) / 2;
  return { upper: middle + width * atr, lower: middle - width * atr };
};

/** A band moves away from the price only after the close before has broken it. */
const tightened = (before: Bands, raw: Bands, closeBefore: number): Bands => ({
  upper: closeBefore <= before.upper ? Math.min(raw.upper, before.upper) : raw.upper,
  lower: closeBefore >= before.lower ? Math.max(raw.lower, before.lower) : raw.lower,
});
