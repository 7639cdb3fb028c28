/**
 * The status document of a strategy, and when it is worth writing.
 *
 * Conditions, the account and the kill switch are written when they change; the summary, which
 * changes all the time, at most once a minute. Pure.
 */

import { isDeepStrictEqual } from "node:util";
import type { Millis } from "#base/clock.ts";
import type { ExecutorStatus } from "#crds/executor-status.ts";
import type { LiveStrategy, LiveStrategySpec } from "#crds/live-strategy.ts";
import type { LiveStrategyStatus } from "#crds/live-strategy-status.ts";
import { conditionsOf } from "./conditions.ts";
import { positionsOf } from "./departure.ts";
import { isToTrade, type Decision, type Observed } from "./observed.ts";

export const statusOf = (
  observed: Observed,
  decision: Decision,
  now: Millis,
): LiveStrategyStatus => {
  const { strategy, executor } = observed;
  const status = executor?.kind === "Known" ? executor.value : undefined;
  return {
    observedGeneration: strategy.metadata.generation,
    conditions: [...conditionsOf(observed, decision, now)],
    ...(status === undefined ? keptOf(strategy) : reportedOf(status, observed)),
    summary: summaryOf(strategy.spec, status, decision),
    ...executorOf(observed, decision, status),
  };
};

/** What is known of the account and the switch outlives an executor that does not answer. */
const keptOf = ({ status }: LiveStrategy): Pick<LiveStrategyStatus, "account" | "killSwitch"> => ({
  ...(status?.account === undefined ? {} : { account: status.account }),
  ...(status?.killSwitch === undefined ? {} : { killSwitch: status.killSwitch }),
});

const executorOf = (
  observed: Observed,
  { action }: Decision,
  status: ExecutorStatus | undefined,
): Pick<LiveStrategyStatus, "executor"> => {
  const address = observed.workload?.address ?? observed.workload?.url;
  const word = lastWordOf(observed, status);
  // It may open something before it is heard again: what is certain then is its stop.
  const isOutdated = word.positions === "Flat" && isToTrade(action);
  const executor = {
    ...(address === undefined ? {} : { url: address }),
    ...word,
    ...(isOutdated ? { positions: "Protected" as const } : {}),
  };
  return Object.keys(executor).length === 0 ? {} : { executor };
};

/** What it says of its positions is kept after it has gone: deletion asks for it. */
const lastWordOf = (
  { strategy }: Observed,
  status: ExecutorStatus | undefined,
): Pick<NonNullable<LiveStrategyStatus["executor"]>, "positions" | "holding"> => {
  if (status !== undefined) return { positions: positionsOf(status), holding: holdingOf(status) };
  const { positions, holding } = strategy.status?.executor ?? {};
  return {
    ...(positions === undefined ? {} : { positions }),
    ...(holding === undefined ? {} : { holding }),
  };
};

const reportedOf = (
  { account, killSwitch }: ExecutorStatus,
  { strategy, sharedWith, workload }: Observed,
): Pick<LiveStrategyStatus, "account" | "killSwitch"> => ({
  account: {
    ...(account.uid === null ? {} : { uid: account.uid }),
    dedicatedKeys: account.dedicatedKeys,
    credentialsSecret: workload?.credentialsSecret ?? credentialsOf(strategy.spec),
    sharedWith: sharedWith.slice(0, SHARED_WITH_MAX),
  },
  killSwitch: {
    engaged: killSwitch.engaged,
    ...(killSwitch.reason === null ? {} : { reason: killSwitch.reason }),
    ...(killSwitch.trippedAt === null ? {} : { trippedAt: toTime(killSwitch.trippedAt) }),
    ...(killSwitch.lastResetAt === null ? {} : { lastResetAt: toTime(killSwitch.lastResetAt) }),
  },
});

/** As many as the schema of the status has room for. */
const SHARED_WITH_MAX = 100;

/** Which Secret was asked for when the account was reported; empty for the default one. */
export const credentialsOf = ({ exchange }: LiveStrategySpec): string =>
  exchange.credentialsSecretRef?.name ?? "";

const toTime = (at: number): string => new Date(at).toISOString();

const summaryOf = (
  spec: LiveStrategySpec,
  status: ExecutorStatus | undefined,
  { absence }: Decision,
): NonNullable<LiveStrategyStatus["summary"]> => {
  const [first] = spec.assets;
  const symbols =
    spec.assets.length === 1 && first !== undefined
      ? first.symbol
      : `${spec.assets.length} symbols`;
  return {
    mode: modeOf(spec, absence),
    symbols,
    ...(status === undefined ? {} : figuresOf(status)),
  };
};

const modeOf = (spec: LiveStrategySpec, absence: Decision["absence"]): string => {
  if (!spec.enabled) return "Off";
  const isPaper = absence?.reason === "PaperOnly" || absence?.reason === "LiveTradingOff";
  return isPaper ? "Paper" : spec.exchange.environment;
};

const figuresOf = (status: ExecutorStatus) => {
  const { sessionPnl, lossPercent, thresholdPercent } = status.killSwitch;
  return {
    position: holdingOf(status),
    netProfitDay: `${signed(sessionPnl)} USDT`,
    drawdown: `${lossPercent.toFixed(1)}% of ${thresholdPercent}%`,
  };
};

const holdingOf = ({ symbols }: ExecutorStatus): string => {
  const open = symbols.flatMap(({ symbol, cycle }) =>
    cycle === null ? [] : [`${cycle.side} ${cycle.size} ${symbol.replace(/\/.*$/, "")}`],
  );
  const listed = open.length === 0 ? "flat" : open.join(", ");
  return listed.length <= TEXT_MAX ? listed : `${open.length} positions`;
};

/** Of a short text of the status: the API server takes no longer one, and no status with it. */
const TEXT_MAX = 253;

/** Two places and always a sign. */
const signed = (decimal: string): string => {
  const value = Number(decimal);
  return `${value < 0 ? "-" : "+"}${Math.abs(value).toFixed(2)}`;
};

export const SUMMARY_PERIOD_MS = 60_000;

/**
 * Whether `next` says something new enough to be written over what is stored. `sinceMs`: since our
 * own last write; a new process has not written yet, and may.
 */
export const isWorthWriting = (
  stored: LiveStrategyStatus | undefined,
  next: LiveStrategyStatus,
  sinceMs: number | undefined,
): boolean => {
  if (stored === undefined) return true;
  const { summary: before, ...facts } = stored;
  const { summary: after, ...nextFacts } = next;
  if (!isDeepStrictEqual(facts, nextFacts)) return true;
  // A position that opens or closes is a change of state; profit and drawdown are only numbers.
  if (before?.position !== after?.position || before?.mode !== after?.mode) return true;
  const isDue = sinceMs === undefined || sinceMs >= SUMMARY_PERIOD_MS;
  return isDue && !isDeepStrictEqual(before, after);
};
