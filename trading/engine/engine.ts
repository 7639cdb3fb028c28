/**
 * The trading engine: `(state, event) -> [state, commands]`, and nothing else.
 *
 * No clock, no network, no logger, no chance. Time arrives on events and ids are derived from the
 * sequence number, so the same journal of events always rebuilds the same state and asks for the
 * same commands. An event that changes nothing returns the very same state: the shell journals what
 * changed the state or asked for something, and nothing else.
 */

import { unreachable } from "#base/result.ts";
import { resetKillSwitch } from "../kill-switch.ts";
import { observeAccount } from "./account.ts";
import { closeBar } from "./bar.ts";
import { boot, configure, observeMarkets, prepareSymbol } from "./boot.ts";
import { closeAll } from "./closing.ts";
import { syncEntries } from "./entries.ts";
import type { EngineCommand, EngineEvent } from "./events.ts";
import { reportFill } from "./fills.ts";
import { answerCancel, answerOrder, missOrder, reportOrder } from "./orders.ts";
import { probe } from "./probe.ts";
import { answerProtection, observePlans } from "./protection.ts";
import type { EngineState } from "./state.ts";
import {
  alert,
  chain,
  forEachSymbol,
  forSymbol,
  stay,
  type EngineDeps,
  type Step,
} from "./step.ts";
import { tick } from "./timer.ts";

export type Engine = (state: EngineState, event: EngineEvent) => Step;

export const createEngine =
  (deps: EngineDeps): Engine =>
  (state, event) => {
    const [next, commands] = apply(deps, state, event);
    return [
      next === state ? state : { ...next, version: state.version + 1 },
      withoutRepeats(commands),
    ];
  };

// oxlint-disable-next-line eslint/complexity -- one line for each kind of event
const apply = (deps: EngineDeps, state: EngineState, event: EngineEvent): Step => {
  switch (event.kind) {
    case "Configured":
      return configure(state, event);
    case "Booted":
      return boot(state, event);
    case "MarketsObserved":
      return observeMarkets(state, event);
    case "SymbolPrepared":
      return prepareSymbol(state, event);
    case "BarClosed":
      return closeBar(deps, state, event);
    case "OrderAnswered":
      return answerOrder(state, event);
    case "CancelAnswered":
      return answerCancel(state, event);
    case "OrderReported":
      return reportOrder(state, event.report, event.at);
    case "OrderAbsent":
      return missOrder(state, event);
    case "FillReported":
      return reportFill(deps, state, event.fill, event.at);
    case "ProtectionAnswered":
      return forSymbol(event.symbol, (current, symbol) => answerProtection(current, symbol, event))(
        state,
      );
    case "PlansObserved":
      return forEachSymbol(state, (current, symbol) => observePlans(deps, current, symbol, event));
    case "AccountObserved":
      return observeAccount(deps, state, event);
    case "Ticked":
      return tick(state, event.at);
    case "ControlSet":
      return control(state, event);
    case "ProbeRequested":
      return probe(deps, state, event);
    case "Stopping":
      return state.stopping ? stay(state) : syncAll({ ...state, stopping: true }, event.at);
    default:
      return unreachable(event);
  }
};

type EventOf<Kind extends EngineEvent["kind"]> = Extract<EngineEvent, { kind: Kind }>;

const control = (state: EngineState, event: EventOf<"ControlSet">): Step => {
  const { at, desiredState, killSwitchResetAt } = event;
  const killSwitch = resetKillSwitch(state.killSwitch, killSwitchResetAt, at);
  const isReset = killSwitch !== state.killSwitch;
  if (!isReset && desiredState === state.desiredState) return stay(state);
  return chain(
    { ...state, killSwitch, desiredState },
    (current) => [
      current,
      isReset ? [alert("info", "KillSwitchReset", undefined, "entries may be sent again")] : [],
    ],
    (current) => syncAll(current, at),
    (current) => (desiredState === "Flat" ? closeAll(current, "flatten", at) : stay(current)),
  );
};

const syncAll = (state: EngineState, at: EventOf<"Ticked">["at"]): Step =>
  forEachSymbol(state, (current, symbol) => syncEntries(current, symbol, at));

/** Several symbols may ask for the same reading in one step: one is enough. */
const withoutRepeats = (commands: ReadonlyArray<EngineCommand>): ReadonlyArray<EngineCommand> => {
  const first = commands.findIndex(({ kind }) => kind === "AskPlans");
  return commands.filter(({ kind }, index) => kind !== "AskPlans" || index === first);
};
