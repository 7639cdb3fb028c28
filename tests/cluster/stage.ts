/**
 * A namespace with one strategy in it, for operators that are disturbed at their work: who acts there,
 * and how to wait for what comes of it.
 */

import type { StrategyEvent } from "#operator/cluster.ts";
import { loadFleetConfig } from "#operator/local/manifests.ts";
import { createNamespace } from "./child-world.ts";
import type { ControlPlane } from "./control-plane.ts";
import { isIdle, objectsIn, worldOf, type World } from "./convergence.ts";
import { startOperator, type OperatorOptions, type RunningOperator } from "./operator-world.ts";
import { violationsIn } from "./oracle.ts";
import { createPositionHolder } from "./position-holder.ts";
import { createHands, type Hands } from "./stage-hands.ts";
import { until } from "./until.ts";

export type Stage = Hands & {
  readonly namespace: string;
  readonly start: (around?: OperatorOptions["around"]) => Promise<RunningOperator>;
  /** What operators have said here, all of them together. */
  readonly events: () => ReadonlyArray<StrategyEvent>;
  /** Until the operator has nothing to do and the world is so. */
  readonly untilSettled: (
    operator: RunningOperator,
    isSo: (world: World) => boolean,
  ) => Promise<void>;
  /** Until the operator has nothing to do and everything is there that must be, and nothing else. */
  readonly untilRight: (operator: RunningOperator) => Promise<void>;
  /** Until the operator has had nothing to do for a moment: it has seen what there is to see. */
  readonly untilCalm: (operator: RunningOperator) => Promise<void>;
  readonly close: () => Promise<void>;
};

/** Far less than the minute after which everything is looked at again anyway. */
const SETTLED_WITHIN_MS = 30_000;
const CALM_LOOKS = 6;

let stages = 0;

export const openStage = async (plane: ControlPlane): Promise<Stage> => {
  stages += 1;
  const namespace = `stage-${stages}`;
  await createNamespace(plane.call, namespace);
  const executor = createPositionHolder();
  const hands = createHands(plane, namespace, executor);
  const { executors } = executor;
  const running: RunningOperator[] = [];
  const spoken: RunningOperator["events"][] = [];
  return {
    ...hands,
    namespace,
    start: async (around) => {
      const options = { namespace, executors, workers: 2, ...(around && { around }) };
      const operator = await startOperator(plane, options);
      running.push(operator);
      spoken.push(operator.events);
      return operator;
    },
    events: () => spoken.flat(),
    ...waitsOf(plane, namespace, hands),
    close: async () => {
      await Promise.all(running.splice(0).map((one) => one.stop()));
    },
  };
};

const waitsOf = (
  plane: ControlPlane,
  namespace: string,
  { tidy }: Pick<Hands, "tidy">,
): Pick<Stage, "untilSettled" | "untilRight" | "untilCalm"> => ({
  untilSettled: async (operator, isSo) => {
    let world: World = {};
    const isSettled = async () => {
      await tidy();
      if (!(await isIdle(operator))) return false;
      world = await worldOf(plane, namespace);
      return isSo(world);
    };
    await until(`${namespace} has settled`, isSettled, SETTLED_WITHIN_MS).catch((cause) => {
      throw new Error(`never settled:\n${JSON.stringify(world, null, 1)}`, { cause });
    });
  },
  untilRight: async (operator) => {
    let violations: ReadonlyArray<string> = [];
    const isRight = async () => {
      await tidy();
      if (!(await isIdle(operator))) return false;
      violations = violationsIn(fleet, await objectsIn(plane, namespace));
      return violations.length === 0;
    };
    await until(`${namespace} is right`, isRight, SETTLED_WITHIN_MS).catch((cause) => {
      throw new Error(`never right: ${violations.join("; ")}`, { cause });
    });
  },
  untilCalm: async (operator) => {
    let calm = 0;
    await until(`${namespace} is calm`, async () => {
      calm = (await isIdle(operator)) ? calm + 1 : 0;
      return calm > CALM_LOOKS;
    });
  },
});

const readFleet = () => {
  const loaded = loadFleetConfig("config");
  if (!loaded.ok) throw new Error(loaded.error.join("\n"));
  return loaded.value;
};

const fleet = readFleet();
