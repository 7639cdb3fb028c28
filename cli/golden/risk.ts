/**
 * Checks the pre-trade order of refusals and the session kill switch.
 *
 * Not compared: a direction in lower case, which the reference takes for a third direction; and the
 * drawdown over all accounts, which nothing here watches yet.
 */

import { z } from "zod";
import { brandAs } from "#base/brand.ts";
import { millis } from "#base/clock.ts";
import { bookResult, openSession, restingKillSwitch } from "#trading/kill-switch.ts";
import type { PositionSide } from "#trading/market.ts";
import { amount } from "#trading/money.ts";
import { preTradeCheck, type Registered } from "#trading/risk.ts";
import type { Tally } from "./tally.ts";

const config = z.object({
  default_leverage: z.number(),
  kill_switch: z.object({
    max_session_loss_percent: z.number(),
    grid_max_session_loss_percent: z.number(),
  }),
  correlation_groups: z.record(z.string(), z.object({ max_concurrent_same_direction: z.int() })),
  assets: z.record(z.string(), z.string()),
});

const preTradeCase = z.object({
  case: z.string(),
  kill_switch: z.boolean(),
  open_positions: z.array(z.tuple([z.string(), z.string()])),
  max_concurrent_positions: z.int(),
  min_free_margin_percent: z.number(),
  args: z.object({
    symbol: z.string(),
    direction: z.string(),
    quantity: z.number(),
    entry_price: z.number(),
    free_margin: z.number(),
    total_balance: z.number(),
    leverage_override: z.number().nullable(),
  }),
  reason: z.string(),
});

const sequence = z.object({
  case: z.string(),
  initial_capital_used: z.number(),
  steps: z.array(
    z.object({
      net_pnl: z.number(),
      strategy: z.string(),
      session_pnl: z.number(),
      triggered: z.boolean(),
      reason: z.string(),
    }),
  ),
});

const vectors = z.object({
  config,
  pre_trade_check: z.array(preTradeCase),
  kill_switch_sequences: z.array(sequence),
  global_drawdown_sequences: z.array(z.unknown()),
});

type Config = z.infer<typeof config>;

export const checkRiskManager = (content: unknown, tally: Tally): void => {
  const parsed = vectors.parse(content);
  for (const each of parsed.pre_trade_check) checkPreTrade(each, parsed.config, tally);
  for (const each of parsed.kill_switch_sequences) checkSequence(each, parsed.config, tally);
  tally.skip("global drawdown not built yet", parsed.global_drawdown_sequences.length);
};

const checkPreTrade = (
  each: z.infer<typeof preTradeCase>,
  { assets, correlation_groups: groups, default_leverage: leverage }: Config,
  tally: Tally,
): void => {
  const { args } = each;
  const registered = (symbol: string, direction: string): Registered | undefined => {
    const side = sideOf[direction];
    // The text as it is: the reference compares symbols as text, and groups without the settlement.
    if (side === undefined) return undefined;
    const group = assets[symbol.replace(/:.*$/, "")];
    return { symbol: brandAs(symbol), sides: [side], group };
  };
  const candidate = registered(args.symbol, args.direction);
  if (candidate === undefined) {
    tally.skip("a direction that is neither LONG nor SHORT");
    return;
  }
  const notional = amount(args.quantity).times(args.entry_price);
  const got = preTradeCheck({
    killSwitchEngaged: each.kill_switch,
    candidate,
    registered: each.open_positions.flatMap(([symbol, direction]) => {
      const open = registered(symbol, direction);
      return open === undefined ? [] : [open];
    }),
    margin: amount(notional.div(args.leverage_override || leverage)),
    freeMargin: amount(args.free_margin),
    equity: amount(args.total_balance),
    groupLimits: Object.fromEntries(
      Object.entries(groups).map(([name, group]) => [name, group.max_concurrent_same_direction]),
    ),
    risk: {
      maxConcurrentPositions: each.max_concurrent_positions,
      maxLiveGrids: Number.MAX_SAFE_INTEGER,
      minFreeMarginPercent: each.min_free_margin_percent,
    },
  });
  tally.settle(each.case, undefined, [{ what: "reason", expected: each.reason, got: got ?? "ok" }]);
};

const sideOf: Readonly<Record<string, PositionSide>> = { LONG: "long", SHORT: "short" };

const checkSequence = (
  each: z.infer<typeof sequence>,
  { kill_switch: limits }: Config,
  tally: Tally,
): void => {
  const at = millis(1);
  let state = openSession(restingKillSwitch, amount(each.initial_capital_used), at);
  const comparisons = each.steps.flatMap((step, index) => {
    const isGrid = /^(?:grid_|envelope_dca)/.test(step.strategy);
    const limit = isGrid ? limits.grid_max_session_loss_percent : limits.max_session_loss_percent;
    state = bookResult(state, amount(step.net_pnl), limit, at);
    return [
      {
        what: `step ${index} session pnl`,
        expected: step.session_pnl,
        got: state.sessionPnl.toNumber(),
        scale: each.initial_capital_used,
      },
      {
        what: `step ${index} triggered`,
        expected: String(step.triggered),
        got: String(state.trip !== undefined),
      },
      {
        what: `step ${index} reason`,
        // The reference goes on to name the strategy. Here a switch belongs to one.
        expected: step.reason.replace(/ \(.*$/, ""),
        got: state.trip?.reason ?? "",
      },
    ];
  });
  tally.settle(each.case, undefined, comparisons);
};
