import { expect, test } from "@jest/globals";
import { auditLog } from "./audit.ts";
import { parseAudit, type AuditEvent } from "./audit-events.ts";

const uid = "1";
const symbol = "BTCUSDT";

/** Events without a number; the tests below number them in order. */
type Unnumbered = AuditEvent extends infer Event
  ? Event extends AuditEvent
    ? Omit<Event, "index">
    : never
  : never;

const log = (...events: ReadonlyArray<Unnumbered>): ReadonlyArray<AuditEvent> =>
  events.map((event, index) => ({ ...event, index: index + 1 }));

const opened: Unnumbered = { kind: "AccountOpened", at: 0, uid, balance: "1000" };

const accepted = (at: number, orderId: string, clientOid: string, of = uid): Unnumbered => ({
  kind: "OrderAccepted",
  at,
  uid: of,
  symbol,
  orderId,
  clientOid,
  side: "buy",
  type: "limit",
  size: "1",
  limit: "100",
  reduceOnly: false,
  presetStop: null,
  source: "normal",
  filled: "0",
});

const position = (at: number, size: string, side: "long" | "short" = "long"): Unnumbered => ({
  kind: "PositionChanged",
  at,
  uid,
  symbol,
  side: size === "0" ? null : side,
  size,
  cost: "0",
});

const stop = (
  kind: "PlanPlaced" | "PlanMoved" | "PlanCanceled" | "PlanTriggered" | "PlanFailed",
  at: number,
  fields: Partial<Extract<AuditEvent, { kind: "PlanPlaced" }>> = {},
): Unnumbered => ({
  at,
  uid,
  symbol,
  planId: "p",
  clientOid: "p",
  planType: "pos_loss",
  side: "long",
  trigger: "90",
  size: null,
  childId: null,
  ...fields,
  kind,
});

const naked = (...events: ReadonlyArray<Unnumbered>) => auditLog(log(...events)).nakedIntervals;

test("a client id that was taken twice on one account is found", () => {
  const twice = auditLog(log(accepted(1, "a", "x-1"), accepted(9, "b", "x-1"))).doubledClientIds;
  expect(twice).toEqual([{ uid, clientOid: "x-1", orderIds: ["a", "b"] }]);
  const apart = log(accepted(1, "a", "x-1"), accepted(9, "b", "x-1", "2"), accepted(9, "c", "x-2"));
  expect(auditLog(apart).doubledClientIds).toEqual([]);
});

test("a second without a stop is found", () => {
  expect(naked(position(1_000, "1"), stop("PlanPlaced", 2_000))).toEqual([
    { uid, symbol, from: 1_000, to: 2_000, size: "1" },
  ]);
});

test("within one instant nothing is naked", () => {
  expect(naked(position(5, "1"), stop("PlanPlaced", 5))).toEqual([]);
  expect(
    naked(stop("PlanPlaced", 4), position(5, "1"), stop("PlanTriggered", 9), position(9, "0")),
  ).toEqual([]);
});

test("a stop that goes before its replacement comes is found", () => {
  const replaced = naked(
    stop("PlanPlaced", 1),
    position(1, "1"),
    stop("PlanCanceled", 10),
    stop("PlanPlaced", 11, { planId: "q" }),
  );
  expect(replaced).toEqual([{ uid, symbol, from: 10, to: 11, size: "1" }]);
  const overlapping = naked(
    stop("PlanPlaced", 1),
    position(1, "1"),
    stop("PlanPlaced", 10, { planId: "q" }),
    stop("PlanCanceled", 11),
  );
  expect(overlapping).toEqual([]);
});

test("a stop that is too small, of the other side, or a take-profit does not cover", () => {
  const own = { planType: "loss_plan", size: "0.9" } as const;
  expect(naked(position(1, "1"), stop("PlanPlaced", 1, own))).toMatchObject([{ from: 1 }]);
  expect(naked(position(1, "1"), stop("PlanPlaced", 1, { side: "short" }))).toHaveLength(1);
  expect(naked(position(1, "1"), stop("PlanPlaced", 1, { planType: "pos_profit" }))).toHaveLength(
    1,
  );
  const two = naked(
    position(1, "1"),
    stop("PlanPlaced", 1, own),
    stop("PlanPlaced", 1, { ...own, planId: "q", size: "0.1" }),
  );
  expect(two).toEqual([]);
});

test("a position that grows out of its stop is naked from then on", () => {
  const own = { planType: "loss_plan", size: "1" } as const;
  expect(naked(position(1, "1"), stop("PlanPlaced", 1, own), position(7, "2"))).toEqual([
    { uid, symbol, from: 7, to: undefined, size: "2" },
  ]);
});

test("the books are made of the fills", () => {
  const fill = (side: "buy" | "sell", price: string, realised: string): Unnumbered => ({
    kind: "OrderFilled",
    at: 1,
    uid,
    symbol,
    tradeId: `${side}${price}`,
    orderId: "o",
    clientOid: "c",
    side,
    price,
    size: "2",
    fee: "0.1",
    realised,
    liquidity: "maker",
  });
  const half = auditLog(log(opened, fill("buy", "100", "0"))).books.get(uid);
  expect(half?.positions.get(symbol)?.toFixed()).toBe("2");
  expect(half?.wallet.toFixed()).toBe("999.9");
  const whole = auditLog(log(opened, fill("buy", "100", "0"), fill("sell", "103", "6"))).books.get(
    uid,
  );
  expect(whole?.positions.size).toBe(0);
  expect(whole?.wallet.toFixed()).toBe("1005.8");
  expect(whole?.proceeds.get(symbol)?.toFixed()).toBe("6");
});

test("a log is read back line by line, and a line that is none is named", () => {
  const events = log(opened, accepted(1, "a", "x"), position(1, "1"), stop("PlanPlaced", 1));
  const text = events.map((event) => `${JSON.stringify(event)}\n`).join("");
  expect(parseAudit(text)).toEqual({ ok: true, value: events });
  expect(parseAudit(`${text}{"kind":`)).toEqual({
    ok: false,
    error: "line 5 is not an audit event",
  });
});
