/**
 * The `LiveStrategy` resource: one schema, every reader.
 *
 * The CRD is generated from it, manifests on one machine are checked by it, every process parses
 * with it, and the types below are inferred from it. It stays flat, one optional block per kind,
 * because a structural schema cannot tell a union apart; the rules between fields are in
 * `live-strategy-rules.ts`. Unknown keys are refused everywhere but in metadata.
 */

import { z } from "zod";
import { desiredStates, environments, strategyKinds, timeframes } from "./executor-spec.ts";
import {
  gridAtr,
  gridAtrOverrides,
  gridBoltrend,
  gridBoltrendOverrides,
  gridMultiTf,
  gridMultiTfOverrides,
} from "./live-strategy-parameters.ts";
import { liveStrategyStatus } from "./live-strategy-status.ts";

export const API_GROUP = "scalpradar.io";
export const API_VERSION = "scalpradar.io/v1alpha1";
export const LIVE_STRATEGY = "LiveStrategy";
/** Where an API server has them. */
export const liveStrategies = {
  apiVersion: API_VERSION,
  kind: LIVE_STRATEGY,
  plural: "livestrategies",
} as const;

/** The block of each kind, in the strategy and in an asset's overrides alike. */
export const blockOfKind = {
  grid_atr: "gridAtr",
  grid_multi_tf: "gridMultiTf",
  grid_boltrend: "gridBoltrend",
} as const satisfies Record<(typeof strategyKinds)[number], string>;

/** The rules compare every pair of assets: their cost is bounded by this. */
const ASSETS_MAX = 60;
const SYMBOL_LENGTH_MAX = 40;
const NAME_LENGTH_MAX = 253;
const TIMESTAMP_LENGTH_MAX = 40;

const strategy = z
  .strictObject({
    kind: z
      .enum(strategyKinds)
      .describe("Which strategy runs. Immutable: create another LiveStrategy to change it."),
    gridAtr: gridAtr.optional(),
    gridMultiTf: gridMultiTf.optional(),
    gridBoltrend: gridBoltrend.optional(),
  })
  .describe("What is traded by which rules: a kind and the one block that is named after it.");

const asset = z
  .strictObject({
    symbol: z
      .string()
      .max(SYMBOL_LENGTH_MAX)
      .describe("Unified ccxt symbol of a perpetual, for example BTC/USDT:USDT."),
    gridAtr: gridAtrOverrides.optional(),
    gridMultiTf: gridMultiTfOverrides.optional(),
    gridBoltrend: gridBoltrendOverrides.optional(),
  })
  .describe("One symbol, with the parameters in which it differs from the strategy.");

const exchange = z
  .strictObject({
    id: z
      .enum(["bitget"])
      .describe("Exchange, by its ccxt id. Immutable: create another LiveStrategy to change it."),
    environment: z
      .enum(environments)
      .describe(
        "Live places real orders, Demo uses the exchange's own demo trading, Emulator ours. Immutable.",
      ),
    credentialsSecretRef: z
      .strictObject({
        name: z
          .string()
          .min(1)
          .max(NAME_LENGTH_MAX)
          .describe("Name of a Secret in the namespace of this resource."),
      })
      .optional()
      .describe(
        "Secret with the keys apiKey, secret and passphrase of a dedicated sub-account. Unless it has all three, the default Secret is used.",
      ),
    marginMode: z
      .enum(["crossed", "isolated"])
      .default("crossed")
      .describe("Whether positions share the account's margin (crossed) or hold their own."),
    acknowledgeRealMoney: z
      .boolean()
      .default(false)
      .describe("Says that orders with real money are meant. Environment Live needs it."),
  })
  .describe("The account that is traded on.");

const risk = z
  .strictObject({
    maxMarginRatio: z
      .number()
      .gt(0)
      .max(1)
      .optional()
      .describe("Margin of open cycles and resting entries together, as a share of equity."),
    maxConcurrentPositions: z
      .int()
      .min(1)
      .max(100)
      .optional()
      .describe("Most positions at the same time."),
    maxLiveGrids: z
      .int()
      .min(1)
      .max(100)
      .optional()
      .describe("Most symbols that may hold a cycle or rest an entry at the same time."),
    minFreeMarginPercent: z
      .number()
      .min(0)
      .max(100)
      .optional()
      .describe("Share of equity that must stay free when a cycle opens, in percent."),
    killSwitch: z
      .strictObject({
        sessionLossPercent: z
          .number()
          .gt(0)
          .max(100)
          .optional()
          .describe("Realised loss of a UTC day, in percent of the day's capital, that trips it."),
        action: z
          .enum(["BlockEntries", "Flatten"])
          .optional()
          .describe(
            "BlockEntries opens nothing more and goes on protecting; Flatten closes everything.",
          ),
      })
      .optional()
      .describe("When the kill switch trips and what it does."),
  })
  .describe("Limits of this strategy. Absent ones are the fleet's (config/risk.yaml).");

const QUANTITY_LENGTH_MAX = 20;
/** Whole numbers may be as large as the server takes them, which `z.int()` does not allow. */
const quantity = (words: string) =>
  z
    .union([z.number().multipleOf(1).min(0), z.string().max(QUANTITY_LENGTH_MAX)])
    .optional()
    .meta({
      description: words,
      maxLength: QUANTITY_LENGTH_MAX,
      "x-kubernetes-int-or-string": true,
    });
const quantities = (words: string) =>
  z
    .strictObject({
      cpu: quantity("Processor time, for example 100m or 0.5."),
      memory: quantity("Memory, for example 128Mi."),
    })
    .optional()
    .describe(words);

const executor = z
  .strictObject({
    resources: z
      .strictObject({
        requests: quantities("What the executor is guaranteed."),
        limits: quantities("What the executor may use at most."),
      })
      .optional()
      .describe("Processor time and memory of the executor's container."),
    storage: z
      .strictObject({
        size: quantity("Size of the journal's volume, for example 1Gi."),
        storageClassName: z
          .string()
          .max(NAME_LENGTH_MAX)
          .optional()
          .describe("Storage class of the journal's volume; the cluster's default if absent."),
        deletionPolicy: z
          .enum(["Retain", "Delete"])
          .default("Retain")
          .describe(
            "When the strategy is deleted: Retain keeps the volume with its journal, Delete removes it.",
          ),
      })
      .prefault({})
      .describe("The volume that holds the executor's journal and snapshot."),
    nodeSelector: z
      .record(z.string(), z.string().max(63).describe("Value of the node's label."))
      .optional()
      .meta({
        description: "Labels of the nodes on which the executor may run.",
        maxProperties: 16,
      }),
    logLevel: z
      .enum(["debug", "info", "warn", "error"])
      .default("info")
      .describe("Least severity that the executor logs."),
  })
  .prefault({})
  .describe("How the executor's process runs.");

export const liveStrategySpec = z
  .strictObject({
    enabled: z.boolean().default(true).describe("false runs nothing: no executor and no paper."),
    liveEligible: z
      .boolean()
      .default(false)
      .describe("false keeps the strategy on paper: no executor trades it."),
    desiredState: z
      .enum(desiredStates)
      .default("Trading")
      .describe("Trading, Reducing (opens nothing) or Flat (closes everything and stays flat)."),
    strategy,
    timeframe: z.enum(timeframes).describe("Candles on which the strategy decides."),
    leverage: z.int().min(1).max(20).describe("Leverage of every position."),
    assets: z.array(asset).max(ASSETS_MAX).meta({
      description:
        "Symbols that are traded, each with an equal share of the account; earlier ones go first.",
      "x-kubernetes-list-type": "atomic",
    }),
    exchange,
    risk: risk.optional(),
    killSwitch: z
      .strictObject({
        resetAt: z
          .string()
          .max(TIMESTAMP_LENGTH_MAX)
          .optional()
          .describe(
            "RFC 3339 timestamp. Releases a trip that happened before this instant and never a later one.",
          ),
      })
      .optional()
      .describe("Releases the kill switch."),
    selector: z
      .strictObject({
        mode: z
          .enum(["Enforce", "Observe"])
          .default("Enforce")
          .describe("Enforce lets the arena's ranking stop entries; Observe only reports it."),
      })
      .prefault({})
      .describe("What the arena's ranking may decide."),
    onStop: z
      .enum(["Retain", "Flatten"])
      .default("Retain")
      .describe(
        "When disabled or deleted: Retain leaves positions and their stops, Flatten closes them.",
      ),
    executor,
  })
  .describe("What is wanted.");

const labels = z.record(z.string(), z.string());
/** What a person writes in a file. */
const manifestMetadata = z.object({
  name: z.string(),
  namespace: z.string(),
  labels: labels.optional(),
  annotations: labels.optional(),
});

const typeMeta = { apiVersion: z.literal(API_VERSION), kind: z.literal(LIVE_STRATEGY) };

/** A LiveStrategy as it is written down: nobody has given it an identity yet. */
export const liveStrategyManifest = z.object({
  ...typeMeta,
  metadata: manifestMetadata,
  spec: liveStrategySpec,
});

/** A LiveStrategy as it is stored, by an API server or by a folder of objects. */
export const liveStrategy = z.object({
  ...typeMeta,
  metadata: manifestMetadata.extend({
    uid: z.string(),
    /** Counts the versions of the spec. */
    generation: z.int(),
    resourceVersion: z.string().optional(),
    creationTimestamp: z.string().optional(),
    deletionTimestamp: z.string().optional(),
    finalizers: z.array(z.string()).optional(),
  }),
  spec: liveStrategySpec,
  /** Ours to write: one that does not parse is as good as none, and no reason to refuse the spec. */
  status: liveStrategyStatus.optional().catch(undefined),
});

export type LiveStrategySpec = z.infer<typeof liveStrategySpec>;
export type LiveStrategyManifest = z.infer<typeof liveStrategyManifest>;
export type LiveStrategy = z.infer<typeof liveStrategy>;
export type LiveStrategyAsset = LiveStrategySpec["assets"][number];
