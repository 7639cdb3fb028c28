/** What happened on the exchange, in order. The sockets push it, the audit log keeps it. */

import type { Millis } from "#base/clock.ts";
import type { Amount } from "#trading/money.ts";
import type { ContractSymbol } from "../prices/path.ts";
import type { Shock } from "../prices/shocks.ts";
import type { Fill, Order, Plan, Position, SymbolSettings, Uid } from "./state.ts";
import type { PositionMode } from "./switches.ts";

export type EngineEvent = {
  readonly at: Millis;
} & (
  | { readonly kind: "AccountOpened"; readonly uid: Uid; readonly balance: Amount }
  | { readonly kind: "OrderAccepted" | "OrderCanceled"; readonly uid: Uid; readonly order: Order }
  | {
      readonly kind: "OrderFilled";
      readonly uid: Uid;
      /** After the fill. */
      readonly order: Order;
      readonly fill: Fill;
    }
  | {
      readonly kind: PlanEventKind;
      readonly uid: Uid;
      readonly plan: Plan;
    }
  | {
      readonly kind: "PositionChanged";
      readonly uid: Uid;
      readonly symbol: ContractSymbol;
      /** `undefined`: flat. */
      readonly position: Position | undefined;
    }
  | {
      readonly kind: "SettingsChanged";
      readonly uid: Uid;
      readonly symbol: ContractSymbol;
      readonly settings: SymbolSettings;
    }
  | { readonly kind: "PositionModeChanged"; readonly uid: Uid; readonly mode: PositionMode }
  | { readonly kind: "PriceShocked"; readonly shock: Shock }
);

export type PlanEventKind =
  | "PlanPlaced"
  | "PlanMoved"
  | "PlanCanceled"
  | "PlanTriggered"
  | "PlanFailed";
