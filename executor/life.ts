/** What changes while one executor lives and is not the engine's: its durable state and its orders. */

import type { Clock, Millis } from "#base/clock.ts";
import type { ExecutorSpec } from "#crds/executor-spec.ts";
import type { EngineState } from "#trading/engine/state.ts";

export type Life = {
  readonly state: () => EngineState;
  readonly spec: () => ExecutorSpec;
  readonly setSpec: (spec: ExecutorSpec) => void;
  /** Takes over a state that is durable. */
  readonly publish: (state: EngineState) => void;
  /** Resolves with the first durable state of which `isDone` holds. */
  readonly until: (isDone: (state: EngineState) => boolean) => Promise<void>;
  readonly startedAt: Millis;
  /** When recovery last ended; `undefined` while it has not. */
  readonly reconciledAt: () => Millis | undefined;
};

export const createLife = (
  clock: Pick<Clock, "now">,
  firstSpec: ExecutorSpec,
  firstState: EngineState,
): Life => {
  let spec = firstSpec;
  let state = firstState;
  let reconciledAt: Millis | undefined;
  let waiters: ReadonlyArray<(state: EngineState) => boolean> = [];
  return {
    state: () => state,
    spec: () => spec,
    setSpec: (next) => {
      spec = next;
    },
    publish: (next) => {
      if (next.recovering !== undefined) reconciledAt = undefined;
      else if (state.recovering !== undefined) reconciledAt = clock.now();
      state = next;
      waiters = waiters.filter((waiter) => !waiter(next));
    },
    until: (isDone) =>
      new Promise((resolve) => {
        if (isDone(state)) return resolve();
        const waiter = (next: EngineState) => {
          const done = isDone(next);
          if (done) resolve();
          return done;
        };
        waiters = [...waiters, waiter];
      }),
    startedAt: clock.now(),
    reconciledAt: () => reconciledAt,
  };
};
