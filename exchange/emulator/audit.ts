/**
 * What a log of the emulator proves, from the log alone and without the engine: whether an order id
 * was ever taken twice, when a position stood without a stop of its size, and what the books must
 * be. Whoever traded can be held against it. It knows nothing of how the engine works, on purpose:
 * it is the other witness.
 */

import { Big } from "big.js";
import type { AuditEvent } from "./audit-events.ts";

/** What the audit makes of a log. Times are the emulator's. */
export type AuditReport = {
  /** Client ids that were accepted more than once on one account. */
  readonly doubledClientIds: ReadonlyArray<DoubledClientId>;
  /** Stretches longer than an instant in which a position had no live stop of at least its size. */
  readonly nakedIntervals: ReadonlyArray<NakedInterval>;
  readonly fills: ReadonlyArray<FillEvent>;
  readonly books: ReadonlyMap<string, AuditedBooks>;
};

type DoubledClientId = {
  readonly uid: string;
  readonly clientOid: string;
  readonly orderIds: ReadonlyArray<string>;
};

type NakedInterval = {
  readonly uid: string;
  readonly symbol: string;
  readonly from: number;
  /** `undefined`: still naked where the log ends. */
  readonly to: number | undefined;
  /** Of the position, when it began. */
  readonly size: string;
};

type FillEvent = Extract<AuditEvent, { kind: "OrderFilled" }>;

/** What an account must hold, from its fills alone. */
type AuditedBooks = {
  readonly initial: Big;
  readonly realised: Big;
  readonly fees: Big;
  readonly wallet: Big;
  /** Signed: positive is long. Without what is flat. */
  readonly positions: ReadonlyMap<string, Big>;
  /** Sold minus bought: of a symbol that is flat, what was realised, to the last digit. */
  readonly proceeds: ReadonlyMap<string, Big>;
};

export const auditLog = (events: ReadonlyArray<AuditEvent>): AuditReport => {
  const fills = events.filter((event) => event.kind === "OrderFilled");
  return {
    doubledClientIds: findDoubledClientIds(events),
    nakedIntervals: findNakedIntervals(events),
    fills,
    books: bookFills(events, fills),
  };
};

const findDoubledClientIds = (
  events: ReadonlyArray<AuditEvent>,
): ReadonlyArray<DoubledClientId> => {
  const accepted = events.filter((event) => event.kind === "OrderAccepted");
  const byAccount = Map.groupBy(accepted, ({ uid, clientOid }) => `${uid} ${clientOid}`);
  return [...byAccount.values()]
    .filter((orders) => orders.length > 1)
    .map((orders) => ({
      uid: orders[0]?.uid ?? "",
      clientOid: orders[0]?.clientOid ?? "",
      orderIds: orders.map(({ orderId }) => orderId),
    }));
};

/** What protects, and what has to be protected, on one symbol of one account. */
type Exposure = {
  readonly side: "long" | "short" | undefined;
  readonly size: Big;
  /** Live stops; `null` covers everything. */
  readonly stops: ReadonlyMap<string, { readonly side: string; readonly size: Big | null }>;
  /** Since when it is naked. */
  readonly nakedFrom: number | undefined;
  readonly nakedSize: string;
};

const flat: Exposure = {
  side: undefined,
  size: new Big(0),
  stops: new Map(),
  nakedFrom: undefined,
  nakedSize: "0",
};

const findNakedIntervals = (events: ReadonlyArray<AuditEvent>): ReadonlyArray<NakedInterval> => {
  const exposures = new Map<string, Exposure>();
  const intervals: NakedInterval[] = [];
  for (const event of events) {
    if (!("symbol" in event) || !("uid" in event)) continue;
    const key = `${event.uid} ${event.symbol}`;
    const before = exposures.get(key) ?? flat;
    const after = expose(before, event);
    const naked = isNaked(after);
    if (naked && before.nakedFrom === undefined) {
      exposures.set(key, { ...after, nakedFrom: event.at, nakedSize: after.size.toFixed() });
      continue;
    }
    if (!naked && before.nakedFrom !== undefined) {
      // Several events of one instant are one moment: in between nothing could have happened.
      if (event.at > before.nakedFrom) intervals.push(toInterval(key, before, event.at));
      exposures.set(key, { ...after, nakedFrom: undefined });
      continue;
    }
    exposures.set(key, after);
  }
  const open = [...exposures].filter(([, { nakedFrom }]) => nakedFrom !== undefined);
  return [...intervals, ...open.map(([key, exposure]) => toInterval(key, exposure, undefined))];
};

const toInterval = (key: string, exposure: Exposure, to: number | undefined): NakedInterval => {
  const [uid = "", symbol = ""] = key.split(" ");
  return { uid, symbol, from: exposure.nakedFrom ?? 0, to, size: exposure.nakedSize };
};

const expose = (before: Exposure, event: AuditEvent): Exposure => {
  if (event.kind === "PositionChanged") {
    return { ...before, side: event.side ?? undefined, size: new Big(event.size) };
  }
  if (!("planId" in event)) return before;
  if (event.planType !== "pos_loss" && event.planType !== "loss_plan") return before;
  const stops = new Map(before.stops);
  if (event.kind === "PlanPlaced" || event.kind === "PlanMoved") {
    const size = event.size === null ? null : new Big(event.size);
    stops.set(event.planId, { side: event.side, size });
  } else {
    stops.delete(event.planId);
  }
  return { ...before, stops };
};

const isNaked = ({ side, size, stops }: Exposure): boolean => {
  if (side === undefined || size.eq(0)) return false;
  let covered = new Big(0);
  for (const stop of stops.values()) {
    if (stop.side !== side) continue;
    if (stop.size === null) return false;
    covered = covered.plus(stop.size);
  }
  return covered.lt(size);
};

const bookFills = (
  events: ReadonlyArray<AuditEvent>,
  fills: ReadonlyArray<FillEvent>,
): ReadonlyMap<string, AuditedBooks> => {
  const books = new Map<string, AuditedBooks>();
  for (const event of events) {
    if (event.kind !== "AccountOpened") continue;
    const initial = new Big(event.balance);
    const nothing = { realised: new Big(0), fees: new Big(0) };
    const empty = { positions: new Map(), proceeds: new Map() };
    books.set(event.uid, { initial, wallet: initial, ...nothing, ...empty });
  }
  for (const fill of fills) {
    const before = books.get(fill.uid);
    if (before !== undefined) books.set(fill.uid, bookFill(before, fill));
  }
  return books;
};

const bookFill = (before: AuditedBooks, fill: FillEvent): AuditedBooks => {
  const positions = new Map(before.positions);
  const size = new Big(fill.size).times(fill.side === "buy" ? 1 : -1);
  const held = (positions.get(fill.symbol) ?? new Big(0)).plus(size);
  if (held.eq(0)) positions.delete(fill.symbol);
  else positions.set(fill.symbol, held);
  const proceeds = new Map(before.proceeds);
  const received = (proceeds.get(fill.symbol) ?? new Big(0)).minus(size.times(fill.price));
  proceeds.set(fill.symbol, received);
  return {
    initial: before.initial,
    realised: before.realised.plus(fill.realised),
    fees: before.fees.plus(fill.fee),
    wallet: before.wallet.plus(fill.realised).minus(fill.fee),
    positions,
    proceeds,
  };
};
