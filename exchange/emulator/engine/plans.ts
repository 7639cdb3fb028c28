/**
 * Stops and take-profits: placing, moving, cancelling, and firing.
 *
 * A plan of the position (`pos_loss`, `pos_profit`) covers whatever there is and goes with it; one
 * of each at most. A plan with a size of its own (`loss_plan`, `profit_plan`) covers that much and
 * stays until it fires or is cancelled. What fires becomes a reducing order whose client id is the
 * plan's number: that is how a client finds it.
 */

import type { Millis } from "#base/clock.ts";
import { ok, type Result } from "#base/result.ts";
import { exitSide, type PositionSide } from "#trading/market.ts";
import { minQuantity, type Price, type Quantity } from "#trading/money.ts";
import type { Contract } from "../contract.ts";
import {
  acceptOrder,
  executeOrder,
  untraded,
  type Acknowledgement,
  type Reference,
} from "./orders.ts";
import { checkClientId, checkStopSide, checkTakeProfitSide, parseSize } from "./order-checks.ts";
import { addPlan, endPlan, movePlan, positionPlan } from "./plan-book.ts";
import { refuse, type Refusal } from "./refusal.ts";
import {
  isOfPosition,
  isStop,
  nextId,
  orderId,
  type Account,
  type Order,
  type OrderId,
  type Plan,
  type PlanType,
  type Position,
  type Uid,
} from "./state.ts";
import {
  accountOf,
  findContract,
  lastPrice,
  parseOptionalPrice,
  parsePrice,
  type Venue,
} from "./venue.ts";

export type PlanRequest = {
  readonly uid: Uid;
  readonly symbol: string;
  readonly planType: PlanType;
  /** One-way mode says `buy` for a long position and `sell` for a short one. */
  readonly holdSide: string;
  readonly triggerPrice: string;
  readonly triggerType: "mark_price" | "fill_price";
  readonly executePrice: string | undefined;
  readonly size: string | undefined;
  readonly clientOid: string | undefined;
};

/** Bitget says that there is a limit and not where it is. */
const PLANS_PER_SYMBOL_MAX = 100;

export const placePlan = (
  venue: Venue,
  at: Millis,
  request: PlanRequest,
): Result<Acknowledgement, Refusal> => {
  const account = accountOf(venue, request.uid);
  const found = findContract(venue, request.symbol);
  if (!found.ok) return found;
  const contract = found.value;
  const named = checkPlanName(account, request.clientOid);
  if (!named.ok) return named;
  const position = account.positions.get(contract.symbol);
  const side = sideOfHold(request.holdSide);
  if (side === undefined) return refuse("40020", "holdSide");
  if (position === undefined || position.side !== side) return refuse("43023");
  const room = checkPlanRoom(account, contract, request.planType);
  if (!room.ok) return room;
  const terms = checkTerms(venue, contract, { ...request, side, position, at });
  if (!terms.ok) return terms;
  const { planType, triggerType, clientOid } = request;
  const { symbol } = contract;
  const wanted = { symbol, planType, side, triggerType, clientOid, ...terms.value, at };
  const plan = addPlan(venue, account, wanted);
  return ok({ orderId: plan.id, clientOid: plan.clientOid });
};

const checkPlanName = (
  account: Account,
  clientOid: string | undefined,
): Result<undefined, Refusal> => {
  const wellFormed = checkClientId(clientOid);
  if (!wellFormed.ok) return wellFormed;
  const known = clientOid !== undefined && account.planIdByClientOid.has(clientOid);
  return known ? refuse("40786") : ok(undefined);
};

const sideOfHold = (holdSide: string): PositionSide | undefined => {
  if (holdSide === "buy" || holdSide === "long") return "long";
  return holdSide === "sell" || holdSide === "short" ? "short" : undefined;
};

const checkPlanRoom = (
  account: Account,
  { symbol }: Contract,
  planType: PlanType,
): Result<undefined, Refusal> => {
  if (isOfPosition(planType) && positionPlan(account, symbol, planType) !== undefined) {
    return refuse(isStop(planType) ? "43031" : "43030");
  }
  const plans = [...account.plans.values()].filter((plan) => plan.symbol === symbol);
  return plans.length < PLANS_PER_SYMBOL_MAX ? ok(undefined) : refuse("40889");
};

type Wanted = {
  readonly planType: PlanType;
  readonly side: PositionSide;
  readonly triggerPrice: string;
  readonly executePrice: string | undefined;
  readonly size: string | undefined;
  readonly position: Position | undefined;
  readonly at: Millis;
};

type Terms = {
  readonly trigger: Price;
  readonly execute: Price | undefined;
  readonly size: Quantity | undefined;
};

const checkTerms = (venue: Venue, contract: Contract, wanted: Wanted): Result<Terms, Refusal> => {
  const trigger = parsePrice(contract, "triggerPrice", wanted.triggerPrice);
  if (!trigger.ok) return trigger;
  const execute = parseOptionalPrice(contract, "executePrice", wanted.executePrice);
  if (!execute.ok) return execute;
  const size = checkPlanSize(contract, wanted);
  if (!size.ok) return size;
  const last = lastPrice(venue, contract.symbol, wanted.at);
  const check = isStop(wanted.planType) ? checkStopSide : checkTakeProfitSide;
  const ahead = check(wanted.side, trigger.value, last);
  if (!ahead.ok) return ahead;
  return ok({ trigger: trigger.value, execute: execute.value, size: size.value });
};

/** A plan of the position has none, whatever the client sent along. */
const checkPlanSize = (
  contract: Contract,
  { planType, size: text, position }: Wanted,
): Result<Quantity | undefined, Refusal> => {
  if (isOfPosition(planType)) return ok(undefined);
  if (text === undefined || text === "") return refuse("40019", "size");
  const size = parseSize(contract, text);
  if (!size.ok) return size;
  return position === undefined || size.value.gt(position.size) ? refuse("43023") : size;
};

type PlanBooks = {
  readonly plans: ReadonlyMap<OrderId, Plan>;
  readonly planIdByClientOid: ReadonlyMap<string, OrderId>;
};

/** Live ones only. */
const findPlan = (account: PlanBooks, { orderId: id, clientOid }: Reference): Plan | undefined => {
  const key = id === undefined ? account.planIdByClientOid.get(clientOid ?? "") : orderId(id);
  return key === undefined ? undefined : account.plans.get(key);
};

export type MovePlanRequest = Reference & {
  readonly uid: Uid;
  readonly symbol: string;
  readonly triggerPrice: string;
  readonly executePrice: string | undefined;
  readonly size: string | undefined;
};

export const modifyPlan = (
  venue: Venue,
  at: Millis,
  request: MovePlanRequest,
): Result<Acknowledgement, Refusal> => {
  const account = accountOf(venue, request.uid);
  const found = findContract(venue, request.symbol);
  if (!found.ok) return found;
  const plan = findPlan(account, request);
  if (plan === undefined || plan.symbol !== request.symbol) return refuse("43025");
  const { planType, side } = plan;
  const size =
    request.size === undefined || request.size === "" ? plan.size?.toFixed() : request.size;
  const position = account.positions.get(plan.symbol);
  const terms = checkTerms(venue, found.value, { ...request, planType, side, size, position, at });
  if (!terms.ok) return terms;
  movePlan(venue, account, plan, { ...terms.value, at });
  return ok({ orderId: plan.id, clientOid: plan.clientOid });
};

export type CancelPlansRequest = {
  readonly uid: Uid;
  /** `undefined`: of every symbol. */
  readonly symbol: string | undefined;
  /** Bitget takes `normal_plan` for granted, which no plan of this exchange is. */
  readonly planType: string;
  /** `undefined`: every plan of the type. */
  readonly references: ReadonlyArray<Reference> | undefined;
};

export type CancelReport = {
  readonly canceled: ReadonlyArray<Acknowledgement>;
  readonly failed: ReadonlyArray<Reference & Refusal>;
};

export const cancelPlans = (
  venue: Venue,
  at: Millis,
  request: CancelPlansRequest,
): Result<CancelReport, Refusal> => {
  const account = accountOf(venue, request.uid);
  const isWanted = (plan: Plan): boolean =>
    (request.symbol === undefined || plan.symbol === request.symbol) &&
    (request.planType === "profit_loss" || request.planType === plan.planType);
  const references =
    request.references ??
    [...account.plans.values()]
      .filter(isWanted)
      .map(({ id, clientOid }) => ({ orderId: id, clientOid }));
  const canceled: Acknowledgement[] = [];
  const failed: (Reference & Refusal)[] = [];
  for (const reference of references) {
    const plan = findPlan(account, reference);
    if (plan === undefined || !isWanted(plan)) {
      failed.push({ ...reference, ...refuse("43025").error });
      continue;
    }
    endPlan(venue, account, plan, { kind: "PlanCanceled", status: "cancelled", at });
    canceled.push({ orderId: plan.id, clientOid: plan.clientOid });
  }
  return ok({ canceled, failed });
};

/** The price has come: the plan becomes a reducing order, or fails when nothing is left to reduce. */
export const triggerPlan = (venue: Venue, account: Account, plan: Plan, at: Millis): void => {
  const position = account.positions.get(plan.symbol);
  if (position === undefined || position.side !== plan.side) {
    endPlan(venue, account, plan, { kind: "PlanFailed", status: "fail_execute", at });
    return;
  }
  const { id, sequence } = nextId(venue.state);
  endPlan(venue, account, plan, { kind: "PlanTriggered", status: "executed", at, childId: id });
  const type = plan.execute === undefined ? "market" : "limit";
  const order: Order = {
    id,
    sequence,
    type,
    force: "gtc",
    limit: plan.execute,
    reduceOnly: true,
    clientOid: plan.id,
    symbol: plan.symbol,
    side: exitSide(plan.side),
    size: minQuantity(plan.size ?? position.size, position.size),
    marginMode: position.marginMode,
    leverage: position.leverage,
    presetStop: undefined,
    presetTakeProfit: undefined,
    source: sourceOf(plan.planType, type),
    ...untraded(at),
  };
  executeOrder(venue, account, acceptOrder(venue, account, order), at);
};

/** `pos_loss_market`, `loss_market`, `profit_limit`…: Bitget's `orderSource`. */
const sourceOf = (planType: PlanType, type: "market" | "limit"): string =>
  `${planType.replace("_plan", "")}_${type}`;
