/**
 * Checks what a cycle earns. The rounding of quantities is not compared: where the exchange's own
 * step is unknown the reference rounds to the nearest step and never below one, and we cut down,
 * since a size that was rounded up risks more than was allowed.
 */

import { z } from "zod";
import { millis } from "#base/clock.ts";
import { increaseCycle, openCycle, reduceCycle } from "#trading/cycle.ts";
import { amount, notional, price, quantity } from "#trading/money.ts";
import type { Tally } from "./tally.ts";

const vectors = z.object({
  round_quantity_fallback: z.array(z.unknown()),
  pnl: z.array(
    z.object({
      direction: z.enum(["LONG", "SHORT"]),
      entry: z.number(),
      exit: z.number(),
      quantity: z.number(),
      estimated_net: z.number(),
      entry_fees: z.number(),
      exit_fees: z.number(),
      real_net: z.number(),
    }),
  ),
});

type Trade = z.infer<typeof vectors>["pnl"][number];

const TAKER_FEE = 0.0006;

export const checkExecutorHelpers = (content: unknown, tally: Tally): void => {
  const { round_quantity_fallback: rounding, pnl } = vectors.parse(content);
  tally.skip("quantities are cut down, never rounded up", rounding.length);
  for (const [row, trade] of pnl.entries()) {
    const size = quantity(trade.quantity);
    const takerFee = (at: number) => notional(size, price(at)).times(TAKER_FEE).toNumber();
    const scale = trade.entry * trade.quantity;
    tally.settle("pnl", row, [
      {
        what: "estimated net",
        expected: trade.estimated_net,
        got: netOf(trade, takerFee(trade.entry), takerFee(trade.exit)),
        scale,
      },
      {
        what: "real net",
        expected: trade.real_net,
        got: netOf(trade, trade.entry_fees, trade.exit_fees),
        scale,
      },
    ]);
  }
};

/** One fill in, one fill out, through the cycle that the engine keeps. */
const netOf = (trade: Trade, entryFee: number, exitFee: number): number => {
  const at = millis(0);
  const size = quantity(trade.quantity);
  const open = openCycle(trade.direction === "LONG" ? "long" : "short", at);
  const entered = { size, price: price(trade.entry), fee: amount(entryFee), at };
  const exited = { size, price: price(trade.exit), fee: amount(exitFee), at };
  const { cycle } = reduceCycle(increaseCycle(open, 0, entered), exited);
  return cycle.realized.minus(cycle.fees).toNumber();
};
