/** What other people put on the server: objects that have our names, and fields that we do not know. */

import { z } from "zod";
import type { ControlPlane } from "./control-plane.ts";
import { until } from "./until.ts";

const CRD = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/livestrategies.scalpradar.io";

/** The call that makes an object of somebody else's. */
export const createdByStranger = (
  kind: "ConfigMap" | "Deployment",
  name: string,
  namespace: string,
): [method: string, path: string, body: unknown] => {
  const metadata = { name, namespace };
  if (kind === "ConfigMap") {
    return ["POST", `/api/v1/namespaces/${namespace}/configmaps`, { metadata }];
  }
  const labels = { app: "of-somebody-else" };
  const spec = {
    replicas: 0,
    selector: { matchLabels: labels },
    template: { metadata: { labels }, spec: { containers: [{ name: "main", image: "busybox" }] } },
  };
  return ["POST", `/apis/apps/v1/namespaces/${namespace}/deployments`, { metadata, spec }];
};

const definition = z.object({
  spec: z.object({ versions: z.tuple([z.looseObject({ name: z.string() })]) }),
});

/**
 * While `work` runs the server takes any specification, as one does that a newer version of ours has
 * set up. Afterwards the schema is the old one.
 */
export const withoutSchema = async (
  { call }: Pick<ControlPlane, "call">,
  work: () => Promise<void>,
): Promise<void> => {
  const { body } = await call("GET", CRD);
  const [version] = definition.parse(body).spec.versions;
  const { selectableFields: _fields, ...rest } = version;
  const open = { type: "object", "x-kubernetes-preserve-unknown-fields": true };
  await setVersion(call, { ...rest, schema: { openAPIV3Schema: open } }, true);
  try {
    await work();
  } finally {
    await setVersion(call, version, false);
  }
};

const PROBE = "/apis/scalpradar.io/v1alpha1/namespaces/default/livestrategies?dryRun=All";

const setVersion = async (
  call: ControlPlane["call"],
  version: unknown,
  isOpen: boolean,
): Promise<void> => {
  const patch = [{ op: "replace", path: "/spec/versions/0", value: version }];
  const { status, body } = await call("PATCH", CRD, patch, "application/json-patch+json");
  if (status >= 300) throw new Error(`the CRD is not changed: ${JSON.stringify(body)}`);
  const probe = {
    apiVersion: "scalpradar.io/v1alpha1",
    kind: "LiveStrategy",
    metadata: { name: "probe" },
    spec: { anything: true },
  };
  // The server takes a moment to serve the new schema.
  await until("the schema is in force", async () => {
    const answer = await call("POST", PROBE, probe);
    return answer.status < 300 === isOpen;
  });
};
