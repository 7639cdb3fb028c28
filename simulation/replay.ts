/**
 * A real executor against the emulator's engine, on virtual time, in one process: days in seconds.
 *
 * It is the same executor as in a pod and the same engine as behind the emulator's sockets, so the
 * same prices, seed and parameters give the same trades as a run in real processes.
 */

import { Registry } from "prom-client";
import { millis, sleep, type Millis } from "#base/clock.ts";
import { assert } from "#base/result.ts";
import type { ExecutorSpec } from "#crds/executor-spec.ts";
import { createEngine } from "#exchange/emulator/engine/engine.ts";
import type { EngineEvent } from "#exchange/emulator/engine/events.ts";
import { uid } from "#exchange/emulator/engine/state.ts";
import { defaultSwitches, type Switches } from "#exchange/emulator/engine/switches.ts";
import type { PricePath } from "#exchange/emulator/prices/path.ts";
import { startExecutor, type Executor } from "#executor/executor.ts";
import { createExecutorMetrics } from "#executor/metrics.ts";
import { silentLogger, type Logger } from "#runtime/log.ts";
import { createMemoryStorage } from "./memory-storage.ts";
import { createVirtualTime } from "./time.ts";
import { createVenue } from "./venue/venue.ts";

export type ReplayOptions = {
  readonly path: PricePath;
  readonly spec: ExecutorSpec;
  readonly from: Millis;
  readonly to: Millis;
  readonly seed: number;
  readonly balance: string;
  readonly switches?: Partial<Switches>;
  readonly log?: Logger;
};

export type Replay = {
  readonly executor: Executor;
  /** Everything that happened on the exchange, in order. */
  readonly events: ReadonlyArray<EngineEvent>;
  readonly account: NonNullable<ReturnType<ReturnType<typeof createEngine>["account"]>>;
};

const ACCOUNT = uid("1001");
const PUMP_PERIOD_MS = 1_000;

export const runReplay = async (options: ReplayOptions): Promise<Replay> => {
  const { path, spec, from, to, seed, balance, log = silentLogger } = options;
  const time = createVirtualTime(from, seed);
  const switches = { ...defaultSwitches, ...options.switches };
  const engine = createEngine({ path, switches, startAt: from });
  engine.openAccount(from, { uid: ACCOUNT, balance });
  const events: EngineEvent[] = [];
  const record = (event: EngineEvent) => events.push(event);
  const exchange = createVenue({ time, engine, uid: ACCOUNT, seed, record });
  const ending = new AbortController();
  const pumping = pumpUntil(time, exchange.pump, ending.signal);

  const defects: unknown[] = [];
  const starting = startExecutor(
    {
      clock: time,
      timers: time,
      exchange,
      storage: createMemoryStorage(),
      log,
      metrics: createExecutorMetrics(new Registry()),
      version: "simulation",
      dedicatedKeys: true,
      onWaiting: () => {},
      onDefect: (defect) => defects.push(defect),
    },
    spec,
    ending.signal,
  );
  await time.runUntil(millis(from + PUMP_PERIOD_MS));
  const started = await starting;
  assert(started.ok, started.ok ? "" : started.error);
  await time.runUntil(to);
  ending.abort();
  await time.runUntil(to);
  await pumping;
  if (defects.length > 0) throw defects[0];
  const account = engine.account(ACCOUNT);
  assert(account !== undefined, "the account is open");
  return { executor: started.value, events, account };
};

const pumpUntil = async (
  time: ReturnType<typeof createVirtualTime>,
  pump: () => void,
  signal: AbortSignal,
): Promise<void> => {
  while (!signal.aborted) {
    pump();
    await sleep(time, PUMP_PERIOD_MS, signal);
  }
};
