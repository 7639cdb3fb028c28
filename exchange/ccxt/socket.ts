/**
 * The life of one WebSocket: connect, log in, subscribe, push, end.
 *
 * ccxt carries the socket: framing, login signature, pings. What it keeps of a connection after a
 * failure (subscriptions that count as made, stored rejections, a login that is never answered) is
 * why a socket gets a ccxt instance of its own and dies with it. Pushes are read from the raw frames,
 * so that none is merged with the next one or lost between two waits.
 *
 * It always ends by itself or within moments of the abort: opening is bounded, silence is, and pings
 * that stay unanswered are.
 */

import { Agent as HttpsAgent } from "node:https";
import type { Clock, Timers } from "#base/clock.ts";
import { PRODUCT_TYPE } from "./endpoints.ts";
import { describe, type Redact } from "./errors.ts";
import { isRow, type Row } from "./fields.ts";
import type { Keyring } from "./keyring.ts";
import { createStrictBitget, type Endpoints, type StrictBitget } from "./strict-bitget.ts";

export type SocketDeps = {
  readonly clock: Clock & Timers & { readonly speed: number };
  readonly endpoints: Endpoints;
  readonly keyring: Keyring | undefined;
  readonly redact: Redact;
};

export type Channel = { readonly channel: string; readonly instId: string };

export type Push = { readonly channel: Channel; readonly rows: ReadonlyArray<unknown> };

export type SocketPlan = {
  readonly url: string;
  readonly login: boolean;
  readonly channels: ReadonlyArray<Channel>;
  /** Without this channel the socket is of no use; without the others it is still worth having. */
  readonly isRequired: (channel: Channel) => boolean;
  /** Longest time without a push; `undefined` where nothing may happen for hours. */
  readonly silenceMs: number | undefined;
  /** Every channel has been answered. */
  readonly onOpen: () => void;
  readonly onPush: (push: Push) => void;
  /** A frame that nobody can read, or a channel that was refused. */
  readonly onTrouble: (what: string) => void;
};

export type SocketEnd = { readonly reason: string; readonly loginRefused: boolean };

const OPENING_MS = 10_000;
/** However fast the session's clock runs, a handshake takes the machine's time. */
const SHORTEST_OPENING_MS = 3_000;
const SHORTEST_SILENCE_MS = 5_000;
/** A message may have 4,096 bytes, and a channel takes some seventy. */
const CHANNELS_PER_MESSAGE = 40;

export const runSocket = async (
  deps: SocketDeps,
  plan: SocketPlan,
  signal: AbortSignal,
): Promise<SocketEnd> => {
  const { promise: ended, resolve: end } = Promise.withResolvers<SocketEnd>();
  const finish = (reason: string, loginRefused = false) =>
    end({ reason: deps.redact(reason), loginRefused });
  const abort = () => finish("aborted");
  signal.addEventListener("abort", abort, { once: true });
  const watchdog = createWatchdog(deps.clock, plan.silenceMs, finish);
  const bitget = createStrictBitget({
    ...deps,
    send: () => Promise.reject(new Error("a socket sends no requests")),
    onFrame: readFrames(plan, watchdog, finish),
  });
  try {
    if (signal.aborted) return { reason: "aborted", loginRefused: false };
    await prepareAgent(bitget, plan.url);
    connect(bitget, plan).catch((thrown: unknown) => finish(describe(thrown, deps.redact)));
    return await ended;
  } finally {
    signal.removeEventListener("abort", abort);
    watchdog.stop();
    terminate(bitget);
  }
};

/** ccxt opens a plain `ws://` only with an agent of its own; for `wss://` ours insists on the certificate. */
const prepareAgent = async (bitget: StrictBitget, url: string): Promise<void> => {
  if (url.startsWith("ws:")) await bitget.loadHttpProxyAgent();
  else bitget.agent = new HttpsAgent({ rejectUnauthorized: true });
};

/** Nothing ever resolves what these wait for, so this ends only with the connection. */
const connect = async (bitget: StrictBitget, { url, login, channels }: SocketPlan) => {
  if (login) await bitget.authenticate({ url });
  const messages = Array.from(
    { length: Math.ceil(channels.length / CHANNELS_PER_MESSAGE) },
    (_, index) => channels.slice(index * CHANNELS_PER_MESSAGE, (index + 1) * CHANNELS_PER_MESSAGE),
  );
  await Promise.race(
    messages.map((some) => {
      const keys = some.map(keyOf);
      const args = some.map((channel) => ({ instType: PRODUCT_TYPE, ...channel }));
      return bitget.watchMultiple(url, keys, { op: "subscribe", args }, keys);
    }),
  );
};

/** No farewell: a peer that does not answer one would keep us waiting for it. */
const terminate = (bitget: StrictBitget): void => {
  for (const { connection } of Object.values(bitget.clients)) connection?.terminate();
};

/** The answer tells ccxt whether it has something to do: only the acknowledged login is its affair. */
const readFrames = (
  plan: SocketPlan,
  watchdog: Watchdog,
  finish: (reason: string, loginRefused?: boolean) => void,
) => {
  const unanswered = new Set(plan.channels.map(keyOf));
  let loggedIn = !plan.login;

  const answer = (channel: Channel) => {
    if (!unanswered.delete(keyOf(channel)) || unanswered.size > 0) return;
    watchdog.opened();
    plan.onOpen();
  };

  const refuse = (frame: Row) => {
    const what = `refused with ${String(frame["code"])} ${String(frame["msg"])}`;
    const channel = channelOf(frame);
    if (channel === undefined || plan.isRequired(channel)) return finish(what, !loggedIn);
    plan.onTrouble(`channel ${keyOf(channel)} ${what}`);
    answer(channel);
  };

  return (frame: unknown): boolean => {
    if (!isRow(frame)) {
      plan.onTrouble("a frame that is not JSON");
      return false;
    }
    const channel = channelOf(frame);
    if (frame["event"] === "login") {
      loggedIn = String(frame["code"]) === "0";
      if (!loggedIn) refuse(frame);
      return loggedIn;
    }
    if (frame["event"] === "error") refuse(frame);
    else if (frame["event"] === "subscribe" && channel !== undefined) answer(channel);
    else if (channel !== undefined && Array.isArray(frame["data"])) {
      watchdog.pushed();
      plan.onPush({ channel, rows: frame["data"] });
    }
    return false;
  };
};

const keyOf = ({ channel, instId }: Channel): string => `${channel}:${instId}`;

const channelOf = ({ arg }: Row): Channel | undefined => {
  if (!isRow(arg)) return undefined;
  const { channel, instId } = arg;
  return typeof channel === "string" && typeof instId === "string"
    ? { channel, instId }
    : undefined;
};

type Watchdog = {
  readonly opened: () => void;
  readonly pushed: () => void;
  readonly stop: () => void;
};

const createWatchdog = (
  clock: SocketDeps["clock"],
  silenceMs: number | undefined,
  finish: (reason: string) => void,
): Watchdog => {
  const longest = (ms: number, machineMs: number) => Math.max(ms, machineMs * clock.speed);
  let pushedAt = clock.elapsed();
  let cancel = clock.after(longest(OPENING_MS, SHORTEST_OPENING_MS), () =>
    finish("it did not open in time"),
  );

  const watch = (silence: number) => {
    const left = pushedAt + silence - clock.elapsed();
    if (left <= 0) finish("it fell silent");
    else cancel = clock.after(left, () => watch(silence));
  };

  return {
    opened: () => {
      cancel();
      pushedAt = clock.elapsed();
      if (silenceMs !== undefined) watch(longest(silenceMs, SHORTEST_SILENCE_MS));
    },
    pushed: () => {
      pushedAt = clock.elapsed();
    },
    stop: () => cancel(),
  };
};
