/**
 * What one executor is told to be: a LiveStrategy with every default and override resolved.
 *
 * The operator writes it (a ConfigMap in a cluster, a file on one machine) and sends the same
 * document to a running executor by `PUT /control`. Sending it twice, or an old one late, changes
 * nothing: the executor compares it with what it has and takes a lower generation for a repeat.
 */

import { z } from "zod";

export const strategyKinds = ["grid_atr", "grid_multi_tf", "grid_boltrend"] as const;
export const timeframes = ["1m", "5m", "15m", "1h", "4h", "1d"] as const;
export const environments = ["Live", "Demo", "Emulator"] as const;
export const desiredStates = ["Trading", "Reducing", "Flat"] as const;

/** The parameters of one symbol after defaults, strategy values and per-asset overrides. */
const parameters = z.record(
  z.string(),
  z.union([z.number(), z.string(), z.boolean(), z.array(z.string())]),
);

const asset = z.strictObject({
  symbol: z.string(),
  /** Correlation group of config/assets.yaml, if any. */
  group: z.string().nullable(),
  parameters,
});

const risk = z.strictObject({
  /** Open and resting margin together, as a share of equity. */
  maxMarginRatio: z.number().gt(0).max(1),
  maxConcurrentPositions: z.int().min(1),
  /** Symbols that may hold a cycle or rest an entry at the same time. */
  maxLiveGrids: z.int().min(1),
  /** Share of equity that must stay free, in percent, when a cycle opens. */
  minFreeMarginPercent: z.number().min(0).max(100),
  killSwitch: z.strictObject({
    /** Realised loss of a UTC day, in percent of the day's base capital. */
    sessionLossPercent: z.number().gt(0).max(100),
    action: z.enum(["BlockEntries", "Flatten"]),
  }),
});

const exchange = z.strictObject({
  id: z.enum(["bitget"]),
  environment: z.enum(environments),
  marginMode: z.enum(["crossed", "isolated"]),
  /** The only hosts that the executor may speak to. */
  restUrl: z.url(),
  publicStreamUrl: z.url(),
  privateStreamUrl: z.url(),
  /** Requests a second for one account, and for public data from one address. */
  accountRequestsPerSecond: z.number().gt(0),
  publicRequestsPerSecond: z.number().gt(0),
});

export const executorSpec = z.strictObject({
  namespace: z.string(),
  name: z.string(),
  uid: z.string(),
  generation: z.int(),
  kind: z.enum(strategyKinds),
  timeframe: z.enum(timeframes),
  leverage: z.int().min(1),
  assets: z.array(asset).min(1),
  /** Most positions in one direction, by correlation group. */
  groupLimits: z.record(z.string(), z.int().min(1)),
  risk,
  exchange,
  desiredState: z.enum(desiredStates),
  /** RFC 3339; resets a kill switch that tripped before this instant. */
  killSwitchResetAt: z.iso.datetime({ offset: true }).nullable(),
  logLevel: z.enum(["debug", "info", "warn", "error"]),
});

export type ExecutorSpec = z.infer<typeof executorSpec>;
