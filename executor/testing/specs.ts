/** A specification as the operator would hand it over. */

import type { ExecutorSpec } from "#crds/executor-spec.ts";

const NOWHERE = "127.0.0.1:1";

export const specOf = (change: Partial<ExecutorSpec> = {}): ExecutorSpec => ({
  namespace: "test",
  name: "grid-atr",
  uid: "uid-1",
  generation: 1,
  kind: "grid_atr",
  timeframe: "1h",
  leverage: 5,
  assets: [
    { symbol: "BTC/USDT:USDT", group: "majors", parameters: { numLevels: 3 } },
    { symbol: "ETH/USDT:USDT", group: null, parameters: {} },
  ],
  groupLimits: { majors: 4 },
  risk: {
    maxMarginRatio: 0.7,
    maxConcurrentPositions: 15,
    maxLiveGrids: 4,
    minFreeMarginPercent: 20,
    killSwitch: { sessionLossPercent: 25, action: "BlockEntries" },
  },
  exchange: {
    id: "bitget",
    environment: "Emulator",
    marginMode: "crossed",
    restUrl: `http://${NOWHERE}`,
    publicStreamUrl: `ws://${NOWHERE}`,
    privateStreamUrl: `ws://${NOWHERE}`,
    accountRequestsPerSecond: 10,
    publicRequestsPerSecond: 20,
  },
  desiredState: "Trading",
  killSwitchResetAt: null,
  logLevel: "error",
  ...change,
});
