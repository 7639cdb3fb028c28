/**
 * Pre-trade checks: pure, ordered, and the first refusal names itself.
 *
 * They decide whether a symbol may open a cycle; the reasons and their order are those of the system
 * that this one replaces, because people have dashboards and habits built on them. Symbols that rest
 * an entry count like open ones, since any of them may fill in the same second.
 */

import type { MarketSymbol, PositionSide } from "./market.ts";
import { amount, type Amount } from "./money.ts";
import type { RiskSettings } from "./settings.ts";

export type RiskReason =
  | "kill_switch_live"
  | "position_already_open"
  | "max_concurrent_positions"
  | `correlation_group_limit (${string})`
  | "max_live_grids"
  | "insufficient_margin";

/** A symbol that holds a cycle, or is entitled to open one. */
export type Registered = {
  readonly symbol: MarketSymbol;
  /** One side; both while a flat symbol rests entries above and below the price. */
  readonly sides: ReadonlyArray<PositionSide>;
  readonly group: string | undefined;
};

export type PreTrade = {
  readonly killSwitchEngaged: boolean;
  readonly candidate: Registered;
  readonly registered: ReadonlyArray<Registered>;
  /** Margin of the order that would open the cycle. */
  readonly margin: Amount;
  readonly freeMargin: Amount;
  readonly equity: Amount;
  readonly groupLimits: Readonly<Record<string, number>>;
  readonly risk: Pick<
    RiskSettings,
    "maxConcurrentPositions" | "maxLiveGrids" | "minFreeMarginPercent"
  >;
};

/** `undefined` means that the cycle may open. */
export const preTradeCheck = (check: PreTrade): RiskReason | undefined => {
  const { candidate, registered, risk } = check;
  if (check.killSwitchEngaged) return "kill_switch_live";
  if (registered.some(({ symbol }) => symbol === candidate.symbol)) return "position_already_open";
  if (registered.length >= risk.maxConcurrentPositions) return "max_concurrent_positions";
  const crowded = crowdedGroup(check);
  if (crowded !== undefined) return `correlation_group_limit (${crowded})`;
  if (registered.length >= risk.maxLiveGrids) return "max_live_grids";
  return hasFreeMargin(check) ? undefined : "insufficient_margin";
};

/** The candidate's group, if it already holds as many positions in one direction as it may. */
const crowdedGroup = ({ candidate, registered, groupLimits }: PreTrade): string | undefined => {
  const { group, sides } = candidate;
  const limit = group === undefined ? undefined : groupLimits[group];
  if (group === undefined || limit === undefined) return undefined;
  const peers = registered.filter((other) => other.group === group);
  const isFull = sides.some(
    (side) => peers.filter((peer) => peer.sides.includes(side)).length >= limit,
  );
  return isFull ? group : undefined;
};

/** Equality passes: exactly the required share may stay free. */
const hasFreeMargin = ({ freeMargin, margin, equity, risk }: PreTrade): boolean =>
  freeMargin.minus(margin).gte(amount(equity.times(risk.minFreeMarginPercent).div(100)));
