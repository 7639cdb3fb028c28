/** What the ATR usually is: SMA over the valid ATR values, ATR-SMA[i] = mean(ATR[i-p+1..i]). */

import type { Series } from "./series.ts";
import { sma } from "./sma.ts";

/** A window that still reaches into the ATR's warm-up holds a `NaN`, and so is one. */
export const atrSma = (atrValues: Series, period: number): Series => sma(atrValues, period);
