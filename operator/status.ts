/**
 * The status document of a strategy, and when it is worth writing.
 *
 * Conditions, the account and the kill switch are written when they change; the summary, which
 * changes all the time, at most once a minute. Pure.
 */

import type { Millis } from "#base/clock.ts";
import type { ExecutorStatus } from "#crds/executor-status.ts";
import type { LiveStrategy, LiveStrategySpec } from "#crds/live-strategy.ts";
import type { LiveStrategyStatus } from "#crds/live-strategy-status.ts";
import { conditionsOf } from "./conditions.ts";
import type { Decision, Observed } from "./decide.ts";

export const statusOf = (
  observed: Observed,
  decision: Decision,
  sharedWith: ReadonlyArray<string>,
  now: Millis,
): LiveStrategyStatus => {
  const { strategy, workload, executor } = observed;
  const status = executor?.kind === "Known" ? executor.value : undefined;
  return {
    observedGeneration: strategy.metadata.generation,
    conditions: [...conditionsOf(observed, decision, now)],
    ...(status === undefined ? keptOf(strategy) : reportedOf(status, sharedWith)),
    summary: summaryOf(strategy.spec, status, decision),
    ...(workload?.url === undefined ? {} : { executor: { url: workload.url } }),
  };
};

/** What is known of the account and the switch outlives an executor that does not answer. */
const keptOf = ({ status }: LiveStrategy): Pick<LiveStrategyStatus, "account" | "killSwitch"> => ({
  ...(status?.account === undefined ? {} : { account: status.account }),
  ...(status?.killSwitch === undefined ? {} : { killSwitch: status.killSwitch }),
});

const reportedOf = (
  { account, killSwitch }: ExecutorStatus,
  sharedWith: ReadonlyArray<string>,
): Pick<LiveStrategyStatus, "account" | "killSwitch"> => ({
  account: {
    ...(account.uid === null ? {} : { uid: account.uid }),
    dedicatedKeys: account.dedicatedKeys,
    sharedWith: [...sharedWith],
  },
  killSwitch: {
    engaged: killSwitch.engaged,
    ...(killSwitch.reason === null ? {} : { reason: killSwitch.reason }),
    ...(killSwitch.trippedAt === null ? {} : { trippedAt: toTime(killSwitch.trippedAt) }),
    ...(killSwitch.lastResetAt === null ? {} : { lastResetAt: toTime(killSwitch.lastResetAt) }),
  },
});

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

const figuresOf = ({ symbols, killSwitch }: ExecutorStatus) => {
  const open = symbols.flatMap(({ symbol, cycle }) =>
    cycle === null ? [] : [`${cycle.side} ${cycle.size} ${symbol.replace(/\/.*$/, "")}`],
  );
  return {
    position: open.length === 0 ? "flat" : open.join(", "),
    netProfitDay: `${signed(killSwitch.sessionPnl)} USDT`,
    drawdown: `${killSwitch.lossPercent.toFixed(1)}% of ${killSwitch.thresholdPercent}%`,
  };
};

/** Two places and always a sign. */
const signed = (decimal: string): string => {
  const value = Number(decimal);
  return `${value < 0 ? "-" : "+"}${Math.abs(value).toFixed(2)}`;
};

const SUMMARY_PERIOD_MS = 60_000;

export type Written = { readonly status: LiveStrategyStatus; readonly at: number };

/** Whether `next` says something new enough to be written. `elapsed` is monotonic. */
export const isWorthWriting = (
  written: Written | undefined,
  next: LiveStrategyStatus,
  elapsed: number,
): boolean => {
  if (written === undefined) return true;
  const isSame = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b);
  const { summary: before, ...facts } = written.status;
  const { summary: after, ...nextFacts } = next;
  if (!isSame(facts, nextFacts)) return true;
  // A position that opens or closes is a change of state; profit and drawdown are only numbers.
  if (before?.position !== after?.position || before?.mode !== after?.mode) return true;
  return !isSame(before, after) && elapsed - written.at >= SUMMARY_PERIOD_MS;
};
