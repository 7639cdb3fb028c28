/**
 * Closes a cycle at the market, and does not let go before it is flat.
 *
 * The stop stays on the exchange throughout: it goes when the position has gone. One closing order
 * at a time; the next one only when the last is settled, so nothing is sold twice, and reduce-only,
 * so nothing can turn the position round.
 */

import type { Millis } from "#base/clock.ts";
import { millis } from "#base/clock.ts";
import { exitSide } from "../market.ts";
import { isSettled, newOrder } from "../order.ts";
import type { ExitReason } from "../strategy.ts";
import { syncEntries } from "./entries.ts";
import { withOrder, withSymbol, type EngineState, type SymbolState } from "./state.ts";
import { chain, forEachSymbol, forSymbol, nextOrderId, stay, type Step } from "./step.ts";

/** Between two closing orders of one cycle, when the first did not do it. */
const CLOSE_RETRY_MS = 2_000;

/** Reasons that go before everything else in the rate budget. */
const urgentReasons: ReadonlySet<ExitReason> = new Set(["unprotected", "kill_switch", "sl_global"]);

export const startClose = (
  state: EngineState,
  symbol: SymbolState,
  reason: ExitReason,
  at: Millis,
): Step => {
  const { cycle } = symbol;
  if (cycle === undefined || cycle.closing !== undefined) return stay(state);
  const closing = { reason, since: at, orderId: undefined, retryAt: at };
  const marked = withSymbol(state, { ...symbol, cycle: { ...cycle, closing } });
  return chain(
    marked,
    forSymbol(symbol.symbol, (current, next) => syncEntries(current, next, at)),
    forSymbol(symbol.symbol, (current, next) => pursueClose(current, next, at)),
  );
};

export const closeAll = (state: EngineState, reason: ExitReason, at: Millis): Step =>
  forEachSymbol(state, (current, symbol) => startClose(current, symbol, reason, at));

/** Sends the next closing order if the cycle is closing and none is on its way. */
export const pursueClose = (state: EngineState, symbol: SymbolState, at: Millis): Step => {
  const { cycle } = symbol;
  if (cycle?.closing === undefined || at < cycle.closing.retryAt) return stay(state);
  const previous =
    cycle.closing.orderId === undefined ? undefined : state.orders.get(cycle.closing.orderId);
  if (previous !== undefined && !isSettled(previous)) return stay(state);

  const [numbered, id] = nextOrderId(state);
  const { reason } = cycle.closing;
  const { size } = cycle;
  const side = exitSide(cycle.side);
  const order = newOrder(
    { id, symbol: symbol.symbol, side, size, role: { kind: "Exit", reason } },
    at,
  );
  const closing = { ...cycle.closing, orderId: id, retryAt: millis(at + CLOSE_RETRY_MS) };
  return [
    withSymbol(withOrder(numbered, order), { ...symbol, cycle: { ...cycle, closing } }),
    [
      {
        kind: "SubmitExit",
        id,
        symbol: symbol.symbol,
        side,
        size,
        urgent: urgentReasons.has(reason),
      },
    ],
  ];
};
