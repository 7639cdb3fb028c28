/**
 * The exchange as a machine: operations and time go in, events come out, in one order.
 *
 * Nothing here reads a clock, a file or a socket, and nothing waits. Every operation says when it
 * happens; the engine first plays the market up to that instant, second by second, and then carries
 * the operation out or refuses it. So the same prices and the same operations give the same events,
 * to the last digit, whether they came over a network, from a simulation, or from the log of an
 * emulator that was killed. How often `advance` is called in between changes nothing.
 */

import { millis, type Millis } from "#base/clock.ts";
import { assert, ok, type Result } from "#base/result.ts";
import { amount } from "#trading/money.ts";
import type { Contract } from "../contract.ts";
import { contractsOf } from "../contract.ts";
import { floorTo, SECOND_MS, type ContractSymbol, type PricePath } from "../prices/path.ts";
import { withShocks, type Shock } from "../prices/shocks.ts";
import type { EngineEvent } from "./events.ts";
import { balancesOf, type Balances } from "./margin.ts";
import { matchSample, quietRange, type Quiet } from "./matching.ts";
import type { OrderRequest } from "./order-checks.ts";
import {
  cancelOrder,
  modifyOrder,
  placeOrder,
  type Acknowledgement,
  type CancelRequest,
  type ModifyRequest,
} from "./orders.ts";
import {
  cancelPlans,
  modifyPlan,
  placePlan,
  type CancelPlansRequest,
  type CancelReport,
  type MovePlanRequest,
  type PlanRequest,
} from "./plans.ts";
import type { Refusal } from "./refusal.ts";
import {
  setLeverage,
  setMarginMode,
  setPositionMode,
  type LeverageRequest,
  type MarginModeRequest,
  type PositionModeRequest,
} from "./settings.ts";
import { fromSnapshot, toSnapshot, type Snapshot } from "./snapshot.ts";
import {
  openAccount,
  startState,
  type Account,
  type EngineState,
  type SymbolSettings,
  type Uid,
} from "./state.ts";
import type { PositionMode, Switches } from "./switches.ts";
import { contractOf, lastPrice, type Venue } from "./venue.ts";

export type EngineOptions = {
  readonly path: PricePath;
  readonly switches: Switches;
  readonly startAt: Millis;
};

type Operation<Request, Answer> = (at: Millis, request: Request) => Result<Answer, Refusal>;

/** What changes the books. Requests are plain JSON, so that a log of them can be replayed. */
export type EngineOperations = {
  /** Opening an account that exists changes nothing. */
  readonly openAccount: Operation<OpenRequest, undefined>;
  readonly placeOrder: Operation<OrderRequest, Acknowledgement>;
  readonly modifyOrder: Operation<ModifyRequest, Acknowledgement>;
  readonly cancelOrder: Operation<CancelRequest, Acknowledgement>;
  readonly placePlan: Operation<PlanRequest, Acknowledgement>;
  readonly modifyPlan: Operation<MovePlanRequest, Acknowledgement>;
  readonly cancelPlans: Operation<CancelPlansRequest, CancelReport>;
  readonly setLeverage: Operation<LeverageRequest, SymbolSettings>;
  readonly setMarginMode: Operation<MarginModeRequest, SymbolSettings>;
  readonly setPositionMode: Operation<PositionModeRequest, PositionMode>;
  /** The market moves by a hand from outside, from now on. */
  readonly shock: Operation<ShockRequest, undefined>;
};

type OpenRequest = { readonly uid: Uid; readonly balance: string };
type ShockRequest = Pick<Shock, "symbol" | "percent" | "durationMs">;

export type Engine = EngineOperations & {
  readonly contracts: ReadonlyMap<ContractSymbol, Contract>;
  /** With the shocks so far. Knows the future: whoever shows it to a customer must not. */
  readonly path: () => PricePath;
  readonly now: () => Millis;
  readonly account: (uid: Uid) => AccountView | undefined;
  readonly accounts: () => ReadonlyArray<AccountView>;
  readonly balances: (uid: Uid) => Balances;
  /** Plays the market up to an instant. An instant in the past changes nothing. */
  readonly advance: (to: Millis) => void;
  /** What has happened since the last call, in order. */
  readonly drain: () => ReadonlyArray<EngineEvent>;
  readonly snapshot: () => Snapshot;
};

/** An account as readers see it. */
export type AccountView = {
  readonly [K in keyof Account]: Account[K] extends Map<infer Key, infer Value>
    ? ReadonlyMap<Key, Value>
    : Account[K];
};

export const createEngine = (options: EngineOptions): Engine =>
  runEngine(options, startState(options.startAt));

/** Goes on where a snapshot was taken. Path and switches must be those of then. */
export const restoreEngine = (options: EngineOptions, snapshot: Snapshot): Engine =>
  runEngine(options, fromSnapshot(snapshot));

const runEngine = ({ path: base, switches }: EngineOptions, state: EngineState): Engine => {
  const contracts = contractsOf(base);
  let path = withShocks(base, state.shocks);
  let events: EngineEvent[] = [];
  const quiet = new Map<ContractSymbol, Quiet | undefined>();
  const venue: Venue = {
    state,
    contracts,
    switches,
    path: () => path,
    emit: (event) => events.push(event),
    touch: (symbol) => quiet.delete(symbol),
  };

  const advance = (to: Millis): void => advanceTo(venue, quiet, to);

  /** Every operation happens at its instant, after all that the market did before. */
  const operate =
    <Request, Answer>(
      carryOut: (venue: Venue, at: Millis, request: Request) => Result<Answer, Refusal>,
    ): Operation<Request, Answer> =>
    (at, request) => {
      advance(at);
      return carryOut(venue, state.now, request);
    };

  return {
    contracts,
    path: () => path,
    now: () => state.now,
    account: (uid) => state.accounts.get(uid),
    accounts: () => [...state.accounts.values()],
    balances: (uid) => balancesAt(venue, uid),
    advance,
    drain: () => {
      const drained = events;
      events = [];
      return drained;
    },
    snapshot: () => toSnapshot(state),
    openAccount: operate(openIfNew),
    placeOrder: operate(placeOrder),
    modifyOrder: operate(modifyOrder),
    cancelOrder: operate(cancelOrder),
    placePlan: operate(placePlan),
    modifyPlan: operate(modifyPlan),
    cancelPlans: operate(cancelPlans),
    setLeverage: operate(setLeverage),
    setMarginMode: operate(setMarginMode),
    setPositionMode: operate(setPositionMode),
    shock: operate((_venue, at, request: ShockRequest) => {
      const shock: Shock = { ...request, at };
      state.shocks = [...state.shocks, shock];
      path = withShocks(base, state.shocks);
      venue.emit({ kind: "PriceShocked", at, shock });
      return ok(undefined);
    }),
  };
};

const openIfNew = (
  venue: Venue,
  at: Millis,
  { uid, balance }: OpenRequest,
): Result<undefined, Refusal> => {
  if (venue.state.accounts.has(uid)) return ok(undefined);
  const money = amount(balance);
  venue.state.accounts.set(uid, openAccount(uid, money, venue.switches.positionMode));
  venue.emit({ kind: "AccountOpened", at, uid, balance: money });
  return ok(undefined);
};

const balancesAt = (venue: Venue, uid: Uid): Balances => {
  const account = venue.state.accounts.get(uid);
  assert(account !== undefined, `account ${uid} is open`);
  return balancesOf(
    account,
    (symbol) => lastPrice(venue, symbol, venue.state.now),
    (symbol) => contractOf(venue, symbol),
  );
};

/** Second by second, but only through symbols for which somebody waits. */
const advanceTo = (
  venue: Venue,
  quiet: Map<ContractSymbol, Quiet | undefined>,
  to: Millis,
): void => {
  const { state, contracts } = venue;
  if (to <= state.now) return;
  const symbols = [...contracts.keys()];
  const quietOf = (symbol: ContractSymbol): Quiet | undefined => {
    if (!quiet.has(symbol)) quiet.set(symbol, quietRange(venue, symbol));
    return quiet.get(symbol);
  };
  const path = venue.path();
  let watched = symbols.filter((symbol) => quietOf(symbol) !== undefined);
  let at = floorTo(state.now, SECOND_MS) + SECOND_MS;
  for (; at <= to && watched.length > 0; at += SECOND_MS) {
    let moved = false;
    for (const symbol of watched) {
      const ticks = path.ticksAt(symbol, millis(at));
      const range = quietOf(symbol);
      if (ticks === undefined || range === undefined) continue;
      if (ticks > range.above && ticks < range.below) continue;
      state.now = millis(at);
      matchSample(venue, symbol, ticks, millis(at));
      moved = true;
    }
    if (moved) watched = symbols.filter((symbol) => quietOf(symbol) !== undefined);
  }
  state.now = to;
};
