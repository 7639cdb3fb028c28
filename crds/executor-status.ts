/**
 * What an executor says about itself at `GET /status`, and what the aggregator and the operator read.
 *
 * Money and prices are decimal strings, times are epoch milliseconds of the session's clock. Facts
 * that the exchange has not told are `null`, never zero: a reader must be able to tell "flat" from
 * "we do not know".
 */

import { z } from "zod";

const decimal = z.string().regex(/^-?\d+(\.\d+)?$/);
const millis = z.number();

const restingOrder = z.object({
  clientOrderId: z.string(),
  level: z.int(),
  side: z.enum(["buy", "sell"]),
  price: decimal,
  size: decimal,
  filled: decimal,
  /** The stop that this order carries. */
  stop: decimal,
  state: z.enum(["Submitting", "Open", "Canceling", "Unknown"]),
});

const plan = z.object({
  trigger: decimal,
  planId: z.string(),
  /** When the exchange last said that it is there. */
  confirmedAt: millis,
});

const filledLevel = z.object({
  level: z.int(),
  price: decimal,
  size: decimal,
  filledAt: millis,
});

const cycle = z.object({
  side: z.enum(["long", "short"]),
  openedAt: millis,
  levels: z.array(filledLevel),
  levelsMax: z.int(),
  averagePrice: decimal,
  size: decimal,
  leverage: z.int(),
  margin: decimal,
  /** `null` while the exchange has not shown a stop that covers the position. */
  stop: plan.nullable(),
  takeProfit: plan.nullable(),
  unrealizedPnl: decimal.nullable(),
  closing: z.string().nullable(),
  adopted: z.boolean(),
});

const symbolStatus = z.object({
  symbol: z.string(),
  price: decimal.nullable(),
  priceAt: millis.nullable(),
  lastCandleAt: millis.nullable(),
  /** Read back from the exchange; `null` until it has answered. */
  leverage: z.int().nullable(),
  /** Why no entry may be sent now, as a stable word and a sentence; `null` when one may. */
  blocked: z.object({ reason: z.string(), detail: z.string() }).nullable(),
  /** Newer parameters wait until this symbol is flat. */
  settingsPending: z.boolean(),
  cycle: cycle.nullable(),
  resting: z.array(restingOrder),
  realizedPnl: decimal,
});

export const orderRecord = z.object({
  at: millis,
  clientOrderId: z.string(),
  symbol: z.string(),
  side: z.enum(["buy", "sell"]),
  /** `entry`, or the reason of the exit. */
  kind: z.string(),
  level: z.int().nullable(),
  limit: decimal.nullable(),
  size: decimal,
  filled: decimal,
  averagePrice: decimal.nullable(),
  fee: decimal,
  state: z.string(),
  strategy: z.string(),
});

export const closedCycle = z.object({
  symbol: z.string(),
  side: z.enum(["long", "short"]),
  openedAt: millis,
  closedAt: millis,
  levels: z.int(),
  size: decimal,
  averageEntry: decimal,
  averageExit: decimal.nullable(),
  fees: decimal,
  /** `null` when the closing trades could not be found. */
  netPnl: decimal.nullable(),
  reason: z.string(),
});

const killSwitch = z.object({
  engaged: z.boolean(),
  reason: z.string().nullable(),
  trippedAt: millis.nullable(),
  lastResetAt: millis.nullable(),
  sessionPnl: decimal,
  /** What the loss is measured against; `null` before the first known balance. */
  baseCapital: decimal.nullable(),
  lossPercent: z.number(),
  thresholdPercent: z.number(),
});

const ledger = z.object({
  fills: z.int(),
  /** Realised, before fees. */
  realizedPnl: decimal,
  fees: decimal,
  /** Wallet at the first boot plus everything booked since; `null` before the first known balance. */
  wallet: decimal.nullable(),
});

export const executorStatus = z.object({
  namespace: z.string(),
  strategy: z.string(),
  strategyUid: z.string(),
  kind: z.string(),
  version: z.string(),
  at: millis,
  startedAt: millis,
  /** Generation of the specification that is applied. */
  generation: z.int(),
  /** Both sockets are up and the last read of the account is recent. */
  connected: z.boolean(),
  /** Recovery is over: the exchange has been asked about everything that was in doubt. */
  reconciled: z.boolean(),
  reconciledAt: millis.nullable(),
  /** Every open position has a stop that the exchange has shown. */
  protected: z.boolean(),
  desiredState: z.enum(["Trading", "Reducing", "Flat"]),
  stopping: z.boolean(),
  account: z.object({
    exchange: z.string(),
    environment: z.enum(["Live", "Demo", "Emulator"]),
    uid: z.string().nullable(),
    dedicatedKeys: z.boolean(),
  }),
  balance: z
    .object({ equity: decimal, available: decimal, wallet: decimal, at: millis })
    .nullable(),
  killSwitch,
  ledger,
  epoch: z.int(),
  journalSequence: z.int(),
  unsettledOrders: z.int(),
  symbols: z.array(symbolStatus),
  closedCycles: z.array(closedCycle),
});

export type ExecutorStatus = z.infer<typeof executorStatus>;
export type SymbolStatus = z.infer<typeof symbolStatus>;
export type OrderRecord = z.infer<typeof orderRecord>;
export type ClosedCycleRecord = z.infer<typeof closedCycle>;

/** `GET /orders`: newest first. */
export const executorOrders = z.object({ orders: z.array(orderRecord) });
