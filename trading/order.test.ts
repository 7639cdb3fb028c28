import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { millis } from "#base/clock.ts";
import { marketSymbol } from "./market.ts";
import { amount, price, quantity } from "./money.ts";
import {
  applyToOrder,
  clientOrderId,
  isLive,
  isOwnId,
  isSettled,
  newOrder,
  remaining,
  type Order,
  type OrderEvent,
  type OrderState,
} from "./order.ts";

const at = millis(1_000);

const submitting: OrderState = { kind: "Submitting", since: at };
const open: OrderState = { kind: "Open", since: at };
const canceling: OrderState = { kind: "Canceling", since: at };
const unknown: OrderState = { kind: "Unknown", since: at, askedAt: at, asks: 0, absences: 0 };
const missedOnce: OrderState = { ...unknown, absences: 1 };
const canceled: OrderState = { kind: "Canceled", at };
const lost: OrderState = { kind: "Lost", at };

const orderIn = (state: OrderState): Order => ({
  ...newOrder(
    {
      id: clientOrderId("own", 1, 1),
      symbol: marketSymbol("BTC/USDT:USDT"),
      side: "buy",
      size: quantity(2),
      role: { kind: "Entry", level: 0, limit: price(100), stop: price(80) },
    },
    at,
  ),
  state,
});

const reported = (
  status: "Open" | "Filled" | "Canceled" | "Rejected",
  filled: number,
): OrderEvent => ({ kind: "Reported", status, filled: quantity(filled) });
const filled = (size: number): OrderEvent => ({
  kind: "Filled",
  size: quantity(size),
  price: price(100),
  fee: amount("0.1"),
});

/** The table is the specification. A pair that is missing must leave the order as it was. */
const transitions: ReadonlyArray<[from: OrderState, event: OrderEvent, to: OrderState["kind"]]> = [
  [submitting, { kind: "Accepted" }, "Open"],
  [submitting, { kind: "Rejected", reason: "InsufficientFunds" }, "Rejected"],
  [submitting, { kind: "Denied", reason: "stale price" }, "Denied"],
  [submitting, { kind: "OutcomeUnknown" }, "Unknown"],
  [submitting, reported("Open", 0), "Open"], // The socket overtakes the answer.
  [submitting, filled(2), "Filled"], // So does a fill.
  [open, { kind: "CancelRequested" }, "Canceling"],
  [open, filled(1), "Open"], // A partial fill.
  [open, filled(2), "Filled"],
  [open, reported("Canceled", 0), "Canceled"], // Somebody else canceled it.
  [canceling, reported("Open", 0), "Canceling"], // Written before the cancel.
  [canceling, reported("Canceled", 1), "Canceled"], // Partly filled, then canceled.
  [canceling, { kind: "OutcomeUnknown" }, "Unknown"],
  [canceling, filled(2), "Filled"], // The cancel lost the race.
  [unknown, reported("Open", 0), "Open"],
  [unknown, reported("Filled", 2), "Filled"],
  [unknown, { kind: "Absent", proven: false }, "Unknown"], // It may still be on its way.
  [unknown, { kind: "Absent", proven: true }, "Unknown"], // One absence is one replica's opinion.
  [missedOnce, { kind: "Absent", proven: true }, "Lost"],
  [canceled, { kind: "Accepted" }, "Canceled"], // Out of order.
  [canceled, filled(2), "Canceled"], // A late fill counts, but does not revive.
  [lost, reported("Open", 0), "Open"], // It exists after all.
];

test.each(transitions)("%j --%j--> %s", (from, event, to) => {
  expect(applyToOrder(orderIn(from), event, at).state.kind).toBe(to);
});

const anyEvent: fc.Arbitrary<OrderEvent> = fc.oneof(
  fc.constantFrom<OrderEvent>(
    { kind: "Accepted" },
    { kind: "Rejected", reason: "InvalidOrder" },
    { kind: "OutcomeUnknown" },
    { kind: "CancelRequested" },
    { kind: "Asked" },
    { kind: "Absent", proven: true },
    { kind: "Absent", proven: false },
  ),
  fc.integer({ min: 0, max: 3 }).map((size) => reported("Open", size)),
  fc.integer({ min: 0, max: 3 }).map((size) => reported("Canceled", size)),
  fc.integer({ min: 1, max: 3 }).map(filled),
);

test("whatever the exchange says, in whatever order", () => {
  fc.assert(
    fc.property(fc.array(anyEvent, { maxLength: 25 }), (events) => {
      let order = orderIn(submitting);
      let booked = 0;
      for (const event of events) {
        const next = applyToOrder(order, event, at);
        if (event.kind === "Filled") booked += event.size.toNumber();
        expect(next.filled.toNumber()).toBe(booked); // Fills are never taken back, nor invented.
        expect(next.reportedFilled.gte(order.reportedFilled)).toBe(true);
        expect(remaining(next).gte(0)).toBe(true);
        const revives = order.state.kind === "Lost" || order.state.kind === "Rejected";
        if (!isLive(order) && isLive(next)) expect(revives).toBe(true);
        if (isSettled(next)) expect(next.filled.gte(next.reportedFilled)).toBe(true);
        order = next;
      }
    }),
  );
});

test("an order whose fills are still missing is not settled", () => {
  const order = applyToOrder(orderIn(open), reported("Filled", 2), at);
  expect(isLive(order)).toBe(false);
  expect(isSettled(order)).toBe(false);
  expect(isSettled(applyToOrder(order, filled(2), at))).toBe(true);
});

test("ids fit the strictest exchange, differ, and are recognised", () => {
  fc.assert(
    fc.property(fc.nat(2 ** 30), fc.nat(2 ** 30), (epoch, sequence) => {
      const id = clientOrderId("0123456789", epoch, sequence);
      expect(id).toMatch(/^[0-9A-Za-z-]{1,32}$/);
      expect(isOwnId("0123456789", id)).toBe(true);
      expect(isOwnId("012345678", id)).toBe(false);
      expect(clientOrderId("0123456789", epoch, sequence + 1)).not.toBe(id);
    }),
  );
});
