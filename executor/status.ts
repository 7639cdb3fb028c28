/** The executor's state and facts as the wire document that everybody else reads. Pure. */

import type { Millis } from "#base/clock.ts";
import type { ExecutorSpec } from "#crds/executor-spec.ts";
import type {
  ClosedCycleRecord,
  ExecutorStatus,
  OrderRecord,
  SymbolStatus,
} from "#crds/executor-status.ts";
import { averagePrice, cycleMargin, unrealizedPnl, type Cycle } from "#trading/cycle.ts";
import { gateOf } from "#trading/engine/entries.ts";
import { openOrdersOf, type EngineState, type SymbolState } from "#trading/engine/state.ts";
import type { EngineDeps } from "#trading/engine/step.ts";
import { lossPercent } from "#trading/kill-switch.ts";
import { amount, price, toText } from "#trading/money.ts";
import { isLive, type Order } from "#trading/order.ts";
import type { Plan, PlanKind } from "#trading/reports.ts";
import { isConnected, type Facts } from "./facts.ts";

export type StatusFacts = {
  readonly spec: ExecutorSpec;
  readonly state: EngineState;
  readonly facts: Facts;
  readonly strategyOf: EngineDeps["strategyOf"];
  readonly at: Millis;
  readonly elapsed: number;
  readonly startedAt: Millis;
  readonly reconciledAt: Millis | undefined;
  readonly accountUid: string | undefined;
  readonly dedicatedKeys: boolean;
  readonly version: string;
  readonly journalSequence: number;
};

export const buildStatus = (given: StatusFacts): ExecutorStatus => {
  const { spec, state, facts } = given;
  const symbols = [...state.symbols.values()];
  const unsettled = [...state.orders.values()].filter(({ state: { kind } }) => kind === "Unknown");
  return {
    namespace: spec.namespace,
    strategy: spec.name,
    strategyUid: spec.uid,
    kind: spec.kind,
    version: given.version,
    at: given.at,
    startedAt: given.startedAt,
    generation: state.settings.generation,
    connected: isConnected(facts, given.elapsed),
    reconciled: state.recovering === undefined,
    reconciledAt: given.reconciledAt ?? null,
    protected: symbols.every(({ protection }) => protection.cover.kind === "Covered"),
    desiredState: state.desiredState,
    stopping: state.stopping,
    account: {
      exchange: spec.exchange.id,
      environment: spec.exchange.environment,
      uid: given.accountUid ?? null,
      dedicatedKeys: given.dedicatedKeys,
    },
    balance: balanceOf(facts),
    killSwitch: killSwitchOf(state),
    ledger: ledgerOf(state),
    epoch: state.epoch,
    journalSequence: given.journalSequence,
    unsettledOrders: unsettled.length,
    symbols: symbols.map((symbol) => symbolOf(given, symbol)),
    closedCycles: state.closed.toReversed().map(closedOf),
  };
};

const balanceOf = ({ balance }: Facts): ExecutorStatus["balance"] =>
  balance === undefined
    ? null
    : {
        equity: toText(balance.value.equity),
        available: toText(balance.value.available),
        wallet: toText(balance.value.wallet),
        at: balance.at,
      };

const killSwitchOf = ({ killSwitch, settings }: EngineState): ExecutorStatus["killSwitch"] => ({
  engaged: killSwitch.trip !== undefined,
  reason: killSwitch.trip?.reason ?? null,
  trippedAt: killSwitch.trip?.at ?? null,
  lastResetAt: killSwitch.lastResetAt ?? null,
  sessionPnl: toText(killSwitch.sessionPnl),
  baseCapital: killSwitch.baseCapital === undefined ? null : toText(killSwitch.baseCapital),
  lossPercent: lossPercent(killSwitch),
  thresholdPercent: settings.risk.sessionLossPercent,
});

const ledgerOf = ({ ledger }: EngineState): ExecutorStatus["ledger"] => {
  const { openingWallet, realized, fees } = ledger;
  return {
    fills: ledger.fills,
    realizedPnl: toText(realized),
    fees: toText(fees),
    wallet: openingWallet === undefined ? null : toText(openingWallet.plus(realized).minus(fees)),
  };
};

const symbolOf = (given: StatusFacts, symbol: SymbolState): SymbolStatus => {
  const { state, facts } = given;
  const quote = facts.prices.get(symbol.symbol);
  return {
    symbol: symbol.symbol,
    price: quote === undefined ? null : toText(quote.value.last),
    priceAt: quote?.at ?? null,
    lastCandleAt: symbol.bar?.openTime ?? null,
    leverage: symbol.setup.kind === "Ready" ? symbol.setup.leverage : null,
    blocked: gateOf(state, symbol) ?? symbol.verdict ?? null,
    settingsPending: symbol.pending !== undefined,
    cycle: symbol.cycle === undefined ? null : cycleOf(given, symbol, symbol.cycle),
    resting: openOrdersOf(state, symbol.symbol).flatMap(restingOf),
    realizedPnl: toText(symbol.realized),
  };
};

const cycleOf = (
  given: StatusFacts,
  symbol: SymbolState,
  cycle: Cycle,
): NonNullable<SymbolStatus["cycle"]> => {
  const quote = given.facts.prices.get(symbol.symbol);
  const leverage = symbol.setup.kind === "Ready" ? symbol.setup.leverage : symbol.settings.leverage;
  return {
    side: cycle.side,
    openedAt: cycle.openedAt,
    levels: cycle.levels.map((level) => ({
      level: level.level,
      price: toText(averagePrice(level)),
      size: toText(level.size),
      filledAt: level.at,
    })),
    levelsMax: given.strategyOf(given.state.settings, symbol.settings).maxLevels,
    averagePrice: toText(averagePrice(cycle)),
    size: toText(cycle.size),
    leverage,
    margin: toText(cycleMargin(cycle, leverage)),
    stop: planOf(given, symbol, cycle, "Stop"),
    takeProfit: planOf(given, symbol, cycle, "TakeProfit"),
    unrealizedPnl: quote === undefined ? null : toText(unrealizedPnl(cycle, quote.value.mark)),
    closing: cycle.closing?.reason ?? null,
    adopted: cycle.adopted,
  };
};

/** The plan that the exchange has shown. Stops that only entries carried count while they cover. */
const planOf = (
  { facts, at }: StatusFacts,
  { protection }: SymbolState,
  { side }: Cycle,
  kind: PlanKind,
) => {
  if (kind === "Stop" && protection.cover.kind !== "Covered") return null;
  const plans = protection.plans.filter((plan) => plan.kind === kind && plan.side === side);
  const plan: Plan | undefined = plans.find(({ size }) => size === undefined) ?? plans[0];
  return plan === undefined
    ? null
    : { trigger: toText(plan.trigger), planId: plan.id, confirmedAt: facts.account?.at ?? at };
};

const restingOf = (order: Order): SymbolStatus["resting"] => {
  const { role, state } = order;
  if (role.kind !== "Entry") return [];
  const { kind } = state;
  if (kind !== "Submitting" && kind !== "Open" && kind !== "Canceling" && kind !== "Unknown") {
    return [];
  }
  return [
    {
      clientOrderId: order.id,
      level: role.level,
      side: order.side,
      price: toText(role.limit),
      size: toText(order.size),
      filled: toText(order.filled),
      stop: toText(role.stop),
      state: kind,
    },
  ];
};

const closedOf = (cycle: EngineState["closed"][number]): ClosedCycleRecord => ({
  ...cycle,
  size: toText(cycle.size),
  averageEntry: toText(cycle.averageEntry),
  averageExit: cycle.averageExit === undefined ? null : toText(cycle.averageExit),
  fees: toText(cycle.fees),
  netPnl: cycle.netPnl === undefined ? null : toText(cycle.netPnl),
});

/** Newest first. */
export const buildOrders = (
  { orders }: EngineState,
  strategy: string,
): ReadonlyArray<OrderRecord> =>
  [...orders.values()].toReversed().map((order) => recordOf(order, strategy));

const recordOf = (order: Order, strategy: string): OrderRecord => {
  const { role } = order;
  const isEntry = role.kind === "Entry";
  return {
    at: order.createdAt,
    clientOrderId: order.id,
    symbol: order.symbol,
    side: order.side,
    kind: isEntry ? "entry" : role.reason,
    level: isEntry ? role.level : null,
    limit: isEntry ? toText(role.limit) : null,
    size: toText(order.size),
    filled: toText(order.filled),
    averagePrice: order.filled.eq(0) ? null : toText(price(order.cost.div(order.filled))),
    fee: toText(amount(order.fee)),
    state: isLive(order) || order.filled.gte(order.reportedFilled) ? order.state.kind : "Settling",
    strategy,
  };
};
