/** A path that goes where it is told: one price a second, for tests of what the engine makes of it. */

import { millis, type Millis } from "#base/clock.ts";
import {
  contractSymbol,
  joinBars,
  SECOND_MS,
  type Bar,
  type ContractSymbol,
  type PricePath,
} from "../prices/path.ts";

export const SCRIPT_START: Millis = millis(Date.UTC(2026, 10, 21));

/** Prices in ticks, from `SCRIPT_START` on; the last one stays. A tick is a hundredth. */
export const scriptedPath = (
  ticksBySymbol: Readonly<Record<string, ReadonlyArray<number>>>,
): PricePath => {
  const script = new Map(
    Object.entries(ticksBySymbol).map(([name, ticks]) => [contractSymbol(name), ticks]),
  );
  const ticksAt = (symbol: ContractSymbol, at: Millis): number | undefined => {
    if (at < SCRIPT_START) return undefined;
    const ticks = script.get(symbol) ?? [];
    return ticks[Math.floor((at - SCRIPT_START) / SECOND_MS)] ?? ticks.at(-1);
  };
  return {
    identity: "scripted",
    symbols: [...script.keys()],
    start: SCRIPT_START,
    end: undefined,
    decimals: () => 2,
    ticksAt,
    aggregate: (symbol, from, to) => {
      let joined: Bar | undefined;
      for (let at = from; at < to; at = millis(at + SECOND_MS)) {
        const ticks = ticksAt(symbol, at);
        if (ticks === undefined) return undefined;
        const bar = { openTime: at, open: ticks, high: ticks, low: ticks, close: ticks, volume: 1 };
        joined = joinBars(joined, bar);
      }
      return joined;
    },
  };
};
