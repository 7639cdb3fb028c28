/**
 * One executor, put together from ports: the same in a pod, in a child process and in a simulation.
 *
 * Starting returns once the exchange has said whose account this is and the last life's journal has
 * been replayed; from then on everything happens on the loop. Stopping withdraws the resting entries,
 * leaves positions and their stops on the exchange, and writes the state down.
 */

import { millis, sleep, type Clock, type Millis, type Timers } from "#base/clock.ts";
import { err, ok, type Result } from "#base/result.ts";
import type { ExecutorSpec } from "#crds/executor-spec.ts";
import type { ExecutorStatus, OrderRecord } from "#crds/executor-status.ts";
import type { Exchange } from "#exchange/port.ts";
import type { Logger } from "#runtime/log.ts";
import { createQueue, type Queue } from "#runtime/queue.ts";
import { createTasks, type Tasks } from "#runtime/tasks.ts";
import { createEngine, type Engine } from "#trading/engine/engine.ts";
import type { EngineEvent } from "#trading/engine/events.ts";
import { initialState, liveOrders, type EngineState } from "#trading/engine/state.ts";
import type { EngineDeps } from "#trading/engine/step.ts";
import { timeframeMs } from "#trading/candle.ts";
import { probeProblem } from "#trading/engine/probe.ts";
import { marketSymbol } from "#trading/market.ts";
import type { ClientOrderId } from "#trading/order.ts";
import { isSameSettings } from "#trading/settings.ts";
import { connectExchange, type Connected } from "./connect.ts";
import { createCandleLap, type CandleLap } from "./candle-lap.ts";
import { carryOut } from "./dispatch.ts";
import { createFactStore, type FactStore } from "./facts.ts";
import { guardEntry } from "./guards.ts";
import type { ControlAnswer } from "./http.ts";
import { createLife, type Life } from "./life.ts";
import { runLoop, type Inbound, type LoopDeps } from "./loop.ts";
import type { ExecutorMetrics } from "./metrics.ts";
import { createStrategies, settingsProblems, toSettings } from "./settings.ts";
import { ownMarkets, startSources } from "./sources.ts";
import { buildOrders, buildStatus } from "./status.ts";
import { openStore, type Storage, type Store } from "./store.ts";

export type ExecutorDeps = {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly exchange: Exchange;
  readonly storage: Storage;
  readonly log: Logger;
  readonly metrics: ExecutorMetrics;
  readonly version: string;
  readonly dedicatedKeys: boolean;
  /** What the start is waiting for, for whoever asks. */
  readonly onWaiting: (reason: string) => void;
  /** A broken invariant, or a disk that fails: the process must end and recover. */
  readonly onDefect: (defect: unknown) => void;
};

export type Executor = {
  readonly status: () => ExecutorStatus;
  readonly orders: () => ReadonlyArray<OrderRecord>;
  readonly control: (spec: ExecutorSpec) => Promise<Result<ControlAnswer, string>>;
  /** Opens or closes the smallest position of a symbol; an error says why nothing was sent. */
  readonly probe: (action: "Open" | "Close", symbol: string) => Promise<Result<undefined, string>>;
  readonly state: () => EngineState;
  readonly stop: () => Promise<void>;
};

const INBOX_MAX = 50_000;
/** The journal is folded into a snapshot after this many events. */
const COMPACT_AFTER = 2_000;
/** Withdrawing the resting entries may take this long before the process goes without it. */
const STOP_MAX_MS = 10_000;

export const startExecutor = async (
  deps: ExecutorDeps,
  spec: ExecutorSpec,
  signal: AbortSignal,
): Promise<Result<Executor, string>> => {
  const problems = settingsProblems(toSettings(spec));
  if (problems.length > 0) return err(problems.join("\n"));
  const strategyOf = createStrategies();
  const engine = createEngine({ strategyOf });
  const store = openStore(deps.storage, { strategyUid: spec.uid }, engine);
  if (!store.ok) return store;
  const memory = { name: deps.storage.name, accountUid: store.value.accountUid };
  const connected = await connectExchange(deps, memory, signal);
  if (!connected.ok) return connected;
  const given = { store: store.value, connected: connected.value, engine, strategyOf };
  return ok(await begin(deps, spec, given));
};

type Given = {
  readonly store: Store;
  readonly connected: Connected;
  readonly engine: Engine;
  readonly strategyOf: EngineDeps["strategyOf"];
};

const begin = async (deps: ExecutorDeps, spec: ExecutorSpec, given: Given): Promise<Executor> => {
  const { clock } = deps;
  const { store, connected, strategyOf } = given;
  const accountUid = connected.account.uid;
  const recovered = store.recovered?.state ?? initialState(toSettings(spec), clock.now());
  const life = createLife(clock, spec, recovered);
  if (store.recovered === undefined) await store.compact(recovered, accountUid);

  const facts = createFactStore();
  const inbox = createQueue<Inbound>(INBOX_MAX);
  const tasks = createTasks(deps.onDefect);
  const ending = new AbortController();
  const lap = createCandleLap(() => {
    const stopTimer = deps.metrics.candleToOrderDuration.startTimer();
    return (request) => void stopTimer({ request });
  });
  const push = (event: EngineEvent) =>
    inbox.push(
      event.kind === "BarClosed" ? { event, done: () => noteBar(life, lap, event) } : { event },
    );
  for (const event of firstEvents(deps, life, connected)) push(event);
  const loop = runLoop(loopDeps(deps, given, { life, facts, inbox, tasks, push, lap }), recovered);
  tasks.start(async () => void (await loop));
  startSources({ ...deps, life, facts, push, tasks, strategyOf, lap }, ending.signal);

  return {
    state: life.state,
    orders: () => buildOrders(life.state(), life.spec().name),
    status: () =>
      buildStatus({
        ...deps,
        spec: life.spec(),
        state: life.state(),
        facts: facts.current(),
        strategyOf,
        at: clock.now(),
        elapsed: clock.elapsed(),
        startedAt: life.startedAt,
        reconciledAt: life.reconciledAt(),
        accountUid,
        journalSequence: store.sequence(),
      }),
    control: (next) => control(deps, life, inbox, next),
    probe: (action, symbol) => requestProbe(deps, { life, facts, inbox }, action, symbol),
    stop: async () => {
      push({ kind: "Stopping", at: clock.now() });
      const withdrawn = life.until((state) => state.stopping && !hasEntries(state));
      await Promise.race([withdrawn, sleep(deps.timers, STOP_MAX_MS)]);
      ending.abort();
      inbox.close();
      await tasks.settled();
      await store.compact(life.state(), accountUid);
      await deps.exchange.close();
    },
  };
};

type Works = {
  readonly life: Life;
  readonly facts: FactStore;
  readonly inbox: Queue<Inbound>;
  readonly tasks: Tasks;
  readonly push: (event: EngineEvent) => void;
  readonly lap: CandleLap;
};

const noteBar = (life: Life, lap: CandleLap, { openTime }: { readonly openTime: Millis }): void =>
  lap.decided(millis(openTime + timeframeMs[life.state().settings.timeframe]));

const loopDeps = (
  deps: ExecutorDeps,
  { store, connected, engine }: Given,
  { life, facts, inbox, tasks, push, lap }: Works,
): LoopDeps => {
  const guard = (id: ClientOrderId) =>
    guardEntry(
      {
        state: life.state(),
        facts: facts.current(),
        now: deps.clock.now(),
        elapsed: deps.clock.elapsed(),
      },
      id,
    );
  const dispatch = { ...deps, state: life.state, push, guard };
  return {
    engine,
    inbox,
    append: (events) => appendTimed(deps, store, events),
    publish: life.publish,
    carryOut: (command) => {
      lap.commanded(command);
      tasks.start(() => carryOut(dispatch, command));
    },
    afterBatch: async () => {
      lap.settled();
      deps.metrics.inboxSize.set(inbox.size());
      if (store.length() > COMPACT_AFTER) await store.compact(life.state(), connected.account.uid);
    },
  };
};

/** Settings, a new epoch, what is wanted, and the markets: then everything else can be judged. */
const firstEvents = (
  { clock, exchange }: ExecutorDeps,
  life: Life,
  { markets }: Connected,
): ReadonlyArray<EngineEvent> => {
  const at = clock.now();
  const spec = life.spec();
  const { requestExpiryMs } = exchange;
  return [
    { kind: "Configured", at, settings: toSettings(spec) },
    { kind: "Booted", at, epoch: nextEpoch(life.state().epoch, at), requestExpiryMs },
    controlEvent(spec, at),
    { kind: "MarketsObserved", at, markets: ownMarkets(spec, markets) },
  ];
};

/** Seconds, so that a life whose memory is gone does not count from one and use old ids again. */
const nextEpoch = (last: number, at: Millis): number => Math.max(last + 1, Math.floor(at / 1_000));

const controlEvent = (spec: ExecutorSpec, at: Millis): EngineEvent => ({
  kind: "ControlSet",
  at,
  desiredState: spec.desiredState,
  killSwitchResetAt:
    spec.killSwitchResetAt === null ? undefined : millis(Date.parse(spec.killSwitchResetAt)),
});

const appendTimed = async (
  { metrics }: ExecutorDeps,
  store: Store,
  events: ReadonlyArray<EngineEvent>,
): Promise<void> => {
  const stopTimer = metrics.journalSyncDuration.startTimer();
  await store.append(events);
  stopTimer();
  for (const { kind } of events) metrics.eventsTotal.inc({ kind });
};

const hasEntries = (state: EngineState): boolean =>
  liveOrders(state).some(({ role }) => role.kind === "Entry");

/** Only where no real money can move, whatever a caller believes (design: Live answers 410). */
const requestProbe = async (
  { clock }: ExecutorDeps,
  { life, facts, inbox }: Pick<Works, "life" | "facts" | "inbox">,
  action: "Open" | "Close",
  text: string,
): Promise<Result<undefined, string>> => {
  const spec = life.spec();
  const isLive = spec.exchange.environment === "Live";
  if (isLive) return err("test orders are not sent on a Live account");
  const asset = spec.assets.find(({ symbol }) => symbol === text || symbol.split(":")[0] === text);
  if (asset === undefined) return err(`${text} is not a symbol of ${spec.name}`);
  const symbol = marketSymbol(asset.symbol);
  const problem = probeProblem(life.state(), { action, symbol });
  if (problem !== undefined) return err(`${problem.reason}: ${problem.detail}`);
  const quote = facts.current().prices.get(symbol);
  if (quote === undefined) return err(`no price of ${symbol} has been received yet`);
  const event = { kind: "ProbeRequested", at: clock.now(), action, symbol } as const;
  await new Promise<void>((done) =>
    inbox.push({ event: { ...event, price: quote.value.last }, done }),
  );
  return ok(undefined);
};

/** Level-based: the whole specification, again and again; an older one than ours changes nothing. */
const control = async (
  { clock }: ExecutorDeps,
  life: Life,
  inbox: Queue<Inbound>,
  spec: ExecutorSpec,
): Promise<Result<ControlAnswer, string>> => {
  const current = life.spec();
  if (spec.uid !== current.uid) {
    return err(`uid is ${spec.uid}, and this executor is of ${current.uid}`);
  }
  const problems = settingsProblems(toSettings(spec));
  if (problems.length > 0) return err(problems.join("\n"));
  if (spec.generation < current.generation) {
    return ok({ generation: current.generation, changed: false });
  }
  const changed = !isSameSettings(spec, current);
  life.setSpec(spec);
  const at = clock.now();
  inbox.push({ event: { kind: "Configured", at, settings: toSettings(spec) } });
  await new Promise<void>((done) => inbox.push({ event: controlEvent(spec, at), done }));
  return ok({ generation: spec.generation, changed });
};
