/**
 * The one loop: takes what has happened, steps the engine, writes it down, and then acts.
 *
 * Nothing reacts directly to the outside world. Sources only push onto the inbox; one step sees one
 * consistent state. Events that wait together share one write to disk, and no command leaves before
 * the event that caused it is durable. The loop never waits for the network.
 */

import type { Engine } from "#trading/engine/engine.ts";
import type { EngineCommand, EngineEvent } from "#trading/engine/events.ts";
import type { EngineState } from "#trading/engine/state.ts";
import type { Queue } from "#runtime/queue.ts";

export type Inbound = {
  readonly event: EngineEvent;
  /** Called once whatever the event changed is durable. */
  readonly done?: () => void;
};

export type LoopDeps = {
  readonly engine: Engine;
  readonly inbox: Queue<Inbound>;
  readonly append: (events: ReadonlyArray<EngineEvent>) => Promise<void>;
  /** The durable state, before any command that follows from it is carried out. */
  readonly publish: (state: EngineState) => void;
  readonly carryOut: (command: EngineCommand) => void;
  /** Between batches, when nothing is in flight to disk. */
  readonly afterBatch: (state: EngineState, events: ReadonlyArray<EngineEvent>) => Promise<void>;
};

/** Runs until the inbox is closed and drained, and returns the last state. */
export const runLoop = async (deps: LoopDeps, initial: EngineState): Promise<EngineState> => {
  let state = initial;
  for (;;) {
    const inbound = await deps.inbox.takeAll();
    if (inbound === undefined) return state;
    const batch = stepAll(deps.engine, state, inbound);
    if (batch.journal.length > 0) await deps.append(batch.journal);
    state = batch.state;
    deps.publish(state);
    for (const { done } of inbound) done?.();
    for (const command of batch.commands) deps.carryOut(command);
    await deps.afterBatch(state, batch.journal);
  }
};

type Batch = {
  readonly state: EngineState;
  /** Events that changed the state or asked for something: what a replay needs. */
  readonly journal: ReadonlyArray<EngineEvent>;
  readonly commands: ReadonlyArray<EngineCommand>;
};

const stepAll = (engine: Engine, initial: EngineState, inbound: ReadonlyArray<Inbound>): Batch => {
  const journal: EngineEvent[] = [];
  const commands: EngineCommand[] = [];
  let state = initial;
  for (const { event } of inbound) {
    const [next, asked] = engine(state, event);
    if (next !== state) journal.push(event);
    state = next;
    commands.push(...asked);
  }
  return { state, journal, commands };
};
