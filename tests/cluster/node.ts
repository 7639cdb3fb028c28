/**
 * A stand-in for scheduler and kubelet: it runs the executors' pods of one control plane.
 *
 * Each pod gets a loopback address of its own, which no other plane uses, and its container answers
 * there on port 8080. What an operator sees of a pod is as from a kubelet: it is bound to a node,
 * its status says how the container is, a container that ends is started again, and a pod that is
 * deleted stays until its container has ended in its grace period. There are no networks, probes,
 * images or volumes behind it: a real kubelet follows with the whole cluster.
 */

import { sleep } from "#base/clock.ts";
import type { KubeObject } from "#kubernetes/object.ts";
import { createReflector } from "#kubernetes/reflector.ts";
import { pods as podResource } from "#kubernetes/resource.ts";
import { systemClock } from "#runtime/clock.ts";
import { silentLogger } from "#runtime/log.ts";
import { systemRandom } from "#runtime/random.ts";
import type { Result } from "#base/result.ts";
import type { ApiAnswer } from "./api-call.ts";
import type { ControlPlane } from "./control-plane.ts";
import { connect } from "./operator-world.ts";
import {
  pod,
  podPath,
  podStatusOf,
  strategyOf,
  type Exit,
  type Pod,
  type PodState,
} from "./pods.ts";

/** What is in the pods. An error says why the container cannot be made yet, as a missing Secret. */
export type Runtime = {
  readonly start: (one: Pod, address: string) => Promise<Result<Container, string>>;
};

export type Container = {
  readonly ended: Promise<Exit>;
  readonly isReady: () => Promise<boolean>;
  readonly terminate: () => void;
  readonly kill: () => void;
};

export type Fate =
  | { readonly kind: "Run" }
  | { readonly kind: "Unschedulable"; readonly message: string }
  | {
      readonly kind: "Stuck";
      readonly reason: "ImagePullBackOff" | "CreateContainerConfigError";
      readonly message: string;
    }
  /** Its node is gone: nothing answers, and nobody reports or confirms anything. */
  | { readonly kind: "Lost" };

export type Node = {
  /** What becomes of the pods of a strategy, `namespace/name`. They run by default. */
  readonly decree: (strategy: string, fate: Fate) => void;
  readonly stop: () => Promise<void>;
};

const NODE_NAME = "node-1";
const TICK_MS = 20;
/** A kubelet waits ten seconds and more; nobody here learns anything from that. */
const RESTART_PAUSE_MS = 500;

export const startNode = async (plane: ControlPlane, runtime: Runtime): Promise<Node> => {
  const { api, close } = await connect(plane, undefined, "kubelet");
  const fates = new Map<string, Fate>();
  const known = new Map<string, Residence>();
  const lives: Promise<void>[] = [];
  const failures: unknown[] = [];
  const stopping = new AbortController();
  const addresses = addressesOf(plane);
  const take = (object: KubeObject): void => {
    const seen = pod.parse(object);
    const { uid, deletionTimestamp } = seen.metadata;
    const residence = known.get(uid);
    if (residence !== undefined) {
      residence.isEnding ||= deletionTimestamp !== undefined;
      return;
    }
    const fresh: Residence = {
      pod: seen,
      address: addresses.next(),
      isEnding: deletionTimestamp !== undefined,
      isGone: false,
      restarts: 0,
      last: undefined,
    };
    known.set(uid, fresh);
    const fate = () => fates.get(strategyOf(seen)) ?? RUN;
    const life = live({ plane, runtime, fate, signal: stopping.signal }, fresh);
    lives.push(life.catch((error: unknown) => void failures.push(error)));
  };
  const copy = createReflector<KubeObject, never>(
    { api, clock: systemClock, timers: systemClock, random: systemRandom, log: silentLogger },
    {
      resource: podResource,
      selection: { labelSelector: "app.kubernetes.io/component=executor" },
      trim: (object) => object,
      indexes: {},
      onChange: ({ before, after }) => {
        if (after !== undefined) take(after);
        const residence = known.get(before?.metadata.uid ?? "");
        if (after?.metadata.uid !== before?.metadata.uid && residence) residence.isGone = true;
      },
    },
  );
  const following = copy.run(stopping.signal);
  return {
    decree: (strategy, fate) => void fates.set(strategy, fate),
    stop: async () => {
      stopping.abort();
      await following;
      await Promise.all(lives);
      await close();
      if (failures.length > 0) throw new AggregateError(failures, "the node failed");
    },
  };
};

const RUN: Fate = { kind: "Run" };

/** Planes have blocks of eight ports, so the number of the block tells them apart. */
const addressesOf = ({ url }: ControlPlane) => {
  const block = Math.floor(Number(new URL(url).port) / 8);
  let count = 0;
  return {
    next: () => {
      count += 1;
      return `127.${16 + Math.floor(block / 256)}.${block % 256}.${1 + (count % 250)}`;
    },
  };
};

/** A pod on the node. */
type Residence = {
  readonly pod: Pod;
  readonly address: string;
  isEnding: boolean;
  /** The object is not on the server any more. */
  isGone: boolean;
  restarts: number;
  last: Exit | undefined;
};

type Surroundings = {
  readonly plane: ControlPlane;
  readonly runtime: Runtime;
  readonly fate: () => Fate;
  readonly signal: AbortSignal;
};

/** From the pod's first appearance until it is gone, or lost. */
const live = async (around: Surroundings, self: Residence): Promise<void> => {
  const { plane, runtime, fate, signal } = around;
  const isOver = () => self.isEnding || self.isGone || signal.aborted;
  let isBound = false;
  while (!isOver()) {
    const now = fate();
    if (now.kind === "Lost") return;
    if (now.kind === "Unschedulable") {
      await report(plane, self, { kind: "Unschedulable", message: now.message });
      await whileSo(() => fate() === now && !isOver());
      continue;
    }
    if (!isBound) await bind(plane, self.pod);
    isBound = true;
    if (now.kind === "Stuck") {
      await reportWaiting(plane, self, now.reason, now.message);
      await whileSo(() => fate() === now && !isOver());
      continue;
    }
    const started = await runtime.start(self.pod, self.address);
    if (!started.ok) {
      await reportWaiting(plane, self, "ContainerCreating");
      await sleep(systemClock, RESTART_PAUSE_MS, signal);
      continue;
    }
    if ((await attend(around, self, started.value)) === "Lost") return;
  }
  if (self.isEnding && !self.isGone && !signal.aborted) await confirmRemoval(plane, self.pod);
};

/** While the container runs. Its end, for whatever reason, ends this. */
const attend = async (
  { plane, fate, signal }: Surroundings,
  self: Residence,
  container: Container,
): Promise<"Ended" | "Lost"> => {
  const over: { exit?: Exit } = {};
  void container.ended.then((exit) => Object.assign(over, { exit }));
  let reported: boolean | undefined;
  for (;;) {
    if (over.exit !== undefined) break;
    if (fate().kind === "Lost" || signal.aborted) {
      container.kill();
      await container.ended;
      return "Lost";
    }
    if (self.isEnding || self.isGone) {
      await endInOrder(container, self.pod);
      return "Ended";
    }
    const isReady = await container.isReady();
    if (isReady !== reported) {
      await report(plane, self, { kind: "Running", isReady, ...pastOf(self) });
    }
    reported = isReady;
    await sleep(systemClock, TICK_MS);
  }
  self.restarts += 1;
  self.last = over.exit;
  await reportWaiting(plane, self, "CrashLoopBackOff", "back-off restarting failed container");
  await sleep(systemClock, RESTART_PAUSE_MS, signal);
  return "Ended";
};

const endInOrder = async (container: Container, { spec }: Pod): Promise<void> => {
  container.terminate();
  const graceMs = spec.terminationGracePeriodSeconds * 1_000;
  const enough = new AbortController();
  await Promise.race([container.ended, sleep(systemClock, graceMs, enough.signal)]);
  enough.abort();
  container.kill();
  await container.ended;
};

const whileSo = async (isSo: () => boolean): Promise<void> => {
  while (isSo()) await sleep(systemClock, TICK_MS);
};

const bind = async ({ call }: ControlPlane, one: Pod): Promise<void> => {
  const { name, namespace } = one.metadata;
  settled(
    await call("POST", podPath(one, "/binding"), {
      apiVersion: "v1",
      kind: "Binding",
      metadata: { name, namespace },
      target: { apiVersion: "v1", kind: "Node", name: NODE_NAME },
    }),
  );
};

const reportWaiting = (
  plane: ControlPlane,
  self: Residence,
  reason: string,
  message?: string,
): Promise<void> =>
  report(plane, self, {
    kind: "Waiting",
    reason,
    ...(message !== undefined && { message }),
    ...pastOf(self),
  });

const pastOf = ({ restarts, last }: Residence) => ({ restarts, ...(last && { last }) });

const report = async (
  { call }: ControlPlane,
  { pod: one, address }: Residence,
  state: PodState,
): Promise<void> => {
  const now = new Date(systemClock.now()).toISOString();
  const status = podStatusOf(one, state, { address, now });
  const { uid } = one.metadata;
  const patch = { metadata: { uid }, status };
  settled(await call("PATCH", podPath(one, "/status"), patch, "application/merge-patch+json"));
};

const confirmRemoval = async ({ call }: ControlPlane, one: Pod): Promise<void> => {
  const preconditions = { uid: one.metadata.uid };
  settled(await call("DELETE", podPath(one), { gracePeriodSeconds: 0, preconditions }));
};

/** Somebody may have removed the pod, or made another one of its name. */
const settled = ({ status, body }: ApiAnswer): void => {
  if (status < 300 || status === 404 || status === 409) return;
  throw new Error(`the node's word is refused: ${status} ${JSON.stringify(body)}`);
};
