/**
 * How long the machine takes from the push that ends a candle to the first order request that
 * follows from it.
 *
 *     push (the first of the candle) → reads → decision → journal → first request: one sample
 *
 * A candle that nothing was pushed for, or that changes no order, gives no sample. A request that
 * other events cause, such as the confirmation of a cancel, is not the candle's first.
 */

import type { Millis } from "#base/clock.ts";
import type { EngineCommand } from "#trading/engine/events.ts";

export type OrderRequest = "cancel" | "entry" | "exit";

/** Ends the measurement that its maker began. */
export type StopTimer = (request: OrderRequest) => void;

export type CandleLap = {
  /** A push says that a candle has ended at that instant, because the next one has begun. */
  readonly candleEnded: (closedAt: Millis) => void;
  /** The decision on that candle is durable: the commands that follow now are its. */
  readonly decided: (closedAt: Millis) => void;
  /** Called for each command, just before it is carried out. */
  readonly commanded: (command: EngineCommand) => void;
  /** The commands of the decision have all been carried out. */
  readonly settled: () => void;
};

export const createCandleLap = (startTimer: () => StopTimer): CandleLap => {
  let lap: { readonly closedAt: Millis; readonly stop: StopTimer | undefined } | undefined;
  let deciding: StopTimer | undefined;
  return {
    candleEnded: (closedAt) => {
      // The other symbols' candles end within moments of the first: the first push began the wait.
      if (lap !== undefined && closedAt <= lap.closedAt) return;
      // The first push of a life tells of the candle that is open, not of one that has just ended.
      lap = { closedAt, stop: lap === undefined ? undefined : startTimer() };
    },
    decided: (closedAt) => {
      if (lap?.closedAt === closedAt) deciding = lap.stop;
    },
    commanded: ({ kind }) => {
      const request = requestOf(kind);
      if (request === undefined) return;
      deciding?.(request);
      deciding = undefined;
    },
    settled: () => {
      deciding = undefined;
    },
  };
};

const requestOf = (kind: EngineCommand["kind"]): OrderRequest | undefined => {
  if (kind === "CancelOrder") return "cancel";
  if (kind === "SubmitEntry") return "entry";
  return kind === "SubmitExit" ? "exit" : undefined;
};
