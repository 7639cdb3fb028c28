/** Orders and fills. */

import { z } from "zod";
import { ok } from "#base/result.ts";
import { findOrder } from "../engine/orders.ts";
import { refuse, type Refusal } from "../engine/refusal.ts";
import type { Order } from "../engine/state.ts";
import {
  accountOf,
  type Customer,
  type Endpoints,
  type Hall,
  type PrivateEndpoint,
} from "./endpoint.ts";
import { readPage } from "./paging.ts";
import { fillRow, orderRow } from "./trading-rows.ts";
import { lowerCase, optionalText, readParams, text } from "./wire.ts";

const reference = { orderId: optionalText, clientOid: optionalText };

const placing = z.object({
  symbol: text,
  side: lowerCase(["buy", "sell"]),
  orderType: lowerCase(["limit", "market"]),
  force: lowerCase(["gtc", "post_only", "ioc", "fok"]).default("gtc"),
  size: text,
  price: optionalText,
  clientOid: optionalText,
  reduceOnly: optionalText,
  marginMode: lowerCase(["crossed", "isolated"]),
  presetStopLossPrice: optionalText,
  presetStopLossExecutePrice: optionalText,
  presetStopSurplusPrice: optionalText,
  presetStopSurplusExecutePrice: optionalText,
});

const placeOrder: PrivateEndpoint = ({ engine }, params, { uid, at }) => {
  const read = readParams(placing, params);
  if (!read.ok) return read;
  const { orderType, reduceOnly, ...request } = read.value;
  return engine.placeOrder(at, {
    uid,
    ...request,
    type: orderType,
    reduceOnly: reduceOnly?.toUpperCase() === "YES",
  });
};

const canceling = z.object({ symbol: text, ...reference });

const cancelOrder: PrivateEndpoint = ({ engine }, params, { uid, at }) => {
  const read = readParams(canceling, params);
  return read.ok ? engine.cancelOrder(at, { uid, ...read.value }) : read;
};

const batch = z.object({
  symbol: text,
  orderIdList: z.array(z.object(reference)).max(50).optional(),
});

const batchCancel: PrivateEndpoint = (hall, params, customer) => {
  const read = readParams(batch, params);
  if (!read.ok) return read;
  const { symbol, orderIdList } = read.value;
  const all = [...accountOf(hall, customer.uid).orders.values()]
    .filter((order) => order.symbol === symbol)
    .map(({ id }) => ({ orderId: id, clientOid: undefined }));
  return ok(cancelEach(hall, symbol, orderIdList ?? all, customer));
};

type Reference = {
  readonly orderId: string | undefined;
  readonly clientOid: string | undefined;
};

const cancelEach = (
  { engine }: Hall,
  symbol: string,
  references: ReadonlyArray<Reference>,
  { uid, at }: Customer,
) => {
  const successList: unknown[] = [];
  const failureList: unknown[] = [];
  for (const named of references) {
    const canceled = engine.cancelOrder(at, { uid, symbol, ...named });
    if (canceled.ok) successList.push(canceled.value);
    else failureList.push(failureRow(named, canceled.error));
  }
  return { successList, failureList };
};

export const failureRow = ({ orderId, clientOid }: Reference, { code, message }: Refusal) => ({
  orderId: orderId ?? "",
  clientOid: clientOid ?? "",
  errorMsg: message,
  errorCode: code,
});

const modifying = z.object({
  symbol: text,
  ...reference,
  newClientOid: optionalText,
  newSize: optionalText,
  newPrice: optionalText,
});

const modifyOrder: PrivateEndpoint = ({ engine }, params, { uid, at }) => {
  const read = readParams(modifying, params);
  return read.ok ? engine.modifyOrder(at, { uid, ...read.value }) : read;
};

const detail: PrivateEndpoint = (hall, params, { uid }) => {
  const read = readParams(canceling, params);
  if (!read.ok) return read;
  const account = accountOf(hall, uid);
  const order = findOrder(account, read.value);
  if (order === undefined || order.symbol !== read.value.symbol) return refuse("40109");
  return ok({ ...orderRow(order, account), state: order.status });
};

const listing = z.object({ symbol: optionalText, ...reference });

const listOf =
  (orders: (hall: Hall, customer: Customer) => Iterable<Order>): PrivateEndpoint =>
  (hall, params, customer) => {
    const read = readParams(listing, params);
    if (!read.ok) return read;
    const { symbol, orderId, clientOid } = read.value;
    const wanted = [...orders(hall, customer)].filter(
      (order) =>
        (symbol === undefined || order.symbol === symbol) &&
        (orderId === undefined || order.id === orderId) &&
        (clientOid === undefined || order.clientOid === clientOid),
    );
    const page = readPage(params, wanted, (order) => ({ id: order.id, at: order.createdAt }));
    if (!page.ok) return page;
    const account = accountOf(hall, customer.uid);
    const rows = page.value.items.map((order) => ({
      ...orderRow(order, account),
      status: order.status,
    }));
    // An empty list is no list: that is how the exchange says it.
    return ok({ entrustedList: rows.length === 0 ? null : rows, endId: page.value.endId });
  };

const pending = listOf((hall, { uid }) => accountOf(hall, uid).orders.values());
const history = listOf((hall, { uid }) => accountOf(hall, uid).doneOrders.values());

const fills: PrivateEndpoint = (hall, params, { uid }) => {
  const read = readParams(listing, params);
  if (!read.ok) return read;
  const { symbol, orderId } = read.value;
  const account = accountOf(hall, uid);
  const wanted = [...account.fills.values()].filter(
    (fill) =>
      (symbol === undefined || fill.symbol === symbol) &&
      (orderId === undefined || fill.orderId === orderId),
  );
  const page = readPage(params, wanted, (fill) => ({ id: fill.tradeId, at: fill.at }));
  if (!page.ok) return page;
  const { items, endId } = page.value;
  return ok({ fillList: items.map((fill) => fillRow(fill, account)), endId });
};

export const orderEndpoints: Endpoints<PrivateEndpoint> = {
  "POST /api/v2/mix/order/place-order": placeOrder,
  "POST /api/v2/mix/order/modify-order": modifyOrder,
  "POST /api/v2/mix/order/cancel-order": cancelOrder,
  "POST /api/v2/mix/order/batch-cancel-orders": batchCancel,
  "GET /api/v2/mix/order/detail": detail,
  "GET /api/v2/mix/order/orders-pending": pending,
  "GET /api/v2/mix/order/orders-history": history,
  "GET /api/v2/mix/order/fills": fills,
};
