/**
 * Asks every executor for its status every two seconds, so that whoever reconciles need not wait.
 *
 * An executor that does not answer would otherwise hold a worker until its deadline, and many of them
 * would hold all. One missed answer is not yet news: the next one may come. A strategy that nobody
 * has asked about for a while is no longer followed.
 */

import type { Clock, Timers } from "#base/clock.ts";
import { sleep } from "#base/clock.ts";
import type { ExecutorStatus } from "#crds/executor-status.ts";
import type { Executors } from "./executors.ts";
import type { ExecutorWord } from "./observed.ts";

export type ExecutorWatch = {
  /** What it said last; `undefined` until it has been asked for the first time. */
  readonly word: (key: string, url: string) => ExecutorWord | undefined;
  /** Hands over the specification, and asks at once what came of it. */
  readonly control: Executors["control"];
  readonly run: (signal: AbortSignal) => Promise<void>;
  /** How many are followed. */
  readonly size: () => number;
};

export type ExecutorWatchDeps = {
  readonly clock: Pick<Clock, "elapsed">;
  readonly timers: Timers;
  readonly executors: Executors;
  /** Something about this strategy's executor is new. */
  readonly onNews: (key: string) => void;
};

type Followed = {
  readonly key: string;
  readonly url: string;
  word: ExecutorWord | undefined;
  misses: number;
  wantedAt: number;
  askedAt: number;
  asking: Promise<void> | undefined;
};

const PERIOD_MS = 2_000;
const TICK_MS = 100;
/** Requests under way: an unreachable node must not take all sockets. */
const ASKED_AT_ONCE_MAX = 64;
const MISSES_MAX = 2;
/** The operator looks at every running strategy once a minute. */
const FORGOTTEN_AFTER_MS = 180_000;

export const createExecutorWatch = (deps: ExecutorWatchDeps): ExecutorWatch => {
  /** Who was asked longest ago comes first. */
  const followed = new Map<string, Followed>();
  const self: Watching = { ...deps, followed, asking: 0 };
  const follow = (key: string, url: string): Followed => {
    const known = followed.get(key);
    if (known?.url === url) return known;
    const fresh: Followed = {
      key,
      url,
      word: undefined,
      misses: 0,
      wantedAt: 0,
      askedAt: -Infinity,
      asking: undefined,
    };
    followed.set(key, fresh);
    return fresh;
  };
  return {
    word: (key, url) => {
      const one = follow(key, url);
      one.wantedAt = deps.clock.elapsed();
      if (one.askedAt === -Infinity && self.asking < ASKED_AT_ONCE_MAX) void ask(self, one);
      return one.word;
    },
    control: async (url, spec) => {
      const taken = await deps.executors.control(url, spec);
      const one = [...followed.values()].find((other) => other.url === url);
      // An answer that was under way may be older than what has just been told.
      await one?.asking;
      if (one !== undefined) await ask(self, one);
      return taken;
    },
    run: async (signal) => {
      while (!signal.aborted) {
        askDue(self);
        await sleep(deps.timers, TICK_MS, signal);
      }
    },
    size: () => followed.size,
  };
};

type Watching = ExecutorWatchDeps & {
  readonly followed: Map<string, Followed>;
  /** Requests under way. */
  asking: number;
};

const askDue = (self: Watching): void => {
  const { clock, followed } = self;
  const now = clock.elapsed();
  for (const [key, one] of followed) {
    if (now - one.wantedAt > FORGOTTEN_AFTER_MS) followed.delete(key);
    else if (self.asking < ASKED_AT_ONCE_MAX && now - one.askedAt >= PERIOD_MS) {
      // It goes to the end, and is met there again. Never rejects: what goes wrong is the word.
      void ask(self, one);
    }
  }
};

const ask = (self: Watching, one: Followed): Promise<void> => {
  if (one.asking !== undefined) return one.asking;
  const { followed } = self;
  const isFollowed = followed.get(one.key) === one;
  // To the end: those that never answer must not be asked again before others are asked at all.
  if (isFollowed) followed.delete(one.key);
  if (isFollowed) followed.set(one.key, one);
  self.asking += 1;
  one.asking = askNow(self, one).finally(() => {
    self.asking -= 1;
    one.asking = undefined;
  });
  return one.asking;
};

const askNow = async (deps: ExecutorWatchDeps, one: Followed): Promise<void> => {
  one.askedAt = deps.clock.elapsed();
  const word = await deps.executors.status(one.url);
  one.misses = word.kind === "Unknown" ? one.misses + 1 : 0;
  const isExcused = one.misses > 0 && one.misses < MISSES_MAX && one.word !== undefined;
  if (isExcused) return;
  const isNews = substanceOf(one.word) !== substanceOf(word);
  one.word = word;
  if (isNews) deps.onNews(one.key);
};

/** What a condition, a decision or an event may hang on: profit and prices do not. */
const substanceOf = (word: ExecutorWord | undefined): string => {
  if (word === undefined) return "";
  return word.kind === "Known" ? JSON.stringify(factsOf(word.value)) : word.kind + word.reason;
};

const factsOf = (status: ExecutorStatus) => ({
  strategyUid: status.strategyUid,
  generation: status.generation,
  connected: status.connected,
  reconciled: status.reconciled,
  protected: status.protected,
  desiredState: status.desiredState,
  account: status.account,
  isSettled: status.unsettledOrders === 0,
  killSwitch: [
    status.killSwitch.engaged,
    status.killSwitch.reason,
    status.killSwitch.trippedAt,
    status.killSwitch.lastResetAt,
  ],
  symbols: status.symbols.map(({ symbol, cycle, resting, settingsPending }) => [
    symbol,
    cycle?.side,
    cycle?.size,
    resting.length > 0,
    settingsPending,
  ]),
});
