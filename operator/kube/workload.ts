/**
 * What the Deployment and the pods of one strategy amount to. Pure.
 *
 * Two pods may exist at once, while one ends or a node is lost: the newest that is not ending is the
 * one that is asked, and as long as any is left the executor has not stopped.
 */

import { z } from "zod";
import type { KubeObject } from "#kubernetes/object.ts";
import type { Workload } from "../cluster.ts";
import { CREDENTIALS_ANNOTATION } from "./identity.ts";

export type SeenWorkload = {
  readonly deployment: KubeObject | undefined;
  readonly pods: ReadonlyArray<KubeObject>;
  /** The Service's name in the cluster's own DNS. */
  readonly address: string;
  readonly port: number;
  readonly drift: ReadonlyArray<string>;
};

const waiting = z.object({ reason: z.string().optional(), message: z.string().optional() });
const ended = waiting.extend({ exitCode: z.number().optional() });
const containerStatus = z.object({
  restartCount: z.number().default(0),
  state: z
    .object({ running: z.object({}), waiting, terminated: ended })
    .partial()
    .optional(),
  lastState: z.object({ terminated: ended }).partial().optional(),
});
const podStatus = z.object({
  phase: z.string().optional(),
  podIP: z.string().optional(),
  reason: z.string().optional(),
  message: z.string().optional(),
  conditions: z
    .array(z.object({ type: z.string(), status: z.string(), message: z.string().optional() }))
    .optional(),
  containerStatuses: z.array(containerStatus).optional(),
});

type PodStatus = z.infer<typeof podStatus>;

export const workloadOf = (seen: SeenWorkload): Workload | undefined => {
  const { deployment, pods, address, drift } = seen;
  const isWanted = deployment !== undefined && !isEnding(deployment);
  const left = pods.filter((pod) => !isOver(statusOf(pod)));
  if (!isWanted) {
    const isGone = deployment === undefined && left.length === 0;
    return isGone
      ? undefined
      : { phase: "Stopping", url: undefined, address, problem: undefined, drift: [] };
  }
  const pod = newest(left.filter((one) => !isEnding(one)));
  if (pod === undefined) {
    return { phase: "Starting", url: undefined, address, problem: undefined, drift };
  }
  const credentialsSecret = pod.metadata.annotations?.[CREDENTIALS_ANNOTATION];
  return { ...stateOf(statusOf(pod), seen.port), address, drift, credentialsSecret };
};

const stateOf = (status: PodStatus, port: number): Pick<Workload, "phase" | "url" | "problem"> => {
  const [container] = status.containerStatuses ?? [];
  const { podIP } = status;
  if (container?.state?.running !== undefined && podIP !== undefined) {
    return { phase: "Running", url: urlOf(podIP, port), problem: undefined };
  }
  const phase = (container?.restartCount ?? 0) > 0 ? "Restarting" : "Starting";
  return { phase, url: undefined, problem: problemOf(status) };
};

/** IPv6 addresses have brackets in a URL. */
const urlOf = (address: string, port: number): string =>
  `http://${address.includes(":") ? `[${address}]` : address}:${port}`;

/** The executor's own last words say more than the kubelet's summary of them. */
const problemOf = (status: PodStatus): string | undefined =>
  [
    lastWords(status),
    heldBy(status),
    words(status.message ?? status.reason),
    unplaced(status),
  ].find((one) => one !== undefined);

const lastWords = ({ containerStatuses: [container] = [] }: PodStatus): string | undefined =>
  words((container?.state?.terminated ?? container?.lastState?.terminated)?.message);

/** Why the kubelet does not start it: no image, no Secret, a pause after a crash. */
const heldBy = ({ containerStatuses: [container] = [] }: PodStatus): string | undefined => {
  const { reason, message } = container?.state?.waiting ?? {};
  return reason === undefined || reason === "ContainerCreating"
    ? undefined
    : words(message ?? reason);
};

const unplaced = ({ conditions = [] }: PodStatus): string | undefined =>
  words(
    conditions.find(({ type, status }) => type === "PodScheduled" && status === "False")?.message,
  );

const words = (text: string | undefined): string | undefined => {
  const trimmed = text?.trim().slice(-500);
  return trimmed === undefined || trimmed === "" ? undefined : trimmed;
};

const statusOf = (pod: KubeObject): PodStatus => podStatus.safeParse(pod["status"]).data ?? {};

const isOver = ({ phase }: PodStatus): boolean => phase === "Succeeded" || phase === "Failed";

const isEnding = ({ metadata }: KubeObject): boolean => metadata.deletionTimestamp !== undefined;

const newest = (pods: ReadonlyArray<KubeObject>): KubeObject | undefined =>
  pods.reduce<KubeObject | undefined>(
    (best, pod) => (best === undefined || isYounger(pod, best) ? pod : best),
    undefined,
  );

const isYounger = (a: KubeObject, b: KubeObject): boolean => {
  const [one, other] = [a.metadata.creationTimestamp ?? "", b.metadata.creationTimestamp ?? ""];
  return one === other ? a.metadata.uid > b.metadata.uid : one > other;
};
