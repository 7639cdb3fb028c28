/** Plans as they are kept: added, replaced and ended. What fires them is in `matching.ts`. */

import type { Millis } from "#base/clock.ts";
import type { PositionSide } from "#trading/market.ts";
import type { Price, Quantity } from "#trading/money.ts";
import type { ContractSymbol } from "../prices/path.ts";
import type { PlanEventKind } from "./events.ts";
import {
  nextId,
  remember,
  rememberName,
  sideOf,
  type Account,
  type Order,
  type OrderId,
  type Plan,
  type PlanStatus,
  type PlanType,
  type Preset,
} from "./state.ts";
import type { Venue } from "./venue.ts";

export type NewPlan = {
  readonly symbol: ContractSymbol;
  readonly planType: PlanType;
  readonly side: PositionSide;
  readonly trigger: Price;
  readonly triggerType: "mark_price" | "fill_price";
  readonly execute: Price | undefined;
  readonly size: Quantity | undefined;
  /** `undefined`: the plan's own number. */
  readonly clientOid: string | undefined;
  readonly at: Millis;
};

export const addPlan = (venue: Venue, account: Account, wanted: NewPlan): Plan => {
  const { clientOid, at, ...terms } = wanted;
  const { id, sequence } = nextId(venue.state);
  const plan: Plan = {
    ...terms,
    id,
    clientOid: clientOid ?? id,
    sequence,
    status: "live",
    childId: undefined,
    createdAt: at,
    updatedAt: at,
  };
  account.plans.set(id, plan);
  rememberName(account.planIdByClientOid, account.plans, plan);
  venue.touch(plan.symbol);
  venue.emit({ kind: "PlanPlaced", at, uid: account.uid, plan });
  return plan;
};

export type NewTerms = {
  readonly trigger: Price;
  readonly execute: Price | undefined;
  readonly size: Quantity | undefined;
  readonly at: Millis;
};

/** In place: the plan keeps its number, and there is no instant without it. */
export const movePlan = (
  venue: Venue,
  account: Account,
  plan: Plan,
  { at, ...terms }: NewTerms,
): void => {
  const moved: Plan = { ...plan, ...terms, updatedAt: at };
  account.plans.set(plan.id, moved);
  venue.touch(plan.symbol);
  venue.emit({ kind: "PlanMoved", at, uid: account.uid, plan: moved });
};

export type PlanEnding = {
  readonly kind: Exclude<PlanEventKind, "PlanPlaced" | "PlanMoved">;
  readonly status: Exclude<PlanStatus, "live">;
  readonly at: Millis;
  readonly childId?: OrderId;
};

export const endPlan = (
  venue: Venue,
  account: Account,
  plan: Plan,
  { kind, status, at, childId }: PlanEnding,
): Plan => {
  const ended: Plan = { ...plan, status, childId, updatedAt: at };
  account.plans.delete(plan.id);
  remember(account.donePlans, plan.id, ended);
  venue.touch(plan.symbol);
  venue.emit({ kind, at, uid: account.uid, plan: ended });
  return ended;
};

export const positionPlan = (
  account: Account,
  symbol: ContractSymbol,
  planType: PlanType,
): Plan | undefined =>
  [...account.plans.values()].find((plan) => plan.symbol === symbol && plan.planType === planType);

type Opened = { readonly order: Order; readonly size: Quantity; readonly at: Millis };

/** What came with an order takes effect with each of its fills, in the instant of the fill. */
export const addPresets = (venue: Venue, account: Account, opened: Opened): void => {
  const { presetStop, presetTakeProfit } = opened.order;
  if (presetStop !== undefined) {
    addPreset(venue, account, opened, { preset: presetStop, own: "loss_plan", whole: "pos_loss" });
  }
  if (presetTakeProfit !== undefined) {
    const kinds = { own: "profit_plan", whole: "pos_profit" } as const;
    addPreset(venue, account, opened, { preset: presetTakeProfit, ...kinds });
  }
};

type PresetKinds = {
  readonly preset: Preset;
  readonly own: "loss_plan" | "profit_plan";
  readonly whole: "pos_loss" | "pos_profit";
};

const addPreset = (
  venue: Venue,
  account: Account,
  { order, size, at }: Opened,
  { preset, own, whole }: PresetKinds,
): void => {
  const forPosition = venue.switches.presetStop === "position";
  const existing = forPosition ? positionPlan(account, order.symbol, whole) : undefined;
  if (existing !== undefined) {
    return movePlan(venue, account, existing, { ...preset, size: undefined, at });
  }
  addPlan(venue, account, {
    ...preset,
    symbol: order.symbol,
    planType: forPosition ? whole : own,
    side: sideOf(order.side),
    triggerType: "mark_price",
    size: forPosition ? undefined : size,
    clientOid: undefined,
    at,
  });
};
