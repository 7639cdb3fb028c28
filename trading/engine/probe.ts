/**
 * The smallest position with its stop, opened and closed by hand: proves keys, modes and stops on
 * play money. It goes the way of every entry, guards included, and is never added to.
 */

import { Big } from "big.js";
import { NO_LEVEL } from "../cycle.ts";
import { entrySide, limitPrice, type Market } from "../market.ts";
import { quantity, type Price, type Quantity } from "../money.ts";
import { newOrder } from "../order.ts";
import { startClose } from "./closing.ts";
import { gateOf } from "./entries.ts";
import type { EngineEvent } from "./events.ts";
import { stopAt } from "./protection.ts";
import {
  openOrdersOf,
  withOrder,
  type Blocked,
  type EngineState,
  type SymbolState,
} from "./state.ts";
import { forSymbol, nextOrderId, stay, type EngineDeps, type Step } from "./step.ts";

type Probe = Extract<EngineEvent, { kind: "ProbeRequested" }>;

/** How far a limit reaches over the price so that it fills at once. */
const REACH = "1.01";
/** Above the exchange's smallest value, since the price may fall before the order arrives. */
const SPARE = "1.2";

/** Why the probe would do nothing; `undefined` when it can be tried. */
export const probeProblem = (
  state: EngineState,
  { action, symbol: key }: Pick<Probe, "action" | "symbol">,
): Blocked | undefined => {
  const symbol = state.symbols.get(key);
  if (symbol === undefined) return { reason: "unknown_symbol", detail: `${key} is not traded` };
  if (action === "Close") {
    return symbol.cycle === undefined
      ? { reason: "flat", detail: `${key} has no position` }
      : undefined;
  }
  if (symbol.cycle !== undefined) {
    return { reason: "position_already_open", detail: `${key} already has a position` };
  }
  const isWaiting = openOrdersOf(state, key).some(({ role }) => isProbe(role));
  if (isWaiting) return { reason: "in_flight", detail: "the last test order is not settled" };
  return gateOf(state, symbol);
};

const isProbe = (role: ReturnType<typeof openOrdersOf>[number]["role"]): boolean =>
  role.kind === "Entry" && role.level === NO_LEVEL;

export const probe = (deps: EngineDeps, state: EngineState, event: Probe): Step =>
  probeProblem(state, event) === undefined
    ? forSymbol(event.symbol, (current, symbol) =>
        event.action === "Close"
          ? startClose(current, symbol, "flatten", event.at)
          : openProbe(deps, current, symbol, event),
      )(state)
    : stay(state);

const openProbe = (
  deps: EngineDeps,
  state: EngineState,
  symbol: SymbolState,
  { price: now, at }: Probe,
): Step => {
  const { market } = symbol;
  if (market === undefined) return stay(state);
  const { stopPercent } = deps.strategyOf(state.settings, symbol.settings);
  const limit = limitPrice(market, "buy", now.times(REACH));
  const stop = stopAt(market, "long", now, stopPercent);
  const size = smallestSize(market, now);
  const [numbered, id] = nextOrderId(state);
  const role = { kind: "Entry", level: NO_LEVEL, limit, stop } as const;
  const side = entrySide("long");
  return [
    withOrder(numbered, newOrder({ id, symbol: symbol.symbol, side, size, role }, at)),
    [{ kind: "SubmitEntry", id, symbol: symbol.symbol, side, size, limit, stop }],
  ];
};

const smallestSize = (market: Market, now: Price): Quantity => {
  const steps = market.minNotional.times(SPARE).div(now).div(market.step).round(0, Big.roundUp);
  const size = quantity(steps.times(market.step));
  return size.lt(market.minSize) ? market.minSize : size;
};
