/**
 * Everything that a strategy lives in, for tests of what a person sees with kubectl: a control plane
 * with the controllers of a cluster, a node that runs pods, and the operator.
 */

import { z } from "zod";
import { liveStrategyStatus, type Condition } from "#crds/live-strategy-status.ts";
import type { StrategyEvent } from "#operator/cluster.ts";
import { createExecutors } from "#operator/executors.ts";
import { secret } from "#runtime/secret.ts";
import { startControlPlane, type ControlPlane } from "./control-plane.ts";
import { installCrd } from "./crd.ts";
import type { KubectlAnswer } from "./kubectl.ts";
import { startNode, type Node, type Runtime } from "./node.ts";
import {
  manifestOf,
  startOperator,
  type OperatorOptions,
  type RunningOperator,
} from "./operator-world.ts";
import { createScripts, TOKEN, type Script } from "./scripted-executor.ts";
import { createShiftedClock, type ShiftedClock } from "./shifted-clock.ts";
import { until } from "./until.ts";

export const NAMESPACE = "trading";

/** Those of a real cluster that a strategy's objects have to do with. */
const CONTROLLERS = [
  "deployment-controller",
  "replicaset-controller",
  "serviceaccount-controller",
  "garbage-collector-controller",
  "namespace-controller",
  "persistentvolumeclaim-protection-controller",
];

type Change = Readonly<Record<string, unknown>>;

export type StrategyWorld = {
  readonly plane: ControlPlane;
  readonly node: Node;
  readonly clock: ShiftedClock;
  readonly script: (name: string) => Script;
  readonly scriptIn: (namespace: string, name: string) => Script;
  /** Ends the operator that runs and starts another one, with these options over the first ones. */
  readonly restartOperator: (options?: OperatorOptions) => Promise<void>;
  readonly stopOperator: () => Promise<void>;
  /** `kubectl ARGS -n trading`; throws where kubectl fails. */
  readonly kubectl: (...args: ReadonlyArray<string>) => Promise<string>;
  /** `kubectl apply` of a strategy with a Secret, and with it an account, of its own. */
  readonly apply: (name: string, change?: Change) => Promise<void>;
  /** `kubectl patch lstrat NAME --type merge` of its spec. */
  readonly patch: (name: string, spec: Change) => Promise<void>;
  readonly get: (name: string) => Promise<Seen>;
  /** Resolves with the strategy once Ready says so. */
  readonly untilReady: (name: string, reason: string) => Promise<Seen>;
  readonly untilGone: (name: string) => Promise<void>;
  /** What happened to a strategy, oldest first, whichever operator said it. */
  readonly events: (name: string) => ReadonlyArray<StrategyEvent>;
  /** Of these kinds (as kubectl takes them), what belongs to a strategy and is not on its way out. */
  readonly owned: (name: string, kinds: string) => Promise<ReadonlyArray<Owned>>;
  /** `Kind/name` of its children, sorted. */
  readonly children: (name: string) => Promise<ReadonlyArray<string>>;
  /** Names of its pods. */
  readonly pods: (name: string) => Promise<ReadonlyArray<string>>;
  readonly close: () => Promise<void>;
};

const seen = z.object({
  metadata: z.looseObject({
    name: z.string(),
    uid: z.string(),
    generation: z.int(),
    resourceVersion: z.string(),
    finalizers: z.array(z.string()).default([]),
    deletionTimestamp: z.string().optional(),
  }),
  spec: z.looseObject({}),
  status: liveStrategyStatus.default({}),
});

export type Seen = z.infer<typeof seen> & { readonly says: (type: string) => Condition };

const owned = z.looseObject({
  kind: z.string(),
  metadata: z.looseObject({
    name: z.string(),
    uid: z.string(),
    resourceVersion: z.string(),
    deletionTimestamp: z.string().optional(),
  }),
});

export type Owned = z.infer<typeof owned>;

const CHILD_KINDS = "configmaps,deployments.apps,persistentvolumeclaims,services";

/** What differs from executors that are scripted and an operator that knows nothing special. */
export type WorldParts = { readonly runtime?: Runtime; readonly options?: OperatorOptions };

export const startStrategyWorld = async (
  options: OperatorOptions = {},
  prepare: (plane: ControlPlane) => Promise<WorldParts> = () => Promise.resolve({}),
): Promise<StrategyWorld> => {
  const plane = await startControlPlane({
    audit: true,
    controllers: CONTROLLERS,
    prepare: installCrd,
  });
  await plane.call("POST", "/api/v1/namespaces", { metadata: { name: NAMESPACE } });
  const scripts = createScripts(plane.call);
  const parts = await prepare(plane);
  const node = await startNode(plane, parts.runtime ?? scripts);
  const clock = createShiftedClock();
  const executors = createExecutors({ token: secret(TOKEN) });
  const operators: RunningOperator[] = [];
  let running: RunningOperator | undefined;
  const stopOperator = async () => {
    const current = running;
    running = undefined;
    await current?.stop();
  };
  const restartOperator = async (change: OperatorOptions = {}) => {
    await stopOperator();
    running = await startOperator(plane, {
      executors,
      clock,
      ...options,
      ...parts.options,
      ...change,
    });
    operators.push(running);
  };
  await restartOperator();

  return {
    ...handsOf(plane),
    plane,
    node,
    clock,
    script: (name) => scripts.of(`${NAMESPACE}/${name}`),
    scriptIn: (namespace, name) => scripts.of(`${namespace}/${name}`),
    restartOperator,
    stopOperator,
    events: (name) =>
      operators.flatMap(({ events }) =>
        events.flatMap(({ name: of, ...event }) => (of === name ? [event] : [])),
      ),
    close: async () => {
      await stopOperator();
      await node.stop();
      await plane.close();
    },
  };
};

type Hands = Pick<
  StrategyWorld,
  "kubectl" | "apply" | "patch" | "get" | "untilReady" | "untilGone" | "owned" | "children" | "pods"
>;

/** What a person does and sees. */
const handsOf = (plane: ControlPlane): Hands => {
  const kubectl = async (...args: ReadonlyArray<string>) =>
    succeeded(args, await plane.kubectl([...args, "-n", NAMESPACE]));
  const get = async (name: string): Promise<Seen> => {
    const { status, body } = await plane.call("GET", pathOf(name));
    if (status !== 200) throw new Error(`${name}: ${status} ${JSON.stringify(body)}`);
    return parseStrategy(body);
  };
  const ownedBy = async (name: string, kinds: string) => {
    const selector = `--selector=scalpradar.io/strategy=${name}`;
    const list: unknown = JSON.parse(await kubectl("get", kinds, selector, "-o", "json"));
    const { items } = z.object({ items: z.array(owned) }).parse(list);
    return items.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
  };
  return {
    kubectl,
    apply: async (name, change = {}) => {
      const input = JSON.stringify(strategyManifest(name, change));
      const args = ["apply", "--server-side", "-f", "-"];
      succeeded(args, await plane.kubectl(args, { input }));
    },
    patch: async (name, spec) => {
      await kubectl("patch", "lstrat", name, "--type=merge", "-p", JSON.stringify({ spec }));
    },
    get,
    untilReady: (name, reason) => untilReady(get, name, reason),
    untilGone: (name) =>
      until(`${name} is gone`, async () => (await plane.call("GET", pathOf(name))).status === 404),
    owned: ownedBy,
    children: async (name) =>
      (await ownedBy(name, CHILD_KINDS))
        .map(({ kind, metadata }) => `${kind}/${metadata.name}`)
        .toSorted(),
    pods: async (name) => (await ownedBy(name, "pods")).map(({ metadata }) => metadata.name),
  };
};

const succeeded = (
  args: ReadonlyArray<string>,
  { code, stdout, stderr }: KubectlAnswer,
): string => {
  if (code !== 0) throw new Error(`kubectl ${args.join(" ")}: ${stderr}`);
  return stdout;
};

export const strategyManifest = (name: string, change: Change = {}) => {
  const exchange = { id: "bitget", environment: "Emulator", credentialsSecretRef: { name } };
  return manifestOf(name, { exchange, ...change });
};

/** Without a name, that of all of them. */
export const pathOf = (name: string, subresource = ""): string =>
  `/apis/scalpradar.io/v1alpha1/namespaces/${NAMESPACE}/livestrategies${name === "" ? "" : `/${name}`}${subresource}`;

export const parseStrategy = (body: unknown): Seen => {
  const object = seen.parse(body);
  return { ...object, says: (type) => conditionOf(object, type) };
};

const conditionOf = ({ metadata, status }: z.infer<typeof seen>, type: string): Condition => {
  const found = status.conditions?.find((condition) => condition.type === type);
  if (found === undefined) throw new Error(`${metadata.name} has no condition ${type}`);
  return found;
};

const untilReady = async (
  get: StrategyWorld["get"],
  name: string,
  reason: string,
): Promise<Seen> => {
  let last: Seen | undefined;
  const isSo = async () => {
    last = await get(name);
    return last.status.conditions?.find(({ type }) => type === "Ready")?.reason === reason;
  };
  await until(`Ready of ${name} says ${reason}`, isSo).catch((error: unknown) => {
    throw new Error(`${String(error)}; it says ${JSON.stringify(last?.status, undefined, 1)}`);
  });
  return last ?? get(name);
};
