/** Strategies beside the demo's own, on its exchange and its account. */

import { manifestOf } from "../cluster/operator-world.ts";
import { NAMESPACE } from "./chart-world.ts";

/** With levels closer to the price than the demo's, on both sides, and a Secret of its name. */
export const strategyOf = (name: string, bases: ReadonlyArray<string>, spec: object) => {
  const exchange = { id: "bitget", environment: "Emulator", credentialsSecretRef: { name } };
  const document = manifestOf(name, {
    strategy: { kind: "grid_atr", gridAtr: closeLevels },
    timeframe: "1m",
    leverage: 3,
    assets: bases.map((base) => ({ symbol: `${base}/USDT:USDT` })),
    exchange,
    ...spec,
  });
  return { ...document, metadata: { name, namespace: NAMESPACE } };
};

const closeLevels = {
  maPeriod: 7,
  atrPeriod: 14,
  atrMultiplierStart: 0.1,
  atrMultiplierStep: 0.75,
  numLevels: 3,
  slPercent: 15,
  sides: ["long", "short"],
  cooldownCandles: 1,
};
