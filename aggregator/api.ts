/**
 * What `/api/v1` sends: types only, and the only file of the aggregator that the page may import.
 *
 * Money, prices and sizes are decimal strings; times are epoch milliseconds of the session's clock.
 * `GET /api/v1/snapshot` answers a `Snapshot`. `GET /api/v1/stream` sends server-sent events:
 *
 *     event: snapshot    data: Snapshot      first, and whenever what was missed is not known any more
 *     event: update      data: Update        at least every second; only what has changed
 *
 * The id of an event is `<epoch>-<sequence>`; sent back as `Last-Event-ID`, it resumes the stream.
 */

import type { ExecutorStatus, OrderRecord } from "#crds/executor-status.ts";

export type Snapshot = Head & {
  /** Changes when the aggregator restarts; sequences of different epochs do not compare. */
  readonly epoch: string;
  readonly sequence: number;
  readonly strategies: Readonly<Record<string, StrategyView>>;
  /** Newest first. */
  readonly orders: ReadonlyArray<OrderView>;
};

/** What has changed since `sequence` was last seen. A strategy that is `null` is gone. */
export type Update = {
  readonly sequence: number;
  readonly at: number;
  readonly head?: Head;
  readonly strategies?: Readonly<Record<string, StrategyView | null>>;
  readonly orders?: ReadonlyArray<OrderView>;
};

export type Head = {
  readonly version: string;
  /** Session time at which this was true. */
  readonly at: number;
  /** How many times faster than the machine's the session's clock runs. */
  readonly speed: number;
  /** Why the list of strategies may be incomplete or old. */
  readonly problems: ReadonlyArray<string>;
  readonly totals: TotalsView;
  readonly accounts: ReadonlyArray<AccountView>;
  readonly alarms: ReadonlyArray<AlarmView>;
};

/** What somebody else told us, or that it is not known and why. */
type FactView<T> =
  | { readonly kind: "Known"; readonly value: T; readonly at: number }
  | { readonly kind: "Unknown"; readonly reason: string };

export type MoneyView = FactView<string>;

export type TotalsView = {
  readonly executors: number;
  readonly connectedExecutors: number;
  readonly enabled: boolean;
  readonly connected: boolean;
  readonly equity: MoneyView;
  readonly sessionPnl: MoneyView;
  readonly baseCapital: MoneyView;
  readonly drawdownPercent: FactView<number>;
  readonly netProfit: MoneyView;
  readonly unrealizedPnl: MoneyView;
  readonly marginUsed: MoneyView;
  readonly killSwitch: boolean;
  readonly openPositions: number;
  readonly unprotectedPositions: number;
  readonly fills: number;
  readonly notFresh: ReadonlyArray<string>;
};

export type AccountView = {
  readonly exchange: string;
  readonly environment: EnvironmentView;
  readonly uid: string;
  readonly equity: MoneyView;
  readonly available: MoneyView;
  readonly baseCapital: MoneyView;
  readonly strategies: ReadonlyArray<string>;
};

export type EnvironmentView = "Live" | "Demo" | "Emulator";

export type AlarmView = {
  readonly kind: AlarmKind;
  readonly severity: "Critical" | "Warning";
  /** Key of the strategy that it is about; `null` for the whole. */
  readonly strategy: string | null;
  readonly symbol: string | null;
  /** One sentence for a person. */
  readonly message: string;
  /** When it began, where that is known. */
  readonly since: number | null;
};

type AlarmKind =
  | "KillSwitchEngaged"
  | "PositionUnprotected"
  | "ExecutorSilent"
  | "ExchangeDisconnected"
  | "NotReconciled"
  | "FleetUnknown";

export type StrategyView = {
  readonly key: string;
  readonly namespace: string;
  readonly name: string;
  readonly display: string;
  readonly kind: string;
  /** `Paper` is enabled but not live-eligible. */
  readonly mode: "Live" | "Paper" | "Disabled";
  readonly environment: EnvironmentView;
  readonly timeframe: string | null;
  readonly leverage: number | null;
  readonly symbols: ReadonlyArray<string>;
  /** The condition `Ready`; `null` before the operator has judged. */
  readonly ready: ConditionView | null;
  readonly conditions: ReadonlyArray<ConditionView>;
  /** `null` when none runs and none was ever heard. */
  readonly executor: ExecutorView | null;
};

export type ConditionView = {
  readonly type: string;
  readonly status: "True" | "False" | "Unknown";
  readonly reason: string;
  readonly message: string;
};

export type ExecutorView = {
  readonly freshness: "Live" | "Stale" | "Offline";
  /** Why the last word is not fresh. */
  readonly problem: string | null;
  readonly connected: boolean;
  /** When the status came in; `null` with it while the executor has never answered. */
  readonly receivedAt: number | null;
  readonly status: ExecutorStatus | null;
  readonly netProfit: MoneyView;
  readonly unrealizedPnl: MoneyView;
  readonly marginUsed: MoneyView;
};

export type OrderView = {
  readonly strategyKey: string;
  readonly display: string;
  readonly order: OrderRecord;
};

export type SymbolView = ExecutorStatus["symbols"][number];
export type CycleView = NonNullable<SymbolView["cycle"]>;
export type ClosedCycleView = ExecutorStatus["closedCycles"][number];

/** `POST /api/executor/kill-switch/reset`: with `trippedAt`, only that very trip is reset. */
export type ResetRequest = { readonly trippedAt?: number };
export type ResetAnswer = {
  readonly status: "reset" | "not_triggered";
  readonly message: string;
  readonly details?: ReadonlyArray<ResetDetail>;
};
export type ResetDetail = {
  readonly strategy: string;
  readonly status: "reset" | "not_triggered" | "unknown" | "failed";
  readonly message?: string;
  readonly previous_session_pnl?: number;
};

/** Every refusal of ours. `detail` is the same sentence under the name that older clients read. */
export type Refusal = { readonly error: string; readonly detail?: string };
