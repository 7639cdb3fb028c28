/**
 * What every executor of a cluster has in common and no LiveStrategy says.
 *
 * It comes from the operator's environment, which the chart fills in. Changing one of these changes
 * the pod template of every executor, and so restarts each of them once.
 */

import { z } from "zod";

const amounts = z
  .strictObject({
    cpu: z.union([z.string().min(1), z.number().gt(0)]).optional(),
    memory: z.union([z.string().min(1), z.number().gt(0)]).optional(),
  })
  .readonly();

const resources = z.strictObject({ requests: amounts.optional(), limits: amounts.optional() });

type Resources = Readonly<z.infer<typeof resources>>;

export type WorkloadSettings = {
  readonly image: string;
  readonly imagePullPolicy: "Always" | "IfNotPresent" | "Never";
  /** Secrets that the kubelet shows to the registry. */
  readonly imagePullSecrets: ReadonlyArray<string>;
  readonly serviceAccountName: string;
  /** Secret, in the namespace of each strategy, whose key `token` askers of an executor show. */
  readonly tokenSecret: string;
  /** Secret with the keys of the account of strategies that have none of their own. */
  readonly defaultCredentialsSecret: string;
  /** Of an executor whose strategy asks for nothing else. */
  readonly resources: Resources;
};

/** An executor needs 100 MB, and a processor limit would only delay a stop. */
export const DEFAULT_RESOURCES: WorkloadSettings["resources"] = {
  requests: { cpu: "50m", memory: "128Mi" },
  limits: { memory: "256Mi" },
};

/** As JSON, in the form of a pod's resources. */
export const executorResources = z
  .string()
  .transform((text, context): unknown => {
    try {
      return JSON.parse(text);
    } catch {
      context.addIssue("must be JSON");
      return z.NEVER;
    }
  })
  .pipe(resources)
  .default(DEFAULT_RESOURCES);
