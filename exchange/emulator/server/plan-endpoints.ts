/** Stops and take-profits. */

import { z } from "zod";
import { ok } from "#base/result.ts";
import type { Plan } from "../engine/state.ts";
import {
  accountOf,
  type Customer,
  type Endpoints,
  type Hall,
  type PrivateEndpoint,
} from "./endpoint.ts";
import { failureRow } from "./order-endpoints.ts";
import { readPage } from "./paging.ts";
import { planRow } from "./trading-rows.ts";
import { lowerCase, optionalText, readParams, text } from "./wire.ts";

const planTypes = ["pos_loss", "pos_profit", "loss_plan", "profit_plan"] as const;
const triggerType = lowerCase(["mark_price", "fill_price"]).default("mark_price");
const reference = { orderId: optionalText, clientOid: optionalText };

const placing = z.object({
  symbol: text,
  planType: lowerCase(planTypes),
  holdSide: text,
  triggerPrice: text,
  triggerType,
  executePrice: optionalText,
  size: optionalText,
  clientOid: optionalText,
});

const placePlan: PrivateEndpoint = ({ engine }, params, { uid, at }) => {
  const read = readParams(placing, params);
  return read.ok ? engine.placePlan(at, { uid, ...read.value }) : read;
};

const modifying = z.object({
  symbol: text,
  ...reference,
  triggerPrice: text,
  executePrice: optionalText,
  size: optionalText,
});

const modifyPlan: PrivateEndpoint = ({ engine }, params, { uid, at }) => {
  const read = readParams(modifying, params);
  return read.ok ? engine.modifyPlan(at, { uid, ...read.value }) : read;
};

const canceling = z.object({
  symbol: optionalText,
  /** Left out, the exchange takes it for `normal_plan`, and a stop of a position stays. */
  planType: optionalText.transform((value) => value ?? "normal_plan"),
  orderIdList: z.array(z.object(reference)).max(50).optional(),
});

const cancelPlans: PrivateEndpoint = ({ engine }, params, { uid, at }) => {
  const read = readParams(canceling, params);
  if (!read.ok) return read;
  const { symbol, planType, orderIdList } = read.value;
  const references = orderIdList;
  const canceled = engine.cancelPlans(at, { uid, symbol, planType, references });
  if (!canceled.ok) return canceled;
  const failureList = canceled.value.failed.map((failed) => failureRow(failed, failed));
  return ok({ successList: canceled.value.canceled, failureList });
};

const listing = z.object({
  symbol: optionalText,
  planType: text,
  planStatus: optionalText,
  ...reference,
});

const listOf =
  (plans: (hall: Hall, customer: Customer) => Iterable<Plan>): PrivateEndpoint =>
  (hall, params, customer) => {
    const read = readParams(listing, params);
    if (!read.ok) return read;
    const { planType, ...wanted } = read.value;
    const found = [...plans(hall, customer)].filter(
      (plan) => (planType === "profit_loss" || plan.planType === planType) && matches(plan, wanted),
    );
    const page = readPage(params, found, (plan) => ({ id: plan.id, at: plan.createdAt }));
    if (!page.ok) return page;
    const account = accountOf(hall, customer.uid);
    const rows = page.value.items.map((plan) => planRow(plan, account));
    return ok({ entrustedList: rows.length === 0 ? null : rows, endId: page.value.endId });
  };

type Wanted = {
  readonly symbol: string | undefined;
  readonly planStatus: string | undefined;
  readonly orderId: string | undefined;
  readonly clientOid: string | undefined;
};

const matches = (plan: Plan, { symbol, planStatus, orderId, clientOid }: Wanted): boolean =>
  (symbol === undefined || plan.symbol === symbol) &&
  (planStatus === undefined || plan.status === planStatus) &&
  (orderId === undefined || plan.id === orderId) &&
  (clientOid === undefined || plan.clientOid === clientOid);

export const planEndpoints: Endpoints<PrivateEndpoint> = {
  "POST /api/v2/mix/order/place-tpsl-order": placePlan,
  "POST /api/v2/mix/order/modify-tpsl-order": modifyPlan,
  "POST /api/v2/mix/order/cancel-plan-order": cancelPlans,
  "GET /api/v2/mix/order/orders-plan-pending": listOf((hall, { uid }) =>
    accountOf(hall, uid).plans.values(),
  ),
  "GET /api/v2/mix/order/orders-plan-history": listOf((hall, { uid }) =>
    accountOf(hall, uid).donePlans.values(),
  ),
};
