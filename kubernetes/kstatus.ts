/**
 * How tools that wait for objects, such as Flux and kpt, read a custom resource: by kstatus
 * (sigs.k8s.io/cli-utils, pkg/kstatus/status). A port of its rules for kinds that it has no rules of
 * their own for, so that tests can say what these tools would make of a status.
 *
 * The rules, the first that fits: being deleted; a generation that the status does not speak about
 * yet; `Reconciling` or `Stalled`, the first of them that is True; `Ready`; else current. An object
 * that has no conditions yet therefore counts as current, which is why the first write of a status
 * must be a `Ready` that is Unknown. Pure.
 */

import { z } from "zod";

export type KStatus = "InProgress" | "Failed" | "Current" | "Terminating";

const statusBearer = z.object({
  metadata: z.object({
    deletionTimestamp: z.string().optional(),
    generation: z.int().optional(),
  }),
  status: z
    .object({
      observedGeneration: z.int().optional(),
      conditions: z.array(z.object({ type: z.string(), status: z.string() })).default([]),
    })
    .default({ conditions: [] }),
});

export const statusOf = (object: unknown): KStatus => {
  const { metadata, status } = statusBearer.parse(object);
  if (metadata.deletionTimestamp !== undefined) return "Terminating";

  const { generation } = metadata;
  const { observedGeneration, conditions } = status;
  const isObserved =
    generation === undefined ||
    observedGeneration === undefined ||
    generation === observedGeneration;
  if (!isObserved) return "InProgress";

  const isTrue = conditions.filter((condition) => condition.status === "True");
  const standard = isTrue.find(({ type }) => type === "Reconciling" || type === "Stalled");
  if (standard !== undefined) return standard.type === "Stalled" ? "Failed" : "InProgress";

  const ready = conditions.find(
    (condition) =>
      condition.type === "Ready" && ["True", "False", "Unknown"].includes(condition.status),
  );
  return ready === undefined || ready.status === "True" ? "Current" : "InProgress";
};
