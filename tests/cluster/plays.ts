/**
 * Plays scenarios on stages of their own, many at a time, each with something wrong at one write of
 * the operator's; and sees to it that every write has had its turn.
 */

import { isDeepStrictEqual } from "node:util";
import type { KubeApi } from "#kubernetes/api.ts";
import type { StrategyEvent } from "#operator/cluster.ts";
import type { ControlPlane } from "./control-plane.ts";
import { worldOf, type World } from "./convergence.ts";
import { inParallel } from "./in-parallel.ts";
import {
  createInterrupter,
  type Interrupter,
  type Interruption,
  type Write,
} from "./interruptions.ts";
import type { RunningOperator } from "./operator-world.ts";
import type { Scenario } from "./scenarios.ts";
import { openStage, type Stage } from "./stage.ts";

export type Play = {
  readonly stage: Stage;
  readonly operator: RunningOperator;
  readonly interrupter: Interrupter;
};

export type Disturbance = {
  readonly at: number;
  readonly how?: Interruption;
  /** Before each write goes on its way. */
  readonly onWrite?: (stage: Stage, write: Write, number: number) => Promise<void>;
  /** Stands between the operator and the server as well. */
  readonly around?: (api: KubeApi) => KubeApi;
};

export type Plays = {
  /** Up to the act, and with it. */
  readonly begin: (scenario: Scenario, disturbance: Disturbance) => Promise<Play>;
  readonly reference: (scenario: Scenario) => Promise<Reference>;
  readonly close: () => Promise<void>;
};

/** A run without disturbance: what the others are held against. */
export type Reference = {
  readonly namespace: string;
  readonly world: World;
  readonly isSo: (world: World) => boolean;
  readonly writes: ReadonlyArray<Write>;
  readonly events: ReadonlyArray<StrategyEvent>;
};

export const createPlays = (plane: () => ControlPlane): Plays => {
  const stages: Stage[] = [];
  const begin: Plays["begin"] = async (scenario, { onWrite, around, ...plan }) => {
    const stage = await openStage(plane());
    stages.push(stage);
    const interrupter = createInterrupter({
      ...plan,
      ...(onWrite && { onWrite: (write, number) => onWrite(stage, write, number) }),
    });
    const operator = await stage.start((api) => interrupter.around(around?.(api) ?? api));
    await scenario.arrange(stage, operator);
    interrupter.arm();
    await scenario.act(stage);
    return { stage, operator, interrupter };
  };
  return {
    begin,
    reference: async (scenario) => {
      const { stage, operator, interrupter } = await begin(scenario, { at: Infinity });
      await stage.untilSettled(operator, scenario.isOver);
      await stage.close();
      const { namespace } = stage;
      const world = await worldOf(plane(), namespace);
      const isSo = (other: World) => isDeepStrictEqual(other, world);
      const writes = interrupter.writes();
      return { namespace, world, isSo, writes, events: stage.events() };
    },
    close: async () => {
      await Promise.all(stages.splice(0).map((stage) => stage.close()));
    },
  };
};

/** `undefined` where there was no write of that number. */
export type Disturbed<T> = (at: number) => Promise<T | undefined>;

/**
 * What became of each write, from the first to one that there is none of, for each way to disturb it.
 * They are as many as in the reference, or as chance would have it a few more.
 */
export const atEveryWrite = async <T>(
  { writes }: Reference,
  ways: ReadonlyArray<Disturbed<T>>,
): Promise<ReadonlyArray<ReadonlyArray<T>>> => {
  const turns = ways.map((disturb) => ({ disturb, results: new Map<number, T>() }));
  type Turn = (typeof turns)[number];
  const take = async ({ disturb, results }: Turn, at: number): Promise<void> => {
    const result = await disturb(at);
    if (result !== undefined) results.set(at, result);
  };
  const numbers = Array.from({ length: writes.length + 1 }, (_, index) => index + 1);
  const all = numbers.flatMap((at) => turns.map((turn) => ({ turn, at })));
  await inParallel(all, ({ turn, at }) => take(turn, at));
  for (const turn of turns) {
    for (let at = writes.length + 1; turn.results.has(at); at += 1) await take(turn, at + 1);
  }
  return turns.map(({ results }) =>
    [...results].toSorted(([a], [b]) => a - b).map(([, result]) => result),
  );
};

export const wordsOf = ({ verb, resource }: Write): string => `${verb} ${resource.plural}`;
