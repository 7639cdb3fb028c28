/**
 * The two streams of an exchange, kept alive: what everybody sees, and what happens on the account.
 *
 * Each has its own socket, its own pauses and its own fate, so that a dead public one never touches
 * the private one. A pause grows with every failure in a row and is spread by chance, because every
 * executor loses its stream in the same release window; a refused login waits longest, because more
 * of them lock a key. Whoever listens learns of each connection and each loss, and reads after both.
 */

import { sleep, type Clock, type Timers } from "#base/clock.ts";
import { chance } from "#base/random.ts";
import type { MarketSymbol } from "#trading/market.ts";
import type { ExchangeOrderId } from "#trading/order.ts";
import type { ExchangeStream, StreamEvent, WatchRequest } from "../port.ts";
import { describe, type Redact } from "./errors.ts";
import { nameFill } from "./fills.ts";
import type { Gate } from "./gate.ts";
import type { Keyring } from "./keyring.ts";
import type { Markets } from "./markets.ts";
import type { Memory } from "./memory.ts";
import {
  createPrivateReader,
  createPublicReader,
  createRolls,
  privateChannels,
  publicChannels,
  type PrivateHint,
  type Rolls,
} from "./pushes.ts";
import type { MarketId, NamelessFill } from "./rows.ts";
import { runSocket, type SocketEnd, type SocketPlan } from "./socket.ts";
import type { Endpoints } from "./strict-bitget.ts";

export type Log = {
  readonly debug: (data: object, message: string) => void;
  readonly info: (data: object, message: string) => void;
  readonly warn: (data: object, message: string) => void;
};

export type StreamDeps = {
  readonly clock: Clock & Timers & { readonly speed: number };
  readonly log: Log;
  readonly endpoints: Endpoints;
  readonly keyring: Keyring | undefined;
  readonly redact: Redact;
  readonly gate: Gate;
  readonly markets: Markets;
  readonly orderNames: Memory<ExchangeOrderId, string>;
  readonly jitterSeed: number;
};

type StreamName = "public" | "private";
type Listener = (event: StreamEvent) => void;

export const createStreams = (deps: StreamDeps): ExchangeStream => {
  const closing = new AbortController();
  const running = new Set<Promise<unknown>>();

  return {
    watch: async (request, listener, signal) => {
      const until = AbortSignal.any([signal, closing.signal]);
      const emit = (event: StreamEvent) => tell(listener, event, until);
      const rolls = createRolls();
      const keep = (stream: StreamName, plan: () => Promise<Plan>) =>
        keepAlive(deps, { stream, plan, emit }, until);
      const streams = Promise.all([
        request.symbols.length > 0 &&
          keep("public", () => publicPlan(deps, request, { rolls, emit })),
        deps.keyring && keep("private", () => privatePlan(deps, emit)),
        aborted(until),
      ]);
      running.add(streams);
      await streams;
      running.delete(streams);
    },
    close: async () => {
      closing.abort();
      await Promise.all(running);
    },
  };
};

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });

/** A listener that throws has broken an invariant of its own, and not this socket's. */
const tell = (listener: Listener, event: StreamEvent, signal: AbortSignal): void => {
  if (signal.aborted) return;
  try {
    listener(event);
  } catch (thrown) {
    queueMicrotask(() => {
      throw thrown;
    });
  }
};

type Keeping = {
  readonly stream: StreamName;
  readonly plan: () => Promise<Plan>;
  readonly emit: Listener;
};

type Plan = Omit<SocketPlan, "onOpen">;

/** A connection that lasted this long was sound: the next pause starts from the shortest. */
const STABLE_MS = 30_000;
const SHORTEST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 60_000;
const REFUSED_LOGIN_PAUSE_MS = 30_000;
/** However fast the session's clock runs, the machine is not to spin. */
const SHORTEST_MACHINE_PAUSE_MS = 100;

const keepAlive = async (
  deps: StreamDeps,
  keeping: Keeping,
  signal: AbortSignal,
): Promise<void> => {
  let failures = 0;
  let attempts = 0;
  while (!signal.aborted) {
    const { reason, loginRefused, openMs } = await runSession(deps, keeping, signal);
    if (signal.aborted) return;
    deps.log.warn({ stream: keeping.stream, reason }, "stream ended");
    failures = openMs >= STABLE_MS ? 0 : failures + 1;
    attempts += 1;
    const growing = Math.min(LONGEST_PAUSE_MS, SHORTEST_PAUSE_MS * 2 ** Math.min(failures, 10));
    const pause = loginRefused ? Math.max(REFUSED_LOGIN_PAUSE_MS, growing) : growing;
    const spread = 0.5 + chance(deps.jitterSeed, keeping.stream, attempts) / 2;
    const shortest = SHORTEST_MACHINE_PAUSE_MS * deps.clock.speed;
    await sleep(deps.clock, Math.max(shortest, pause * spread), signal);
  }
};

const runSession = async (
  deps: StreamDeps,
  { stream, plan, emit }: Keeping,
  signal: AbortSignal,
): Promise<SocketEnd & { readonly openMs: number }> => {
  let openedAt: number | undefined;
  const onOpen = () => {
    openedAt = deps.clock.elapsed();
    deps.log.info({ stream }, "stream connected");
    emit({ kind: "Connected", stream });
  };
  const end = await planned(plan, signal)
    .then((ready) => runSocket(deps, { ...ready, onOpen }, signal))
    .catch((thrown: unknown) => ({ reason: describe(thrown, deps.redact), loginRefused: false }));
  if (openedAt === undefined) return { ...end, openMs: 0 };
  emit({ kind: "Disconnected", stream });
  return { ...end, openMs: deps.clock.elapsed() - openedAt };
};

/** The names of symbols may have to be asked for first, and nobody waits for that after the abort. */
const planned = (plan: () => Promise<Plan>, signal: AbortSignal): Promise<Plan> =>
  Promise.race([
    plan(),
    aborted(signal).then(() => {
      throw new Error("aborted");
    }),
  ]);

/** Tickers come several times a second; no real quiet is this long. */
const PUBLIC_SILENCE_MS = 60_000;

const publicPlan = async (
  { markets, log, endpoints, redact }: StreamDeps,
  { symbols, timeframe }: WatchRequest,
  { rolls, emit }: { readonly rolls: Rolls; readonly emit: Listener },
): Promise<Plan> => {
  const names = await markets.withNames((listed) => listed);
  const ids = symbols.flatMap((symbol) => idIfListed(() => names.idOf(symbol), symbol, log));
  const read = createPublicReader(timeframe, names.symbolOf, rolls);
  return {
    url: endpoints.publicStreamUrl,
    login: false,
    channels: publicChannels(ids, timeframe),
    // One symbol that is refused must not silence the others.
    isRequired: () => false,
    silenceMs: PUBLIC_SILENCE_MS,
    onPush: (push) => {
      try {
        for (const event of read(push)) emit(event);
      } catch (thrown) {
        log.debug({ channel: push.channel, reason: describe(thrown, redact) }, "bad push");
      }
    },
    onTrouble: (what) => log.debug({ stream: "public", what }, "stream trouble"),
  };
};

const idIfListed = (
  idOf: () => MarketId,
  symbol: MarketSymbol,
  log: Log,
): ReadonlyArray<MarketId> => {
  try {
    return [idOf()];
  } catch {
    log.warn({ symbol }, "symbol is not listed, so it is not watched");
    return [];
  }
};

const privatePlan = async (deps: StreamDeps, emit: Listener): Promise<Plan> => {
  const names = await deps.markets.withNames((listed) => listed);
  const read = createPrivateReader(names.symbolOf, deps.orderNames);
  return {
    url: deps.endpoints.privateStreamUrl,
    login: true,
    channels: privateChannels,
    // What happens to plans also shows in orders and positions.
    isRequired: ({ channel }) => channel !== "orders-algo",
    silenceMs: undefined,
    onPush: (push) => {
      for (const hint of read(push)) announce(deps, hint, emit);
    },
    onTrouble: (what) => {
      deps.log.debug({ stream: "private", what }, "stream trouble");
      emit({ kind: "AccountChanged" });
    },
  };
};

const announce = (deps: StreamDeps, hint: PrivateHint, emit: Listener): void => {
  if (hint.kind === "FilledNameless") void announceFill(deps, hint.fill, emit);
  else emit(hint);
};

const announceFill = async (
  deps: StreamDeps,
  fill: NamelessFill,
  emit: Listener,
): Promise<void> => {
  const named = await deps.gate.fact(async () => ({
    value: await nameFill(deps, fill),
    at: fill.at,
  }));
  emit(named.kind === "Known" ? { kind: "Filled", fill: named.value } : { kind: "AccountChanged" });
};
