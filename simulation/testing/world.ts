/**
 * A world for tests: one account on the emulator's engine, executors that can be killed at any
 * instant and started again on what they had made durable, and a network that loses, doubles and
 * delays.
 *
 * A killed executor is gone at once: its timers never come, its calls never return, and what it was
 * writing is on disk, not on disk, or half on disk. What it had already handed to the network still
 * arrives.
 */

import { Registry } from "prom-client";
import { millis, sleep, type Millis, type Timers } from "#base/clock.ts";
import { unknown, type Fact } from "#base/fact.ts";
import { chance } from "#base/random.ts";
import { assert } from "#base/result.ts";
import type { ExecutorSpec } from "#crds/executor-spec.ts";
import { createEngine, type AccountView } from "#exchange/emulator/engine/engine.ts";
import type { EngineEvent } from "#exchange/emulator/engine/events.ts";
import { uid } from "#exchange/emulator/engine/state.ts";
import { defaultSwitches, type Switches } from "#exchange/emulator/engine/switches.ts";
import type { PricePath } from "#exchange/emulator/prices/path.ts";
import type { Exchange, ExchangeReads, ExchangeWrites, Outcome } from "#exchange/port.ts";
import { startExecutor, type Executor } from "#executor/executor.ts";
import { createExecutorMetrics } from "#executor/metrics.ts";
import { silentLogger } from "#runtime/log.ts";
import { createVirtualTime, type VirtualTime } from "../time.ts";
import { createVenue } from "../venue/venue.ts";
import { createDisk, type Disk } from "./disk.ts";

/** Chances, each for one call or one push. */
export type Faults = {
  readonly unknownRead: number;
  /** The request never arrives, or long after we have given up. */
  readonly lostRequest: number;
  readonly lostReply: number;
  readonly lostPush: number;
  readonly doubledPush: number;
};

export const NO_FAULTS: Faults = {
  unknownRead: 0,
  lostRequest: 0,
  lostReply: 0,
  lostPush: 0,
  doubledPush: 0,
};

export type WorldOptions = {
  readonly path: PricePath;
  readonly spec: ExecutorSpec;
  readonly from: Millis;
  readonly seed: number;
  readonly balance: string;
  readonly switches?: Partial<Switches>;
  /** A different exchange than it should be: for mutants. */
  readonly spoil?: (exchange: Exchange) => Exchange;
};

export type World = {
  readonly time: VirtualTime;
  readonly run: (until: Millis) => Promise<void>;
  readonly setFaults: (faults: Faults) => void;
  /** Shoves every price by some percent, at once. */
  readonly shock: (percent: number) => void;
  /** Everything that happened on the exchange, in order. */
  readonly events: () => ReadonlyArray<EngineEvent>;
  readonly account: () => AccountView;
  readonly disk: Disk;
  readonly boot: () => Life;
  /** Broken invariants, by whichever life. */
  readonly defects: () => ReadonlyArray<unknown>;
};

export type Life = {
  /** `undefined` until the exchange has been reached. */
  readonly executor: () => Executor | undefined;
  readonly kill: () => void;
};

const ACCOUNT = uid("1001");
const PUMP_PERIOD_MS = 1_000;

export const openWorld = (options: WorldOptions): World => {
  const { path, from, seed, balance, switches } = options;
  const time = createVirtualTime(from, seed);
  const engine = createEngine({
    path,
    switches: { ...defaultSwitches, ...switches },
    startAt: from,
  });
  engine.openAccount(from, { uid: ACCOUNT, balance });
  const events: EngineEvent[] = [];
  const defects: unknown[] = [];
  let faults = NO_FAULTS;
  const record = (event: EngineEvent) => events.push(event);
  const venue = createVenue({ time, engine, uid: ACCOUNT, seed, record });
  const pump = () => {
    venue.pump();
    time.after(PUMP_PERIOD_MS, pump);
  };
  pump();
  const network: Network = { time, seed, faults: () => faults, calls: 0 };
  const exchange = faulty(network, options.spoil?.(venue) ?? venue);
  const disk = createDisk(time, seed);
  return {
    time,
    disk,
    run: time.runUntil,
    events: () => events,
    defects: () => defects,
    setFaults: (next) => {
      faults = next;
    },
    shock: (percent) => {
      engine.shock(time.now(), { symbol: "all", percent, durationMs: 0 });
    },
    account: () => {
      const found = engine.account(ACCOUNT);
      assert(found !== undefined, "the account is open");
      return found;
    },
    boot: () => bootLife({ options, time, exchange, disk, defects }),
  };
};

type Birth = {
  readonly options: WorldOptions;
  readonly time: VirtualTime;
  readonly exchange: Exchange;
  readonly disk: Disk;
  readonly defects: unknown[];
};

const bootLife = ({ options, time, exchange, disk, defects }: Birth): Life => {
  const death = new AbortController();
  const isAlive = () => !death.signal.aborted;
  let executor: Executor | undefined;
  const timers: Timers = {
    after: (ms, callback) => time.after(ms, () => void (isAlive() && callback())),
  };
  const fail = (defect: unknown) => void (isAlive() && defects.push(defect));
  const come = async (): Promise<void> => {
    const started = await startExecutor(
      {
        clock: time,
        timers,
        exchange: mortal(exchange, death.signal),
        storage: disk.mount(death.signal),
        log: silentLogger,
        metrics: createExecutorMetrics(new Registry()),
        version: "simulation",
        dedicatedKeys: true,
        onWaiting: () => {},
        onDefect: fail,
      },
      options.spec,
      death.signal,
    );
    if (started.ok) executor = started.value;
    else fail(started.error);
  };
  come().catch(fail);
  return { executor: () => executor, kill: () => death.abort() };
};

const never = <T>(): Promise<T> => new Promise(() => {});

/** What the dead ask for never comes back; what they had sent is on its way. */
const mortal = (exchange: Exchange, death: AbortSignal): Exchange => {
  const call =
    <Args extends ReadonlyArray<unknown>, T>(ask: (...args: Args) => Promise<T>) =>
    async (...args: Args): Promise<T> => {
      if (death.aborted) return never();
      const answer = await ask(...args);
      return death.aborted ? never() : answer;
    };
  return {
    ...mapReads(exchange, call),
    ...mapWrites(exchange, call),
    name: exchange.name,
    requestExpiryMs: exchange.requestExpiryMs,
    watch: call((request, listener, signal) =>
      exchange.watch(
        request,
        (event) => void (!death.aborted && listener(event)),
        AbortSignal.any([signal, death]),
      ),
    ),
    close: call(exchange.close),
  };
};

type Network = {
  readonly time: VirtualTime;
  readonly seed: number;
  readonly faults: () => Faults;
  calls: number;
};

/** After this long somebody who waits for an answer gives up. */
const TIMEOUT_MS = 5_000;
/** A request that was thought lost may arrive until its signature expires. */
const LATE_MS = 20_000;

const faulty = (network: Network, exchange: Exchange): Exchange => {
  const { time } = network;
  const happens = (kind: keyof Faults): boolean => {
    network.calls += 1;
    return chance(network.seed, kind, network.calls) < network.faults()[kind];
  };
  const read =
    <Args extends ReadonlyArray<unknown>, T>(ask: (...args: Args) => Promise<Fact<T>>) =>
    async (...args: Args): Promise<Fact<T>> => {
      if (!happens("unknownRead")) return ask(...args);
      await sleep(time, TIMEOUT_MS);
      return unknown("timeout");
    };
  const write =
    <Args extends ReadonlyArray<unknown>, T>(send: (...args: Args) => Promise<Outcome<T>>) =>
    async (...args: Args): Promise<Outcome<T>> => {
      const isLost = happens("lostRequest");
      if (!isLost && !happens("lostReply")) return send(...args);
      const lateness = isLost ? LATE_MS : 0;
      if (!isLost || happens("doubledPush")) time.after(lateness, () => void send(...args));
      await sleep(time, TIMEOUT_MS);
      return { kind: "Unknown", detail: "timeout" };
    };
  return {
    ...exchange,
    ...mapReads(exchange, read),
    ...mapWrites(exchange, write),
    watch: (request, listener, signal) =>
      exchange.watch(
        request,
        (event) => {
          const isHint = event.kind !== "Connected" && event.kind !== "Disconnected";
          if (isHint && happens("lostPush")) return;
          listener(event);
          if (isHint && happens("doubledPush")) listener(event);
        },
        signal,
      ),
  };
};

type Facts = Omit<ExchangeReads, "name" | "requestExpiryMs">;
type ReadMap = <Args extends ReadonlyArray<unknown>, T>(
  ask: (...args: Args) => Promise<Fact<T>>,
) => (...args: Args) => Promise<Fact<T>>;

const mapReads = (exchange: Exchange, map: ReadMap): Facts => ({
  fetchMarkets: map(exchange.fetchMarkets),
  fetchCandles: map(exchange.fetchCandles),
  fetchPrices: map(exchange.fetchPrices),
  fetchAccount: map(exchange.fetchAccount),
  fetchBalance: map(exchange.fetchBalance),
  fetchPositions: map(exchange.fetchPositions),
  fetchOpenOrders: map(exchange.fetchOpenOrders),
  fetchPlans: map(exchange.fetchPlans),
  fetchOrder: map(exchange.fetchOrder),
  fetchFills: map(exchange.fetchFills),
  fetchSymbolFacts: map(exchange.fetchSymbolFacts),
});

type WriteMap = <Args extends ReadonlyArray<unknown>, T>(
  send: (...args: Args) => Promise<Outcome<T>>,
) => (...args: Args) => Promise<Outcome<T>>;

const mapWrites = (exchange: Exchange, map: WriteMap): ExchangeWrites => ({
  submitEntry: map(exchange.submitEntry),
  submitExit: map(exchange.submitExit),
  cancelOrder: map(exchange.cancelOrder),
  placeProtection: map(exchange.placeProtection),
  moveProtection: map(exchange.moveProtection),
  cancelPlan: map(exchange.cancelPlan),
  setLeverage: map(exchange.setLeverage),
  setMarginMode: map(exchange.setMarginMode),
  setOneWayMode: map(exchange.setOneWayMode),
});

/** The instant so many minutes after another one. */
export const minutesAfter = (at: Millis, minutes: number): Millis => millis(at + minutes * 60_000);
