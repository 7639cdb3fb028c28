/** A strategy that is busy: narrow levels on short candles, so that an hour holds many cycles. */

import { millis } from "#base/clock.ts";
import type { ExecutorSpec } from "#crds/executor-spec.ts";
import { specOf } from "#executor/testing/specs.ts";

export const LEVELS_MAX = 3;

const parameters = {
  maPeriod: 5,
  atrPeriod: 5,
  atrMultiplierStart: 0.4,
  atrMultiplierStep: 0.8,
  numLevels: LEVELS_MAX,
  slPercent: 3,
  sides: ["long"],
  cooldownCandles: 0,
};

export const busySpec = (
  bases: ReadonlyArray<string>,
  change: Partial<ExecutorSpec> = {},
  parameterChange: ExecutorSpec["assets"][number]["parameters"] = {},
): ExecutorSpec => {
  const spec = specOf();
  return {
    ...spec,
    timeframe: "5m",
    assets: bases.map((base) => ({
      symbol: `${base}/USDT:USDT`,
      group: "majors",
      parameters: { ...parameters, ...parameterChange },
    })),
    // Out of the way, unless a test is about it.
    risk: { ...spec.risk, killSwitch: { sessionLossPercent: 90, action: "BlockEntries" } },
    ...change,
  };
};

/** Not on the border of a candle. */
export const NOON = millis(Date.UTC(2026, 5, 1, 12, 0, 7));
