/**
 * Many executors as one account of affairs: the rules by which statuses are added up.
 *
 * Money is summed once per exchange account: two strategies on the same keys see the same balance,
 * and counting it twice would show wealth that nobody has. A part that is not known makes the sum
 * `Unknown` and says whose part it is; half a sum that looks like a whole one is worse than none.
 * Old parts still count, and the sum is as old as the oldest of them.
 */

import { Big } from "big.js";
import { millis, type Millis } from "#base/clock.ts";
import { known, unknown, type Fact } from "#base/fact.ts";
import type { ExecutorStatus, OrderRecord } from "#crds/executor-status.ts";
import {
  executorsOf,
  isConnected,
  isEnabled,
  openCycles,
  type FleetView,
  type Heard,
  type Strategy,
} from "./view.ts";

/** Decimal text, or why it cannot be told. */
export type Money = Fact<string>;

export type Account = {
  readonly exchange: string;
  readonly environment: ExecutorStatus["account"]["environment"];
  readonly uid: string;
  readonly equity: Money;
  readonly available: Money;
  /** What the session's loss is measured against. */
  readonly baseCapital: Money;
  /** Display names of the strategies that trade on it. */
  readonly strategies: ReadonlyArray<string>;
};

export type Totals = {
  readonly executors: number;
  readonly connectedExecutors: number;
  /** Any executor is there to trade. */
  readonly enabled: boolean;
  /** All of those are connected; false when there is none. */
  readonly connected: boolean;
  readonly equity: Money;
  readonly sessionPnl: Money;
  readonly baseCapital: Money;
  /** Percent of the base capital that the session has lost; 0 while it has not lost. */
  readonly drawdownPercent: Fact<number>;
  /** After fees, since each executor's first boot. */
  readonly netProfit: Money;
  readonly unrealizedPnl: Money;
  readonly marginUsed: Money;
  readonly killSwitch: boolean;
  readonly openPositions: number;
  readonly unprotectedPositions: number;
  readonly fills: number;
  /** Executors whose part is old or missing. */
  readonly notFresh: ReadonlyArray<string>;
};

export const mergeTotals = (view: FleetView): Totals => {
  const executors = executorsOf(view);
  const enabled = executors.filter(isEnabled);
  const accounts = mergeAccounts(view);
  const statuses = executors.flatMap(({ heard }) => (heard === undefined ? [] : [heard.status]));
  const cycles = statuses.flatMap(openCycles);
  const perExecutor = (amount: (status: ExecutorStatus) => Money): Money =>
    executors.length === 0 ? NOBODY : sum(executors.map((executor) => part(executor, amount)));
  const sessionPnl = perExecutor(({ killSwitch, at }) => toldAt(killSwitch.sessionPnl, at));
  const baseCapital = overAccounts(executors, accounts, (account) => account.baseCapital);
  return {
    executors: executors.length,
    connectedExecutors: executors.filter(isConnected).length,
    enabled: enabled.length > 0,
    connected: enabled.length > 0 && enabled.every(isConnected),
    equity: overAccounts(executors, accounts, (account) => account.equity),
    sessionPnl,
    baseCapital,
    drawdownPercent: drawdown(sessionPnl, baseCapital),
    netProfit: perExecutor(netProfit),
    unrealizedPnl: perExecutor(unrealizedPnl),
    marginUsed: perExecutor(marginUsed),
    killSwitch: statuses.some(({ killSwitch }) => killSwitch.engaged),
    openPositions: cycles.length,
    unprotectedPositions: cycles.filter(({ cycle }) => cycle.stop === null).length,
    fills: statuses.reduce((count, { ledger }) => count + ledger.fills, 0),
    notFresh: executors
      .filter(({ freshness }) => freshness !== "Live")
      .map(({ display }) => display),
  };
};

/** Every exchange account that an executor has named, each once. */
export const mergeAccounts = (view: FleetView): ReadonlyArray<Account> => {
  const known = executorsOf(view).flatMap(({ display, heard }) =>
    heard === undefined || heard.status.account.uid === null ? [] : [{ display, heard }],
  );
  return [...Map.groupBy(known, ({ heard }) => accountKey(heard.status)).values()].flatMap(
    toAccount,
  );
};

/** Newest first, of every executor that has answered. */
export const mergeOrders = (view: FleetView, limit: number): ReadonlyArray<OrderOfStrategy> =>
  executorsOf(view)
    .flatMap(({ display, key, heard }) =>
      (heard?.orders ?? []).map((order) => ({ order, strategy: display, key })),
    )
    // By id where the instants are the same, so that two readings of the same orders look the same.
    .toSorted((a, b) => b.order.at - a.order.at || compare(b.order, a.order))
    .slice(0, limit);

export type OrderOfStrategy = {
  readonly order: OrderRecord;
  /** Display name and key of whose order it is. */
  readonly strategy: string;
  readonly key: string;
};

const compare = (a: OrderRecord, b: OrderRecord): number =>
  a.clientOrderId < b.clientOrderId ? -1 : 1;

export const netProfit = ({ ledger, at }: ExecutorStatus): Money =>
  toldAt(new Big(ledger.realizedPnl).minus(ledger.fees).toFixed(), at);

export const unrealizedPnl = (status: ExecutorStatus): Money =>
  sum(
    openCycles(status).map(({ symbol, cycle }) =>
      cycle.unrealizedPnl === null
        ? unknown(`the price of ${symbol.symbol} is not known`)
        : toldAt(cycle.unrealizedPnl, status.at),
    ),
    status.at,
  );

export const marginUsed = (status: ExecutorStatus): Money =>
  sum(
    openCycles(status).map(({ cycle }) => toldAt(cycle.margin, status.at)),
    status.at,
  );

const toldAt = (amount: string, at: number): Money => known(amount, millis(at));

const NOBODY = unknown("no executor runs");

/** One executor's part of a sum; nobody's silence counts as nothing. */
const part = ({ heard, display }: Strategy, amount: (status: ExecutorStatus) => Money): Money => {
  if (heard === undefined) return unknown(`${display} has not answered yet`);
  const told = amount(heard.status);
  return told.kind === "Known" ? told : unknown(`${display}: ${told.reason}`);
};

/** The sum speaks for the oldest of its parts. `empty` is the instant of a sum of nothing. */
const sum = (parts: ReadonlyArray<Money>, empty: number = 0): Money => {
  let total = new Big(0);
  let oldest: number | undefined;
  for (const each of parts) {
    if (each.kind === "Unknown") return each;
    total = total.plus(each.value);
    oldest = Math.min(oldest ?? each.at, each.at);
  }
  return toldAt(total.toFixed(), oldest ?? empty);
};

const overAccounts = (
  executors: ReadonlyArray<Strategy>,
  accounts: ReadonlyArray<Account>,
  amount: (account: Account) => Money,
): Money => {
  if (executors.length === 0) return NOBODY;
  const nameless = executors.find(({ heard }) => (heard?.status.account.uid ?? null) === null);
  if (nameless === undefined) return sum(accounts.map(amount));
  const reason =
    nameless.heard === undefined
      ? "has not answered yet"
      : "does not know yet which account its keys belong to";
  return unknown(`${nameless.display} ${reason}`);
};

type Sharer = { readonly display: string; readonly heard: Heard };

const accountKey = ({ account }: ExecutorStatus): string =>
  `${account.exchange}/${account.environment}/${account.uid}`;

/** The sharers of one account see one balance: the newest reading of it is the account's. */
const toAccount = (sharers: ReadonlyArray<Sharer>): ReadonlyArray<Account> => {
  const newest = sharers.toSorted((a, b) => balanceAt(b) - balanceAt(a))[0];
  if (newest === undefined) return [];
  const { account, balance, killSwitch, at } = newest.heard.status;
  if (account.uid === null) return [];
  const noBalance = unknown(`${newest.display} has no balance from the exchange yet`);
  return [
    {
      exchange: account.exchange,
      environment: account.environment,
      uid: account.uid,
      equity: balance === null ? noBalance : toldAt(balance.equity, balance.at),
      available: balance === null ? noBalance : toldAt(balance.available, balance.at),
      baseCapital: killSwitch.baseCapital === null ? noBalance : toldAt(killSwitch.baseCapital, at),
      strategies: sharers.map(({ display }) => display),
    },
  ];
};

const balanceAt = ({ heard }: Sharer): number => heard.status.balance?.at ?? -Infinity;

const drawdown = (sessionPnl: Money, baseCapital: Money): Fact<number> => {
  if (sessionPnl.kind === "Unknown") return sessionPnl;
  if (baseCapital.kind === "Unknown") return baseCapital;
  const at: Millis = millis(Math.min(sessionPnl.at, baseCapital.at));
  const loss = new Big(sessionPnl.value);
  if (loss.gte(0)) return known(0, at);
  const base = new Big(baseCapital.value);
  if (base.lte(0)) return unknown("there is no capital to measure the loss against");
  return known(loss.abs().div(base).times(100).toNumber(), at);
};
