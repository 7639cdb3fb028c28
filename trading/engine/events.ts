/**
 * What can happen to the engine, and what it can ask for.
 *
 * Observations are pushed only when they are `Known`: not knowing is the absence of an event, and
 * the timers notice it. `asOf` is the engine's version when the question was sent, so an answer that
 * was on its way while something changed can be recognised as old.
 */

import type { Millis } from "#base/clock.ts";
import type { Market, MarketSymbol, PositionSide, Side } from "../market.ts";
import type { Amount, Price, Quantity } from "../money.ts";
import type { ClientOrderId } from "../order.ts";
import type {
  Fill,
  MarginMode,
  OrderReport,
  Plan,
  PlanKind,
  Position,
  RejectionReason,
} from "../reports.ts";
import type { DesiredState, Settings } from "../settings.ts";
import type { Indicators } from "../strategy.ts";

export type EngineEvent =
  | { readonly kind: "Configured"; readonly at: Millis; readonly settings: Settings }
  /** A new life of the process: whatever was in flight is in doubt. */
  | {
      readonly kind: "Booted";
      readonly at: Millis;
      readonly epoch: number;
      readonly requestExpiryMs: number;
    }
  | {
      readonly kind: "MarketsObserved";
      readonly at: Millis;
      readonly markets: ReadonlyArray<Market>;
    }
  | {
      readonly kind: "SymbolPrepared";
      readonly at: Millis;
      readonly symbol: MarketSymbol;
      readonly outcome:
        | { readonly kind: "Ready"; readonly leverage: number }
        | { readonly kind: "Failed"; readonly reason: string };
    }
  /** One candle of every symbol that has one, decided on together and in the manifest's order. */
  | {
      readonly kind: "BarClosed";
      readonly at: Millis;
      readonly openTime: Millis;
      readonly bars: ReadonlyArray<BarReport>;
      readonly funds: Funds | undefined;
    }
  | {
      readonly kind: "OrderAnswered";
      readonly at: Millis;
      readonly id: ClientOrderId;
      readonly answer: Answer;
    }
  | {
      readonly kind: "CancelAnswered";
      readonly at: Millis;
      readonly id: ClientOrderId;
      readonly answer: Answer;
    }
  | { readonly kind: "OrderReported"; readonly at: Millis; readonly report: OrderReport }
  | {
      readonly kind: "OrderAbsent";
      readonly at: Millis;
      readonly id: ClientOrderId;
      /** When the question was sent. */
      readonly askedAt: Millis;
    }
  | { readonly kind: "FillReported"; readonly at: Millis; readonly fill: Fill }
  | {
      readonly kind: "ProtectionAnswered";
      readonly at: Millis;
      readonly symbol: MarketSymbol;
      /** The kind that was placed, or the id of the plan that was moved or canceled. */
      readonly about: string;
      readonly planKind: PlanKind;
      readonly answer: Answer;
    }
  | {
      readonly kind: "PlansObserved";
      readonly at: Millis;
      readonly asOf: number;
      readonly plans: ReadonlyArray<Plan>;
    }
  | {
      readonly kind: "AccountObserved";
      readonly at: Millis;
      readonly asOf: number;
      readonly positions: ReadonlyArray<Position>;
      readonly orders: ReadonlyArray<OrderReport>;
      readonly plans: ReadonlyArray<Plan>;
      readonly wallet: Amount;
    }
  | { readonly kind: "Ticked"; readonly at: Millis }
  | {
      readonly kind: "ControlSet";
      readonly at: Millis;
      readonly desiredState: DesiredState;
      readonly killSwitchResetAt: Millis | undefined;
    }
  /** A person wants the smallest position opened or closed, on play money. */
  | {
      readonly kind: "ProbeRequested";
      readonly at: Millis;
      readonly action: "Open" | "Close";
      readonly symbol: MarketSymbol;
      /** Last traded price. */
      readonly price: Price;
    }
  | { readonly kind: "Stopping"; readonly at: Millis };

export type BarReport = {
  readonly symbol: MarketSymbol;
  /** Last traded price when the candle was decided on. */
  readonly price: Price;
  /** `undefined` while the candles do not suffice. */
  readonly indicators: Indicators | undefined;
};

export type Funds = { readonly equity: Amount; readonly available: Amount };

export type Answer =
  | { readonly kind: "Accepted" }
  | { readonly kind: "Rejected"; readonly reason: RejectionReason; readonly detail: string }
  | { readonly kind: "Unknown"; readonly detail: string };

/** What the shell must do. Its results come back as events. */
export type EngineCommand =
  | {
      readonly kind: "SubmitEntry";
      readonly id: ClientOrderId;
      readonly symbol: MarketSymbol;
      readonly side: Side;
      readonly size: Quantity;
      readonly limit: Price;
      readonly stop: Price;
    }
  | {
      readonly kind: "SubmitExit";
      readonly id: ClientOrderId;
      readonly symbol: MarketSymbol;
      readonly side: Side;
      readonly size: Quantity;
      readonly urgent: boolean;
    }
  | {
      readonly kind: "CancelOrder" | "AskOrder";
      readonly id: ClientOrderId;
      readonly symbol: MarketSymbol;
    }
  | { readonly kind: "AskFills"; readonly symbol: MarketSymbol; readonly since: Millis }
  | { readonly kind: "AskPlans" }
  | {
      readonly kind: "PlaceProtection";
      readonly id: ClientOrderId;
      readonly symbol: MarketSymbol;
      readonly planKind: PlanKind;
      readonly side: PositionSide;
      readonly trigger: Price;
      readonly size: Quantity;
    }
  | {
      readonly kind: "MoveProtection";
      readonly plan: Plan;
      readonly trigger: Price;
      readonly size: Quantity;
    }
  | { readonly kind: "CancelPlan"; readonly plan: Plan }
  | {
      readonly kind: "PrepareSymbol";
      readonly symbol: MarketSymbol;
      readonly leverage: number;
      readonly marginMode: MarginMode;
      /** A position is open: read, but change nothing. */
      readonly readOnly: boolean;
    }
  | {
      readonly kind: "Alert";
      readonly severity: "info" | "warning" | "critical";
      readonly reason: AlertReason;
      readonly symbol: MarketSymbol | undefined;
      readonly detail: string;
    };

export type AlertReason =
  | "KillSwitchEngaged"
  | "KillSwitchReset"
  | "CycleOpened"
  | "CycleClosed"
  | "PositionUnprotected"
  | "PositionAdopted"
  | "PositionMismatch"
  | "OrphanOrder"
  | "OrderRejected"
  | "OrderDenied"
  | "OrderUnknown"
  | "SetupFailed"
  | "LeverageDivergent"
  | "Recovered";
