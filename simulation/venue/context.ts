/** What the parts of the simulated venue share: the engine, the account, and how a call takes its time. */

import type { Clock, Timers } from "#base/clock.ts";
import type { Fact } from "#base/fact.ts";
import type { Result } from "#base/result.ts";
import type { Operation } from "#exchange/ccxt/errors.ts";
import type { AccountView, Engine } from "#exchange/emulator/engine/engine.ts";
import type { EngineEvent } from "#exchange/emulator/engine/events.ts";
import type { Refusal } from "#exchange/emulator/engine/refusal.ts";
import type { Uid } from "#exchange/emulator/engine/state.ts";
import type { Outcome, StreamEvent } from "#exchange/port.ts";

export type VenueDeps = {
  readonly time: Clock & Timers;
  readonly engine: Engine;
  readonly uid: Uid;
  readonly seed: number;
  /** Sees everything that happens on the exchange, in order. */
  readonly record: (event: EngineEvent) => void;
};

export type Context = VenueDeps & {
  readonly read: <T>(answer: () => T) => Promise<Fact<T>>;
  readonly write: <T, U>(
    operation: Operation,
    carryOut: () => Result<T, Refusal>,
    pick: (value: T) => U,
  ) => Promise<Outcome<U>>;
  readonly account: () => AccountView;
  readonly listeners: Set<(event: StreamEvent) => void>;
  readonly pump: () => void;
};
