/**
 * Every fill of a symbol since an instant, each with the name of the order that traded.
 *
 * Asked in windows of a week, the longest span that every version of the documentation allows, and
 * in pages within each. A row tells only the number of its order, by the documentation; unless it
 * does tell the name, that is looked up once and remembered. A fill whose order cannot be found is news that outran the order, and then the
 * answer is unknown; only when it has grown old is it taken for a fill without a name, of an order
 * that nobody named.
 */

import { millis, type Clock, type Millis } from "#base/clock.ts";
import type { MarketSymbol } from "#trading/market.ts";
import type { ExchangeOrderId } from "#trading/order.ts";
import type { Fill } from "../port.ts";
import { endpoints, PRODUCT_TYPE } from "./endpoints.ts";
import { isNotFound } from "./errors.ts";
import { toRow } from "./fields.ts";
import type { Dated, Gate } from "./gate.ts";
import type { Markets } from "./markets.ts";
import type { Memory } from "./memory.ts";
import { fetchPages } from "./pages.ts";
import { clientOidOf, toFill, type MarketId, type NamelessFill } from "./rows.ts";

export type FillDeps = {
  readonly clock: Pick<Clock, "now">;
  readonly gate: Gate;
  readonly markets: Markets;
  /** Client ids by the exchange's ids. */
  readonly orderNames: Memory<ExchangeOrderId, string>;
};

const DAY_MS = 86_400_000;
const WINDOW_MS = 7 * DAY_MS;
/** Fills older than 90 days are gone; a day less, because clocks differ. */
const LONGEST_MEMORY_MS = 89 * DAY_MS;
const ORDER_SURELY_VISIBLE_MS = 300_000;

export const fetchFills = async (
  deps: FillDeps,
  symbol: MarketSymbol,
  since: Millis,
): Promise<Dated<ReadonlyArray<Fill>>> => {
  const now = deps.clock.now();
  if (now - since > LONGEST_MEMORY_MS) {
    throw new Error("fills are kept for 90 days, and older ones were asked for");
  }
  const id = await deps.markets.withNames((names) => names.idOf(symbol));
  const fillById = new Map<string, NamelessFill>();
  let at: Millis | undefined;
  for (let start: number = since; at === undefined || start <= now; start += WINDOW_MS) {
    const page = await fetchWindow(deps, id, millis(start));
    at ??= page.at;
    for (const fill of page.value) fillById.set(fill.tradeId, fill);
  }
  const fills = [...fillById.values()].toSorted(byTime);
  const named: Fill[] = [];
  for (const fill of fills) named.push(await nameFill(deps, fill));
  return { value: named, at };
};

/** The last window has no end: the exchange's clock may be ahead of ours. */
const fetchWindow = async (
  { clock, gate, markets, orderNames }: FillDeps,
  symbol: MarketId,
  start: Millis,
): Promise<Dated<ReadonlyArray<NamelessFill>>> => {
  const end = start + WINDOW_MS;
  const page = await fetchPages(gate, {
    lane: "settle",
    endpoint: endpoints.fills,
    params: {
      productType: PRODUCT_TYPE,
      symbol,
      startTime: `${start}`,
      ...(end < clock.now() && { endTime: `${end}` }),
    },
    list: "fillList",
    id: "tradeId",
  });
  const value = await markets.withNames(({ symbolOf }) =>
    page.value.map((row) => {
      const fill = toFill(row, symbolOf);
      const told = clientOidOf(row);
      if (told !== "") orderNames.remember(fill.exchangeOrderId, told);
      return fill;
    }),
  );
  return { value, at: page.at };
};

/** Throws while the order cannot be found. */
export const nameFill = async (deps: FillDeps, fill: NamelessFill): Promise<Fill> => {
  const remembered = deps.orderNames.recall(fill.exchangeOrderId);
  if (remembered !== undefined) return { ...fill, clientOrderId: remembered };
  const clientOrderId = await fetchName(deps, fill);
  deps.orderNames.remember(fill.exchangeOrderId, clientOrderId);
  return { ...fill, clientOrderId };
};

const fetchName = async ({ clock, gate, markets }: FillDeps, fill: NamelessFill) => {
  try {
    const { data } = await gate.ask("settle", endpoints.order, {
      productType: PRODUCT_TYPE,
      symbol: await markets.withNames((names) => names.idOf(fill.symbol)),
      orderId: fill.exchangeOrderId,
    });
    return clientOidOf(toRow(data, "order"));
  } catch (thrown) {
    if (isNotFound(thrown) && clock.now() - fill.at > ORDER_SURELY_VISIBLE_MS) return "";
    throw thrown;
  }
};

/** Trades of one millisecond keep the order of their numbers, which grow. */
const byTime = (a: NamelessFill, b: NamelessFill): number =>
  a.at - b.at || a.tradeId.length - b.tradeId.length || (a.tradeId < b.tradeId ? -1 : 1);
