/**
 * Pods as the stand-in node reads and reports them: what of a pod's specification counts here, and
 * the status that a kubelet writes for each state of its one container. Pure.
 */

import { z } from "zod";

const secretSource = z.object({ name: z.string(), optional: z.boolean().default(false) });

export const pod = z.object({
  metadata: z.object({
    name: z.string(),
    namespace: z.string(),
    uid: z.string(),
    labels: z.record(z.string(), z.string()).default({}),
    deletionTimestamp: z.string().optional(),
  }),
  spec: z.object({
    terminationGracePeriodSeconds: z.number(),
    containers: z.tuple([
      z.object({
        name: z.string(),
        image: z.string(),
        args: z.array(z.string()),
        env: z.array(z.object({ name: z.string(), value: z.string().default("") })),
        volumeMounts: z.array(z.object({ name: z.string(), mountPath: z.string() })),
      }),
    ]),
    volumes: z.array(
      z.object({
        name: z.string(),
        persistentVolumeClaim: z.object({ claimName: z.string() }).optional(),
        configMap: z.object({ name: z.string() }).optional(),
        projected: z.object({ sources: z.array(z.object({ secret: secretSource })) }).optional(),
      }),
    ),
  }),
});

export type Pod = z.infer<typeof pod>;

/** How a container ended. */
export type Exit = { readonly code: number; readonly message: string };

export type PodState =
  | { readonly kind: "Unschedulable"; readonly message: string }
  | ({ readonly kind: "Waiting"; readonly reason: string; readonly message?: string } & Past)
  | ({ readonly kind: "Running"; readonly isReady: boolean } & Past);

type Past = { readonly restarts: number; readonly last?: Exit };

export const podPath = ({ metadata: { namespace, name } }: Pod, subresource = ""): string =>
  `/api/v1/namespaces/${namespace}/pods/${name}${subresource}`;

/** The strategy that a pod runs for, as `namespace/name`. */
export const strategyOf = ({ metadata: { namespace, labels } }: Pod): string =>
  `${namespace}/${labels["scalpradar.io/strategy"] ?? ""}`;

export type Place = { readonly address: string; readonly now: string };

/** What a kubelet, or for want of a node the scheduler, says of the pod. */
export const podStatusOf = (one: Pod, state: PodState, { address, now }: Place) => {
  if (state.kind === "Unschedulable") {
    const condition = { reason: "Unschedulable", message: state.message };
    return { phase: "Pending", conditions: [conditionOf("PodScheduled", false, now, condition)] };
  }
  const isReady = state.kind === "Running" && state.isReady;
  const hasRun = state.kind === "Running" || state.restarts > 0;
  return {
    phase: hasRun ? "Running" : "Pending",
    podIP: address,
    podIPs: [{ ip: address }],
    startTime: now,
    conditions: [
      conditionOf("PodScheduled", true, now),
      conditionOf("Initialized", true, now),
      conditionOf("ContainersReady", isReady, now),
      conditionOf("Ready", isReady, now),
    ],
    containerStatuses: [containerStatusOf(one, state, now)],
  };
};

const conditionOf = (type: string, holds: boolean, now: string, more: object = {}) => ({
  type,
  status: holds ? "True" : "False",
  lastTransitionTime: now,
  ...more,
});

const containerStatusOf = (
  { spec: { containers } }: Pod,
  state: Exclude<PodState, { kind: "Unschedulable" }>,
  now: string,
) => {
  const [{ name, image }] = containers;
  const { last } = state;
  return {
    name,
    image,
    imageID: "",
    restartCount: state.restarts,
    ready: state.kind === "Running" && state.isReady,
    started: state.kind === "Running",
    state:
      state.kind === "Running"
        ? { running: { startedAt: now } }
        : { waiting: { reason: state.reason, message: state.message } },
    ...(last && { lastState: { terminated: { exitCode: last.code, message: last.message } } }),
  };
};
