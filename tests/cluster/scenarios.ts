/**
 * What may happen to a strategy in its life, each to be undertaken on a stage of its own: first what
 * leads there, undisturbed, and then the act that the operator answers with its writes.
 */

import { z } from "zod";
import { liveStrategies } from "#crds/live-strategy.ts";
import { configMaps, deployments, services } from "#kubernetes/resource.ts";
import type { World } from "./convergence.ts";
import type { RunningOperator } from "./operator-world.ts";
import { STRATEGY } from "./stage-hands.ts";
import type { Stage } from "./stage.ts";
import { until } from "./until.ts";

export type Scenario = {
  readonly name: string;
  readonly arrange: (stage: Stage, operator: RunningOperator) => Promise<void>;
  readonly act: (stage: Stage) => Promise<void>;
  /** Whether this is what it comes to, as far as a run without disturbance has to be told. */
  readonly isOver: (world: World) => boolean;
};

const kindsIn = (world: World): ReadonlyArray<string> =>
  Object.keys(world)
    .map((key) => key.replace(/\/.*$/, ""))
    .toSorted();

const isThere = (world: World, ...kinds: ReadonlyArray<string>): boolean =>
  JSON.stringify(kindsIn(world)) === JSON.stringify(kinds.toSorted());

const CHILDREN = ["ConfigMap", "Deployment", "PersistentVolumeClaim", "Service"];

const strategy = z.object({
  metadata: z.object({ generation: z.number() }),
  status: z.object({
    observedGeneration: z.number(),
    conditions: z.array(z.object({ type: z.string(), reason: z.string() })),
  }),
});

/** Why it is ready or not, of its latest generation; `undefined` while that has not been said. */
const reasonIn = (world: World): string | undefined => {
  const parsed = strategy.safeParse(world[`LiveStrategy/${STRATEGY}`]).data;
  if (parsed?.metadata.generation !== parsed?.status.observedGeneration) return undefined;
  return parsed?.status.conditions.find(({ type }) => type === "Ready")?.reason;
};

const isStarted = (world: World): boolean =>
  isThere(world, "LiveStrategy", ...CHILDREN) && reasonIn(world) === "ExecutorStarting";

const started = async (stage: Stage, operator: RunningOperator): Promise<void> => {
  await stage.create();
  await stage.untilSettled(operator, isStarted);
};

const trading = async (stage: Stage, operator: RunningOperator): Promise<void> => {
  await stage.create({ onStop: "Flatten" });
  await stage.untilSettled(operator, isStarted);
  await stage.runPod();
  await stage.untilSettled(operator, (world) => reasonIn(world) === "Trading");
};

const CONTAINER = "/spec/template/spec/containers/0";

const PAUSED = "scalpradar.io/paused";

const pause = (stage: Stage, isPaused: boolean): Promise<void> =>
  stage.patch(liveStrategies, {
    metadata: { annotations: { [PAUSED]: isPaused ? "true" : null } },
  });

/** One of each way in which a child is put right, made, patched, applied, to be seen all at once. */
const meddled = async (stage: Stage, operator: RunningOperator): Promise<void> => {
  await started(stage, operator);
  await pause(stage, true);
  const isPaused = () => operator.operator.strategies().some((one) => one.metadata.annotations);
  await until("it is known to be paused", isPaused);
  await meddle(stage);
  await stage.untilCalm(operator);
};

const meddle = async (stage: Stage): Promise<void> => {
  const variable = { name: "LD_PRELOAD", value: "x" };
  await Promise.all([
    stage.remove(services),
    stage.edit(deployments, [{ op: "add", path: `${CONTAINER}/env/0`, value: variable }]),
    stage.edit(configMaps, [{ op: "replace", path: "/data/spec.json", value: "{}" }]),
  ]);
};

const textOf = (world: World, kind: string): string =>
  JSON.stringify(world[`${kind}/${kind === "LiveStrategy" ? "" : "executor-"}${STRATEGY}`] ?? "");

const isMeddledWith = (world: World): boolean =>
  textOf(world, "Deployment").includes("LD_PRELOAD") || textOf(world, "ConfigMap").includes('"{}"');

export const scenarios: ReadonlyArray<Scenario> = [
  {
    name: "creation",
    arrange: () => Promise.resolve(),
    act: (stage) => stage.create(),
    isOver: isStarted,
  },
  {
    name: "being disabled",
    arrange: started,
    act: (stage) => stage.patch(liveStrategies, { spec: { enabled: false } }),
    isOver: (world) =>
      isThere(world, "LiveStrategy", "PersistentVolumeClaim") && reasonIn(world) === "Disabled",
  },
  {
    name: "deletion",
    arrange: started,
    act: (stage) => stage.remove(liveStrategies),
    isOver: (world) => isThere(world, "PersistentVolumeClaim"),
  },
  {
    name: "deletion with a position open",
    arrange: trading,
    act: (stage) => stage.remove(liveStrategies),
    isOver: (world) => isThere(world, "PersistentVolumeClaim"),
  },
  {
    name: "drift",
    arrange: meddled,
    act: (stage) => pause(stage, false),
    isOver: (world) => isStarted(world) && !isMeddledWith(world),
  },
  {
    name: "other parameters",
    arrange: started,
    act: (stage) =>
      stage.patch(liveStrategies, { spec: { leverage: 7, executor: { logLevel: "debug" } } }),
    isOver: (world) => isStarted(world) && textOf(world, "ConfigMap").includes('\\"leverage\\":7'),
  },
];
