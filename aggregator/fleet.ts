/**
 * The set of strategies as the aggregator sees it: what is declared, and where its executors answer.
 *
 * `local-fleet.ts` implements it over a folder, `kube-fleet.ts` over an API server. The
 * aggregator never starts, stops or configures anything: the one thing it writes is the reset of a
 * kill switch, and that goes to the same field of the same resource as
 * `kubectl patch lstrat NAME --type merge -p '{"spec":{"killSwitch":{"resetAt":"…"}}}'`.
 */

import type { Millis } from "#base/clock.ts";
import type { Result } from "#base/result.ts";

export type FleetKey = { readonly namespace: string; readonly name: string };

export type Environment = "Live" | "Demo" | "Emulator";

type FleetCondition = {
  readonly type: string;
  readonly status: "True" | "False" | "Unknown";
  readonly reason: string;
  readonly message: string;
};

export type FleetMember = FleetKey & {
  readonly uid: string;
  readonly kind: string;
  readonly enabled: boolean;
  readonly liveEligible: boolean;
  readonly environment: Environment;
  readonly timeframe: string | undefined;
  readonly leverage: number | undefined;
  readonly symbols: ReadonlyArray<string>;
  readonly conditions: ReadonlyArray<FleetCondition>;
  /** Where its executor answers; `undefined` when none runs. */
  readonly executorUrl: string | undefined;
};

export type FleetList = {
  /** By namespace, then name. */
  readonly members: ReadonlyArray<FleetMember>;
  /** A sentence for each object that could not be understood. */
  readonly problems: ReadonlyArray<string>;
};

export type Fleet = {
  /** An error means that nobody knows which strategies there are. It is not an empty fleet. */
  readonly list: () => Result<FleetList, string>;
  /** Asks for the reset of a trip that happened before `at`. Asking again, or later, is harmless. */
  readonly resetKillSwitch: (target: ResetTarget, at: Millis) => Promise<Result<void, string>>;
};

/** The very strategy that was looked at, not one that has its name by now. */
export type ResetTarget = Pick<FleetMember, "namespace" | "name" | "uid">;

export const fleetKeyText = ({ namespace, name }: FleetKey): string => `${namespace}/${name}`;

/** Declared to trade on an exchange. Whether an executor runs is another question. */
export const isLive = ({ enabled, liveEligible }: FleetMember): boolean => enabled && liveEligible;

/** The names that people say: the bare name where one strategy has it, else with the namespace. */
export const displayNames = (members: ReadonlyArray<FleetKey>): ReadonlyMap<string, string> => {
  const countByName = Map.groupBy(members, ({ name }) => name);
  return new Map(
    members.map((member) => {
      const text = fleetKeyText(member);
      return [text, countByName.get(member.name)?.length === 1 ? member.name : text] as const;
    }),
  );
};

/** What `?strategy=` may say: the name, the name with its namespace, or the old `grid_atr` form. */
export const findMember = <T extends FleetKey>(
  members: ReadonlyArray<T>,
  asked: string,
): T | undefined => {
  const exact = members.find((member) => fleetKeyText(member) === asked);
  if (exact !== undefined) return exact;
  const named = (name: string) => members.filter((member) => member.name === name);
  const [found, another] =
    named(asked).length > 0 ? named(asked) : named(asked.replaceAll("_", "-"));
  // The same name in two namespaces is no answer: a reset must never hit the wrong one.
  return another === undefined ? found : undefined;
};
